//go:build linux

package ring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// scene is a ring that a victim uses together with this process, which puts and takes all the time.
type scene struct {
	t      *testing.T
	before int // objects before there were these
	r      *Ring
	j      *journal
}

// The victim is producer 1 or a consumer, the survivor producer 0 and a consumer.
const victimTag = 1

// run lets both work while act happens, and checks all that has become of the items: none that was acknowledged is lost but for at most `lost` that a
// killed consumer had taken, none came twice.
func (s *scene) run(what string, from, to int, lost int, act func()) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
	defer cancel()
	r := s.r
	other := another(s.t, r)
	defer other.Detach()
	var consumer sync.WaitGroup
	stop, end := context.WithCancel(ctx)
	consumer.Go(func() {
		if err := consume(stop, other, s.j); err != nil && stop.Err() == nil {
			s.t.Errorf("%s: %v", what, err)
		}
	})
	var producer sync.WaitGroup
	producer.Go(func() {
		if err := produce(ctx, s.r, s.j, 0, from, to); err != nil {
			s.t.Errorf("%s: %v", what, err)
		}
	})
	act()
	testproc.Finish(s.t, "the producer that survives, "+what, producer.Wait)
	// What is left can be taken, also by somebody new: the last of all is this.
	if err := produce(ctx, s.r, s.j, 0, to, to+1); err != nil && !r.Closed() {
		s.t.Errorf("%s: %v", what, err)
	}
	testproc.Eventually(s.t, "an empty ring, "+what, func() bool { return s.r.Len() == 0 })
	end()
	testproc.Finish(s.t, "the consumer that survives, "+what, consumer.Wait)
	missing := 0
	for tag := range 2 {
		acked := int(atomic.LoadUint32(s.j.acked(tag)))
		for seq := range s.j.each {
			switch n := atomic.LoadUint32(s.j.got(tag, seq)); {
			case n > 1:
				s.t.Errorf("%s: item %d of %d came %d times", what, seq, tag, n)
			case n == 0 && seq < acked:
				missing++
			case n == 1 && seq > acked:
				s.t.Errorf("%s: item %d of %d came, %d were put", what, seq, tag, acked)
			}
		}
	}
	if missing > lost {
		s.t.Errorf("%s: %d acknowledged items are lost", what, missing)
	}
}

