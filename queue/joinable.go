package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// A JoinableQueue is a Queue whose items are tasks: who takes one says TaskDone when he has done it, and Join waits until all are done.
//
// A task that was taken belongs to the process that took it until that says TaskDone, once for each. When it dies before, its tasks are lost, and Join says so
// instead of waiting for ever. Which tasks these were it does not know: keep a list, and strike out what has come back. A worker that is killed between handing a result over and TaskDone has lost its
// task as well, so a result may come twice. A task that Get could not decode was taken as well: say TaskDone for it.
type JoinableQueue[T any] struct {
	core[T]
	tasks *consumers
}

var (
	// ErrTooManyDone: TaskDone without a task that this process has taken and not done.
	ErrTooManyDone = errs.ErrTooManyDone
	// ErrNoConsumer: all processes that have taken tasks from the queue have ended, and tasks are left in it.
	ErrNoConsumer = errs.ErrNoConsumer
)

// LostTasksError: consumers died before they said TaskDone.
type LostTasksError struct {
	Tasks int // how many they had taken and not done
}

func (e *LostTasksError) Error() string {
	if e.Tasks == 1 {
		return "queue: a task was lost: the process that had taken it ended before it said TaskDone; call ForgetLost, and put it again"
	}
	return fmt.Sprintf("queue: %d tasks were lost: the processes that had taken them ended before they said TaskDone; call ForgetLost, and put them again", e.Tasks)
}

// NewJoinable makes a JoinableQueue that is bounded to so many items, as New does.
func NewJoinable[T any](capacity int, opts ...Option) (*JoinableQueue[T], error) {
	q := new(JoinableQueue[T])
	if err := q.make(handle.KindJoinableQueue, capacity, opts); err != nil {
		return nil, err
	}
	h, err := arena.New(arena.Spec{Kind: handle.KindConsumers, Size: rowsSize})
	if err != nil {
		_ = q.r.Detach()
		return nil, err
	}
	q.tasks = newConsumers(h, q.r)
	q.putting = q.tasks.putting
	return q, nil
}

// TaskDone says that one of the tasks that this process has taken is done; any goroutine may say so. It never blocks. ErrTooManyDone: there is none.
func (q *JoinableQueue[T]) TaskDone() error {
	if q.tasks == nil || q.tasks.h.Closed() {
		return ErrClosed
	}
	defer runtime.KeepAlive(q)
	return q.tasks.done()
}

// Join waits until every task that was put is done. It returns a *LostTasksError once all others are done when consumers have died with tasks,
// ErrNoConsumer when tasks are left in the queue, every process that took one, or had been given the queue and might have, has ended, and no other has it that has not put anything itself (start
// another, and Join again); or ctx's error. A process that has ever taken a task is a consumer as long as it lives, also the one that joins.
func (q *JoinableQueue[T]) Join(ctx context.Context) error {
	if q.tasks == nil {
		return ErrClosed
	}
	defer runtime.KeepAlive(q)
	return waiting(ctx, q, "the tasks of", q.tasks.join(ctx))
}

// Unfinished is how many tasks are in the queue, or taken and not done, or lost.
func (q *JoinableQueue[T]) Unfinished() int {
	if q.tasks == nil || q.tasks.h.Closed() {
		return 0
	}
	defer runtime.KeepAlive(q)
	t := q.tasks.tally()
	return t.queued + t.taken + t.lost
}

// ForgetLost strikes out the tasks that were lost with dead consumers, so that Join no longer reports them, and returns how many there were: perhaps more than LostTasksError said, when another
// consumer has died since. Call it before you put them again, so that what is lost after that is reported by the next Join.
func (q *JoinableQueue[T]) ForgetLost() (int, error) {
	if q.tasks == nil {
		return 0, ErrClosed
	}
	defer runtime.KeepAlive(q)
	return q.tasks.forget()
}

// Detach gives this handle up, as Queue.Detach does. Tasks that this process has taken stay taken.
func (q *JoinableQueue[T]) Detach() error {
	if q.tasks == nil {
		return ErrClosed
	}
	inside, err := q.r.DetachUnlessInside()
	q.tasks.close(inside)
	return err
}

// String tells of the items as Queue.String does, and how many tasks are taken and not done.
func (q *JoinableQueue[T]) String() string {
	if q.tasks == nil || q.tasks.h.Closed() {
		return q.core.String()
	}
	defer runtime.KeepAlive(q)
	t := q.tasks.tally()
	s := fmt.Sprintf("%s[%s](%s, %d taken and not done", handle.KindName(q.kind), q.c.name, describe(q.r), t.taken)
	if t.lost > 0 {
		s += fmt.Sprintf(", %d lost", t.lost)
	}
	return s + ")"
}

// MarshalCBOR encodes the handle, so that it can be part of an argument, a result or an item.
func (q *JoinableQueue[T]) MarshalCBOR() ([]byte, error) {
	if q == nil || q.tasks == nil {
		return nil, errors.New("queue: a JoinableQueue that NewJoinable did not make can't be sent")
	}
	if q.tasks.h.Closed() || q.r.Handle().Closed() {
		return nil, fmt.Errorf("queue: sending a JoinableQueue: %w", ErrClosed)
	}
	defer runtime.KeepAlive(q)
	return handle.Blob{Kind: q.kind, Ref: q.r.Handle().Ref(), Lock: q.tasks.h.Ref(), Type: q.c.name}.MarshalCBOR()
}

// UnmarshalCBOR makes q a handle to the queue that was encoded. It fails with ErrStale when that is gone, and with *TypeMismatchError when it has another T.
func (q *JoinableQueue[T]) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindJoinableQueue)
	if err != nil {
		return err
	}
	h, err := arena.Attach(b.Lock)
	if err != nil {
		return fmt.Errorf("queue: attach the consumers of a JoinableQueue: %w", err)
	}
	if h.Kind() != handle.KindConsumers || h.Size() < rowsSize {
		_ = h.Close()
		return fmt.Errorf("%w: the consumers of a JoinableQueue are a %s", errs.ErrWrongType, handle.KindName(h.Kind()))
	}
	if err := q.attach(data, handle.KindJoinableQueue); err != nil {
		_ = h.Close()
		return err
	}
	q.tasks = newConsumers(h, q.r)
	q.putting = q.tasks.putting
	q.tasks.arrived()
	return nil
}

func newConsumers(h *arena.Handle, r *ring.Ring) *consumers {
	c := &consumers{h: h, r: r, m: roster{h.Payload()}}
	c.rows = c.m.table(h)
	r.Taking, r.Taken = c.taking, c.took
	runtime.AddCleanup(c, func(t interface{ Close() }) { t.Close() }, interface{ Close() }(c.rows))
	return c
}

// load is an atomic load of a row's word.
func load(w *uint64) uint64 { return atomic.LoadUint64(w) }
