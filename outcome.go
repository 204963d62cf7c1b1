package multiproc

import (
	"errors"
	"strings"

	"github.com/multiproc-go/multiproc/internal/spawn"
)

// maxCrash bounds what is kept of the text of a crash.
const maxCrash = 64 << 10

// outcome is what Wait returns as the error of a dead worker.
func (p *process) outcome(status spawn.Status, word last) error {
	if word.said {
		return word.err
	}
	crash := spawn.ReadScratch(p.crash, maxCrash)
	if e := p.crashError(crash); e != nil && status.Code != 0 {
		return e
	}
	if status.Unknown {
		return &ExitError{Worker: p.name, PID: p.pid, Err: errors.New("somebody else in this process has reaped it, so that its exit status is unknown; does it call wait4(-1), or ignore SIGCHLD?")}
	}
	e := newExitError(p, status)
	if e.Stderr = p.stderr.lines(); e.Stderr == "" {
		e.Stderr = lastLines(crash, false)
	}
	p.mu.Lock()
	e.Err, e.stopped = p.stopped, p.stopped != nil
	p.mu.Unlock()
	if e.Err == nil && status.Code == 0 {
		e.Err = ErrNoResult
	}
	return e
}

// crashError makes a PanicError of what the Go runtime writes when a goroutine panics, when it gives up itself, or when a signal such
// as SIGSEGV arrives from C code. It is nil if text, the file of the crash, is empty: the process ended in another way.
func (p *process) crashError(text []byte) *PanicError {
	if len(text) == 0 {
		return nil
	}
	e := &PanicError{Worker: p.name, PID: p.pid, Value: "fatal error: its text is on the worker's standard error", Stack: strings.TrimLeft(string(text), "\n")}
	// The runtime writes some messages before it knows that it is dying, and then only to standard error.
	texts := []string{string(text), p.stderr.lines()}
	if p.stderr != nil && p.stderr.fatal != "" {
		texts = append([]string{p.stderr.fatal + "\n\n" + e.Stack}, texts...)
	}
	for _, text := range texts {
		head := crashHead(text)
		if head < 0 {
			continue
		}
		value, stack, _ := strings.Cut(text[head:], "\n\n")
		if strings.HasPrefix(value, "SIG") { // the registers follow at once
			var rest string
			value, rest, _ = strings.Cut(value, "\n")
			stack = rest + "\n\n" + stack
		}
		e.Value, e.Stack = strings.TrimPrefix(value, "panic: "), stack
		break
	}
	return e
}

// crashHead finds the line that says what happened. (A regular expression would do, but package regexp makes the start of
// every worker 0.3 ms slower: it needs the Unicode tables, which are built at a program's start.)
func crashHead(text string) int {
	at := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return at
		}
		if name, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(name, "SIG") && !strings.ContainsAny(name, " \t") {
			return at
		}
		at += len(line)
	}
	return -1
}
