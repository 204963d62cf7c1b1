//go:build linux

package psync_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

type sem = psync.BoundedSemaphore

func init() {
	handleWith("bounded.acquire", func(s *sem, args []string) (string, error) {
		return "", s.AcquireN(context.Background(), num(args, 0))
	})
	handleWith("bounded.try", func(s *sem, args []string) (string, error) {
		return strconv.FormatBool(s.TryAcquireN(num(args, 0))), nil
	})
	handleWith("bounded.release", func(s *sem, args []string) (string, error) { return "", s.ReleaseN(num(args, 0)) })
	handleWith("bounded.state", func(s *sem, _ []string) (string, error) { return fmt.Sprint(s.Value(), s.Held()), nil })
	handleWith("bounded.close", func(s *sem, _ []string) (string, error) { return "", s.Close() })
	handleWith("bounded.crowd", boundedCrowd)
}

// wantsMore waits until a child is the first of the queue.
func wantsMore(t *testing.T, s *sem, p *testproc.Proc) {
	t.Helper()
	testproc.Eventually(t, "the child waits", func() bool {
		return strings.Contains(s.String(), fmt.Sprintf("child (pid %d) waits for", p.PID()))
	})
}

// queues waits until a child has its claim in the queue behind the first.
func queues(t *testing.T, s *sem, p *testproc.Proc) {
	t.Helper()
	testproc.Eventually(t, "the child queues", func() bool { return s.NextInQueue() == p.ID })
}

// TestBoundedBetweenProcesses: permits go from process to process, also those that one has at hand.
func TestBoundedBetweenProcesses(t *testing.T) {
	s := newBounded(t, 3)
	p := testproc.Start(t)
	p.Must("bounded.acquire", sent(t, s), 2)
	boundedIs(t, s, 1, 0)
	if out := p.Must("bounded.state", sent(t, s)); out != "1 2" {
		t.Error(out)
	}
	if s.TryAcquireN(2) {
		t.Error("taken from the living")
	}
	if err := s.Release(); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("another's permit was released: %v", err)
	}
	if str, want := s.String(), fmt.Sprintf("psync.BoundedSemaphore(1 of 3 free; 2 held by child (pid %d))", p.PID()); str != want {
		t.Errorf("%s, want %s", str, want)
	}
	p.Must("bounded.release", sent(t, s), 2)
	for range 3 {
		whole(t, s) // what the child has at hand is taken
		p.Must("bounded.acquire", sent(t, s), 3)
		if s.TryAcquire() {
			t.Error("a fourth")
		}
		p.Must("bounded.release", sent(t, s), 3)
	}
	p.Stop() // and without its help
	whole(t, s)
	p.Continue()

	must(t, s.AcquireN(bounded(t), 2))
	c := p.Go("bounded.acquire", sent(t, s), 3)
	wantsMore(t, s, p)
	must(t, s.Release())
	must(t, s.Release())
	c.Must()
	boundedIs(t, s, 0, 0)
}

// The cells of the death table.

func TestBoundedHolderKilled(t *testing.T) {
	s := newBounded(t, 3)
	for range 3 {
		p := testproc.Start(t)
		p.Must("bounded.acquire", sent(t, s), 2)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.AcquireN(bounded(t), 3); err != nil {
				t.Error(err)
			}
		})
		testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(s.String(), "waits for 3") })
		p.Bury()
		testproc.Finish(t, "the waiter", wg.Wait)
		boundedIs(t, s, 0, 3)
		must(t, s.ReleaseN(3))
	}
	p := testproc.Start(t) // and without a waiter
	p.Must("bounded.acquire", sent(t, s), 2)
	p.Bury()
	boundedIs(t, s, 3, 0)
	if !s.TryAcquireN(3) {
		t.Error("not free")
	}
}

// TestBoundedKilledWithPermitsAtHand: what it has at hand is free at once, whether its death is known or not.
func TestBoundedKilledWithPermitsAtHand(t *testing.T) {
	s := newBounded(t, 3)
	p := testproc.Start(t)
	p.Must("bounded.acquire", sent(t, s), 3)
	p.Must("bounded.release", sent(t, s), 3)
	p.Kill() // nobody is told
	boundedIs(t, s, 3, 0)
	if !s.TryAcquireN(3) {
		t.Error("not free")
	}
	must(t, s.ReleaseN(3))
	p.Bury()
	whole(t, s)
}

