package pickle

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// stated is an instance of shop.Point, or another class, with a state.
func stated(class string, args py.Tuple, state py.Value) *py.Object {
	return &py.Object{Form: py.Made, Class: instanceOf("shop." + class).Class, Args: args, Built: true, State: state}
}

func TestPositionalState(t *testing.T) {
	c := Config{Registry: shop()}
	three := stated("Point", nil, py.NewList(int64(1), int64(2), int64(3)))
	for _, o := range []*py.Object{stated("Point", nil, py.NewList(int64(1), int64(2))), stated("Point", nil, py.Tuple{int64(1), int64(2)})} {
		var p point
		if err := c.Assign(o, &p); err != nil || p != (point{X: 1, Y: 2}) {
			t.Errorf("%s is %+v, %v", reprOf(t, o), p, err)
		}
		var pair struct {
			_    struct{} `pickle:",tuple"`
			A, B int
		}
		if err := Assign(o, &pair); err != nil || pair.A != 1 || pair.B != 2 {
			t.Errorf("%s as a tuple is %+v, %v", reprOf(t, o), pair, err)
		}
	}
	type triple struct {
		_       struct{} `pickle:",tuple"`
		A, B, C int
	}
	RegisterClass[triple](c.Registry, "shop", "Triple")
	var tr triple
	if err := c.Assign(stated("Triple", nil, three.State), &tr); err != nil || tr != (triple{A: 1, B: 2, C: 3}) {
		t.Errorf("a class that is a tuple is %+v, %v", tr, err)
	}
	for _, test := range []struct {
		config Config
		in     *py.Object
		to     any
		want   string
	}{
		{c, three, new(point), "pickle: Python's Point into Go's pickle.point: its state has 3 parts, and the class was registered with 2 arguments"},
		{Config{}, stated("Point", nil, py.NewList(nil)), new(triple), "pickle: Python's Point into Go's pickle.triple: it has 1 parts, and the struct 3"},
		{Config{}, three, new(point), `pickle: Python's Point into Go's pickle.point: its parts have no names in the pickle; the tag pickle:",tuple" on a blank field takes them by position, and RegisterClass makes them fields`},
		{Config{}, stated("Point", py.Tuple{int64(1)}, three.State), new(triple), "pickle: Python's Point into Go's pickle.triple: it has both arguments and a state of its class's own, which only a method UnmarshalPickle can read"},
		{Config{}, stated("Point", nil, int64(1)), new(triple), "pickle: Python's Point into Go's pickle.triple: its state is of type int and not its attributes, which only a method UnmarshalPickle can read"},
		{c, stated("Point", nil, int64(1)), new(point), "pickle: Python's Point into Go's pickle.point: its state is of type int and not its attributes, which only a method UnmarshalPickle can read"},
		{c, stated("Point", py.Tuple{int64(1)}, three.State), new(point), "pickle: Python's Point into Go's pickle.point: it has both arguments and a state without names, which only a method UnmarshalPickle can read"},
		{c, stated("Account", nil, three.State), new(account), `pickle: Python's Account into Go's pickle.account: its state is of type list, whose parts have no names; RegisterClass takes their names, in their order, or the struct the tag pickle:",tuple" on a blank field`},
	} {
		if err := test.config.Assign(test.in, test.to); err == nil || err.Error() != test.want {
			t.Errorf("%v\nwant %s", err, test.want)
		}
	}
}

// TestReconstructed has what protocols 0 and 1 make of instances of built-in classes' subclasses.
func TestReconstructed(t *testing.T) {
	made := func(base string, state py.Value) *py.Object {
		return &py.Object{Class: globalReconstructor, Args: py.Tuple{py.Global{Module: "m", Name: "C"}, py.Global{Module: "builtins", Name: base}, state}}
	}
	list := made("list", py.NewList(int64(1)))
	list.Items = []py.Value{int64(2)}
	dict := made("dict", pyDict("x", int64(1), "y", int64(1)))
	dict.Pairs = []py.Pair{{Key: "y", Value: int64(2)}}
	empty, one := made("list", py.NewList()), made("tuple", py.Tuple{int64(1)})
	var l, e, o []int
	var d map[string]int
	var p point
	if err := errors.Join(Assign(list, &l), Assign(empty, &e), Assign(one, &o), Assign(dict, &d), Config{DisallowUnknownFields: true}.Assign(dict, &p)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(l, []int{1, 2}) || e == nil || len(e) != 0 || !reflect.DeepEqual(o, []int{1}) || !reflect.DeepEqual(d, map[string]int{"x": 1, "y": 2}) || p != (point{X: 1, Y: 2}) {
		t.Errorf("%v, %v, %v, %v, %v", l, e, o, d, p)
	}
	if err := (Config{DisallowUnknownFields: true}).Assign(dict, new(stockBase)); err == nil {
		t.Error("an unknown field is no error")
	}
	r := NewRegistry()
	RegisterClass[point](r, "m", "C", "x", "y")
	for _, x := range []*py.Object{list, dict} {
		if err := (Config{Registry: r}).Assign(x, &p); err == nil || !strings.HasSuffix(err.Error(), "it has items, which only a method UnmarshalPickle can take") {
			t.Errorf("%s: %v", reprOf(t, x), err)
		}
	}
	// What is no such call, or lies about its state, is an instance like others.
	for _, x := range []*py.Object{made("list", int64(1)), made("dict", nil), made("tuple", py.NewList()), {Class: globalReconstructor, Args: py.Tuple{"x"}}} {
		if Assign(x, &l) == nil || Assign(x, &d) == nil {
			t.Errorf("%+v is %v or %v", x, l, d)
		}
	}
}
