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

func newEvent(t testing.TB) *psync.Event {
	t.Helper()
	e, err := psync.NewEvent()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// awaited waits until somebody sleeps for the event.
func awaited(t testing.TB, e *psync.Event) {
	t.Helper()
	testproc.Eventually(t, "a sleeper", func() bool { return atomic.LoadUint32(e.Word())&psync.EventWaiting != 0 })
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestEvent(t *testing.T) {
	e := newEvent(t)
	for range 3 {
		if e.IsSet() {
			t.Error(e)
		}
		for range 2 {
			if err := e.Set(); err != nil || !e.IsSet() {
				t.Error(e, err)
			}
		}
		if err := e.Wait(bounded(t)); err != nil {
			t.Error(err)
		}
		if !isClosed(e.Chan(context.Background())) {
			t.Error("Chan of a set event")
		}
		for range 2 {
			if err := e.Clear(); err != nil || e.IsSet() {
				t.Error(e, err)
			}
		}
	}
	if n := atomic.LoadUint32(e.Word()) / psync.EventOne; n != 3 {
		t.Errorf("counts %d Sets, want 3: those of an event that is set do nothing", n)
	}
}

// TestEventSetAndClear: who waits when the event is set returns, although it is cleared at once; who comes later waits.
func TestEventSetAndClear(t *testing.T) {
	e := newEvent(t)
	other := twin(t, e)
	atomic.StoreUint32(e.Word(), ^uint32(psync.EventOne-1)) // the count wraps in between
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for range 50 {
		var wg sync.WaitGroup
		var chans []<-chan struct{}
		for i := range 20 {
			h := []*psync.Event{e, other}[i%2]
			chans = append(chans, h.Chan(bounded(t)))
		}
		wg.Go(func() {
			if err := e.Wait(bounded(t)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := other.Wait(bounded(t)); err != nil {
				t.Error(err)
			}
		})
		testproc.Eventually(t, "waiters", func() bool {
			return strings.Contains(e.String(), "10 more goroutines queue here") && strings.Contains(other.String(), "10 more goroutines queue here")
		})
		_ = e.Set()
		_ = e.Clear()
		for _, c := range chans {
			testproc.Finish(t, "a channel", func() { <-c })
		}
		testproc.Finish(t, "waiters of an event that was set", wg.Wait)
		if isClosed(e.Chan(ended)) || e.IsSet() {
			t.Error(e)
		}
	}
}

// TestEventLateWaiter: a goroutine that is held up on its way into a wait which a Set has ended meanwhile does not queue behind one that waits for the next Set.
func TestEventLateWaiter(t *testing.T) {
	e := newEvent(t)
	for range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		due := e.Chan(bounded(t)) // its goroutine has yet to run
		_ = e.Set()
		_ = e.Clear()
		next := e.Chan(ctx)
		select { // not by a further goroutine: the one of next is to run first
		case <-due:
		case <-time.After(testproc.Watchdog):
			t.Fatal("waits behind one that came after the Set")
		}
		if isClosed(next) {
			t.Error("a channel of after the Set is closed")
		}
		cancel()
	}
}

func TestEventWaitEnds(t *testing.T) {
	e := newEvent(t)
	cause := errors.New("the process that would set it has died")
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	for range 2 { // not set, and set
		if err := e.Wait(ended); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !strings.Contains(err.Error(), "waiting for psync.Event(") {
			t.Errorf("got %v", err)
		}
		_ = e.Set()
	}
	_ = e.Clear()
	ctx, cancel := context.WithCancelCause(context.Background())
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if err := e.Wait(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
				t.Errorf("got %v", err)
			}
		})
	}
	awaited(t, e)
	cancel(cause)
	testproc.Finish(t, "cancelled waiters", wg.Wait)
	short, stop := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer stop()
	if err := e.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := e.Set(); err != nil || e.Wait(bounded(t)) != nil {
		t.Error(e, err)
	}
}

