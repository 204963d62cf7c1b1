package psync

import (
	"context"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
)

// An RLock is a lock between processes that may be taken again by who has it. Since a goroutine has no identity, who has it is said explicitly: a [Holder]
// takes the lock, re-enters, and releases it. Two holders exclude each other, also in one process.
//
//	h := l.Holder()
//	h.Lock()
//	defer h.Unlock()
//	store(h.Context(ctx)) // takes the lock again, through l.HolderFrom(ctx)
//
// Between processes it is a [Lock], with the same fairness: the depth is its Holder's and is not shared. It is made by NewRLock or arrives as a handle; the zero
// RLock can only be decoded into. It must not be copied.
//
//	a process is killed              the others see
//	while a holder of it waits       nothing; its place in the queue is passed over
//	while a holder of it has the     the next Acquire, of any holder, gets the lock, whatever the depth was, and a Recovery that names
//	lock, to any depth               the dead; Holder.Recovery answers until the outermost Unlock
//	in an inner Lock or Unlock       the same: nothing shared changes there
//	in the outermost Unlock          either that, or a lock that is free
//	stopped (SIGSTOP) as holder      they wait: a stopped process is alive and may go on at any moment
type RLock struct {
	object
	*rlockUse
}

// rlockUse is what changes in a handle.
type rlockUse struct {
	door
	inside atomic.Pointer[Holder] // who of this handle had the lock last, and perhaps has it
}

// NewRLock makes a lock, free, in shared memory: 112 bytes. It fails with ErrNoMemory, or where there is no shared memory.
func NewRLock() (*RLock, error) {
	l := new(RLock)
	if err := l.create(handle.KindRLock, 0); err != nil {
		return nil, err
	}
	l.rlockUse = &rlockUse{door: door{handle: l.h}}
	return l, nil
}

// enter begins a use of the shared memory; false: the handle was closed, or never made. The caller ends it with use.RUnlock.
func (l *RLock) enter() bool { return l.rlockUse != nil && l.door.enter() }

// Holder returns a new holder of the lock, which does not have it yet. It costs one small allocation and nothing shared, and need not be closed.
func (l *RLock) Holder() *Holder { return &Holder{l: l} }

// carried is a context's list of holders, the newest first.
type carried struct {
	h    *Holder
	next *carried
}

type carriedKey struct{}

// HolderFrom returns the holder of this lock that ctx carries, see [Holder.Context]; of several the newest. It may have come with another handle: what counts is that
// both are of the same shared lock.
func (l *RLock) HolderFrom(ctx context.Context) (*Holder, bool) {
	if l.h == nil {
		return nil, false
	}
	c, _ := ctx.Value(carriedKey{}).(*carried)
	for ; c != nil; c = c.next {
		if c.h.l.h != nil && c.h.l.h.Same(l.h) {
			return c.h, true
		}
	}
	return nil, false
}

// Close gives this handle up. Whoever waits through its holders gets ErrClosed at once; other handles to the lock, here and elsewhere, are not affected. A holder of this
// handle that has the lock loses it, since it could not release it any more. A second Close is ErrClosed.
func (l *RLock) Close() error {
	if l.h == nil {
		return errs.ErrClosed
	}
	keep, err := l.h.Clone() // the memory outlives the handle until the lock is released
	if err != nil {
		return err
	}
	defer keep.Close()
	if err := l.h.Close(); err != nil {
		return err
	}
	l.use.Lock() // whoever was about to take the lock, or to release it, has done so
	defer l.use.Unlock()
	if h := l.inside.Load(); h != nil && h.leave() > 0 {
		_ = keep.Lock().Release() // ErrNotOwner: the word was scribbled over
	}
	return nil
}

// String tells who holds the lock and how long the first waiter has waited, at a moment that may be over when it returns.
func (l *RLock) String() string {
	if l == nil || l.h == nil {
		return "psync.RLock(none)"
	}
	if !l.enter() {
		return "psync.RLock(closed)"
	}
	defer l.use.RUnlock()
	return describe("psync.RLock", l.h.Lock())
}

// UnmarshalCBOR makes l a handle to the lock that was encoded. ErrStale: that lock is gone.
func (l *RLock) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindRLock)
	if err != nil {
		return err
	}
	if err := l.attach(b, handle.KindRLock, 0); err != nil {
		return err
	}
	l.rlockUse = &rlockUse{door: door{handle: l.h}}
	return nil
}
