package robust

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// A claim says since when a process has been waiting: monotonic time in units of 2^14 ns in the upper 35 bits (they wrap after 6.5 days; claims that old
// are compared wrongly, which costs their owner a turn and nothing else), the Ident below.
const (
	claimShift = family.IdentBits
	claimUnit  = 14
)

func claimOf(since int64, id family.Ident) uint64 {
	return uint64(since)>>claimUnit<<claimShift | uint64(id)
}

func claimant(n uint64) family.Ident { return family.Ident(n) & ownerMask }

// earlier reports whether claim a began before claim b, on a clock that wraps.
func earlier(a, b uint64) bool { return int64((a&^uint64(ownerMask))-(b&^uint64(ownerMask))) < 0 }

// stake puts this waiter's claim into next, unless somebody alive has waited longer.
func (w *waiter) stake() {
	next := w.c.next()
	for {
		n := atomic.LoadUint64(next)
		if n == w.claim {
			return
		}
		if n != 0 && !earlier(w.claim, n) && w.c.f.Alive(claimant(n)) && uint32(claimant(n)) != w.c.Me {
			return
		}
		if atomic.CompareAndSwapUint64(next, n, w.claim) {
			w.claimed = true
			killpoint.Here("lock.claimed")
			return
		}
	}
}

func (w *waiter) unclaim() {
	if w.claimed {
		atomic.CompareAndSwapUint64(w.c.next(), w.claim, 0)
		w.claimed = false
	}
}

// Waiting is what a lock's String tells of those who wait.
type Waiting struct {
	Somebody bool          // the waiters bit is set
	First    family.Ident  // who has waited longest, once it has waited for HandOffAfter; else 0
	For      time.Duration // since when
	Here     int           // goroutines of this process behind the one that sleeps
}

// State describes the lock at one moment.
func (c *Core) State(now int64) (owner family.Ident, reserved bool, wait Waiting) {
	w := atomic.LoadUint32(c.word)
	wait.Somebody = w&waiters != 0
	if n := atomic.LoadUint64(c.next()); n != 0 && c.f.Alive(claimant(n)) {
		wait.First = claimant(n)
		units := (uint64(now)>>claimUnit - n>>claimShift) & (1<<(64-claimShift) - 1)
		wait.For = time.Duration(units << claimUnit)
	}
	if g := c.gate.Load(); g != nil {
		wait.Here = g.Queued()
	}
	return family.Ident(w & ownerMask), w&handed != 0, wait
}

// Culprit names the process of a busy mark.
func (c *Core) Culprit(mark uint32) string {
	if p, ok := c.f.Peer(family.Ident(mark & ownerMask)); ok {
		return fmt.Sprintf("%s (pid %d)", p.Name, p.PID)
	}
	return "a process that is gone"
}

// Who describes a participant for people.
func (c *Core) Who(id family.Ident) string {
	p, ok := c.f.Peer(id)
	switch {
	case !ok:
		return "a process that is gone"
	case !c.f.Alive(id):
		return fmt.Sprintf("%s (pid %d, dead)", p.Name, p.PID)
	case uint32(id) == c.Me:
		return fmt.Sprintf("this process, %s (pid %d)", p.Name, p.PID)
	}
	return fmt.Sprintf("%s (pid %d)", p.Name, p.PID)
}
