package object

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestFifo(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var f fifo
	var model []py.Value
	type taken struct {
		v      py.Value
		number uint64
	}
	var out []taken // values count up, so the model's order is theirs
	for i := range 20_000 {
		// The number of values goes up and down, so that the ring grows and shrinks.
		switch grow := i/2000%2 == 0; {
		case len(model) > 0 && (rng.IntN(3) == 0 || !grow):
			got, number := f.pop()
			if got != model[0] {
				t.Fatalf("step %d: pop = %v, want %v", i, got, model[0])
			}
			model, out = model[1:], append(out, taken{got, number})
		case len(out) > 0 && rng.IntN(4) == 0:
			j := len(out) - 1 - rng.IntN(min(len(out), 20))
			f.putBack(out[j].v, out[j].number)
			model = append(model, out[j].v)
			slices.SortFunc(model, func(a, b py.Value) int { return a.(int) - b.(int) })
			out = slices.Delete(out, j, j+1)
		default:
			f.pushBack(i)
			model = append(model, i)
		}
		if f.len() != len(model) || len(f.ring) > max(fifoKeeps, 8*f.n) {
			t.Fatalf("step %d: %d values in a ring of %d, want %d", i, f.len(), len(f.ring), len(model))
		}
	}
}

func TestQueueHandsItemsToWaiters(t *testing.T) {
	o, as := makeHolder(t, QueueType, int64(1)), newActors(5)
	get0, get1, get2 := as[0].start(t, o, "get"), as[1].start(t, o, "get"), as[2].start(t, o, "get", true, int64(1000))
	as[1].vanish()
	expect(t, get1, goneText)
	as[4].do(t, "None", o, "put", "a")
	as[4].do(t, "None", o, "put", "b")
	as[4].do(t, "None", o, "put", "c")
	expect(t, get0, "'a'")
	expect(t, get2, "'b'")
	put0, put3 := as[0].start(t, o, "put", "d"), as[3].start(t, o, "put", "e")
	put2 := as[2].start(t, o, "put", "f", true, 1000.0)
	as[3].vanish()
	expect(t, put3, goneText)
	as[4].do(t, "'c'", o, "get")
	expect(t, put0, "None")
	as[4].do(t, "1", o, "qsize")
	as[4].do(t, "'d'", o, "get")
	expect(t, put2, "None")
	as[4].do(t, "'f'", o, "get_nowait")
	as[4].do(t, textEmpty, o, "get_nowait")
}

// TestQueueUndo: an item that nobody got is the first one again, or goes to who waits.
func TestQueueUndo(t *testing.T) {
	o, as := makeHolder(t, QueueType, int64(2)), newActors(3)
	as[0].do(t, "None", o, "put", "a")
	as[0].do(t, "None", o, "put", "b")
	as[1].do(t, "'a'", o, "get")
	as[0].do(t, "None", o, "put", "c")
	as[1].undo()
	as[0].do(t, "3", o, "qsize")
	put := as[0].start(t, o, "put", "d")
	as[2].do(t, "'a'", o, "get")
	undecided(t, put)
	as[2].do(t, "'b'", o, "get")
	expect(t, put, "None")
	as[2].do(t, "'c'", o, "get")
	as[2].do(t, "'d'", o, "get")
	get := as[0].start(t, o, "get")
	as[2].undo()
	expect(t, get, "'d'")
	as[2].do(t, "None", o, "shutdown", true)
	as[0].undo()
	as[2].do(t, "0", o, "qsize")
}

// TestQueueUndoOrder: items that several clients have taken and did not get come out in the order in which they went in, whoever gives his back first.
func TestQueueUndoOrder(t *testing.T) {
	for _, waits := range []bool{false, true} {
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}} {
			o, as := makeHolder(t, QueueType), newActors(4)
			names := []string{"'a'", "'b'", "'c'"}
			var gets []<-chan string
			for i := range names {
				if waits {
					gets = append(gets, as[i].start(t, o, "get"))
				}
			}
			for _, item := range []string{"a", "b", "c", "d"} {
				as[3].do(t, "None", o, "put", item)
			}
			for i, name := range names {
				if waits {
					expect(t, gets[i], name)
				} else {
					as[i].do(t, name, o, "get")
				}
			}
			for _, i := range order {
				as[i].undo()
			}
			as[0].do(t, "4", o, "qsize")
			as[0].do(t, "'a'", o, "get")
			as[0].undo() // it still is the oldest
			for _, name := range append(names, "'d'") {
				as[3].do(t, name, o, "get")
			}
		}
	}
}

