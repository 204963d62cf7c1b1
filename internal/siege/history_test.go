//go:build linux

package siege

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// What clients see of one object is linearizable if there is an order of all calls, each at an instant between its begin and its end, in which a plain object of Python would have given the same results.
//
// A call whose result was not seen, since its client was killed or cut off, may have been made or not, at any time until the server knew that the client was gone. An item that it has got may have been
// given back then, to the front of the queue; and so may a lock.

// An act is one call, and its client: a connection, which is an owner of locks. Clients that were cut off have other numbers when they come back.
type act struct {
	who  int
	do   string
	a, b int64
}

// Acts that are no calls.
const (
	doDie  = "die"  // what the client owns is released
	doBack = "back" // what a call that was not seen had got is given back, if it was
)

// A fact is what was seen of it.
type fact struct {
	open bool // nothing
	saw  string
}

// A spec is a plain object: the state after a call, and its result.
type spec func(state string, x act) (next, saw string)

// world is the state of the object, and what calls that nobody has seen the end of have got: who and an item, each followed by a comma.
type world struct{ state, lost string }

// gets are calls that take something away which can be given back.
var gets = map[string]bool{"take": true, "take_nowait": true}

// model makes porcupine's of a spec.
func (apply spec) model(init string) porcupine.Model {
	step := func(state, input, output any) []any {
		w, x, f := state.(world), input.(act), output.(fact)
		if x.do == doBack {
			out := []any{w}
			if item, rest, ok := w.taken(x.who); ok {
				out = append(out, world{putBack(w.state, item), rest})
			}
			return out
		}
		next, got := apply(w.state, x)
		saw, _, _ := strings.Cut(got, "#") // of a Queue's item nobody sees the number
		switch {
		case x.do == doDie:
			return []any{world{next, w.lost}}
		case f.open && gets[x.do] && saw != empty:
			return []any{w, world{next, w.lost + fmt.Sprint(x.who) + "=" + got + ","}}
		case f.open:
			return []any{w, world{next, w.lost}}
		case saw == f.saw:
			return []any{world{next, w.lost}}
		}
		return nil
	}
	m := porcupine.NondeterministicModel{
		Init:              func() []any { return []any{world{state: init}} },
		Step:              step,
		Equal:             func(a, b any) bool { return a == b },
		DescribeState:     func(s any) string { return fmt.Sprintf("%q", s) },
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
	}
	return m.ToModel()
}

// taken is the item that an unseen call of this client has got.
func (w world) taken(who int) (item, rest string, ok bool) {
	before, after, ok := strings.Cut(","+w.lost, fmt.Sprintf(",%d=", who))
	if !ok {
		return "", "", false
	}
	item, after, _ = strings.Cut(after, ",")
	return item, strings.TrimPrefix(before+","+after, ","), true
}

// A history is what all clients of one object have seen.
type history struct {
	mu  sync.Mutex
	ops []porcupine.Operation
	cut []cut
	who int
}

// cut is a client that has gone in the midst of a call.
type cut struct {
	x    act
	from int64
	to   int64 // when the server knew
}

// newcomer is the number of the next client.
func (h *history) newcomer() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.who++
	return h.who
}

func (h *history) note(x act, saw string, from, to int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: x.who, Input: x, Output: fact{saw: saw}, Call: from, Return: to})
}

// gone notes that a client went in a call that it had begun at from, or between calls if that is none; to is when the server knew it, 0 at the end of the history.
func (h *history) gone(x act, from, to int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut = append(h.cut, cut{x, from, to})
}

// thinking is how long it may take to search an order. It needs milliseconds, unless very many calls were not seen.
const thinking = 2 * time.Second

// check fails if no order explains the history, and counts it if that was not found out in time. Nobody may call any more.
func (h *history) check(t *testing.T, m porcupine.Model, undecided *int) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	end := sys.Monotonic()
	ops := slices.Clone(h.ops)
	for _, c := range h.cut {
		if c.to == 0 {
			c.to = end
		}
		if c.x.do != "" {
			ops = append(ops, porcupine.Operation{ClientId: c.x.who, Input: c.x, Output: fact{open: true}, Call: c.from, Return: c.to})
		}
		last := act{who: c.x.who, do: doDie}
		if gets[c.x.do] {
			last.do = doBack
		}
		ops = append(ops, porcupine.Operation{ClientId: c.x.who, Input: last, Output: fact{}, Call: c.from, Return: c.to})
	}
	switch porcupine.CheckOperationsTimeout(m, ops, thinking) {
	case porcupine.Illegal:
		slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
		var b strings.Builder
		for _, o := range ops {
			fmt.Fprintf(&b, "%9d %9d %+v -> %+v\n", o.Call-ops[0].Call, o.Return-ops[0].Call, o.Input, o.Output)
		}
		t.Fatalf("no order of these calls explains what they gave:\n%s", b.String())
	case porcupine.Unknown:
		*undecided++
	}
}
