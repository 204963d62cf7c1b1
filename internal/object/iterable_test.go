package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestIterables are what lists, dicts and sets are made of and extended by, beyond what py.Elements takes.
func TestIterables(t *testing.T) {
	at := func(o *py.Object, state py.Value) *py.Object {
		o.Built, o.State = true, state
		return o
	}
	deque := py.Global{Module: "collections", Name: "deque"}
	array, err := py.NewArray('i', ints(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	l := makeObject(t, ListType, ints(1, 2))
	d := makeObject(t, DictType, dictOf(t, "a", int64(1)))
	counter := &py.Object{Class: py.Global{Module: "collections", Name: "Counter"}, Args: py.Tuple{dictOf(t, "a", int64(2))}}
	unknown := &py.Object{Form: py.Made, Class: py.Global{Module: "m", Name: "Class"}}
	for _, c := range []struct {
		from py.Value
		want string
	}{
		{refTo(l), "[1, 2]"},
		{refTo(d), "['a']"},
		{refTo(makeObject(t, SetType, ints(5))), "[5]"},
		{refTo(makeObject(t, ArrayType, "i", ints(5))), "[5]"},
		{refTo(iterate(t, d)), "['a']"},
		{refTo(makeObject(t, NamespaceType)), "TypeError: 'NamespaceProxy' object is not iterable"},
		{array, "[1, 2]"},
		{called("iter", ints(1, 2, 3)), "[1, 2, 3]"},
		{at(called("iter", ints(1, 2, 3)), int64(2)), "[3]"},
		{at(called("iter", ints(1, 2, 3)), int64(9)), "[]"},
		{called("reversed", ints(1, 2, 3)), "[3, 2, 1]"},
		{at(called("reversed", ints(1, 2, 3)), int64(1)), "[2, 1]"},
		{at(called("reversed", ints(1, 2, 3)), int64(-1)), "[]"},
		{called("iter", int64(5)), "TypeError: 'int' object is not iterable"},
		{called("iter"), "NotImplementedError: iterating over a call of builtins.iter with such arguments would have to run Python code in the server, which has none; pass list(x) instead"},
		{&py.Object{Class: deque, Args: py.Tuple{ints(1)}, Items: []py.Value{"x"}}, "[1, 'x']"},
		{&py.Object{Class: deque}, "[]"},
		{&py.Object{Form: py.Made, Class: py.Global{Module: "m", Name: "MyList"}, Items: []py.Value{"x"}}, "['x']"},
		{counter, "['a']"},
		{reconstructed("list", ints(1)), "[1]"},
		{reconstructed("list", ints()), "[]"},
		{reconstructed("dict", dictOf(t, "a", int64(1))), "['a']"},
		{reconstructed("tuple", py.Tuple{py.Tuple{int64(1)}}), "[(1,)]"},
		{reconstructed("str", "ab"), "['a', 'b']"},
		{reconstructed("int", int64(1)), "TypeError: 'Class' object is not iterable"},
		{reconstructed("float", 1.5), "TypeError: 'Class' object is not iterable"},
		{reconstructed("object", nil), "NotImplementedError: the server does not know the class Class, and so not what iterating over an instance of it gives: pass list(x) or dict(x) instead"},
		{reconstructed("list", py.Tuple{}), "NotImplementedError: the server does not know the class Class, and so not what iterating over an instance of it gives: pass list(x) or dict(x) instead"},
		{unknown, "NotImplementedError: the server does not know the class Class, and so not what iterating over an instance of it gives: pass list(x) or dict(x) instead"},
	} {
		items, err := elements(c.from)
		if got := outcomeOf(py.NewList(items...), err); got != c.want {
			t.Errorf("%v: %s; want %s", c.from, got, c.want)
		}
	}

	checkCalls(t, l, []callCase{
		{"extend", py.Tuple{refTo(l)}, "None"},
		{"__setitem__", py.Tuple{py.Slice{Stop: int64(1)}, refTo(d)}, "None"},
		{"__setitem__", py.Tuple{py.Slice{}, refTo(makeObject(t, NamespaceType))}, "TypeError: can only assign an iterable"},
		{"repr", nil, "['a', 2, 1, 2]"},
	})
	checkCalls(t, d, []callCase{
		{"update", py.Tuple{counter}, "None"},
		{"update", py.Tuple{reconstructed("dict", dictOf(t))}, "None"},
		{"update", py.Tuple{refTo(d)}, "None"},
		{"update", py.Tuple{&py.Object{Class: py.Global{Module: "collections", Name: "defaultdict"}, Pairs: []py.Pair{{Key: "x", Value: nil}}}}, "None"},
		{"update", py.Tuple{unknown}, "NotImplementedError: the server does not know the class Class, and so not what iterating over an instance of it gives: pass list(x) or dict(x) instead"},
		{"__or__", py.Tuple{refTo(d)}, "NotImplemented"},
		{"__setitem__", py.Tuple{"self", refTo(d)}, "None"},
		{"repr", nil, "{'a': 2, 'x': None, 'self': <DictProxy object, typeid 'dict' at 0x5eed1>}"},
	})
}

// reconstructed is an instance of a class that is derived from a built-in one, as protocols 0 and 1 write it.
func reconstructed(base string, v py.Value) *py.Object {
	return &py.Object{Class: py.Global{Module: "copyreg", Name: "_reconstructor"}, Args: py.Tuple{py.Global{Module: "m", Name: "Class"}, builtin(base), v}}
}
