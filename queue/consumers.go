package queue

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/await"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// consumers knows which process has taken how many tasks of a JoinableQueue. The tasks that are not done are those in the ring and those in the rows, and no
// counter has to agree with both.
//
// Taking an item is three steps under the consumers' lock of the ring: the row says which item is being taken; the head moves past it; the row counts it and no longer says so. A consumer that
// is killed between these has taken the item if the head is past it, and has not if it isn't. That can be told as long as the head has not moved on, so
// the next consumer settles the dead one's row before he takes (the ring's extra word says whose that is).
//
// Invariants:
//
//  1. A row's counts change by one compare-and-swap from a value with the owner's Ident: by its owner, or, when he is dead, by a settler.
//  2. As long as a dead consumer's row says that an item is being taken the head is where it left it, since every consumer settles the row before he takes. So whoever reads first
//     the row, then the head, settles it right, if his compare-and-swap succeeds. Emptying a dead row needs the embedded lock.
//  3. Who moves a dead row's tasks to the lost ones writes the new sum into the row's extra first. No other row is touched before that is finished, also by whoever finds it half-done.
//  4. tally reads the ring and the lost ones before the rows, and again after them: a task that has left the ring is in a row before it has left, and one that has left a row
//     is in the sum before, so none is overlooked; and when nobody has put anything meanwhile, a task cannot have been replaced by one that was put after the ring was read.
//  5. Whether an owner is dead is asked before its word is read: what it did last is in a word that was read after its death was known.
type consumers struct {
	h    *arena.Handle
	r    *ring.Ring
	m    roster
	rows *ledger.Table
	room await.Room
	put  atomic.Bool // putting has been called
}

// close gives the handle up, unless a goroutine of this process is inside: then the collector does it. Those who wait in Join look first: this process may have been one that could yet
// have become a consumer.
func (c *consumers) close(inside bool) {
	if !c.h.Closed() {
		c.wake()
	}
	if inside, err := c.h.CloseUnless(func() bool { return inside || c.h.Lock().Held() }); err == nil && !inside {
		c.rows.Close()
	}
}

func (c *consumers) alive(id family.Ident) bool {
	a, err := arena.Home()
	return err == nil && a.Family().Alive(id)
}

// taking is the first step. The caller holds the consumers' lock, with the head before the item.
func (c *consumers) taking(item uint64) error {
	if c.h.Closed() {
		return errs.ErrClosed
	}
	if dead := atomic.LoadUint64(c.r.Extra()); dead != 0 {
		c.settleTaking(family.Ident(dead), item)
	}
	row, ok := c.rows.Mine()
	if !ok {
		var err error
		if row, err = c.enlist(); err != nil {
			return err
		}
	}
	atomic.StoreUint64(c.r.Extra(), uint64(c.h.Lock().Me))
	for {
		w := load(row.Word())
		if ledger.OwnerOf(w) != family.Ident(c.h.Lock().Me) { // idle rows may be claimed by others
			var err error
			if row, err = c.enlist(); err != nil {
				return err
			}
			continue
		}
		if w&takenMask == takenMask {
			return fmt.Errorf("queue: this process has taken %d tasks and not done them, the most that are allowed", takenMask)
		}
		next := w&^(takingMask<<takingBits|putsOnly|newcomer) | takingBit | item&takingMask<<takingBits
		if atomic.CompareAndSwapUint64(row.Word(), w, next) {
			killpoint.Here("joinable.taking")
			return nil
		}
	}
}

// took is the third step.
func (c *consumers) took(uint64) {
	if row, ok := c.rows.Mine(); ok {
		for {
			w := load(row.Word())
			if ledger.OwnerOf(w) != family.Ident(c.h.Lock().Me) || w&takingBit == 0 || atomic.CompareAndSwapUint64(row.Word(), w, w&^(takingBit|takingMask<<takingBits)+1) {
				break
			}
		}
	}
	killpoint.Here("joinable.taken")
	atomic.StoreUint64(c.r.Extra(), 0)
}

// settleTaking decides whether a dead consumer had taken the item that it was taking: head is where the ring is.
func (c *consumers) settleTaking(dead family.Ident, head uint64) {
	for row := range c.rows.Each {
		w := load(row.Word())
		if ledger.OwnerOf(w) != dead || w&takingBit == 0 {
			continue
		}
		atomic.CompareAndSwapUint64(row.Word(), w, settled(w, head))
		killpoint.Here("joinable.settled")
	}
}

