package psync

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// A Semaphore is a number of permits that processes share. Whoever acquires takes some and waits while there are too few; anybody may release, also who has never acquired. Permits belong to
// nobody: what a process has acquired is lost with it when it is killed. Where that must not be, use a [BoundedSemaphore]. It is made by NewSemaphore or arrives as a handle; the zero
// Semaphore can only be decoded into. It must not be copied.
//
// Acquire of a free permit and Release that nobody waits for cost one atomic instruction each. Waiting costs no CPU, and no thread beyond that of a process's first waiter.
//
// Those who wait form a queue: goroutines of one process in order of arrival, processes as at a [Lock]. Only the first in it looks at the permits. A newcomer that finds enough of them
// overtakes, which is what makes two contenders fast, until the first has waited for a millisecond: then nobody does, so nobody starves, not even one that needs many permits at once. Those behind
// it wait until it has them, or its context ends, also when they need fewer. For the same reason a first waiter that is stopped (SIGSTOP) holds up all others that wait.
//
//	a process is killed              the others see
//	while it waits                   nothing; its place in the queue is passed over
//	as the first of the queue        nothing; the next one is the first, and the next to acquire may take the slow path once
//	between taking permits and       permits that do not come back: they belong to nobody
//	releasing them
//	in Release                       either nothing, or the permits, for which a waiter wakes after at most 250 ms
//	stopped (SIGSTOP) as the first   those in the queue wait; newcomers overtake it, unless it has waited for a millisecond
//	stopped (SIGSTOP) elsewhere      nothing; it is passed over
type Semaphore struct {
	wordObject
}

// MaxPermits is the largest value of a Semaphore.
const MaxPermits = 1<<30 - 1

// The shared word: permits in bits 0-29, and two bits of the queue's first waiter, who holds the object's lock. It alone sets and clears them; what it leaves when it is killed
// costs others a slow acquisition or release, which clears them.
const (
	semWaiting = 1 << 31 // it sleeps on the word, or is about to: a release has to wake
	semHungry  = 1 << 30 // it has waited for hungryAfter: nobody may overtake

	// hungryAfter is how long the first waiter is overtaken.
	hungryAfter = time.Millisecond

	// The spin before a waiter queues looks with pauses that touch nothing shared, in all some 30 us. That is longer than a lock's: a permit is
	// mostly waited for until a peer has filled or emptied something, and two processes that take turns of 10 us would otherwise only sleep and wake each other.
	semLooks = 64
	semPause = 1024
)

// NewSemaphore makes a semaphore with so many permits, 0 to MaxPermits, in shared memory: 112 bytes. It fails with ErrNoMemory, or where there is no shared memory.
func NewSemaphore(value int) (*Semaphore, error) {
	if value < 0 || value > MaxPermits {
		return nil, fmt.Errorf("psync: a semaphore of %d permits; it can have 0 to %d", value, MaxPermits)
	}
	s := new(Semaphore)
	if err := s.make(handle.KindSemaphore); err != nil {
		return nil, err
	}
	atomic.StoreUint32(s.word.Load(), uint32(value))
	return s, nil
}

// Acquire takes a permit, waiting until ctx ends. An error means that none was taken: it wraps ctx.Err() and the context's cause, or is ErrClosed.
func (s *Semaphore) Acquire(ctx context.Context) error {
	if w := s.look(); !race.Enabled && w != nil && ctx.Err() == nil {
		if v := atomic.LoadUint32(w); v&semHungry == 0 && v&MaxPermits != 0 && atomic.CompareAndSwapUint32(w, v, v-1) {
			runtime.KeepAlive(s) // or the collector could free the word between its load and the swap
			return nil
		}
	}
	return s.acquireSlow(ctx, 1)
}

// AcquireN takes n permits at once, or none. More than MaxPermits, or fewer than 0, is an error.
func (s *Semaphore) AcquireN(ctx context.Context, n int) error {
	if n < 0 || n > MaxPermits {
		return fmt.Errorf("psync: AcquireN(%d): a semaphore has 0 to %d permits", n, MaxPermits)
	}
	return s.acquireSlow(ctx, uint32(n))
}

