package robust

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/sys"
)

const (
	// HandOffAfter is how long a process waits for a lock that others keep taking before its turn is enforced.
	HandOffAfter = time.Millisecond

	// The spin before a sleep: spinLooks looks at the word, with a pause before each that doubles from spinPause loads, together some 7 us, which is longer
	// than most critical sections and shorter than a sleep and a wake. The pauses touch no shared memory: two contenders that look all the time take the
	// word's cache line from each other at every instruction, and both are three times slower.
	spinLooks = 5
	spinPause = 512

	// lookAgain is how often a sleeper looks at everything again without being told to. Nothing depends on it as far as we know.
	lookAgain = 5 * time.Second

	// yields: how often a goroutine lets others of its own process run first, when one of them has the lock.
	yields = 4
)

var kicks = sync.Pool{New: func() any { return park.NewKick() }}

// spin tries to take the lock for a few microseconds.
func (c *Core) spin(dirty uint32) bool {
	if runtime.NumCPU() == 1 {
		return false
	}
	for i := range spinLooks {
		for range spinPause << i {
			_ = atomic.LoadUint32(&c.hooks)
		}
		w := atomic.LoadUint32(c.word)
		if w == 0 && atomic.CompareAndSwapUint32(c.word, 0, c.Me|dirty) {
			return true
		}
		if w&(waiters|handed) != 0 {
			return false // a queue has formed: spinning would only overtake it
		}
	}
	return false
}

func (c *Core) acquireSlow(ctx context.Context, h Closer, dirty uint32) error {
	if done, err := c.trySome(h, dirty); done {
		return err
	}
	w := waiter{c: c, ctx: ctx, h: h, dirty: dirty, k: kicks.Get().(*park.Kick)}
	h.AddKick(w.k)
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, w.k.Set)
	}
	err := w.acquire()
	h.RemoveKick(w.k)
	if stop() { // else the function runs, or has run: it may still touch the kick
		w.k.Reset()
		kicks.Put(w.k)
	}
	return err
}

// trySome looks for the lock a few times before the caller prepares to sleep: done, unless it stays taken. Whoever closes the handle waits for those who are here, or sees that they have the
// lock: of the count and a look at Closed here, and of the mark of Close and a look at the count there, one sees the other.
func (c *Core) trySome(h Closer, dirty uint32) (done bool, err error) {
	c.trying.Add(1)
	defer c.trying.Add(-1)
	if h.Closed() {
		return true, errs.ErrClosed
	}
	got := c.spin(dirty)
	for i := 0; !got && i < yields && atomic.LoadUint32(c.word)&ownerMask == c.Me; i++ {
		runtime.Gosched()
		got = atomic.CompareAndSwapUint32(c.word, 0, c.Me|dirty)
	}
	if !got {
		return false, nil
	}
	c.RaceAcquire()
	if h.Closed() {
		_ = c.releaseSlow()
		return true, errs.ErrClosed
	}
	return true, nil
}

// Trying reports whether a goroutine of this process is about to take the lock, or to find that its handle was closed, without a kick that Close knows.
func (c *Core) Trying() bool { return c.trying.Load() > 0 }

func (c *Core) theGate() *park.Gate {
	if g := c.gate.Load(); g != nil {
		return g
	}
	c.gate.CompareAndSwap(nil, new(park.Gate))
	return c.gate.Load()
}

// waiter is one goroutine on its way through the gate and the sleep.
type waiter struct {
	c     *Core
	ctx   context.Context
	h     Closer
	dirty uint32
	k     *park.Kick

	since   int64  // when it passed the gate, monotonic ns
	claim   uint64 // what it writes into next
	claimed bool
	slept   bool

	watched family.Ident // whose death kicks it
	watch   *family.Watch

	reserved uint32 // a handed word that it has seen for one Backstop already
}