// settled is the word of a dead consumer's row without the item that it was taking, counted if it has taken it.
func settled(w, head uint64) uint64 {
	next := w &^ (takingBit | takingMask<<takingBits)
	if past(w, head) {
		next++
	}
	return next
}

// past reports whether the head is past the item that a row is taking.
func past(w, head uint64) bool {
	item := w >> takingBits & takingMask
	return w&takingBit != 0 && uint16(head-item) != 0 && uint16(head-item) < 1<<15
}

// enlist gives this process a row. It settles what the dead have left, under the embedded lock; the caller may hold the consumers' lock.
func (c *consumers) enlist() (ledger.Row, error) {
	ctx, cancel := context.WithTimeout(context.Background(), enlistWithin)
	defer cancel()
	if _, err := c.h.Lock().Acquire(ctx, c.h, 0); err != nil {
		return ledger.Row{}, fmt.Errorf("queue: the table of consumers is locked: %w", err)
	}
	defer c.h.Lock().Release()
	c.bury()
	return c.rows.Claim()
}

// bury moves the tasks of dead consumers from their rows to the lost ones (invariant 3). The caller holds the embedded lock.
func (c *consumers) bury() {
	for row := range c.rows.Each {
		if load(row.Extra()) != 0 && !c.alive(row.Owner()) {
			c.moveLost(row, load(row.Word()))
		}
	}
	for row := range c.rows.Each {
		if c.alive(row.Owner()) { // invariant 5
			continue
		}
		w := load(row.Word())
		if w&takingBit != 0 {
			head, _ := c.r.Places() // invariant 2
			atomic.CompareAndSwapUint64(row.Word(), w, settled(w, head))
			w = load(row.Word()) // a consumer may have been faster
		}
		if w&putsOnly == 0 && row.Owner() != 0 {
			atomic.StoreUint32(c.m.died(), 1) // the row may become another's
		}
		switch {
		case w&ledger.Counts == 0 || w&takingBit != 0: // the latter only where a peer scribbles
		case w&putsOnly != 0:
			atomic.CompareAndSwapUint64(row.Word(), w, 0) // not a consumer that has died
		default:
			atomic.StoreUint64(row.Extra(), load(c.m.lost())+w&takenMask+1)
			c.moveLost(row, w)
		}
	}
}

// moveLost finishes what the row's extra says has begun. Each step may be done again by whoever comes after a death.
func (c *consumers) moveLost(row ledger.Row, w uint64) {
	killpoint.Here("joinable.burying")
	atomic.StoreUint64(c.m.lost(), load(row.Extra())-1)
	killpoint.Here("joinable.buried")
	atomic.CompareAndSwapUint64(row.Word(), w, w&^ledger.Counts)
	killpoint.Here("joinable.emptied")
	atomic.StoreUint64(row.Extra(), 0)
}

// done takes one task from this process's row.
func (c *consumers) done() error {
	row, ok := c.rows.Mine()
	if !ok {
		return ErrTooManyDone
	}
	for {
		w := load(row.Word())
		if ledger.OwnerOf(w) != family.Ident(c.h.Lock().Me) || w&takenMask == 0 {
			return ErrTooManyDone
		}
		if !atomic.CompareAndSwapUint64(row.Word(), w, w-1) {
			continue
		}
		killpoint.Here("joinable.done")
		if w&takenMask == 1 {
			c.wake()
		}
		return nil
	}
}

// wake makes those who sleep in Join look again. Mark and count change in one step, so a process that is stopped here leaves nothing half-done.
func (c *consumers) wake() {
	for {
		w := atomic.LoadUint32(c.m.bell())
		if w&joining == 0 {
			return
		}
		if atomic.CompareAndSwapUint32(c.m.bell(), w, w&^joining+2) {
			break
		}
	}
	park.Wake(c.m.bell(), park.All)
}

// count is the tasks that are not done.
type count struct {
	queued, taken, lost int
	consumers, dead     int // processes with a row
}

func (c *consumers) tally() (n count) {
	for range maxTallies {
		n = count{}
		head, before := c.r.Places()
		n.queued = c.r.Between(head, before)
		lost := load(c.m.lost())
		moved := lost
		for row := range c.rows.Each {
			owner := row.Owner()
			alive := c.alive(owner) // invariant 5
			w := load(row.Word())
			alive = alive || ledger.OwnerOf(w) != owner // it has changed hands, to somebody who lives
			tasks := int(w & takenMask)
			now, _ := c.r.Places()
			if past(w, now) {
				tasks++
			}
			switch {
			case w&putsOnly != 0, alive && w&newcomer != 0:
			case alive:
				n.consumers++
				n.taken += tasks
			default:
				n.dead++
				if sum := load(row.Extra()); sum != 0 { // somebody is adding them to those lost, or died doing so
					lost = max(lost, sum-1)
				} else {
					n.lost += tasks
				}
			}
		}
		n.lost += int(lost)
		if atomic.LoadUint32(c.m.died()) != 0 {
			n.dead++
		}
		if _, after := c.r.Places(); after == before && load(c.m.lost()) == moved { // invariant 4
			return n
		}
	}
	n.queued = max(n.queued, 1) // items come all the time
	return n
}

