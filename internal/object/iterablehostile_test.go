package object

import (
	"math/big"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func rangeTo(n py.Value) py.Range { return py.Range{Start: int64(0), Stop: n, Step: int64(1)} }

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

// TestIterablesTakeSteps: what a few bytes of a pickle, or few elements, have the server do for long is refused.
func TestIterablesTakeSteps(t *testing.T) {
	many := func(n int, v py.Value) py.Tuple { // references to one value, of which each takes two bytes
		all := make(py.Tuple, n)
		for i := range all {
			all[i] = v
		}
		return all
	}
	wide := func(v py.Value) py.Value { return called("zip", many(1000, v)...) }
	deque := func(args ...py.Value) *py.Object {
		return &py.Object{Class: py.Global{Module: "collections", Name: "deque"}, Args: args}
	}
	nested := deque()
	for range 1000 {
		nested = deque(nested)
	}
	huge := new(big.Int).Lsh(big.NewInt(1), 100_000)
	empty := py.Range{Start: huge, Stop: huge, Step: int64(1)}
	long := &py.Object{Class: py.Global{Module: "collections", Name: "defaultdict"}, Pairs: []py.Pair{{Key: many(1000, int64(1))}}}
	for name, from := range map[string]py.Value{
		"filter":       called("filter", nil, called("iter", ints(make([]int64, 90_000)...))),
		"filter bool":  called("filter", builtin("bool"), called("map", builtin("bool"), called("iter", ints(make([]int64, 90_000)...)))),
		"wide":         called("filter", nil, wide(wide(wide(called("iter", rangeTo(int64(1)<<60)))))),
		"texts":        called("map", builtin("len"), called("iter", many(1000, strings.Repeat("a", 1000)))),
		"deep":         wide(nested),
		"huge ranges":  wide(empty),
		"their truth":  called("filter", nil, called("iter", many(1000, empty))),
		"their len":    called("map", builtin("len"), called("iter", many(1000, empty))),
		"beyond int64": called("filter", nil, called("iter", py.Range{Start: int64(0), Stop: huge, Step: int64(1)})),
		"long keys":    wide(long),
	} {
		w := (&Call{}).walk(itemBytes)
		w.left = 100_000
		items, err := w.elements(from)
		if !py.IsException(err, "MemoryError") || !strings.Contains(err.Error(), "steps") || items != nil {
			t.Errorf("%s: %d elements, %v; want MemoryError and none", name, len(items), err)
		}
		if w.left < -20_000 {
			t.Errorf("%s: %d steps more than there were", name, -w.left)
		}
	}
}

// TestIterablesInThemselves: what a client's hand has put into itself is an error.
func TestIterablesInThemselves(t *testing.T) {
	deque := &py.Object{Class: py.Global{Module: "collections", Name: "deque"}}
	deque.Args = py.Tuple{deque}
	zip := called("zip", int64(0))
	zip.Args[0] = zip
	for name, from := range map[string]py.Value{"deque": deque, "zip": zip} {
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
