package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestDict(t *testing.T) {
	one, two := int64(1), int64(2)
	unhashable := "TypeError: unhashable type: 'list'"
	checkCalls(t, makeObject(t, DictType), []callCase{
		{"popitem", nil, "KeyError: 'popitem(): dictionary is empty'"},
		{"pop", py.Tuple{ints()}, "KeyError: []"},
		{"get", py.Tuple{ints()}, unhashable},
		{"__setitem__", py.Tuple{"a", one}, "None"},
		{"__setitem__", py.Tuple{one, "x"}, "None"},
		{"__setitem__", py.Tuple{1.0, "y"}, "None"},
		{"__setitem__", py.Tuple{ints(), "y"}, unhashable},
		{"__setitem__", py.Tuple{one}, "TypeError:  expected 2 arguments, got 1"},
		{"repr", nil, "{'a': 1, 1: 'y'}"},
		{"__getitem__", py.Tuple{true}, "'y'"},
		{"__getitem__", py.Tuple{"b"}, "KeyError: 'b'"},
		{"__getitem__", py.Tuple{ints()}, unhashable},
		{"__getitem__", nil, "TypeError: dict.__getitem__() takes exactly one argument (0 given)"},
		{"__contains__", py.Tuple{"a"}, "True"},
		{"__contains__", py.Tuple{ints()}, unhashable},
		{"has_key", py.Tuple{"b"}, "False"},
		{"__len__", nil, "2"},
		{"get", py.Tuple{"a"}, "1"},
		{"get", py.Tuple{"b"}, "None"},
		{"get", py.Tuple{"b", "?"}, "'?'"},
		{"get", nil, "TypeError: get expected at least 1 argument, got 0"},
		{"setdefault", py.Tuple{"a", "?"}, "1"},
		{"setdefault", py.Tuple{"b"}, "None"},
		{"setdefault", py.Tuple{ints()}, unhashable},
		{"keys", nil, "['a', 1, 'b']"},
		{"values", nil, "[1, 'y', None]"},
		{"items", nil, "[('a', 1), (1, 'y'), ('b', None)]"},
		{"items", py.Tuple{one}, "TypeError: dict.items() takes no arguments (1 given)"},
		{"copy", nil, "{'a': 1, 1: 'y', 'b': None}"},
		{"__iter__", nil, "<dict_keyiterator object"},
		{"__iter__", py.Tuple{one}, "TypeError: expected 0 arguments, got 1"},
		{"__reversed__", nil, "iter(['b', 1, 'a'])"},
		{"pop", py.Tuple{"a"}, "1"},
		{"pop", py.Tuple{"a"}, "KeyError: 'a'"},
		{"pop", py.Tuple{"a", nil}, "None"},
		{"pop", py.Tuple{ints()}, unhashable},
		{"popitem", nil, "('b', None)"},
		{"__delitem__", py.Tuple{"a"}, "KeyError: 'a'"},
		{"__delitem__", py.Tuple{one}, "None"},
		{"repr", nil, "{}"},

		{"update", py.Tuple{dictOf(t, "a", one, "b", two)}, "None"},
		{"update", py.Tuple{py.NewList("ca", py.Tuple{"d", two})}, "None"},
		{"update", py.Tuple{py.NewList(py.Tuple{"e", one}, one)}, "TypeError: cannot convert dictionary update sequence element #1 to a sequence"},
		{"update", py.Tuple{py.NewList(py.Tuple{one})}, "ValueError: dictionary update sequence element #0 has length 1; 2 is required"},
		{"update", py.Tuple{py.NewList(py.Tuple{ints(), one})}, unhashable},
		{"update", py.Tuple{one}, "TypeError: 'int' object is not iterable"},
		{"update", py.Tuple{one, one}, "TypeError: update expected at most 1 argument, got 2"},
		{"repr", nil, "{'a': 1, 'b': 2, 'c': 'a', 'd': 2, 'e': 1}"},
		{"clear", nil, "None"},
		{"__or__", py.Tuple{dictOf(t, "a", one)}, "{'a': 1}"},
		{"__or__", py.Tuple{py.NewList()}, "NotImplemented"},
		{"__ior__", py.Tuple{py.NewList("ab")}, "{'a': 'b'}"},
		{"__ior__", py.Tuple{one}, "TypeError: 'int' object is not iterable"},
		{"__or__", py.Tuple{dictOf(t, "a", one)}, "{'a': 1}"},
		{"__ror__", py.Tuple{dictOf(t, "a", one, "z", one)}, "{'a': 'b', 'z': 1}"},
		{"__ror__", py.Tuple{one}, "NotImplemented"},
		{"fromkeys", py.Tuple{"xy"}, "{'x': None, 'y': None}"},
		{"fromkeys", py.Tuple{"xy", one}, "{'x': 1, 'y': 1}"},
		{"fromkeys", py.Tuple{one}, "TypeError: 'int' object is not iterable"},
		{"fromkeys", py.Tuple{py.NewList(ints())}, unhashable},
		{"repr", nil, "{'a': 'b'}"},
	})
}

