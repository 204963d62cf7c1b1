package object

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// maker makes random calls, most of which are right.
type maker struct {
	*rand.Rand
	python pythons.Python
	typeid string
	names  []string // the methods that Python's object has
}

var callMakers = map[string]struct {
	typ  *Type
	init func(m *maker) py.Tuple
	call func(m *maker, method string) py.Tuple
}{
	"list":      {ListType, func(m *maker) py.Tuple { return py.Tuple{m.iterable()} }, (*maker).listCall},
	"dict":      {DictType, func(m *maker) py.Tuple { return py.Tuple{m.dict()} }, (*maker).dictCall},
	"set":       {SetType, func(m *maker) py.Tuple { return py.Tuple{m.set()} }, (*maker).setCall},
	"Namespace": {NamespaceType, func(m *maker) py.Tuple { return nil }, (*maker).namespaceCall},
	"Array":     {ArrayType, (*maker).arrayInit, (*maker).arrayCall},
	"Value":     {ValueType, func(m *maker) py.Tuple { return py.Tuple{m.typecode("i"), m.value()} }, (*maker).valueCall},
}

// episode makes an object, and calls of any of the methods that it has here and in Python.
func (m *maker) episode(t *testing.T) (e episode) {
	t.Helper()
	kind := callMakers[m.typeid]
	var o Object
	for o == nil {
		e.args = kind.init(m)
		o, _ = kind.typ.New(&Call{Args: e.args, Python2: m.python.Major == 2})
	}
	var methods []string
	for _, name := range kind.typ.Exposed {
		if slices.Contains(m.names, name) {
			methods = append(methods, name)
		}
	}
	if len(methods) == 0 {
		t.Fatalf("Python's %s has none of the methods", m.typeid)
	}
	for len(e.calls) < 40 {
		method := methods[m.IntN(len(methods))]
		args := kind.call(m, method)
		if m.IntN(30) == 0 {
			args = args[:m.IntN(len(args)+1)]
		} else if m.IntN(30) == 0 {
			args = append(args, m.value())
		}
		if l, ok := o.(*list); ok && method == "__imul__" && len(l.l.Items) > 20 || m.python.Major == 2 && method == "sort" {
			continue // too long; and Python 2 sorts everything
		}
		if s, ok := o.(*set); ok && method == "pop" && s.s.Len() > 1 {
			continue // any of them
		}
		if d, ok := o.(*dict); ok && method == "popitem" && m.python.Major == 2 && d.d.Len() > 1 {
			continue // which has no order
		}
		e.calls = append(e.calls, py.Tuple{method, args})
		e.got = append(e.got, m.do(t, o, method, args))
	}
	return e
}

func (m *maker) do(t *testing.T, o Object, method string, args py.Tuple) (now moment) {
	t.Helper()
	l, _ := o.(*list)
	var before *py.List
	if l != nil && method == "sort" {
		before = l.snapshot()
	}
	v, err := o.Type().Methods[method](o, &Call{Args: args, Python2: m.python.Major == 2})
	if err != nil && !errors.As(err, &now.err) {
		t.Fatalf("%s%v: %v", method, args, err)
	}
	if err != nil && before != nil {
		l.l = *before
	}
	now.result = plainResult(t, v)
	// A set gives its elements in another order than Python's, and a dict of Python 2 its keys.
	_, isSet := o.(*set)
	now.skipped = isSet && method == "__iter__" || m.python.Major == 2 && slices.Contains([]string{"keys", "values", "items", "__iter__"}, method)
	if now.value, err = o.Value(); err != nil {
		t.Fatal(err)
	}
	if instance, ok := now.value.(*py.Object); ok {
		now.value = instance.State
	}
	if now.repr, err = o.Repr(); err != nil {
		t.Fatal(err)
	}
	return now
}

// plainResult is a result as the Python side has it.
func plainResult(t *testing.T, v py.Value) py.Value {
	t.Helper()
	switch v := v.(type) {
	case py.Singleton:
		return string(v)
	case *py.Object, *cursorIterator:
		if it, ok := v.(*cursorIterator); ok {
			v = refTo(it)
		}
		items, err := elements(v)
		if err != nil {
			t.Fatal(err)
		}
		return py.NewList(items...)
	}
	return v
}

