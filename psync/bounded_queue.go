package psync

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/park"
)

// The slow half of BoundedSemaphore: how permits come from where they are to who wants them.
//
// A permit is used or cached in one row, or it is in none; then it is free. The embedded lock is the queue of those whom their cached permits do not suffice, and its holder is the first of them.
//
//  1. used+cached of a row grows by the embedded lock's holder only, who is its owner, and by no more than he has counted as free. Everybody else only moves permits inside a row, or out of it. So
//     what he counts may be fewer than there are, never more.
//  2. A permit leaves a row, and comes into another, by one compare-and-swap each. Whoever is killed between the two leaves it free.
//  3. The first sleeps on the bell. Before that it has read the bell's value, emptied all caches, and set want in every row that has used permits. A release that finds want leaves its permits
//     free and rings afterwards; one that does not find it was before, and its cached permits were seen. The death of a process kicks (await).
//  4. The rows of the dead are zeroed by the first, each time it looks.
//  5. Who leaves the front, in whatever way but death, clears want in all rows. A want that was left by the dead makes releases ring for nobody and acquisitions slow, the first of which clears it.

// Before it sleeps the first looks a few times, with a pause before each that doubles from boundedPause loads, in all some 3.5 us; and lets others of its own process run, when one of
// them has permits.
const (
	boundedLooks = 4
	boundedPause = 512
	// tries is how often TryAcquire asks for the place of the first, while that is taken by somebody who does not wait and so is about to leave.
	tries = 100
)

func (s *BoundedSemaphore) alive(word uint64) bool { return s.rows.Alive(ledger.OwnerOf(word)) }

// waiting is the process that waits as the first, if the shared bytes tell.
func (s *BoundedSemaphore) waiting() family.Ident {
	id := family.Ident(atomic.LoadUint32(s.shared.front()) & family.IdentMask)
	if !s.rows.Alive(id) {
		return 0
	}
	return id
}

func (s *BoundedSemaphore) acquireSlow(ctx context.Context, n int) error {
	if !s.enter() {
		return errs.ErrClosed
	}
	defer s.use.RUnlock()
	if n < 0 || n > s.max {
		return fmt.Errorf("psync: AcquireN(%d) of a BoundedSemaphore of %d permits", n, s.max)
	}
	if n == 0 && ctx.Err() == nil {
		return nil
	}
	if _, err := s.h.Lock().Acquire(ctx, s.h, 0); err != nil {
		return err
	}
	killpoint.Here("bounded.first")
	err := s.first(ctx, n)
	_ = s.h.Lock().Release() // ErrNotOwner: a peer scribbled
	return err
}

// first gets n permits as the first of the queue.
func (s *BoundedSemaphore) first(ctx context.Context, n int) error {
	defer s.leaveFront()
	row, err := s.claim()
	if err != nil {
		return err
	}
	if ok, err := s.spin(row, n); ok || err != nil {
		return err
	}
	var lost error
	err = s.room.Wait(ctx, s.h, func() (*uint32, uint32, bool) {
		bell := s.shared.bell()
		val := atomic.LoadUint32(bell)
		s.settle()
		s.collect(n)
		ok, err := s.take(row, n)
		if ok || err != nil {
			lost = err
			return nil, 0, true
		}
		killpoint.Here("bounded.waiting")
		return bell, val, false
	})
	if err == nil {
		err = lost
	}
	return err
}

// spin tries without a sleep.
func (s *BoundedSemaphore) spin(row ledger.Row, n int) (bool, error) {
	var pause atomic.Uint32
	for i := range boundedLooks + 1 {
		if ok, err := s.take(row, n); ok || err != nil {
			return ok, err
		}
		if used(atomic.LoadUint64(row.Word())) > 0 {
			runtime.Gosched()
			continue
		}
		if runtime.NumCPU() == 1 || s.gone() {
			return false, nil
		}
		for range boundedPause << i {
			_ = pause.Load()
		}
	}
	return false, nil
}

// claim is this process's row. The caller is the first.
func (s *BoundedSemaphore) claim() (ledger.Row, error) {
	s.settle()
	row, err := s.rows.Claim() // which fails when there are rows that can't be seen
	if err != nil {
		return ledger.Row{}, err
	}
	if old := s.row.Load(); old != row.Word() && old != &closedRow {
		s.row.CompareAndSwap(old, row.Word())
	}
	return row, nil
}

// settle makes the permits of the dead free. The caller is the first.
func (s *BoundedSemaphore) settle() {
	for r := range s.rows.Each {
		if v := atomic.LoadUint64(r.Word()); v != 0 && !s.alive(v) {
			atomic.StoreUint64(r.Extra(), 0)
			atomic.CompareAndSwapUint64(r.Word(), v, 0)
			killpoint.Here("bounded.settled")
		}
	}
}