func TestDictConstructor(t *testing.T) {
	for _, c := range []struct {
		args   py.Tuple
		kwargs *py.Dict
		want   string
	}{
		{nil, nil, "{}"},
		{nil, dictOf(t, "c", int64(1), "self", int64(2)), "{'c': 1, 'self': 2}"},
		{py.Tuple{dictOf(t, "a", int64(1))}, dictOf(t, "a", int64(2)), "{'a': 2}"},
		{py.Tuple{py.NewList("ab")}, nil, "{'a': 'b'}"},
		{py.Tuple{int64(1), int64(2)}, nil, "TypeError: dict expected at most 1 argument, got 2"},
		{py.Tuple{int64(1)}, nil, "TypeError: 'int' object is not iterable"},
	} {
		o, err := DictType.New(&Call{Args: c.args, Kwargs: c.kwargs})
		got := outcomeOf(nil, err)
		if err == nil {
			got, _ = o.Repr()
		}
		if got != c.want {
			t.Errorf("dict%v %v: %s; want %s", c.args, c.kwargs, got, c.want)
		}
	}
	d := makeObject(t, DictType)
	_, err := DictType.Methods["popitem"](d, &Call{Python2: true})
	if e, ok := err.(*py.Exception); !ok || e.Args[0] != py.Str2("popitem(): dictionary is empty") {
		t.Errorf("for Python 2: %v", err)
	}
	if _, err := DictType.Methods["update"](d, &Call{Kwargs: dictOf(t, "x", int64(1))}); err != nil {
		t.Error(err)
	}
	checkCalls(t, d, []callCase{{"repr", nil, "{'x': 1}"}})
}

// TestDictShares: what was given out does not change with the dict, and the dict not with what was put in.
func TestDictShares(t *testing.T) {
	given := dictOf(t, "a", int64(1), "b", int64(2))
	d := makeObject(t, DictType, given)
	value, err := d.Value()
	if err != nil {
		t.Fatal(err)
	}
	outs := []py.Value{value, mustInvoke(t, d, "copy"), mustInvoke(t, d, "__or__", py.NewDict()), mustInvoke(t, d, "__ior__", py.NewDict()), mustInvoke(t, d, "__ror__", py.NewDict())}
	items := mustInvoke(t, d, "items")
	mustInvoke(t, d, "__setitem__", "a", "changed")
	mustInvoke(t, d, "popitem")
	for i, out := range append(outs, given) {
		if got := outcomeOf(out, nil); got != "{'a': 1, 'b': 2}" {
			t.Errorf("%d: %s", i, got)
		}
	}
	if got := outcomeOf(items, nil); got != "[('a', 1), ('b', 2)]" {
		t.Error(got)
	}
}
