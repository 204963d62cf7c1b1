//go:build linux

package psync_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func init() {
	handleWith("event.set", func(e *psync.Event, _ []string) (string, error) { return "", e.Set() })
	handleWith("event.clear", func(e *psync.Event, _ []string) (string, error) { return "", e.Clear() })
	handleWith("event.wait", func(e *psync.Event, _ []string) (string, error) { return "", e.Wait(context.Background()) })
	handleWith("event.toggle", func(e *psync.Event, _ []string) (string, error) {
		for {
			_ = e.Set()
			_ = e.Clear()
			laps.Add(1)
		}
	})
	handleWith("event.crowd", func(e *psync.Event, args []string) (string, error) {
		n := num(args, 0)
		return crowdOf(n, n-1, e, func() { _ = e.Set() }, func() error { return e.Wait(context.Background()) })
	})
}

func TestEventThreads(t *testing.T) {
	crowdResult(t, testproc.Start(t).Must("event.crowd", sent(t, newEvent(t)), crowdSize()), 0)
}

// TestEventBetweenProcesses: each side waits for the other's Set, in turn; the Sets that are cleared at once count as well.
func TestEventBetweenProcesses(t *testing.T) {
	there := newEvent(t)
	p := testproc.Start(t)
	for i := range 50 {
		c := p.Go("event.wait", sent(t, there))
		awaited(t, there)
		if i%2 == 0 {
			_ = there.Set()
			_ = there.Clear()
		} else {
			p.Must("event.set", sent(t, there))
			p.Must("event.clear", sent(t, there))
		}
		c.Must()
		if there.IsSet() {
			t.Error(there)
		}
	}
}

// TestEventToggled: every Wait returns while a process sets and clears as fast as it can, and after it was killed a Set is all it takes.
func TestEventToggled(t *testing.T) {
	e := newEvent(t)
	rounds := 15
	if testing.Short() {
		rounds = 3
	}
	for range rounds {
		p := testproc.Start(t)
		p.Go("event.toggle", sent(t, e))
		var wg sync.WaitGroup
		var done atomic.Bool
		for g := range 4 {
			wg.Go(func() {
				for !done.Load() {
					if g%2 == 0 {
						<-e.Chan(bounded(t))
					} else if err := e.Wait(bounded(t)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		testproc.Eventually(t, "the child's progress", func() bool { return p.Must("laps") != "0" })
		time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond)
		p.Kill() // in Set, in Clear, or between
		done.Store(true)
		_ = e.Set()
		testproc.Finish(t, "waiters, after the kill", wg.Wait)
		_ = e.Clear()
		p.Bury()
	}
	if e.IsSet() {
		t.Error(e)
	}
}

// TestEventSetterKilled: between setting the flag and the wake-up.
func TestEventSetterKilled(t *testing.T) {
	e := newEvent(t)
	p, q := testproc.Start(t), testproc.Start(t)
	c := q.Go("event.wait", sent(t, e))
	awaited(t, e)
	ch := e.Chan(bounded(t))
	p.Arm("event.set", 1)
	if _, err := p.Call("event.set", sent(t, e)); !errors.Is(err, testproc.ErrGone) {
		t.Fatalf("not killed: %v", err)
	}
	if !e.IsSet() {
		t.Error("not set, for those who look")
	}
	_ = e.Clear()
	c.Must() // although it is cleared meanwhile, perhaps
	testproc.Finish(t, "the channel", func() { <-ch })
}

// TestEventSetterKilledBefore: a death alone, of one who might have set the event, sets nothing.
func TestEventSetterKilledBefore(t *testing.T) {
	e := newEvent(t)
	p := testproc.Start(t)
	p.Go("event.wait", sent(t, e))
	awaited(t, e)
	ch := e.Chan(bounded(t))
	p.Kill()
	p.Bury()
	if e.IsSet() || isClosed(ch) {
		t.Error(e)
	}
	_ = e.Set()
	testproc.Finish(t, "the channel", func() { <-ch })
}

// TestEventClearerKilled: a process that has cleared the event, or not, leaves nothing behind.
func TestEventClearerKilled(t *testing.T) {
	e := newEvent(t)
	p := testproc.Start(t)
	_ = e.Set()
	p.Must("event.clear", sent(t, e))
	p.Kill()
	if e.IsSet() {
		t.Error(e)
	}
	if err := e.Set(); err != nil || e.Wait(bounded(t)) != nil {
		t.Error(e, err)
	}
}

// TestEventWaiterKilled: as it goes to sleep, and asleep. The others wake, and Set blocks nobody.
func TestEventWaiterKilled(t *testing.T) {
	for _, point := range []string{"event.waiting", ""} {
		e := newEvent(t)
		p, q := testproc.Start(t), testproc.Start(t)
		if point != "" {
			p.Arm(point, 1)
		}
		c := p.Go("event.wait", sent(t, e))
		awaited(t, e)
		if point == "" {
			p.Kill()
		}
		if _, err := c.Wait(); !errors.Is(err, testproc.ErrGone) {
			t.Fatalf("not killed: %v", err)
		}
		d := q.Go("event.wait", sent(t, e))
		ch := e.Chan(bounded(t))
		if err := e.Set(); err != nil {
			t.Error(err)
		}
		d.Must()
		testproc.Finish(t, "the channel", func() { <-ch })
		if w := atomic.LoadUint32(e.Word()); w != psync.EventOne|1 {
			t.Errorf("the word is %#x", w)
		}
	}
}

// TestEventStopped: a stopped waiter keeps nobody from setting, or from waking; it finds out when it goes on, also when the event is cleared by then.
func TestEventStopped(t *testing.T) {
	e := newEvent(t)
	p, q := testproc.Start(t), testproc.Start(t)
	c := p.Go("event.wait", sent(t, e))
	awaited(t, e)
	p.Stop()
	d := q.Go("event.wait", sent(t, e))
	ch := e.Chan(bounded(t))
	if err := e.Set(); err != nil {
		t.Error(err)
	}
	d.Must()
	testproc.Finish(t, "the channel", func() { <-ch })
	_ = e.Clear()
	p.Continue()
	c.Must()
}
