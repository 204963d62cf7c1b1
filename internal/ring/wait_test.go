//go:build linux

package ring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// asleepIn waits until somebody is about to sleep at a bell of the ring.
func asleepIn(t testing.TB, r *Ring, bell uintptr) {
	t.Helper()
	testproc.Eventually(t, "somebody sleeps", func() bool { return r.sleepers(bell) })
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

// TestCrowd: 10,000 goroutines that wait take few threads, and each gets one item.
func TestCrowd(t *testing.T) {
	r := newRing(t, 100, 4096)
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	before := threads(t)
	var got [10_000]atomic.Int32
	var wg sync.WaitGroup
	ctx := bounded(t)
	for range n {
		wg.Go(func() {
			var o Out
			if err := r.Get(ctx, &o); err != nil {
				t.Error(err)
				return
			}
			got[int(o.Data[0])|int(o.Data[1])<<8].Add(1)
		})
	}
	testproc.Eventually(t, "all wait", func() bool { return r.getters.Queued() >= n-1 })
	if now := threads(t); now > before+testproc.MostThreads(20) {
		t.Errorf("%d threads, %d before", now, before)
	}
	for i := range n {
		if err := r.Put(ctx, &Item{Data: []byte{byte(i), byte(i >> 8)}}); err != nil {
			t.Fatal(err)
		}
	}
	testproc.Finish(t, "the crowd", wg.Wait)
	for i := range n {
		if c := got[i].Load(); c != 1 {
			t.Errorf("item %d was taken %d times", i, c)
		}
	}
}

// TestCrowdOfPutters is the same for room.
func TestCrowdOfPutters(t *testing.T) {
	r := newRing(t, 3, 512)
	const n = 2000
	before := threads(t)
	var wg sync.WaitGroup
	ctx := bounded(t)
	for i := range n {
		wg.Go(func() {
			if err := r.Put(ctx, &Item{Data: []byte{byte(i), byte(i >> 8)}}); err != nil {
				t.Error(err)
			}
		})
	}
	testproc.Eventually(t, "the ring is full and all others wait", func() bool { return r.putters.Queued() >= n-4 })
	if now := threads(t); now > before+testproc.MostThreads(20) {
		t.Errorf("%d threads, %d before", now, before)
	}
	seen := map[int]bool{}
	for range n {
		var o Out
		if err := r.Get(ctx, &o); err != nil {
			t.Fatal(err)
		}
		seen[int(o.Data[0])|int(o.Data[1])<<8] = true
	}
	testproc.Finish(t, "the crowd", wg.Wait)
	if len(seen) != n {
		t.Errorf("%d of %d", len(seen), n)
	}
}

// TestSleepers: several handles sleep, each with a bell of its own to be woken at, and none is forgotten whatever the order of puts and gets.
func TestSleepers(t *testing.T) {
	r := newRing(t, 4, 512)
	var handles []*Ring
	for range 5 {
		handles = append(handles, another(t, r))
	}
	ctx := bounded(t)
	const each = 2000
	var sum atomic.Int64
	var wg sync.WaitGroup
	for i, h := range handles {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 1))
			for n := 0; n < each; {
				var o Out
				short, cancel := context.WithTimeout(ctx, time.Duration(rnd.IntN(300))*time.Microsecond)
				if rnd.IntN(4) > 0 {
					cancel()
					short, cancel = context.WithCancel(ctx)
				}
				err := h.Get(short, &o)
				cancel()
				switch {
				case err == nil:
					sum.Add(int64(o.Data[0]))
					n++
				case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
					t.Error(err)
					return
				}
			}
		})
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 2))
			for n := 0; n < each; {
				short, cancel := context.WithTimeout(ctx, time.Duration(rnd.IntN(300))*time.Microsecond)
				if rnd.IntN(4) > 0 {
					cancel()
					short, cancel = context.WithCancel(ctx)
				}
				err := h.Put(short, &Item{Data: text(1+rnd.IntN(200), 0)})
				cancel()
				switch {
				case err == nil:
					n++
				case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
					t.Error(err)
					return
				}
				if rnd.IntN(64) == 0 {
					time.Sleep(time.Duration(rnd.IntN(400)) * time.Microsecond)
				}
			}
		})
	}
	testproc.Finish(t, "putters and getters", wg.Wait)
	if r.Len() != 0 {
		t.Errorf("%d left", r.Len())
	}
}

