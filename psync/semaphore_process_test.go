//go:build linux

package psync_test

import (
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

func init() {
	handleWith("sem.acquire", func(s *psync.Semaphore, args []string) (string, error) {
		return "", s.AcquireN(context.Background(), num(args, 0))
	})
	handleWith("sem.give-up", func(s *psync.Semaphore, args []string) (string, error) { // once it is the first
		ctx, cancel := context.WithCancel(context.Background())
		killpoint.Call("semaphore.first", cancel)
		return "", s.AcquireN(ctx, num(args, 0))
	})
	handleWith("sem.release", func(s *psync.Semaphore, args []string) (string, error) { return "", s.ReleaseN(num(args, 0)) })
	handleWith("sem.hammer", func(s *psync.Semaphore, _ []string) (string, error) {
		for range 4 {
			go func() {
				for {
					_ = s.Acquire(context.Background())
					laps.Add(1)
					_ = s.Release()
				}
			}()
		}
		return "", nil
	})
	handleWith("sem.crowd", func(s *psync.Semaphore, args []string) (string, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		n := num(args, 0)
		return crowdOf(n, n-2, s, cancel, func() error { return s.Acquire(ctx) }) // the first, and the one who waits for its place, don't queue
	})
	handleWith("sem.contend", func(s *psync.Semaphore, args []string) (string, error) {
		data, err := hex.DecodeString(args[0])
		if err != nil {
			return "", err
		}
		var room shm.RawArray[uint32]
		if err := room.UnmarshalCBOR(data); err != nil {
			return "", err
		}
		var wg sync.WaitGroup
		errs := make([]error, victims)
		for g := range errs {
			wg.Go(func() { errs[g] = contendForPermits(s, room.Slice(), uint32(num(args, 2)), 2+g, num(args, 1)) })
		}
		wg.Wait()
		return "", errors.Join(errs...)
	})
}

func TestSemaphoreThreads(t *testing.T) {
	s := newSemaphore(t, 0)
	crowdResult(t, testproc.Start(t).Must("sem.crowd", sent(t, s), crowdSize()), crowdSize())
	quiet(t, s, 0)
}

// TestSemaphoreFairness: a process that asks now and then, for one and for all, gets its turn from one whose goroutines acquire all the time.
func TestSemaphoreFairness(t *testing.T) {
	s := newSemaphore(t, 2)
	p := testproc.Start(t)
	p.Must("sem.hammer", sent(t, s))
	testproc.Eventually(t, "the child's progress", func() bool { return p.Must("laps") != "0" })
	n := 100
	if testing.Short() {
		n = 20
	}
	for i := range n {
		if err := s.AcquireN(bounded(t), 1+i%2); err != nil {
			t.Fatal(err)
		}
		_ = s.ReleaseN(1 + i%2)
	}
	seen := p.Must("laps")
	testproc.Eventually(t, "the child's further progress", func() bool { return p.Must("laps") != seen })
}

func TestSemaphoreBetweenProcesses(t *testing.T) {
	s := newSemaphore(t, 0)
	p := testproc.Start(t)
	for range 50 {
		c := p.Go("sem.acquire", sent(t, s), 2)
		_ = s.ReleaseN(2) // of permits that this process never had
		c.Must()
		q := p.Go("sem.release", sent(t, s), 1)
		if err := s.Acquire(bounded(t)); err != nil {
			t.Fatal(err)
		}
		q.Must()
	}
	quiet(t, s, 0)
}

// TestSemaphoreFirstKilled: the first of the queue is killed wherever it may be, and the next is the first.
func TestSemaphoreFirstKilled(t *testing.T) {
	for _, c := range []struct {
		point string
		left  int // of the three permits
	}{
		{"semaphore.first", 3},
		{"semaphore.waiting", 3},
		{"semaphore.hungry", 3},
		{"semaphore.taken", 1}, // it took two, and they belong to nobody
		{"semaphore.given-up", 3},
	} {
		t.Run(c.point, func(t *testing.T) {
			s := newSemaphore(t, 0)
			p, q := testproc.Start(t), testproc.Start(t)
			p.Arm(c.point, 1)
			op := "sem.acquire"
			if c.point == "semaphore.given-up" {
				op = "sem.give-up"
			}
			first := p.Go(op, sent(t, s), 2)
			if c.point == "semaphore.taken" {
				queued(t, s)
			} else if _, err := first.Wait(); !errors.Is(err, testproc.ErrGone) {
				t.Fatalf("not killed: %v", err)
			}
			if err := s.ReleaseN(3); err != nil {
				t.Fatal(err)
			}
			if _, err := first.Wait(); !errors.Is(err, testproc.ErrGone) {
				t.Fatalf("not killed: %v", err)
			}
			if s.Value() != c.left {
				t.Errorf("%v, want %d", s, c.left)
			}
			q.Must("sem.acquire", sent(t, s), c.left)
			testproc.Eventually(t, "no marks of the dead", func() bool { // a Release clears them, once the death is known
				if err := s.Release(); err != nil || !s.TryAcquire() {
					t.Error(s, err)
				}
				return atomic.LoadUint32(s.Word()) == 0
			})
		})
	}
}

// TestSemaphoreFirstKilledAmongWaiters: others queue behind the first when it is killed; each gets its permit.
func TestSemaphoreFirstKilledAmongWaiters(t *testing.T) {
	s := newSemaphore(t, 0)
	p, q := testproc.Start(t), testproc.Start(t)
	p.Go("sem.acquire", sent(t, s), 5)
	hungry(t, s)
	c := q.Go("sem.acquire", sent(t, s), 1)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if err := s.Acquire(bounded(t)); err != nil {
				t.Error(err)
			}
		})
	}
	testproc.Eventually(t, "a queue", func() bool { return strings.Contains(s.String(), "more goroutines queue here") })
	_ = s.ReleaseN(4)
	p.Kill() // not before they wait for it
	_ = s.ReleaseN(2)
	testproc.Finish(t, "waiters behind the dead", wg.Wait)
	c.Must()
	quiet(t, s, 0)
}

