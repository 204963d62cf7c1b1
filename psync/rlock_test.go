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
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

var _ sync.Locker = (*psync.Holder)(nil)

func newRLock(t testing.TB) *psync.RLock {
	t.Helper()
	l, err := psync.NewRLock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// isFree fails the test unless a new holder gets the lock at once.
func isFree(t testing.TB, l *psync.RLock) {
	t.Helper()
	h := l.Holder()
	if !h.TryLock() {
		t.Errorf("not free: %v", l)
		return
	}
	h.Unlock()
}

func TestRLock(t *testing.T) {
	l := newRLock(t)
	a, b := l.Holder(), l.Holder()
	for depth := range 3 {
		if a.Depth() != depth {
			t.Errorf("depth %d, want %d", a.Depth(), depth)
		}
		switch depth {
		case 0:
			a.Lock()
		case 1:
			if r, err := a.Acquire(bounded(t)); err != nil || r.Recovered() {
				t.Errorf("%v, %v", r, err)
			}
		case 2:
			if !a.TryLock() {
				t.Error("TryLock does not re-enter")
			}
		}
		if b.TryLock() {
			t.Fatal("another holder got it")
		}
	}
	if b.Depth() != 0 || a.Recovery().Recovered() || b.Recovery().Recovered() {
		t.Error(a, b)
	}
	for range 3 {
		if b.TryLock() {
			t.Fatal("another holder got it before the last Unlock")
		}
		if err := a.Release(); err != nil {
			t.Error(err)
		}
	}
	if !b.TryLock() {
		t.Fatal("not free after the last")
	}
	b.Unlock()
}

func TestHolderReleaseNotHeld(t *testing.T) {
	l := newRLock(t)
	a, b := l.Holder(), l.Holder()
	if err := a.Release(); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("got %v", err)
	}
	a.Lock()
	if err := b.Release(); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("of another holder: %v", err)
	}
	if err := panics(t, b.Unlock); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("got %v", err)
	}
	a.Unlock()
	if err := panics(t, a.Unlock); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("got %v", err)
	}
	isFree(t, l)
}

