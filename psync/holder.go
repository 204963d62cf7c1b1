package psync

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
)

// A Holder is one party that takes an [RLock], and takes it again while it has it: the sync.Locker of a call and of what it calls. The lock is released by as many Unlocks as
// there were Locks. The outermost Lock and Unlock cost what those of a [Lock] do and some nanoseconds for the depth; inner ones touch nothing shared.
//
// Goroutines that act for one another may share a holder. They do not exclude each other: one that comes while another has the lock re-enters, and each has to unlock what it
// locked. When several come at once, one of them takes the shared lock and the others re-enter as soon as it has it. Goroutines that are to exclude each other need a holder each. A goroutine that
// waits with one holder for what it holds with another waits for ever.
type Holder struct {
	l *RLock

	// Invariants of the depth:
	//
	//  1. It is acquiring from the moment a goroutine sets out to take the shared lock until it has it or has given up. Only that goroutine changes it then.
	//  2. It is more than 0 only while this process holds the shared lock for this holder. Whoever makes it 0 releases the shared lock, after that: nobody re-enters a lock
	//     that is being released.
	//  3. It becomes more than 0, and 0 again with the release that follows, while RLock.use is held shared. So who has it alone, as Close, finds whether the lock is held.
	depth atomic.Int64

	mu      sync.Mutex
	awaited atomic.Bool   // ended is not nil
	ended   chan struct{} // closed when the acquisition that is under way has ended
}

// acquiring is the depth while the shared lock is being taken.
const acquiring = -1

// Lock takes the lock, or takes it again, and blocks until it can. It recovers from a holder's death silently; ask Recovery afterwards, or use Acquire. It panics with ErrClosed when
// the RLock is, or gets, closed.
func (h *Holder) Lock() {
	if _, err := h.acquire(context.Background(), 1); err != nil {
		panic(fmt.Errorf("psync: Lock: %w", err))
	}
}

// Acquire takes the lock, or takes it again, waiting until ctx ends. An error means that the depth is what it was: it wraps ctx.Err() and the context's cause, or is ErrClosed. A
// Recovery that is not zero means that the lock was taken over from a process that died holding it; only the outermost Acquire is told, see [Holder.Recovery].
func (h *Holder) Acquire(ctx context.Context) (Recovery, error) {
	r, err := h.acquire(ctx, 1)
	if err != nil && ctx.Err() != nil {
		err = waitError(h.l, err)
	}
	return r, err
}

// acquire makes the depth by n larger.
func (h *Holder) acquire(ctx context.Context, n int64) (Recovery, error) {
	for {
		if h.l.gone() {
			return Recovery{}, errs.ErrClosed
		}
		if ctx.Err() != nil {
			return Recovery{}, errs.FromContext(ctx)
		}
		switch d := h.depth.Load(); {
		case d > 0:
			if h.depth.CompareAndSwap(d, d+n) {
				return Recovery{}, nil
			}
		case d == 0:
			if h.depth.CompareAndSwap(0, acquiring) {
				return h.take(ctx, n)
			}
		default:
			h.wait(ctx)
		}
	}
}

// take takes the shared lock. The caller has set the depth to acquiring.
func (h *Holder) take(ctx context.Context, n int64) (Recovery, error) {
	if !h.l.enter() {
		h.settle(0)
		return Recovery{}, errs.ErrClosed
	}
	defer h.l.use.RUnlock()
	r, err := h.l.h.Lock().Acquire(ctx, h.l.h, 0)
	if err != nil {
		h.settle(0)
		return Recovery{}, err
	}
	h.entered(n)
	return r, nil
}

// entered makes a holder that has just taken the shared lock known.
func (h *Holder) entered(n int64) {
	h.l.inside.Store(h)
	h.settle(n)
}

// settle ends an acquisition: the depth is n now, and those who wait for that look again.
func (h *Holder) settle(n int64) {
	h.depth.Store(n)
	if !h.awaited.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.awaited.Load() {
		h.awaited.Store(false)
		close(h.ended)
		h.ended = nil
	}
}

