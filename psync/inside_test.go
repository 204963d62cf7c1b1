//go:build linux

package psync

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/lockhook"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// made fails the test unless New has made something.
func made[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// another makes a second handle of this process.
func another[T any, P interface {
	*T
	UnmarshalCBOR([]byte) error
}](t testing.TB, o interface{ MarshalCBOR() ([]byte, error) }) P {
	t.Helper()
	p := P(new(T))
	if err := p.UnmarshalCBOR(made[[]byte](t)(o.MarshalCBOR())); err != nil {
		t.Fatal(err)
	}
	return p
}

// moments waits for a different time in each round of a test that looks for a race.
func moments(round int) {
	var x atomic.Uint32
	for range round * 37 % 6000 {
		x.Load()
	}
}

func rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// staysFor checks that Close leaves the memory to a goroutine that is inside, which leaves by leave.
func staysFor(t *testing.T, o *object, closeIt func() error, leave func()) {
	t.Helper()
	ref := o.h.Ref()
	closed := make(chan error, 1)
	go func() { closed <- closeIt() }()
	testproc.Eventually(t, "Close", o.h.Closed)
	for range 100 {
		runtime.Gosched()
		if !arena.Held(ref) {
			t.Fatal("the memory is gone while a goroutine uses it")
		}
	}
	leave()
	testproc.Finish(t, "Close", func() {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
	if arena.Held(ref) {
		t.Error("closed, nobody inside, and the memory is held")
	}
}

// TestCloseLeavesMemoryToUsers: the memory goes when the last goroutine that uses it through the closed handle has left, not before and not later.
func TestCloseLeavesMemoryToUsers(t *testing.T) {
	t.Run("Semaphore", func(t *testing.T) {
		s := made[*Semaphore](t)(NewSemaphore(0))
		if s.enter() == nil {
			t.Fatal("closed")
		}
		staysFor(t, &s.object, s.Close, s.use.RUnlock)
		if s.enter() != nil || !errors.Is(s.ReleaseN(1), errs.ErrClosed) || !errors.Is(s.AcquireN(context.Background(), 1), errs.ErrClosed) {
			t.Error("it can be used after Close")
		}
	})
	t.Run("RLock", func(t *testing.T) {
		l := made[*RLock](t)(NewRLock())
		h := l.Holder()
		h.Lock()
		if !l.enter() {
			t.Fatal("closed")
		}
		staysFor(t, &l.object, l.Close, l.use.RUnlock)
		if h.Depth() != 0 || h.TryLock() || !errors.Is(h.Release(), errs.ErrClosed) {
			t.Error(h)
		}
	})
	t.Run("Condition", func(t *testing.T) {
		c := made[*Condition](t)(NewCondition(nil))
		if err := c.enter(); err != nil {
			t.Fatal(err)
		}
		staysFor(t, &c.object, c.Close, c.leave)
		runtime.KeepAlive(c)
	})
	t.Run("Barrier", func(t *testing.T) {
		b := made[*Barrier](t)(NewBarrier(2))
		if err := b.enter(); err != nil {
			t.Fatal(err)
		}
		staysFor(t, &b.object, b.Close, b.leave)
		runtime.KeepAlive(b)
	})
	t.Run("Condition with two handles", func(t *testing.T) {
		c := made[*Condition](t)(NewCondition(nil))
		other := another[Condition](t, c)
		if err := c.enter(); err != nil {
			t.Fatal(err)
		}
		staysFor(t, &c.object, func() error { return errors.Join(c.Close(), other.h.Close()) }, c.leave) // the other's is closed as the collector does it
		_ = other.lock.Close()
	})
}

// TestSemaphoreCloseWhileSpinning: whoever spins for a permit of a semaphore that is closed meanwhile takes none of another one, made in the same place.
func TestSemaphoreCloseWhileSpinning(t *testing.T) {
	for i := range rounds(10000) {
		s := made[*Semaphore](t)(NewSemaphore(0))
		started, out := make(chan struct{}), make(chan error, 1)
		go func() {
			close(started)
			out <- s.Acquire(context.Background())
		}()
		<-started
		moments(i)
		_ = s.Close()
		n := made[*Semaphore](t)(NewSemaphore(5))
		if err := <-out; !errors.Is(err, errs.ErrClosed) || n.Value() != 5 {
			t.Fatalf("round %d: %v; the new semaphore: %v", i, err, n)
		}
		_ = n.Close()
	}
}

// TestSemaphoreReleaseWakesPastOneWhoLeft: a waiter whose context has ended may be known to the kernel for some time, since it shared its sleep with others; the wake-up reaches who waits now.
func TestSemaphoreReleaseWakesPastOneWhoLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	var events []*Event
	await := func(e *Event) {
		wg.Go(func() { _ = e.Wait(ctx) })
		testproc.Eventually(t, "a waiter", func() bool { return atomic.LoadUint32(e.Word())&eventWaiting != 0 })
	}
	for range 16 { // more sleepers than get a thread each
		e := made[*Event](t)(NewEvent())
		defer func() { _ = e.Close() }()
		events = append(events, e)
		await(e)
	}
	// A wake-up that is sooner than the backstop after all began is not the backstop's. The machine may be slow now and then, and who has left may be forgotten by luck: it goes on
	// until most were sooner.
	sooner, trials := 0, 0
	testproc.Eventually(t, "wake-ups before the backstop", func() bool {
		s := made[*Semaphore](t)(NewSemaphore(0))
		defer func() { _ = s.Close() }()
		short, stop := context.WithTimeout(ctx, 20*time.Millisecond)
		_ = s.Acquire(short)
		stop()
		_ = events[0].Set() // so that the next one to sleep gets that thread
		time.Sleep(2 * time.Millisecond)
		begun := time.Now()
		out := make(chan time.Time, 1)
		wg.Go(func() {
			_ = s.Acquire(ctx)
			out <- time.Now()
		})
		testproc.Eventually(t, "a waiter", func() bool { return atomic.LoadUint32(s.Word())&semWaiting != 0 })
		time.Sleep(10 * time.Millisecond)
		_ = s.Release()
		if (<-out).Sub(begun) < park.Backstop {
			sooner++
		}
		trials++
		_ = events[0].Clear()
		await(events[0])
		return trials >= 5 && sooner > trials/2
	})
	t.Logf("%d of %d", sooner, trials)
}

// TestRLockTryLockCloseRaces: a TryLock that meets a Close leaves the lock free for other handles.
func TestRLockTryLockCloseRaces(t *testing.T) {
	for i := range rounds(20000) {
		l := made[*RLock](t)(NewRLock())
		other := another[RLock](t, l)
		h := l.Holder()
		start, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			<-start
			h.TryLock()
		}()
		close(start)
		moments(i % 40)
		_ = l.Close()
		<-done
		if !other.Holder().TryLock() {
			t.Fatalf("round %d: %v, which nobody holds; %v", i, other, h)
		}
		_ = other.Close()
	}
	// The same at the worst moment: Close runs between the look at the handle and the lock.
	l := made[*RLock](t)(NewRLock())
	other := another[RLock](t, l)
	h := l.Holder()
	_ = l.Close()
	h.depth.Store(acquiring)
	if h.tryTake() || h.Depth() != 0 || !other.Holder().TryLock() {
		t.Error(h, other)
	}
	_ = other.Close()
}

// TestRLockCloseSparesNewLock: an Acquire and a Release that meet the Close of the last handle do nothing to a lock that is made in the same place.
func TestRLockCloseSparesNewLock(t *testing.T) {
	for i := range rounds(20000) {
		l := made[*RLock](t)(NewRLock())
		outer, h := l.Holder(), l.Holder()
		outer.Lock()
		var wg sync.WaitGroup
		started := make(chan struct{})
		wg.Go(func() {
			close(started)
			_, _ = h.Acquire(context.Background())
			_ = h.Release()
		})
		<-started
		wg.Go(func() { _ = outer.Release() })
		moments(i)
		_ = l.Close()
		n := made[*RLock](t)(NewRLock())
		nh := n.Holder()
		if !nh.TryLock() {
			t.Fatalf("round %d: a lock was born held: %v", i, n)
		}
		wg.Wait()
		if err := nh.Release(); err != nil {
			t.Fatalf("round %d: a lock has lost its holder: %v", i, err)
		}
		_ = n.Close()
	}
}

// TestConditionOfObjectsLock: the lock of a shm.Value or shm.Array travels with its condition, and no other object is taken for a lock.
func TestConditionOfObjectsLock(t *testing.T) {
	for kind, want := range map[uint8]error{handle.KindValue: nil, handle.KindArray: nil, handle.KindLock: nil, handle.KindEvent: errs.ErrWrongType} {
		l := lockhook.New(made[*arena.Handle](t)(arena.New(arena.Spec{Kind: kind, Size: 8}))).(*Lock)
		c := made[*Condition](t)(NewCondition(l))
		data := made[[]byte](t)(c.MarshalCBOR())
		d := new(Condition)
		if err := d.UnmarshalCBOR(data); !errors.Is(err, want) {
			t.Errorf("%s: %v", handle.KindName(kind), err)
		} else if err == nil {
			if !l.TryLock() || d.Locker().TryLock() {
				t.Errorf("%s: not the same lock", handle.KindName(kind))
			}
			l.Unlock()
			_ = d.Close()
		}
		_ = c.Close()
		_ = l.Close()
	}
}

// TestConditionWaitThatLostItsLockPassesOn: a Wait that finds, when it is counted already, that its Holder has the lock no more fails; a notification that it got goes to another.
func TestConditionWaitThatLostItsLockPassesOn(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
	defer cancel()
	l := made[*RLock](t)(NewRLock())
	c := made[*Condition](t)(NewCondition(l))
	other := another[Condition](t, c)
	waiting := func(n int) func() bool { return func() bool { w, _ := c.Counts(); return w == n } }

	h := l.Holder()
	h.Lock()
	l.use.Lock() // holds the Wait up where it gives the lock up
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- c.Wait(h.Context(ctx)) }()
	testproc.Eventually(t, "the first to be counted", waiting(1))
	if h.leave() != 1 || l.h.Lock().Release() != nil { // who shares the holder releases it
		t.Error(h)
	}
	o := other.RLocker().Holder()
	go func() {
		o.Lock()
		err := other.Wait(o.Context(ctx))
		_ = o.Release()
		second <- err
	}()
	testproc.Eventually(t, "the second to be counted", waiting(2))
	n := other.RLocker().Holder()
	n.Lock()
	if err := other.Notify(1); err != nil {
		t.Error(err)
	}
	n.Unlock()
	l.use.Unlock()
	if err := <-first; !errors.Is(err, errs.ErrNotOwner) {
		t.Errorf("the first: %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second: %v", err)
	}
	testproc.Eventually(t, "an empty ledger", func() bool { w, g := c.Counts(); return w == 0 && g == 0 })
	for _, err := range []error{other.Close(), c.Close(), l.Close()} {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestSemaphoreFirstIsNotHungryYet: a first waiter that was killed leaves its marks; the next one is not hungry because the dead one was.
func TestSemaphoreFirstIsNotHungryYet(t *testing.T) {
	s := made[*Semaphore](t)(NewSemaphore(0))
	w := s.look()
	var early, late, hungry atomic.Bool
	killpoint.Call("semaphore.waiting", func() { // before it is hungry itself
		hungry.Store(atomic.LoadUint32(w)&semHungry != 0)
		early.Store(true)
	})
	defer killpoint.Call("semaphore.waiting", nil)
	killpoint.Call("semaphore.hungry", func() { late.Store(true) })
	defer killpoint.Call("semaphore.hungry", nil)
	testproc.Eventually(t, "a first waiter that has not waited long", func() bool {
		atomic.StoreUint32(w, semWaiting|semHungry)
		late.Store(false)
		out := make(chan error, 1)
		go func() { out <- s.Acquire(context.Background()) }()
		testproc.Eventually(t, "a first waiter", func() bool { return early.Load() || late.Load() })
		if err := s.Release(); err != nil {
			t.Fatal(err)
		}
		testproc.Finish(t, "Acquire", func() {
			if err := <-out; err != nil {
				t.Error(err)
			}
		})
		return early.Load()
	})
	if hungry.Load() {
		t.Error("a new waiter is hungry from the start")
	}
}
