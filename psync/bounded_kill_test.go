//go:build linux

package psync_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/shm"
)

// fillInline makes players that take a permit each, so that every further process has its row in the spill object.
func fillInline(t testing.TB, s *sem) (players []*boundedPlayer) {
	for range ledger.Inline {
		p := joinBounded(t, s)
		t.Cleanup(p.die)
		must(t, p.Acquire(bounded(t)))
		players = append(players, p)
	}
	return players
}

// TestBoundedKilledAtPoint kills a process at each named point, each in the situation that leads there. Whoever waits then gets what he waits for, no permit is lost, and there
// is none too many: with rows inline, and with rows in the spill object.
func TestBoundedKilledAtPoint(t *testing.T) {
	const limit = 3
	type scene struct {
		s      *sem
		victim *testproc.Proc
	}
	// What leads to a point returns what undoes it after the death.
	type prepare = func(*testing.T, scene) (after func())
	nothing := func(*testing.T, scene) func() { return func() {} }
	here := func(n int) prepare { // this process holds permits
		return func(t *testing.T, c scene) func() {
			must(t, c.s.AcquireN(bounded(t), n))
			return func() { must(t, c.s.ReleaseN(n)) }
		}
	}
	theirs := func(n int) prepare {
		return func(t *testing.T, c scene) func() {
			c.victim.Must("bounded.acquire", sent(t, c.s), n)
			return func() {}
		}
	}
	atHand := func(t *testing.T, c scene) func() { // this process has all at hand
		must(t, c.s.AcquireN(bounded(t), limit))
		must(t, c.s.ReleaseN(limit))
		return func() {}
	}
	aDeadOne := func(t *testing.T, c scene) func() {
		p := testproc.Start(t)
		p.Must("bounded.acquire", sent(t, c.s), limit)
		p.Bury()
		return func() {}
	}
	waiter := func(held int) prepare { // the victim holds permits, and this process waits for all
		return func(t *testing.T, c scene) func() {
			c.victim.Must("bounded.acquire", sent(t, c.s), held)
			done := make(chan error, 1)
			go func() { done <- c.s.AcquireN(bounded(t), limit) }()
			testproc.Eventually(t, "a waiter", func() bool { return strings.Contains(c.s.String(), "waits for 3") })
			return func() {
				must(t, <-done)
				must(t, c.s.ReleaseN(limit))
			}
		}
	}
	for _, c := range []struct {
		point   string
		prepare prepare
		op      string
		n       int
	}{
		{"bounded.first", nothing, "acquire", 1},
		{"bounded.first", here(limit), "acquire", 1},
		{"bounded.first", theirs(1), "acquire", 2},
		{"bounded.first", nothing, "try", 1},
		{"bounded.settled", aDeadOne, "acquire", 2},
		{"bounded.taken", nothing, "acquire", limit},
		{"bounded.taken", theirs(1), "acquire", 2},
		{"bounded.taken", atHand, "try", 2},
		{"bounded.stolen", atHand, "acquire", limit},
		{"bounded.stolen", atHand, "try", 1},
		{"bounded.wanted", here(limit), "acquire", 1},
		{"bounded.wanted", here(1), "acquire", limit},
		{"bounded.waiting", here(limit), "acquire", 1},
		{"bounded.waiting", theirs(2), "acquire", 2},
		{"bounded.leaving", nothing, "acquire", 1},
		{"bounded.leaving", here(limit), "try", 1},
		{"bounded.left", atHand, "acquire", 2},
		{"bounded.released", waiter(2), "release", 1},
		{"bounded.released", waiter(limit), "release", limit},
		{"bounded.rung", waiter(2), "release", 1},
		{"bounded.surrendered", theirs(2), "close", 0},
		{"bounded.surrendered", waiter(2), "close", 0},
		{"bounded.rung", waiter(1), "close", 0},
	} {
		for _, spill := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%s%d/%v", c.point, c.op, c.n, spill), func(t *testing.T) {
				size := limit
				if spill {
					size += 14
				}
				s := newBounded(t, size)
				if spill {
					fillInline(t, s)
				}
				victim := testproc.Start(t)
				victim.Must("bounded.state", sent(t, s))
				after := c.prepare(t, scene{s, victim})
				victim.Arm(c.point, 1)
				if _, err := victim.Call("bounded."+c.op, sent(t, s), c.n); !errors.Is(err, testproc.ErrGone) {
					t.Fatalf("it lives: %v", err)
				}
				victim.Bury()
				after()
				whole2(t, s, limit)
				next := testproc.Start(t)
				next.Must("bounded.acquire", sent(t, s), 1)
				next.Must("bounded.release", sent(t, s), 1)
				next.Bury()
			})
		}
	}
}

// whole2 is whole when only so many permits can be had.
func whole2(t testing.TB, s *sem, n int) {
	t.Helper()
	must(t, s.AcquireN(bounded(t), n))
	if s.TryAcquire() {
		t.Error("more permits than there are")
	}
	boundedIs(t, s, 0, n)
	must(t, s.ReleaseN(n))
	boundedIs(t, s, n, 0)
}