// TestPassedOn: of two sleepers the one that is woken gives up at that moment, or finds the item not for it; the other gets it.
func TestPassedOn(t *testing.T) {
	ctx := bounded(t)
	for round := range 300 {
		r := newRing(t, 4, 512)
		first, second := another(t, r), another(t, r)
		giveUp, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		var firstErr error
		wg.Go(func() {
			o := Out{Data: make([]byte, 3), Exact: true}
			firstErr = first.Get(giveUp, &o)
		})
		testproc.Eventually(t, "the first sleeps", func() bool { return r.sleepers(offGetBell) })
		done := make(chan error, 1)
		go func() { done <- second.Get(ctx, &Out{}) }()
		if round%3 == 0 {
			cancel()
		}
		mustPut(t, r, text(9, 1))
		cancel()
		testproc.Finish(t, "the first", wg.Wait)
		if firstErr == nil {
			t.Fatal("9 bytes fit into 3")
		}
		var err error
		testproc.Finish(t, "the second", func() { err = <-done })
		if err != nil {
			t.Fatal(err)
		}
		_, _, _ = first.Detach(), second.Detach(), r.Detach()
	}
}

// TestEnds is what ends a wait: a context, Detach, Shut, the news that nobody is left.
func TestEnds(t *testing.T) {
	flat(t)
	type wait struct {
		name string
		bell uintptr
		do   func(context.Context, *Ring) error
	}
	for _, w := range []wait{
		{"Get", offGetBell, func(ctx context.Context, r *Ring) error { return r.Get(ctx, &Out{}) }},
		{"WaitReadable", offGetBell, func(ctx context.Context, r *Ring) error { return r.WaitReadable(ctx) }},
		{"Put", offPutBell, func(ctx context.Context, r *Ring) error { return r.Put(ctx, &Item{Data: text(8, 1)}) }},
		{"Put large", offPutBell, func(ctx context.Context, r *Ring) error { return r.Put(ctx, &Item{Data: text(8000, 1)}) }},
	} {
		for _, c := range []struct {
			name string
			end  func(r *Ring, cancel context.CancelFunc, gone *atomic.Bool)
			want func(w wait) error
		}{
			{"cancel", func(_ *Ring, cancel context.CancelFunc, _ *atomic.Bool) { cancel() }, func(wait) error { return context.Canceled }},
			{"detach", func(r *Ring, _ context.CancelFunc, _ *atomic.Bool) { _ = r.Detach() }, func(wait) error { return errs.ErrClosed }},
			{"shut", func(r *Ring, _ context.CancelFunc, _ *atomic.Bool) { _ = r.Shut() }, func(w wait) error {
				if w.name == "WaitReadable" {
					return nil
				}
				return errs.ErrClosed
			}},
			{"gone", func(r *Ring, _ context.CancelFunc, gone *atomic.Bool) { gone.Store(true); r.EndClosed() }, func(w wait) error {
				switch w.name {
				case "WaitReadable":
					return nil
				case "Get":
					return io.EOF
				}
				return errs.ErrNoPeer
			}},
		} {
			t.Run(w.name+" "+c.name, func(t *testing.T) {
				r := newRing(t, 3, 512)
				if w.bell == offPutBell {
					for range 3 {
						mustPut(t, r, text(3, 1))
					}
				}
				var gone atomic.Bool
				r.Gone = gone.Load
				ctx, cancel := context.WithCancel(bounded(t))
				defer cancel()
				const n = 5 // one sleeps, the others queue
				done := make(chan error, n)
				for range n {
					go func() { done <- w.do(ctx, r) }()
				}
				room := &r.getters
				if w.bell == offPutBell {
					room = &r.putters
				}
				testproc.Eventually(t, "all wait", func() bool { return r.sleepers(w.bell) && room.Queued() == n-1 })
				c.end(r, cancel, &gone)
				for range n {
					var err error
					testproc.Finish(t, "the waiter", func() { err = <-done })
					if want := c.want(w); !errors.Is(err, want) || want == nil && err != nil {
						t.Errorf("%v, want %v", err, want)
					}
				}
			})
		}
	}
}

