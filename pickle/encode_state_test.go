package pickle

import (
	"fmt"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// owned is deque([h1, h2, ...]) in which each of the instances refers to the deque: the deque copies the list, so the instances have to be in it when it is made.
func owned(n int) *py.Object {
	list := py.NewList()
	deque := &py.Object{Form: py.Called, Class: py.Global{Module: "collections", Name: "deque"}, Args: py.Tuple{list}}
	for i := range n {
		state := py.NewDict()
		state.SetStr("owner", deque)
		state.SetStr("number", int64(i))
		list.Items = append(list.Items, &py.Object{Form: py.Made, Class: py.Global{Module: "argparse", Name: "Namespace"}, Built: true, State: state})
	}
	return deque
}

func TestStatesAreHeldBack(t *testing.T) {
	// A deque in whose instance is another one.
	nested := owned(2)
	inner := owned(1)
	member := nested.Args[0].(*py.List).Items[1].(*py.Object)
	member.State.(*py.Dict).SetStr("inner", inner)
	inner.Args[0].(*py.List).Items[0].(*py.Object).State.(*py.Dict).SetStr("outer", nested)

	// A deque in a list that is in it, and in a dict, and with a tuple between.
	items := func(v ...py.Value) *py.Object {
		return &py.Object{Form: py.Called, Class: py.Global{Module: "collections", Name: "deque"}, Args: py.Tuple{py.NewList(v...)}}
	}
	list, dict, tuple := py.NewList(), py.NewDict(), py.NewList()
	held := items(int64(0), list, dict, tuple)
	list.Items = []py.Value{held, int64(1)}
	dict.SetStr("held", held)
	tuple.Items = []py.Value{py.Tuple{py.Tuple{held}}}
	// And with an exception and a slice.
	list2, list3 := py.NewList(), py.NewList()
	held2 := items(list2, list3)
	list2.Items = []py.Value{&py.Exception{Class: py.Global{Module: "builtins", Name: "ValueError"}, Args: py.Tuple{held2}}}
	list3.Items = []py.Value{py.Slice{Start: held2}}
	// A function that sets the state.
	called := &py.Object{Form: py.Made, Class: py.Global{Module: "argparse", Name: "Namespace"}}
	called.Calls = []py.Call{{Func: py.Global{Module: "builtins", Name: "setattr"}, Args: py.Tuple{"me", called}}, {Func: py.Global{Module: "builtins", Name: "setattr"}, Args: py.Tuple{"x", int64(1)}}}
	inList := &py.Object{Form: py.Made, Class: py.Global{Module: "argparse", Name: "Namespace"}}
	around := items(inList)
	inList.Calls = []py.Call{{Func: py.Global{Module: "builtins", Name: "setattr"}, Args: py.Tuple{"owner", around}}}

	for i, c := range []struct {
		v     py.Value
		check string
	}{
		{owned(1), "len(v) == 1 and v[0].owner is v"},
		{owned(3), "[(h.number, h.owner is v) for h in v] == [(0, True), (1, True), (2, True)]"},
		// Begun with an instance.
		{owned(2).Args[0].(*py.List).Items[0], "v.owner[0] is v and len(v.owner) == 2 and v.owner[1].owner is v.owner"},
		{nested, "len(v) == 2 and v[1].owner is v and len(v[1].inner) == 1 and v[1].inner[0].outer is v and v[1].inner[0].owner is v[1].inner"},
		{held, "len(v) == 4 and v[1] == [v, 1] and v[1][0] is v and v[2]['held'] is v and v[3][0][0][0] is v"},
		{py.NewList(list, held, tuple), "v[1][1] is v[0] and v[0][0] is v[1] and v[1][3] is v[2] and v[2][0][0][0] is v[1] and len(v[1]) == 4"},
		{held2, "len(v) == 2 and v[0][0].args[0] is v and v[1][0].start is v"},
		{called, "v.me is v and v.x == 1"},
		{around, "len(v) == 1 and v[0].owner is v"},
		{py.Tuple{nested, inner, member}, "v[2] is v[0][1] and v[2].inner is v[1] and v[1][0].outer is v[0] and len(v[0]) == 2 and len(v[1]) == 1"},
	} {
		for _, protocol := range []int{2, 4} {
			data, err := Config{Protocol: protocol}.Marshal(c.v)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pythons.Require(t) {
				if p.Protocol() < protocol {
					continue
				}
				script := fmt.Sprintf("import pickle, sys\nv = pickle.loads(getattr(sys.stdin, 'buffer', sys.stdin).read())\nassert %s, v\n", c.check)
				if _, err := p.Run(script, data); err != nil {
					t.Errorf("%d, protocol %d, %q: %v", i, protocol, data, err)
				}
			}
		}
	}
}
