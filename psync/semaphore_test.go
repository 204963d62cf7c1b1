//go:build linux

package psync_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func newSemaphore(t testing.TB, value int) *psync.Semaphore {
	t.Helper()
	s, err := psync.NewSemaphore(value)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// queued waits until somebody is first in the semaphore's queue and sleeps.
func queued(t testing.TB, s *psync.Semaphore) {
	t.Helper()
	testproc.Eventually(t, "a first waiter", func() bool { return atomic.LoadUint32(s.Word())&psync.SemWaiting != 0 })
}

// hungry waits until the first waiter lets nobody overtake.
func hungry(t testing.TB, s *psync.Semaphore) {
	t.Helper()
	testproc.Eventually(t, "a hungry waiter", func() bool { return atomic.LoadUint32(s.Word())&psync.SemHungry != 0 })
}

// quiet fails the test unless the word is a value without marks.
func quiet(t testing.TB, s *psync.Semaphore, value int) {
	t.Helper()
	if w := atomic.LoadUint32(s.Word()); w != uint32(value) {
		t.Errorf("the word is %#x, want %#x", w, value)
	}
}

func TestSemaphore(t *testing.T) {
	s := newSemaphore(t, 3)
	if s.Value() != 3 || !s.TryAcquire() || !s.TryAcquireN(2) || s.Value() != 0 {
		t.Error(s)
	}
	if s.TryAcquire() || s.TryAcquireN(2) || !s.TryAcquireN(0) {
		t.Error("taken from nothing")
	}
	if err := s.AcquireN(bounded(t), 0); err != nil {
		t.Error(err)
	}
	for _, err := range []error{s.Release(), s.ReleaseN(4), s.ReleaseN(0), s.Acquire(bounded(t)), s.AcquireN(bounded(t), 2)} {
		if err != nil {
			t.Error(err)
		}
	}
	if s.TryAcquireN(3) || s.Value() != 2 {
		t.Error(s)
	}
	quiet(t, s, 2)
}

func TestSemaphoreLimits(t *testing.T) {
	for _, n := range []int{-1, psync.MaxPermits + 1, math.MaxInt, math.MinInt} {
		if _, err := psync.NewSemaphore(n); err == nil {
			t.Errorf("a semaphore of %d", n)
		}
		s := newSemaphore(t, 1)
		if err := s.AcquireN(context.Background(), n); err == nil {
			t.Errorf("acquired %d", n)
		}
		if err := s.ReleaseN(n); err == nil {
			t.Errorf("released %d", n)
		}
		if s.TryAcquireN(n) {
			t.Errorf("tried and got %d", n)
		}
		quiet(t, s, 1)
	}
	s := newSemaphore(t, psync.MaxPermits)
	if err := s.Release(); err == nil {
		t.Error("one too many")
	}
	if err := s.AcquireN(bounded(t), psync.MaxPermits); err != nil {
		t.Error(err)
	}
	if err := s.ReleaseN(psync.MaxPermits); err != nil {
		t.Error(err)
	}
	if err := s.ReleaseN(psync.MaxPermits); err == nil {
		t.Error("twice as many")
	}
	quiet(t, s, psync.MaxPermits)
}

func TestSemaphoreAcquireEnds(t *testing.T) {
	s := newSemaphore(t, 1)
	cause := errors.New("the process that would release it has died")
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	if err := s.Acquire(ended); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !strings.Contains(err.Error(), "waiting for psync.Semaphore(1 free)") {
		t.Errorf("got %v", err)
	}
	quiet(t, s, 1)
	ctx, cancel := context.WithCancelCause(context.Background())
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if err := s.AcquireN(ctx, 2+i%5); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
				t.Errorf("got %v", err)
			}
		})
	}
	hungry(t, s)
	if s.TryAcquire() {
		t.Error("overtook a hungry waiter")
	}
	cancel(cause)
	testproc.Finish(t, "cancelled waiters", wg.Wait)
	quiet(t, s, 1) // no permit was taken, and the first has cleared its marks
	short, stop := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer stop()
	if err := s.AcquireN(short, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	quiet(t, s, 1)
}

