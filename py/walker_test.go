package py

import (
	"fmt"
	"testing"
	"time"
)

// within runs f, which takes no time if it is right and for ever if it is wrong.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("it takes too long")
	}
}

// layered is a value that has another one n times, which has another one n times, and so on, so that it has n**depth of the innermost. wrap makes one of those.
func layered(depth int, innermost Value, wrap func(v Value) Value) Value {
	for range depth {
		innermost = wrap(innermost)
	}
	return innermost
}

// sharers make containers that have a value more than once.
func sharers(t *testing.T) map[string]func(v Value) Value {
	n := 0
	return map[string]func(v Value) Value{
		"list":      func(v Value) Value { return NewList(v, v) },
		"long list": func(v Value) Value { return NewList(1.5, v, v, v, v, v, v, v, v, v) },
		"tuple":     func(v Value) Value { return Tuple{v, v} },
		"dict":      func(v Value) Value { return mustDict(t, "a", v, "b", v) },
		"set":       func(v Value) Value { return mustFrozenSet(t, v, Tuple{v, v}) },
		"object":    func(v Value) Value { return &Object{Class: Global{"m", "C"}, Args: Tuple{v, v}, Built: true, State: v} },
		"slice":     func(v Value) Value { return NewList(Slice{v, v, v}) },
		"mixed": func(v Value) Value {
			n++
			switch n % 3 {
			case 0:
				return NewList(v, Tuple{v})
			case 1:
				return mustDict(t, "x", v, "y", NewList(v))
			}
			return Tuple{NewList(v), v}
		},
	}
}

func TestSharedPartsAreComparedOnce(t *testing.T) {
	for name, wrap := range sharers(t) {
		t.Run(name, func(t *testing.T) {
			depth := 60
			within(t, func() {
				a, b := layered(depth, int64(1), wrap), layered(depth, 1.0, wrap)
				if equal, err := Equal(a, b); name != "mixed" && (!equal || err != nil) {
					t.Errorf("a copy: %v, %v", equal, err)
				}
				if equal, err := Equal(a, layered(depth, int64(2), wrap)); equal || err != nil {
					t.Errorf("another: %v, %v", equal, err)
				}
				if _, err := Less(a, b); err != nil && !IsException(err, "TypeError") {
					t.Errorf("order: %v", err)
				}
				hash, err := Hash(a)
				if err != nil && !IsException(err, "TypeError") {
					t.Errorf("hash: %v", err)
				}
				if same, err2 := Hash(b); name != "mixed" && (same != hash || (err == nil) != (err2 == nil)) {
					t.Errorf("hashes: %x, %v; %x, %v", hash, err, same, err2)
				}
			})
		})
	}
}

// deepValue is a value that is depth containers deep.
func deepValue(depth int, wrap func(v Value) Value) Value { return layered(depth, nil, wrap) }

func TestDepth(t *testing.T) {
	wraps := map[string]func(v Value) Value{
		"list":   func(v Value) Value { return NewList(v) },
		"tuple":  func(v Value) Value { return Tuple{v} },
		"dict":   func(v Value) Value { return mustDict(t, "a", v) },
		"object": func(v Value) Value { return &Object{Class: Global{"m", "C"}, State: v, Built: true} },
		"slice":  func(v Value) Value { return Slice{v, nil, nil} },
		"pid":    func(v Value) Value { return &Persistent{v} },
	}
	for name, wrap := range wraps {
		a, b := deepValue(MaxDepth-1, wrap), deepValue(MaxDepth-1, wrap)
		if equal, err := Equal(a, b); !equal || err != nil {
			t.Errorf("%s: %v, %v", name, equal, err)
		}
		if equal, err := Equal(deepValue(10*MaxDepth, wrap), deepValue(10*MaxDepth, wrap)); equal || !IsException(err, "RecursionError") {
			t.Errorf("%s, far too deep: %v, %v", name, equal, err)
		}
		if _, err := Hash(deepValue(10*MaxDepth, wrap)); name == "tuple" && !IsException(err, "RecursionError") || name == "object" && err != nil {
			t.Errorf("%s, far too deep, Hash: %v", name, err)
		}
		_, err := Less(deepValue(10*MaxDepth, wrap), deepValue(10*MaxDepth, wrap))
		if !IsException(err, "RecursionError") && !IsException(err, "TypeError") {
			t.Errorf("%s, far too deep, Less: %v", name, err)
		}
	}
	// A frozenset is hashed when it becomes an element, so each level of the loop hashes all.
	s := mustFrozenSet(t)
	for range 300 {
		s = mustFrozenSet(t, s)
	}
	if _, err := Hash(s); err != nil {
		t.Error(err)
	}
}