// wait waits until another goroutine's acquisition has ended, or ctx has. Close ends it through that acquisition.
func (h *Holder) wait(ctx context.Context) {
	h.mu.Lock()
	if h.ended == nil {
		h.ended = make(chan struct{})
		h.awaited.Store(true)
	}
	ended := h.ended
	h.mu.Unlock()
	if h.depth.Load() != acquiring { // it may have looked for us before we were there to be seen
		return
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// TryLock takes the lock if it is free, or its holder is known to be dead, or takes it again, and reports whether it did. It never blocks.
func (h *Holder) TryLock() bool {
	for !h.l.gone() {
		switch d := h.depth.Load(); {
		case d > 0:
			if h.depth.CompareAndSwap(d, d+1) {
				return true
			}
		case d == 0:
			if !h.depth.CompareAndSwap(0, acquiring) {
				continue
			}
			return h.tryTake()
		default:
			return false
		}
	}
	return false
}

// tryTake is take without waiting, also for a Close that has begun.
func (h *Holder) tryTake() bool {
	if !h.l.use.TryRLock() {
		h.settle(0)
		return false
	}
	defer h.l.use.RUnlock()
	if h.l.gone() || !h.l.h.Lock().TryAcquire(0) {
		h.settle(0)
		return false
	}
	h.entered(1)
	return true
}

// Unlock takes one from the depth, and releases the lock when it was the last. It wakes a waiter if there is one and never blocks. It panics with ErrNotOwner when the depth is 0.
func (h *Holder) Unlock() {
	if err := h.Release(); err != nil {
		panic(fmt.Errorf("psync: Unlock: %w", err))
	}
}

// Release is Unlock that returns its error: ErrNotOwner when this holder does not have the lock, ErrClosed when the RLock was closed, which has released it.
func (h *Holder) Release() error {
	for {
		if h.l.gone() {
			return errs.ErrClosed
		}
		d := h.depth.Load()
		switch {
		case d <= 0:
			return fmt.Errorf("%w: this Holder's depth is 0", errs.ErrNotOwner)
		case d > 1:
			if h.depth.CompareAndSwap(d, d-1) {
				return nil
			}
		default:
			if done, err := h.releaseOuter(); done {
				return err
			}
		}
	}
}

// releaseOuter releases the shared lock if the depth is 1.
func (h *Holder) releaseOuter() (done bool, err error) {
	if !h.l.enter() {
		return true, errs.ErrClosed
	}
	defer h.l.use.RUnlock()
	if !h.depth.CompareAndSwap(1, 0) {
		return false, nil
	}
	return true, h.l.h.Lock().Release()
}

// leave makes the depth 0 and returns what it was; the caller has RLock.use, and releases the shared lock if that is not 0.
func (h *Holder) leave() int {
	for {
		d := h.depth.Load()
		if d <= 0 {
			return 0
		}
		if h.depth.CompareAndSwap(d, 0) {
			return int(d)
		}
	}
}

// releaseAll gives the lock up whatever the depth is, which it returns for reacquire; 0: this holder does not have it.
func (h *Holder) releaseAll() int {
	if !h.l.enter() {
		return 0
	}
	defer h.l.use.RUnlock()
	d := h.leave()
	if d > 0 {
		_ = h.l.h.Lock().Release() // ErrNotOwner: the word was scribbled over, and the lock is not held either
	}
	return d
}

// reacquire takes the lock back to the depth that releaseAll has returned. Nothing but Close ends it, with ErrClosed. The Recovery is also [Holder.Recovery]'s.
func (h *Holder) reacquire(depth int) (Recovery, error) {
	return h.acquire(context.Background(), int64(depth))
}

// Depth is how often this holder has the lock: 0 when it does not.
func (h *Holder) Depth() int { return int(max(h.depth.Load(), 0)) }

// Recovery tells whether the lock was taken over from a process that died holding it, from the outermost Lock to the outermost Unlock.
func (h *Holder) Recovery() Recovery {
	if h.l.gone() || h.Depth() == 0 {
		return Recovery{}
	}
	defer runtime.KeepAlive(h)
	return h.l.h.Lock().Recovery()
}

// Context returns a context that carries the holder to calls that take the same lock, which find it by [RLock.HolderFrom]. A context carries the holders of any number of locks.
func (h *Holder) Context(ctx context.Context) context.Context {
	next, _ := ctx.Value(carriedKey{}).(*carried)
	return context.WithValue(ctx, carriedKey{}, &carried{h, next})
}

// String tells the depth and the state of the lock.
func (h *Holder) String() string {
	if h == nil {
		return "psync.Holder(none)"
	}
	return fmt.Sprintf("psync.Holder(depth %d of %v)", h.Depth(), h.l)
}
