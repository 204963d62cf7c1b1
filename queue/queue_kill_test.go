//go:build linux

package queue_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

// TestQueueKilledAnywhere kills producers and consumers at random moments.
func TestQueueKilledAnywhere(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for i := range rounds {
		victims := func(t *testing.T, name string, q, s string) {
			p, c := testproc.Start(t), testproc.Start(t)
			p.Go(name+".produce", q, s, 0, perSheet)
			c.Go(name+".consume", q, s)
			time.Sleep(time.Duration(rand.IntN(15_000)) * time.Microsecond)
			p.Kill()
			time.Sleep(time.Duration(rand.IntN(3_000)) * time.Microsecond)
			c.Kill()
			p.Bury()
			c.Bury()
		}
		t.Run(fmt.Sprint("plain/", i), func(t *testing.T) { survive(t, "plain", makePlain, checkPlain, victims, 1, 1) })
		t.Run(fmt.Sprint("heavy/", i), func(t *testing.T) { survive(t, "heavy", makeHeavy, checkHeavy, victims, 1, 1) })
	}
}

// survive has two producers and two consumers do their work beside victims, and looks what was lost.
func survive[T any](t *testing.T, name string, make maker[T], check checker[T], victims func(t *testing.T, name, q, s string), killedProducers, killedConsumers int) {
	census(t)
	ctx := bounded(t)
	q := must(queue.New[T](6, queue.WithMemory(2048)))(t)
	s := newSheet(t)
	var putters, getters sync.WaitGroup
	others := []*testproc.Proc{testproc.Start(t), testproc.Start(t)}
	consumer := others[0].Go(name+".consume", wire(t, q), wire(t, s))
	getters.Go(func() {
		if err := consume(ctx, q, s.Slice(), check); err != nil {
			t.Error(err)
		}
	})
	producer := others[1].Go(name+".produce", wire(t, q), wire(t, s), 2, 100)
	putters.Go(func() {
		if err := produce(ctx, q, s.Slice(), make, 3, 100); err != nil {
			t.Error(err)
		}
	})
	victims(t, name, wire(t, q), wire(t, s))
	producer.Must()
	testproc.Finish(t, "producer", putters.Wait)
	ok(t, q.Close())
	consumer.Must()
	testproc.Finish(t, "consumer", getters.Wait)
	want(t, "left in the queue", q.Len(), 0)
	audit(t, s.Slice(), killedProducers, killedConsumers)
	want(t, "put by the surviving process", *sheet(s.Slice()).put(2), 100)
	want(t, "put here", *sheet(s.Slice()).put(3), 100)
	for _, p := range others {
		p.Bury()
	}
	ok(t, q.Detach())
}

// TestQueueKilledAtEveryPoint kills a producer, and a consumer, at every named point that the work of one passes.
func TestQueueKilledAtEveryPoint(t *testing.T) {
	t.Run("plain", func(t *testing.T) { killedAtEveryPoint(t, "plain", makePlain, checkPlain) })
	t.Run("heavy", func(t *testing.T) { killedAtEveryPoint(t, "heavy", makeHeavy, checkHeavy) })
}

func killedAtEveryPoint[T any](t *testing.T, name string, make maker[T], check checker[T]) {
	for side, must := range map[string][]string{
		"produce": {"ring.written", "ring.committed", "ring.put-waiting", "ring.rung"},
		"consume": {"ring.read", "ring.taken", "ring.flagged", "ring.get-waiting", "ring.rung"},
	} {
		points := testproc.Meet(t, 3, must, func() (points map[string]int) {
			survive(t, name, make, check, func(t *testing.T, name, q, s string) {
				p := testproc.Start(t)
				p.Must("record")
				c := p.Go(name+"."+side, q, s, 0, 200)
				if side == "produce" {
					c.Must()
				} else {
					other := testproc.Start(t)
					other.Must(name+".produce", q, s, 1, 200)
					other.Bury()
				}
				points = met(t, p)
				p.Bury()
			}, 0, 1)
			return points
		})
		var all, deadly int
		for _, point := range slices.Sorted(maps.Keys(points)) {
			if strings.HasPrefix(point, "family.") {
				continue
			}
			died := false
			passes := []int{1, max(2, points[point]/3)}
			if testing.Short() {
				passes = passes[:1]
			}
			for _, n := range passes {
				t.Run(fmt.Sprintf("%s/%s/%d", side, point, n), func(t *testing.T) {
					kill := func() (killed bool) {
						survive(t, name, make, check, func(t *testing.T, name, q, s string) {
							p := testproc.Start(t)
							p.Arm(point, n)
							c := p.Go(name+"."+side, q, s, 0, 200)
							if side == "consume" {
								other := testproc.Start(t)
								other.Must(name+".produce", q, s, 1, 200)
								other.Bury()
							} else if _, err := c.Wait(); err != nil && !errors.Is(err, testproc.ErrGone) {
								t.Error(err)
							}
							_, err := p.Call("points")
							killed = errors.Is(err, testproc.ErrGone)
							died = died || killed
							p.Bury()
						}, map[string]int{"produce": 1}[side], map[string]int{"consume": 1}[side])
						return killed
					}
					if n == 1 && slices.Contains(must, point) { // a single run need not come there
						testproc.Eventually(t, "killed", kill)
					} else {
						kill()
					}
				})
			}
			if all++; died {
				deadly++
			}
		}
		t.Logf("%s: %d of %d points have killed", side, deadly, all)
		if 2*deadly < all {
			t.Errorf("%s: only %d of %d points have killed", side, deadly, all) // some are not passed in every run
		}
	}
}

// met tells the points that a child has passed since its "record".
func met(t *testing.T, p *testproc.Proc) map[string]int {
	t.Helper()
	points := map[string]int{}
	for _, field := range strings.Fields(p.Must("points")) {
		name, n, _ := strings.Cut(field, "=")
		points[name], _ = strconv.Atoi(n)
	}
	return points
}

func init() {
	testproc.Handle("points", func([]string) (string, error) {
		var b strings.Builder
		for name, n := range killpoint.Recorded() {
			fmt.Fprintf(&b, "%s=%d ", name, n)
		}
		return b.String(), nil
	})
}