func (w *waiter) acquire() error {
	g := w.c.theGate()
	for !g.Enter(w.k) {
		if err := w.ended(); err != nil {
			return err
		}
		w.k.Reset()
		if err := w.ended(); err != nil {
			return err
		}
	}
	defer g.Leave()
	defer w.unwatch()
	w.since = sys.Monotonic()
	w.claim = claimOf(w.since, family.Ident(w.c.Me))
	for {
		// The kick first, then what it may have told: a kick after this look is seen by the next sleep.
		if w.k.IsSet() {
			w.k.Reset()
		}
		if err := w.ended(); err != nil {
			w.giveUp()
			return err
		}
		if w.try() {
			w.unclaim()
			killpoint.Here("lock.acquired")
			return nil
		}
	}
}

func (w *waiter) ended() error {
	if w.h.Closed() {
		return errs.ErrClosed
	}
	if w.ctx.Err() != nil {
		return errs.FromContext(w.ctx)
	}
	return nil
}

// try takes the lock if it can be taken now, and sleeps once otherwise.
func (w *waiter) try() bool {
	c := w.c
	word := atomic.LoadUint32(c.word)
	owner := family.Ident(word & ownerMask)
	mine := c.Me | w.dirty
	if w.slept {
		mine |= waiters // invariant 3
	}
	switch {
	case owner == 0, word&handed != 0 && uint32(owner) == c.Me:
		if atomic.CompareAndSwapUint32(c.word, word, mine|word&waiters) {
			c.RaceAcquire()
			return true
		}
		return false
	case !c.f.Alive(owner):
		return c.takeOver(word, w.dirty)
	case word&handed != 0 && w.reserved == word:
		// Reserved for a process that has not come for a whole Backstop: it is stopped, or does not know.
		if atomic.CompareAndSwapUint32(c.word, word, mine|waiters) {
			c.passOver(owner)
			c.RaceAcquire()
			return true
		}
		w.reserved = 0
		return false
	}
	w.sleep(word, owner)
	return false
}

// sleep waits for the word to change from a value that names a living owner.
func (w *waiter) sleep(word uint32, owner family.Ident) {
	c := w.c
	if w.watched != owner {
		w.unwatch()
		if uint32(owner) != c.Me {
			w.watch, w.watched = c.f.Watch(owner, w.k.Set), owner
		}
	}
	if word&waiters == 0 {
		if !atomic.CompareAndSwapUint32(c.word, word, word|waiters) {
			return
		}
		word |= waiters
	}
	w.slept = true
	killpoint.Here("lock.waiting")
	timeout := lookAgain
	if waited := time.Duration(sys.Monotonic() - w.since); waited < HandOffAfter {
		timeout = HandOffAfter - waited
	} else {
		w.stake()
	}
	if word&handed != 0 {
		if park.Wait(c.word, word, w.k, park.Backstop) {
			w.reserved = word
		}
		return
	}
	w.reserved = 0
	park.Wait(c.word, word, w.k, timeout)
}

func (w *waiter) unwatch() {
	if w.watch != nil {
		w.watch.Stop()
		w.watch, w.watched = nil, 0
	}
}

// giveUp leaves without the lock. A wake or a hand-over that was meant for this waiter goes on to the next.
func (w *waiter) giveUp() {
	c := w.c
	w.unclaim()
	killpoint.Here("lock.given-up")
	for {
		word := atomic.LoadUint32(c.word)
		switch {
		case word&ownerMask == 0:
			park.Wake(c.word, 1)
			return
		case word&handed != 0 && word&ownerMask == c.Me:
			if atomic.CompareAndSwapUint32(c.word, word, c.Me|waiters) {
				_ = c.releaseSlow()
				return
			}
		case w.slept && word&waiters == 0:
			// Its wake-up may have been meant for another sleeper, whom the present holder does not know of.
			if atomic.CompareAndSwapUint32(c.word, word, word|waiters) {
				return
			}
		default:
			return
		}
	}
}
