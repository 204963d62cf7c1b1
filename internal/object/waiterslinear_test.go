package object

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/py"
)

// A linearOp is one call of a history. A call whose caller was gone is two: in the first it may take something, which it gives back in the second. Both may as well have no effect.
type linearOp struct {
	what   string // acquire, release, put, get, len; "lost" and "back" of a call that came to nothing
	number int    // of the call
	item   byte   // of put
}

// linearOut is what it gave.
type linearOut struct {
	did  bool
	item byte // of get; of len the number
}

// linearState is an object and what was lost: pairs of a call's number and what it took, 0 for nothing. A lock is a queue with at most one item, which is there while it is free.
type linearState struct {
	items string
	lost  string
	put   string // all items that were ever put, in that order: what is given back has its place by it
}

// with is a state with an item in the place that it has by the order in which all were put.
func (s linearState) with(item byte) linearState {
	i := 0
	for i < len(s.items) && strings.IndexByte(s.put, s.items[i]) < strings.IndexByte(s.put, item) {
		i++
	}
	s.items = s.items[:i] + string([]byte{item}) + s.items[i:]
	return s
}

// linearModel is a queue of at most max items, 0 for any number.
func linearModel(init string, max int) porcupine.Model {
	step := func(state, input, output any) []any {
		s, in, out := state.(linearState), input.(linearOp), output.(linearOut)
		full, none := max > 0 && len(s.items) >= max, len(s.items) == 0
		switch in.what {
		case "put":
			if out.did && !full {
				s.items += string([]byte{in.item})
				if strings.IndexByte(s.put, in.item) < 0 {
					s.put += string([]byte{in.item})
				}
				return []any{s}
			} else if !out.did && full {
				return []any{s}
			}
		case "get":
			if out.did && !none && s.items[0] == out.item {
				s.items = s.items[1:]
				return []any{s}
			} else if !out.did && none {
				return []any{s}
			}
		case "len":
			if int(out.item) == len(s.items) {
				return []any{s}
			}
		case "lost":
			nothing, first := s, s
			nothing.lost += string([]byte{byte(in.number), 0})
			if none {
				return []any{nothing}
			}
			first.lost += string([]byte{byte(in.number), s.items[0]})
			first.items = s.items[1:]
			return []any{nothing, first}
		case "back":
			for i := 0; i < len(s.lost); i += 2 {
				if s.lost[i] != byte(in.number) {
					continue
				}
				item := s.lost[i+1]
				s.lost = s.lost[:i] + s.lost[i+2:]
				if item != 0 {
					s = s.with(item)
				}
				return []any{s}
			}
		}
		return nil
	}
	m := porcupine.NondeterministicModel{
		Init:          func() []any { return []any{linearState{items: init, put: init}} },
		Step:          step,
		Equal:         func(a, b any) bool { return a == b },
		DescribeState: func(s any) string { return fmt.Sprintf("%q", s) },
	}
	return m.ToModel()
}

// A historian records calls.
type historian struct {
	mu    sync.Mutex
	start time.Time
	ops   []porcupine.Operation
	calls int
}

func (h *historian) record(client int, op linearOp, call func() (linearOut, bool)) {
	h.mu.Lock()
	h.calls++
	op.number = h.calls
	h.mu.Unlock()
	from := time.Since(h.start)
	out, gone := call()
	to := time.Since(h.start)
	h.mu.Lock()
	defer h.mu.Unlock()
	ops := []linearOp{op}
	switch {
	case gone && op.what == "get":
		ops = []linearOp{{"lost", op.number, 0}, {"back", op.number, 0}}
	case gone: // a put of nobody: it has no effect at all
		return
	}
	for i, op := range ops {
		// The second half of a call is another client's, as the two may be anywhere in the call's time, but not in the other order.
		h.ops = append(h.ops, porcupine.Operation{ClientId: client + 100*i, Input: op, Output: out, Call: int64(from), Return: int64(to)})
	}
}

// check fails if no order of the calls explains what they gave.
func (h *historian) check(t *testing.T, m porcupine.Model) {
	t.Helper()
	if porcupine.CheckOperationsTimeout(m, h.ops, 20*time.Second) == porcupine.Illegal {
		var b strings.Builder
		for _, op := range h.ops {
			fmt.Fprintf(&b, "%d-%d client %d: %+v %+v\n", op.Call, op.Return, op.ClientId, op.Input, op.Output)
		}
		t.Fatalf("no order explains this:\n%s", b.String())
	}
}