func init() {
	handleWith("bounded.contend", func(s *sem, args []string) (string, error) {
		data, err := hex.DecodeString(args[0])
		if err != nil {
			return "", err
		}
		var room shm.RawArray[uint32]
		if err := room.UnmarshalCBOR(data); err != nil {
			return "", err
		}
		return "", boundedContend(s, room.Slice(), num(args, 1), num(args, 2))
	})
}

// boundedContend uses a semaphore in every way for some rounds, in three goroutines, and looks whether permits are in too many hands. Who has all that can be had, n, is alone.
//
//	room[0]  Ident of who has all
//	room[1]  how often he was not alone
func boundedContend(s *sem, room []uint32, n, rounds int) error {
	f, err := family.Home()
	if err != nil {
		return err
	}
	me := uint32(f.Self())
	intruder := func() {
		if id := atomic.LoadUint32(&room[0]); id != 0 && f.Alive(family.Ident(id)) {
			atomic.AddUint32(&room[1], 1)
		}
	}
	var inside atomic.Int32 // of this process
	work := func(rnd *rand.Rand) error {
		for range rounds {
			k := 1 + rnd.IntN(n)
			ok := true
			switch rnd.IntN(3) {
			case 0:
				ok = s.TryAcquireN(k)
			case 1:
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(3000))*time.Microsecond)
				ok = s.AcquireN(ctx, k) == nil
				cancel()
			default:
				ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
				err := s.AcquireN(ctx, k)
				cancel()
				if err != nil {
					return err
				}
			}
			if !ok {
				continue
			}
			intruder()
			if inside.Add(int32(k)) > int32(n) {
				atomic.AddUint32(&room[1], 1)
			}
			if k == n {
				atomic.StoreUint32(&room[0], me)
			}
			if rnd.IntN(8) == 0 {
				time.Sleep(time.Duration(rnd.IntN(1500)) * time.Microsecond)
			}
			if k == n {
				if !atomic.CompareAndSwapUint32(&room[0], me, 0) {
					atomic.AddUint32(&room[1], 1)
				}
			} else {
				intruder()
			}
			inside.Add(-int32(k))
			half := rnd.IntN(k + 1)
			if err := errors.Join(s.ReleaseN(half), s.ReleaseN(k-half)); err != nil {
				return err
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for g := range errs {
		wg.Go(func() { errs[g] = work(rand.New(rand.NewPCG(uint64(me), uint64(g)))) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// TestBoundedKilledAnywhere kills contenders at random moments, and at points that contention leads to.
func TestBoundedKilledAnywhere(t *testing.T) {
	points := []string{"bounded.first", "bounded.taken", "bounded.stolen", "bounded.wanted", "bounded.waiting", "bounded.leaving", "bounded.left", "bounded.released", "bounded.rung", "bounded.settled"}
	kills := 30
	if testing.Short() {
		kills = 8
	}
	for _, spill := range []bool{false, true} {
		t.Run(fmt.Sprint(spill), func(t *testing.T) {
			const limit = 3
			size := limit
			if spill {
				size += 14
			}
			s := newBounded(t, size)
			if spill {
				fillInline(t, s)
			}
			room, err := shm.NewRawArray[uint32](2)
			must(t, err)
			defer room.Close()
			died := 0
			for i := range kills {
				a, b := testproc.Start(t), testproc.Start(t)
				if i%2 == 0 {
					a.Arm(points[i/2%len(points)], 1+rand.IntN(30))
				}
				end := make(chan struct{})
				call := a.Go("bounded.contend", sent(t, s), sent(t, room), limit, 1<<30)
				go func() {
					_, _ = call.Wait()
					close(end)
				}()
				b.Go("bounded.contend", sent(t, s), sent(t, room), limit, 1<<30)
				var wg sync.WaitGroup
				wg.Go(func() {
					if err := boundedContend(s, room.Slice(), limit, 30); err != nil {
						t.Error(err)
					}
				})
				select {
				case <-end:
					died++
				case <-time.After(time.Duration(rand.IntN(5000)+100_000*(1-i%2)) * time.Microsecond): // or it has not come to the point often enough
				}
				if rand.IntN(2) == 0 {
					a, b = b, a
				}
				a.Bury()
				time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
				b.Bury()
				testproc.Finish(t, "the survivor", wg.Wait)
				if n := atomic.LoadUint32(&room.Slice()[1]); n != 0 {
					t.Fatalf("permits were in too many hands %d times", n)
				}
				atomic.StoreUint32(&room.Slice()[0], 0)
				whole2(t, s, limit)
			}
			t.Logf("%d killed at a point, %d anywhere", died, 2*kills-died)
		})
	}
}

// TestBoundedContention: three processes, and nobody dies.
func TestBoundedContention(t *testing.T) {
	s := newBounded(t, 4)
	room, err := shm.NewRawArray[uint32](2)
	must(t, err)
	defer room.Close()
	rounds := 300
	if testing.Short() {
		rounds = 60
	}
	a := testproc.Start(t).Go("bounded.contend", sent(t, s), sent(t, room), 4, rounds)
	b := testproc.Start(t).Go("bounded.contend", sent(t, s), sent(t, room), 4, rounds)
	must(t, boundedContend(s, room.Slice(), 4, rounds))
	a.Must()
	b.Must()
	if n := atomic.LoadUint32(&room.Slice()[1]); n != 0 {
		t.Errorf("permits were in too many hands %d times", n)
	}
	whole(t, s)
}
