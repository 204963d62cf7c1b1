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

func TestMain(m *testing.M) { testproc.Main(m) }

var _ sync.Locker = (*psync.Lock)(nil)

func newLock(t testing.TB) *psync.Lock {
	t.Helper()
	l, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// again decodes another handle to the same lock.
func again(t testing.TB, l *psync.Lock) *psync.Lock {
	t.Helper()
	data, err := cbor.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	out := new(psync.Lock)
	if err := cbor.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
	t.Cleanup(cancel)
	return ctx
}

// panics runs fn and returns the error that it panics with.
func panics(t *testing.T, fn func()) (err error) {
	t.Helper()
	defer func() {
		r := recover()
		if r == nil {
			t.Error("no panic")
			return
		}
		var ok bool
		if err, ok = r.(error); !ok {
			t.Errorf("panicked with %v, which is no error", r)
		}
	}()
	fn()
	return nil
}

func TestLock(t *testing.T) {
	l := newLock(t)
	l.Lock()
	if l.TryLock() {
		t.Error("locked twice")
	}
	l.Unlock()
	if !l.TryLock() {
		t.Error("a free lock is refused")
	}
	l.Unlock()
	rec, err := l.Acquire(bounded(t))
	if err != nil || rec.Recovered() || l.Recovery().Recovered() {
		t.Errorf("%v, %v", rec, err)
	}
	l.Unlock()
}

func TestUnlockNotHeld(t *testing.T) {
	l := newLock(t)
	if err := panics(t, l.Unlock); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("got %v", err)
	}
	l.Lock() // and it still works
	l.Unlock()
	if err := panics(t, l.Unlock); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("got %v", err)
	}
}

func TestAcquireEnds(t *testing.T) {
	l := newLock(t)
	cause := errors.New("the process that would unlock it has died")
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		if _, err := l.Acquire(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
		if !l.TryLock() {
			t.Fatal("it is held after all")
		}
		l.Unlock()
	})
	l.Lock()
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(2*time.Millisecond, func() { cancel(cause) })
		if _, err := l.Acquire(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("expired", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
		defer cancel()
		if _, err := l.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if _, err := l.Acquire(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		time.Sleep(2 * time.Millisecond)
		cancel()
		testproc.Finish(t, "cancelled waiters", wg.Wait)
	})
	l.Unlock()
	if !l.TryLock() {
		t.Error("not free")
	}
	l.Unlock()
}

func TestCloseEndsWaits(t *testing.T) {
	l := newLock(t)
	other := again(t, l)
	other.Lock()
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			if i%2 == 0 {
				if _, err := l.Acquire(context.Background()); !errors.Is(err, psync.ErrClosed) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err := panics(t, l.Lock); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
	time.Sleep(3 * time.Millisecond)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	testproc.Finish(t, "waiters of a closed lock", wg.Wait)
	other.Unlock() // it is not affected
	other.Lock()
	other.Unlock()
}

func TestUseAfterClose(t *testing.T) {
	l := newLock(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if err := panics(t, l.Lock); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Lock: %v", err)
	}
	if err := panics(t, l.Unlock); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Unlock: %v", err)
	}
	if l.TryLock() {
		t.Error("TryLock")
	}
	if _, err := l.Acquire(context.Background()); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Acquire: %v", err)
	}
	if l.Recovery().Recovered() {
		t.Error("Recovery")
	}
	if s := l.String(); s != "psync.Lock(closed)" {
		t.Error(s)
	}
	if _, err := cbor.Marshal(l); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Marshal: %v", err)
	}
}

// TestClosedIsNotTheNext: what is done with a closed lock does not touch the lock that gets its memory.
func TestClosedIsNotTheNext(t *testing.T) {
	for range 2000 { // enough to come to every free block of its size
		old := newLock(t)
		old.Close()
		panics(t, old.Lock)
		next := newLock(t)
		if !next.TryLock() {
			t.Fatal("a new lock is taken already")
		}
		panics(t, old.Unlock)
		if next.TryLock() {
			t.Fatal("a closed lock's Unlock has released another")
		}
		next.Unlock()
		next.Close()
	}
}

func TestCloseWhileHeldHere(t *testing.T) {
	l := newLock(t)
	other := again(t, l)
	l.Lock()
	l.Close()
	if other.TryLock() {
		t.Error("free, although this process has another handle and may unlock it through that")
	}
	other.Unlock()
	other.Lock()
	other.Unlock()
}

