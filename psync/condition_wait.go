package psync

import (
	"container/list"
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// The waiter's side of a Condition. Its process's row says how many wait, and how many of them were notified (granted). Which goroutine a grant is for is the process's own business.
//
// Invariants:
//
//  1. A goroutine is counted in waiting from before it gives the lock up until it has it back. Only goroutines of the row's process lower it, each by its own 1, under lobby.mu.
//  2. A grant leaves the row together with the goroutine that has used it, when that one has the lock again: if it is killed before, the row still says that a notification has
//     reached nobody. If it is killed after it has the lock and before it has left the row, the grant is given once more, to a waiter who looks in vain.
//  3. lobby.claimed is how many grants of the row goroutines are on their way with. The others belong to those who have waited longest, by their tickets: one who has come after a Notify
//     never takes what it granted. Whoever is woken for another's grant lets him pass: he leaves the room and comes back behind him.
//  4. A goroutine whose wait ends while a grant belongs to it takes that; else it leaves all grants to the others.
//  5. Whoever dies with the lock in hand, perhaps halfway through NotifyAll, wakes everybody who waited at that time: each compares the lock's count of takeovers with that of the
//     time when it had the lock, before each sleep, and a death ends every sleep.
//  6. Locks are taken in the order: the user's lock, the embedded lock, lobby.mu. Whoever waits has none of them.
type condWaiter struct {
	c        *Condition
	ctx      context.Context
	t        *tenure
	ends     either
	since    uint32 // takeovers of the lock when this goroutine had it
	row      ledger.Row
	ticket   *list.Element // in lobby.queue, until it has taken a grant or left
	claimed  bool          // it has taken a grant
	resigned bool          // it has left the row, without one
	passes   bool          // a grant is there for somebody who may be behind it in the room
	err      error
}

func (w *condWaiter) me() family.Ident { return family.Ident(w.c.h.Lock().Me) }

// enroll counts the goroutine in its process's row. The caller has the user's lock.
func (w *condWaiter) enroll() error {
	in := w.c.in
	in.mu.Lock()
	if r, ok := w.c.rows.Mine(); ok {
		if counted, err := w.add(r); counted || err != nil {
			in.mu.Unlock()
			return err
		}
	}
	in.mu.Unlock()
	// No row, or one that another process has claimed meanwhile, which it can't while the lock is held.
	core := w.c.h.Lock()
	if _, err := core.Acquire(w.ctx, w.ends, 0); err != nil {
		return err
	}
	defer func() { _ = core.Release() }() // ErrNotOwner: the lock was scribbled over
	w.c.settle()
	r, err := w.c.rows.Claim()
	if err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if counted, err := w.add(r); !counted && err == nil {
		return fmt.Errorf("%w: the row of this process is another's", errs.ErrCorrupt)
	} else {
		return err
	}
}

// add counts the goroutine in the row if that is the process's. Called with lobby.mu held.
func (w *condWaiter) add(r ledger.Row) (bool, error) {
	for {
		v := atomic.LoadUint64(r.Word())
		waiting, _ := condCounts(v)
		switch {
		case ledger.OwnerOf(v) != w.me():
			return false, nil
		case waiting == condMask:
			return false, fmt.Errorf("psync: %d goroutines of this process wait for one Condition; it can't count more", waiting)
		case !atomic.CompareAndSwapUint64(r.Word(), v, v+oneWaiting):
			continue
		}
		// After the count: a Notify that has missed the count finds the tickets changed.
		w.row, w.ticket = r, w.c.in.queue.PushBack(uint32(atomic.AddUint64(w.c.area.tickets(), 1)))
		w.announce()
		return true, nil
	}
}

// look is that of await: it ends the wait when there is a grant for this goroutine.
func (w *condWaiter) look() (*uint32, uint32, bool) {
	bell := condBell(w.row)
	rung := atomic.LoadUint32(bell) // before the counts
	if w.claim() || w.passes || w.err != nil {
		return bell, rung, true
	}
	w.c.mourn(func() error { _, err := w.c.h.Lock().Acquire(w.ctx, w.ends, 0); return err }, w.c.settle)
	return bell, rung, w.t.core().DiedInside(w.since)
}

// sleep waits until there is a grant for this goroutine, or its wait ends.
func (w *condWaiter) sleep() error {
	r, done := w.c.in.rooms.enter(w.since)
	defer done()
	for pause := time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		err := r.Wait(w.ctx, w.ends, w.look)
		if err != nil || !w.passes {
			return err
		}
		w.passes = false
		if pause < 8*time.Microsecond {
			runtime.Gosched() // he may be on his way into the room
		} else {
			time.Sleep(pause)
		}
	}
}

