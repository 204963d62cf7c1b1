package queue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"time"

	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// A Queue passes items of type T between goroutines and processes, first in, first out. Any number may put and get.
//
// It is bounded: by the number of items, and by the bytes of its memory for items that are not large (see [WithMemory]; large ones are bounded by their number alone). Put copies the item into shared memory and returns when it is there: nothing
// is buffered in the process, and nothing is lost when it ends right afterwards. What Get has not returned stays for others, whoever is
// killed while he takes it.
//
// A handle to a queue travels like every shared object's. The zero Queue can only be decoded into. It must not be copied.
type Queue[T any] struct {
	core[T]
}

// core is what Queue and JoinableQueue have in common; its methods are theirs.
type core[T any] struct {
	_ handle.NoCopy

	r    *ring.Ring
	c    codec[T]
	kind uint8

	putting func() // called before a put, when there is one to call
}

// Option changes how a queue or a pipe is made.
type Option func(*options)

type options struct {
	memory int
	spin   time.Duration
}

// WithMemory sets how many bytes the queue has for its items, rounded up to a power of two. Without it a queue of pointer-free items has room for all
// that it is bounded to, up to 64 MiB, and another one 512 bytes for each, up to 1 MiB. An item that is larger than half of it gets memory of its own, which is slower to get and does
// not count here: a queue of 1,000 items of 100 MB can take 100 GB, or fail with ErrNoMemory. Choose the number of items for that.
func WithMemory(bytes int) Option { return func(o *options) { o.memory = bytes } }

// WithSpin makes goroutines that find the queue empty, or full, look at it for so long before they sleep. It costs a CPU for that time, and
// saves the microseconds that a sleep and a wake-up take. Only one goroutine of each process and side spins, the others queue behind it. Without it that is 10 us. It
// belongs to the queue: handles that are sent take it with them.
func WithSpin(d time.Duration) Option { return func(o *options) { o.spin = d } }

// New makes a queue that is bounded to so many items. It fails when T can't be sent (*TypeError tells why), or with ErrNoMemory.
func New[T any](capacity int, opts ...Option) (*Queue[T], error) {
	q := new(Queue[T])
	if err := q.make(handle.KindQueue, capacity, opts); err != nil {
		return nil, err
	}
	return q, nil
}

func (q *core[T]) make(kind uint8, capacity int, opts []Option) error {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	c, err := codecOf[T]()
	if err != nil {
		return err
	}
	memory := c.memory(min(max(capacity, 1), ring.MaxCapacity))
	switch {
	case o.memory < 0:
		return fmt.Errorf("queue: a memory of %d bytes was asked for", o.memory)
	case o.memory > 0:
		memory = uint64(o.memory)
	}
	r, err := ring.New(ring.Spec{Kind: kind, Type: c.typ, Capacity: capacity, Bytes: memory, Spin: o.spin})
	if err != nil {
		return err
	}
	q.r, q.c, q.kind = r, c, kind
	return nil
}

// Put puts v at the end and waits while the queue is full. It returns nil once the item is in shared memory, ErrClosed when the queue is closed, or ctx's error; after an
// error the item is not in the queue. 64 bytes cost about 0.1 us, a large item two copies in all: one here, one in Get.
func (q *core[T]) Put(ctx context.Context, v T) error { return q.PutFrom(ctx, &v) }

// PutFrom is Put of *p, without the copy that passing a large array by value takes.
func (q *core[T]) PutFrom(ctx context.Context, p *T) error {
	if q.r == nil {
		return ErrClosed
	}
	if q.putting != nil {
		q.putting()
	}
	return waiting(ctx, q, "room in", q.c.put(ctx, q.r, p, true))
}

// TryPut puts v if there is room, and returns ErrFull otherwise.
func (q *core[T]) TryPut(v T) error {
	if q.r == nil {
		return ErrClosed
	}
	if q.putting != nil {
		q.putting()
	}
	return q.c.put(context.Background(), q.r, &v, false)
}

// Get takes the first item and waits while there is none. It returns ErrClosed when the queue was closed and is empty, or ctx's error. To wait only as long as the process
// lives that fills the queue, use its context (Process.Context).
func (q *core[T]) Get(ctx context.Context) (T, error) {
	var v T
	err := q.GetInto(ctx, &v)
	return v, err
}

// GetInto is Get into *p. When T is a slice of pointer-free elements the room that *p has, up to its capacity, is used again.
func (q *core[T]) GetInto(ctx context.Context, p *T) error {
	if q.r == nil {
		return ErrClosed
	}
	return waiting(ctx, q, "an item of", q.c.get(ctx, q.r, p, true))
}

// TryGet takes the first item if there is one, and returns ErrEmpty otherwise, or ErrClosed when there will be none.
func (q *core[T]) TryGet() (T, error) {
	var v T
	if q.r == nil {
		return v, ErrClosed
	}
	err := q.c.get(context.Background(), q.r, &v, false)
	return v, err
}

// All takes items until the queue is closed and empty: the loop then ends. Another error is yielded, once, with a zero item.
func (q *core[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			v, err := q.Get(ctx)
			if errors.Is(err, ErrClosed) || !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// Len is the number of items at this moment; it may be over when Len returns.
func (q *core[T]) Len() int {
	if q.r == nil {
		return 0
	}
	return q.r.Len()
}

// Cap is the number of items that the queue is bounded to.
func (q *core[T]) Cap() int {
	if q.r == nil {
		return 0
	}
	return q.r.Cap()
}

// Close is not Detach: it closes the queue for everybody, in all processes: who puts, or waits to, gets ErrClosed, and so does who gets, once the queue is empty. Call it where the last item was put. It waits for a
// producer that is copying an item. A second Close, by whomever, is ErrClosed. To give up only this handle, use Detach.
func (q *core[T]) Close() error {
	if q.r == nil {
		return ErrClosed
	}
	return q.r.Shut()
}

// Detach gives this handle up: who waits through it gets ErrClosed, other handles, here and elsewhere, are not affected. The collector does it to
// handles that are forgotten. The queue's memory, and the items in it, are freed with the last handle of the last process.
func (q *core[T]) Detach() error {
	if q.r == nil {
		return ErrClosed
	}
	return q.r.Detach()
}

// String tells how many items there are, and who waits or is at work, at a moment that may be over when it returns.
func (q *core[T]) String() string {
	name := fmt.Sprintf("%s[%s]", handle.KindName(q.kind), q.c.name)
	switch {
	case q.r == nil:
		return "queue(none)"
	case q.r.Handle().Closed():
		return name + "(closed)"
	}
	defer runtime.KeepAlive(q.r)
	return fmt.Sprintf("%s(%s)", name, describe(q.r))
}

func describe(r *ring.Ring) string {
	s := fmt.Sprintf("%d of %d items", r.Len(), r.Cap())
	if r.Closed() {
		s += ", closed"
	}
	getters, putters := r.Waiting()
	if getters {
		s += ", somebody waits for an item"
	}
	if putters {
		s += ", somebody waits for room"
	}
	producer, consumer := r.Busy()
	if producer != "" {
		s += ", " + producer + " puts"
	}
	if consumer != "" {
		s += ", " + consumer + " gets"
	}
	return s
}

// waiting says in a context's error what it was that took so long.
func waiting(ctx context.Context, q fmt.Stringer, what string, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("queue: waiting for %s %v: %w", what, q, err)
	}
	return err
}

func keep(v any) { runtime.KeepAlive(v) }
