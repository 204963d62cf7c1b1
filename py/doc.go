// Package py has Python's values in Go, with the equality, order, hashes and texts that Python gives them. Package pickle reads and writes them. No
// Python is needed, and none of its code is ever run: instances of classes that this package does not know are Objects, whose parts can be read.
//
// # Values
//
// A Value is a Go value of one of these types. A reference type (those with a *) has an identity, as in Python: two references to one List are one list.
//
//	None                    nil
//	bool                    bool
//	int                     int64, or *big.Int beyond its range; all other Go integers are taken for one
//	float                   float64; float32 is taken for one
//	complex                 complex128
//	str                     string: UTF-8, in which lone surrogates take three bytes as Python's "surrogatepass" writes them
//	bytes                   Bytes
//	str of Python 2         Str2, if it came as one
//	bytearray               *ByteArray
//	tuple                   Tuple
//	list                    *List
//	dict                    *Dict
//	OrderedDict             *OrderedDict
//	set, frozenset          *Set, *FrozenSet
//	range, slice            Range, Slice
//	Ellipsis, ...           Singleton
//	array.array             *Array
//	datetime's types        DateTime, Date, Time, TimeDelta, TimeZone
//	Decimal, Fraction, UUID *Decimal, *Fraction, UUID
//	exceptions              *Exception
//	classes, functions      Global
//	other instances         *Object
//	persistent references   *Persistent
//
// Repr and Str make Python's texts of a value; printed by fmt, containers and Objects give the first 4 KiB of their repr. For Go's own types, such as []int or a struct, pickle.Of makes the value.
//
// Values are not safe for use by several goroutines at once while one of them changes what is shared.
//
// # Errors
//
// Where Python raises an exception the functions return it, as an *Exception: Hash of a list returns TypeError("unhashable type: 'list'"). Values may contain themselves, and
// may have been made by an enemy; whatever walks over them stops at MaxDepth with RecursionError and, where the result can be larger than the value, at a limit with MemoryError.
package py
