package object

import (
	"math/big"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestList(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	two := int64(2)
	checkCalls(t, makeObject(t, ListType, ints(1, 2, 3)), []callCase{
		{"__getitem__", py.Tuple{int64(-1)}, "3"},
		{"__getitem__", py.Tuple{int64(3)}, "IndexError: list index out of range"},
		{"__getitem__", py.Tuple{huge}, "IndexError: cannot fit 'int' into an index-sized integer"},
		{"__getitem__", py.Tuple{"x"}, "TypeError: list indices must be integers or slices, not str"},
		{"__getitem__", py.Tuple{py.Slice{Step: int64(-2)}}, "[3, 1]"},
		{"__getitem__", py.Tuple{py.Slice{Step: int64(0)}}, "ValueError: slice step cannot be zero"},
		{"__len__", nil, "3"},
		{"__contains__", py.Tuple{2.0}, "True"},
		{"__contains__", py.Tuple{"2"}, "False"},
		{"count", py.Tuple{true}, "1"},
		{"index", py.Tuple{two}, "1"},
		{"index", py.Tuple{two, two}, "ValueError: 2 is not in list"},
		{"index", py.Tuple{"x"}, "ValueError: 'x' is not in list"},
		{"index", py.Tuple{two, "x"}, "TypeError: slice indices must be integers or have an __index__ method"},
		{"__add__", py.Tuple{ints(4)}, "[1, 2, 3, 4]"},
		{"__add__", py.Tuple{py.Tuple{}}, `TypeError: can only concatenate list (not "tuple") to list`},
		{"__add__", py.Tuple{refTo(makeObject(t, ListType))}, `TypeError: can only concatenate list (not "ListProxy") to list`},
		{"__mul__", py.Tuple{two}, "[1, 2, 3, 1, 2, 3]"},
		{"__rmul__", py.Tuple{int64(-1)}, "[]"},
		{"__mul__", py.Tuple{"a"}, "TypeError: 'str' object cannot be interpreted as an integer"},
		{"__mul__", py.Tuple{huge}, "OverflowError: cannot fit 'int' into an index-sized integer"},
		{"__reversed__", nil, "reversed([1, 2, 3])"},
		{"copy", nil, "[1, 2, 3]"},
		{"repr", nil, "[1, 2, 3]"},

		{"append", py.Tuple{"x"}, "None"},
		{"append", nil, "TypeError: list.append() takes exactly one argument (0 given)"},
		{"extend", py.Tuple{"ab"}, "None"},
		{"extend", py.Tuple{int64(5)}, "TypeError: 'int' object is not iterable"},
		{"insert", py.Tuple{int64(-100), nil}, "None"},
		{"insert", py.Tuple{"a", nil}, "TypeError: 'str' object cannot be interpreted as an integer"},
		{"repr", nil, "[None, 1, 2, 3, 'x', 'a', 'b']"},
		{"pop", nil, "'b'"},
		{"pop", py.Tuple{int64(0)}, "None"},
		{"pop", py.Tuple{int64(9)}, "IndexError: pop index out of range"},
		{"remove", py.Tuple{two}, "None"},
		{"remove", py.Tuple{two}, "ValueError: list.remove(x): x not in list"},
		{"repr", nil, "[1, 3, 'x', 'a']"},
		{"__setitem__", py.Tuple{int64(0), 2.5}, "None"},
		{"__setitem__", py.Tuple{int64(4), 2.5}, "IndexError: list assignment index out of range"},
		{"__setitem__", py.Tuple{py.Slice{Start: int64(1), Stop: int64(3)}, "yz!"}, "None"},
		{"__setitem__", py.Tuple{py.Slice{Step: two}, "z"}, "ValueError: attempt to assign sequence of size 1 to extended slice of size 3"},
		{"__setitem__", py.Tuple{py.Slice{}, int64(1)}, "TypeError: can only assign an iterable"},
		{"__delitem__", py.Tuple{int64(9)}, "IndexError: list assignment index out of range"},
		{"__delitem__", py.Tuple{py.Slice{Step: two}}, "None"},
		{"repr", nil, "['y', '!']"},
		{"reverse", nil, "None"},
		{"__imul__", py.Tuple{two}, "['!', 'y', '!', 'y']"},
		{"__imul__", py.Tuple{"a"}, "TypeError: 'str' object cannot be interpreted as an integer"},
		{"sort", nil, "None"},
		{"repr", nil, "['!', '!', 'y', 'y']"},
		{"append", py.Tuple{int64(1)}, "None"},
		{"sort", nil, "TypeError: '<' not supported between instances of 'int' and 'str'"},
		{"sort", py.Tuple{true}, "TypeError: sort() takes no positional arguments"},
		{"clear", nil, "None"},
		{"pop", nil, "IndexError: pop from empty list"},
		{"repr", nil, "[]"},
	})
}

func TestListSlicesOfPython2(t *testing.T) {
	maxint := int64(1<<63 - 1)
	checkCalls(t, makeObject(t, ListType, "abcdef"), []callCase{
		{"__getslice__", py.Tuple{int64(2), maxint}, "['c', 'd', 'e', 'f']"},
		{"__getslice__", py.Tuple{int64(-2), int64(1)}, "['a']"},
		{"__getslice__", py.Tuple{"a", int64(1)}, "TypeError: an integer is required"},
		{"__getslice__", py.Tuple{int64(1)}, "TypeError:  expected 2 arguments, got 1"},
		{"__setslice__", py.Tuple{int64(1), int64(4), "xy"}, "None"},
		{"__setslice__", py.Tuple{int64(1), int64(4), int64(5)}, "TypeError: can only assign an iterable"},
		{"__delslice__", py.Tuple{int64(0), true}, "None"},
		{"repr", nil, "['x', 'y', 'e', 'f']"},
	})
}

func TestListSortsByKey(t *testing.T) {
	sort := func(o Object, c *Call) string { return outcomeOf(ListType.Methods["sort"](o, c)) }
	l := makeObject(t, ListType, ints(2, 3, 1))
	key := py.Global{Module: "builtins", Name: "len"}
	const needs = "NotImplementedError: list.sort with a function would have to run Python code in the server, which has none; it will come with Python workers"
	for _, c := range []struct {
		o    Object
		c    *Call
		want string
	}{
		{l, &Call{Kwargs: dictOf(t, "reverse", true)}, "None"},
		{l, &Call{Kwargs: dictOf(t, "key", nil, "reverse", int64(1))}, "None"},
		{l, &Call{Kwargs: dictOf(t, "key", key)}, needs},
		{l, &Call{Kwargs: dictOf(t, "key", int64(5))}, "TypeError: 'int' object is not callable"},
		{makeObject(t, ListType), &Call{Kwargs: dictOf(t, "key", key)}, "None"},
		{l, &Call{Args: py.Tuple{key}, Python2: true}, needs},
		{l, &Call{Args: py.Tuple{nil, nil, true}, Python2: true}, "None"},
	} {
		if got := sort(c.o, c.c); got != c.want {
			t.Errorf("sort%v %v: %s; want %s", c.c.Args, c.c.Kwargs, got, c.want)
		}
	}
	checkCalls(t, l, []callCase{{"repr", nil, "[3, 2, 1]"}})
}

func TestListConstructor(t *testing.T) {
	for _, c := range []struct {
		args   py.Tuple
		kwargs *py.Dict
		want   string
	}{
		{nil, nil, "[]"},
		{py.Tuple{py.Range{Start: int64(0), Stop: int64(3), Step: int64(1)}}, nil, "[0, 1, 2]"},
		{py.Tuple{dictOf(t, "a", int64(1))}, nil, "['a']"},
		{py.Tuple{int64(1), int64(2)}, nil, "TypeError: list expected at most 1 argument, got 2"},
		{py.Tuple{int64(1)}, nil, "TypeError: 'int' object is not iterable"},
		{nil, dictOf(t, "x", int64(1)), "TypeError: list() takes no keyword arguments"},
	} {
		o, err := ListType.New(&Call{Args: c.args, Kwargs: c.kwargs})
		got := outcomeOf(nil, err)
		if err == nil {
			got, _ = o.Repr()
		}
		if got != c.want {
			t.Errorf("list%v: %s; want %s", c.args, got, c.want)
		}
	}
}

// TestListShares: what was given out does not change with the list, and the list not with what was put in.
func TestListShares(t *testing.T) {
	given := ints(1, 2, 3)
	l := makeObject(t, ListType, given)
	mustInvoke(t, l, "extend", given)
	mustInvoke(t, l, "__setitem__", int64(0), "changed")
	value, err := l.Value()
	if err != nil {
		t.Fatal(err)
	}
	outs := []py.Value{value, mustInvoke(t, l, "copy"), mustInvoke(t, l, "__getitem__", py.Slice{}), mustInvoke(t, l, "__add__", ints()), mustInvoke(t, l, "__mul__", int64(1)), mustInvoke(t, l, "__imul__", int64(1))}
	backwards := mustInvoke(t, l, "__reversed__")
	mustInvoke(t, l, "reverse")
	mustInvoke(t, l, "__setitem__", int64(3), "changed again")
	for i, out := range outs {
		if got := outcomeOf(out, nil); got != "['changed', 2, 3, 1, 2, 3]" {
			t.Errorf("%d: %s", i, got)
		}
	}
	if got := outcomeOf(backwards, nil); got != "reversed(['changed', 2, 3, 1, 2, 3])" {
		t.Error(got)
	}
	if got := outcomeOf(given, nil); got != "[1, 2, 3]" {
		t.Error(got)
	}
}
