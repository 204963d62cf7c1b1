//go:build linux

package psync_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func TestRLockCloseEndsWaits(t *testing.T) {
	l := newRLock(t)
	other := twin(t, l).Holder()
	other.Lock()
	shared := l.Holder()
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			h := shared
			if i%2 == 0 {
				h = l.Holder()
			}
			if i%3 == 0 {
				if err := panics(t, h.Lock); !errors.Is(err, psync.ErrClosed) {
					t.Errorf("got %v", err)
				}
			} else if _, err := h.Acquire(context.Background()); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("got %v", err)
			}
			if h.Depth() != 0 {
				t.Error(h)
			}
		})
	}
	testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(l.String(), "queue here") })
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	testproc.Finish(t, "waiters of a closed lock", wg.Wait)
	other.Unlock()
}

// TestRLockCloseReleases: the holder of a closed handle can't release the lock any more, so Close does.
func TestRLockCloseReleases(t *testing.T) {
	l := newRLock(t)
	kept := twin(t, l)
	h := l.Holder()
	h.Lock()
	h.Lock()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	isFree(t, kept)
	if h.Depth() != 0 {
		t.Error(h)
	}
	if err := h.Release(); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("got %v", err)
	}
	// A holder of another handle keeps it.
	again := twin(t, kept)
	hk, ha := kept.Holder(), again.Holder()
	ha.Lock()
	ha.Unlock() // the last of its handle, and outside
	hk.Lock()
	again.Close()
	if kept.Holder().TryLock() || hk.Depth() != 1 {
		t.Error(hk)
	}
	hk.Unlock()
}

// TestRLockCloseBetween: Close comes between an Acquire's look at the handle and its taking of the lock.
func TestRLockCloseBetween(t *testing.T) {
	l := newRLock(t)
	kept := twin(t, l)
	h := l.Holder()
	l.Close()
	if err := h.Take(bounded(t)); !errors.Is(err, psync.ErrClosed) || h.Depth() != 0 {
		t.Errorf("%v, %v", err, h)
	}
	isFree(t, kept)
}

// TestRLockCloseRaces: whatever the order of a Close and the Locks of its holders, the lock is free for others in the end.
func TestRLockCloseRaces(t *testing.T) {
	kept := newRLock(t)
	n := 400
	if testing.Short() {
		n = 50
	}
	for range n {
		l := twin(t, kept)
		var wg sync.WaitGroup
		for range 3 {
			h := l.Holder()
			wg.Go(func() {
				for {
					if _, err := h.Acquire(context.Background()); err != nil {
						return
					}
					if err := h.Release(); err != nil {
						return
					}
					runtime.Gosched()
				}
			})
		}
		runtime.Gosched()
		l.Close()
		testproc.Finish(t, "holders of a closed lock", wg.Wait)
		h := kept.Holder()
		if _, err := h.Acquire(bounded(t)); err != nil {
			t.Fatal(err)
		}
		h.Unlock()
	}
}

func TestRLockUseAfterClose(t *testing.T) {
	for _, c := range []struct {
		state string
		make  func() *psync.RLock
	}{
		{"closed", func() *psync.RLock { l := newRLock(t); l.Close(); return l }},
		{"none", func() *psync.RLock { return new(psync.RLock) }},
	} {
		t.Run(c.state, func(t *testing.T) {
			l := c.make()
			h := l.Holder()
			if err := panics(t, h.Lock); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("Lock: %v", err)
			}
			if err := panics(t, h.Unlock); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("Unlock: %v", err)
			}
			if _, err := h.Acquire(context.Background()); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("Acquire: %v", err)
			}
			if h.TryLock() || h.Depth() != 0 || h.Recovery().Recovered() {
				t.Error(h)
			}
			if s := l.String(); s != "psync.RLock("+c.state+")" {
				t.Error(s)
			}
			if err := l.Close(); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("Close: %v", err)
			}
			if _, err := l.MarshalCBOR(); err == nil {
				t.Error("marshalled")
			}
		})
	}
	if s := (*psync.RLock)(nil).String() + (*psync.Holder)(nil).String(); s != "psync.RLock(none)psync.Holder(none)" {
		t.Error(s)
	}
}