// TestQueueIsLinearizable: with clients that vanish.
func TestQueueIsLinearizable(t *testing.T) {
	for round := range 300 {
		size := round % 3
		o := makeHolder(t, QueueType, int64(size))
		h := &historian{start: time.Now()}
		var wg sync.WaitGroup
		for client := range 5 {
			rng := rand.New(rand.NewPCG(uint64(round), uint64(client)))
			wg.Go(func() {
				for n := range 8 {
					a := newActor("a")
					if rng.IntN(2) == 0 {
						go a.vanish()
					}
					item := int64(client*8 + n + 1)
					wait := rng.Float64() / 20000
					switch rng.IntN(5) {
					case 0, 1:
						h.record(client, linearOp{what: "put", item: byte(item)}, func() (linearOut, bool) {
							_, err := a.call(o, "put", item, true, wait)
							return linearOut{did: err == nil}, err == ErrGone
						})
					case 2, 3:
						h.record(client, linearOp{what: "get"}, func() (linearOut, bool) {
							v, err := a.call(o, "get", true, wait)
							if err != nil {
								return linearOut{}, err == ErrGone
							}
							return linearOut{true, byte(v.(int64))}, false
						})
					default:
						h.record(client, linearOp{what: "len"}, func() (linearOut, bool) {
							v, _ := a.call(o, "qsize")
							return linearOut{true, byte(v.(int64))}, false
						})
					}
				}
			})
		}
		wg.Wait()
		h.check(t, linearModel("", size))
	}
}

// TestLockIsLinearizable: to acquire a lock is to get the only item of a queue, to release it is to put it back.
func TestLockIsLinearizable(t *testing.T) {
	for round := range 300 {
		typ := []*Type{LockType, RLockType, SemaphoreType}[round%3]
		o := makeHolder(t, typ)
		h := &historian{start: time.Now()}
		var wg sync.WaitGroup
		for client := range 5 {
			rng := rand.New(rand.NewPCG(uint64(round), uint64(client)))
			wg.Go(func() {
				for range 6 {
					a := newActor("a")
					if rng.IntN(2) == 0 {
						go a.vanish()
					}
					args := []py.Value{true, rng.Float64() / 20000}
					if rng.IntN(3) == 0 {
						args = []py.Value{false}
					}
					held := false
					h.record(client, linearOp{what: "get"}, func() (linearOut, bool) {
						v, err := a.call(o, "acquire", args...)
						held = err == nil && v == true
						return linearOut{did: held, item: 1}, err == ErrGone
					})
					if held {
						h.record(client, linearOp{what: "put", item: 1}, func() (linearOut, bool) {
							_, err := a.call(o, "release")
							return linearOut{did: err == nil}, false
						})
					}
				}
			})
		}
		wg.Wait()
		h.check(t, linearModel("\x01", 0))
	}
}

// TestLinearModel: the model refuses what can't be.
func TestLinearModel(t *testing.T) {
	op := func(client int, from, to int64, in linearOp, out linearOut) porcupine.Operation {
		return porcupine.Operation{ClientId: client, Input: in, Output: out, Call: from, Return: to}
	}
	put := op(0, 0, 1, linearOp{what: "put", item: 7}, linearOut{did: true})
	lost := []porcupine.Operation{op(2, 2, 6, linearOp{"lost", 1, 0}, linearOut{}), op(102, 2, 6, linearOp{"back", 1, 0}, linearOut{})}
	lost = slices.Clip(lost)
	twoLost := slices.Clip([]porcupine.Operation{
		put, op(0, 2, 3, linearOp{what: "put", item: 8}, linearOut{did: true}),
		op(2, 4, 8, linearOp{"lost", 1, 0}, linearOut{}), op(102, 4, 8, linearOp{"back", 1, 0}, linearOut{}),
		op(3, 4, 8, linearOp{"lost", 2, 0}, linearOut{}), op(103, 4, 8, linearOp{"back", 2, 0}, linearOut{}),
		op(4, 5, 6, linearOp{what: "len"}, linearOut{true, 0}),
	})
	for _, c := range []struct {
		name  string
		legal bool
		ops   []porcupine.Operation
	}{
		{"an item comes", true, []porcupine.Operation{put, op(1, 2, 3, linearOp{what: "get"}, linearOut{true, 7})}},
		{"an item comes twice", false, []porcupine.Operation{put, op(1, 2, 3, linearOp{what: "get"}, linearOut{true, 7}), op(1, 4, 5, linearOp{what: "get"}, linearOut{true, 7})}},
		{"an item is not seen", false, []porcupine.Operation{put, op(1, 2, 3, linearOp{what: "get"}, linearOut{})}},
		{"an item is not seen while it is lost", true, append(lost, put, op(1, 3, 4, linearOp{what: "get"}, linearOut{}))},
		{"a lost item is not seen later", false, append(lost, put, op(1, 7, 8, linearOp{what: "get"}, linearOut{}))},
		{"two lost items come back in the order in which they were put", true, append(twoLost, op(1, 9, 10, linearOp{what: "get"}, linearOut{true, 7}), op(1, 11, 12, linearOp{what: "get"}, linearOut{true, 8}))},
		{"two lost items change places", false, append(twoLost, op(1, 9, 10, linearOp{what: "get"}, linearOut{true, 8}), op(1, 11, 12, linearOp{what: "get"}, linearOut{true, 7}))},
		{"a lost item is there later", true, append(lost, put, op(1, 7, 8, linearOp{what: "get"}, linearOut{true, 7}))},
	} {
		if got := porcupine.CheckOperations(linearModel("", 0), c.ops); got != c.legal {
			t.Errorf("%s: %v, want %v", c.name, got, c.legal)
		}
	}
}