func TestCycles(t *testing.T) {
	list := func(more ...Value) *List {
		l := NewList(more...)
		l.Items = append(l.Items, l)
		return l
	}
	dict := func() *Dict {
		d := NewDict()
		d.SetStr("self", NewList(d))
		return d
	}
	for name, pair := range map[string][2]Value{
		"list":  {list(), list()},
		"dict":  {dict(), dict()},
		"tuple": {Tuple{list(), int64(1)}, Tuple{list(), int64(1)}},
	} {
		if equal, err := Equal(pair[0], pair[0]); !equal || err != nil {
			t.Errorf("%s and itself: %v, %v", name, equal, err)
		}
		if _, err := Equal(pair[0], pair[1]); err == nil || err.Error() != "RecursionError: maximum recursion depth exceeded in comparison" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Less(list(), list()); !IsException(err, "RecursionError") {
		t.Errorf("Less: %v", err)
	}
	if equal, err := Equal(list(int64(1)), list(int64(2))); equal || err != nil {
		t.Errorf("different lists: %v, %v", equal, err)
	}
}

// node is an object that refers to itself: in a ring of n.
func node(n int, value Value) *Object {
	first := &Object{Form: Made, Class: Global{"m", "Node"}, Built: true}
	o := first
	for i := range n {
		d := NewDict()
		d.SetStr("number", int64(i))
		next := &Object{Form: Made, Class: Global{"m", "Node"}, Built: true}
		if i == n-1 {
			next = first
			d.SetStr("value", value)
		}
		d.SetStr("next", Tuple{next})
		o.State = d
		o = next
	}
	return first
}

// TestObjectsThatReferToThemselves: such objects are keys in Python, so they must be here.
func TestObjectsThatReferToThemselves(t *testing.T) {
	for _, n := range []int{1, 2, 10, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			a, b, other := node(n, "a"), node(n, "a"), node(n, "b")
			if equal, err := Equal(a, b); !equal || err != nil {
				t.Errorf("a copy: %v, %v", equal, err)
			}
			if equal, err := Equal(Tuple{a}, Tuple{other}); equal || err != nil {
				t.Errorf("another: %v, %v", equal, err)
			}
			d := mustDict(t, a, int64(1), other, int64(2))
			if v, found, err := d.Get(b); v != Value(int64(1)) || !found || err != nil {
				t.Errorf("as a key: %v, %v, %v", v, found, err)
			}
		})
	}
}

// TestHashOfObjectIsCheap: it looks at no more than a few hundred of an object's parts.
func TestHashOfObjectIsCheap(t *testing.T) {
	wide := make([]Value, 1_000_000)
	for i := range wide {
		wide[i] = NewList(int64(i))
	}
	list := NewList(wide...)
	within(t, func() {
		for i := range 100_000 {
			if _, err := Hash(&Object{Class: Global{"m", "C"}, Args: Tuple{int64(i), list, list}}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestManyRecordsCompareWithoutMemory: what is remembered of a walk is of parts that are large, not of each of many small ones.
func TestManyRecordsCompareWithoutMemory(t *testing.T) {
	records := func() *List {
		l := NewList()
		for i := range 20_000 {
			l.Items = append(l.Items, NewList(int64(i), NewList("a")))
		}
		return l
	}
	a, b := records(), records()
	if n := testing.AllocsPerRun(3, func() {
		if equal, err := Equal(a, b); !equal || err != nil {
			t.Error(equal, err)
		}
	}); n > 50 {
		t.Errorf("%v allocations", n)
	}
}
