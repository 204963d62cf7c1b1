//go:build linux

package psync_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func newBounded(t testing.TB, max int) *psync.BoundedSemaphore {
	t.Helper()
	s, err := psync.NewBoundedSemaphore(max)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// must fails the test when a call has failed.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// boundedIs checks how many permits are free, and how many are this process's.
func boundedIs(t testing.TB, s *psync.BoundedSemaphore, free, held int) {
	t.Helper()
	if v, h := s.Value(), s.Held(); v != free || h != held {
		t.Errorf("%d free and %d held here, want %d and %d: %v", v, h, free, held, s)
	}
}

// whole checks that all permits are there, and no more: they can be taken at once, and then none is left.
func whole(t testing.TB, s *psync.BoundedSemaphore) {
	t.Helper()
	must(t, s.AcquireN(bounded(t), s.Max()))
	if s.TryAcquire() {
		t.Error("more permits than there are")
	}
	boundedIs(t, s, 0, s.Max())
	must(t, s.ReleaseN(s.Max()))
	boundedIs(t, s, s.Max(), 0)
}

func TestBoundedOffsets(t *testing.T) {
	for what, v := range map[string][2]uint64{
		"max":     {psync.OffMax, 0},
		"bell":    {psync.OffBell, 4},
		"front":   {psync.OffFront, 8},
		"wanted":  {psync.OffWanted, 12},
		"rows":    {psync.OffRows, 16},
		"payload": {psync.BoundedSize, 16 + ledger.Size},
		"used":    {psync.UsedMask, 1<<17 - 1},
		"cached":  {psync.CachedMask, (1<<17 - 1) << 17},
		"want":    {psync.Want, 1 << 34},
		"counts":  {psync.UsedMask | psync.CachedMask | psync.Want, ledger.Counts},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %#x, want %#x", what, v[0], v[1])
		}
	}
	s := newBounded(t, 9)
	must(t, s.AcquireN(bounded(t), 7))
	must(t, s.ReleaseN(4))
	w := s.Words()
	if uint32(w[0]) != 9 || w[4]&ledger.Counts != 3|4<<17 || ledger.OwnerOf(w[4]) == 0 {
		t.Errorf("%#x", w[:6])
	}
}

func TestBounded(t *testing.T) {
	s := newBounded(t, 3)
	ctx := bounded(t)
	if s.Max() != 3 {
		t.Error(s.Max())
	}
	boundedIs(t, s, 3, 0)
	must(t, s.Acquire(ctx))
	boundedIs(t, s, 2, 1)
	must(t, s.AcquireN(ctx, 2))
	boundedIs(t, s, 0, 3)
	if s.TryAcquire() || s.TryAcquireN(2) {
		t.Error("a fourth")
	}
	if !s.TryAcquireN(0) || s.AcquireN(ctx, 0) != nil || s.ReleaseN(0) != nil {
		t.Error("none is always there")
	}
	must(t, s.ReleaseN(2))
	boundedIs(t, s, 2, 1)
	if s.TryAcquireN(3) || !s.TryAcquireN(2) {
		t.Error("two are free")
	}
	must(t, s.Release())
	must(t, s.ReleaseN(2))
	boundedIs(t, s, 3, 0)
	whole(t, s)
}

func TestBoundedWrongNumbers(t *testing.T) {
	for _, max := range []int{0, -1, psync.MaxBounded + 1, 1 << 40} {
		if s, err := psync.NewBoundedSemaphore(max); err == nil || !strings.Contains(err.Error(), fmt.Sprint(max)) {
			t.Errorf("%d: %v, %v", max, s, err)
		}
	}
	s := newBounded(t, psync.MaxBounded)
	whole(t, s)
	for range 2 { // without a row, and with one
		for _, n := range []int{-1, psync.MaxBounded + 1, 1 << 17, 1 << 40, -1 << 63} {
			if err := s.AcquireN(context.Background(), n); err == nil || s.TryAcquireN(n) {
				t.Errorf("AcquireN(%d)", n)
			}
			if err := s.ReleaseN(n); err == nil {
				t.Errorf("ReleaseN(%d)", n)
			}
		}
		boundedIs(t, s, psync.MaxBounded, 0)
		s = newBounded(t, psync.MaxBounded)
	}
}

// TestBoundedReleaseTooMany: a permit that this process does not hold can't be released, and the error says how many it holds.
func TestBoundedReleaseTooMany(t *testing.T) {
	s := newBounded(t, 5)
	refused := func(n, held int) {
		t.Helper()
		err := s.ReleaseN(n)
		if !errors.Is(err, psync.ErrNotOwner) || !strings.Contains(err.Error(), fmt.Sprintf("release of %d permits", n)) || !strings.Contains(err.Error(), fmt.Sprintf("holds %d;", held)) {
			t.Errorf("ReleaseN(%d): %v", n, err)
		}
	}
	refused(1, 0)
	must(t, s.AcquireN(bounded(t), 2))
	refused(3, 2)
	boundedIs(t, s, 3, 2)
	must(t, s.ReleaseN(2))
	refused(1, 0)
	refused(1<<40, 0)
	boundedIs(t, s, 5, 0)
}

