// Package errs holds the sentinel errors that several public packages share. Each of them exports the ones
// it can return under its own name, so that users never import this package and errors.Is works across them.
package errs

import (
	"context"
	"errors"
	"fmt"
)

var (
	// ErrClosed: the handle was closed in this process.
	ErrClosed = errors.New("multiproc: use of a closed object")
	// ErrOwnerDied: a process died while it was changing the object, which may be half-written.
	ErrOwnerDied = errors.New("multiproc: a process died while it was changing the object; call Repair before using it")
	// ErrCorrupt: shared bytes hold something that no correct process writes.
	ErrCorrupt = errors.New("multiproc: shared memory is corrupt")
	// ErrNoMemory: the machine, or this process's cgroup, has too little memory left.
	ErrNoMemory = errors.New("multiproc: not enough memory")
	// ErrStale: a reference to an object that no longer exists.
	ErrStale = errors.New("multiproc: the object behind this handle is gone")
	// ErrWrongType: a handle was attached as something else than what it refers to.
	ErrWrongType = errors.New("multiproc: wrong type of shared object")
	// ErrOtherFamily: a handle that comes from processes with which this one shares no memory.
	ErrOtherFamily = errors.New("multiproc: the handle belongs to another family of processes")
	// ErrNoPeer: nobody is left who could receive.
	ErrNoPeer = errors.New("multiproc: the other end of the pipe is closed, or its last holder has died")
	// ErrBroken: a barrier is broken: not all parties will come.
	ErrBroken = errors.New("multiproc: the barrier is broken")
	// ErrFull and ErrEmpty are what the forms that don't wait return.
	ErrFull  = errors.New("multiproc: the queue is full")
	ErrEmpty = errors.New("multiproc: the queue is empty")
	// ErrTooManyDone: TaskDone without a task that this process has taken and not done.
	ErrTooManyDone = errors.New("queue: TaskDone was called more often than this process has taken tasks")
	// ErrNoConsumer: tasks are left in a queue, and nobody who could take them.
	ErrNoConsumer = errors.New("queue: the last consumer is gone, and tasks are left in the queue; start another, and Join again")
	// ErrNotOwner: a lock was released, or its condition used, by a process that does not hold it.
	ErrNotOwner = errors.New("multiproc: this process does not hold the lock")
)

// FromContext is the error of a wait that a context ended: it wraps both what ctx.Err says and the cause, so that errors.Is finds
// context.Canceled as well as, say, how the process died whose context it was.
func FromContext(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != nil && cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}
