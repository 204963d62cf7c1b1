package shm

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/lockhook"
	"github.com/multiproc-go/multiproc/internal/robust"
	"github.com/multiproc-go/multiproc/psync"
)

// guard is the lock of a Value or an Array, and the memory of a death inside an update.
//
// With the object's own lock an update is marked in the lock word itself (robust.Dirty), at no cost. With a lock shared by several objects the
// word can't tell which of them was being changed, so the object is marked busy before the change and unmarked after it. Without a lock
// there is no such mark: others may look at any moment, and would take a change that goes on for one that was cut off.
type guard struct {
	_    handle.NoCopy
	obj  *arena.Handle
	core *robust.Core  // the lock; nil for none
	lock *arena.Handle // the object whose lock core is: obj, or another

	*lockers
}

// lockers is what changes in a guard. The codec calls MarshalCBOR of a copy of a handle, so it is behind a pointer.
type lockers struct {
	mu     sync.Mutex
	locker *psync.Lock // what Locker has returned
	given  bool        // locker was passed in by the user, who closes it
}

func (g *guard) init(obj *arena.Handle, o options) error {
	g.obj = obj
	switch {
	case o.lock != nil:
		h := lockhook.Handle(o.lock)
		if h == nil {
			return fmt.Errorf("shm: the lock of WithLock: %w", errs.ErrClosed)
		}
		h, err := h.Clone()
		if err != nil {
			return fmt.Errorf("shm: the lock of WithLock: %w", err)
		}
		g.lock, g.lockers = h, &lockers{locker: o.lock, given: true}
	case !o.noLock:
		g.lock, g.lockers = obj, new(lockers)
	default:
		g.lockers = new(lockers)
	}
	if g.lock != nil {
		g.core = g.lock.Lock()
	}
	return nil
}

// like makes g the guard of another handle to what o guards, with the same lock.
func (g *guard) like(o *guard, obj *arena.Handle) error {
	lock := o.lock
	switch {
	case o.own():
		lock = obj
	case lock != nil:
		var err error
		if lock, err = lock.Clone(); err != nil {
			return err
		}
	}
	g.obj, g.lock, g.core, g.lockers = obj, lock, o.core, new(lockers)
	if o.given {
		g.locker, g.given = o.locker, true
	}
	return nil
}

func (g *guard) own() bool { return g.lock == g.obj }

// marks reports whether changes are marked in the object.
func (g *guard) marks() bool { return g.core != nil && !g.own() }

// enter begins an access; change says that it may write. The caller leaves with leave, if there is no error.
func (g *guard) enter(ctx context.Context, change bool) error {
	if gone(g.obj) {
		return errs.ErrClosed
	}
	if g.core != nil {
		var dirty uint32
		if change && g.own() {
			dirty = robust.Dirty
		}
		if !atomic.CompareAndSwapUint32(g.core.Word(), 0, g.core.Me|dirty) {
			if _, err := g.core.Acquire(ctx, g.obj, dirty); err != nil {
				return err
			}
		} else {
			g.core.RaceAcquire()
		}
	}
	if mark := g.obj.Lock().Busy(); mark != 0 {
		return g.refuse(mark)
	}
	if change && g.marks() {
		g.obj.Lock().MarkBusy(g.core.Me)
	}
	return nil
}

// refuse gives the lock up again and says who left the object half-written.
func (g *guard) refuse(mark uint32) error {
	who := g.obj.Lock().Culprit(mark)
	g.release()
	verb := "died"
	if mark&robust.Panicked != 0 {
		verb = "panicked"
	}
	return &ownerDied{who, verb}
}

// ownerDied is ErrOwnerDied with a name.
type ownerDied struct{ who, verb string }

func (e *ownerDied) Error() string {
	return fmt.Sprintf("shm: %s %s while it was changing the object; call Repair before using it", e.who, e.verb)
}

func (e *ownerDied) Unwrap() error { return errs.ErrOwnerDied }

// leave ends an access. broken: a change was not completed.
func (g *guard) leave(change, broken bool) {
	switch {
	case broken:
		g.obj.Lock().MarkBusy(g.obj.Lock().Me | robust.Panicked)
	case change && g.marks():
		g.obj.Lock().MarkBusy(0)
	}
	g.release()
}

func (g *guard) release() {
	if g.core == nil {
		return
	}
	defer runtime.KeepAlive(g)
	g.core.RaceRelease()
	if !atomic.CompareAndSwapUint32(g.core.Word(), g.core.Me|robust.Dirty, 0) {
		_ = g.core.Release() // it fails only if the function inside has closed or unlocked what is being held
	}
}

// update runs f inside.
func (g *guard) update(ctx context.Context, f func()) error {
	if ctx.Err() != nil {
		return errs.FromContext(ctx)
	}
	if err := g.enter(ctx, true); err != nil {
		return err
	}
	broken := true
	defer func() { g.leave(true, broken) }()
	f()
	broken = false
	return nil
}

// repair runs f inside although, or rather because, somebody died there.
func (g *guard) repair(f func()) error {
	if gone(g.obj) {
		return errs.ErrClosed
	}
	if g.core != nil {
		var dirty uint32
		if g.own() {
			dirty = robust.Dirty
		}
		if _, err := g.core.Acquire(context.Background(), g.obj, dirty); err != nil {
			return err
		}
	}
	g.obj.Lock().MarkBusy(g.obj.Lock().Me) // until f is through, also if it dies or panics
	defer g.release()
	f()
	g.obj.Lock().MarkBusy(0)
	return nil
}

// theLocker is the lock for the user's hands; nil without one.
func (g *guard) theLocker() *psync.Lock {
	if g.core == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.locker == nil {
		h, err := g.lock.Clone()
		if err != nil {
			return nil // closed
		}
		g.locker = lockhook.New(h).(*psync.Lock)
	}
	return g.locker
}

// close closes the object, and what the guard holds besides it. While this process holds the lock, somebody here may be inside Update or another method: then the
// memory stays until he, who keeps the handles from being collected, is out.
func (g *guard) close() error {
	if g.obj == nil {
		return errs.ErrClosed
	}
	held := func() bool { return g.core != nil && g.core.Held() }
	inside, err := g.obj.CloseUnless(held)
	if err != nil || inside {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.locker != nil && !g.given && !held() { // it may be the last handle that keeps the object of whoever is inside
		_ = g.locker.Close()
	}
	if g.lock != nil && !g.own() {
		_, _ = g.lock.CloseUnless(held)
	}
	return nil
}

// lockRef is the lock's reference in the encoded handle; zero for the object's own.
func (g *guard) lockRef() arena.Ref {
	if g.lock == nil || g.own() {
		return arena.Ref{}
	}
	return g.lock.Ref()
}

// tryEnter is enter for a look that must not wait: String, which is called at any moment, also by the holder of the lock.
func (g *guard) tryEnter() (busy bool, err error) {
	if gone(g.obj) {
		return false, errs.ErrClosed
	}
	if g.core != nil && !g.core.TryAcquire(0) {
		return true, nil
	}
	if mark := g.obj.Lock().Busy(); mark != 0 {
		return false, g.refuse(mark)
	}
	return false, nil
}

// holder describes who has the lock, for String.
func (g *guard) holder() string {
	owner, _, _ := g.core.State(0)
	if owner == 0 {
		return "locked a moment ago"
	}
	return "locked by " + g.core.Who(owner)
}
