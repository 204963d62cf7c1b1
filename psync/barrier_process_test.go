//go:build linux

package psync_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func goexit() { runtime.Goexit() }

var deadly = psync.RegisterAction("test/deadly", func(context.Context) error { killpoint.Here("test.action"); return nil })

// theirWait is a child's Wait as it tells it.
type theirWait struct {
	Index  int
	Broken *psync.BrokenError
	Ctx    bool
}

func init() {
	handleWith("barrier.wait", func(b *psync.Barrier, args []string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(num(args, 0))*time.Millisecond)
		defer cancel()
		i, err := b.Wait(ctx)
		r := theirWait{Index: i, Ctx: ctx.Err() != nil && errors.Is(err, ctx.Err())}
		if err != nil && !errors.As(err, &r.Broken) && !r.Ctx {
			return "", err
		}
		out, _ := json.Marshal(r)
		return string(out), nil
	})
	handleWith("barrier.give-up", func(b *psync.Barrier, _ []string) (string, error) { // once it has come
		ctx, cancel := context.WithCancel(context.Background())
		killpoint.Call("barrier.waiting", cancel)
		_, err := b.Wait(ctx)
		return "", err
	})
	handleWith("barrier.abort", func(b *psync.Barrier, _ []string) (string, error) { return "", b.Abort() })
	handleWith("barrier.reset", func(b *psync.Barrier, _ []string) (string, error) { return "", b.Reset() })
	handleWith("barrier.crowd", barCrowd)
	handleWith("barrier.turns", func(b *psync.Barrier, args []string) (string, error) {
		for {
			if _, err := b.Wait(context.Background()); errors.Is(err, psync.ErrBroken) {
				return "", nil
			} else if err != nil {
				return "", err
			}
		}
	})
}

// childComes starts a Wait in a child and returns when its party has come, and has let go of the barrier's lock: it may be stopped now.
func childComes(t *testing.T, b *psync.Barrier, p *testproc.Proc, ms int) *testproc.Call {
	t.Helper()
	before := b.Waiting()
	call := p.Go("barrier.wait", sent(t, b), ms)
	testproc.Eventually(t, "the child's party", func() bool { return b.Waiting() > before && atomic.LoadUint32(b.LockWord()) == 0 })
	return call
}

