package manager

import (
	"testing"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// BenchmarkRegistered measures calls of a user's methods, without the system calls: the whole request beside one to a list, and the call alone.
func BenchmarkRegistered(b *testing.B) {
	s, m, err := mathsServer()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	o := newObject(b, s, "Maths", "single")
	list := newObject(b, s, "list")
	defer list.Close() // not to be collected
	for _, x := range []struct {
		name, ident, method string
		args                py.Tuple
	}{
		{"add", o.Ident(), "add", py.Tuple{int64(1), int64(2)}},
		{"text", o.Ident(), "text", py.Tuple{"some text"}},
		{"sum", o.Ident(), "sum", py.Tuple{1.0, 2.0}},
		{"nothing", o.Ident(), "nothing", py.Tuple{}},
		{"list.__len__", list.Ident(), "__len__", py.Tuple{}},
	} {
		message, err := pickle.Marshal(py.Tuple{x.ident, x.method, x.args, py.NewDict()})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("request/"+x.name, func(b *testing.B) {
			session := alone(b, s)
			b.ReportAllocs()
			for b.Loop() {
				if session.answer(message, false) == nil {
					b.Fatal("no answer")
				}
				session.forget()
			}
		})
		b.Run("call/"+x.name, func(b *testing.B) {
			node := s.table.lookup(x.ident)
			method := node.Object.Type().Methods[x.method]
			call := object.Call{Args: x.args, Caller: &object.Caller{}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := method(node.Object, &call); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("Object.Call", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			mustCall(b, o, "add", 1, 2)
		}
	})
	b.Run("direct", func(b *testing.B) {
		for b.Loop() {
			m.Add(1, 2)
		}
	})
}