// take makes n permits used in the row, of those that it has cached, that are free, and that others have cached, if they are so many. The caller is the first. It fails when the row has
// become somebody else's, which no correct process does.
func (s *BoundedSemaphore) take(row ledger.Row, n int) (bool, error) {
	for {
		v := atomic.LoadUint64(row.Word())
		if ledger.OwnerOf(v) != s.rows.Me() {
			return false, fmt.Errorf("%w: this process's row was taken from it", errs.ErrCorrupt)
		}
		free, theirs := s.max, 0
		for r := range s.rows.Each {
			w := atomic.LoadUint64(r.Word())
			free -= used(w) + cached(w)
			if r != row {
				theirs += cached(w)
			}
		}
		short := n - cached(v) - free
		if short > theirs {
			return false, nil
		}
		if short > 0 && s.steal(row, short) < short {
			continue // they have used them meanwhile: count again
		}
		here := min(n, cached(v))
		if atomic.CompareAndSwapUint64(row.Word(), v, v-uint64(here)<<cachedShift+uint64(n)) {
			s.h.Lock().RaceAcquire()
			killpoint.Here("bounded.taken")
			return true, nil
		}
	}
}

// steal makes n permits free that are cached in rows other than the own one, or as many as there are.
func (s *BoundedSemaphore) steal(own ledger.Row, n int) (got int) {
	for r := range s.rows.Each {
		for r != own && got < n {
			v := atomic.LoadUint64(r.Word())
			k := min(n-got, cached(v))
			if k == 0 {
				break
			}
			if atomic.CompareAndSwapUint64(r.Word(), v, v-uint64(k)<<cachedShift) {
				got += k
				killpoint.Here("bounded.stolen")
			}
		}
	}
	return got
}

// collect makes all cached permits free and all further releases ring (invariant 3).
func (s *BoundedSemaphore) collect(n int) {
	atomic.StoreUint32(s.shared.wanted(), uint32(n))
	atomic.StoreUint32(s.shared.front(), uint32(s.rows.Me()))
	for r := range s.rows.Each {
		for {
			v := atomic.LoadUint64(r.Word())
			to := v &^ cachedMask
			if used(v) > 0 {
				to |= want
			}
			if to == v || atomic.CompareAndSwapUint64(r.Word(), v, to) {
				break
			}
		}
	}
	killpoint.Here("bounded.wanted")
}

// leaveFront undoes collect.
func (s *BoundedSemaphore) leaveFront() {
	killpoint.Here("bounded.leaving")
	for r := range s.rows.Each {
		for {
			v := atomic.LoadUint64(r.Word())
			if v&want == 0 || atomic.CompareAndSwapUint64(r.Word(), v, v&^want) {
				break
			}
		}
	}
	if atomic.LoadUint32(s.shared.front()) != 0 {
		atomic.StoreUint32(s.shared.front(), 0)
	}
	killpoint.Here("bounded.left")
}

func (s *BoundedSemaphore) trySlow(n int) bool {
	if !s.enter() {
		return false
	}
	defer s.use.RUnlock()
	if n <= 0 || n > s.max {
		return n == 0
	}
	for range tries {
		if s.h.Lock().TryAcquire(0) {
			killpoint.Here("bounded.first")
			ok := s.tryFirst(n)
			_ = s.h.Lock().Release()
			return ok
		}
		if s.waiting() != 0 {
			return false
		}
		runtime.Gosched()
	}
	return false
}

func (s *BoundedSemaphore) tryFirst(n int) bool {
	defer s.leaveFront()
	row, err := s.claim()
	if err != nil {
		return false
	}
	ok, err := s.take(row, n)
	return ok && err == nil
}

func (s *BoundedSemaphore) releaseSlow(n int) error {
	if !s.enter() {
		return errs.ErrClosed
	}
	defer s.use.RUnlock()
	if n < 0 {
		return fmt.Errorf("psync: ReleaseN(%d) of a BoundedSemaphore", n)
	}
	row, ok := s.rows.Mine()
	if !ok {
		return s.holdsTooFew(n, 0)
	}
	s.h.Lock().RaceRelease()
	for {
		v := atomic.LoadUint64(row.Word())
		if ledger.OwnerOf(v) != s.rows.Me() {
			return s.holdsTooFew(n, 0) // it had none: the row has become another's
		}
		if used(v) < n {
			return s.holdsTooFew(n, used(v))
		}
		to := v - uint64(n)
		if v&want == 0 {
			to += uint64(n) << cachedShift
		}
		if !atomic.CompareAndSwapUint64(row.Word(), v, to) {
			continue
		}
		if v&want != 0 {
			killpoint.Here("bounded.released")
			s.ring()
		}
		return nil
	}
}

func (s *BoundedSemaphore) holdsTooFew(n, held int) error {
	if n == 0 {
		return nil
	}
	return &notHeld{n, held}
}

// ring makes the first look again.
func (s *BoundedSemaphore) ring() {
	atomic.AddUint32(s.shared.bell(), 1)
	killpoint.Here("bounded.rung")
	park.Wake(s.shared.bell(), park.All)
}

// surrender gives all permits of this process back, with its row: its last handle is being closed. It is called under the arena's lock, so it must not attach.
func (s *BoundedSemaphore) surrender() {
	for r := range s.rows.Known {
		for {
			v := atomic.LoadUint64(r.Word())
			if ledger.OwnerOf(v) != s.rows.Me() {
				break
			}
			if atomic.CompareAndSwapUint64(r.Word(), v, 0) {
				killpoint.Here("bounded.surrendered")
				s.ring()
				break
			}
		}
	}
}
