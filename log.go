package multiproc

import (
	"log/slog"
	"sync/atomic"
)

var loggerPtr atomic.Pointer[slog.Logger]

// SetLogger makes the module report what it does to workers: starts and ends at level Debug, what it stops or kills and what fails to
// start at level Info. nil, the default, is silence. It may be called at any time; a worker has a logger only if its own code
// sets one.
func SetLogger(l *slog.Logger) { loggerPtr.Store(l) }

func logger() *slog.Logger {
	if l := loggerPtr.Load(); l != nil {
		return l
	}
	return silent
}

var silent = slog.New(slog.DiscardHandler)

// logAttrs are what every record about a worker has.
func (p *process) logAttrs(more ...any) []any {
	return append([]any{"worker", p.name, "func", p.fn, "pid", p.pid}, more...)
}
