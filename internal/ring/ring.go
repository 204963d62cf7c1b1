package ring

import (
	"context"
	"fmt"
	"math/bits"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/await"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// MaxCapacity is the largest number of items that a ring can be bounded to.
const MaxCapacity = 1<<(arena.KeptBits-1) - 1

// minBytes and maxBytes bound a ring's data.
const (
	minBytes = 512
	maxBytes = 1 << 34
)

var (
	// ErrFull and ErrEmpty are what the forms that don't wait return.
	ErrFull  = errs.ErrFull
	ErrEmpty = errs.ErrEmpty
)

// Ring is one handle's view of a ring.
type Ring struct {
	h    *arena.Handle
	a    area
	data []byte
	mask uint64 // of an offset into data
	cap  uint64
	spin time.Duration

	producer, consumer robust.Core
	getters, putters   await.Room

	ringing atomic.Int32 // goroutines that have left a lock and still write to a bell

	// What a producer of this handle knew when it left the lock. As long as the tail is where it was put then, the head may be further than it was seen, but not a lap ahead.
	seenHead atomic.Uint64
	lastTail place // guarded by the producers' lock

	// Gone reports whether those who could fill an empty ring, or empty a full one, are gone. It is asked before a sleep, never in the fast path. Set it before use.
	Gone func() bool
	// Taking and Taken are called around the commit of an item that is taken, with the number of the item, under the consumers' lock; Taken only when it was committed.
	Taking func(item uint64) error
	Taken  func(item uint64)
}

// Spec describes a ring to be made.
type Spec struct {
	Kind     uint8
	Type     uint64 // fingerprint of the items' type
	Capacity int    // items
	Bytes    uint64 // of data; rounded up to a power of two
	Spin     time.Duration
}

// New makes an empty ring.
func New(s Spec) (*Ring, error) {
	if s.Capacity < 1 || s.Capacity > MaxCapacity {
		return nil, fmt.Errorf("queue: a queue has room for 1 to %d items, not %d; every queue is bounded", MaxCapacity, s.Capacity)
	}
	if s.Bytes > maxBytes {
		return nil, fmt.Errorf("%w: a queue has at most %d bytes of memory, not %d", errs.ErrNoMemory, uint64(maxBytes), s.Bytes)
	}
	n := uint64(1) << bits.Len64(max(s.Bytes, minBytes)-1)
	h, err := arena.New(arena.Spec{Kind: s.Kind, Size: offData + n, Type: s.Type})
	if err != nil {
		return nil, err
	}
	a := area{h.Payload()}
	*a.u32(offMagic), *a.u32(offCapacity), *a.u64(offBytes) = magic, uint32(s.Capacity), n
	*a.u32(offSpin) = uint32(min(max(s.Spin, 0), maxSpin) / time.Microsecond)
	return view(h)
}

// Attach makes a handle to a ring.
func Attach(ref arena.Ref, kind uint8) (*Ring, error) {
	h, err := arena.Attach(ref)
	if err != nil {
		return nil, err
	}
	if h.Kind() != kind {
		_ = h.Close()
		return nil, fmt.Errorf("%w: an object of kind %d, a queue was expected", errs.ErrWrongType, h.Kind())
	}
	r, err := view(h)
	if err != nil {
		_ = h.Close()
	}
	return r, err
}

// view checks a ring's fixed words; they are not read again.
func view(h *arena.Handle) (*Ring, error) {
	r := &Ring{h: h, a: area{h.Payload()}, spin: defaultSpin}
	if h.Size() < offData+minBytes || *r.a.u32(offMagic) != magic {
		return nil, fmt.Errorf("%w: no queue where one should be", errs.ErrCorrupt)
	}
	n := atomic.LoadUint64(r.a.u64(offBytes))
	r.cap = uint64(atomic.LoadUint32(r.a.u32(offCapacity)))
	if n != h.Size()-offData || n&(n-1) != 0 || r.cap < 1 || r.cap > MaxCapacity {
		return nil, fmt.Errorf("%w: a queue of %d items and %d bytes in an object of %d", errs.ErrCorrupt, r.cap, n, h.Size())
	}
	h.StayMapped() // locks and places are read before anything can keep a concurrent Detach from freeing them
	r.data, r.mask = r.a.data(n), n-1
	if us := atomic.LoadUint32(r.a.u32(offSpin)); us > 0 {
		r.spin = min(time.Duration(us)*time.Microsecond, maxSpin)
	}
	r.lastTail = 1 // an item without a place: none yet
	a, err := arena.Home()
	if err != nil {
		return nil, err
	}
	r.a.locks(&r.producer, &r.consumer, a.Family())
	return r, nil
}

// Handle is the handle of the ring's object.
func (r *Ring) Handle() *arena.Handle { return r.h }

// Cap is the bound in items.
func (r *Ring) Cap() int { return int(r.cap) }

// Bytes is the size of the ring's data.
func (r *Ring) Bytes() int { return len(r.data) }

// Len is the number of items at this moment.
func (r *Ring) Len() int {
	if r.h.Closed() {
		return 0
	}
	n := r.Between(r.Places())
	runtime.KeepAlive(r.h)
	return n
}

// Places are head and tail as numbers of items, as they were at one moment, unless consumers never pause.
func (r *Ring) Places() (head, tail uint64) {
	for range 1000 {
		h := r.a.head()
		tail = r.a.tail().items()
		if head = h.items(); r.a.head() == h {
			break
		}
	}
	return head, tail
}

// Between is how many items there are between two places.
func (r *Ring) Between(head, tail uint64) int { return int(min((tail-head)&itemMask, r.cap)) }

// Closed reports whether Close was called, by anyone.
func (r *Ring) Closed() bool { return atomic.LoadUint32(r.a.u32(offClosed)) != 0 }

// Shut closes the ring for everybody: nothing can be put any more, what is in it can be taken. It waits for a producer that is copying.
func (r *Ring) Shut() error {
	if err := r.enter(context.Background(), &r.producer); err != nil {
		return err
	}
	already := r.Closed()
	atomic.StoreUint32(r.a.u32(offClosed), 1)
	r.WakeAll()
	r.leave(&r.producer)
	runtime.KeepAlive(r.h)
	if already {
		return errs.ErrClosed
	}
	return nil
}

// WakeAll makes everybody who waits look again.
func (r *Ring) WakeAll() {
	for _, bell := range []uintptr{offGetBell, offPutBell} {
		atomic.AddUint32(r.a.u32(bell), bellStep)
		park.Wake(r.a.u32(bell), park.All)
	}
}

// EndClosed notes that an end of the pipe was closed, and makes everybody look.
func (r *Ring) EndClosed() {
	atomic.AddUint32(r.a.u32(offEnds), 1)
	r.WakeAll()
}

// Ends changes whenever an end of the pipe is closed.
func (r *Ring) Ends() uint32 { return atomic.LoadUint32(r.a.u32(offEnds)) }

// Detach gives the handle up. Who waits through it gets ErrClosed; who is inside finishes first.
func (r *Ring) Detach() error {
	_, err := r.DetachUnlessInside()
	return err
}

// DetachUnlessInside is Detach that reports whether somebody of this process is inside; then the memory stays until the handle is collected.
func (r *Ring) DetachUnlessInside() (inside bool, err error) {
	return r.h.CloseUnless(func() bool {
		return r.producer.Held() || r.producer.Trying() || r.consumer.Held() || r.consumer.Trying() || r.ringing.Load() != 0
	})
}

// Waiting tells what String tells of those who wait.
func (r *Ring) Waiting() (getters, putters bool) {
	return r.sleepers(offGetBell), r.sleepers(offPutBell)
}

// Busy are the processes that are inside at this moment: "" for none.
func (r *Ring) Busy() (producer, consumer string) {
	if o, _, _ := r.producer.State(0); o != 0 {
		producer = r.producer.Who(o)
	}
	if o, _, _ := r.consumer.State(0); o != 0 {
		consumer = r.consumer.Who(o)
	}
	return
}

// enter takes a side's lock. It waits only for as long as another copies an item, or for the death of who does to be known; for a process that is stopped meanwhile
// until ctx ends, or, without one, for patience, and then returns errBusy.
func (r *Ring) enter(ctx context.Context, c *robust.Core) error {
	if r.h.Closed() {
		return errs.ErrClosed
	}
	if atomic.CompareAndSwapUint32(c.Word(), 0, c.Me) {
		c.RaceAcquire()
	} else if err := r.enterSlow(ctx, c); err != nil {
		return err
	}
	if r.h.Closed() { // Detach has looked for us before we were in
		_ = c.Release()
		return errs.ErrClosed
	}
	return nil
}

// leaveAndRing gives a side's lock up and rings the other side's bell. A Detach meanwhile sees by ringing that the memory is still written to.
func (r *Ring) leaveAndRing(c *robust.Core, bell uintptr) {
	r.ringing.Add(1)
	r.leave(c)
	r.ring(bell)
	r.ringing.Add(-1)
}

func (r *Ring) leave(c *robust.Core) {
	c.RaceRelease()
	if !atomic.CompareAndSwapUint32(c.Word(), c.Me, 0) {
		_ = c.Release()
	}
}
