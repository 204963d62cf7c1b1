package object

import (
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// array is a shared array.array, which checks what is stored in it.
type array struct {
	mu sync.Mutex
	a  *py.Array
}

// ArrayType is the typeid Array: m.Array(typecode, sequence, lock=True).
var ArrayType = &Type{
	Name:    "Array",
	Proxy:   proxy("ArrayProxy"),
	Exposed: []string{"__len__", "__getitem__", "__setitem__", "__getslice__", "__setslice__"},
	Methods: map[string]Method{
		"__len__":      on((*array).len),
		"__getitem__":  on((*array).getItem),
		"__setitem__":  on((*array).setItem),
		"__getslice__": on((*array).getSlice2),
		"__setslice__": on((*array).setSlice2),
	},
	New: newArray,
}

var (
	arrayNew     = Function("Array", "typecode", "sequence", "lock=")
	arrayLen     = Slot("__len__")
	arrayGetItem = Slot("__getitem__", "key")
	arraySetItem = UnpackedSlot("__setitem__", "key", "value")
)

func newArray(c *Call) (Object, error) {
	var typecode, from, lock py.Value
	if err := arrayNew.Parse(c, &typecode, &from, &lock); err != nil {
		return nil, err
	}
	code, ok := py.Text(typecode)
	if !ok || utf8.RuneCountInString(code) != 1 {
		return nil, py.TypeError("array() argument 1 must be a unicode character, not %s", py.TypeName(typecode))
	}
	if code[0] == 'c' && !c.Python2 {
		code = "?" // which no Python has
	}
	from, err := c.sequence(from)
	if err != nil {
		return nil, err
	}
	if from == nil { // for py it is as if it had been left out
		_, err := py.Elements(from)
		return nil, err
	}
	a, err := py.NewArray(code[0], from)
	if err != nil {
		return nil, err
	}
	return &array{a: a}, nil
}

func (a *array) Type() *Type { return ArrayType }

func (a *array) Value() (py.Value, error) { return a.snapshot(), nil }

func (a *array) Repr() (string, error) { return py.Repr(a.snapshot()) }

func (a *array) snapshot() *py.Array {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &py.Array{Typecode: a.a.Typecode, Data: slices.Clone(a.a.Data)}
}

func (a *array) len(c *Call) (py.Value, error) {
	if err := arrayLen.Parse(c); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return int64(a.a.Len()), nil
}

func (a *array) getItem(c *Call) (py.Value, error) {
	var at py.Value
	if err := arrayGetItem.Parse(c, &at); err != nil {
		return nil, err
	}
	return a.get(c, at)
}

func (a *array) get(c *Call, at py.Value) (py.Value, error) {
	if err := c.roomForSlice(a, at, numberBytes); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.a.GetItem(at)
}

func (a *array) setItem(c *Call) (py.Value, error) {
	var at, v py.Value
	if err := arraySetItem.Parse(c, &at, &v); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return nil, a.a.SetItem(at, v)
}

// The methods for slices of Python 2; see those of list.

func (a *array) getSlice2(c *Call) (py.Value, error) {
	at, err := slice2(c, getSlice2)
	if err != nil {
		return nil, err
	}
	return a.get(c, at)
}

func (a *array) setSlice2(c *Call) (py.Value, error) {
	var v py.Value
	at, err := slice2(c, setSlice2, &v)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return nil, a.a.SetItem(at, v)
}