func TestBoundedReleaserKilled(t *testing.T) {
	for _, point := range []string{"bounded.released", "bounded.rung"} {
		t.Run(point, func(t *testing.T) {
			s := newBounded(t, 2)
			p := testproc.Start(t)
			p.Must("bounded.acquire", sent(t, s), 2)
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := s.Acquire(bounded(t)); err != nil {
					t.Error(err)
				}
			})
			testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(s.String(), "waits for 1") })
			p.Arm(point, 1)
			if _, err := p.Call("bounded.release", sent(t, s)); !errors.Is(err, testproc.ErrGone) {
				t.Fatalf("it lives: %v", err)
			}
			p.Bury()
			testproc.Finish(t, "the waiter", wg.Wait)
			must(t, s.Release())
			whole(t, s)
		})
	}
}

// TestBoundedFirstKilled: the first of the queue is killed while it sleeps; the next one waits in its place, and gets what comes back.
func TestBoundedFirstKilled(t *testing.T) {
	s := newBounded(t, 2)
	first, next := testproc.Start(t), testproc.Start(t)
	must(t, s.AcquireN(bounded(t), 2))
	first.Go("bounded.acquire", sent(t, s), 2)
	wantsMore(t, s, first)
	c := next.Go("bounded.acquire", sent(t, s), 1)
	queues(t, s, next)
	first.Kill()
	wantsMore(t, s, next)
	must(t, s.Release())
	c.Must()
	must(t, s.Release())
	boundedIs(t, s, 1, 0)
	next.Must("bounded.release", sent(t, s))
	whole(t, s)
}

// TestBoundedFirstKilledAlone: what the dead one asked for slows nobody down after the next slow acquisition.
func TestBoundedFirstKilledAlone(t *testing.T) {
	s := newBounded(t, 2)
	p := testproc.Start(t)
	must(t, s.AcquireN(bounded(t), 2))
	p.Go("bounded.acquire", sent(t, s), 1)
	wantsMore(t, s, p)
	p.Bury()
	if *s.Row()&psync.Want == 0 {
		t.Error("it did not want anything")
	}
	must(t, s.Release())
	must(t, s.Acquire(bounded(t)))
	if w := *s.Row(); w&psync.Want != 0 {
		t.Errorf("%#x: it still wants", w)
	}
	must(t, s.ReleaseN(2))
	whole(t, s)
}

func TestBoundedQueuerKilled(t *testing.T) {
	s := newBounded(t, 2)
	first, queuer := testproc.Start(t), testproc.Start(t)
	must(t, s.AcquireN(bounded(t), 2))
	c := first.Go("bounded.acquire", sent(t, s), 1)
	wantsMore(t, s, first)
	queuer.Go("bounded.acquire", sent(t, s), 2)
	queues(t, s, queuer)
	queuer.Kill()
	must(t, s.Release())
	c.Must()
	must(t, s.Release())
	first.Must("bounded.release", sent(t, s))
	whole(t, s)
	queuer.Bury()
	whole(t, s)
}

func TestBoundedCloserKilled(t *testing.T) {
	s := newBounded(t, 2)
	p := testproc.Start(t)
	p.Must("bounded.acquire", sent(t, s), 2)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.AcquireN(bounded(t), 2); err != nil {
			t.Error(err)
		}
	})
	testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(s.String(), "waits for 2") })
	p.Arm("bounded.surrendered", 1)
	if _, err := p.Call("bounded.close", sent(t, s)); !errors.Is(err, testproc.ErrGone) {
		t.Fatalf("it lives: %v", err)
	}
	p.Bury()
	testproc.Finish(t, "the waiter", wg.Wait)
}

// TestBoundedClose: with a process's last handle its permits come back, to one that waits or tries.
func TestBoundedClose(t *testing.T) {
	s := newBounded(t, 3)
	p := testproc.Start(t)
	p.Must("bounded.acquire", sent(t, s), 2)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.AcquireN(bounded(t), 3); err != nil {
			t.Error(err)
		}
	})
	testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(s.String(), "waits for 3") })
	p.Must("bounded.close", sent(t, s))
	testproc.Finish(t, "the waiter", wg.Wait)
	must(t, s.ReleaseN(3))
	whole(t, s)
}

func TestBoundedStoppedHolder(t *testing.T) {
	s := newBounded(t, 2)
	p := testproc.Start(t)
	p.Must("bounded.acquire", sent(t, s), 1)
	p.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	if err := s.AcquireN(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v: taken from the living", err)
	}
	must(t, s.Acquire(bounded(t))) // the other one is not affected
	must(t, s.Release())
	p.Continue()
	p.Must("bounded.release", sent(t, s), 1)
	whole(t, s)
}