// The embedded lock is held for microseconds, except by a process that is stopped. Who only notes something does without; who takes an item fails, since he holds the consumers' lock.
const (
	noteWithin   = 10 * time.Millisecond
	enlistWithin = time.Second
)

// maxTallies is how often tally looks again when somebody puts while it looks.
const maxTallies = 1000

func (c *consumers) join(ctx context.Context) (err error) {
	werr := c.room.Wait(ctx, c.h, func() (*uint32, uint32, bool) {
		bell := atomic.OrUint32(c.m.bell(), joining) | joining
		killpoint.Here("joinable.joining")
		over := false
		over, err = c.over()
		return c.m.bell(), bell, over
	})
	if werr != nil {
		return werr
	}
	return err
}

// over reports whether Join has nothing more to wait for, and what it tells.
func (c *consumers) over() (bool, error) {
	if err := c.rows.Attach(); err != nil { // else a row may be overlooked
		return true, err
	}
	n := c.tally()
	for range maxTallies {
		switch {
		case n.queued == 0 && n.taken == 0 && n.lost > 0:
			return true, &LostTasksError{n.lost}
		case n.queued == 0 && n.taken == 0:
			return true, nil
		case n.taken > 0, n.consumers > 0, n.dead == 0 && n.lost == 0, c.others():
			return false, nil
		}
		// Somebody may have come, worked, and gone, between the tally and the look at the others.
		before := n
		if n = c.tally(); n != before {
			continue
		}
		if n.lost > 0 {
			return true, errors.Join(ErrNoConsumer, &LostTasksError{n.lost})
		}
		return true, ErrNoConsumer
	}
	return false, nil
}

// others reports whether another process has, or is about to get, a handle and may yet become a consumer: it has neither taken nor put anything.
func (c *consumers) others() bool {
	known := map[family.Ident]bool{family.Ident(c.h.Lock().Me): true}
	for row := range c.rows.Each {
		if w := load(row.Word()); w&newcomer == 0 {
			known[ledger.OwnerOf(w)] = true
		}
	}
	found := false
	unknown := arena.Holders(c.r.Handle().Ref(), func(id family.Ident) { found = found || !known[id] })
	return found || unknown
}

// putting notes, once, that this process puts tasks.
func (c *consumers) putting() {
	if c.put.Load() || c.h.Closed() {
		return
	}
	c.put.Store(c.note(putsOnly))
}

// arrived notes that this process has got a handle: it may become a consumer, and when it ends before that Join counts it among those that are gone.
func (c *consumers) arrived() { _ = c.note(newcomer) }

// note marks this process's row as that of one who is no consumer, which it stays if he is. It waits for no long time for its turn, and reports whether it has had it: without a row Join only
// takes him for one who may yet consume.
func (c *consumers) note(mark uint64) bool {
	ctx, cancel := context.WithTimeout(context.Background(), noteWithin)
	defer cancel()
	if _, err := c.h.Lock().Acquire(ctx, c.h, 0); err != nil {
		return false
	}
	defer c.wake() // one who puts is none that Join has to wait for
	defer c.h.Lock().Release()
	row, had := c.rows.Mine()
	if !had {
		c.bury()
		var err error
		if row, err = c.rows.Claim(); err != nil {
			return false
		}
	}
	for {
		w := load(row.Word())
		if ledger.OwnerOf(w) != family.Ident(c.h.Lock().Me) || had && w&newcomer == 0 || !had && w&ledger.Counts != 0 {
			return true
		}
		if atomic.CompareAndSwapUint64(row.Word(), w, ledger.Word(ledger.OwnerOf(w), mark)) {
			return true
		}
	}
}

func (c *consumers) forget() (int, error) {
	if c.h.Closed() {
		return 0, errs.ErrClosed
	}
	if _, err := c.h.Lock().Acquire(context.Background(), c.h, 0); err != nil {
		return 0, err
	}
	defer c.h.Lock().Release()
	c.bury()
	n := int(atomic.SwapUint64(c.m.lost(), 0))
	c.wake()
	return n, nil
}
