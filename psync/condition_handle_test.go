//go:build linux

package psync_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func TestConditionClosed(t *testing.T) {
	l := newLock(t)
	c := newCondition(t, l)
	other := twin[psync.Condition](t, c)
	outs := []<-chan error{}
	for range 5 {
		outs = append(outs, waits(t, c, context.Background()))
	}
	alive := waits(t, other, bounded(t))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, out := range outs {
		if err := returned(t, out); !errors.Is(err, psync.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	l.Lock() // which the condition did not bring along
	for what, err := range map[string]error{
		"Close": c.Close(), "Wait": c.Wait(context.Background()), "Notify": c.Notify(1), "NotifyAll": c.NotifyAll(),
		"WaitFor": c.WaitFor(context.Background(), func() bool { return true }),
	} {
		if !errors.Is(err, psync.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	l.Unlock()
	if _, err := cbor.Marshal(c); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Marshal: %v", err)
	}
	if s := c.String(); s != "psync.Condition(closed)" {
		t.Error(s)
	}
	notify(t, other, 1)
	if err := returned(t, alive); err != nil {
		t.Errorf("through another handle: %v", err)
	}
	settled(t, other)
}

// TestConditionClosedPassesOn: a notification for a goroutine whose handle is closed reaches another, also when that was the process's last handle to it.
func TestConditionClosedPassesOn(t *testing.T) {
	for range 50 {
		c := newCondition(t, newLock(t))
		other := twin[psync.Condition](t, c)
		out := waits(t, c, context.Background())
		alive := waits(t, other, bounded(t))
		l := other.Locker()
		l.Lock()
		if err := other.Notify(1); err != nil {
			t.Fatal(err)
		}
		closed := make(chan error, 1)
		go func() { closed <- c.Close() }()
		l.Unlock()
		if err := returned(t, closed); err != nil {
			t.Fatal(err)
		}
		if err := returned(t, out); err == nil {
			notify(t, other, 1)
		} else if !errors.Is(err, psync.ErrClosed) {
			t.Fatal(err)
		}
		if err := returned(t, alive); err != nil {
			t.Fatal(err)
		}
		settled(t, other)
	}
}

func TestConditionLockClosed(t *testing.T) {
	l, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	c := newCondition(t, l)
	out := make(chan error, 1)
	go func() {
		l.Lock()
		out <- c.Wait(context.Background())
	}()
	testproc.Eventually(t, "the wait to begin", func() bool { n, _ := c.Counts(); return n == 1 && l.TryLock() })
	l.Close()
	if err := returned(t, out); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := c.Notify(1); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Notify: %v", err)
	}
	if _, err := cbor.Marshal(c); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Marshal: %v", err)
	}
	if _, err := psync.NewCondition(l); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("NewCondition: %v", err)
	}
	settled(t, c)
}

// TestConditionClosedWhileInside: Close of the last handle while a goroutine is on its way back from Wait leaves it the memory.
func TestConditionClosedWhileInside(t *testing.T) {
	l := newLock(t)
	for range 100 {
		c := newCondition(t, l)
		out := waits(t, c, context.Background())
		l.Lock()
		_ = c.NotifyAll()
		testproc.Finish(t, "Close", func() { c.Close() }) // the waiter wants the lock, which is held
		next := newCondition(t, l)                        // does not get that memory
		l.Unlock()
		if err := returned(t, out); err != nil && !errors.Is(err, psync.ErrClosed) {
			t.Fatal(err)
		}
		if n, g := next.Counts(); n != 0 || g != 0 {
			t.Fatalf("%d wait at a new condition, %d granted", n, g)
		}
		next.Close()
	}
}

