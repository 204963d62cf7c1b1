package object

import (
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestBrief: what is short is shown whole, what is long as its Repr begins, and nothing is made of what is not shown.
func TestBrief(t *testing.T) {
	const max = 100
	long := strings.Repeat("long ", 1_000_000)
	span := py.Range{Start: int64(0), Stop: int64(100_000), Step: int64(1)}
	attributes := py.NewDict()
	attributes.SetStr("a", long)
	attributes.SetStr("_b", int64(1))
	pairs := py.NewDict()
	for i := range int64(50_000) {
		if err := pairs.Set(i, i); err != nil {
			t.Fatal(err)
		}
	}
	objects := []Object{
		makeObject(t, ListType), makeObject(t, ListType, ints(1, 2, 3)), makeObject(t, ListType, span), makeObject(t, ListType, py.NewList(long, py.NewList(long))),
		makeObject(t, ListType, py.NewList(py.Bytes(long))), makeObject(t, DictType), makeObject(t, DictType, pairs), makeObject(t, SetType, span), makeObject(t, SetType),
		makeObject(t, ArrayType, "i", span), makeObject(t, ArrayType, "d", ints(1)), makeObject(t, ValueType, "i", int64(5)), makeObject(t, ValueType, "i", long),
		makeObject(t, NamespaceType), &namespace{d: *attributes},
	}
	nested := makeObject(t, ListType)
	objects = append(objects, makeObject(t, ListType, py.NewList(refTo(nested))), nested)
	for _, o := range objects {
		whole, err := o.Repr()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := Brief(o, max), whole[:min(len(whole), max)]; got != want {
			t.Errorf("%s: %q is not %q", o.Type().Name, got, want)
		}
		if n := testing.AllocsPerRun(5, func() { Brief(o, max) }); n > 3*max {
			t.Errorf("%s: %v allocations", o.Type().Name, n)
		}
	}
	busy := makeObject(t, ListType).(*list)
	busy.mu.Lock()
	defer busy.mu.Unlock()
	if got := Brief(busy, max); got != "<busy>" {
		t.Error(got)
	}
	if got := Brief(makeObject(t, LockType), 10); len(got) != 10 {
		t.Error(got)
	}
}
