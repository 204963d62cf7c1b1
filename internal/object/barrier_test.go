package object

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestBarrierRounds(t *testing.T) {
	o, as := makeHolder(t, BarrierType, int64(3)), newActors(4)
	for range 3 {
		out0 := as[0].start(t, o, "wait")
		gone := as[3].start(t, o, "wait")
		as[3].do(t, "2", o, "__getattribute__", "n_waiting")
		as[3].vanish()
		expect(t, gone, goneText)
		as[0].do(t, "1", o, "__getattribute__", "n_waiting")
		out1 := as[1].start(t, o, "wait")
		as[2].do(t, "2", o, "wait")
		expect(t, out0, "0")
		expect(t, out1, "1")
		as[3] = newActor("actor 3")
	}
}

func TestBarrierBreaks(t *testing.T) {
	for _, c := range []struct {
		name   string
		break_ func(t *testing.T, o Object, a *actor)
		broken string
	}{
		{"abort", func(t *testing.T, o Object, a *actor) { a.do(t, "None", o, "abort") }, "True"},
		{"reset", func(t *testing.T, o Object, a *actor) { a.do(t, "None", o, "reset") }, "False"},
		{"timeout", func(t *testing.T, o Object, a *actor) { a.do(t, textBroken, o, "wait", 0.001) }, "True"},
		{"no time", func(t *testing.T, o Object, a *actor) { a.do(t, textBroken, o, "wait", int64(0)) }, "True"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, as := makeHolder(t, BarrierType, int64(4)), newActors(4)
			out0, out1 := as[0].start(t, o, "wait"), as[1].start(t, o, "wait", int64(1000))
			c.break_(t, o, as[2])
			expect(t, out0, textBroken)
			expect(t, out1, textBroken)
			as[2].do(t, c.broken, o, "__getattribute__", "broken")
			as[2].do(t, "0", o, "__getattribute__", "n_waiting")
			if c.broken == "True" {
				as[2].do(t, textBroken, o, "wait")
				as[2].do(t, "None", o, "reset")
			}
			outs := []<-chan string{as[0].start(t, o, "wait"), as[1].start(t, o, "wait"), as[2].start(t, o, "wait")}
			as[3].do(t, "3", o, "wait")
			for i, out := range outs {
				expect(t, out, []string{"0", "1", "2"}[i])
			}
		})
	}
}

func TestBarrierNeedsPythonForAction(t *testing.T) {
	_, err := BarrierType.New(&Call{Args: py.Tuple{int64(1), py.Global{Module: "m", Name: "f"}}})
	if !py.IsException(err, "NotImplementedError") {
		t.Errorf("Barrier(1, m.f): %v", err)
	}
}

// TestBarrierWithVanishing: in each round the indices are a permutation, though parties vanish all the time. Only those who vanish in the very moment in which
// all are there leave a gap: they have been there.
func TestBarrierWithVanishing(t *testing.T) {
	const parties, clients, rounds = 3, 7, 400
	o := makeHolder(t, BarrierType, int64(parties))
	var got [parties]atomic.Int64
	var gaps atomic.Int64
	var wg sync.WaitGroup
	for i := range clients {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		wg.Go(func() {
			for a := newActor("a"); got[parties-1].Load() < rounds; {
				vanish := i >= parties && rng.IntN(2) == 0 // the others alone are enough for another round
				if vanish {
					go a.vanish()
				}
				switch v, err := a.call(o, "wait"); {
				case err == nil:
					got[v.(int64)].Add(1)
				case err == ErrGone:
					gaps.Add(1)
				case !py.IsException(err, "threading.BrokenBarrierError"):
					t.Errorf("wait: %v", err)
				}
				if a.ctx.Err() != nil || vanish {
					a = newActor("a")
				}
			}
			newActor("last").call(o, "abort")
		})
	}
	wg.Wait()
	var counts []int64
	for i := range got {
		counts = append(counts, got[i].Load())
	}
	// Who arrives last gets his index without a wait.
	trips := slices.Max(counts)
	if trips != counts[parties-1] {
		t.Errorf("indices came %v times: some came twice in a round", counts)
	}
	for i, n := range counts {
		if n+gaps.Load() < trips {
			t.Errorf("index %d came %d times in %d rounds, and only %d were too late", i, n, trips, gaps.Load())
		}
	}
	if hs := o.Holdings(); len(hs) > 0 {
		t.Errorf("left: %v", hs)
	}
}
