package multiproc

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/spawn"
)

// Process is a worker: a process that runs one function. Its methods may be called from several goroutines, at any time.
//
// A Process need not be waited for: the worker is reaped when it ends, whether anybody calls Wait or not.
type Process[Out any] struct {
	p   *process
	out *Out
}

// PID is the worker's process id. After the worker has ended the system may give it to another process.
func (p *Process[Out]) PID() int { return p.p.pid }

// Name is the worker's name; see WithName.
func (p *Process[Out]) Name() string { return p.p.name }

// Done is closed when the worker has ended: it is reaped, its result is here, and its output was written.
func (p *Process[Out]) Done() <-chan struct{} { return p.p.done }

// Context ends when the worker has ended, with what Wait returns as its cause, or ErrEnded if that is no error. Waiting with
// this context for something that only the worker can do ends with the worker. It carries no values, and the context of
// Start does not end it: that one only makes the worker end.
func (p *Process[Out]) Context() context.Context { return p.p.ctx }

// Wait waits until the worker has ended and returns its function's result. Every call returns the same result, which the callers
// share. When ctx ends first, the error wraps its cause and nothing happens to the worker.
//
// Otherwise the error is
//   - a *RemoteError if the function returned an error,
//   - a *PanicError if it panicked, or the program crashed elsewhere,
//   - an *ExitError if the process ended in another way: a signal, or os.Exit,
//   - one that says why the result could not be sent or read.
func (p *Process[Out]) Wait(ctx context.Context) (Out, error) {
	var zero Out
	select {
	case <-p.p.done:
	default:
		select {
		case <-p.p.done:
		case <-ctx.Done():
			return zero, fmt.Errorf("multiproc: waiting for worker %s (pid %d): %w", p.p.name, p.p.pid, context.Cause(ctx))
		}
	}
	if p.p.err != nil {
		return zero, p.p.err
	}
	return *p.out, nil
}

// Alive reports whether the process still runs. A worker that is stopped (SIGSTOP) is alive.
func (p *Process[Out]) Alive() bool {
	_, exited := p.ExitCode()
	return !exited
}

// ExitCode returns the process's exit code, or minus the number of the signal that killed it, and whether it has ended. The code is
// 0 after a result, 1 after an error, 2 after a panic, and otherwise what the worker gave to os.Exit.
func (p *Process[Out]) ExitCode() (code int, exited bool) {
	p.p.mu.Lock()
	defer p.p.mu.Unlock()
	return p.p.status.Code, p.p.exited
}

// Interrupt cancels the context of the worker's function, with ErrInterrupted as its cause. The worker is not killed if
// it takes no notice. It returns os.ErrProcessDone after the worker's end, and blocks for at most a second.
func (p *Process[Out]) Interrupt() error { return p.p.interrupt() }

// Terminate sends SIGTERM, which ends the worker unless its code handles it. It returns os.ErrProcessDone after the worker's end.
func (p *Process[Out]) Terminate() error { return p.p.signal(syscall.SIGTERM) }

// Kill sends SIGKILL. It does not wait for the end; Wait does. It returns os.ErrProcessDone after the worker's end.
func (p *Process[Out]) Kill() error { return p.p.signal(syscall.SIGKILL) }

// process is what a Process is whatever its result's type.
type process struct {
	name   string
	fn     string
	pid    int
	daemon bool
	grace  time.Duration
	decode func(result []byte) error

	fam   *family.Family
	id    family.Ident
	child *spawn.Child
	ctl   *spawn.Stream // the control channel
	crash int           // the file that the Go runtime writes to when it crashes

	outputs []*output
	stderr  *tail // nil: the worker writes to a descriptor of its own

	ctx  context.Context
	end  context.CancelCauseFunc
	done chan struct{}
	err  error // valid once done is closed

	sending sync.Mutex // frames to the worker take turns

	mu      sync.Mutex
	phase   phase
	unwatch func() bool // stops watching the context of Start
	killer  *time.Timer
	stopped error // why this process stops the worker, nil if it does not
	status  spawn.Status
	exited  bool
}

// phase is a worker's life as its parent sees it.
type phase uint8

const (
	starting phase = iota
	running
	over
)

func (p *process) signal(sig syscall.Signal) error {
	if p.child == nil {
		return os.ErrProcessDone
	}
	err := p.child.Signal(sig)
	if err == nil {
		logger().Info("signal sent to worker", p.logAttrs("signal", spawn.SignalName(sig))...)
	}
	return err
}
