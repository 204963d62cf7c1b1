package multiproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/multiproc-go/multiproc/internal/control"
)

// Stopping in order: the worker's context is cancelled, it has its grace, it is killed.

// sendTimeout bounds the sending of a small frame. Only a worker that is stopped or starved of CPU doesn't read.
const sendTimeout = time.Second

var past = time.Unix(1, 0)

// contextEnded is called when the context of Start has ended, in a goroutine of its own.
func (p *process) contextEnded(ctx context.Context) {
	p.mu.Lock()
	if p.phase == starting {
		p.ctl.SetDeadline(past) // wakes await, which sees why
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.stop(context.Cause(ctx), ctx.Err() == context.DeadlineExceeded)
}

// stop begins to stop the worker and returns. A second call does nothing.
func (p *process) stop(cause error, deadline bool) {
	p.mu.Lock()
	if p.phase != running || p.stopped != nil {
		p.mu.Unlock()
		return
	}
	p.stopped = cause
	if p.grace > 0 {
		p.killer = time.AfterFunc(p.grace, func() { p.signal(syscall.SIGKILL) })
	}
	p.mu.Unlock()
	logger().Info("stopping worker", p.logAttrs("cause", cause, "grace", p.grace)...)
	if p.grace <= 0 {
		p.signal(syscall.SIGKILL)
		return
	}
	if err := p.send(control.TypeCancel, control.Cancel{Deadline: deadline, Cause: exportError(cause)}); err != nil {
		logger().Debug("worker does not take a cancel", p.logAttrs("error", err)...)
	}
}

func (p *process) interrupt() error {
	p.mu.Lock()
	over := p.phase == over || p.exited
	p.mu.Unlock()
	if over {
		return os.ErrProcessDone
	}
	err := p.send(control.TypeCancel, control.Cancel{Cause: exportError(ErrInterrupted)})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("multiproc: interrupt worker %s (pid %d): it has not read its control channel for %v; is it stopped?", p.name, p.pid, sendTimeout)
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET), errors.Is(err, os.ErrClosed):
		return os.ErrProcessDone
	}
	return fmt.Errorf("multiproc: interrupt worker %s (pid %d): %w", p.name, p.pid, err)
}

// send sends a small frame.
func (p *process) send(t control.Type, message any) error {
	p.sending.Lock()
	defer p.sending.Unlock()
	p.ctl.SetWriteDeadline(time.Now().Add(sendTimeout))
	return control.Write(p.ctl, t, message, nil)
}

// children are the running workers of this process.
var children childSet

type childSet struct {
	mu     sync.Mutex
	closed bool
	set    map[*process]struct{}
}

// add reports whether this process may have another child.
func (c *childSet) add(p *process) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if c.set == nil {
		c.set = map[*process]struct{}{}
	}
	c.set[p] = struct{}{}
	return true
}

func (c *childSet) remove(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.set, p)
}

// stopAll ends the daemon children of a worker that is about to end, and waits for their end: at most the longest grace, and the
// time that the kernel takes to kill.
func (c *childSet) stopAll() {
	c.mu.Lock()
	c.closed = true
	var daemons []*process
	for p := range c.set {
		if p.daemon {
			daemons = append(daemons, p)
		}
	}
	c.mu.Unlock()
	for _, p := range daemons {
		go p.stop(ErrParentEnded, false)
	}
	for _, p := range daemons {
		<-p.done
	}
}
