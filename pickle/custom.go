package pickle

import (
	"encoding"
	"math/big"
	"reflect"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// Marshaler is a type that says itself what it is in Python. Containers of package py in the result may have further Go values in them, which Marshal converts.
// A nil pointer is None without a call. MarshalPickle is called once for each pointer of a value that is written, however often it occurs in it.
type Marshaler interface {
	MarshalPickle() (py.Value, error)
}

// Unmarshaler is a type that reads itself from a Python value, mostly with a pointer as its receiver. None makes a pointer nil without a call; a field that is no pointer
// gets the call, with nil. What v refers to belongs to others as well, and must not be changed.
type Unmarshaler interface {
	UnmarshalPickle(v py.Value) error
}

var (
	marshalerType       = reflect.TypeFor[Marshaler]()
	unmarshalerType     = reflect.TypeFor[Unmarshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	errorType           = reflect.TypeFor[error]()

	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	bigIntType   = reflect.TypeFor[big.Int]()
	bigRatType   = reflect.TypeFor[big.Rat]()
	bigFloatType = reflect.TypeFor[big.Float]()
)

// pyTypes are the types of package py by which a Value may be held: the Go kinds of these say nothing about what they are. Those of referencePyTypes are
// Values as pointers only.
var (
	pyTypes = typeSet(
		reflect.TypeFor[py.Bytes](), reflect.TypeFor[py.Str2](), reflect.TypeFor[py.Tuple](), reflect.TypeFor[py.Range](), reflect.TypeFor[py.Slice](),
		reflect.TypeFor[py.Singleton](), reflect.TypeFor[py.Global](), reflect.TypeFor[py.DateTime](), reflect.TypeFor[py.Date](), reflect.TypeFor[py.Time](),
		reflect.TypeFor[py.TimeDelta](), reflect.TypeFor[py.TimeZone](), reflect.TypeFor[py.UUID](),
		reflect.TypeFor[*py.List](), reflect.TypeFor[*py.Dict](), reflect.TypeFor[*py.OrderedDict](), reflect.TypeFor[*py.Set](), reflect.TypeFor[*py.FrozenSet](),
		reflect.TypeFor[*py.ByteArray](), reflect.TypeFor[*py.Array](), reflect.TypeFor[*py.Decimal](), reflect.TypeFor[*py.Fraction](),
		reflect.TypeFor[*py.Exception](), reflect.TypeFor[*py.Object](), reflect.TypeFor[*py.Persistent](),
	)
	referencePyTypes = pointedTo(pyTypes)
)

func typeSet(types ...reflect.Type) map[reflect.Type]bool {
	set := map[reflect.Type]bool{}
	for _, t := range types {
		set[t] = true
	}
	return set
}

func pointedTo(types map[reflect.Type]bool) map[reflect.Type]bool {
	set := map[reflect.Type]bool{}
	for t := range types {
		if t.Kind() == reflect.Pointer {
			set[t.Elem()] = true
		}
	}
	return set
}

// isPyType tells whether t is a type of package py, or what one of its reference types points to.
func isPyType(t reflect.Type) bool { return pyTypes[t] || referencePyTypes[t] }

// isBytes tells whether t is a slice or an array of bytes, which is bytes in Python whatever other methods it has (an IP address, a UUID).
func isBytes(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		e := t.Elem()
		return e.Kind() == reflect.Uint8 && !has(e, marshalerType) && !has(e, textMarshalerType)
	}
	return false
}

// has tells whether a value of t, or a pointer to one, has the methods of the interface.
func has(t, iface reflect.Type) bool {
	return t.Implements(iface) || t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(iface)
}

// hasOwnForm tells whether a struct type is more than its fields: it has a counterpart in Python, or methods that convert it.
func hasOwnForm(t reflect.Type) bool {
	switch t {
	case timeType, bigIntType, bigRatType, bigFloatType:
		return true
	}
	return isPyType(t) || has(t, marshalerType) || has(t, unmarshalerType) || has(t, textMarshalerType) || has(t, textUnmarshalerType)
}
