//go:build linux

package psync_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// condWait is a Wait with the lock, for at most so many milliseconds, and tells the recovery.
func condWait(c *psync.Condition, ms int) (psync.Recovery, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(ms)*time.Millisecond)
	defer cancel()
	l := c.Locker()
	l.Lock()
	defer l.Unlock()
	err := c.Wait(ctx)
	return l.Recovery(), err
}

const forLong = int(2 * testproc.Watchdog / time.Millisecond)

func init() {
	handleWith("condition.wait", func(c *psync.Condition, args []string) (string, error) {
		r, err := condWait(c, num(args, 0))
		out, _ := json.Marshal(r)
		return string(out), err
	})
	handleWith("condition.give-up", func(c *psync.Condition, _ []string) (string, error) { // once it is counted and has released the lock
		ctx, cancel := context.WithCancel(context.Background())
		killpoint.Call("condition.waiting", cancel)
		l := c.Locker()
		l.Lock()
		defer l.Unlock()
		return "", c.Wait(ctx)
	})
	handleWith("condition.notify", func(c *psync.Condition, args []string) (string, error) {
		l := c.Locker()
		l.Lock()
		defer l.Unlock()
		if n := num(args, 0); n >= 0 {
			return "", c.Notify(n)
		}
		return "", c.NotifyAll()
	})
	handleWith("condition.lock", func(c *psync.Condition, _ []string) (string, error) { c.Locker().Lock(); return "", nil })
	handleWith("condition.crowd", condCrowd)
	handleWith("condition.work", func(c *psync.Condition, args []string) (string, error) {
		box, err := remote[shm.RawArray[int64]](args[0])
		if err != nil {
			return "", err
		}
		return "", condWork(c, box.Slice(), num(args, 1), uint64(num(args, 2)))
	})
}

// A child that was killed is buried by its parent, as a real one is, and so its death becomes known.

// childWaits starts a Wait in a child and returns when it is counted and has released the lock.
func childWaits(t *testing.T, c *psync.Condition, p *testproc.Proc, ms int) *testproc.Call {
	t.Helper()
	before := c.WaitingIn(p.ID)
	call := p.Go("condition.wait", sent(t, c), ms)
	testproc.Eventually(t, "the child's wait", func() bool { return c.WaitingIn(p.ID) == before+1 })
	if _, err := c.Locker().Acquire(bounded(t)); err != nil {
		t.Fatal(err)
	}
	c.Locker().Unlock()
	return call
}

// here is condWait in this process. It returns when the wait is counted.
func here(t *testing.T, c *psync.Condition) <-chan error { return waits(t, c, bounded(t)) }

func pending(out <-chan error) bool {
	select {
	case <-out:
		return false
	default:
		return true
	}
}

func TestConditionBetweenProcesses(t *testing.T) {
	c := newCondition(t, nil)
	a, b := testproc.Start(t), testproc.Start(t)
	for range 20 {
		calls := []*testproc.Call{childWaits(t, c, a, forLong), childWaits(t, c, b, forLong), childWaits(t, c, a, forLong)}
		out := here(t, c)
		notify(t, c, 1) // the one that has waited longest
		calls[0].Must()
		b.Must("condition.notify", sent(t, c), 1)
		calls[1].Must()
		a.Must("condition.notify", sent(t, c), -1)
		calls[2].Must()
		if err := returned(t, out); err != nil {
			t.Fatal(err)
		}
		settled(t, c)
	}
}

// TestConditionWaiterKilled: it neither swallows a notification nor blocks who notifies.
func TestConditionWaiterKilled(t *testing.T) {
	c := newCondition(t, nil)
	p := testproc.Start(t)
	childWaits(t, c, p, forLong)
	out := here(t, c)
	p.Bury()
	notify(t, c, 1) // whether its death is known by now or not
	if err := returned(t, out); err != nil {
		t.Error(err)
	}
	p = testproc.Start(t)
	childWaits(t, c, p, forLong)
	p.Bury()
	testproc.Finish(t, "NotifyAll", func() { notify(t, c, -1) })
	out = here(t, c)
	p.Bury()
	notify(t, c, 1)
	if err := returned(t, out); err != nil {
		t.Error(err)
	}
	settled(t, c)
}

