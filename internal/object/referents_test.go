package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestReferents: for a client of Python 2.7 a list is searched, and added, as if it had the objects instead of their proxies. What is wanted is what CPython's own servers give.
func TestReferents(t *testing.T) {
	one, same := makeObject(t, ListType, ints(1)), makeObject(t, ListType, ints(1))
	d := makeObject(t, DictType, dictOf(t, "a", int64(1)))
	n := makeObject(t, NamespaceType)
	proxies := makeObject(t, ListType, py.NewList("x", refTo(one), refTo(d), refTo(n)))
	itself := makeObject(t, ListType)
	mustInvoke(t, itself, "append", refTo(itself))
	node := &Node{Ident: "1", Object: n}
	nodes := makeObject(t, ListType, py.NewList(&Ref{Node: node, Class: NamespaceType.Proxy}))
	const notList = `TypeError: can only concatenate list (not "`
	for _, c := range []struct {
		o            Object
		method       string
		args         py.Tuple
		want2, want3 string
	}{
		{one, "__add__", py.Tuple{refTo(one)}, "[1, 1]", notList + `ListProxy") to list`},
		{one, "__add__", py.Tuple{refTo(d)}, notList + `dict") to list`, notList + `DictProxy") to list`},
		{one, "__add__", py.Tuple{ints(2)}, "[1, 2]", "[1, 2]"},
		{one, "__add__", py.Tuple{py.Tuple{}}, notList + `tuple") to list`, notList + `tuple") to list`},
		{proxies, "__contains__", py.Tuple{ints(1)}, "True", "False"},
		{proxies, "__contains__", py.Tuple{refTo(same)}, "True", "False"},
		{proxies, "__contains__", py.Tuple{dictOf(t, "a", int64(1))}, "True", "False"},
		{proxies, "__contains__", py.Tuple{ints(2)}, "False", "False"},
		{proxies, "count", py.Tuple{ints(1)}, "1", "0"},
		{proxies, "index", py.Tuple{ints(1)}, "1", "ValueError: [1] is not in list"},
		{proxies, "index", py.Tuple{refTo(d), int64(-2)}, "2", "ValueError: <DictProxy object, typeid 'dict' at 0x5eed1> is not in list"},
		{proxies, "index", py.Tuple{ints(1), int64(2)}, "ValueError: [1] is not in list", "ValueError: [1] is not in list"},
		{one, "index", py.Tuple{int64(1)}, "0", "0"},
		{itself, "__contains__", py.Tuple{int64(1)}, "False", "False"},
		{nodes, "__contains__", py.Tuple{&Ref{Node: node, Class: NamespaceType.Proxy}}, "True", "False"},
	} {
		for python2, want := range map[bool]string{true: c.want2, false: c.want3} {
			got := outcomeOf(c.o.Type().Methods[c.method](c.o, &Call{Args: c.args, Python2: python2}))
			if got != want {
				t.Errorf("%s%v, Python 2.7 %v: %s; want %s", c.method, c.args, python2, got, want)
			}
		}
	}
	if got := outcomeOf(proxies.Value()); got != "['x', <ListProxy object, typeid 'list' at 0x5eed1>, <DictProxy object, typeid 'dict' at 0x5eed1>, <NamespaceProxy object, typeid 'Namespace' at 0x5eed1>]" {
		t.Errorf("it has %s now", got)
	}
}

// TestReferentsTakeRoom: one that is in a list many times is copied once, and there must be room for that.
func TestReferentsTakeRoom(t *testing.T) {
	const n = 20_000
	large := makeObject(t, ListType, &py.List{Items: make([]py.Value, n)})
	many := makeObject(t, ListType)
	ref := refTo(large)
	for range n {
		mustInvoke(t, many, "append", ref)
	}
	asked, refuse := int64(0), false
	caller := &Caller{Room: func(bytes int64) error {
		asked += bytes
		if refuse {
			return py.MemoryError("no room")
		}
		return nil
	}}
	call := &Call{Args: py.Tuple{int64(1)}, Caller: caller, Python2: true}
	if got := outcomeOf(ListType.Methods["__contains__"](many, call)); got != "False" || asked == 0 || asked > 10<<20 {
		t.Errorf("%s, with %d bytes", got, asked)
	}
	refuse = true
	if got := outcomeOf(ListType.Methods["__contains__"](many, call)); got != "MemoryError: no room" {
		t.Error(got)
	}
}

// TestAddOfASubclass: an instance of a subclass of list is a list, where the pickle tells that it is one.
func TestAddOfASubclass(t *testing.T) {
	class := py.Global{Module: "m", Name: "DL"}
	const notList = `TypeError: can only concatenate list (not "`
	checkCalls(t, makeObject(t, ListType, ints(0)), []callCase{
		{"__add__", py.Tuple{&py.Object{Form: py.Made, Class: class, Items: []py.Value{int64(1), "x"}}}, "[0, 1, 'x']"},
		{"__add__", py.Tuple{&py.Object{Class: py.Global{Module: "copyreg", Name: "_reconstructor"}, Args: py.Tuple{class, builtin("list"), ints()}}}, "[0]"},
		{"__add__", py.Tuple{&py.Object{Form: py.Made, Class: class}}, notList + `DL") to list`},
		{"__add__", py.Tuple{&py.Object{Form: py.Made, Class: class, Items: []py.Value{nil}, Added: true}}, notList + `DL") to list`},
		{"__add__", py.Tuple{&py.Object{Class: py.Global{Module: "collections", Name: "deque"}, Args: py.Tuple{}, Items: []py.Value{nil}}}, notList + `collections.deque") to list`},
		{"repr", nil, "[0]"},
	})
}

// TestCharactersOfPython2: the elements of a str of Python 2 are such strs, of one byte each, wherever it is taken apart.
func TestCharactersOfPython2(t *testing.T) {
	l := makeObject(t, ListType, py.Str2("h\xc3\xa9"))
	checkCalls(t, l, []callCase{
		{"extend", py.Tuple{py.Str2("\xff")}, "None"},
		{"__setitem__", py.Tuple{py.Slice{Start: int64(0), Stop: int64(0)}, py.Str2("\xe9b")}, "None"},
		{"__len__", nil, "6"},
		{"__contains__", py.Tuple{py.Str2("\xc3")}, "True"},
		{"__getitem__", py.Tuple{int64(0)}, outcomeOf(py.Str2("\xe9"), nil)},
	})
	d := makeObject(t, DictType, py.NewList(py.Str2("\xe9b")))
	checkCalls(t, d, []callCase{{"__getitem__", py.Tuple{py.Str2("\xe9")}, "'b'"}})
}