// TestEventChanEnds: a channel whose context ends, or whose event is closed, is never closed, and its goroutine ends.
func TestEventChanEnds(t *testing.T) {
	e := newEvent(t)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	var chans []<-chan struct{}
	for range 100 {
		chans = append(chans, e.Chan(ctx))
	}
	cancel()
	testproc.Eventually(t, "the goroutines' end", func() bool { return runtime.NumGoroutine() <= before })
	_ = e.Set()
	_ = e.Clear()
	for range 100 {
		chans = append(chans, e.Chan(context.Background()))
	}
	e.Close()
	testproc.Eventually(t, "the goroutines' end", func() bool { return runtime.NumGoroutine() <= before })
	chans = append(chans, e.Chan(context.Background()), new(psync.Event).Chan(context.Background()))
	for _, c := range chans {
		if isClosed(c) {
			t.Error("closed, and the event was not set")
		}
	}
}

func TestEventCloseEndsWaits(t *testing.T) {
	e := newEvent(t)
	other := twin(t, e)
	var wg, others sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if err := e.Wait(context.Background()); !errors.Is(err, psync.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
	others.Go(func() {
		if err := other.Wait(bounded(t)); err != nil {
			t.Error(err)
		}
	})
	awaited(t, e)
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	testproc.Finish(t, "waiters of a closed event", wg.Wait)
	_ = other.Set()
	testproc.Finish(t, "waiters by another handle", others.Wait)
}

func TestEventUseAfterClose(t *testing.T) {
	for _, c := range []struct {
		state string
		e     *psync.Event
	}{{"closed", newEvent(t)}, {"none", new(psync.Event)}} {
		e := c.e
		if c.state == "closed" {
			_ = e.Set()
			e.Close()
		}
		for i, err := range []error{e.Set(), e.Clear(), e.Wait(context.Background()), e.Close()} {
			if !errors.Is(err, psync.ErrClosed) {
				t.Errorf("%s, %d: %v", c.state, i, err)
			}
		}
		if text := e.String(); e.IsSet() || text != "psync.Event("+c.state+")" {
			t.Error(text)
		}
		if _, err := e.MarshalCBOR(); err == nil {
			t.Errorf("%s: marshalled", c.state)
		}
	}
	if text := (*psync.Event)(nil).String(); text != "psync.Event(none)" {
		t.Error(text)
	}
}

func TestEventTravels(t *testing.T) {
	e := newEvent(t)
	other := twin(t, e)
	_ = other.Set()
	if !e.IsSet() {
		t.Error(e)
	}
	data, err := cbor.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := cbor.Unmarshal(data, new(psync.Semaphore)); err == nil {
		t.Error("an Event became a Semaphore")
	}
	e.Close()
	other.Close()
	if err := cbor.Unmarshal(data, new(psync.Event)); !errors.Is(err, psync.ErrStale) {
		t.Errorf("an event that is gone: %v", err)
	}
}

func TestEventString(t *testing.T) {
	e := newEvent(t)
	if text := e.String(); text != "psync.Event(not set)" {
		t.Error(text)
	}
	e.Chan(bounded(t))
	awaited(t, e)
	if text := e.String(); text != "psync.Event(not set; somebody waits)" {
		t.Error(text)
	}
	_ = e.Set()
	if text := e.String(); text != "psync.Event(set)" {
		t.Error(text)
	}
}

// TestEventCrowd: 10,000 goroutines wait, and one Set and Clear wakes each of them.
func TestEventCrowd(t *testing.T) {
	e := newEvent(t)
	var wg sync.WaitGroup
	var ready atomic.Int64
	for range crowdSize() {
		wg.Go(func() {
			ready.Add(1)
			if err := e.Wait(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	testproc.Eventually(t, "the crowd", func() bool { return ready.Load() == int64(crowdSize()) })
	_ = e.Set()
	testproc.Finish(t, "the crowd", wg.Wait)
}

// TestEventOrders: what was written before a Set is seen after the Wait, and the race detector knows.
func TestEventOrders(t *testing.T) {
	there, back := newEvent(t), newEvent(t)
	n, rounds := 0, 300
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range rounds {
			switch i % 3 {
			case 0:
				_ = there.Wait(bounded(t))
			case 1:
				<-there.Chan(bounded(t))
			default:
				for !there.IsSet() {
					runtime.Gosched()
				}
			}
			_ = there.Clear()
			n++
			_ = back.Set()
		}
	})
	for range rounds {
		n++
		_ = there.Set()
		_ = back.Wait(bounded(t))
		_ = back.Clear()
	}
	testproc.Finish(t, "the other side", wg.Wait)
	if n != 2*rounds {
		t.Error(n)
	}
}
