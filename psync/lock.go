package psync

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/lockhook"
	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/internal/robust"
	"github.com/multiproc-go/multiproc/internal/sys"
)

var (
	// ErrClosed: the handle was closed in this process.
	ErrClosed = errs.ErrClosed
	// ErrNotOwner: Unlock of a lock that this process does not hold.
	ErrNotOwner = errs.ErrNotOwner
	// ErrOtherFamily: a handle arrived from processes with which this one shares no memory.
	ErrOtherFamily = errs.ErrOtherFamily
	// ErrStale: a handle arrived after its lock was gone.
	ErrStale = errs.ErrStale
	// ErrCorrupt: shared bytes hold something that no correct process writes.
	ErrCorrupt = errs.ErrCorrupt
)

// Recovery says that a lock was taken over from a process that died holding it, and from which. Its zero value says that nobody died.
type Recovery = robust.Recovery

// A Lock is a mutual exclusion lock between processes, and between the goroutines of each. It is made by NewLock or arrives as a
// handle; the zero Lock can only be decoded into. It must not be copied.
//
// Taking a free lock and releasing one that nobody waits for cost one atomic instruction each. Waiting costs no CPU, and no thread beyond
// the first few waiters of a process. Waiters of one process follow each other in order of arrival. Between processes whoever comes first takes a
// free lock, but a process that has waited for a millisecond is handed it at the next Unlock, the one that has waited longest first.
//
// A panic that runs a deferred Unlock releases the lock as any Unlock does, and the next holder is told nothing, as with sync.Mutex: only a process that ends without Unlock leaves a Recovery. When
// half-done data has to be noticed after a panic too, use shm's Value.Update, or unlock on the good paths only.
type Lock struct {
	_    handle.NoCopy
	word *atomic.Pointer[uint32] // the shared word; once closed a word that is never free
	me   uint32
	h    *arena.Handle
}

// closedWord makes the fast paths of a closed lock fail.
var closedWord uint32 = 1<<32 - 1

// NewLock makes a lock, free, in shared memory: 112 bytes. It fails with ErrNoMemory, or where there is no shared memory.
func NewLock() (*Lock, error) {
	h, err := arena.New(arena.Spec{Kind: handle.KindLock})
	if err != nil {
		return nil, err
	}
	l := new(Lock)
	l.init(h)
	return l, nil
}

func (l *Lock) init(h *arena.Handle) {
	l.h = h
	l.me = h.Lock().Me
	l.word = new(atomic.Pointer[uint32])
	l.word.Store(h.Lock().Word())
}

func init() {
	lockhook.New = func(h *arena.Handle) any {
		l := new(Lock)
		l.init(h)
		return l
	}
	lockhook.Handle = func(l any) *arena.Handle { return l.(*Lock).h }
}

// Lock takes the lock and blocks until it can. It recovers from a holder's death silently; ask Recovery afterwards, or use Acquire. It panics
// with ErrClosed when the handle is, or gets, closed.
func (l *Lock) Lock() {
	if !race.Enabled && atomic.CompareAndSwapUint32(l.word.Load(), 0, l.me) {
		runtime.KeepAlive(l) // or the collector could free the word between its load and the swap
		return
	}
	l.lockSlow()
}

func (l *Lock) lockSlow() {
	err := error(errs.ErrClosed)
	if !l.h.Closed() { // else the word may be another object's by now
		_, err = l.h.Lock().Acquire(context.Background(), l.h, 0)
	}
	runtime.KeepAlive(l)
	if err != nil {
		panic(fmt.Errorf("psync: Lock: %w", err))
	}
}

// Unlock releases the lock. It wakes a waiter if there is one and never blocks. It panics with ErrNotOwner when this process does not hold the lock, as
// sync.Mutex does: handing over between processes is a semaphore's work.
func (l *Lock) Unlock() {
	if !race.Enabled && atomic.CompareAndSwapUint32(l.word.Load(), l.me, 0) {
		runtime.KeepAlive(l)
		return
	}
	l.unlockSlow()
}