func TestZeroLock(t *testing.T) {
	l := new(psync.Lock)
	if s := l.String(); s != "psync.Lock(none)" {
		t.Error(s)
	}
	if s := (*psync.Lock)(nil).String(); s != "psync.Lock(none)" {
		t.Error(s)
	}
	if err := l.Close(); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Close: %v", err)
	}
	if _, err := l.MarshalCBOR(); err == nil {
		t.Error("marshalled")
	}
	if _, err := (*psync.Lock)(nil).MarshalCBOR(); err == nil {
		t.Error("marshalled nil")
	}
}

func TestStringHere(t *testing.T) {
	l := newLock(t)
	if s := l.String(); s != "psync.Lock(free)" {
		t.Error(s)
	}
	l.Lock()
	if s, want := l.String(), fmt.Sprintf("(pid %d))", os.Getpid()); !strings.Contains(s, "held by this process, ") || !strings.HasSuffix(s, want) {
		t.Error(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { _, _ = l.Acquire(ctx) })
	}
	testproc.Eventually(t, "a waiter in String", func() bool {
		s := l.String()
		return strings.Contains(s, "has waited") && strings.Contains(s, ", 3 more goroutines queue here")
	})
	cancel()
	testproc.Finish(t, "waiters", wg.Wait)
	l.Unlock()
}

func TestTravelsAsOneLock(t *testing.T) {
	l := newLock(t)
	type message struct {
		A, B  *psync.Lock
		List  []*psync.Lock
		Named map[string]*psync.Lock
		None  *psync.Lock
	}
	data, err := cbor.Marshal(message{A: l, B: l, List: []*psync.Lock{l}, Named: map[string]*psync.Lock{"x": l}})
	if err != nil {
		t.Fatal(err)
	}
	var m message
	if err := cbor.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	if m.None != nil {
		t.Error("a nil lock arrived as one")
	}
	all := []*psync.Lock{l, m.A, m.B, m.List[0], m.Named["x"]}
	for i, held := range all {
		held.Lock()
		for _, other := range all {
			if other.TryLock() {
				t.Errorf("handle %d holds it and another got it", i)
			}
		}
		all[(i+1)%len(all)].Unlock() // any handle of the process will do
	}
	for _, h := range all[1:] {
		h.Close()
	}
	l.Lock()
	l.Unlock()
}

func TestDecodeErrors(t *testing.T) {
	l, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	data, err := cbor.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	var stale psync.Lock
	if err := cbor.Unmarshal(data, &stale); !errors.Is(err, psync.ErrStale) {
		t.Errorf("a lock that is gone: %v", err)
	}
	if s := stale.String(); s != "psync.Lock(none)" {
		t.Error(s)
	}
	for _, data := range [][]byte{{0xf6}, {0x01}, {0x60}, {0xd8, 0x20, 0x40}, nil} {
		if err := new(psync.Lock).UnmarshalCBOR(data); err == nil {
			t.Errorf("% x is no lock", data)
		}
	}
}

func TestExclusionHere(t *testing.T) {
	l := newLock(t)
	other := again(t, l)
	n := 3000
	if testing.Short() {
		n = 500
	}
	total := 0
	var wg sync.WaitGroup
	for g := range 8 {
		h := []*psync.Lock{l, other}[g%2]
		wg.Go(func() {
			for range n {
				h.Lock()
				total++ // under -race this also shows that the detector knows of the lock
				h.Unlock()
			}
		})
	}
	testproc.Finish(t, "contenders", wg.Wait)
	if total != 8*n {
		t.Errorf("%d, want %d", total, 8*n)
	}
}

func TestOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	t.Run("exclusion", TestExclusionHere)
	t.Run("acquire", TestAcquireEnds)
}

// TestCollected: a lock that nobody refers to is collected, not leaked.
func TestCollected(t *testing.T) {
	var gone atomic.Int32
	for range 100 {
		l, err := psync.NewLock()
		if err != nil {
			t.Fatal(err)
		}
		runtime.AddCleanup(l, func(int) { gone.Add(1) }, 0)
		l.Lock()
	}
	testproc.Eventually(t, "collected", func() bool { runtime.GC(); return gone.Load() == 100 })
}
