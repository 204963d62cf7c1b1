package robust

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/internal/sys"
)

const (
	waiters = 1 << 31
	handed  = 1 << 30
	// Dirty marks an acquisition as one that changes the object.
	Dirty = 1 << 29

	ownerMask = family.IdentMask
)

// Members is what the lock has to know of the family.
type Members interface {
	Self() family.Ident
	Alive(family.Ident) bool
	Peer(family.Ident) (family.Peer, bool)
	Watch(family.Ident, func()) *family.Watch
}

// Closer is the handle through which a goroutine waits: closing it ends the wait.
type Closer interface {
	Closed() bool
	AddKick(*park.Kick)
	RemoveKick(*park.Kick)
}

// Core is one process's view of one lock. All handles of the process share it.
type Core struct {
	word  *uint32
	f     Members
	gate  atomic.Pointer[park.Gate] // made by the first contention
	ghost atomic.Pointer[sighting]

	trying atomic.Int32             // goroutines in trySome
	rec    atomic.Pointer[Recovery] // set by the holder who took the lock from the dead, until he releases it
	// Me is this process's Ident: what the word holds when it has the lock and nobody waits.
	Me    uint32
	hooks uint32 // an address for the race detector
}

// Recovery names the process whose death made the lock change hands. The zero Recovery: nobody died.
type Recovery struct {
	PID  int    // of the dead holder; 0 when it can't be told any more
	Name string // its process name
	// Updating: it died while it was changing the object that the lock belongs to.
	Updating bool
	Count    uint32 // how often this lock has been recovered so far
}

// Recovered reports whether the lock was taken over from a dead process.
func (r Recovery) Recovered() bool { return r.Count != 0 }

func (r Recovery) String() string {
	if !r.Recovered() {
		return "no recovery"
	}
	return fmt.Sprintf("taken over from %s (pid %d), which ended while it held the lock", r.Name, r.PID)
}

// Word is the shared word, for the callers' inlined fast path: CAS 0 -> Me to take it, Me -> 0 to release it.
func (c *Core) Word() *uint32 { return c.word }

// TryAcquire takes the lock if it is free, or if its holder, or the process that it was handed to, is known to be dead. It never blocks.
func (c *Core) TryAcquire(dirty uint32) bool {
	if atomic.CompareAndSwapUint32(c.word, 0, c.Me|dirty) {
		c.RaceAcquire()
		return true
	}
	w := atomic.LoadUint32(c.word)
	owner := family.Ident(w & ownerMask)
	if owner == 0 {
		if !atomic.CompareAndSwapUint32(c.word, w, c.Me|dirty|w&waiters) {
			return false
		}
		c.RaceAcquire()
		return true
	}
	if w&handed != 0 && c.f.Alive(owner) {
		return c.tryHanded(w, owner, dirty)
	}
	if c.f.Alive(owner) {
		// Somebody who only ever tries must hear of the owner's death as well: the watch stays for a while.
		if uint32(owner) != c.Me {
			c.f.Watch(owner, func() {}).Stop()
		}
		if c.f.Alive(owner) {
			return false
		}
	}
	return c.takeOver(w, dirty)
}

// tryHanded takes a lock that is reserved for a living process if that is this one, or has not come for a whole park.Backstop.
func (c *Core) tryHanded(w uint32, owner family.Ident, dirty uint32) bool {
	if uint32(owner) != c.Me {
		now := sys.Monotonic()
		seen := c.ghost.Load()
		if seen == nil || seen.word != w {
			c.ghost.Store(&sighting{w, now})
			return false
		}
		if time.Duration(now-seen.at) < park.Backstop {
			return false
		}
	}
	if !atomic.CompareAndSwapUint32(c.word, w, c.Me|waiters|dirty) {
		return false
	}
	c.ghost.Store(nil)
	c.passOver(owner)
	c.RaceAcquire()
	return true
}

// sighting is a reserved word that a TryLock has met, and when first.
type sighting struct {
	word uint32
	at   int64
}

// passOver ends the claim of a process that did not come when the lock was handed to it: it is stopped, and would be handed it by every release. It claims
// again when it goes on.
func (c *Core) passOver(owner family.Ident) {
	if n := atomic.LoadUint64(c.next()); n != 0 && claimant(n) == owner {
		atomic.CompareAndSwapUint64(c.next(), n, 0)
	}
}

// takeOver takes the lock from a dead owner: w is what the word says. It reports false when the word has changed meanwhile.
func (c *Core) takeOver(w, dirty uint32) bool {
	dead := family.Ident(w & ownerMask)
	if w&handed != 0 {
		if !atomic.CompareAndSwapUint32(c.word, w, c.Me|waiters|dirty) {
			return false
		}
		c.RaceAcquire()
		return true
	}
	atomic.AddUint32(c.takeovers(), 1) // before the word, for DiedInside
	if !atomic.CompareAndSwapUint32(c.word, w, c.Me|waiters|w&Dirty) {
		return false
	}
	c.RaceAcquire()
	killpoint.Here("lock.taken-over")
	if w&Dirty != 0 && c.Busy() == 0 { // else somebody died in a change before, and this one while he was told so
		c.MarkBusy(uint32(dead))
		killpoint.Here("lock.marked-busy")
	}
	c.become(dirty)
	r := Recovery{Updating: w&Dirty != 0, Count: atomic.AddUint32(c.recoveries(), 1)}
	if r.Count == 0 {
		r.Count = 1
	}
	if peer, ok := c.f.Peer(dead); ok {
		r.PID, r.Name = peer.PID, peer.Name
	}
	c.rec.Store(&r)
	return true
}