func TestConditionOfRLock(t *testing.T) {
	l, err := psync.NewRLock()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := newCondition(t, l)
	if c.Locker() != nil || c.RLocker() != l {
		t.Error("Locker of an RLock")
	}
	if err := c.Wait(context.Background()); err == nil || !strings.Contains(err.Error(), "Holder") {
		t.Errorf("no holder: %v", err)
	}
	h := l.Holder()
	if err := c.Wait(h.Context(context.Background())); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("a holder without the lock: %v", err)
	}
	other := twin[psync.Condition](t, c)
	if other.Locker() != nil || other.RLocker() == nil {
		t.Fatal("it has arrived without its RLock")
	}
	var depth atomic.Int64
	out := make(chan error, 1)
	go func() {
		h.Lock()
		h.Lock()
		h.Lock()
		err := other.Wait(h.Context(bounded(t)))
		depth.Store(int64(h.Depth()))
		for range 3 {
			h.Unlock()
		}
		out <- err
	}()
	testproc.Eventually(t, "the wait to begin", func() bool { n, _ := c.Counts(); return n == 1 })
	mine := l.Holder()
	mine.Lock() // it is free while he waits
	if err := c.Notify(1); err != nil {
		t.Error(err)
	}
	mine.Unlock()
	if err := returned(t, out); err != nil || depth.Load() != 3 {
		t.Errorf("%v, depth %d", err, depth.Load())
	}

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer cancel()
	mine.Lock()
	mine.Lock()
	if err := c.Wait(mine.Context(ctx)); !errors.Is(err, context.DeadlineExceeded) || mine.Depth() != 2 {
		t.Errorf("%v, depth %d", err, mine.Depth())
	}
	mine.Unlock()
	mine.Unlock()
	settled(t, c)
}

// TestConditionTwoHandles: the waiters of a process are one queue, whichever handles they wait through.
func TestConditionTwoHandles(t *testing.T) {
	c := newCondition(t, nil)
	handles := []*psync.Condition{c, twin[psync.Condition](t, c), twin[psync.Condition](t, c)}
	for round := range 60 {
		done := make(chan error, 3)
		for _, h := range handles {
			out := waits(t, h, bounded(t))
			go func() { done <- <-out }()
		}
		for i := range 3 {
			notify(t, handles[(round+i)%3], 1)
			if err := returned(t, done); err != nil {
				t.Fatal(err)
			}
			testproc.Eventually(t, "one to leave", func() bool { n, g := c.Counts(); return n == 2-i && g == 0 })
		}
	}
	settled(t, c)
}

func TestConditionZero(t *testing.T) {
	c := new(psync.Condition)
	for what, err := range map[string]error{"Close": c.Close(), "Wait": c.Wait(context.Background()), "Notify": c.Notify(1)} {
		if !errors.Is(err, psync.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if c.Locker() != nil || c.RLocker() != nil {
		t.Error("a lock")
	}
	for _, c := range []*psync.Condition{c, nil} {
		if s := c.String(); s != "psync.Condition(none)" {
			t.Error(s)
		}
		if _, err := c.MarshalCBOR(); err == nil {
			t.Error("marshalled")
		}
	}
	if _, err := psync.NewCondition((*psync.Lock)(nil)); err == nil {
		t.Error("a nil Lock")
	}
	if _, err := psync.NewCondition(new(psync.RLock)); err == nil {
		t.Error("a zero RLock")
	}
}

func TestConditionDecodeErrors(t *testing.T) {
	l := newLock(t)
	c, err := psync.NewCondition(l)
	if err != nil {
		t.Fatal(err)
	}
	data, err := cbor.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := new(psync.Lock).UnmarshalCBOR(data); err == nil {
		t.Error("a Condition is no Lock")
	}
	c.Close()
	if err := new(psync.Condition).UnmarshalCBOR(data); !errors.Is(err, psync.ErrStale) {
		t.Errorf("gone: %v", err)
	}
	lock, _ := cbor.Marshal(l)
	for _, data := range [][]byte{{0xf6}, {0x01}, lock, nil} {
		if err := new(psync.Condition).UnmarshalCBOR(data); err == nil {
			t.Errorf("% x is no condition", data)
		}
	}
}

func TestConditionString(t *testing.T) {
	c := newCondition(t, nil)
	if s := c.String(); s != "psync.Condition(nobody waits; psync.Lock(free))" {
		t.Error(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	one, two := waits(t, c, ctx), waits(t, c, ctx)
	testproc.Eventually(t, "a free lock in String", func() bool {
		s := c.String()
		return strings.HasPrefix(s, "psync.Condition(2 wait in this process, ") && strings.HasSuffix(s, "; psync.Lock(free))")
	})
	c.Locker().Lock()
	_ = c.Notify(1)
	if s := c.String(); !strings.Contains(s, ", 1 of them notified; psync.Lock(held by this process") {
		t.Error(s)
	}
	c.Locker().Unlock()
	cancel()
	returned(t, one)
	returned(t, two)
}
