//go:build linux

package await

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

func TestMain(m *testing.M) { testproc.Main(m) }

func init() {
	testproc.Handle("nothing", func([]string) (string, error) { return "", nil })
}

// word is the first word of an object.
func word(h *arena.Handle) *uint32 { return (*uint32)(h.Payload()) }

// flag is a condition of shared memory: a word that is 0 until it is over.
type flag struct {
	h    *arena.Handle
	room Room
}

func newFlag(t testing.TB) *flag {
	t.Helper()
	h, err := arena.New(arena.Spec{Kind: 1, Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	h.Ref() // it may travel, so there is a sweeper
	return &flag{h: h}
}

func (f *flag) look() (*uint32, uint32, bool) {
	w := word(f.h)
	v := atomic.LoadUint32(w)
	return w, v, v != 0
}

func (f *flag) set() {
	atomic.StoreUint32(word(f.h), 1)
	park.Wake(word(f.h), park.All)
}

func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
	t.Cleanup(cancel)
	return ctx
}

func TestOver(t *testing.T) {
	f := newFlag(t)
	f.set()
	if err := f.room.Wait(bounded(t), f.h, f.look); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("why")
	cancel(cause)
	looks := 0
	count := func() (*uint32, uint32, bool) { looks++; return f.look() }
	if err := f.room.Wait(ended, f.h, count); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Error(err)
	}
	_ = f.h.Close()
	if err := f.room.Wait(bounded(t), f.h, count); err != errs.ErrClosed {
		t.Error(err)
	}
	if looks != 0 {
		t.Errorf("looked %d times at what was over before", looks)
	}
}

// TestWoken: one sleeps, many queue, all return.
func TestWoken(t *testing.T) {
	f := newFlag(t)
	n := 10_000
	if testing.Short() {
		n = 500
	}
	before := threads(t)
	var wg sync.WaitGroup
	ctx := bounded(t)
	for range n {
		wg.Go(func() {
			if err := f.room.Wait(ctx, f.h, f.look); err != nil {
				t.Error(err)
			}
		})
	}
	testproc.Eventually(t, "all queue", func() bool { return f.room.Queued() == n-1 })
	if now := threads(t); now > before+testproc.MostThreads(20) {
		t.Errorf("%d threads, %d before", now, before)
	}
	f.set()
	testproc.Finish(t, "the crowd", wg.Wait)
	if f.room.Queued() != 0 {
		t.Error("somebody queues")
	}
}

func threads(t testing.TB) (n int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "Threads:")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEnded: a context ends the wait of who sleeps and of who queues, Close that of all; giveUp is called by who has looked.
func TestEnded(t *testing.T) {
	for _, how := range []string{"context", "close"} {
		f := newFlag(t)
		ctx, cancel := context.WithCancel(bounded(t))
		defer cancel()
		var looks, gaveUp, closed atomic.Int32
		const n = 20
		done := make(chan error, n)
		for range n {
			go func() {
				looked := false
				done <- f.room.WaitOr(ctx, f.h, func() (*uint32, uint32, bool) { looked = true; looks.Add(1); return f.look() }, func() {
					gaveUp.Add(1)
					if !looked {
						t.Error("gave up before it had looked")
					}
					atomic.AddUint32(word(f.h), 0) // the memory is there
					if closed.Load() == 2 {
						t.Error("gave up after Close had returned")
					}
				})
			}()
		}
		testproc.Eventually(t, "one has looked and all others queue", func() bool { return looks.Load() > 0 && f.room.Queued() == n-1 })
		want := context.Canceled
		if how == "close" {
			want = errs.ErrClosed
			closed.Store(1)
			_ = f.h.Close()
			closed.Store(2)
			if len(done) > n {
				t.Error("impossible")
			}
		} else {
			cancel()
		}
		for range n {
			testproc.Finish(t, how, func() {
				if err := <-done; !errors.Is(err, want) {
					t.Errorf("%s: %v", how, err)
				}
			})
		}
		if gaveUp.Load() < 1 {
			t.Errorf("%s: nobody gave up", how)
		}
	}
}

// TestCancelPassesTheRoom: who leaves early lets the next one sleep, whether he slept or queued.
func TestCancelPassesTheRoom(t *testing.T) {
	f := newFlag(t)
	var wg sync.WaitGroup
	n := 300
	for i := range n {
		ctx := bounded(t)
		if i%3 > 0 {
			c, cancel := context.WithTimeout(ctx, time.Duration(i%17)*100*time.Microsecond)
			defer cancel()
			ctx = c
		}
		wg.Go(func() {
			err := f.room.Wait(ctx, f.h, f.look)
			if i%3 == 0 && err != nil || err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
	testproc.Eventually(t, "the patient are left", func() bool { return f.room.Queued() == n/3-1 })
	f.set()
	testproc.Finish(t, "the patient", wg.Wait)
}

// TestDeaths: who sleeps looks again at a death, and those who queue keep their places.
func TestDeaths(t *testing.T) {
	f := newFlag(t)
	p := testproc.Start(t)
	p.Must("nothing")
	home, err := arena.Home()
	if err != nil {
		t.Fatal(err)
	}
	var looks atomic.Int32
	done := make(chan error, 3)
	for range 3 {
		go func() {
			done <- f.room.Wait(bounded(t), f.h, func() (*uint32, uint32, bool) {
				looks.Add(1)
				return word(f.h), atomic.LoadUint32(word(f.h)), !home.Family().Alive(p.ID)
			})
		}()
	}
	testproc.Eventually(t, "one sleeps", func() bool { return looks.Load() > 0 && f.room.Queued() == 2 })
	select {
	case err := <-done:
		t.Fatalf("over while it lives: %v", err)
	default:
	}
	p.Bury()
	for range 3 {
		testproc.Finish(t, "the bereaved", func() {
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNoneMissed: changes that come at any moment of a look are never slept through.
func TestNoneMissed(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 300
	}
	for range n {
		f := newFlag(t)
		ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
		done := make(chan error, 2)
		for range 2 {
			go func() { done <- f.room.Wait(ctx, f.h, f.look) }()
		}
		f.set()
		for range 2 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		_ = f.h.Close()
	}
}
