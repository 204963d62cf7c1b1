package object

import (
	"math/big"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func rangeTo(n py.Value) py.Range { return py.Range{Start: int64(0), Stop: n, Step: int64(1)} }

func fromItertools(name string, args ...py.Value) *py.Object {
	return &py.Object{Class: py.Global{Module: "itertools", Name: name}, Args: args}
}

func withState(o *py.Object, state py.Value) *py.Object {
	o.Built, o.State = true, state
	return o
}

// TestEndlessIterables: what has no end, or more elements than there is room for, is refused before it takes memory, as a whole.
func TestEndlessIterables(t *testing.T) {
	large := called("iter", rangeTo(int64(1_000_000_000_000)))
	beyond := called("iter", rangeTo(new(big.Int).Lsh(big.NewInt(1), 100)))
	for name, from := range map[string]py.Value{
		"range":         large,
		"beyond":        beyond,
		"enumerate":     called("enumerate", large, int64(0)),
		"zip":           called("zip", large, beyond),
		"zip with self": called("zip", large, large),
		"nested":        called("zip", called("zip", called("enumerate", large, int64(0)))),
		"map":           called("map", builtin("str"), large),
		"repeat":        fromItertools("repeat", int64(1)),
		"count":         called("zip", fromItertools("count", int64(1)), fromItertools("repeat", nil)),
	} {
		t.Run(name, func(t *testing.T) {
			l := makeObject(t, ListType, ints(7))
			checkCalls(t, l, []callCase{
				{"extend", py.Tuple{from}, "MemoryError: the iterator has more than 134217728 elements"},
				{"repr", nil, "[7]"},
			})
		})
	}
}

// TestIterablesWithoutElements: what asks iterators for elements again and again, and gives none, ends.
func TestIterablesWithoutElements(t *testing.T) {
	zeros := fromItertools("repeat", int64(0))
	wide := func(v py.Value) py.Value {
		args := make(py.Tuple, 1000)
		for i := range args {
			args[i] = v
		}
		return called("zip", args...)
	}
	endless := fromItertools("repeat", ints())
	for name, from := range map[string]py.Value{
		"filter":      called("filter", nil, zeros),
		"filter bool": called("filter", builtin("bool"), called("map", builtin("bool"), zeros)),
		"wide":        wide(wide(wide(called("iter", rangeTo(int64(1)<<60))))),
		"chain":       withState(fromItertools("chain"), py.Tuple{endless}),
		"islice":      withState(fromItertools("islice", zeros, int64(1)<<60, nil, int64(1)), int64(0)),
		"texts":       called("filter", nil, called("map", builtin("len"), fromItertools("repeat", strings.Repeat("a", 1000)))),
	} {
		w := (&Call{}).walk(itemBytes)
		w.left = 100_000
		items, err := w.elements(from)
		if !py.IsException(err, "MemoryError") || items != nil {
			t.Errorf("%s: %d elements, %v; want MemoryError and none", name, len(items), err)
		}
		if w.left < -10_000 {
			t.Errorf("%s: %d steps more than there were", name, -w.left)
		}
	}
}

// TestIterablesInThemselves: what a client's hand has put into itself is an error.
func TestIterablesInThemselves(t *testing.T) {
	chain := fromItertools("chain")
	withState(chain, py.Tuple{called("iter", py.NewList(chain))})
	deque := &py.Object{Class: py.Global{Module: "collections", Name: "deque"}}
	deque.Args = py.Tuple{deque}
	collection := func(class, attr string, make func(*py.Object) py.Value) *py.Object {
		o := &py.Object{Form: py.Made, Class: py.Global{Module: "collections", Name: class}, Built: true}
		o.State = dictOf(t, attr, make(o))
		return o
	}
	self := func(o *py.Object) py.Value { return o }
	userList := collection("UserList", "data", self)
	userDict := collection("UserDict", "data", self)
	chainMap := collection("ChainMap", "maps", func(o *py.Object) py.Value { return py.NewList(o, o) })
	zip := called("zip", int64(0))
	zip.Args[0] = zip
	for name, from := range map[string]py.Value{"chain": chain, "deque": deque, "UserList": userList, "UserDict": userDict, "ChainMap": chainMap, "zip": zip} {
		for typ, method := range map[*Type]string{ListType: "extend", DictType: "update"} {
			if got := outcomeOf(invoke(makeObject(t, typ), method, from)); got != "RecursionError: maximum recursion depth exceeded" {
				t.Errorf("%s.%s(%s): %s", typ.Name, method, name, got)
			}
		}
	}
	nested := called("iter", ints(1))
	for range 5000 {
		nested = called("zip", nested)
	}
	if items, err := elements(nested); len(items) != 1 || err != nil {
		t.Errorf("5000 zips: %v, %v", len(items), err)
	}
	wrapped := py.Value(dictOf(t, "a", int64(1)))
	for range 40 { // each has the one before twice, so that it would be merged more often than anybody can wait for
		w := wrapped
		wrapped = collection("ChainMap", "maps", func(*py.Object) py.Value { return py.NewList(w, w) })
	}
	w := (&Call{}).walk(itemBytes)
	w.left = 100_000
	if _, err := w.mapping(wrapped); !py.IsException(err, "MemoryError") {
		t.Errorf("40 ChainMaps: %v, want MemoryError", err)
	}
}

// TestRoomForIterables: many small things are asked for like one large one, also those that are not kept.
func TestRoomForIterables(t *testing.T) {
	text := strings.Repeat("a", 10_000)
	var parts, deques py.Tuple
	full := &py.Object{Class: py.Global{Module: "collections", Name: "deque"}, Args: py.Tuple{ints(1, 2)}, Items: make([]py.Value, 10_000)}
	for range 100 {
		parts = append(parts, called("iter", text))
		deques = append(deques, full)
	}
	for name, c := range map[string]struct {
		from  py.Value
		least int64
	}{
		"texts":   {called("zip", parts...), 100 * 10_000 * slotBytes},
		"deques":  {called("zip", deques...), 100 * 10_000 * slotBytes},
		"tuples":  {called("enumerate", called("iter", rangeTo(int64(100_000))), int64(0)), 100_000 * (itemBytes + 2*slotBytes)},
		"strings": {called("map", builtin("str"), called("iter", ints(make([]int64, 50_000)...))), 50_000 * itemBytes},
	} {
		var asked int64
		caller := &Caller{Room: func(n int64) error {
			asked += n
			return nil
		}}
		if _, err := (&Call{Caller: caller}).elements(c.from); err != nil || asked < c.least-askFrom {
			t.Errorf("%s: room was asked for %d bytes, %v; want %d", name, asked, err, c.least)
		}
		caller.Room = func(int64) error { return py.MemoryError("no room") }
		l := makeObject(t, ListType)
		_, err := l.Type().Methods["extend"](l, &Call{Args: py.Tuple{c.from}, Caller: caller})
		if got := outcomeOf(nil, err); got != "MemoryError: no room" || l.(*list).snapshot().Items != nil {
			t.Errorf("%s: %s, and the list has %d items", name, got, len(l.(*list).snapshot().Items))
		}
	}
}

// TestIteratorsInIterators: an iterator of the server's own is asked for one element at a time, and goes on from there.
func TestIteratorsInIterators(t *testing.T) {
	it := iterate(t, makeObject(t, DictType, dictOf(t, "a", nil, "b", nil, "c", nil, "d", nil, "e", nil)))
	l := makeObject(t, ListType)
	checkCalls(t, l, []callCase{
		{"extend", py.Tuple{called("zip", called("iter", "xy"), refTo(it))}, "None"},
		{"extend", py.Tuple{called("zip", refTo(it), called("iter", "x"))}, "None"}, // which asks it twice
		{"extend", py.Tuple{refTo(it)}, "None"},
		{"extend", py.Tuple{called("filter", nil, called("iter", py.NewList(refTo(l), refTo(makeObject(t, ListType)))))}, "None"},
		{"__len__", nil, "5"},
	})
	if text := outcomeOf(py.NewList(l.(*list).snapshot().Items[:4]...), nil); text != "[('x', 'a'), ('y', 'b'), ('c', 'x'), 'e']" {
		t.Error(text)
	}
}
