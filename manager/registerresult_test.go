package manager

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// giver returns whatever is to become an object.
type giver struct {
	what any
	text string
}

func (g *giver) Give() any              { return g.what }
func (g *giver) AsList() any            { return g.what }
func (g *giver) AsSet() any             { return g.what }
func (g *giver) AsIterator() any        { return g.what }
func (g *giver) AsMaths() any           { return g.what }
func (g *giver) AsQueue() any           { return g.what }
func (g *giver) Numbers() iter.Seq[any] { return nil }

func (g *giver) String() string {
	if g.text == "" {
		panic("no text")
	}
	return g.text
}

// TestResultsAsObjects: what a method may return so that the client gets an object, and the words for all else.
func TestResultsAsObjects(t *testing.T) {
	s, m, err := mathsServer()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	g := &giver{}
	err = s.Register("Giver", func() *giver { return g }, ProxyType("givers", "GiverProxy"), MethodToTypeid(map[string]string{
		"as_list": "list", "as_set": "set", "as_iterator": "Iterator", "as_maths": "Maths", "as_queue": "Queue", "numbers": "Iterator",
	}))
	if err != nil {
		t.Fatal(err)
	}
	o := newObject(t, s, "Giver")
	lock := newObject(t, s, "Lock")
	closed := newObject(t, s, "Queue")
	_ = closed.Close()
	for _, x := range []struct {
		method string
		what   any
		want   string // the object's text, or the error
	}{
		{"as_list", []int{1}, "[1]"},
		{"as_list", [2]int{1, 2}, "[1, 2]"},
		{"as_list", newObject(t, s, "list"), "[]"},
		{"as_list", nil, "None"},
		{"as_list", map[string]int{}, "has returned a value of the type map[string]int, of which no object of the typeid 'list' can be made"},
		{"as_list", []func(){nil}, "no counterpart in Python"},
		{"as_list", lock, "has returned an object of the typeid 'Lock', and not 'list'"},
		{"as_set", map[int]struct{}{1: {}}, "{1}"},
		{"as_iterator", []int{1}, "<generator object at "},
		{"as_iterator", 1, "a value of the type int"},
		{"as_maths", m, "maths of single"},
		{"as_maths", (*maths)(nil), "None"},
		{"as_maths", &copied{}, "a value of the type *manager.copied, and objects of the typeid 'Maths' are made of the type *manager.maths"},
		{"as_queue", m.queue, "<queue.Queue object at "},
		{"as_queue", closed, "closed by this process"},
		{"numbers", nil, "None"},
		{"give", m, "maths of single"}, // as proxies in the result
		{"give", m.queue, "<queue.Queue object at "},
		{"give", closed, "no counterpart"},
		{"give", 5, "5"},
	} {
		g.what = x.what
		v, err := o.Call(t.Context(), x.method)
		text := ""
		if made, ok := v.(*Object); ok {
			text, _ = mustCall(t, made, "__str__").(string)
		} else {
			text, _ = py.Repr(v)
		}
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, x.want) {
			t.Errorf("%s of a %T: %s; expected %s", x.method, x.what, text, x.want)
		}
	}

	// The class of a proxy that stands in a result, and texts that can't be made.
	g.what = g
	ref, err := s.table.lookup(o.Ident()).Object.Type().Methods["give"](s.table.lookup(o.Ident()).Object, &object.Call{Caller: s.goCaller(t.Context())})
	if r, ok := ref.(*object.Ref); !ok || err != nil || r.Class != (py.Global{Module: "givers", Name: "GiverProxy"}) || r.Node.Ident != o.Ident() {
		t.Error(ref, err)
	}
	if _, err := o.Call(t.Context(), "__str__"); err == nil || !strings.Contains(err.Error(), "panic: no text") {
		t.Error(err)
	}
	if text := s.table.debugInfo(); strings.Contains(text, "no text") { // no client holds it
		t.Error(text)
	}
	if _, err := o.Call(t.Context(), "#GETVALUE"); !errors.Is(err, object.ErrUnserializable) {
		t.Error(err)
	}
	if v, err := newObject(t, s, "Copied").Call(t.Context(), "#GETVALUE"); err != nil || len(v.(py.Tuple)) != 2 {
		t.Error(v, err)
	}
}