func TestHolderAcquireEnds(t *testing.T) {
	l := newRLock(t)
	cause := errors.New("the process that would unlock it has died")
	h, other := l.Holder(), l.Holder()
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	for depth := range 2 { // at depth 1 it would only re-enter
		if _, err := h.Acquire(ended); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !strings.Contains(err.Error(), "waiting for psync.RLock(") {
			t.Errorf("got %v", err)
		}
		if h.Depth() != depth {
			t.Errorf("depth %d, want %d", h.Depth(), depth)
		}
		h.Lock()
	}
	var wg sync.WaitGroup
	for range 50 { // one of them waits for the lock, the others for that one
		wg.Go(func() {
			ctx, cancel := context.WithTimeoutCause(context.Background(), 3*time.Millisecond, cause)
			defer cancel()
			if _, err := other.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
	testproc.Finish(t, "waits with an end", wg.Wait)
	if other.Depth() != 0 || h.Depth() != 2 {
		t.Error(h, other)
	}
	h.Unlock()
	h.Unlock()
	other.Lock()
	other.Unlock()
}

// TestHolderShared: goroutines that share a holder re-enter, those of another holder stay outside, and nothing is left in the end.
func TestHolderShared(t *testing.T) {
	l := newRLock(t)
	holders := []*psync.Holder{l.Holder(), l.Holder(), twin(t, l).Holder()}
	var inside [3]atomic.Int64
	n := 400
	if testing.Short() {
		n = 100
	}
	var wg sync.WaitGroup
	for g := range 24 {
		wg.Go(func() {
			me := g % len(holders)
			h := holders[me]
			for i := range n {
				switch i % 4 {
				case 0:
					h.Lock()
				case 1:
					if !h.TryLock() {
						continue
					}
				case 2:
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%7)*20*time.Microsecond)
					_, err := h.Acquire(ctx)
					cancel()
					if err != nil {
						continue
					}
				default:
					if _, err := h.Acquire(context.Background()); err != nil {
						t.Error(err)
						return
					}
				}
				inside[me].Add(1)
				for o := range inside {
					if o != me && inside[o].Load() != 0 {
						t.Errorf("holders %d and %d are inside", me, o)
					}
				}
				if i%16 == 0 {
					runtime.Gosched()
				}
				inside[me].Add(-1)
				if err := h.Release(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	testproc.Finish(t, "goroutines that share holders", wg.Wait)
	for _, h := range holders {
		if h.Depth() != 0 {
			t.Error(h)
		}
	}
	isFree(t, l)
}

// TestHolderJoinsAnAcquisition: who comes while a goroutine of its own waits for the lock re-enters when that one has it.
func TestHolderJoinsAnAcquisition(t *testing.T) {
	l := newRLock(t)
	other, h := l.Holder(), l.Holder()
	other.Lock()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(h.Lock)
	}
	testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(l.String(), "has waited") })
	if h.TryLock() {
		t.Error("TryLock during an acquisition")
	}
	other.Unlock()
	testproc.Finish(t, "ten Locks of one holder", wg.Wait) // none waits for another's Unlock
	if h.Depth() != 10 {
		t.Error(h)
	}
	for range 10 {
		h.Unlock()
	}
	isFree(t, l)
}

// TestHolderJoinerGivesUp: who waits for the acquisition of another goroutine of its holder does so until its own context ends.
func TestHolderJoinerGivesUp(t *testing.T) {
	l := newRLock(t)
	other, h := l.Holder(), l.Holder()
	testproc.Finish(t, "a wait for an acquisition that has ended", func() { h.Await(context.Background()) })
	other.Lock()
	var wg sync.WaitGroup
	wg.Go(h.Lock)
	testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(l.String(), "has waited") })
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Millisecond)
	defer cancel()
	testproc.Finish(t, "a joiner's Acquire", func() {
		if _, err := h.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	other.Unlock()
	testproc.Finish(t, "Lock", wg.Wait)
	if h.Depth() != 1 {
		t.Error(h)
	}
	h.Unlock()
}

func TestHolderReleaseAll(t *testing.T) {
	l := newRLock(t)
	h, other := l.Holder(), l.Holder()
	if d := h.ReleaseAll(); d != 0 {
		t.Errorf("%d levels of nothing", d)
	}
	for range 5 {
		h.Lock()
	}
	d := h.ReleaseAll()
	if d != 5 || h.Depth() != 0 {
		t.Errorf("%d, %v", d, h)
	}
	other.Lock()
	var wg sync.WaitGroup
	wg.Go(func() {
		if r, err := h.Reacquire(d); err != nil || r.Recovered() {
			t.Errorf("%v, %v", r, err)
		}
	})
	other.Unlock()
	testproc.Finish(t, "Reacquire", wg.Wait)
	if h.Depth() != 5 || other.TryLock() {
		t.Error(h)
	}
	d = h.ReleaseAll()
	l.Close()
	if _, err := h.Reacquire(d); !errors.Is(err, psync.ErrClosed) || h.Depth() != 0 {
		t.Errorf("%v, %v", h, err)
	}
	if d := h.ReleaseAll(); d != 0 {
		t.Errorf("%d levels of a closed lock", d)
	}
}

func TestHolderContext(t *testing.T) {
	a, b := newRLock(t), newRLock(t)
	ctx := context.Background()
	if h, ok := a.HolderFrom(ctx); ok || h != nil {
		t.Error(h)
	}
	ha, hb, newer := a.Holder(), b.Holder(), a.Holder()
	ctx = hb.Context(ha.Context(ctx))
	ctx = context.WithValue(ctx, struct{ other int }{}, 1)
	nested, cancel := context.WithCancel(newer.Context(ctx))
	defer cancel()
	for _, c := range []struct {
		l    *psync.RLock
		ctx  context.Context
		want *psync.Holder
	}{{a, ctx, ha}, {b, ctx, hb}, {a, nested, newer}, {b, nested, hb}, {twin(t, a), ctx, ha}, {newRLock(t), nested, nil}, {new(psync.RLock), nested, nil}} {
		h, ok := c.l.HolderFrom(c.ctx)
		if h != c.want || ok != (c.want != nil) {
			t.Errorf("%v of %v: %v", c.l, c.ctx, h)
		}
	}
	ha.Lock()
	h, _ := twin(t, a).HolderFrom(ctx)
	h.Lock() // by way of another handle it is the same holder
	if ha.Depth() != 2 {
		t.Error(ha)
	}
	h.Unlock()
	ha.Unlock()
}

func TestRLockString(t *testing.T) {
	l := newRLock(t)
	h := l.Holder()
	if s := h.String(); s != "psync.Holder(depth 0 of psync.RLock(free))" {
		t.Error(s)
	}
	h.Lock()
	h.Lock()
	if s, want := h.String(), fmt.Sprintf("(pid %d)))", os.Getpid()); !strings.HasPrefix(s, "psync.Holder(depth 2 of psync.RLock(held by this process, ") || !strings.HasSuffix(s, want) {
		t.Error(s)
	}
}

func TestRLockDecodeErrors(t *testing.T) {
	l := newRLock(t)
	data, err := cbor.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	if err := cbor.Unmarshal(data, new(psync.Lock)); err == nil {
		t.Error("an RLock became a Lock")
	}
	l.Close()
	if err := cbor.Unmarshal(data, new(psync.RLock)); !errors.Is(err, psync.ErrStale) {
		t.Errorf("a lock that is gone: %v", err)
	}
	if err := new(psync.RLock).UnmarshalCBOR(nil); err == nil {
		t.Error("decoded from nothing")
	}
}
