package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestSizes: what has a number of items tells it, and what has none is no Sizer.
func TestSizes(t *testing.T) {
	items := func(n int) *Call {
		c := &Call{}
		for range n {
			c.Args = append(c.Args, int64(7))
		}
		return c
	}
	for _, x := range []struct {
		typ  *Type
		make *Call
		fill string
		with *Call
		want Size
	}{
		{ListType, items(0), "append", items(1), Size{Len: 1}},
		{DictType, items(0), "__setitem__", items(2), Size{Len: 1}},
		{SetType, items(0), "add", items(1), Size{Len: 1}},
		{NamespaceType, items(0), "__setattr__", &Call{Args: []any{"a", int64(1)}}, Size{Len: 1}},
		{QueueType, items(1), "put", items(1), Size{Len: 1, Max: 7}},
		{QueueType, items(0), "put", items(1), Size{Len: 1}},
		{JoinableQueueType, items(1), "put", items(1), Size{Len: 1, Max: 7, Unfinished: 1}},
		{ArrayType, &Call{Args: []any{"i", py.NewList(int64(1), int64(2), int64(3))}}, "__len__", items(0), Size{Len: 3}},
	} {
		x.make.Caller, x.with.Caller = &Caller{}, &Caller{}
		o, err := x.typ.New(x.make)
		if err != nil {
			t.Fatal(x.typ.Name, err)
		}
		if _, err := x.typ.Methods[x.fill](o, x.with); err != nil {
			t.Fatal(x.typ.Name, err)
		}
		if s, ok := o.(Sizer).Size(); !ok || s != x.want {
			t.Errorf("%s: %+v, %v; expected %+v", x.typ.Name, s, ok, x.want)
		}
	}
	if _, ok := makeHolder(t, LockType).(Sizer); ok {
		t.Error("a Lock has a number of items")
	}
}

// TestSizeDoesNotWait: who looks at a list that is worked on for long is told so.
func TestSizeDoesNotWait(t *testing.T) {
	l := &list{}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.Size(); ok {
		t.Errorf("the size of a list that is locked is %+v", s)
	}
}