// TestSemaphoreGivesWay: when the first waiter, who needs many, gives up, those behind it who need few go on.
func TestSemaphoreGivesWay(t *testing.T) {
	s := newSemaphore(t, 2)
	ctx, cancel := context.WithCancel(context.Background())
	var first, behind sync.WaitGroup
	first.Go(func() {
		if err := s.AcquireN(ctx, 3); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	hungry(t, s)
	for range 2 {
		behind.Go(func() {
			if err := s.Acquire(bounded(t)); err != nil {
				t.Error(err)
			}
		})
	}
	testproc.Eventually(t, "those behind", func() bool { return strings.Contains(s.String(), "more goroutines queue here") })
	cancel()
	testproc.Finish(t, "the first", first.Wait)
	testproc.Finish(t, "those behind", behind.Wait)
	testproc.Eventually(t, "clear marks", func() bool { return atomic.LoadUint32(s.Word()) == 0 })
}

// TestSemaphoreManyIsNotStarved: one who needs all permits gets them, although others take single ones all the time.
func TestSemaphoreManyIsNotStarved(t *testing.T) {
	s := newSemaphore(t, 4)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.Acquire(context.Background()); err != nil {
					t.Error(err)
					return
				}
				runtime.Gosched()
				_ = s.Release()
			}
		})
	}
	for range 20 {
		if err := s.AcquireN(bounded(t), 4); err != nil {
			t.Fatal(err)
		}
		_ = s.ReleaseN(4)
	}
	close(stop)
	testproc.Finish(t, "the others", wg.Wait)
	quiet(t, s, 4)
}

// TestSemaphoreStaleMarks: what a dead first waiter has left costs a slow acquisition and stops nobody.
func TestSemaphoreStaleMarks(t *testing.T) {
	for _, c := range []struct {
		name string
		use  func(s *psync.Semaphore) bool
	}{
		{"Acquire", func(s *psync.Semaphore) bool { return s.Acquire(bounded(t)) == nil }},
		{"TryAcquire", (*psync.Semaphore).TryAcquire},
		{"TryAcquireN", func(s *psync.Semaphore) bool { return !s.TryAcquireN(3) && s.TryAcquireN(1) }},
	} {
		s := newSemaphore(t, 2)
		atomic.StoreUint32(s.Word(), psync.SemHungry|psync.SemWaiting|2)
		if !c.use(s) {
			t.Errorf("%s: %v", c.name, s)
		}
		quiet(t, s, 1)
	}
	s := newSemaphore(t, 1)
	atomic.StoreUint32(s.Word(), psync.SemHungry|1)
	if s.TryAcquireN(2) {
		t.Error(s)
	}
	quiet(t, s, 1) // also without success
	s = newSemaphore(t, 0)
	atomic.StoreUint32(s.Word(), psync.SemHungry|psync.SemWaiting)
	if err := s.Release(); err != nil {
		t.Error(err)
	}
	if s.Value() != 1 || !s.TryAcquire() {
		t.Error(s)
	}
}

func TestSemaphoreCloseEndsWaits(t *testing.T) {
	s := newSemaphore(t, 0)
	other := twin(t, s)
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if err := s.Acquire(context.Background()); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
	hungry(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	testproc.Finish(t, "waiters of a closed semaphore", wg.Wait)
	quiet(t, other, 0)
	_ = other.Release()
	if err := other.Acquire(bounded(t)); err != nil { // it is not affected
		t.Error(err)
	}
}

// TestSemaphoreCloseWhileUsed: Close in the middle of everything, as the last handle, leaves other objects alone.
func TestSemaphoreCloseWhileUsed(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 30
	}
	for range n {
		s := newSemaphore(t, 0)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for s.Acquire(context.Background()) == nil {
				}
			})
		}
		for range 20 {
			_ = s.Release()
		}
		s.Close()
		testproc.Finish(t, "users of a closed semaphore", wg.Wait)
		next := newSemaphore(t, 7)
		quiet(t, next, 7)
		next.Close()
	}
}