// claim takes a grant that is this goroutine's.
func (w *condWaiter) claim() bool {
	in := w.c.in
	in.mu.Lock()
	defer in.mu.Unlock()
	v := atomic.LoadUint64(w.row.Word())
	waiting, granted := condCounts(v)
	switch {
	case ledger.OwnerOf(v) != w.me() || waiting == 0:
		w.err = fmt.Errorf("%w: a Condition has lost this waiter", errs.ErrCorrupt)
		return false
	case granted > in.claimed:
		if w.owns(granted) {
			w.take()
			return true
		}
		w.passes = true
	}
	return false
}

// owns reports whether one of the grants that nobody has taken is this goroutine's. Called with lobby.mu held.
func (w *condWaiter) owns(granted uint64) bool {
	e := w.c.in.queue.Front()
	for n := w.c.in.claimed; n < granted && e != nil && w.ticket != nil; n++ {
		if e == w.ticket {
			return true
		}
		e = e.Next()
	}
	return false
}

// take takes a grant. Called with lobby.mu held, as are the next two.
func (w *condWaiter) take() {
	w.c.in.claimed++
	w.claimed = true
	w.unqueue()
	w.announce()
}

// unqueue takes the goroutine out of those that may take a grant.
func (w *condWaiter) unqueue() {
	if w.ticket != nil {
		w.c.in.queue.Remove(w.ticket)
		w.ticket = nil
	}
}

// announce tells notifiers the ticket of the process's longest waiter.
func (w *condWaiter) announce() {
	if e := w.c.in.queue.Front(); e != nil && atomic.LoadUint32(condTicket(w.row)) != e.Value.(uint32) {
		atomic.StoreUint32(condTicket(w.row), e.Value.(uint32))
	}
}

// resign ends a wait that the context has ended: it reports true when a grant is this goroutine's, which it takes, else the goroutine has left.
func (w *condWaiter) resign() (notified bool) {
	in := w.c.in
	in.mu.Lock()
	defer in.mu.Unlock()
	for {
		v := atomic.LoadUint64(w.row.Word())
		waiting, granted := condCounts(v)
		switch {
		case ledger.OwnerOf(v) != w.me() || waiting == 0:
			w.unqueue()
			w.resigned = true
			return false
		case w.owns(granted):
			w.take()
			return true
		}
		if w.swap(v, waiting, false) {
			w.resigned = true
			return false
		}
	}
}

// depart takes the goroutine out of the row, with its grant if it has one. pass: it can't act on the notification, so another is notified before.
func (w *condWaiter) depart(pass bool) {
	in := w.c.in
	in.mu.Lock()
	defer in.mu.Unlock()
	if _, granted := condCounts(atomic.LoadUint64(w.row.Word())); !w.claimed && w.owns(granted) {
		w.take()
	}
	if w.claimed {
		in.claimed--
	}
	for {
		v := atomic.LoadUint64(w.row.Word())
		waiting, granted := condCounts(v)
		if ledger.OwnerOf(v) != w.me() || waiting == 0 {
			w.unqueue()
			return
		}
		grant := granted > 0 && w.claimed
		if grant && pass {
			_, _, _ = w.c.grant(1)
			pass = false
			continue
		}
		if w.swap(v, waiting, grant) {
			return
		}
	}
}

// swap lowers waiting, and granted with it, in a row that says v. The last to leave makes the row settled.
func (w *condWaiter) swap(v, waiting uint64, grant bool) bool {
	next := v - oneWaiting
	if grant {
		next -= oneGranted
	}
	if waiting == 1 {
		atomic.StoreUint64(w.row.Extra(), 0)
		next = ledger.Word(w.me(), 0)
	}
	if !atomic.CompareAndSwapUint64(w.row.Word(), v, next) {
		return false
	}
	w.unqueue()
	if waiting > 1 {
		w.announce()
	}
	return true
}
