package pickle

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// drawGraph makes objects that refer to one another at random, as far as they could in Python: what is made of parts has parts that were there before it, everything else may be
// filled with anything later.
func drawGraph(t *rapid.T) py.Value {
	n := rapid.IntRange(1, 14).Draw(t, "objects")
	values := []py.Value{int64(1), "shared text", py.Bytes("bytes")}
	var fill []func()
	someOf := func(vs []py.Value, label string) (out []py.Value) {
		for range rapid.IntRange(0, 4).Draw(t, label) {
			out = append(out, rapid.SampledFrom(vs).Draw(t, "part"))
		}
		return out
	}
	for range n {
		parts := someOf(values, "parts")
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0, 1:
			l := py.NewList()
			fill = append(fill, func() { l.Items = someOf(values, "items") })
			values = append(values, l)
		case 2:
			d := py.NewDict()
			fill = append(fill, func() {
				for i, v := range someOf(values, "values") {
					d.SetStr(fmt.Sprint("key ", i), v)
				}
			})
			values = append(values, d)
		case 3, 4:
			values = append(values, py.Tuple(parts))
		case 5:
			o := &py.Object{Form: py.Made, Class: py.Global{Module: "graph", Name: "N"}, Args: py.Tuple{py.Tuple(parts)}}
			fill = append(fill, func() { drawState(o, someOf(values, "attributes")) })
			values = append(values, o)
		case 6:
			o := &py.Object{Form: py.Made, Class: py.Global{Module: "graph", Name: "C"}}
			s, err := py.NewFrozenSet(o)
			if err != nil {
				t.Fatal(err)
			}
			fill = append(fill, func() { drawState(o, someOf(values, "attributes")) })
			values = append(values, s, o)
		}
	}
	for _, f := range fill {
		f()
	}
	return rapid.SampledFrom(values).Draw(t, "root")
}

func drawState(o *py.Object, attributes []py.Value) {
	d := py.NewDict()
	for i, v := range attributes {
		d.SetStr(fmt.Sprint("a", i), v)
	}
	// Python writes no state for an instance without attributes.
	if d.Len() > 0 {
		o.Built, o.State = true, d
	}
}

// graphOf compares two graphs: each object of one must correspond to one of the other.
type graphOf struct {
	there, back map[any]any
}

// identityOf is what makes an object one, nil if it does not matter.
func identityOf(v py.Value) any {
	switch v := v.(type) {
	case *py.List, *py.Dict, *py.Object, *py.FrozenSet:
		return v
	case py.Tuple:
		if len(v) > 0 {
			return &v[0]
		}
	}
	return nil
}

func (g *graphOf) same(a, b py.Value) error {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return fmt.Errorf("a %T is a %T", a, b)
	}
	if i := identityOf(a); i != nil {
		j := identityOf(b)
		if known, ok := g.there[i]; ok || g.back[j] != nil {
			if known != j || g.back[j] != i {
				return fmt.Errorf("two references to a %T don't lead to one", a)
			}
			return nil
		}
		g.there[i], g.back[j] = j, i
	}
	switch a := a.(type) {
	case *py.List:
		return g.all(a.Items, b.(*py.List).Items)
	case py.Tuple:
		return g.all(a, b.(py.Tuple))
	case *py.Dict:
		return g.dicts(a, b.(*py.Dict))
	case *py.FrozenSet:
		return g.all(frozenElements(a), frozenElements(b.(*py.FrozenSet)))
	case *py.Object:
		b := b.(*py.Object)
		if a.Form != b.Form || a.Class != b.Class || a.Built != b.Built {
			return fmt.Errorf("%v is %v", a, b)
		}
		if err := g.all(a.Args, b.Args); err != nil {
			return err
		}
		return g.same(a.State, b.State)
	}
	if a != b {
		return fmt.Errorf("%v is %v", a, b)
	}
	return nil
}

func frozenElements(s *py.FrozenSet) (out []py.Value) {
	for v := range s.All() {
		out = append(out, v)
	}
	return out
}

func (g *graphOf) all(a, b []py.Value) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d parts are %d", len(a), len(b))
	}
	for i := range a {
		if err := g.same(a[i], b[i]); err != nil {
			return err
		}
	}
	return nil
}

func (g *graphOf) dicts(a, b *py.Dict) error {
	if a.Len() != b.Len() {
		return fmt.Errorf("%d keys are %d", a.Len(), b.Len())
	}
	for k, v := range a.All() {
		w, _, err := b.Get(k)
		if err != nil {
			return err
		}
		if err := g.same(v, w); err != nil {
			return err
		}
	}
	return nil
}

func sameGraph(a, b py.Value) error {
	return (&graphOf{map[any]any{}, map[any]any{}}).same(a, b)
}

// TestGraphs: what refers to what is the same after writing and reading, cycles of every kind included.
func TestGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawGraph(t)
		for protocol := 2; protocol <= 5; protocol++ {
			data, err := Config{Protocol: protocol}.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(data)
			if err == nil {
				err = sameGraph(v, got)
			}
			if err != nil {
				t.Fatalf("protocol %d: %v\n%q", protocol, err, data)
			}
		}
	})
}

// TestGraphsInPython: it is also the same after Python has read and written it.
func TestGraphsInPython(t *testing.T) {
	graph := pythons.Module{Name: "graph", Source: `
class N(tuple): pass
class C(object): pass
`}
	again := pythons.Module{Name: "again", Source: `
import pickle
def handle(request):
    return pickle.dumps(pickle.loads(request), ord(request[1:2]))
`}
	p, ok := pythons.Newest()
	if !ok || p.Major < 3 {
		t.Skip("there is no Python 3")
	}
	child := p.Serve(t, graph, again)
	rapid.Check(t, func(t *rapid.T) {
		v := drawGraph(t)
		protocol := rapid.IntRange(2, p.Protocol()).Draw(t, "protocol")
		data, err := Config{Protocol: protocol}.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := child.Call(data)
		if err != nil {
			t.Fatalf("%v\n%q", err, data)
		}
		got, err := Decode(reply)
		if err == nil {
			err = sameGraph(v, got)
		}
		if err != nil {
			t.Fatalf("protocol %d: %v\n%q\n%q", protocol, err, data, reply)
		}
	})
}
