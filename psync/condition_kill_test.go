//go:build linux

package psync_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// condWork moves tokens: box[0] is how many there are, box[1] how often somebody found fewer than none.
func condWork(c *psync.Condition, box []int64, rounds int, seed uint64) error {
	rnd := rand.New(rand.NewPCG(seed, 7))
	l := c.Locker()
	for range rounds {
		if rnd.IntN(2) == 0 {
			l.Lock()
			box[0]++
			if err := c.Notify(1); err != nil {
				return err
			}
			l.Unlock()
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(3000))*time.Microsecond)
		l.Lock()
		err := c.WaitFor(ctx, func() bool { return box[0] > 0 })
		switch {
		case err == nil:
			if box[0]--; box[0] < 0 {
				box[1]++
			}
		case !errors.Is(err, context.DeadlineExceeded):
			l.Unlock()
			cancel()
			return err
		}
		l.Unlock()
		cancel()
	}
	return nil
}

// TestConditionKilledAnywhere kills processes that wait and notify at random moments, and at each point that they meet. Nobody who goes on hangs, and no token is lost or doubled.
func TestConditionKilledAnywhere(t *testing.T) {
	c := newCondition(t, nil)
	box, err := shm.NewRawArray[int64](2)
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	round := func(t *testing.T, kill func(p *testproc.Proc)) {
		a, b := testproc.Start(t), testproc.Start(t)
		for i := range 3 {
			a.Go("condition.work", sent(t, c), sent(t, box), 1_000_000, i)
			b.Go("condition.work", sent(t, c), sent(t, box), 1_000_000, i+10)
		}
		kill(a)
		// One who waits without end while the others move tokens, and die.
		got := make(chan error, 1)
		go func() {
			l := c.Locker()
			l.Lock()
			defer l.Unlock()
			for range 50 {
				if err := c.WaitFor(bounded(t), func() bool { return box.Slice()[0] > 0 }); err != nil {
					got <- err
					return
				}
				box.Slice()[0]--
			}
			got <- nil
		}()
		a.Ended()
		a.Bury()
		if err := returned(t, got); err != nil {
			t.Fatal(err)
		}
		b.Bury()
		// What is left of the tokens wakes exactly as many.
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				l := c.Locker()
				l.Lock()
				defer l.Unlock()
				if err := c.WaitFor(bounded(t), func() bool { return box.Slice()[0] > 0 }); err != nil {
					t.Error(err)
					return
				}
				box.Slice()[0]--
			})
		}
		for range 20 {
			l := c.Locker()
			l.Lock()
			box.Slice()[0]++
			if err := c.Notify(1); err != nil {
				t.Error(err)
			}
			l.Unlock()
		}
		testproc.Finish(t, "the waiters", wg.Wait)
		if n := box.Slice()[1]; n != 0 {
			t.Fatalf("%d times there were fewer tokens than none", n)
		}
	}
	kills := 10
	if testing.Short() {
		kills = 2
	}
	for range kills {
		round(t, func(p *testproc.Proc) {
			time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
			p.Bury()
		})
	}
	for _, point := range []string{"condition.enrolled", "condition.waiting", "condition.notified", "condition.returning", "condition.notify", "condition.granted", "condition.woken"} {
		for i := range max(1, kills/5) {
			round(t, func(p *testproc.Proc) { p.Arm(point, 1+i*7) })
		}
	}
}