// TestSemaphoreWaiterKilled: one who is not the first is killed, and nobody notices.
func TestSemaphoreWaiterKilled(t *testing.T) {
	s := newSemaphore(t, 0)
	p := testproc.Start(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Acquire(bounded(t)); err != nil {
			t.Error(err)
		}
	})
	hungry(t, s)
	p.Go("sem.acquire", sent(t, s), 1)
	testproc.Eventually(t, "the child's wait", func() bool { return strings.Contains(s.String(), "then child") })
	p.Kill()
	_ = s.ReleaseN(2)
	testproc.Finish(t, "the first", wg.Wait)
	if err := s.Acquire(bounded(t)); err != nil {
		t.Error(err)
	}
	quiet(t, s, 0)
}

// TestSemaphoreKilledWithPermits: permits of a plain semaphore belong to nobody, so those of the dead are gone until somebody adds as many.
func TestSemaphoreKilledWithPermits(t *testing.T) {
	s := newSemaphore(t, 3)
	p := testproc.Start(t)
	p.Must("sem.acquire", sent(t, s), 2)
	p.Kill()
	p.Bury()
	if s.Value() != 1 || !s.TryAcquire() || s.TryAcquire() {
		t.Error(s)
	}
	if err := s.ReleaseN(3); err != nil || s.Value() != 3 {
		t.Error(s, err)
	}
}

// TestSemaphoreReleaserKilled: between adding permits and the wake-up.
func TestSemaphoreReleaserKilled(t *testing.T) {
	s := newSemaphore(t, 0)
	p := testproc.Start(t)
	p.Arm("semaphore.released", 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.AcquireN(bounded(t), 2); err != nil {
			t.Error(err)
		}
	})
	hungry(t, s)
	if _, err := p.Call("sem.release", sent(t, s), 2); !errors.Is(err, testproc.ErrGone) {
		t.Fatalf("not killed: %v", err)
	}
	testproc.Finish(t, "the waiter", wg.Wait)
	quiet(t, s, 0)
}

// TestSemaphoreFirstStopped: it is alive, so those behind it wait, and newcomers do not overtake it once it is hungry.
func TestSemaphoreFirstStopped(t *testing.T) {
	s := newSemaphore(t, 0)
	p := testproc.Start(t)
	c := p.Go("sem.acquire", sent(t, s), 2)
	hungry(t, s)
	p.Stop()
	_ = s.ReleaseN(2)
	if s.TryAcquire() {
		t.Error("overtaken")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	if err := s.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v: overtaken", err)
	}
	p.Continue()
	c.Must()
	quiet(t, s, 0)
}

// TestSemaphoreFirstStoppedEarly: as long as it is not hungry, newcomers overtake it, stopped or not.
func TestSemaphoreFirstStoppedEarly(t *testing.T) {
	s := newSemaphore(t, 0)
	p := testproc.Start(t)
	c := p.Go("sem.acquire", sent(t, s), 2)
	hungry(t, s)
	p.Stop()
	atomic.StoreUint32(s.Word(), psync.SemWaiting|2) // as if it had been stopped before the millisecond was over
	if !s.TryAcquire() || s.Acquire(bounded(t)) != nil {
		t.Error(s)
	}
	p.Continue()
	_ = s.ReleaseN(2)
	c.Must()
	quiet(t, s, 0)
}

