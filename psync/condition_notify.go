package psync

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/park"
)

// The notifier's side of a Condition, and what is done about its dead waiters.
//
// Invariants, besides those of the waiter's side:
//
//  1. granted grows by a compare-and-swap on a word that names a participant who is alive as far as known, and has more waiters than grants. If he is dead all the same, his row is
//     settled after that: a settled row has no waiters, so no grant is added to it.
//  2. Settling runs under the embedded lock. A grant of the dead is first given to somebody else and then taken from the row, one at a time. A settler that is killed between the two has
//     woken one waiter too many; the next settler goes on with what the rows say. None is lost, except when nobody else waits.
//  3. idle = tickets only while nobody alive has more waiters than grants: the tickets were read before the rows were looked at, and a waiter is counted before it takes a ticket.
//  4. The bell is rung after the grant, also when the row's owner has left it meanwhile. A row that is settled but for that waits for its owner, or for the next one to settle the rows of the dead.
//  5. Every loop is bounded by counts that were read once, or by what other processes do meanwhile: scribbled counts make it long, not endless.

// notify grants n notifications; now is what tickets said before.
func (c *Condition) notify(n int, now uint64) error {
	killpoint.Here("condition.notify")
	_, left, err := c.grant(n)
	if err == nil && !left {
		atomic.StoreUint64(c.area.idle(), now)
	}
	return err
}

// candidate is a row that has waiters to notify.
type candidate struct {
	row     ledger.Row
	owner   family.Ident
	granted uint64
	ticket  uint32
	free    int // waiters without a grant
	give    int
}

// maxPasses is how often grant looks again for waiters in the place of some that left while it granted.
const maxPasses = 64

// grant notifies up to n waiters. It returns how many it has, and whether any are left.
func (c *Condition) grant(n int) (given int, left bool, err error) {
	if err := c.rows.Attach(); err != nil {
		return 0, true, err
	}
	for range maxPasses {
		var room [ledger.Inline]candidate
		list, total := c.candidates(room[:0])
		if total == 0 {
			return given, false, nil
		}
		deal(list, min(n-given, total), total)
		got := 0
		for i := range list {
			got += list[i].grant()
		}
		given += got
		if got == total || given == n {
			return given, got < total, nil
		}
	}
	return given, true, nil
}

// candidates appends the rows with waiters to notify to list, and counts those.
func (c *Condition) candidates(list []candidate) ([]candidate, int) {
	total := 0
	for r := range c.rows.Each {
		w := atomic.LoadUint64(r.Word())
		waiting, granted := condCounts(w)
		if waiting <= granted || !c.fam.Alive(ledger.OwnerOf(w)) {
			continue
		}
		free := int(waiting - granted)
		list = append(list, candidate{r, ledger.OwnerOf(w), granted, atomic.LoadUint32(condTicket(r)), free, 0})
		total += free
	}
	return list, total
}

// deal decides who gets the n of total: the process whose first waiter has waited longest, then the next; once all have got one, each a further one. Who has grants that it has not consumed comes after
// those who have none, since its ticket may be that of a waiter who was notified already.
func deal(list []candidate, n, total int) {
	if n >= total {
		for i := range list {
			list[i].give = list[i].free
		}
		return
	}
	if len(list) > 1 {
		slices.SortFunc(list, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.granted, b.granted), cmp.Compare(int32(a.ticket-b.ticket), 0))
		})
	}
	for n > 0 {
		for i := range list {
			if e := &list[i]; n > 0 && e.give < e.free {
				e.give++
				n--
			}
		}
	}
}

// grant adds as many grants as were dealt, as far as there are waiters for them, and wakes the process.
func (e *candidate) grant() int {
	for e.give > 0 {
		w := atomic.LoadUint64(e.row.Word())
		waiting, granted := condCounts(w)
		if ledger.OwnerOf(w) != e.owner || waiting <= granted {
			return 0
		}
		n := min(uint64(e.give), waiting-granted)
		if !atomic.CompareAndSwapUint64(e.row.Word(), w, w+n*oneGranted) {
			continue
		}
		killpoint.Here("condition.granted")
		// After the counts, for who looks in that order. Killed before it, the notifier wakes everybody by its death.
		atomic.AddUint32(condBell(e.row), 1)
		park.Wake(condBell(e.row), park.All)
		killpoint.Here("condition.woken")
		return int(n)
	}
	return 0
}

// settle clears the rows of the dead. The caller has the embedded lock.
func (c *Condition) settle() {
	d := c.fam.Deaths()
	if d == c.in.settled.Load() || c.rows.Attach() != nil {
		return
	}
	for r := range c.rows.Each {
		if owner := r.Owner(); owner != 0 && !c.fam.Alive(owner) {
			c.bury(r, owner)
		}
	}
	c.in.settled.Store(d)
}

// bury passes the grants of a dead participant's row on and clears it.
func (c *Condition) bury(r ledger.Row, dead family.Ident) {
	for {
		w := atomic.LoadUint64(r.Word())
		waiting, granted := condCounts(w)
		switch {
		case ledger.OwnerOf(w) != dead:
			return
		case w&ledger.Counts == 0:
			atomic.StoreUint64(r.Extra(), 0)
			return
		case granted > 0 && waiting > 0:
			killpoint.Here("condition.burying")
			if n, _, err := c.grant(1); n == 1 && err == nil {
				killpoint.Here("condition.regranted")
				c.less(r, dead)
				continue
			}
		}
		killpoint.Here("condition.clearing")
		if atomic.CompareAndSwapUint64(r.Word(), w, ledger.Word(dead, 0)) {
			killpoint.Here("condition.cleared")
		}
	}
}

// less takes one waiter with its grant out of a dead participant's row.
func (c *Condition) less(r ledger.Row, dead family.Ident) {
	for {
		w := atomic.LoadUint64(r.Word())
		waiting, granted := condCounts(w)
		if ledger.OwnerOf(w) != dead || waiting == 0 || granted == 0 ||
			atomic.CompareAndSwapUint64(r.Word(), w, w-oneWaiting-oneGranted) {
			return
		}
	}
}
