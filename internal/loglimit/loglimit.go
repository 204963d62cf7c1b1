// Package loglimit writes log records whose number others decide: clients that are refused, calls that fail. Of each kind only some a second are written, and the next one tells how many were
// omitted, so that nobody can fill a disk, or hide something else, with them.
package loglimit

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// PerSecond is how many records of one kind are written in a second.
const PerSecond = 20

// A Logger is a slog.Logger with that limit. A kind is a message, so messages must be constants. Its methods may be called by several goroutines; what is omitted costs a lock and no memory.
type Logger struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds map[string]*kind
}

type kind struct {
	second  time.Time // when it began
	written int       // in it
	omitted int       // since the last record
}

// New makes a Logger that writes to log; nil is slog.Default().
func New(log *slog.Logger) *Logger {
	if log == nil {
		log = slog.Default()
	}
	return &Logger{log: log, kinds: map[string]*kind{}}
}

// Debug is for what belongs to a day's work.
func (l *Logger) Debug(message string, attrs ...any) { l.Log(slog.LevelDebug, message, attrs...) }

// Info is for what an operator may want to know, and need not do anything about.
func (l *Logger) Info(message string, attrs ...any) { l.Log(slog.LevelInfo, message, attrs...) }

// Warn is for what somebody should look after.
func (l *Logger) Warn(message string, attrs ...any) { l.Log(slog.LevelWarn, message, attrs...) }

// Error is for what ought not to happen.
func (l *Logger) Error(message string, attrs ...any) { l.Log(slog.LevelError, message, attrs...) }

// Enabled tells whether records of a level are wanted at all, for callers whose attributes are costly to make.
func (l *Logger) Enabled(level slog.Level) bool { return l.log.Enabled(context.Background(), level) }

// Log writes a record, unless there were PerSecond of its kind within the second.
func (l *Logger) Log(level slog.Level, message string, attrs ...any) {
	if !l.Enabled(level) {
		return
	}
	omitted, ok := l.admit(message, time.Now())
	if !ok {
		return
	}
	if omitted > 0 {
		attrs = append(attrs, "omitted", omitted)
	}
	l.log.Log(context.Background(), level, message, attrs...)
}

// admit counts a record. omitted is how many of its kind were not written since the last one that was.
func (l *Logger) admit(message string, now time.Time) (omitted int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kinds[message]
	if k == nil {
		k = &kind{}
		l.kinds[message] = k
	}
	if now.Sub(k.second) >= time.Second {
		k.second, k.written = now, 0
	}
	if k.written >= PerSecond {
		k.omitted++
		return 0, false
	}
	k.written++
	omitted, k.omitted = k.omitted, 0
	return omitted, true
}