// end lets go of all, and waits until nothing is left of it.
func (s *scene) end(what string) {
	s.t.Helper()
	_ = s.j.h.Close()
	_ = s.r.Detach()
	testproc.Eventually(s.t, "nothing left, "+what, func() bool { return objects(s.t) <= s.before })
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// must are the points that the work has to meet to be worth anything.
var must = map[bool][]string{
	true: {"ring.written", "ring.kept", "ring.committed", "ring.rung", "ring.put-waiting", "arena.keeping", "arena.cell-added"},
	false: {"ring.read", "ring.held", "ring.taken", "ring.flagged", "ring.get-waiting", "ring.rung", "arena.unkeeping", "arena.attaching", "arena.cell-dropped",
		"arena.released"},
}

// TestKilledAtEveryPoint kills a producer, and a consumer, at every named point of their work, at the first, a middle and a late pass.
func TestKilledAtEveryPoint(t *testing.T) {
	const items = 60
	for _, producing := range []bool{true, false} {
		setUp := func() *scene {
			return &scene{t, objects(t), newRing(t, 4, 1024), newJournal(t, 8*items)}
		}
		// What there is to be killed at.
		points := testproc.Meet(t, 1, must[producing], func() (met map[string]int) {
			s, p := setUp(), testproc.Start(t)
			s.run("recording", 0, 4*items, 0, func() {
				var c *testproc.Call
				if producing {
					c = workIn(p, s.r, s.j, "record", victimTag, 0, items)
				} else {
					c = workIn(p, s.r, s.j, "record")
					ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
					defer cancel()
					mine := another(t, s.r)
					defer mine.Detach()
					if err := produce(ctx, mine, s.j, 2, 0, items); err != nil {
						t.Error(err)
					}
					testproc.Eventually(t, "all is put and taken", func() bool { return atomic.LoadUint32(s.j.acked(0)) == 4*items && s.r.Len() == 0 })
					_ = s.r.Shut()
				}
				if err := json.Unmarshal([]byte(c.Must()), &met); err != nil {
					t.Fatal(err)
				}
			})
			p.Bury()
			s.end("the recording")
			return met
		})

		for _, name := range slices.Sorted(maps.Keys(points)) {
			if !strings.HasPrefix(name, "ring.") && !strings.HasPrefix(name, "arena.") {
				continue
			}
			passes := []int{1, points[name]/2 + 1, points[name]}
			if testing.Short() || !strings.HasPrefix(name, "ring.") && !strings.Contains(name, "keeping") {
				passes = passes[:1]
			}
			for _, n := range slices.Compact(passes) {
				kill := func() bool { return killAt(t, setUp(), name, n, producing, items) }
				if n == 1 && slices.Contains(must[producing], name) { // a single run need not come there
					testproc.Eventually(t, "killed at "+name, kill)
				} else {
					kill()
				}
			}
		}
	}
}

// killAt lets a producer of so many items, or a consumer, kill itself at the n-th pass of a point, and looks that the survivors go on and nothing is left. It reports
// whether the victim came there.
func killAt(t *testing.T, s *scene, name string, n int, producing bool, items int) (killed bool) {
	what := fmt.Sprintf("producer %v killed at %s:%d", producing, name, n)
	p := testproc.Start(t, testproc.Env(fmt.Sprintf("%s=%s:%d", killpoint.Env, name, n)))
	lost := 0
	if !producing {
		lost = 1 // what it had taken
		if name == "ring.read" || name == "ring.held" || name == "ring.get-waiting" || name == "ring.flagged" || name == "arena.attaching" {
			lost = 0
		}
	}
	s.run(what, 0, items, lost, func() {
		if producing {
			_, err := workIn(p, s.r, s.j, "", victimTag, 0, items).Wait()
			if killed = errors.Is(err, testproc.ErrGone); err != nil && !killed {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		// It takes what this process puts until it is killed, or has had its chance.
		workIn(p, s.r, s.j, "")
		ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
		defer cancel()
		mine := another(t, s.r)
		defer mine.Detach()
		for seq := 0; seq < 7*items-2; seq++ {
			if err := produce(ctx, mine, s.j, 2, seq, seq+1); err != nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			if seq%16 == 15 {
				time.Sleep(time.Millisecond)
			}
			if _, err := p.Call("nothing"); errors.Is(err, testproc.ErrGone) {
				killed = true
				break
			}
		}
		// The family is told only now: whatever the survivors do until here they do without.
	})
	if !producing {
		p.Kill()
	}
	p.Bury()
	s.end(what)
	return killed
}

// TestKilledWhileAbandoning kills the producer that clears up behind a killed producer, too.
func TestKilledWhileAbandoning(t *testing.T) {
	for _, second := range []string{"ring.abandoned:1", "arena.unkeeping:1", "arena.unkeeping:2", "arena.cell-dropped:1"} {
		flat(t)
		s := &scene{t, objects(t), newRing(t, 4, 1024), newJournal(t, 100)}
		for i, point := range []string{"ring.kept:1", second} {
			p := testproc.Start(t, testproc.Env(killpoint.Env+"="+point))
			if _, err := workIn(p, s.r, s.j, "", i+1, 0, 1).Wait(); !errors.Is(err, testproc.ErrGone) {
				t.Fatalf("%s: %v", point, err)
			}
			p.Bury()
			if n := atomic.LoadUint64(s.r.a.u64(offIntent)); n != 1 {
				t.Fatalf("after a kill at %s the intent is %d", point, n)
			}
		}
		s.run("after "+second, 0, 20, 0, func() {})
		testproc.Eventually(t, "the ring and the journal alone, after "+second, func() bool { return objects(t)-s.before == 2 })
		s.end("after " + second)
	}
}

// TestKilledUntold: a producer dies between its commit, or the step of the bell, and the wake, and nobody tells of it. Who sleeps wakes by itself, or by the next
// item.
func TestKilledUntold(t *testing.T) {
	for _, point := range []string{"ring.rung:1", "ring.committed:1"} {
		flat(t)
		r := newRing(t, 4, 1024)
		j := newJournal(t, 10)
		done := make(chan error, 2)
		for range 2 {
			other := another(t, r)
			defer other.Detach()
			go func() { done <- other.Get(bounded(t), &Out{}) }()
		}
		asleepIn(t, r, offGetBell)
		p := testproc.Start(t, testproc.Env(killpoint.Env+"="+point))
		_, err := workIn(p, r, j, "", 1, 1, 2).Wait()
		if !errors.Is(err, testproc.ErrGone) {
			t.Fatal(err)
		}
		mustPut(t, r, text(5, 1))
		for range 2 {
			testproc.Finish(t, "getters, "+point, func() {
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		}
		p.Bury()
	}
}

// TestKilledAnywhere kills producers and consumers at random moments.
func TestKilledAnywhere(t *testing.T) {
	kills := 12
	if testing.Short() {
		kills = 3
	}
	for i := range kills {
		s := &scene{t, objects(t), newRing(t, 8, 2048), newJournal(t, 3000)}
		a, b := testproc.Start(t), testproc.Start(t)
		s.run(fmt.Sprint("round ", i), 0, 400, 1, func() {
			workIn(a, s.r, s.j, "", victimTag, 0, 2900)
			workIn(b, s.r, s.j, "")
			time.Sleep(time.Duration(rand.IntN(15_000)) * time.Microsecond)
			a.Bury()
			b.Bury()
		})
		s.end(fmt.Sprint("round ", i))
	}
}