// TestSemaphoreWaiterStopped: one who queues behind others is passed over.
func TestSemaphoreWaiterStopped(t *testing.T) {
	s := newSemaphore(t, 0)
	p, q := testproc.Start(t), testproc.Start(t)
	first := p.Go("sem.acquire", sent(t, s), 1)
	hungry(t, s)
	second := q.Go("sem.acquire", sent(t, s), 1)
	testproc.Eventually(t, "the second's wait", func() bool { return strings.Contains(s.String(), "then child (pid "+strconv.Itoa(q.PID())) })
	q.Stop()
	_ = s.ReleaseN(2)
	first.Must()
	if err := s.Acquire(bounded(t)); err != nil {
		t.Error(err)
	}
	q.Continue()
	_ = s.Release()
	second.Must()
	quiet(t, s, 0)
}

// victims is how many goroutines, with a permit each, a contending child has.
const victims = 4

// contendForPermits takes and returns single permits for some rounds.
//
//	room[0]    how many are inside, or were when they were killed
//	room[1]    how often more were than there are permits
//	room[2+g]  what goroutine g of a child does: 1 takes or returns a permit, 2 has one
func contendForPermits(s *psync.Semaphore, room []uint32, permits uint32, slot, rounds int) error {
	rnd := rand.New(rand.NewPCG(uint64(slot), 1))
	for i := range rounds {
		timeout := time.Duration(rnd.IntN(4000)) * time.Microsecond
		if i%3 == 0 {
			timeout = testproc.Watchdog
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		atomic.StoreUint32(&room[slot], 1)
		err := s.Acquire(ctx)
		cancel()
		if err != nil {
			atomic.StoreUint32(&room[slot], 0)
			if i%3 == 0 {
				return err
			}
			continue
		}
		atomic.StoreUint32(&room[slot], 2)
		if atomic.AddUint32(&room[0], 1) > permits {
			atomic.AddUint32(&room[1], 1)
		}
		if i%4 == 0 {
			time.Sleep(time.Duration(rnd.IntN(2500)) * time.Microsecond)
		}
		atomic.AddUint32(&room[0], ^uint32(0))
		atomic.StoreUint32(&room[slot], 1)
		if err := s.Release(); err != nil {
			return err
		}
		atomic.StoreUint32(&room[slot], 0)
	}
	return nil
}

// TestSemaphoreKilled kills a contender at every point, and at random moments. Never are more inside than there are permits, nobody waits for ever, and what is lost is
// what the dead had.
func TestSemaphoreKilled(t *testing.T) {
	const permits = victims + 1
	s := newSemaphore(t, permits)
	room, err := shm.NewRawArray[uint32](2 + victims + 6)
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	points := []string{"semaphore.first", "semaphore.waiting", "semaphore.hungry", "semaphore.taken", "semaphore.given-up", "semaphore.released", "lock.acquired", "lock.waiting", ""}
	kills := 3
	if testing.Short() {
		kills = 1
	}
	for _, point := range points {
		for i := range kills {
			victim := testproc.Start(t)
			if point != "" {
				victim.Arm(point, 1+2*i)
			}
			c := victim.Go("sem.contend", sent(t, s), sent(t, room), 300, permits)
			var wg sync.WaitGroup
			for g := range 6 {
				wg.Go(func() {
					if err := contendForPermits(s, room.Slice(), permits, 2+victims+g, 40); err != nil {
						t.Error(err)
					}
				})
			}
			if point == "" {
				time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
				victim.Kill()
			}
			_, err := c.Wait()
			if err != nil && !errors.Is(err, testproc.ErrGone) {
				t.Errorf("%s: %v", point, err)
			}
			testproc.Finish(t, "contenders of one killed at "+point, wg.Wait)
			if n := atomic.LoadUint32(&room.Slice()[1]); n != 0 {
				t.Fatalf("too many were inside %d times, after a kill at %q", n, point)
			}
			sure, perhaps := 0, 0
			for g := range victims {
				switch atomic.SwapUint32(&room.Slice()[2+g], 0) {
				case 1:
					perhaps++
				case 2:
					sure++
				}
			}
			if lost := permits - s.Value(); lost < sure || lost > sure+perhaps {
				t.Fatalf("killed at %q: %d permits are lost, %d to %d should be", point, lost, sure, sure+perhaps)
			} else if err := s.ReleaseN(lost); err != nil {
				t.Fatal(err)
			}
			victim.Bury()
			atomic.StoreUint32(&room.Slice()[0], 0)
			if err := s.AcquireN(bounded(t), permits); err != nil {
				t.Fatal(err)
			}
			quiet(t, s, 0)
			_ = s.ReleaseN(permits)
			t.Logf("%-20s pass %d: killed %v", point, 1+2*i, err != nil)
		}
	}
}