// TryAcquire takes a permit if there is one that nobody has waited for, and reports whether it did. It never blocks.
func (s *Semaphore) TryAcquire() bool { return s.TryAcquireN(1) }

// TryAcquireN is TryAcquire of n permits at once.
func (s *Semaphore) TryAcquireN(n int) bool {
	if n < 0 || n > MaxPermits {
		return false
	}
	w := s.enter()
	if w == nil {
		return false
	}
	defer s.use.RUnlock()
	if s.try(w, uint32(n)) {
		return true
	}
	// The mark of a hungry waiter may be a dead one's: whoever gets its place can tell.
	if atomic.LoadUint32(w)&semHungry == 0 || !s.h.Lock().TryAcquire(0) {
		return false
	}
	ok := s.take(w, uint32(n))
	if !ok {
		s.yield(w)
	}
	_ = s.h.Lock().Release()
	return ok
}

// try takes n permits unless there are too few or somebody hungry waits.
func (s *Semaphore) try(w *uint32, n uint32) bool {
	for {
		v := atomic.LoadUint32(w)
		if v&semHungry != 0 && n != 0 || v&MaxPermits < n {
			return false
		}
		if atomic.CompareAndSwapUint32(w, v, v-n) {
			s.h.Lock().RaceAcquire()
			return true
		}
	}
}

// spin tries for a few microseconds, unless there is a queue already.
func (s *Semaphore) spin(w *uint32, n uint32) bool {
	if runtime.NumCPU() == 1 {
		return false
	}
	var local atomic.Uint32
	for range semLooks {
		for range semPause {
			_ = local.Load()
		}
		if s.try(w, n) {
			return true
		}
		if atomic.LoadUint32(w)&(semWaiting|semHungry) != 0 || s.gone() {
			return false
		}
	}
	return false
}

func (s *Semaphore) acquireSlow(ctx context.Context, n uint32) error {
	err := s.acquire(ctx, n)
	if err != nil && ctx.Err() != nil {
		err = waitError(s, err)
	}
	return err
}

func (s *Semaphore) acquire(ctx context.Context, n uint32) error {
	w := s.enter()
	if w == nil {
		return errs.ErrClosed
	}
	defer s.use.RUnlock()
	if ctx.Err() != nil {
		return errs.FromContext(ctx)
	}
	if s.try(w, n) || s.spin(w, n) {
		return nil
	}
	return s.whileOpen(ctx, func(k *park.Kick) error { return s.queue(ctx, w, n, k) })
}

// queue waits to be the first, and then for the permits.
func (s *Semaphore) queue(ctx context.Context, w *uint32, n uint32, k *park.Kick) error {
	if _, err := s.h.Lock().Acquire(ctx, s.h, 0); err != nil {
		return err
	}
	killpoint.Here("semaphore.first")
	err := s.first(ctx, w, n, k)
	_ = s.h.Lock().Release() // ErrNotOwner: the lock was scribbled over
	return err
}

// first waits for n permits as the first of the queue.
func (s *Semaphore) first(ctx context.Context, w *uint32, n uint32, k *park.Kick) error {
	since := sys.Monotonic()
	s.yield(w) // a dead first waiter may have left its marks, and was perhaps hungry: this one is not
	for {
		// The kick first, then what it may have told: a kick after this look is seen by the next sleep.
		if k.IsSet() {
			k.Reset()
		}
		if s.gone() || ctx.Err() != nil {
			s.yield(w)
			killpoint.Here("semaphore.given-up")
			if s.gone() {
				return errs.ErrClosed
			}
			return errs.FromContext(ctx)
		}
		if s.take(w, n) {
			killpoint.Here("semaphore.taken")
			return nil
		}
		bits, nap := uint32(semWaiting), hungryAfter-time.Duration(sys.Monotonic()-since)
		if nap <= 0 {
			bits, nap = semWaiting|semHungry, park.Forever
		}
		v := atomic.LoadUint32(w)
		if v&MaxPermits >= n {
			continue
		}
		if v&bits != bits && !atomic.CompareAndSwapUint32(w, v, v|bits) {
			continue
		}
		if nap == park.Forever {
			killpoint.Here("semaphore.hungry")
		} else {
			killpoint.Here("semaphore.waiting")
		}
		park.Wait(w, v|bits, k, nap)
	}
}

