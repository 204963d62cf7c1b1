package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func setOf(t testing.TB, elems ...py.Value) *py.Set {
	t.Helper()
	s, err := py.NewSet(elems...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSet(t *testing.T) {
	one, two, three := int64(1), int64(2), int64(3)
	unhashable := "TypeError: unhashable type: 'list'"
	frozen, err := py.NewFrozenSet(two, three)
	if err != nil {
		t.Fatal(err)
	}
	checkCalls(t, makeObject(t, SetType), []callCase{
		{"pop", nil, "KeyError: 'pop from an empty set'"},
		{"add", py.Tuple{one}, "None"},
		{"add", py.Tuple{1.0}, "None"},
		{"add", py.Tuple{ints()}, unhashable},
		{"add", nil, "TypeError: set.add() takes exactly one argument (0 given)"},
		{"update", py.Tuple{ints(2), "a"}, "None"},
		{"update", py.Tuple{ints(3), one}, "TypeError: 'int' object is not iterable"},
		{"update", py.Tuple{py.NewList(int64(4), ints())}, unhashable},
		{"repr", nil, "{1, 2, 'a', 3, 4}"},
		{"discard", py.Tuple{"a"}, "None"},
		{"discard", py.Tuple{"a"}, "None"},
		{"discard", py.Tuple{ints()}, unhashable},
		{"remove", py.Tuple{int64(4)}, "None"},
		{"remove", py.Tuple{int64(4)}, "KeyError: 4"},
		{"remove", py.Tuple{setOf(t, one)}, "KeyError: {1}"},
		{"repr", nil, "{1, 2, 3}"},
		{"__len__", nil, "3"},
		{"__contains__", py.Tuple{2.0}, "True"},
		{"__contains__", py.Tuple{setOf(t, one)}, "False"},
		{"__contains__", py.Tuple{ints()}, unhashable},
		{"__iter__", nil, "<set_iterator object"},
		{"copy", nil, "{1, 2, 3}"},
		{"__and__", py.Tuple{setOf(t, one, "x")}, "{1}"},
		{"__and__", py.Tuple{ints(1)}, "NotImplemented"},
		{"__and__", nil, "TypeError: expected 1 argument, got 0"},
		{"__or__", py.Tuple{setOf(t, "x")}, "{1, 2, 3, 'x'}"},
		{"__sub__", py.Tuple{frozen}, "{1}"},
		{"__xor__", py.Tuple{frozen}, "{1}"},
		{"__rand__", py.Tuple{frozen}, "frozenset({2, 3})"},
		{"__ror__", py.Tuple{setOf(t, "x")}, "{'x', 1, 2, 3}"},
		{"__rsub__", py.Tuple{setOf(t, "x", one)}, "{'x'}"},
		{"__rxor__", py.Tuple{setOf(t, "x", one)}, "{'x', 2, 3}"},
		{"__rsub__", py.Tuple{"x"}, "NotImplemented"},
		{"__le__", py.Tuple{setOf(t, one, two, three)}, "True"},
		{"__lt__", py.Tuple{setOf(t, one, two, three)}, "False"},
		{"__ge__", py.Tuple{frozen}, "True"},
		{"__gt__", py.Tuple{frozen}, "True"},
		{"__gt__", py.Tuple{ints()}, "NotImplemented"},
		{"union", py.Tuple{ints(4), "a"}, "{1, 2, 3, 4, 'a'}"},
		{"union", py.Tuple{one}, "TypeError: 'int' object is not iterable"},
		{"difference", py.Tuple{ints(1), frozen}, "set()"},
		{"intersection", py.Tuple{ints(3, 2), frozen}, "{2, 3}"},
		{"intersection", py.Tuple{py.NewList(ints())}, unhashable},
		{"difference", py.Tuple{py.NewList(setOf(t, one))}, "TypeError: unhashable type: 'set'"},
		{"intersection", py.Tuple{py.NewList(setOf(t, one))}, "TypeError: unhashable type: 'set'"},
		{"isdisjoint", py.Tuple{py.NewList(setOf(t, one))}, "TypeError: unhashable type: 'set'"},
		{"issuperset", py.Tuple{py.NewList(setOf(t, one))}, "TypeError: unhashable type: 'set'"},
		{"issubset", py.Tuple{py.NewList(setOf(t, one))}, "TypeError: unhashable type: 'set'"},
		{"symmetric_difference", py.Tuple{ints(3, 4)}, "{1, 2, 4}"},
		{"isdisjoint", py.Tuple{py.NewList(one, ints())}, "False"},
		{"isdisjoint", py.Tuple{py.NewList(ints())}, unhashable},
		{"issubset", py.Tuple{ints(1, 2, 3, 4)}, "True"},
		{"issuperset", py.Tuple{py.NewList("x", ints())}, "False"},
		{"issuperset", py.Tuple{frozen}, "True"},
		{"issuperset", py.Tuple{one}, "TypeError: 'int' object is not iterable"},
		{"repr", nil, "{1, 2, 3}"},
		{"__ior__", py.Tuple{setOf(t, "x")}, "{1, 2, 3, 'x'}"},
		{"__iand__", py.Tuple{setOf(t, "x", one, two)}, "{'x', 1, 2}"},
		{"__isub__", py.Tuple{setOf(t, one)}, "{'x', 2}"},
		{"__ixor__", py.Tuple{setOf(t, "x", "y")}, "{2, 'y'}"},
		{"__ixor__", py.Tuple{"x"}, "NotImplemented"},
		{"difference_update", py.Tuple{py.NewList(two, ints())}, unhashable},
		{"repr", nil, "{'y'}"},
		{"intersection_update", py.Tuple{"xz", py.NewList(ints())}, unhashable},
		{"repr", nil, "{'y'}"},
		{"symmetric_difference_update", py.Tuple{"yz"}, "None"},
		{"intersection_update", py.Tuple{"xz"}, "None"},
		{"repr", nil, "{'z'}"},
		{"pop", nil, "'z'"},
		{"clear", nil, "None"},
		{"repr", nil, "set()"},
	})
	c := &Call{Args: py.Tuple{"x"}, Kwargs: dictOf(t, "x", one)}
	if got := outcomeOf(SetType.Methods["union"](makeObject(t, SetType), c)); got != "TypeError: set.union() takes no keyword arguments" {
		t.Error(got)
	}
	for _, args := range []py.Tuple{{one}, {one, one}, {py.NewList(ints())}} {
		if o, err := SetType.New(&Call{Args: args}); err == nil || o != nil {
			t.Errorf("set%v: %v, %v", args, o, err)
		}
	}
}
