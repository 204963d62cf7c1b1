package object

import (
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestOpaqueNumbers: what is a number in Python, of a class that only the client has, is a TypeError that says what to do.
func TestOpaqueNumbers(t *testing.T) {
	member := &py.Object{Form: py.Called, Class: py.Global{Module: "app", Name: "Color"}, Args: py.Tuple{int64(1)}}
	const asInt, asFloat = "; its class is not known here, pass int(x) instead", "is not known here; pass float(x) instead"
	for _, x := range []struct {
		typ    *Type
		make   py.Tuple
		method string
		args   py.Tuple
		want   string
	}{
		{ListType, py.Tuple{ints(1)}, "__getitem__", py.Tuple{member}, asInt},
		{ListType, py.Tuple{ints(1)}, "__getitem__", py.Tuple{py.Slice{Stop: member}}, asInt},
		{ListType, py.Tuple{ints(1)}, "__getitem__", py.Tuple{py.Slice{Step: member}}, asInt},
		{ListType, py.Tuple{ints(1)}, "__setitem__", py.Tuple{member, nil}, asInt},
		{ListType, py.Tuple{ints(1)}, "__delitem__", py.Tuple{member}, asInt},
		{ListType, py.Tuple{ints(1)}, "__mul__", py.Tuple{member}, asInt},
		{ListType, py.Tuple{ints(1)}, "insert", py.Tuple{member, nil}, asInt},
		{ListType, py.Tuple{ints(1)}, "pop", py.Tuple{member}, asInt},
		{ListType, py.Tuple{ints(1)}, "index", py.Tuple{int64(1), member}, asInt},
		{SemaphoreType, nil, "release", py.Tuple{member}, asInt},
		{LockType, nil, "acquire", py.Tuple{true, member}, asFloat},
		{EventType, nil, "wait", py.Tuple{member}, asFloat},
		{QueueType, nil, "get", py.Tuple{true, member}, asFloat},
	} {
		o := makeObject(t, x.typ, x.make...)
		_, err := x.typ.Methods[x.method](o, &Call{Args: x.args, Caller: &Caller{}})
		if !py.IsException(err, "TypeError") || !strings.HasSuffix(err.Error(), x.want) {
			t.Errorf("%s.%s%v: %v", x.typ.Name, x.method, x.args, err)
		}
	}
	for _, typ := range []*Type{SemaphoreType, QueueType, BarrierType} {
		if _, err := typ.New(&Call{Args: py.Tuple{member}, Caller: &Caller{}}); !py.IsException(err, "TypeError") || !strings.HasSuffix(err.Error(), asInt) {
			t.Errorf("%s: %v", typ.Name, err)
		}
	}
}