// take takes n permits if there are so many, and clears the bits. The caller is the first of the queue.
func (s *Semaphore) take(w *uint32, n uint32) bool {
	for {
		v := atomic.LoadUint32(w)
		if v&MaxPermits < n {
			return false
		}
		if atomic.CompareAndSwapUint32(w, v, v&MaxPermits-n) {
			s.h.Lock().RaceAcquire()
			return true
		}
	}
}

// yield clears the bits of a first waiter that gives up.
func (s *Semaphore) yield(w *uint32) {
	for {
		v := atomic.LoadUint32(w)
		if v&^MaxPermits == 0 || atomic.CompareAndSwapUint32(w, v, v&MaxPermits) {
			return
		}
	}
}

// Release gives a permit back, or adds one: anybody may, in any process. It wakes a waiter if there is one and never blocks. It fails when the value would exceed MaxPermits,
// and with ErrClosed.
func (s *Semaphore) Release() error {
	if w := s.look(); !race.Enabled && w != nil {
		if v := atomic.LoadUint32(w); v < MaxPermits && atomic.CompareAndSwapUint32(w, v, v+1) {
			runtime.KeepAlive(s)
			return nil
		}
	}
	return s.releaseSlow(1)
}

// ReleaseN gives n permits back, all or none.
func (s *Semaphore) ReleaseN(n int) error {
	if n < 0 || n > MaxPermits {
		return fmt.Errorf("psync: ReleaseN(%d): a semaphore has 0 to %d permits", n, MaxPermits)
	}
	return s.releaseSlow(uint32(n))
}

func (s *Semaphore) releaseSlow(n uint32) error {
	w := s.enter()
	if w == nil {
		return errs.ErrClosed
	}
	defer s.use.RUnlock() // whom this wakes may close the semaphore
	s.h.Lock().RaceRelease()
	for {
		v := atomic.LoadUint32(w)
		if have := v & MaxPermits; have+n > MaxPermits {
			return fmt.Errorf("psync: release of %d permits of a semaphore that has %d already; it can have %d", n, have, MaxPermits)
		}
		if !atomic.CompareAndSwapUint32(w, v, v+n) {
			continue
		}
		if v&semWaiting != 0 {
			killpoint.Here("semaphore.released")
			if park.Wake(w, park.All) == 0 { // only the first is meant, but of one who has left the kernel may still know
				s.sweep(w)
			}
		}
		return nil
	}
}

// sweep clears the marks that a dead first waiter has left, or every release would make a system call. One that lives, and was only not asleep yet, has its place.
func (s *Semaphore) sweep(w *uint32) {
	if c := s.h.Lock(); !c.Held() && c.TryAcquire(0) {
		s.yield(w)
		_ = c.Release()
	}
}

// Value is how many permits there are at a moment that may be over when it returns; 0 of a closed semaphore.
func (s *Semaphore) Value() int {
	w := s.enter()
	if w == nil {
		return 0
	}
	defer s.use.RUnlock()
	return int(atomic.LoadUint32(w) & MaxPermits)
}

// String tells the value and who waits, at a moment that may be over when it returns.
func (s *Semaphore) String() string {
	if s == nil {
		return "psync.Semaphore(none)"
	}
	w := s.enter()
	if w == nil {
		return "psync.Semaphore(" + s.unavailable() + ")"
	}
	defer s.use.RUnlock()
	var b strings.Builder
	fmt.Fprintf(&b, "psync.Semaphore(%d free", atomic.LoadUint32(w)&MaxPermits)
	first, reserved, wait := s.h.Lock().State(sys.Monotonic())
	if first != 0 && !reserved {
		fmt.Fprintf(&b, "; %s waits", s.h.Lock().Who(first))
	}
	if wait.First != 0 {
		fmt.Fprintf(&b, ", then %s", s.h.Lock().Who(wait.First))
	}
	if wait.Here > 0 {
		fmt.Fprintf(&b, ", %d more goroutines queue here", wait.Here)
	}
	return b.String() + ")"
}

// UnmarshalCBOR makes s a handle to the semaphore that was encoded. ErrStale: that one is gone.
func (s *Semaphore) UnmarshalCBOR(data []byte) error { return s.decode(data, handle.KindSemaphore) }
