//go:build linux

package psync_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

// condCrowd: many goroutines of a child wait; args: how many, and how many of them give up by a context. The result is how many threads the process had at most.
func condCrowd(c *psync.Condition, args []string) (string, error) {
	n, quit := num(args, 0), num(args, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var woken, gone atomic.Int64
	var wg sync.WaitGroup
	l := c.Locker()
	for i := range n {
		wg.Go(func() {
			ctx := ctx
			if i >= quit {
				ctx = context.Background()
			}
			l.Lock()
			defer l.Unlock()
			if c.Wait(ctx) == nil {
				woken.Add(1)
			} else {
				gone.Add(1)
			}
		})
	}
	for {
		if w, _ := c.Counts(); w == n {
			break
		}
		time.Sleep(time.Millisecond)
	}
	most := threads()
	cancel()
	for gone.Load() < int64(quit) {
		time.Sleep(time.Millisecond)
	}
	most = max(most, threads())
	l.Lock()
	_ = c.Notify((n - quit) / 2)
	l.Unlock()
	for woken.Load() < int64(n-quit)/2 {
		time.Sleep(time.Millisecond)
	}
	l.Lock()
	_ = c.NotifyAll()
	l.Unlock()
	wg.Wait()
	if woken.Load() != int64(n-quit) {
		return "", fmt.Errorf("%d were woken, %d gave up", woken.Load(), gone.Load())
	}
	return fmt.Sprint(max(most, threads())), nil
}

func TestConditionCrowd(t *testing.T) {
	c := newCondition(t, nil)
	n := crowdSize()
	for _, quit := range []int{0, n / 2} {
		p := testproc.Start(t)
		var most int
		fmt.Sscan(p.Must("condition.crowd", sent(t, c), n, quit), &most)
		t.Logf("%d goroutines, %d cancelled: %d threads", n, quit, most)
		if most == 0 || most > testproc.MostThreads(32) {
			t.Errorf("%d threads", most)
		}
	}
	settled(t, c)
}

// TestConditionManyProcesses: more processes wait than the object has rows for.
func TestConditionManyProcesses(t *testing.T) {
	n := 20
	c := newCondition(t, nil)
	var procs []*testproc.Proc
	var calls []*testproc.Call
	for range n {
		p := testproc.Start(t)
		procs = append(procs, p)
		calls = append(calls, childWaits(t, c, p, forLong))
	}
	notify(t, c, 1)
	calls[0].Must()
	procs[n-1].Bury()
	procs[n-2].Stop()
	notify(t, c, n-2) // all the others, dead or stopped
	out := here(t, c)
	procs[n-2].Bury()
	for _, call := range calls[1 : n-2] {
		call.Must()
	}
	notify(t, c, -1)
	if err := returned(t, out); err != nil {
		t.Error(err)
	}
	settled(t, c)
}
