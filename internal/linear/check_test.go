//go:build linux

package linear

import (
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// model is what one object may do. Its steps are functions: they return all states in which a call with this result may leave the object, none when it can't
// have happened.
type model[S comparable] struct {
	init S
	// step is a call of a living process. An open one may always have had no effect: the state itself is added to what step returns.
	step func(s S, in call, out result) []S
	// death is the end of a process.
	death func(s S, proc int) []S
}

// world is an object's state, and who is dead: the dead have no effects.
type world[S comparable] struct {
	object S
	dead   uint64
}

func (w world[S]) String() string {
	if w.dead == 0 {
		return fmt.Sprintf("%+v", w.object)
	}
	var dead []int
	for d := w.dead; d != 0; d &= d - 1 {
		dead = append(dead, bits.TrailingZeros64(d))
	}
	return fmt.Sprintf("%+v, dead: %v", w.object, dead)
}

func (m model[S]) porcupine() porcupine.Model {
	step := func(state, input, output any) []any {
		w, in, out := state.(world[S]), input.(call), output.(result)
		var next []S
		dead := w.dead
		switch {
		case in.Op == opDeath:
			dead |= 1 << in.Proc
			next = m.death(w.object, in.Proc)
		case dead&(1<<in.Proc) != 0:
			if out.Open {
				next = []S{w.object}
			}
		default:
			next = m.step(w.object, in, out)
			if out.Open && !slices.Contains(next, w.object) {
				next = append(next, w.object)
			}
		}
		states := make([]any, 0, len(next))
		for _, s := range next {
			states = append(states, world[S]{s, dead})
		}
		return states
	}
	nm := porcupine.NondeterministicModel{
		Init:              func() []any { return []any{world[S]{object: m.init}} },
		Step:              step,
		DescribeOperation: func(input, output any) string { return describe(input.(call), output.(result)) },
		DescribeState:     func(state any) string { return state.(world[S]).String() },
	}
	return nm.ToModel()
}

// part is the history of one object.
type part struct {
	key    int
	model  porcupine.Model
	events []event
}

// split makes a part of each object's calls; deaths concern all. The model may depend on the object.
func split(events []event, keys int, of func(key int) porcupine.Model) []part {
	parts := make([]part, keys)
	for key := range parts {
		parts[key] = part{key: key, model: of(key)}
		for _, e := range events {
			if e.Key == key || e.Key < 0 {
				parts[key].events = append(parts[key].events, e)
			}
		}
	}
	return parts
}

func (p part) operations() []porcupine.Operation {
	ops := make([]porcupine.Operation, 0, len(p.events))
	for _, e := range p.events {
		ops = append(ops, porcupine.Operation{ClientId: e.Client, Input: e.call, Output: e.result, Call: e.from, Return: e.to})
	}
	return ops
}

// thinking is how long porcupine may search one history. It needs milliseconds.
const thinking = 5 * time.Second

func (p part) check() porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(p.model, p.operations(), thinking)
}

// show writes what porcupine knows of a history that it refuses into files for people: a drawing, and the calls as text.
func (p part) show(t *testing.T, name string) {
	t.Helper()
	_, info := porcupine.CheckOperationsVerbose(p.model, p.operations(), thinking)
	f, err := os.CreateTemp("", "linear-"+name+"-*.html")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := porcupine.Visualize(p.model, info, f); err != nil {
		t.Error(err)
	}
	var text strings.Builder
	for _, e := range p.events {
		fmt.Fprintln(&text, e)
	}
	if err := os.WriteFile(strings.TrimSuffix(f.Name(), ".html")+".txt", []byte(text.String()), 0o600); err != nil {
		t.Error(err)
	}
	t.Errorf("%s %d: %d operations that are not linearizable: see %s, and the .txt beside it", name, p.key, len(p.events), f.Name())
}

// A story is a history made by hand, to show that a model accepts what is right and refuses what is not.
type story struct {
	name   string
	legal  bool
	events []event
}

// tell checks stories as the histories of rounds are checked.
func tell(t *testing.T, parts func([]event) []part, stories []story) {
	t.Helper()
	legal, wrong := 0, 0
	for _, s := range stories {
		ok := true
		for _, p := range parts(settle(s.events)) {
			ok = ok && p.check() == porcupine.Ok
		}
		if ok != s.legal {
			t.Errorf("%s: accepted: %v, want %v", s.name, ok, s.legal)
		}
		if s.legal {
			legal++
		} else {
			wrong++
		}
	}
	if legal == 0 || wrong == 0 {
		t.Error("there must be stories of both kinds")
	}
}

// ms is a millisecond of a story, which otherwise counts in nanoseconds.
const ms = 1_000_000

// by is a call of a process's only client, in a story.
func by(proc int, from, to int64, o op, out result, in ...int64) event {
	e := event{call: call{Op: o, Proc: proc, Client: proc}, result: out, from: from, to: to}
	copy(e.In[:], in)
	return e
}

// killed is a call that never returned.
func killed(proc int, from int64, o op, in ...int64) event {
	return by(proc, from, 0, o, result{Open: true}, in...)
}

// died is a death.
func died(proc int, from, to int64) event {
	e := by(proc, from, to, opDeath, result{})
	e.Key, e.Client = -1, 0
	return e
}

// gave is the result of a call that succeeded.
func gave(out ...int64) result {
	var r result
	copy(r.Out[:], out)
	return r
}

// not is the result of a call that did not.
func not(v verdict, out ...int64) result {
	r := gave(out...)
	r.Verdict = v
	return r
}