// value is one of a few, so that they are found again.
func (m *maker) value() py.Value {
	if m.python.Major == 2 { // whose bytes are text, and whose ints are long or not
		return []py.Value{int64(0), int64(1), true, 1.0, 2.5, "a", "b", nil, ints(1), py.Tuple{}}[m.IntN(10)]
	}
	return []py.Value{
		int64(0), int64(1), true, 1.0, 2.5, "a", "b", nil, ints(1), py.Tuple{}, py.Bytes("a"), math.Copysign(0, -1), int64(300), "\u00e9\U0001f600", new(big.Int).Lsh(big.NewInt(1), 70),
		py.Tuple{int64(1), "x"}, py.NewDict(), complex(0, 1),
	}[m.IntN(18)]
}

// key is mostly one that can be a key.
func (m *maker) key() py.Value {
	if m.IntN(15) == 0 {
		return m.value()
	}
	return []py.Value{int64(0), int64(1), true, 1.0, "a", "b", nil, py.Tuple{int64(1)}, "c", int64(2)}[m.IntN(10)]
}

// at is mostly an index that exists.
func (m *maker) at() py.Value {
	switch m.IntN(30) {
	case 0:
		return "x"
	case 1:
		return new(big.Int).Lsh(big.NewInt(-1), 70)
	case 2:
		return 1.0
	case 3:
		return true
	case 4:
		return int64(math.MinInt64)
	}
	return int64(m.IntN(14) - 7)
}

func (m *maker) slice() py.Slice {
	part := func() py.Value {
		if m.IntN(3) == 0 {
			return nil
		}
		return m.at()
	}
	s := py.Slice{Start: part(), Stop: part(), Step: part()}
	if m.IntN(2) == 0 {
		s.Step = int64(1)
	}
	return s
}

func (m *maker) atOrSlice() py.Value {
	if m.IntN(2) == 0 {
		return m.slice()
	}
	return m.at()
}

func (m *maker) iterable() py.Value {
	switch m.IntN(8) {
	case 0:
		return int64(5)
	case 1:
		return "ab"
	case 2:
		return py.Range{Start: int64(3), Stop: int64(0), Step: int64(-1)}
	case 3:
		if m.python.Major > 2 {
			return m.dict()
		}
	}
	var items []py.Value
	for range m.IntN(5) {
		items = append(items, m.value())
	}
	if m.IntN(2) == 0 {
		return py.Tuple(items)
	}
	return py.NewList(items...)
}

func (m *maker) keys() []py.Value {
	keys := make([]py.Value, m.IntN(6))
	for i := range keys {
		keys[i] = []py.Value{int64(0), int64(1), "a", "b", 2.5, py.Tuple{}}[m.IntN(6)]
	}
	return keys
}

func (m *maker) dict() py.Value {
	d := py.NewDict()
	for _, key := range m.keys() {
		if err := d.Set(key, m.value()); err != nil {
			panic(err)
		}
	}
	return d
}

func (m *maker) set() py.Value {
	switch m.IntN(12) {
	case 0:
		if m.python.AtLeast(3, 12) {
			return m.iterable() // older ones notice at another time what can't be an element
		}
	case 1:
		s, err := py.NewFrozenSet(m.keys()...)
		if err != nil {
			panic(err)
		}
		return s
	}
	s, err := py.NewSet(m.keys()...)
	if err != nil {
		panic(err)
	}
	return s
}

func (m *maker) pairs() py.Value {
	if m.IntN(2) == 0 {
		return m.dict()
	}
	var items []py.Value
	for range m.IntN(4) {
		items = append(items, []py.Value{py.Tuple{m.key(), m.value()}, py.NewList(m.key(), m.value()), "ab", py.Tuple{m.key()}, int64(1)}[m.IntN(5-m.IntN(3))])
	}
	return py.NewList(items...)
}

func (m *maker) typecode(code string) py.Value {
	if m.python.Major == 2 {
		return py.Str2(code)
	}
	return code
}