func (l *Lock) unlockSlow() {
	err := error(errs.ErrClosed)
	if !l.h.Closed() {
		err = l.h.Lock().Release()
	}
	runtime.KeepAlive(l)
	if err != nil {
		panic(fmt.Errorf("psync: Unlock: %w", err))
	}
}

// TryLock takes the lock if it is free, or if its holder is known to be dead, and reports whether it did. It never blocks. A holder's death becomes known within
// about a millisecond of the first failed TryLock after it.
func (l *Lock) TryLock() bool {
	ok := !l.h.Closed() && l.h.Lock().TryAcquire(0)
	runtime.KeepAlive(l)
	return ok
}

// Acquire takes the lock, waiting until ctx ends. An error means that it is not held: it wraps ctx.Err() and the context's cause, or is ErrClosed. A
// Recovery that is not zero means that it is held, and was taken over from a process that died holding it.
func (l *Lock) Acquire(ctx context.Context) (Recovery, error) {
	if l.h.Closed() {
		return Recovery{}, errs.ErrClosed
	}
	r, err := l.h.Lock().Acquire(ctx, l.h, 0)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("psync: waiting for %v: %w", l, err)
	}
	runtime.KeepAlive(l)
	return r, err
}

// Recovery tells the present holder whether it took the lock over from a dead process. It answers until Unlock; only the holder may ask.
func (l *Lock) Recovery() Recovery {
	if l.h.Closed() {
		return Recovery{}
	}
	return l.h.Lock().Recovery()
}

// String tells who holds the lock and how long the first waiter has waited, at a moment that may be over when it returns.
func (l *Lock) String() string {
	if l == nil || l.h == nil {
		return "psync.Lock(none)"
	}
	if l.h.Closed() {
		return "psync.Lock(closed)"
	}
	defer runtime.KeepAlive(l)
	return describe("psync.Lock", l.h.Lock())
}

// describe is the String of a lock of the type that is named.
func describe(name string, c *robust.Core) string {
	owner, reserved, wait := c.State(sys.Monotonic())
	var b strings.Builder
	b.WriteString(name + "(")
	switch {
	case owner == 0:
		b.WriteString("free")
	case reserved:
		fmt.Fprintf(&b, "handed to %s", c.Who(owner))
	default:
		fmt.Fprintf(&b, "held by %s", c.Who(owner))
	}
	switch {
	case wait.First != 0:
		fmt.Fprintf(&b, "; %s has waited %v", c.Who(wait.First), wait.For.Round(time.Microsecond))
	case wait.Somebody:
		b.WriteString("; somebody waits")
	}
	if wait.Here > 0 {
		fmt.Fprintf(&b, ", %d more goroutines queue here", wait.Here)
	}
	return b.String() + ")"
}

// Close gives this handle up. Whoever waits through it gets ErrClosed at once; other handles to the lock, here and elsewhere, are not affected. When it was
// this process's last handle to a lock that the process holds, the lock is released. (A lock that is held when its last handle is merely forgotten stays held until the
// process ends.) A second Close is ErrClosed.
func (l *Lock) Close() error {
	if l.h == nil {
		return errs.ErrClosed
	}
	l.word.Store(&closedWord)
	return l.h.Close()
}

// MarshalCBOR encodes the handle, not the lock's state. It implements cbor.Marshaler, so that a Lock can be part of an argument.
func (l *Lock) MarshalCBOR() ([]byte, error) {
	if l == nil || l.h == nil {
		return nil, errors.New("psync: a Lock that NewLock did not make can't be sent")
	}
	if l.h.Closed() {
		return nil, fmt.Errorf("psync: sending a Lock: %w", errs.ErrClosed)
	}
	return handle.Blob{Kind: handle.KindLock, Ref: l.h.Ref()}.MarshalCBOR()
}

// UnmarshalCBOR makes l a handle to the lock that was encoded. ErrStale: that lock is gone.
func (l *Lock) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindLock)
	if err != nil {
		return err
	}
	h, err := arena.Attach(b.Ref)
	if err != nil {
		return fmt.Errorf("psync: attach a Lock: %w", err)
	}
	l.init(h)
	return nil
}
