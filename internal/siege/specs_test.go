//go:build linux

package siege

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/py"
)

// Results as specs have them, besides numbers: a name of an exception, or None, True, False.
const (
	none  = "None"
	empty = "Empty"
	full  = "Full"
	yes   = "True"
	no    = "False"
)

// A subject is a type that is checked.
type subject struct {
	typeid string
	args   []py.Value
	init   string
	spec   spec
	// plan is the next call of a client that holds the object if held, and whether it is to hold it afterwards if it gets yes.
	plan func(rng *rand.Rand, held bool) act
	// rest are the last calls, which see what is left, until one gives stop.
	rest func(n int) act
	stop string
}

// queueRoom is how many items the queue takes: so few that it is often full.
const queueRoom = 2

var subjects = []subject{
	{typeid: "list", spec: listSpec, plan: pick("append", "append", "append", "last", "last", "__len__", "__getitem__"), rest: func(int) act { return act{do: "last"} }, stop: "IndexError"},
	{typeid: "dict", spec: dictSpec, plan: pick("__setitem__", "__setitem__", "get", "pop", "setdefault", "__len__"), rest: func(n int) act { return act{do: "get", a: int64(n)} }},
	{typeid: "Queue", args: []py.Value{int64(queueRoom)}, spec: queueSpec, plan: pick("put", "put", "put_nowait", "take", "take", "take_nowait", "qsize"), rest: func(int) act { return act{do: "take_nowait"} }, stop: empty},
	{typeid: "Value", args: []py.Value{"i", int64(0)}, init: "0", spec: valueSpec, plan: pick("value", "set"), rest: func(int) act { return act{do: "value"} }},
	{typeid: "Lock", spec: lockSpec, plan: lockPlan, rest: lockRest},
	{typeid: "RLock", spec: lockSpec, plan: lockPlan, rest: lockRest},
}

// keys is how many different keys and small numbers there are.
const keys = 3

func pick(names ...string) func(*rand.Rand, bool) act {
	return func(rng *rand.Rand, _ bool) act {
		return act{do: names[rng.IntN(len(names))], a: int64(rng.IntN(keys)), b: int64(rng.IntN(1000))}
	}
}

func lockPlan(rng *rand.Rand, held bool) act {
	switch {
	case held:
		return act{do: "release"}
	case rng.IntN(3) == 0:
		return act{do: "try"}
	}
	return act{do: "acquire"}
}

func lockRest(n int) act { return act{do: []string{"try", "release", "try"}[n]} }

// call is the method of an act, and its arguments.
func (x act) call() (method string, args []any) {
	const soon = 0.002
	switch x.do {
	case "append", "set":
		return x.do, []any{x.b}
	case "put":
		return x.do, []any{x.b, true, soon}
	case "put_nowait":
		return x.do, []any{x.b}
	case "take":
		return "get", []any{true, soon}
	case "take_nowait":
		return "get_nowait", nil
	case "__setitem__", "setdefault":
		return x.do, []any{x.a, x.b}
	case "pop", "__getitem__", "get":
		return x.do, []any{x.a}
	case "last":
		return "pop", nil
	case "value":
		return "get", nil
	case "try":
		return "acquire", []any{false}
	}
	return x.do, nil
}

func listSpec(state string, x act) (next, saw string) {
	items := strings.Fields(state)
	switch x.do {
	case "append":
		return strings.Join(append(items, strconv.FormatInt(x.b, 10)), " "), none
	case "__len__":
		return state, strconv.Itoa(len(items))
	case "last":
		if n := len(items); n > 0 {
			return strings.Join(items[:n-1], " "), items[n-1]
		}
		return state, "IndexError"
	case "__getitem__":
		if int(x.a) < len(items) {
			return state, items[x.a]
		}
		return state, "IndexError"
	}
	return state, none
}