func barrierReply(t *testing.T, call *testproc.Call) (r theirWait) {
	t.Helper()
	if err := json.Unmarshal([]byte(call.Must()), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBarrierBetweenProcesses(t *testing.T) {
	b := newBarrier(t, 3)
	p, q := testproc.Start(t), testproc.Start(t)
	for range 20 {
		first := childComes(t, b, p, forLong)
		out := comes(t, b, bounded(t))
		last := q.Go("barrier.wait", sent(t, b), forLong)
		if r := barrierReply(t, first); r.Index != 0 || r.Broken != nil {
			t.Fatalf("%+v", r)
		}
		if c := ended(t, out); c.index != 1 || c.err != nil {
			t.Fatalf("%+v", c)
		}
		if r := barrierReply(t, last); r.Index != 2 || r.Broken != nil {
			t.Fatalf("%+v", r)
		}
	}
}

// TestBarrierPartyKilled: a party is killed at each point before it has come, and while it waits.
func TestBarrierPartyKilled(t *testing.T) {
	b := newBarrier(t, 2)
	p := testproc.Start(t)
	p.Must("barrier.reset", sent(t, b)) // it has a handle, and no party has come
	ctx, cancel := context.WithCancel(context.Background())
	out := comes(t, b, ctx)
	p.Bury()
	time.Sleep(2 * time.Millisecond)
	if b.Broken() {
		t.Error("broken by a process of which no party has come")
	}
	cancel()
	brokenCtx := ended(t, out)
	if !errors.Is(brokenCtx.err, context.Canceled) {
		t.Errorf("%+v", brokenCtx)
	}
	for _, point := range []string{"barrier.marked", "barrier.arrived", "barrier.waiting", ""} {
		t.Run("at "+point, func(t *testing.T) {
			b := newBarrier(t, 4)
			outs := []<-chan came{comes(t, b, bounded(t)), comes(t, b, bounded(t))}
			p := testproc.Start(t)
			if point != "" {
				p.Arm(point, 1)
				p.Go("barrier.wait", sent(t, b), forLong)
			} else {
				childComes(t, b, p, forLong)
				p.Kill()
			}
			p.Ended()
			p.Bury()
			for _, out := range outs {
				brokenBy(t, ended(t, out).err, psync.BrokenByDeath, p.PID())
			}
			_, err := b.Wait(bounded(t))
			brokenBy(t, err, psync.BrokenByDeath, p.PID())
			works(t, b, 4)
		})
	}
}

// works resets a barrier and looks whether a turn is as it should be, and that nothing of the dead is left.
func works(t *testing.T, b *psync.Barrier, parties int) {
	t.Helper()
	if err := b.Reset(); err != nil {
		t.Fatal(err)
	}
	done := make(chan came, parties)
	for range parties {
		go func() { i, err := b.Wait(bounded(t)); done <- came{i, err} }()
	}
	for range parties {
		if c := ended(t, done); c.err != nil {
			t.Error(c.err)
		}
	}
	if n := b.Stale(); n != 0 {
		t.Errorf("%d rows of the dead are left", n)
	}
}

// TestBarrierLastKilled: the last party is killed at each point from its coming until it has released the others.
func TestBarrierLastKilled(t *testing.T) {
	for _, c := range []struct {
		point  string
		action bool
		reason psync.BreakReason // 0: the turn is complete
	}{
		{"barrier.marked", false, psync.BrokenByDeath},
		{"barrier.arrived", false, psync.BrokenByDeath},
		{"barrier.completing", false, psync.BrokenByDeath},
		{"barrier.emptied", false, psync.BrokenByDeath},
		{"barrier.released", false, 0},
		{"barrier.arrived", true, psync.BrokenByDeath},
		{"barrier.full", true, psync.BrokenInAction},
		{"test.action", true, psync.BrokenInAction},
		{"barrier.acted", true, psync.BrokenInAction},
		{"barrier.completing", true, psync.BrokenInAction},
		{"barrier.emptied", true, psync.BrokenByDeath},
		{"barrier.released", true, 0},
	} {
		t.Run(fmt.Sprintf("%s %v", c.point, c.action), func(t *testing.T) {
			var opts []psync.BarrierOption
			if c.action {
				opts = append(opts, psync.WithAction(deadly))
			}
			b := newBarrier(t, 3, opts...)
			outs := []<-chan came{comes(t, b, bounded(t)), comes(t, b, bounded(t))}
			p := testproc.Start(t)
			p.Arm(c.point, 1)
			p.Go("barrier.wait", sent(t, b), forLong)
			p.Ended()
			p.Bury()
			for i, out := range outs {
				r := ended(t, out)
				if c.reason != 0 {
					brokenBy(t, r.err, c.reason, p.PID())
				} else if r.err != nil || r.index != i {
					t.Errorf("%+v", r)
				}
			}
			if b.Broken() != (c.reason != 0) {
				t.Error(b)
			}
			works(t, b, 3)
		})
	}
}

// TestBarrierBreakerKilled: who breaks or resets the barrier is killed at each point of that.
func TestBarrierBreakerKilled(t *testing.T) {
	for _, c := range []struct {
		op, point string
		reasons   []psync.BreakReason // empty: it is whole, and those who have come still wait
	}{
		{"barrier.give-up", "barrier.leaving", []psync.BreakReason{psync.BrokenByDeath}},
		{"barrier.give-up", "barrier.breaking", []psync.BreakReason{psync.BrokenByDeath}},
		{"barrier.give-up", "barrier.broken", []psync.BreakReason{psync.BrokenByContext}},
		{"barrier.abort", "barrier.breaking", nil},
		{"barrier.abort", "barrier.broken", []psync.BreakReason{psync.BrokenByAbort}},
		{"barrier.reset", "barrier.breaking", nil},
		{"barrier.reset", "barrier.broken", []psync.BreakReason{psync.BrokenByReset}},
		{"barrier.reset", "barrier.renewing", []psync.BreakReason{psync.BrokenByReset}},
		{"barrier.reset", "barrier.emptied", []psync.BreakReason{psync.BrokenByReset}},
		{"barrier.reset", "barrier.released", []psync.BreakReason{psync.BrokenByReset}},
	} {
		t.Run(c.op+" "+c.point, func(t *testing.T) {
			b := newBarrier(t, 3)
			out := comes(t, b, bounded(t))
			p := testproc.Start(t)
			p.Arm(c.point, 1)
			p.Go(c.op, sent(t, b))
			p.Ended()
			p.Bury()
			if len(c.reasons) > 0 {
				brokenBy(t, ended(t, out).err, c.reasons[0], p.PID())
			} else {
				second := comes(t, b, bounded(t))
				if i, err := b.Wait(bounded(t)); i != 2 || err != nil {
					t.Errorf("%d, %v", i, err)
				}
				for _, out := range []<-chan came{out, second} {
					if r := ended(t, out); r.err != nil {
						t.Error(r.err)
					}
				}
			}
			works(t, b, 3)
		})
	}
}

// TestBarrierSettlerKilled: A has come and is killed; B, which breaks the turn for that, is killed at each point; C, which was stopped meanwhile, finds the barrier broken all the same.
func TestBarrierSettlerKilled(t *testing.T) {
	for _, point := range []string{"barrier.breaking", "barrier.broken", "barrier.clearing"} {
		t.Run(point, func(t *testing.T) {
			b := newBarrier(t, 5)
			pa, pb, pc := testproc.Start(t), testproc.Start(t), testproc.Start(t)
			childComes(t, b, pa, forLong)
			call := childComes(t, b, pc, forLong)
			pc.Stop()
			childComes(t, b, pb, forLong)
			pb.Arm(point, 1)
			pa.Bury()
			pb.Ended()
			pb.Bury()
			pc.Continue()
			r := barrierReply(t, call)
			if r.Broken == nil || r.Broken.Reason != psync.BrokenByDeath || r.Broken.PID != pa.PID() && r.Broken.PID != pb.PID() {
				t.Errorf("%+v", r)
			}
			works(t, b, 5)
		})
	}
}

// TestBarrierStopped: a party that has come and is stopped holds nobody up, and finds out how its turn ended, if that is not too long ago.
func TestBarrierStopped(t *testing.T) {
	for _, turns := range []int{1, 1000, 1100} {
		b := newBarrier(t, 2)
		p := testproc.Start(t)
		call := childComes(t, b, p, forLong)
		p.Stop()
		if i, err := b.Wait(bounded(t)); i != 1 || err != nil {
			t.Fatalf("%d, %v", i, err)
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range turns {
					if _, err := b.Wait(bounded(t)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		testproc.Finish(t, "the other turns", wg.Wait)
		p.Continue()
		r := barrierReply(t, call)
		if known := turns < 1023; known && (r.Broken != nil || r.Index != 0) || !known && (r.Broken == nil || r.Broken.Reason != 0) {
			t.Errorf("after %d turns: %+v", turns, r)
		}
	}
}

// TestBarrierKilledAnywhere kills one of three parties at a random moment of many turns: the others end, broken, and name it.
func TestBarrierKilledAnywhere(t *testing.T) {
	kills := 25
	if testing.Short() {
		kills = 5
	}
	b := newBarrier(t, 3, psync.WithAction(counted))
	for range kills {
		p, q := testproc.Start(t), testproc.Start(t)
		p.Go("barrier.turns", sent(t, b))
		other := q.Go("barrier.turns", sent(t, b))
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				_, err := b.Wait(bounded(t))
				if err == nil {
					continue
				}
				var broken *psync.BrokenError
				switch {
				case !errors.As(err, &broken):
					t.Error(err)
				case broken.Reason == psync.BrokenByAbort: // it was killed between two turns
				case broken.Reason != psync.BrokenByDeath && broken.Reason != psync.BrokenInAction || !strings.Contains(broken.Who, fmt.Sprint(p.PID())):
					t.Error(err)
				}
				return
			}
		})
		time.Sleep(time.Duration(rand.IntN(6000)) * time.Microsecond)
		p.Bury()
		// Perhaps no party of it had come: then the others wait until somebody gives up.
		for end := time.Now().Add(100 * time.Millisecond); !b.Broken() && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		if err := b.Abort(); err != nil {
			t.Error(err)
		}
		testproc.Finish(t, "the survivor", wg.Wait)
		other.Must()
		q.Bury()
		if err := b.Reset(); err != nil {
			t.Fatal(err)
		}
	}
}

// barCrowd: many goroutines of a child are parties for some turns. The result is how many threads the process had at most.
func barCrowd(b *psync.Barrier, args []string) (string, error) {
	most := 0
	var mu sync.Mutex
	errs := make(chan error, b.Parties())
	for range b.Parties() {
		go func() {
			for range num(args, 0) {
				i, err := b.Wait(context.Background())
				if err != nil {
					errs <- err
					return
				}
				if i == 0 {
					mu.Lock()
					most = max(most, threads())
					mu.Unlock()
				}
			}
			errs <- nil
		}()
	}
	for range b.Parties() {
		if err := <-errs; err != nil {
			return "", err
		}
	}
	return fmt.Sprint(max(most, threads())), nil
}

func TestBarrierCrowd(t *testing.T) {
	b := newBarrier(t, crowdSize())
	var most int
	fmt.Sscan(testproc.Start(t).Must("barrier.crowd", sent(t, b), 3), &most)
	t.Logf("%d goroutines: %d threads", b.Parties(), most)
	if most == 0 || most > testproc.MostThreads(32) {
		t.Errorf("%d threads", most)
	}
}