// TestConditionNotifiedAndKilled: a process is killed at each point between the notification and its return from Wait; another waiter gets the notification.
func TestConditionNotifiedAndKilled(t *testing.T) {
	for _, point := range []string{"condition.notified", "condition.returning"} {
		t.Run(point, func(t *testing.T) {
			c := newCondition(t, nil)
			p := testproc.Start(t)
			p.Arm(point, 1)
			childWaits(t, c, p, forLong)
			out := here(t, c)
			notify(t, c, 1)
			p.Ended()
			p.Bury()
			if err := returned(t, out); err != nil {
				t.Error(err)
			}
			settled(t, c)
		})
	}
	t.Run("stopped", func(t *testing.T) {
		c := newCondition(t, nil)
		p := testproc.Start(t)
		childWaits(t, c, p, forLong)
		out := here(t, c)
		p.Stop()
		notify(t, c, 1)
		time.Sleep(5 * time.Millisecond)
		if !pending(out) {
			t.Error("the notification of one who is stopped went to another")
		}
		p.Bury()
		if err := returned(t, out); err != nil {
			t.Error(err)
		}
		settled(t, c)
	})
	t.Run("several", func(t *testing.T) {
		c := newCondition(t, nil)
		p := testproc.Start(t)
		for range 3 {
			childWaits(t, c, p, forLong)
		}
		p.Stop()
		outs := []<-chan error{here(t, c), here(t, c), here(t, c)}
		notify(t, c, 4) // by turns: two each
		p.Bury()
		done := make(chan error, 3)
		for _, out := range outs {
			go func() { done <- <-out }()
		}
		for range 3 { // two of its own, and one of the dead; there is nobody for the other
			if err := returned(t, done); err != nil {
				t.Error(err)
			}
		}
		settled(t, c)
	})
	t.Run("nobody else waits", func(t *testing.T) {
		c := newCondition(t, nil)
		p := testproc.Start(t)
		childWaits(t, c, p, forLong)
		p.Stop()
		notify(t, c, 1)
		p.Bury()
		out := here(t, c) // may be woken in vain
		notify(t, c, 1)
		if err := returned(t, out); err != nil {
			t.Error(err)
		}
		settled(t, c)
	})
}

// TestConditionHolderKilled: whoever dies with the lock in hand, also inside Wait or a notification, wakes all waiters, and one is told.
func TestConditionHolderKilled(t *testing.T) {
	for _, c := range []struct {
		point, op string
		arg       int
	}{
		{"", "condition.lock", 0},
		{"condition.notify", "condition.notify", 1},
		{"condition.granted", "condition.notify", 1},
		{"condition.woken", "condition.notify", 1},
		{"condition.notify", "condition.notify", -1},
		{"condition.granted", "condition.notify", -1},
		{"condition.woken", "condition.notify", -1},
		{"condition.enrolled", "condition.wait", forLong},
		{"condition.returning", "condition.give-up", 0},
	} {
		t.Run(fmt.Sprintf("%s %s %d", c.point, c.op, c.arg), func(t *testing.T) {
			cond := newCondition(t, nil)
			var told atomic.Int32
			done := make(chan error, 3)
			other := testproc.Start(t)
			call := childWaits(t, cond, other, forLong)
			for i := range 2 {
				go func() {
					r, err := condWait(cond, forLong)
					if r.Recovered() {
						told.Add(1)
					}
					done <- err
				}()
				testproc.Eventually(t, "the wait", func() bool { n, _ := cond.Counts(); return n >= i+2 })
			}
			p := testproc.Start(t)
			if c.point != "" {
				p.Arm(c.point, 1)
				p.Go(c.op, sent(t, cond), c.arg)
			} else {
				p.Must(c.op, sent(t, cond))
				p.Bury()
			}
			p.Ended()
			p.Bury()
			for range 2 {
				if err := returned(t, done); err != nil {
					t.Error(err)
				}
			}
			if recovery(t, call.Must()).Recovered() {
				told.Add(1)
			}
			if told.Load() != 1 {
				t.Errorf("%d were told", told.Load())
			}
			out := here(t, cond) // once, not for ever
			time.Sleep(2 * time.Millisecond)
			if !pending(out) {
				t.Error("a later wait ends because of an earlier death")
				return
			}
			notify(t, cond, 1)
			if err := returned(t, out); err != nil {
				t.Error(err)
			}
			settled(t, cond)
		})
	}
}