// TestReadable: who waits for an item to be there does not use up the wake-up of who takes it.
func TestReadable(t *testing.T) {
	ctx := bounded(t)
	for range 100 {
		r := newRing(t, 3, 512)
		looker, taker := another(t, r), another(t, r)
		done := make(chan error, 2)
		go func() { done <- looker.WaitReadable(ctx) }()
		asleepIn(t, r, offGetBell)
		var o Out
		go func() { done <- taker.Get(ctx, &o) }()
		if ok, err := r.Ready(); ok && err == nil && r.Len() == 0 {
			t.Error("ready")
		}
		mustPut(t, r, text(5, 1))
		// The taker may have been first; then it takes a second item for the looker to return.
		testproc.Eventually(t, "the taker has taken", func() bool { return len(done) > 0 })
		if len(done) < 2 {
			mustPut(t, r, text(5, 1))
		}
		for range 2 {
			var err error
			testproc.Finish(t, "looker and taker", func() { err = <-done })
			if err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(o.Data, text(5, 1)) {
			t.Error("not taken")
		}
		_, _, _ = looker.Detach(), taker.Detach(), r.Detach()
	}
}

// TestSpinEnds: a long spin ends with the context, and with Detach.
func TestSpinEnds(t *testing.T) {
	r, err := New(Spec{Kind: kind, Capacity: 1, Bytes: 512, Spin: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if r.spin != maxSpin {
		t.Errorf("spins for %v", r.spin)
	}
	r.spin = 10 * testproc.Watchdog // longer than the test may take
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	testproc.Finish(t, "Get", func() {
		if err := r.Get(ctx, &Out{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	done := make(chan error, 1)
	go func() { done <- r.Get(context.Background(), &Out{}) }()
	time.Sleep(time.Millisecond)
	testproc.Finish(t, "Detach", func() {
		_ = r.Detach()
		if err := <-done; err != errs.ErrClosed {
			t.Error(err)
		}
	})
}

// TestDetachWhileUsed: a goroutine that is inside, or about to wake somebody, at the moment of a Detach never touches what comes after the ring in its memory.
func TestDetachWhileUsed(t *testing.T) {
	swept(t)
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	for range rounds {
		r, err := New(Spec{Kind: kind, Capacity: 2, Bytes: 512})
		if err != nil {
			t.Fatal(err)
		}
		size := r.h.Size()
		ctx := context.Background()
		var wg sync.WaitGroup
		var started atomic.Int32
		use := func(f func() error) {
			wg.Go(func() {
				started.Add(1)
				for {
					if err := f(); err == errs.ErrClosed {
						return
					}
					runtime.Gosched()
				}
			})
		}
		use(func() error { return r.Get(ctx, &Out{}) })
		use(func() error { return r.Put(ctx, &Item{Data: text(20, 1)}) })
		use(func() error { return r.TryPut(&Item{}) })
		use(func() error { return r.TryGet(&Out{}) })
		for started.Load() < 4 {
			runtime.Gosched()
		}
		time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
		if err := r.Detach(); err != nil {
			t.Fatal(err)
		}
		var next []*arena.Handle
		for range 3 {
			h, err := arena.New(arena.Spec{Kind: 1, Size: size})
			if err != nil {
				t.Fatal(err)
			}
			next = append(next, h)
		}
		testproc.Finish(t, "users of a detached ring", wg.Wait)
		for _, h := range next {
			for i, b := range payloadBytes(h.Payload(), size) {
				if b != 0 {
					t.Fatalf("byte %d of the next object is %#x", i, b)
				}
			}
			_ = h.Close()
		}
	}
}

// TestRinging: as long as somebody is about to write to a bell, Detach leaves the memory to the collector.
func TestRinging(t *testing.T) {
	swept(t)
	before := objects(t)
	r, err := New(Spec{Kind: kind, Capacity: 1, Bytes: 512})
	if err != nil {
		t.Fatal(err)
	}
	r.ringing.Add(1)
	if err := r.Detach(); err != nil {
		t.Fatal(err)
	}
	if objects(t) != before+1 {
		t.Error("the memory is gone")
	}
	r.ringing.Add(-1)
	runtime.KeepAlive(r)
}
