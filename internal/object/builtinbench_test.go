package object

import (
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// BenchmarkBuiltins is what a call costs above the operation of package py, which the second half is.
func BenchmarkBuiltins(b *testing.B) {
	key := py.Value("key 7")
	l, d := makeObject(b, ListType, ints(1, 2, 3)), makeObject(b, DictType)
	for i := range 100 {
		mustInvoke(b, d, "__setitem__", "key "+string(rune('0'+i%10))+string(rune('0'+i/10)), nil)
	}
	mustInvoke(b, d, "__setitem__", key, nil)
	calls := []struct {
		name string
		o    Object
		call *Call
	}{
		{"append", makeObject(b, ListType), &Call{Args: py.Tuple{int64(1)}}},
		{"__getitem__", l, &Call{Args: py.Tuple{int64(1)}}},
		{"__getitem__", d, &Call{Args: py.Tuple{key}}},
		{"__setitem__", d, &Call{Args: py.Tuple{key, int64(1)}}},
	}
	for _, c := range calls {
		b.Run(c.o.Type().Name+"."+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.o.Type().Methods[c.name](c.o, c.call); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	items, inner := ints(), d.(*dict).snapshot()
	three := ints(1, 2, 3)
	b.Run("py.append", func(b *testing.B) {
		for b.Loop() {
			items.Append(int64(1))
		}
	})
	b.Run("py.list.getitem", func(b *testing.B) {
		for b.Loop() {
			_, _ = three.GetItem(int64(1))
		}
	})
	b.Run("py.dict.get", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = inner.Get(key)
		}
	})
	b.Run("py.dict.set", func(b *testing.B) {
		for b.Loop() {
			_ = inner.Set(key, int64(1))
		}
	})
}

// TestBuiltinsAllocateNothing beyond what they store.
func TestBuiltinsAllocateNothing(t *testing.T) {
	l, d := makeObject(t, ListType, ints(1, 2, 3)), makeObject(t, DictType, dictOf(t, "a", int64(1)))
	for _, c := range []struct {
		name string
		o    Object
		call *Call
	}{
		{"__getitem__", l, &Call{Args: py.Tuple{int64(1)}}},
		{"__setitem__", l, &Call{Args: py.Tuple{int64(1), "x"}}},
		{"__len__", l, &Call{}},
		{"__getitem__", d, &Call{Args: py.Tuple{"a"}}},
		{"get", d, &Call{Args: py.Tuple{"a", nil}}},
		{"__setitem__", d, &Call{Args: py.Tuple{"a", "x"}}},
		{"get", makeObject(t, ValueType, "i", int64(1)), &Call{}},
	} {
		m := c.o.Type().Methods[c.name]
		if n := testing.AllocsPerRun(100, func() {
			if _, err := m(c.o, c.call); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s.%s: %v allocations", c.o.Type().Name, c.name, n)
		}
	}
}

// TestBuiltinsFromMany is for the race detector, and counts that nothing is lost.
func TestBuiltinsFromMany(t *testing.T) {
	l, d, s := makeObject(t, ListType), makeObject(t, DictType), makeObject(t, SetType)
	n, v, a := makeObject(t, NamespaceType), makeObject(t, ValueType, "i", int64(0)), makeObject(t, ArrayType, "i", ints(0))
	var all sync.WaitGroup
	const callers, times = 4, 200
	for who := range int64(callers) {
		all.Go(func() {
			for i := range int64(times) {
				key := py.Tuple{who, i}
				mustInvoke(t, l, "append", key)
				mustInvoke(t, d, "__setitem__", key, i)
				mustInvoke(t, s, "add", key)
				mustInvoke(t, n, "__setattr__", "a", key)
				mustInvoke(t, v, "set", mustInvoke(t, n, "__getattribute__", "a"))
				mustInvoke(t, a, "__setitem__", int64(0), i)
				if i%50 > 0 {
					continue
				}
				for _, o := range []Object{l, d, s, n, v, a} {
					if _, err := o.Repr(); err != nil {
						t.Error(err)
					}
					if _, err := o.Value(); err != nil {
						t.Error(err)
					}
				}
				mustInvoke(t, l, "extend", refTo(l))
				mustInvoke(t, l, "__delitem__", py.Slice{Start: int64(callers * times)})
				mustInvoke(t, d, "update", refTo(d))
				mustInvoke(t, s, "update", refTo(s))
			}
		})
	}
	all.Wait()
	for _, o := range []Object{d, s} {
		if got := mustInvoke(t, o, "__len__"); got != int64(callers*times) {
			t.Errorf("%s has %v", o.Type().Name, got)
		}
	}
}