// TestBoundedStoppedFirst: a stopped process that waits as the first holds up all others.
func TestBoundedStoppedFirst(t *testing.T) {
	s := newBounded(t, 2)
	p := testproc.Start(t)
	must(t, s.AcquireN(bounded(t), 2))
	c := p.Go("bounded.acquire", sent(t, s), 1)
	wantsMore(t, s, p)
	p.Stop()
	must(t, s.ReleaseN(2))
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	if err := s.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) || s.TryAcquire() {
		t.Errorf("%v: it was overtaken", err)
	}
	p.Continue()
	c.Must()
	must(t, s.Acquire(bounded(t)))
	must(t, s.Release())
}

// TestBoundedStoppedQueuer: one that is stopped further behind is passed over when its turn comes, and gets it when it goes on.
func TestBoundedStoppedQueuer(t *testing.T) {
	s := newBounded(t, 1)
	first, queuer := testproc.Start(t), testproc.Start(t)
	must(t, s.Acquire(bounded(t)))
	c := first.Go("bounded.acquire", sent(t, s), 1)
	wantsMore(t, s, first)
	q := queuer.Go("bounded.acquire", sent(t, s), 1)
	queues(t, s, queuer)
	queuer.Stop()
	must(t, s.Release())
	c.Must()
	first.Must("bounded.release", sent(t, s))
	whole(t, s)
	queuer.Continue()
	q.Must()
	boundedIs(t, s, 0, 0)
}

// TestBoundedManyProcesses: more processes than have rows inline.
func TestBoundedManyProcesses(t *testing.T) {
	const n = 18
	s := newBounded(t, n)
	var kids []*testproc.Proc
	for i := range n {
		p := testproc.Start(t)
		p.Must("bounded.acquire", sent(t, s))
		boundedIs(t, s, n-1-i, 0)
		kids = append(kids, p)
	}
	if s.Rows() != n || s.TryAcquire() {
		t.Errorf("%d rows: %v", s.Rows(), s)
	}
	if str := s.String(); !strings.Contains(str, "12 more processes hold some") {
		t.Error(str)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.AcquireN(bounded(t), n); err != nil {
			t.Error(err)
		}
	})
	testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(s.String(), "waits for 18") })
	for i, p := range kids {
		switch i % 3 {
		case 0:
			p.Bury()
		case 1:
			p.Must("bounded.release", sent(t, s))
		case 2:
			p.Must("bounded.close", sent(t, s))
		}
	}
	testproc.Finish(t, "the waiter", wg.Wait)
	must(t, s.ReleaseN(n))
	whole(t, s)
}

// boundedCrowd: so many goroutines take a permit each; the result is how many threads the process had at most.
func boundedCrowd(s *sem, args []string) (string, error) {
	var wg sync.WaitGroup
	var total, most, inside atomic.Int64
	var failed atomic.Pointer[error]
	n := num(args, 0)
	for range n {
		wg.Go(func() {
			if err := s.Acquire(context.Background()); err != nil {
				failed.Store(&err)
				return
			}
			if now := inside.Add(1); now > int64(s.Max()) {
				err := fmt.Errorf("%d hold %d permits", now, s.Max())
				failed.Store(&err)
			}
			most.Store(max(most.Load(), int64(threads())))
			total.Add(1)
			runtime.Gosched()
			inside.Add(-1)
			if err := s.Release(); err != nil {
				failed.Store(&err)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return "", *err
	}
	return fmt.Sprint(total.Load(), most.Load()), nil
}

func TestBoundedCrowd(t *testing.T) {
	n := crowdSize()
	for _, limit := range []int{1, 3} {
		s := newBounded(t, limit)
		a, b := testproc.Start(t), testproc.Start(t)
		calls := []*testproc.Call{a.Go("bounded.crowd", sent(t, s), n), b.Go("bounded.crowd", sent(t, s), n)}
		for _, c := range calls {
			var total, threads int
			fmt.Sscan(c.Must(), &total, &threads)
			t.Logf("%d permits: %d threads", limit, threads)
			if total != n || threads == 0 || threads > testproc.MostThreads(40) {
				t.Errorf("%d of %d, in %d threads", total, n, threads)
			}
		}
		a.Bury()
		b.Bury()
		whole(t, s)
	}
}