// TestConditionKilledOnItsWay: a waiter is killed when it has released the lock, and when its context has ended.
func TestConditionKilledOnItsWay(t *testing.T) {
	for _, k := range []struct{ point, op string }{{"condition.waiting", "condition.wait"}, {"condition.notified", "condition.give-up"}} {
		t.Run(k.point, func(t *testing.T) {
			c := newCondition(t, nil)
			p := testproc.Start(t)
			p.Arm(k.point, 1)
			p.Go(k.op, sent(t, c), forLong)
			p.Ended()
			p.Bury()
			out := here(t, c)
			notify(t, c, 1)
			if err := returned(t, out); err != nil {
				t.Error(err)
			}
			settled(t, c)
		})
	}
}

// TestConditionSettlerKilled: A was notified and is killed; B, which settles its row, is killed at each point of that; C, which was stopped meanwhile, gets the notification.
func TestConditionSettlerKilled(t *testing.T) {
	for _, point := range []string{"condition.burying", "condition.granted", "condition.woken", "condition.regranted", "condition.clearing", "condition.cleared"} {
		t.Run(point, func(t *testing.T) {
			c := newCondition(t, nil)
			pa, pb, pc := testproc.Start(t), testproc.Start(t), testproc.Start(t)
			childWaits(t, c, pa, forLong)
			pa.Stop()
			call := childWaits(t, c, pc, forLong)
			pc.Stop()
			pb.Arm(point, 1)
			childWaits(t, c, pb, forLong)
			granted := point != "condition.clearing" && point != "condition.cleared"
			if granted {
				notify(t, c, 1)
			}
			pa.Bury()
			pb.Ended()
			pb.Bury()
			pc.Continue()
			if !granted {
				notify(t, c, 1)
			}
			if r := recovery(t, call.Must()); r.Recovered() {
				t.Errorf("%v", r)
			}
			out := here(t, c) // whatever is left to settle
			notify(t, c, 1)
			if err := returned(t, out); err != nil {
				t.Error(err)
			}
			testproc.Eventually(t, "settled rows", func() bool { return c.Stale() == 0 })
			settled(t, c)
		})
	}
}

// TestConditionStopped: who is stopped keeps the notification and blocks nobody.
func TestConditionStopped(t *testing.T) {
	c := newCondition(t, nil)
	p := testproc.Start(t)
	call := childWaits(t, c, p, forLong)
	p.Stop()
	out := here(t, c)
	testproc.Finish(t, "NotifyAll", func() { notify(t, c, -1) })
	if err := returned(t, out); err != nil {
		t.Error(err)
	}
	p.Continue()
	call.Must()
	settled(t, c)
}

// TestConditionLastHandle: the condition and its lock live as long as anybody has them.
func TestConditionLastHandle(t *testing.T) {
	c, err := psync.NewCondition(nil)
	if err != nil {
		t.Fatal(err)
	}
	arg := sent(t, c)
	p, q := testproc.Start(t), testproc.Start(t)
	call := childWaits(t, c, p, forLong)
	q.Must("condition.notify", arg, 0)
	c.Close()
	q.Must("condition.notify", arg, 1)
	call.Must()
}