func TestQueueShutdownSendsAllAway(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		o, as := makeHolder(t, JoinableQueueType, int64(1)), newActors(4)
		get := as[0].start(t, o, "get")
		as[1].do(t, "None", o, "shutdown", immediate)
		expect(t, get, textShutOff)

		o = makeHolder(t, JoinableQueueType, int64(1))
		as[1].do(t, "None", o, "put", "a")
		put, join := as[0].start(t, o, "put", "b"), as[2].start(t, o, "join")
		as[1].do(t, "None", o, "shutdown", immediate)
		expect(t, put, textShutOff)
		if !immediate {
			undecided(t, join)
			as[1].do(t, "'a'", o, "get")
			as[1].do(t, "None", o, "task_done")
		}
		expect(t, join, "None")
	}
}

func TestQueueJoin(t *testing.T) {
	o, as := makeHolder(t, JoinableQueueType), newActors(3)
	as[0].do(t, "None", o, "put", "a")
	as[0].do(t, "None", o, "put", "b")
	join1, join2 := as[1].start(t, o, "join"), as[2].start(t, o, "join")
	as[2].vanish()
	expect(t, join2, goneText)
	as[0].do(t, "None", o, "task_done")
	as[0].do(t, "'a'", o, "get")
	undecided(t, join1)
	as[0].do(t, "None", o, "task_done")
	expect(t, join1, "None")
}

// TestQueueLosesNothing: clients that put and get vanish all the time, and every item whose put has succeeded comes out once, all others never.
func TestQueueLosesNothing(t *testing.T) {
	for _, size := range []int64{0, 1, 3} {
		o := makeHolder(t, QueueType, size)
		var ids, gets atomic.Int64
		var mu sync.Mutex
		in, out := map[int64]bool{}, map[int64]int{}
		got := func(v py.Value) {
			mu.Lock()
			defer mu.Unlock()
			out[v.(int64)]++
		}
		var wg sync.WaitGroup
		for i := range 8 {
			rng := rand.New(rand.NewPCG(3, uint64(i)))
			wg.Go(func() {
				a := newActor("a")
				for n := range 1500 {
					if rng.IntN(3) == 0 {
						go a.vanish()
					}
					if (i+n)%2 == 0 {
						id := ids.Add(1)
						if _, err := a.call(o, "put", id, true, rng.Float64()/1000); err == nil {
							mu.Lock()
							in[id] = true
							mu.Unlock()
						}
					} else if v, err := a.call(o, "get", true, rng.Float64()/1000); err == nil {
						if gets.Add(1); rng.IntN(8) == 0 {
							a.undo()
						} else {
							got(v)
						}
					}
					if a.ctx.Err() != nil {
						a = newActor("a")
					}
				}
			})
		}
		wg.Wait()
		for last := newActor("last"); ; {
			v, err := last.call(o, "get", false)
			if err != nil {
				break
			}
			got(v)
		}
		for id, n := range out {
			if n != 1 || !in[id] {
				t.Errorf("size %d: item %d came %d times; its put had succeeded: %v", size, id, n, in[id])
			}
		}
		if len(out) != len(in) || gets.Load() < 100 {
			t.Errorf("size %d: %d items came of %d, %d got", size, len(out), len(in), gets.Load())
		}
		if hs := o.Holdings(); len(hs) > 0 {
			t.Errorf("left: %v", hs)
		}
	}
}

// TestQueueKeepsOrder: each consumer gets each producer's items in their order, as long as nobody vanishes.
func TestQueueKeepsOrder(t *testing.T) {
	const producers, consumers, items = 4, 4, 2000
	for _, size := range []int64{0, 2} {
		o := makeHolder(t, QueueType, size)
		var wg sync.WaitGroup
		for p := range int64(producers) {
			wg.Go(func() {
				a := newActor("p")
				for i := range int64(items) {
					a.call(o, "put", p*items+i)
				}
			})
		}
		for range consumers {
			wg.Go(func() {
				a := newActor("c")
				last := map[int64]int64{}
				for range producers * items / consumers {
					v, err := a.call(o, "get")
					if err != nil {
						t.Error(err)
						return
					}
					id := v.(int64)
					if before, ok := last[id/items]; ok && before >= id {
						t.Errorf("%d came after %d", id, before)
					}
					last[id/items] = id
				}
			})
		}
		wg.Wait()
	}
}
