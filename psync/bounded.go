package psync

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/await"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/race"
)

// MaxBounded is the largest max of a BoundedSemaphore.
const MaxBounded = 1<<usedBits - 1

// A BoundedSemaphore is a fixed number of permits that processes share, and that come back when their holder is killed. Each permit that is acquired belongs to a process, any goroutine
// of which may release it; a process can't release what it does not hold. It is made by NewBoundedSemaphore or arrives as a handle; the zero BoundedSemaphore can only be decoded into. It
// must not be copied.
//
// A permit that a process releases stays at hand for it as long as nobody else wants it, so Acquire and Release cost one atomic instruction each. A permit that another process has at
// hand is taken from it without its help, within about a microsecond, or some more when there are hundreds of processes. Waiting costs no CPU, and no thread beyond that of a process's first
// waiter.
//
// Those who wait form a queue: goroutines of one process in order of arrival, processes as at a [Lock]. Only the first of it looks at the permits, and nobody overtakes it; those behind it wait until it has
// what it wants, or its context ends, also when they need fewer.
//
//	a process is killed              the others see
//	while it holds permits           the permits back, as soon as its death is known: within about 0.5 ms for a process with little
//	                                 memory, plus 65 ms for each GiB of its own; a waiter wakes at once
//	with permits at hand             nothing: they are free for all, before and after
//	in Acquire or Release            each permit either held, until its death is known, or free; never one lost, never one too many
//	in Release, before it has woken  the permits back, as above: its death wakes the waiter
//	as the first of the queue        nothing; the next one is the first
//	further behind in the queue      nothing; its place is passed over
//	in Close                         the permits back, as above
//	stopped (SIGSTOP) with permits   they wait for those permits: a stopped process is alive and may go on at any moment
//	stopped (SIGSTOP) as the first   whoever waits behind it, or comes, waits until it goes on, also when there are permits
//	stopped (SIGSTOP) in Release     the permits free, and a first waiter that is asleep perhaps not woken until it goes on, or somebody else releases
//	stopped (SIGSTOP) further behind nothing: they pass it over, after 250 ms once when its turn has come
type BoundedSemaphore struct {
	object
	*boundedUse
	mine   uint64 // what is above the cached bits of the row's word when nobody waits
	max    int
	shared boundedArea
	rows   *ledger.Table
}

// boundedUse is what changes in a handle.
type boundedUse struct {
	door
	row     atomic.Pointer[uint64] // the word of this process's row, as far as known; once closed closedRow
	room    await.Room
	closing sync.Mutex
}

// closedRow makes the fast paths of a closed semaphore fail: it is nobody's.
var closedRow uint64

// NewBoundedSemaphore makes a semaphore with max permits, 1 to MaxBounded, all free, in shared memory: 352 bytes, and 64 KiB more when 15 processes use it at the same
// time. It fails with ErrNoMemory, or where there is no shared memory.
func NewBoundedSemaphore(max int) (*BoundedSemaphore, error) {
	if max < 1 || max > MaxBounded {
		return nil, fmt.Errorf("psync: a bounded semaphore of %d permits; it can have 1 to %d", max, MaxBounded)
	}
	s := new(BoundedSemaphore)
	if err := s.create(handle.KindBoundedSemaphore, boundedSize); err != nil {
		return nil, err
	}
	s.shared = boundedArea{s.h.Payload()}
	atomic.StoreUint32(s.shared.max(), uint32(max))
	s.open(max)
	return s, nil
}

func (s *BoundedSemaphore) open(max int) {
	s.max = max
	s.rows = s.shared.rows(s.h)
	s.mine = uint64(s.rows.Me()) << (ledger.IdentShift - wantShift)
	s.boundedUse = &boundedUse{door: door{handle: s.h}}
}

// Acquire takes a permit, waiting until ctx ends. An error means that none was taken: it wraps ctx.Err() and the context's cause, or is ErrClosed. The first Acquire of a process, or the first
// after it held none for long, may fail with ErrNoMemory.
func (s *BoundedSemaphore) Acquire(ctx context.Context) error { return s.AcquireN(ctx, 1) }

// AcquireN takes n permits at once, or none. Fewer than 0, or more than Max, is an error.
func (s *BoundedSemaphore) AcquireN(ctx context.Context, n int) error {
	if ctx.Err() == nil && s.takeCached(n) {
		return nil
	}
	err := s.acquireSlow(ctx, n)
	if err != nil && ctx.Err() != nil {
		err = waitError(s, err)
	}
	return err
}

// TryAcquire takes a permit if there is one and nobody waits, and reports whether it did. It never blocks: while another process is just taking permits that were not at hand, it asks again for
// some microseconds, and then reports false.
func (s *BoundedSemaphore) TryAcquire() bool { return s.TryAcquireN(1) }

// TryAcquireN is TryAcquire of n permits at once.
func (s *BoundedSemaphore) TryAcquireN(n int) bool { return s.takeCached(n) || s.trySlow(n) }

// look is the row's word for a fast path: nil until it is known.
func (s *BoundedSemaphore) look() *uint64 {
	if s.boundedUse == nil {
		return nil
	}
	return s.row.Load()
}

// takeCached takes permits that this process has at hand, unless somebody waits.
func (s *BoundedSemaphore) takeCached(n int) bool {
	w := s.look()
	if w == nil || n < 0 {
		return false
	}
	for {
		v := atomic.LoadUint64(w)
		if v>>wantShift != s.mine || cached(v) < n {
			return false
		}
		if atomic.CompareAndSwapUint64(w, v, v-uint64(n)<<cachedShift+uint64(n)) {
			if race.Enabled {
				s.h.Lock().RaceAcquire()
			}
			runtime.KeepAlive(s) // or the collector could free the row between its load and the swap
			return true
		}
	}
}