func dictSpec(state string, x act) (next, saw string) {
	entries := strings.Fields(state)
	key := strconv.FormatInt(x.a, 10) + ":"
	at := slices.IndexFunc(entries, func(e string) bool { return strings.HasPrefix(e, key) })
	value := none
	if at >= 0 {
		value = strings.TrimPrefix(entries[at], key)
	}
	with := func() string {
		out := append(slices.Clone(entries), key+strconv.FormatInt(x.b, 10))
		if at >= 0 {
			out = slices.Delete(out, at, at+1)
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	switch x.do {
	case "__setitem__":
		return with(), none
	case "setdefault":
		if at >= 0 {
			return state, value
		}
		return with(), strconv.FormatInt(x.b, 10)
	case "get":
		return state, value
	case "pop":
		if at < 0 {
			return state, "KeyError"
		}
		return strings.Join(slices.Delete(entries, at, at+1), " "), value
	case "__len__":
		return state, strconv.Itoa(len(entries))
	}
	return state, none
}

// queueSpec is a Queue. The state is how many items were ever put, and those that are there, each with its number: "2 70#0 71#1".
func queueSpec(state string, x act) (next, saw string) {
	ever, items := queued(state)
	switch x.do {
	case "put", "put_nowait":
		if len(items) >= queueRoom {
			return state, full
		}
		return queueState(ever+1, append(items, fmt.Sprintf("%d#%d", x.b, ever))), none
	case "take", "take_nowait":
		if len(items) == 0 {
			return state, empty
		}
		return queueState(ever, items[1:]), items[0]
	case "qsize":
		return state, strconv.Itoa(len(items))
	}
	return state, none
}

func queued(state string) (ever int, items []string) {
	if fields := strings.Fields(state); len(fields) > 0 {
		ever, _ = strconv.Atoi(fields[0])
		items = fields[1:]
	}
	return ever, items
}

func queueState(ever int, items []string) string {
	return strings.Join(append([]string{strconv.Itoa(ever)}, items...), " ")
}

// putBack is the state with an item in the place that it had, by its number.
func putBack(state, item string) string {
	number := func(item string) int {
		_, n, _ := strings.Cut(item, "#")
		i, _ := strconv.Atoi(n)
		return i
	}
	ever, items := queued(state)
	at := slices.IndexFunc(items, func(other string) bool { return number(other) > number(item) })
	if at < 0 {
		at = len(items)
	}
	return queueState(ever, slices.Insert(items, at, item))
}

func valueSpec(state string, x act) (next, saw string) {
	switch x.do {
	case "set":
		return strconv.FormatInt(x.b, 10), none
	case "value":
		return state, state
	}
	return state, none
}

// lockSpec is a lock that is given back by its owner, or by his death. The state is who has it.
func lockSpec(state string, x act) (next, saw string) {
	me := strconv.Itoa(x.who)
	switch x.do {
	case "acquire", "try":
		if state == "" {
			return me, yes
		}
		return state, no
	case "release":
		if state == me {
			return "", none
		}
		return state, "RuntimeError"
	case doDie:
		if state == me {
			return "", none
		}
	}
	return state, none
}

// TestSpecs: the models refuse what can't be.
func TestSpecs(t *testing.T) {
	seen := func(who int, from, to int64, do string, a, b int64, saw string) porcupine.Operation {
		return porcupine.Operation{ClientId: who, Input: act{who, do, a, b}, Output: fact{saw: saw}, Call: from, Return: to}
	}
	unseen := func(who int, from, to int64, do string, b int64) porcupine.Operation {
		return porcupine.Operation{ClientId: who, Input: act{who, do, 0, b}, Output: fact{open: true}, Call: from, Return: to}
	}
	end := func(who int, from, to int64, do string) porcupine.Operation {
		return porcupine.Operation{ClientId: who, Input: act{who: who, do: do}, Output: fact{}, Call: from, Return: to}
	}
	put := seen(1, 0, 1, "put", 0, 7, none)
	get := func(who int, from, to int64, saw string) porcupine.Operation {
		return seen(who, from, to, "take", 0, 0, saw)
	}
	// Two were taken at the same time by clients that have gone.
	twoOut := slices.Clip([]porcupine.Operation{
		put, seen(1, 2, 3, "put", 0, 8, none),
		unseen(3, 4, 8, "take", 0), end(3, 4, 8, doBack), unseen(4, 4, 8, "take", 0), end(4, 4, 8, doBack),
		seen(2, 5, 6, "qsize", 0, 0, "0"),
	})
	for _, x := range []struct {
		name  string
		spec  spec
		legal bool
		ops   []porcupine.Operation
	}{
		{"an item comes", queueSpec, true, []porcupine.Operation{put, get(2, 2, 3, "7")}},
		{"an item comes twice", queueSpec, false, []porcupine.Operation{put, get(2, 2, 3, "7"), get(2, 4, 5, "7")}},
		{"an item is lost", queueSpec, false, []porcupine.Operation{put, get(2, 2, 3, empty)}},
		{"an item dies with a client", queueSpec, true, []porcupine.Operation{put, unseen(3, 2, 6, "take", 0), end(3, 2, 6, doBack), get(2, 7, 8, empty)}},
		{"an item does not die with a client", queueSpec, true, []porcupine.Operation{put, unseen(3, 2, 6, "take", 0), end(3, 2, 6, doBack), get(2, 7, 8, "7")}},
		{"an item is missing, and comes back", queueSpec, true, []porcupine.Operation{put, unseen(3, 2, 6, "take", 0), end(3, 2, 6, doBack), get(2, 3, 4, empty), get(2, 7, 8, "7")}},
		{"it comes back too late", queueSpec, false, []porcupine.Operation{put, unseen(3, 2, 6, "take", 0), end(3, 2, 6, doBack), get(2, 7, 8, empty), get(2, 9, 10, "7")}},
		{"two die with one client", queueSpec, false, []porcupine.Operation{put, seen(1, 2, 3, "put", 0, 8, none), unseen(3, 4, 6, "take", 0), end(3, 4, 6, doBack), get(2, 7, 8, empty)}},
		{"two come back in their order", queueSpec, true, append(twoOut, get(2, 9, 10, "7"), get(2, 11, 12, "8"))},
		{"two come back and have changed places", queueSpec, false, append(twoOut, get(2, 9, 10, "8"), get(2, 11, 12, "7"))},
		{"a put that was not seen", queueSpec, true, []porcupine.Operation{unseen(3, 0, 6, "put", 9), end(3, 0, 6, doDie), get(2, 7, 8, "9")}},
		{"two have a lock", lockSpec, false, []porcupine.Operation{seen(1, 0, 1, "try", 0, 0, yes), seen(2, 2, 3, "try", 0, 0, yes)}},
		{"a lock after a death", lockSpec, true, []porcupine.Operation{seen(1, 0, 1, "try", 0, 0, yes), end(1, 2, 5, doDie), seen(2, 3, 4, "try", 0, 0, yes)}},
		{"a lock that a dead client keeps", lockSpec, false, []porcupine.Operation{seen(1, 0, 1, "try", 0, 0, yes), end(1, 2, 5, doDie), seen(2, 6, 7, "try", 0, 0, no)}},
		{"a list's item twice", listSpec, false, []porcupine.Operation{seen(1, 0, 1, "append", 0, 5, none), seen(1, 2, 3, "last", 0, 0, "5"), seen(2, 4, 5, "last", 0, 0, "5")}},
		{"a dict's old value", dictSpec, false, []porcupine.Operation{seen(1, 0, 1, "__setitem__", 1, 5, none), seen(1, 2, 3, "__setitem__", 1, 6, none), seen(2, 4, 5, "get", 1, 0, "5")}},
		{"a number from the future", valueSpec, false, []porcupine.Operation{seen(1, 0, 1, "value", 0, 0, "4"), seen(2, 2, 3, "set", 0, 4, none)}},
	} {
		if got := porcupine.CheckOperations(x.spec.model(""), x.ops); got != x.legal {
			t.Errorf("%s: %v, expected %v", x.name, got, x.legal)
		}
	}
}
