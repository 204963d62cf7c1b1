package multiproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/control"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/spawn"
)

// A last is the last word of a worker: how its function ended.
type last struct {
	said bool
	err  error // of the function, or of reading the result
}

// supervise follows a running worker to its end, in two goroutines: this one waits for the process, the other for what it says.
//
// The order at the end matters. Everything the worker wrote is in the kernel's buffers once it is dead, so the channel
// and the pipes are read to their end first, and only then is the slot in the family given up: references that a result
// carried must be taken over before they are void.
func (p *process) supervise() {
	heard := make(chan last, 1)
	go func() { heard <- p.listen() }()
	status := p.child.Wait()
	p.mu.Lock()
	p.status, p.exited = status, true
	p.mu.Unlock()
	p.ctl.Finish()
	word := <-heard
	p.drain()
	p.finish(p.outcome(status, word))
}

// listen reads the worker's last word.
func (p *process) listen() last {
	f, err := control.Read(p.ctl)
	if err != nil {
		if err != io.EOF && !errors.Is(err, spawn.ErrDrained) && !errors.Is(err, syscall.ECONNRESET) {
			logger().Debug("control channel broke", p.logAttrs("error", err)...)
		}
		return last{}
	}
	// It has nothing left to do but exit. Should it hang there, in a C library's clean-up say, its time is up.
	p.mu.Lock()
	if p.killer == nil {
		p.killer = time.AfterFunc(max(p.grace, sendTimeout), func() { p.signal(syscall.SIGKILL) })
	}
	p.mu.Unlock()
	switch f.Type {
	case control.TypeResult:
		return last{said: true, err: p.result(f)}
	case control.TypeFailure:
		var m control.Failure
		if err := f.Decode(&m); err != nil {
			return last{said: true, err: err}
		}
		return last{said: true, err: p.failure(m)}
	}
	return last{said: true, err: fmt.Errorf("%w: %v from a running worker", control.ErrFrame, f.Type)}
}

// result takes over the shared objects of a result and decodes it.
func (p *process) result(f control.Frame) (err error) {
	var m control.Result
	if err := f.Decode(&m); err != nil {
		return err
	}
	killpoint.Here("result.read")
	in := arena.Received(m.Refs, p.id)
	killpoint.Here("result.received")
	defer in.Release()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("multiproc: reading the result of worker %s (pid %d): its type's own method panicked: %v", p.name, p.pid, r)
		}
	}()
	if err := p.decode(f.Payload); err != nil {
		return fmt.Errorf("multiproc: reading the result of worker %s (pid %d): %w", p.name, p.pid, err)
	}
	return nil
}

func (p *process) failure(m control.Failure) error {
	switch m.Kind {
	case control.FailPanic:
		return &PanicError{Worker: p.name, PID: p.pid, Type: m.Error.Type, Value: m.Error.Message, Stack: m.Stack}
	case control.FailGoexit:
		return fmt.Errorf("multiproc: worker %s (pid %d): %w: its function called runtime.Goexit (as testing's FailNow does) instead of returning", p.name, p.pid, ErrNoResult)
	case control.FailResult:
		e := importError(m.Error, p.name, p.pid)
		e.Message = "the function's result can't be sent: " + e.Message
		return e
	}
	return importError(m.Error, p.name, p.pid)
}

// drain waits until what the dead worker has written was carried to its writers.
func (p *process) drain() {
	for _, o := range p.outputs {
		o.stream.Finish()
	}
	for _, o := range p.outputs {
		<-o.done
	}
}

// finish is the end of the worker for this process.
func (p *process) finish(err error) {
	killpoint.Here("result.decoded")
	p.fam.Buried(p.id)
	p.mu.Lock()
	p.phase = over
	if p.killer != nil {
		p.killer.Stop()
	}
	p.mu.Unlock()
	p.unwatch()
	p.closeAll()
	children.remove(p)
	logger().Debug("worker ended", p.logAttrs("code", p.status.Code, "error", err)...)
	p.err = err
	if err == nil {
		err = ErrEnded
	}
	p.end(err)
	close(p.done)
}

// abort ends a worker that could not be started, and says why.
func (p *process) abort(ctx context.Context, cause error) error {
	p.unwatch()
	died := errors.Is(cause, io.EOF) || errors.Is(cause, syscall.EPIPE) || errors.Is(cause, syscall.ECONNRESET)
	if died && ctx.Err() == nil {
		// Its own end says more than ours would.
		p.killer = time.AfterFunc(sendTimeout, func() { p.signal(syscall.SIGKILL) })
		defer p.killer.Stop()
	} else {
		p.signal(syscall.SIGKILL)
	}
	status := p.child.Wait()
	p.drain()
	if died {
		cause = p.outcome(status, last{})
	}
	e := &StartError{Func: p.fn, Worker: p.name, PID: p.pid, Err: cause}
	if exit, ok := cause.(*ExitError); ok {
		e.Stderr, exit.Stderr = exit.Stderr, ""
	} else if _, ok := cause.(*PanicError); !ok {
		e.Stderr = p.stderr.lines()
	}
	p.fam.Buried(p.id)
	p.mu.Lock()
	p.phase = over
	p.mu.Unlock()
	p.closeAll()
	p.end(e)
	logger().Info("worker did not start", p.logAttrs("error", e)...)
	return e
}

func (p *process) closeAll() {
	if p.ctl != nil {
		p.ctl.Close()
	}
	spawn.Close(p.crash)
	p.crash = -1
}
