package object

import (
	"math"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestArray(t *testing.T) {
	bytes, err := py.NewArray('b', ints(1))
	if err != nil {
		t.Fatal(err)
	}
	tooLarge := "OverflowError: signed integer is greater than maximum"
	if math.MaxInt == math.MaxInt32 { // where a C long has 32 bits, too
		tooLarge = "OverflowError: Python int too large to convert to C long"
	}
	o := makeObject(t, ArrayType, "i", ints(1, 2, 3))
	checkCalls(t, o, []callCase{
		{"repr", nil, "array('i', [1, 2, 3])"},
		{"__len__", nil, "3"},
		{"__getitem__", py.Tuple{int64(-1)}, "3"},
		{"__getitem__", py.Tuple{int64(3)}, "IndexError: array index out of range"},
		{"__getitem__", py.Tuple{"x"}, "TypeError: array indices must be integers"},
		{"__getitem__", py.Tuple{py.Slice{Start: int64(1)}}, "array('i', [2, 3])"},
		{"__getitem__", nil, "TypeError: expected 1 argument, got 0"},
		{"__getslice__", py.Tuple{int64(0), int64(2)}, "array('i', [1, 2])"},
		{"__setitem__", py.Tuple{int64(0), int64(-5)}, "None"},
		{"__setitem__", py.Tuple{int64(3), int64(0)}, "IndexError: array assignment index out of range"},
		{"__setitem__", py.Tuple{int64(0), int64(1) << 40}, tooLarge},
		{"__setitem__", py.Tuple{int64(0), 2.5}, "TypeError: 'float' object cannot be interpreted as an integer"},
		{"__setitem__", py.Tuple{py.Slice{}, bytes}, "TypeError: bad argument type for built-in operation"},
		{"__setitem__", py.Tuple{py.Slice{}, ints(1)}, `TypeError: can only assign array (not "list") to array slice`},
		{"__setslice__", py.Tuple{int64(0), int64(1), ints(1)}, `TypeError: can only assign array (not "list") to array slice`},
		{"__setitem__", py.Tuple{int64(0)}, "TypeError:  expected 2 arguments, got 1"},
		{"repr", nil, "array('i', [-5, 2, 3])"},
	})
	value, err := o.Value()
	part := mustInvoke(t, o, "__getitem__", py.Slice{})
	mustInvoke(t, o, "__setitem__", int64(0), int64(1))
	for _, v := range []py.Value{value, part} {
		if got := outcomeOf(v, err); got != "array('i', [-5, 2, 3])" {
			t.Errorf("it has changed: %s", got)
		}
	}
	for _, c := range []struct {
		args py.Tuple
		two  bool
		want string
	}{
		{nil, false, "TypeError: Array() missing 2 required positional arguments: 'typecode' and 'sequence'"},
		{py.Tuple{"i", int64(5)}, false, "TypeError: 'int' object is not iterable"},
		{py.Tuple{"i", nil}, false, "TypeError: 'NoneType' object is not iterable"},
		{py.Tuple{int64(5), ints()}, false, "TypeError: array() argument 1 must be a unicode character, not int"},
		{py.Tuple{"ii", ints()}, false, "TypeError: array() argument 1 must be a unicode character, not str"},
		{py.Tuple{"z", ints()}, false, "ValueError: bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)"},
		{py.Tuple{"\u00e9", ints()}, false, "ValueError: bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)"},
		{py.Tuple{"c", ints()}, false, "ValueError: bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)"},
		{py.Tuple{py.Str2("c"), py.Str2("ab")}, true, "array('c', 'ab')"},
		{py.Tuple{"d", refTo(makeObject(t, ListType, ints(1)))}, false, "array('d', [1.0])"},
		{py.Tuple{"u", "ab", false}, false, "array('u', 'ab')"},
	} {
		o, err := ArrayType.New(&Call{Args: c.args, Python2: c.two})
		got := outcomeOf(nil, err)
		if err == nil {
			got, _ = o.Repr()
		}
		if got != c.want {
			t.Errorf("Array%v: %s; want %s", c.args, got, c.want)
		}
	}
}
