//go:build linux

package psync_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func newCondition(t testing.TB, l psync.Mutex) *psync.Condition {
	t.Helper()
	c, err := psync.NewCondition(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// waits starts a Wait with the lock, and returns when it is counted. The result is that of Wait, once the lock was released again.
func waits(t testing.TB, c *psync.Condition, ctx context.Context) <-chan error {
	t.Helper()
	before := c.WaitingIn(c.Me())
	out := make(chan error, 1)
	go func() {
		l := c.Locker()
		l.Lock()
		err := c.Wait(ctx)
		l.Unlock()
		out <- err
	}()
	testproc.Eventually(t, "the wait to begin", func() bool { return c.WaitingIn(c.Me()) > before })
	return out
}

// returned waits for the result of waits.
func returned(t testing.TB, out <-chan error) error {
	t.Helper()
	select {
	case err := <-out:
		return err
	case <-time.After(testproc.Watchdog):
		t.Fatal("Wait hangs")
		return nil
	}
}

// notify calls Notify with the lock; a negative n is NotifyAll.
func notify(t testing.TB, c *psync.Condition, n int) {
	t.Helper()
	l := c.Locker()
	if _, err := l.Acquire(bounded(t)); err != nil {
		t.Fatal(err)
	}
	defer l.Unlock()
	err := error(nil)
	if n < 0 {
		err = c.NotifyAll()
	} else {
		err = c.Notify(n)
	}
	if err != nil {
		t.Error(err)
	}
}

// settled waits until nobody is counted any more, here or among the dead.
func settled(t testing.TB, c *psync.Condition) {
	t.Helper()
	testproc.Eventually(t, "an empty ledger", func() bool {
		if l := c.Locker(); l != nil && c.Stale() > 0 { // whoever waits next clears the rows of the dead
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			l.Lock()
			_ = c.Wait(ctx)
			l.Unlock()
			cancel()
		}
		w, g := c.Counts()
		return w == 0 && g == 0 && c.Claimed() == 0 && c.Rooms() == 0
	})
}

func TestConditionNotify(t *testing.T) {
	c := newCondition(t, nil)
	notify(t, c, 3) // for nobody: it is forgotten
	var outs []<-chan error
	for range 6 {
		outs = append(outs, waits(t, c, bounded(t)))
	}
	done := make(chan error, 6)
	for _, out := range outs {
		go func() { done <- <-out }()
	}
	for _, step := range []struct{ notify, left int }{{0, 6}, {1, 5}, {2, 3}, {-1, 0}, {5, 0}} {
		notify(t, c, step.notify)
		testproc.Eventually(t, "the woken to leave", func() bool { n, g := c.Counts(); return n == step.left && g == 0 })
	}
	for range 6 {
		if err := returned(t, done); err != nil {
			t.Error(err)
		}
	}
	settled(t, c)
}

// TestConditionWaitsAgain: what was notified to those who waited before is not for who comes later.
func TestConditionWaitsAgain(t *testing.T) {
	c := newCondition(t, nil)
	for range 50 {
		out := waits(t, c, bounded(t))
		notify(t, c, 1)
		if err := returned(t, out); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		out = waits(t, c, ctx)
		cancel()
		if err := returned(t, out); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
	settled(t, c)
}

func TestConditionContext(t *testing.T) {
	c := newCondition(t, nil)
	l := c.Locker()
	cause := errors.New("the process that would notify has died")
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		l.Lock()
		err := c.Wait(ctx)
		l.Unlock() // it is held
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !strings.Contains(err.Error(), "waiting for psync.Condition(") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("while it waits", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		out := waits(t, c, ctx)
		other := waits(t, c, bounded(t))
		cancel(cause)
		if err := returned(t, out); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
		notify(t, c, 1)
		if err := returned(t, other); err != nil {
			t.Errorf("the one that was not cancelled: %v", err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
		defer cancel()
		l.Lock()
		err := c.Wait(ctx)
		l.Unlock()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	settled(t, c)
}

// TestConditionHandOver: two goroutines notify each other in turn. Who has just notified and waits again must not take what it gave, however late the other goes to sleep.
func TestConditionHandOver(t *testing.T) {
	c := newCondition(t, nil)
	handles := []*psync.Condition{c, twin[psync.Condition](t, c)}
	rounds := 20_000
	if testing.Short() {
		rounds = 5000
	}
	turn := 0
	var wg sync.WaitGroup
	for me, c := range handles {
		wg.Go(func() {
			l := c.Locker()
			l.Lock()
			defer l.Unlock()
			for range rounds {
				if err := c.WaitFor(bounded(t), func() bool { return turn == me }); err != nil {
					t.Error(err)
					return
				}
				turn = 1 - me
				_ = c.Notify(1)
			}
		})
	}
	testproc.Finish(t, "the two", wg.Wait)
	settled(t, c)
}

// TestConditionCancelledAndNotified: a grant is the one's who waits longer, also when he is cancelled at the same time; else the other's.
func TestConditionCancelledAndNotified(t *testing.T) {
	c := newCondition(t, nil)
	l := c.Locker()
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		ctx, cancel := context.WithCancel(context.Background())
		out, other := waits(t, c, ctx), waits(t, c, bounded(t))
		go cancel()
		l.Lock()
		_ = c.Notify(1)
		l.Unlock()
		first := returned(t, out)
		if first != nil && !errors.Is(first, context.Canceled) {
			t.Fatal(first)
		}
		if first == nil { // the notification was its own
			notify(t, c, 1)
		}
		if err := returned(t, other); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, c)
}

func TestConditionNeedsTheLock(t *testing.T) {
	c := newCondition(t, nil)
	if err := c.Wait(context.Background()); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("Wait: %v", err)
	}
	if err := c.Notify(1); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("Notify: %v", err)
	}
	if err := c.NotifyAll(); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("NotifyAll: %v", err)
	}
	if err := c.WaitFor(context.Background(), func() bool { return true }); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("WaitFor: %v", err)
	}
	if err := c.Notify(-1); err == nil || errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("Notify(-1): %v", err)
	}
}

func TestConditionWaitFor(t *testing.T) {
	c := newCondition(t, nil)
	l := c.Locker()
	n := 0
	var wg sync.WaitGroup
	for want := range 5 {
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			if err := c.WaitFor(bounded(t), func() bool { return n > want }); err != nil || n <= want {
				t.Errorf("%v, n is %d", err, n)
			}
		})
	}
	for range 5 {
		l.Lock()
		n++
		_ = c.NotifyAll()
		l.Unlock()
	}
	testproc.Finish(t, "WaitFor", wg.Wait)

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer cancel()
	l.Lock()
	if err := c.WaitFor(ctx, func() bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := c.WaitFor(ctx, func() bool { return true }); err != nil {
		t.Errorf("true at once, after the deadline: %v", err)
	}
	calls := 0
	if err := c.WaitFor(ctx, func() bool { calls++; return calls > 1 }); err != nil {
		t.Errorf("true at the end: %v", err)
	}
	l.Unlock()
	settled(t, c)
}
