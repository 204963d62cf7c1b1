package object

import (
	"errors"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A callCase is one call in a table, and what it gives: the repr of the result, or the last line of the traceback.
type callCase struct {
	method string
	args   py.Tuple
	want   string
}

// outcomeOf is a result as the tables have it.
func outcomeOf(v py.Value, err error) string {
	if err != nil {
		return err.Error()
	}
	if o, ok := v.(Object); ok {
		text, _ := o.Repr()
		text, _, _ = strings.Cut(text, " at ")
		return text
	}
	text, err := py.Repr(v)
	if err != nil {
		return "repr: " + err.Error()
	}
	return text
}

// makeObject makes an object of a type.
func makeObject(t testing.TB, typ *Type, args ...py.Value) Object {
	t.Helper()
	o, err := typ.New(&Call{Args: args})
	if err != nil {
		t.Fatalf("%s%v: %v", typ.Name, py.Tuple(args), err)
	}
	return o
}

// invoke calls a method as a client does.
func invoke(o Object, method string, args ...py.Value) (py.Value, error) {
	m := o.Type().Methods[method]
	if m == nil {
		return nil, errors.New("no method " + method)
	}
	return m(o, &Call{Args: args})
}

// mustInvoke is invoke for what can't fail.
func mustInvoke(t testing.TB, o Object, method string, args ...py.Value) py.Value {
	t.Helper()
	v, err := invoke(o, method, args...)
	if err != nil {
		t.Fatalf("%s%v: %v", method, py.Tuple(args), err)
	}
	return v
}

// checkCalls makes the calls one after the other; "repr" is the object's.
func checkCalls(t *testing.T, o Object, cases []callCase) {
	t.Helper()
	for _, c := range cases {
		var got string
		if c.method == "repr" {
			var err error
			if got, err = o.Repr(); err != nil {
				t.Errorf("repr: %v", err)
			}
		} else {
			got = outcomeOf(invoke(o, c.method, c.args...))
		}
		if got != c.want {
			t.Errorf("%s%v = %s; want %s", c.method, c.args, got, c.want)
		}
	}
}

// checkValue checks what #GETVALUE gives, which also has to be written.
func checkValue(t *testing.T, o Object, want string) {
	t.Helper()
	v, err := o.Value()
	if got := outcomeOf(v, err); got != want {
		t.Errorf("the value is %s; want %s", got, want)
	}
	if _, err := pickle.Marshal(v); err != nil {
		t.Error(err)
	}
}

// dictOf is a dict of keys and values in turn.
func dictOf(t testing.TB, pairs ...py.Value) *py.Dict {
	t.Helper()
	d := py.NewDict()
	for i := 0; i < len(pairs); i += 2 {
		if err := d.Set(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// ints is a list of ints.
func ints(values ...int64) *py.List {
	l := py.NewList()
	for _, v := range values {
		l.Append(v)
	}
	return l
}

// refTo is a proxy of an object, as it lies in a container.
func refTo(o Object) *Ref {
	return &Ref{Node: &Node{Ident: "5eed1", Object: o}, Class: o.Type().Proxy, Address: "/a", Typeid: o.Type().Name}
}

// TestBuiltinTypes: what is exposed is there, and nothing else. Iterators over a dict are the exception.
func TestBuiltinTypes(t *testing.T) {
	for _, typ := range []*Type{ListType, DictType, SetType, NamespaceType, ValueType, ArrayType, IteratorType} {
		exposed := map[string]bool{}
		for _, name := range typ.Exposed {
			if exposed[name] {
				t.Errorf("%s exposes %s twice", typ.Name, name)
			}
			if exposed[name] = true; typ.Methods[name] == nil {
				t.Errorf("%s has no method %s", typ.Name, name)
			}
		}
		if len(typ.Methods) != len(exposed) {
			t.Errorf("%s has %d methods and exposes %d", typ.Name, len(typ.Methods), len(exposed))
		}
		for name := range typ.Results {
			if !exposed[name] {
				t.Errorf("%s has a result of %s, which is not exposed", typ.Name, name)
			}
		}
	}
}