func TestBoundedAcquireEnds(t *testing.T) {
	s := newBounded(t, 2)
	cause := errors.New("the process that would release it has died")
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	for range 2 { // the second time there are permits at hand
		for _, n := range []int{0, 1} {
			if err := s.AcquireN(ended, n); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !strings.Contains(err.Error(), "waiting for psync.BoundedSemaphore(2 of 2 free") {
				t.Errorf("got %v", err)
			}
		}
		boundedIs(t, s, 2, 0)
		whole(t, s)
	}
	must(t, s.AcquireN(bounded(t), 2))
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(2*time.Millisecond, func() { cancel(cause) })
		if err := s.Acquire(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("expired", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
		defer cancel()
		if err := s.AcquireN(ctx, 2); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if err := s.Acquire(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		time.Sleep(2 * time.Millisecond)
		cancel()
		testproc.Finish(t, "cancelled waiters", wg.Wait)
	})
	must(t, s.ReleaseN(2))
	if *s.Row()&psync.Want != 0 {
		t.Error("who gave up still slows others down")
	}
	whole(t, s)
}

// TestBoundedQueue: who waits for many is not overtaken by those that want few.
func TestBoundedQueue(t *testing.T) {
	s := newBounded(t, 4)
	must(t, s.AcquireN(bounded(t), 3))
	order := make(chan int, 2)
	go func() {
		if err := s.AcquireN(bounded(t), 3); err != nil {
			t.Error(err)
		}
		order <- 3
	}()
	testproc.Eventually(t, "the first waits", func() bool { return strings.Contains(s.String(), "waits for 3") })
	if s.TryAcquire() {
		t.Error("the first was overtaken")
	}
	go func() {
		if err := s.AcquireN(bounded(t), 2); err != nil {
			t.Error(err)
		}
		order <- 2
	}()
	must(t, s.Release())
	select {
	case n := <-order:
		t.Fatalf("the one for %d has two permits too early", n)
	case <-time.After(5 * time.Millisecond):
	}
	must(t, s.Release())
	if n := <-order; n != 3 {
		t.Errorf("the one for %d was first", n)
	}
	must(t, s.ReleaseN(3))
	if n := <-order; n != 2 {
		t.Error(n)
	}
	must(t, s.ReleaseN(3))
	whole(t, s)
}

func TestBoundedString(t *testing.T) {
	s := newBounded(t, 2)
	if str := s.String(); str != "psync.BoundedSemaphore(2 of 2 free)" {
		t.Error(str)
	}
	must(t, s.AcquireN(bounded(t), 2))
	if str := s.String(); !strings.HasPrefix(str, "psync.BoundedSemaphore(0 of 2 free; 2 held by this process, ") || !strings.HasSuffix(str, fmt.Sprintf("(pid %d))", os.Getpid())) {
		t.Error(str)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.AcquireN(ctx, 2) })
	testproc.Eventually(t, "a waiter in String", func() bool {
		return strings.HasSuffix(s.String(), fmt.Sprintf("(pid %d) waits for 2)", os.Getpid()))
	})
	cancel()
	testproc.Finish(t, "the waiter", wg.Wait)
	if strings.Contains(s.String(), "waits") {
		t.Error(s)
	}
}

func TestBoundedDecodeErrors(t *testing.T) {
	s := newBounded(t, 1)
	data, err := cbor.Marshal(s)
	must(t, err)
	s.Words()[0] = psync.MaxBounded + 1
	if err := cbor.Unmarshal(data, new(psync.BoundedSemaphore)); !errors.Is(err, psync.ErrCorrupt) {
		t.Errorf("too many permits: %v", err)
	}
	s.Words()[0] = 1
	s.Close()
	var stale psync.BoundedSemaphore
	if err := cbor.Unmarshal(data, &stale); !errors.Is(err, psync.ErrStale) || stale.String() != "psync.BoundedSemaphore(none)" {
		t.Errorf("one that is gone: %v, %v", err, &stale)
	}
	lock, err := cbor.Marshal(newLock(t))
	must(t, err)
	for _, data := range [][]byte{lock, {0xf6}, {0x60}, {0xd8, 0x20, 0x40}, nil} {
		if err := new(psync.BoundedSemaphore).UnmarshalCBOR(data); err == nil {
			t.Errorf("% x is no semaphore", data)
		}
	}
}

// TestBoundedExclusionHere: one permit orders what its holders do, also for the race detector.
func TestBoundedExclusionHere(t *testing.T) {
	s := newBounded(t, 1)
	other := twin(t, s)
	n := 3000
	if testing.Short() {
		n = 500
	}
	total := 0
	var wg sync.WaitGroup
	for g := range 8 {
		h := []*psync.BoundedSemaphore{s, other}[g%2]
		wg.Go(func() {
			for i := range n {
				if i%3 == 0 {
					for !h.TryAcquire() {
						runtime.Gosched()
					}
				} else if err := h.Acquire(context.Background()); err != nil {
					t.Error(err)
					return
				}
				total++
				if err := h.Release(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	testproc.Finish(t, "contenders", wg.Wait)
	if total != 8*n {
		t.Errorf("%d, want %d", total, 8*n)
	}
	other.Close()
	whole(t, s)
}

func TestBoundedOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	t.Run("exclusion", TestBoundedExclusionHere)
	t.Run("acquire", TestBoundedAcquireEnds)
	t.Run("queue", TestBoundedQueue)
}