func TestSemaphoreUseAfterClose(t *testing.T) {
	for _, c := range []struct {
		state string
		s     *psync.Semaphore
	}{{"closed", newSemaphore(t, 5)}, {"none", new(psync.Semaphore)}} {
		s := c.s
		if c.state == "closed" {
			s.Close()
		}
		for i, err := range []error{s.Acquire(context.Background()), s.AcquireN(context.Background(), 2), s.Release(), s.ReleaseN(2), s.Close()} {
			if !errors.Is(err, psync.ErrClosed) {
				t.Errorf("%s, %d: %v", c.state, i, err)
			}
		}
		if s.TryAcquire() || s.TryAcquireN(0) || s.Value() != 0 {
			t.Error(s)
		}
		if text := s.String(); text != "psync.Semaphore("+c.state+")" {
			t.Error(text)
		}
		if _, err := s.MarshalCBOR(); err == nil {
			t.Errorf("%s: marshalled", c.state)
		}
	}
	if text := (*psync.Semaphore)(nil).String(); text != "psync.Semaphore(none)" {
		t.Error(text)
	}
}

func TestSemaphoreTravels(t *testing.T) {
	s := newSemaphore(t, 1)
	other := twin(t, s)
	if !other.TryAcquire() || s.TryAcquire() || s.Release() != nil || other.Value() != 1 {
		t.Error(s, other)
	}
	data, err := cbor.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := cbor.Unmarshal(data, new(psync.Event)); err == nil {
		t.Error("a Semaphore became an Event")
	}
	s.Close()
	other.Close()
	if err := cbor.Unmarshal(data, new(psync.Semaphore)); !errors.Is(err, psync.ErrStale) {
		t.Errorf("a semaphore that is gone: %v", err)
	}
}

func TestSemaphoreString(t *testing.T) {
	s := newSemaphore(t, 2)
	if text := s.String(); text != "psync.Semaphore(2 free)" {
		t.Error(text)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { _ = s.AcquireN(ctx, 3) })
	}
	testproc.Eventually(t, "waiters in String", func() bool {
		text := s.String()
		return strings.HasPrefix(text, "psync.Semaphore(2 free; this process, ") && strings.Contains(text, " waits, then this process, ") && strings.HasSuffix(text, ", 3 more goroutines queue here)")
	})
	cancel()
	testproc.Finish(t, "waiters", wg.Wait)
}

// TestSemaphoreCrowd: 10,000 goroutines share three permits; never are more inside.
func TestSemaphoreCrowd(t *testing.T) {
	s := newSemaphore(t, 3)
	other := twin(t, s)
	var inside, total atomic.Int64
	var wg sync.WaitGroup
	for g := range crowdSize() {
		h := []*psync.Semaphore{s, other}[g%2]
		wg.Go(func() {
			if err := h.Acquire(context.Background()); err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n > 3 {
				t.Errorf("%d inside", n)
			}
			if g%16 == 0 {
				runtime.Gosched()
			}
			total.Add(1)
			inside.Add(-1)
			if err := h.Release(); err != nil {
				t.Error(err)
			}
		})
	}
	testproc.Finish(t, "the crowd", wg.Wait)
	if total.Load() != int64(crowdSize()) {
		t.Error(total.Load())
	}
	quiet(t, s, 3)
}

// TestSemaphoreOrders: as a lock it guards plain data, and the race detector knows.
func TestSemaphoreOrders(t *testing.T) {
	s := newSemaphore(t, 1)
	total := 0
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 500 {
				if g%2 == 0 {
					for !s.TryAcquire() {
						runtime.Gosched()
					}
				} else if err := s.Acquire(context.Background()); err != nil {
					t.Error(err)
					return
				}
				total++
				_ = s.Release()
			}
		})
	}
	testproc.Finish(t, "contenders", wg.Wait)
	if total != 8*500 {
		t.Error(total)
	}
}