// Takeovers is a count to remember for DiedInside.
func (c *Core) Takeovers() uint32 { return atomic.LoadUint32(c.takeovers()) }

// DiedInside reports whether a process is known to have died while it held the lock, now or since Takeovers returned so much: it has left half-done what it held the lock for, and
// whom it would have told of it waits in vain. It may report a death that was told before.
func (c *Core) DiedInside(since uint32) bool {
	// The word first: once it no longer names the dead, the count has changed.
	w := atomic.LoadUint32(c.word)
	if owner := family.Ident(w & ownerMask); owner != 0 && w&handed == 0 && !c.f.Alive(owner) {
		return true
	}
	return c.Takeovers() != since
}

// become sets the dirty bit of a word that this process owns to what the acquisition asked for.
func (c *Core) become(dirty uint32) {
	for {
		w := atomic.LoadUint32(c.word)
		if w&ownerMask != c.Me || w&Dirty == dirty || atomic.CompareAndSwapUint32(c.word, w, w&^Dirty|dirty) {
			return
		}
	}
}

// Recovery tells the holder whether it got the lock from a dead process.
func (c *Core) Recovery() Recovery {
	if r := c.rec.Load(); r != nil {
		return *r
	}
	return Recovery{}
}

// Busy is not 0 when somebody died while changing the object, or panicked there: it names him, see MarkBusy. Only the holder of the lock may rely on it.
func (c *Core) Busy() uint32 { return atomic.LoadUint32(c.busy()) }

// Panicked, in a busy mark: the process lives, or lived on, but the function that was changing the object panicked.
const Panicked = 1 << 30

// MarkBusy sets the mark to the Ident of who is, or was, changing the object, with Panicked or without; 0 clears it. The caller holds the lock.
func (c *Core) MarkBusy(mark uint32) { atomic.StoreUint32(c.busy(), mark) }

// Acquire takes the lock, waiting for it until ctx ends or the handle is closed. The lock is not held when it returns an error.
func (c *Core) Acquire(ctx context.Context, h Closer, dirty uint32) (Recovery, error) {
	if err := ctx.Err(); err != nil {
		return Recovery{}, errs.FromContext(ctx)
	}
	if atomic.CompareAndSwapUint32(c.word, 0, c.Me|dirty) {
		c.RaceAcquire()
		if h.Closed() { // between the caller's look and the swap
			_ = c.releaseSlow()
			return Recovery{}, errs.ErrClosed
		}
		return Recovery{}, nil
	}
	if err := c.acquireSlow(ctx, h, dirty); err != nil {
		return Recovery{}, err
	}
	return c.Recovery(), nil
}

// Release gives the lock up, whoever of this process took it.
func (c *Core) Release() error {
	c.RaceRelease()
	if atomic.CompareAndSwapUint32(c.word, c.Me, 0) || atomic.CompareAndSwapUint32(c.word, c.Me|Dirty, 0) {
		return nil
	}
	return c.releaseSlow()
}

// Held reports whether this process holds the lock.
func (c *Core) Held() bool {
	w := atomic.LoadUint32(c.word)
	return w&handed == 0 && w&ownerMask == c.Me
}

// Abandon releases the lock if this process still holds it when its last handle goes: nobody here could release it later. It waits, some microseconds, for those who were about to take
// it and will find that they must not.
func (c *Core) Abandon() {
	for c.Trying() {
		runtime.Gosched()
	}
	for c.Held() {
		if w := atomic.LoadUint32(c.word); w&Dirty != 0 {
			c.MarkBusy(c.Me)
		}
		if c.releaseSlow() == nil {
			return
		}
	}
}

// RaceAcquire and RaceRelease tell the race detector what the word orders. The inlined fast paths call them too.
func (c *Core) RaceAcquire() { race.Acquire(&c.hooks) }

// RaceRelease is the other half of RaceAcquire; call it before the word is released.
func (c *Core) RaceRelease() { race.Release(&c.hooks) }

func (c *Core) releaseSlow() error {
	for {
		w := atomic.LoadUint32(c.word)
		if w&ownerMask != c.Me || w&handed != 0 {
			return errs.ErrNotOwner
		}
		if c.rec.Load() != nil {
			c.rec.Store(nil)
		}
		if w&waiters == 0 {
			if atomic.CompareAndSwapUint32(c.word, w, 0) {
				return nil
			}
			continue
		}
		if n := atomic.LoadUint64(c.next()); n != 0 && c.f.Alive(claimant(n)) {
			if c.handOver(w, n) {
				return nil
			}
			continue
		}
		if atomic.CompareAndSwapUint32(c.word, w, 0) {
			killpoint.Here("unlock.released")
			park.Wake(c.word, 1)
			return nil
		}
	}
}

// handOver reserves the lock for a claimant.
func (c *Core) handOver(w uint32, n uint64) bool {
	to := waiters | handed | uint32(claimant(n))
	if !atomic.CompareAndSwapUint32(c.word, w, to) {
		return false
	}
	killpoint.Here("unlock.handed")
	// A claimant that gave up between our look at its claim and the swap does not know that it was chosen.
	if atomic.LoadUint64(c.next()) != n && atomic.CompareAndSwapUint32(c.word, to, 0) {
		park.Wake(c.word, 1)
		return true
	}
	park.Wake(c.word, park.All)
	return true
}
