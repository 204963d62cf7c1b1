//go:build linux

package psync_test

import (
	"context"
	"errors"
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

func TestBoundedCloseEndsWaits(t *testing.T) {
	s := newBounded(t, 1)
	other := twin(t, s)
	must(t, other.Acquire(bounded(t)))
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if err := s.Acquire(context.Background()); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
	testproc.Eventually(t, "waiters", func() bool { return strings.Contains(other.String(), "waits for 1") })
	must(t, s.Close())
	testproc.Finish(t, "waiters of a closed semaphore", wg.Wait)
	must(t, other.Release()) // it is not affected
	whole(t, other)
}

func TestBoundedUseAfterClose(t *testing.T) {
	s := newBounded(t, 2)
	must(t, s.Acquire(bounded(t)))
	must(t, s.Close())
	for what, err := range map[string]error{
		"Close": s.Close(), "Acquire": s.Acquire(context.Background()), "AcquireN(0)": s.AcquireN(context.Background(), 0),
		"Release": s.Release(), "ReleaseN": s.ReleaseN(2), "ReleaseN(0)": s.ReleaseN(0),
	} {
		if !errors.Is(err, psync.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if s.TryAcquire() || s.TryAcquireN(0) || s.Value() != 0 || s.Held() != 0 {
		t.Error("it works after Close")
	}
	if str := s.String(); str != "psync.BoundedSemaphore(closed)" {
		t.Error(str)
	}
	if _, err := cbor.Marshal(s); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Marshal: %v", err)
	}
}

func TestBoundedZero(t *testing.T) {
	s := new(psync.BoundedSemaphore)
	if str := s.String() + (*psync.BoundedSemaphore)(nil).String(); str != "psync.BoundedSemaphore(none)psync.BoundedSemaphore(none)" {
		t.Error(str)
	}
	for what, err := range map[string]error{"Close": s.Close(), "Acquire": s.Acquire(context.Background()), "Release": s.Release()} {
		if !errors.Is(err, psync.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if s.TryAcquire() || s.Value() != 0 || s.Held() != 0 || s.Max() != 0 {
		t.Error("the zero semaphore has something")
	}
	if _, err := s.MarshalCBOR(); err == nil {
		t.Error("marshalled")
	}
}

// TestBoundedCloseHere: permits stay while this process has another handle, and their holder may use that one.
func TestBoundedCloseHere(t *testing.T) {
	s := newBounded(t, 3)
	other := twin(t, s)
	must(t, s.AcquireN(bounded(t), 2))
	must(t, s.Close())
	boundedIs(t, other, 1, 2)
	must(t, other.ReleaseN(2))
	whole(t, other)
}

// TestBoundedClosedIsNotTheNext: what is done with a closed semaphore does not touch the one that gets its memory.
func TestBoundedClosedIsNotTheNext(t *testing.T) {
	for range 300 {
		old := newBounded(t, 1)
		must(t, old.Acquire(bounded(t)))
		old.Close()
		next := newBounded(t, 1)
		if err := old.Release(); !errors.Is(err, psync.ErrClosed) || old.TryAcquire() {
			t.Fatalf("got %v", err)
		}
		boundedIs(t, next, 1, 0)
		must(t, next.Acquire(bounded(t)))
		_ = old.Release()
		boundedIs(t, next, 0, 1)
		next.Close()
	}
}

// TestBoundedCloseInUse closes a handle while goroutines use it in every way. What was acquired through it and not released is still held.
func TestBoundedCloseInUse(t *testing.T) {
	for range 50 {
		s := newBounded(t, 2)
		other := twin(t, s)
		var balance atomic.Int64
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				for {
					var err error
					if i%2 == 0 {
						err = s.Acquire(context.Background())
					} else if !s.TryAcquire() {
						if _, err = s.MarshalCBOR(); err == nil {
							continue
						}
					}
					if err == nil {
						balance.Add(1)
						if err = s.Release(); err == nil {
							balance.Add(-1)
						}
					}
					if err != nil {
						if !errors.Is(err, psync.ErrClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		time.Sleep(100 * time.Microsecond)
		must(t, s.Close())
		testproc.Finish(t, "users of a closed handle", wg.Wait)
		boundedIs(t, other, 2-int(balance.Load()), int(balance.Load()))
		other.Close()
	}
}

// TestBoundedCollected: a semaphore that nobody refers to is collected, not leaked, whatever it holds.
func TestBoundedCollected(t *testing.T) {
	var gone atomic.Int32
	for range 100 {
		s, err := psync.NewBoundedSemaphore(2)
		must(t, err)
		runtime.AddCleanup(s, func(int) { gone.Add(1) }, 0)
		must(t, s.Acquire(bounded(t)))
	}
	testproc.Eventually(t, "collected", func() bool { runtime.GC(); return gone.Load() == 100 })
}
