package multiproc

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/multiproc-go/multiproc/internal/envelope"
	"github.com/multiproc-go/multiproc/internal/spawn"
)

var (
	// ErrNotMain: Start was called in a process that has not called Main. Without it the worker, which is this program
	// once more, would run main again and start workers without end.
	ErrNotMain = errors.New("multiproc: Main was not called; call multiproc.Main() first thing in main, and in TestMain for tests")

	// ErrUnknownFunc: the worker has no function of that name, because it was registered after Main.
	ErrUnknownFunc = errors.New("multiproc: the worker knows no such function; register functions in package variables, so that they exist before Main")

	// ErrDuplicate: the name of a function is taken.
	ErrDuplicate = errors.New("multiproc: two functions are registered under one name")

	// ErrTypes: parent and worker know the function with different types.
	ErrTypes = errors.New("multiproc: the function has other types in the worker; register each name once, with the same types in every run")

	// ErrStartTimeout: the worker's function did not run in time.
	ErrStartTimeout = errors.New("multiproc: the worker did not start in time")

	// ErrInterrupted is the cause of a worker's context that Process.Interrupt has cancelled.
	ErrInterrupted = errors.New("multiproc: interrupted by Process.Interrupt")

	// ErrParentEnded is the cause of the context of a worker whose parent, itself a worker, has finished.
	ErrParentEnded = errors.New("multiproc: the worker's parent has finished")

	// ErrEnded is the cause of Process.Context when the function has returned without an error.
	ErrEnded = errors.New("multiproc: the worker has finished")

	// ErrNoResult: the worker ended well, but before its function returned.
	ErrNoResult = errors.New("multiproc: the worker ended without a result")
)

// TypeError tells which part of a function's input or output can't travel between processes. The function's Start returns it.
type TypeError struct {
	Func   string // the name it was registered under
	Path   string // leads to the part, as in main.Job.Steps[].Run
	Type   string // the part's type
	Reason string // what would be lost, and what to do
}

func (e *TypeError) Error() string {
	return fmt.Sprintf("multiproc: function %q: %s (type %s) can't travel to another process: %s", e.Func, e.Path, e.Type, e.Reason)
}

func typeError(fn string, err error) error {
	var te *envelope.TypeError
	if errors.As(err, &te) {
		return &TypeError{Func: fn, Path: te.Path, Type: te.Type, Reason: te.Reason}
	}
	return err
}

// StartError says why a worker could not be started. Nothing is left of it: no process, no descriptor.
type StartError struct {
	Func   string // the name of the function
	Worker string // the name of the worker
	PID    int    // 0 if there was no process yet
	Err    error  // what happened
	Stderr string // the last lines that the worker wrote to its standard error, if any
}

func (e *StartError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "multiproc: start %s", e.Worker)
	if e.PID != 0 {
		fmt.Fprintf(&b, " (pid %d)", e.PID)
	}
	var exit *ExitError
	if errors.As(e.Err, &exit) {
		fmt.Fprintf(&b, ": it %s before its function ran", exit.end())
		if errors.Is(exit.Err, ErrNoResult) {
			b.WriteString("; did main return without a call of multiproc.Main?")
		}
	} else {
		fmt.Fprintf(&b, ": %s", strings.TrimPrefix(e.Err.Error(), "multiproc: "))
	}
	quoteLines(&b, e.Stderr)
	return b.String()
}

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

// ExitError: the worker's process ended before its function returned: by a signal, os.Exit, or a crash of the Go runtime
// or a C library.
type ExitError struct {
	Worker string
	PID    int
	// Code is the exit code, or minus the number of the signal.
	Code int
	// Signal killed the process, if it is not 0; SignalName is its name, as in SIGKILL.
	Signal     syscall.Signal
	SignalName string
	// Stderr has the last lines that the worker wrote to its standard error, at most 20 lines and 8 KiB. Of a
	// worker that is no daemon it has only what the Go runtime wrote when it crashed.
	Stderr string
	// Err is why, as far as this process knows: the cause of the ended context for which it killed the worker,
	// or ErrNoResult after an exit code of 0.
	Err error

	stopped bool // Err is why this process stopped it
}

func (e *ExitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "multiproc: worker %s (pid %d) %s", e.Worker, e.PID, e.end())
	if e.Signal == 0 {
		b.WriteString(" before its function returned")
	}
	switch {
	case e.Err == nil:
	case errors.Is(e.Err, ErrNoResult):
		b.WriteString(" (did it call os.Exit?), so there is no result")
	case e.stopped:
		fmt.Fprintf(&b, "; it had been told to stop: %v", e.Err)
	default:
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	quoteLines(&b, e.Stderr)
	return b.String()
}

func (e *ExitError) end() string {
	if e.Signal != 0 {
		return "was killed by " + e.SignalName
	}
	return fmt.Sprintf("exited with code %d", e.Code)
}

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }

func newExitError(p *process, s spawn.Status) *ExitError {
	e := &ExitError{Worker: p.name, PID: p.pid, Code: s.Code}
	if s.Code < 0 {
		e.Signal = syscall.Signal(-s.Code)
		if e.SignalName = spawn.SignalName(e.Signal); e.SignalName == "" {
			e.SignalName = fmt.Sprintf("signal %d", -s.Code)
		}
	}
	return e
}

// PanicError: the worker's function, or another goroutine of the worker, panicked, or the Go runtime ended the worker
// with a fatal error or on a fatal signal (Value then begins with "fatal error: " or the signal's name).
type PanicError struct {
	Worker string
	PID    int
	// Type is the type of the panic value, if it is known.
	Type string
	// Value is the text of the panic value.
	Value string
	// Stack is the stack of the goroutine that panicked, or of all after a crash, at most 64 KiB. Error shows the first.
	Stack string
}

func (e *PanicError) Error() string {
	verb := "panicked"
	if strings.HasPrefix(e.Value, "fatal error: ") || strings.HasPrefix(e.Value, "SIG") {
		verb = "crashed"
	}
	return fmt.Sprintf("multiproc: worker %s (pid %d) %s: %s\n\n%s", e.Worker, e.PID, verb, e.Value, firstGoroutine(e.Stack))
}

// firstGoroutine is what a reader wants of a crash that shows all goroutines: the one that caused it, which comes first.
func firstGoroutine(stack string) string {
	stack = strings.TrimRight(stack, "\n")
	head := strings.Index(stack, "goroutine ")
	if head < 0 {
		return stack
	}
	if end := strings.Index(stack[head:], "\n\n"); end >= 0 && end+head < len(stack) {
		return stack[:head+end] + "\n\n[the other goroutines are in the Stack field]"
	}
	return stack
}

// quoteLines appends what a process has written last.
func quoteLines(b *strings.Builder, text string) {
	if text = strings.TrimRight(text, "\n"); text != "" {
		fmt.Fprintf(b, "; its last lines on standard error:\n\t%s", strings.ReplaceAll(text, "\n", "\n\t"))
	}
}