// Release gives a permit back, whichever goroutine of this process has acquired it. It wakes a waiter if there is one and never blocks. It fails, and changes nothing, when this process holds
// none: errors.Is(err, ErrNotOwner). ErrClosed: the handle was closed.
func (s *BoundedSemaphore) Release() error { return s.ReleaseN(1) }

// ReleaseN gives n permits back, all or none.
func (s *BoundedSemaphore) ReleaseN(n int) error {
	if w := s.look(); w != nil && n >= 0 {
		if race.Enabled && !s.gone() {
			s.h.Lock().RaceRelease()
		}
		for {
			v := atomic.LoadUint64(w)
			if v>>wantShift != s.mine || used(v) < n {
				break
			}
			if atomic.CompareAndSwapUint64(w, v, v+uint64(n)<<cachedShift-uint64(n)) {
				runtime.KeepAlive(s)
				return nil
			}
		}
	}
	return s.releaseSlow(n)
}

// notHeld is the error of a release of permits that this process does not hold.
type notHeld struct{ n, held int }

func (e *notHeld) Error() string {
	return fmt.Sprintf("psync: release of %d permits of a BoundedSemaphore by a process that holds %d; only the process that acquired a permit can release it", e.n, e.held)
}

func (e *notHeld) Is(target error) bool { return target == errs.ErrNotOwner }

// Max is how many permits there are, free or not.
func (s *BoundedSemaphore) Max() int { return s.max }

// Value is how many permits are free, those that processes have at hand included, at a moment that may be over when it returns; 0 of a closed semaphore.
func (s *BoundedSemaphore) Value() int {
	if !s.enter() {
		return 0
	}
	defer s.use.RUnlock()
	free := s.max
	for r := range s.rows.Each {
		if v := atomic.LoadUint64(r.Word()); s.alive(v) {
			free -= used(v)
		}
	}
	return max(free, 0)
}

// Held is how many permits this process has acquired and not released; 0 when the handle is closed.
func (s *BoundedSemaphore) Held() int {
	if !s.enter() {
		return 0
	}
	defer s.use.RUnlock()
	defer runtime.KeepAlive(s) // what follows uses the rows, which belong to it
	if r, ok := s.rows.Mine(); ok {
		return used(atomic.LoadUint64(r.Word()))
	}
	return 0
}

// enter begins a use of the shared memory outside of the fast paths; false: the handle was closed, or never made. The caller ends it with use.RUnlock.
func (s *BoundedSemaphore) enter() bool { return s.boundedUse != nil && s.door.enter() }

// toldHolders is how many holders String lists.
const toldHolders = 6

// String tells how many permits are free, who has the others, and who waits, at a moment that may be over when it returns.
func (s *BoundedSemaphore) String() string {
	if s == nil || s.h == nil {
		return "psync.BoundedSemaphore(none)"
	}
	if !s.enter() {
		return "psync.BoundedSemaphore(closed)"
	}
	defer s.use.RUnlock()
	core := s.h.Lock()
	free, holders := s.max, 0
	var who strings.Builder
	for r := range s.rows.Each {
		v := atomic.LoadUint64(r.Word())
		if used(v) == 0 || !s.alive(v) {
			continue
		}
		free -= used(v)
		if holders++; holders <= toldHolders {
			fmt.Fprintf(&who, "; %d held by %s", used(v), core.Who(ledger.OwnerOf(v)))
		}
	}
	if holders > toldHolders {
		fmt.Fprintf(&who, "; %d more processes hold some", holders-toldHolders)
	}
	if id := s.waiting(); id != 0 {
		fmt.Fprintf(&who, "; %s waits for %d", core.Who(id), atomic.LoadUint32(s.shared.wanted()))
	}
	return fmt.Sprintf("psync.BoundedSemaphore(%d of %d free%s)", max(free, 0), s.max, who.String())
}

// Close gives this handle up. Whoever waits through it gets ErrClosed at once; other handles, here and elsewhere, are not affected. When it was this process's last handle, the permits that
// the process holds come back. (Permits that are held when the last handle is merely forgotten stay held until the process ends, or until a handle comes again and they are released.) A second
// Close is ErrClosed.
func (s *BoundedSemaphore) Close() error {
	if s.h == nil {
		return errs.ErrClosed
	}
	s.closing.Lock()
	defer s.closing.Unlock()
	last, err := s.h.Clone() // keeps the memory until nobody uses it through this handle
	if err != nil {
		return err
	}
	err = s.h.Close()
	s.row.Store(&closedRow)
	s.use.Lock()
	defer s.use.Unlock()
	_ = s.rows.Attach() // while it may: the next step must not
	_, lastErr := last.CloseUnless(func() bool {
		s.surrender()
		return false
	})
	s.rows.Close()
	return errors.Join(err, lastErr)
}

// UnmarshalCBOR makes s a handle to the semaphore that was encoded. ErrStale: that one is gone.
func (s *BoundedSemaphore) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindBoundedSemaphore)
	if err != nil {
		return err
	}
	var o object
	if err := o.attach(b, handle.KindBoundedSemaphore, boundedSize); err != nil {
		return err
	}
	shared := boundedArea{o.h.Payload()}
	n := atomic.LoadUint32(shared.max())
	if n < 1 || n > MaxBounded {
		_ = o.h.Close()
		return fmt.Errorf("%w: a BoundedSemaphore of %d permits", errs.ErrCorrupt, n)
	}
	s.h, s.kind, s.shared = o.h, o.kind, shared
	s.open(int(n))
	return nil
}
