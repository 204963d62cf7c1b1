package py

import "math/big"

// Value is any Python value; see the package's documentation for the types.
type Value = any

// MaxDepth is how deep values may be nested in one another for the functions that walk over them. Python's own limit, for most of them, is about 1,000.
const MaxDepth = 10_000

// Bytes is a bytes object. It is immutable and may be a key, as in Python.
type Bytes string

// Str2 is a str of Python 2 that came in a pickle: bytes, which Python 2 also uses for text. If it is ASCII it equals the string of the same characters.
type Str2 string

// Tuple is a tuple. The slice's place is its identity; it must not be changed once others have it.
type Tuple []Value

// List is a list.
type List struct {
	Items []Value
}

// NewList is a list of the items.
func NewList(items ...Value) *List { return &List{items} }

// ByteArray is a bytearray.
type ByteArray struct {
	B []byte
}

// Range is a range object. Its fields are ints: int64 or *big.Int.
type Range struct {
	Start, Stop, Step Value
}

// Slice is a slice object. Each field may be any Value, and is mostly None or an int.
type Slice struct {
	Start, Stop, Step Value
}

// Singleton is a value of which there is only one.
type Singleton string

// The singletons apart from None.
const (
	Ellipsis       Singleton = "Ellipsis"
	NotImplemented Singleton = "NotImplemented"
)

// Global is a class, function or other object that is named by its module. Name has dots in it where the object is an attribute of another.
type Global struct {
	Module, Name string
}

// Int is the canonical Value of a big integer: an int64 if it is in range. It takes i over.
func Int(i *big.Int) Value {
	if i.IsInt64() {
		return i.Int64()
	}
	return i
}
