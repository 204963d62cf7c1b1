package object

import (
	"math"
	"math/big"

	"github.com/multiproc-go/multiproc/py"
)

func (m *maker) listCall(method string) py.Tuple {
	switch method {
	case "__getitem__", "__delitem__":
		return py.Tuple{m.atOrSlice()}
	case "__setitem__":
		at := m.atOrSlice()
		if _, ok := at.(py.Slice); ok {
			return py.Tuple{at, m.iterable()}
		}
		return py.Tuple{at, m.value()}
	case "append", "count", "remove", "__contains__":
		return py.Tuple{m.value()}
	case "index":
		return py.Tuple{m.value(), m.at(), m.at()}[:1+m.IntN(3)]
	case "insert":
		return py.Tuple{m.at(), m.value()}
	case "pop":
		return py.Tuple{m.at()}[:m.IntN(2)]
	case "extend", "__add__":
		return py.Tuple{m.iterable()}
	case "__mul__", "__rmul__", "__imul__":
		return py.Tuple{[]py.Value{int64(0), int64(1), int64(2), int64(-1), true, "a", nil, 1.0}[m.IntN(8)]}
	case "__getslice__", "__delslice__":
		return py.Tuple{m.bound(), m.bound()}
	case "__setslice__":
		return py.Tuple{m.bound(), m.bound(), m.iterable()}
	}
	return nil
}

// bound is of a slice in Python 2.
func (m *maker) bound() py.Value { return int64(m.IntN(8)) }

func (m *maker) dictCall(method string) py.Tuple {
	switch method {
	case "__getitem__", "__delitem__", "__contains__", "has_key":
		return py.Tuple{m.key()}
	case "__setitem__":
		return py.Tuple{m.key(), m.value()}
	case "get", "pop", "setdefault":
		return py.Tuple{m.key(), m.value()}[:1+m.IntN(2)]
	case "update":
		return py.Tuple{m.pairs()}[:1-m.IntN(10)/9]
	case "__or__", "__ror__", "__ior__":
		return py.Tuple{m.pairs()}
	case "fromkeys":
		return py.Tuple{m.iterable(), m.value()}[:1+m.IntN(2)]
	}
	return nil
}

func (m *maker) setCall(method string) py.Tuple {
	switch method {
	case "add", "discard", "remove", "__contains__":
		if m.IntN(10) == 0 {
			return py.Tuple{m.set()}
		}
		return py.Tuple{m.key()}
	case "__len__", "__iter__", "clear", "copy", "pop":
		return nil
	case "union", "update", "difference", "difference_update", "intersection", "intersection_update":
		var args py.Tuple
		for range m.IntN(3) {
			args = append(args, m.setOrIterable())
		}
		return args
	}
	return py.Tuple{m.setOrIterable()}
}

func (m *maker) setOrIterable() py.Value {
	switch {
	case m.IntN(4) > 0:
		return m.set()
	case !m.python.AtLeast(3, 12):
		return py.NewList(m.keys()...)
	}
	return m.iterable()
}

func (m *maker) namespaceCall(method string) py.Tuple {
	names := []py.Value{"a", "b", "_c", "d", "longer"}
	if m.python.Major > 2 {
		names = append(names, int64(5))
	}
	name := names[m.IntN(len(names))]
	if method == "__setattr__" {
		return py.Tuple{name, m.value()}
	}
	return py.Tuple{name}
}

func (m *maker) valueCall(method string) py.Tuple {
	if method == "set" {
		return py.Tuple{m.value()}
	}
	return nil
}

func (m *maker) arrayInit() py.Tuple {
	codes := "bBhHiIqQfd"
	if math.MaxInt > math.MaxInt32 { // else a long has 32 bits here, and 64 in the Python
		codes += "lL"
	}
	if m.python.Major == 2 {
		codes = "bhild" // what is out of range is another exception there, or none
	}
	var items []py.Value
	for range m.IntN(6) {
		items = append(items, m.number())
	}
	return py.Tuple{m.typecode(string(codes[m.IntN(len(codes))])), py.NewList(items...)}
}

func (m *maker) number() py.Value {
	if m.python.Major == 2 {
		return int64(m.IntN(100))
	}
	if m.IntN(4) == 0 {
		return []py.Value{int64(-1), int64(300), int64(70_000), int64(1) << 40, new(big.Int).Lsh(big.NewInt(1), 63), new(big.Int).Lsh(big.NewInt(1), 70), 2.5, "a", nil, true}[m.IntN(10)]
	}
	return int64(m.IntN(100))
}

func (m *maker) arrayCall(method string) py.Tuple {
	var other py.Value
	if a, err := py.NewArray("id"[m.IntN(2)], ints(1, 2, 3)); err == nil {
		a.Data = a.Data[:m.IntN(4)*py.ItemSize(a.Typecode)]
		other = a
	}
	switch method {
	case "__getitem__":
		return py.Tuple{m.atOrSlice()}
	case "__setitem__":
		at := m.atOrSlice()
		if _, ok := at.(py.Slice); ok && m.IntN(5) > 0 {
			return py.Tuple{at, other}
		}
		return py.Tuple{at, m.number()}
	case "__getslice__":
		return py.Tuple{m.bound(), m.bound()}
	case "__setslice__":
		return py.Tuple{m.bound(), m.bound(), other}
	}
	return nil
}
