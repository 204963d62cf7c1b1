package pickle

import (
	"math"
	"math/big"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/py"
)

// Of is the Python value of a Go value, with the package's own registry. See [Config.Of].
func Of(v any) (py.Value, error) { return Config{}.Of(v) }

// Of is the Python value that Marshal writes for a Go value:
//
//	bool, integers, floats, complex  bool, int (of any size), float, complex
//	string                           str; invalid UTF-8 is an error, but for lone surrogates as
//	                                 package py has them
//	[]byte, [N]byte                  bytes
//	slices, arrays                   list; tuple by the tag's option, and where an array is a key
//	maps                             dict, in the order of the keys if these are numbers, text,
//	                                 or arrays of them
//	map[K]struct{}                   set
//	structs                          dict with a str key for each field, tuple by the tag's
//	                                 option, or an instance of a class: see RegisterClass
//	pointers, interfaces             what they lead to, or None
//	time.Time                        datetime with a timezone of the same offset; it has
//	                                 microseconds, what is below is cut off
//	time.Duration                    timedelta, with the same loss
//	big.Int, big.Rat, big.Float      int, Fraction, Decimal
//	types with MarshalPickle         its result; so with RegisterReducer and RegisterEnum
//	types with MarshalText           str, unless they are registered, or slices or arrays of
//	                                 bytes
//	errors                           RuntimeError with the error's text, unless their type is
//	                                 registered
//	values of package py             themselves, untouched
//
// Python 2.7 has no datetime.timezone: for it send a py.DateTime with a TZ of nil instead of a time.Time.
//
// A nil slice or map is an empty one: None would be a surprise for who iterates over it. What is referred to twice, by pointers, maps or slices of the same memory, is one
// object in Python as well, and may contain itself. What is in containers of package py is left as it is; Marshal converts that, too.
//
// Other types (functions, channels), structs without an exported field, two keys that are equal in Python (1 and 1.0), values nested deeper than Limits.Depth and errors of the
// methods above make an [EncodeError], mostly around a [MarshalTypeError].
//
// # Struct tags
//
// They work in both directions:
//
//	Name string `pickle:"name"`           the key, or attribute, is "name"; without a tag it is
//	                                      the field's name as it stands, and case matters
//	Age  int    `pickle:"age,omitempty"`  not written if it is false, 0, nil, or an empty array,
//	                                      slice, map or string
//	At   Time   `pickle:"at,omitzero"`    not written if it is the zero value, or its method
//	                                      IsZero says so
//	Pos  []int  `pickle:"pos,tuple"`      a tuple, not a list; of a struct, its fields without
//	                                      their names
//	Temp string `pickle:"-"`              neither written nor read
//	_    struct{} `pickle:",tuple"`       the whole struct is a tuple of its fields
//
// The fields of embedded structs are the outer struct's own, by the rules of encoding/json.
func (c Config) Of(v any) (py.Value, error) {
	conv := converter{registry: c.Registry, max: min(c.Limits.depth(), maxNesting)}
	return conv.convert(v)
}

// converter makes Python values of Go values. It lives for one value that is written, so that what is referred to twice is converted once.
type converter struct {
	registry *Registry
	depth    int
	max      int // of depth
	// alias is for the encoder: bytes share the memory of the Go value, and text is not looked at, since the encoder does it.
	alias bool
	// inKey: what is converted is a key, which has to be hashable.
	inKey bool
	memo  map[ofKey]py.Value
}

// ofKey is the identity of a Go value: a struct and its first field, or two slices of one array, have an address in common.
type ofKey struct {
	at    address
	n     int
	plan  *ofPlan
	inKey bool // of a pointer to an array: as a key it is a tuple, and elsewhere a list
}

// unfinished stands in the memo for what is being converted and can't be referred to before that is done.
type unfinished struct{}

// convert is value with the error as users see it.
func (c *converter) convert(v any) (py.Value, error) {
	out, err := c.value(v)
	if err != nil {
		return nil, asEncodeError(err)
	}
	return out, nil
}

// value converts what is in an interface. The cases are those that need no reflection.
func (c *converter) value(v any) (py.Value, error) {
	switch x := v.(type) {
	case nil, bool, int64, float64, complex128:
		return v, nil
	case string:
		if !c.alias && !validText(x) {
			return nil, badText(reflect.TypeFor[string]())
		}
		return v, nil
	case int:
		return int64(x), nil
	case py.Bytes, py.Str2, py.Tuple, py.Range, py.Slice, py.Singleton, py.Global, py.DateTime, py.Date, py.Time, py.TimeDelta, py.TimeZone, py.UUID:
		return v, nil
	case *big.Int:
		if x == nil {
			return nil, nil
		}
		if x.IsInt64() {
			return x.Int64(), nil
		}
		return v, nil
	}
	t := reflect.TypeOf(v)
	return ofPlanOf(t, false).conv(c, reflect.ValueOf(v))
}

// enter counts a level of nesting, which the caller takes back when he returns without an error.
func (c *converter) enter() error {
	if c.depth++; c.depth > c.max {
		return errTooDeep(c.max)
	}
	return nil
}

func (c *converter) remember(k ofKey, v py.Value) {
	if c.memo == nil {
		c.memo = map[ofKey]py.Value{}
	}
	c.memo[k] = v
}

type ofFunc func(c *converter, v reflect.Value) (py.Value, error)

// ofPlan is how values of one type are converted. Plans are made once for each type, and don't depend on a Config.
type ofPlan struct {
	conv ofFunc
	// What has an identity, and may contain itself, is made empty and filled once others can refer to it. Both are nil for everything else, and not used in keys.
	make func(c *converter, v reflect.Value) py.Value
	fill func(c *converter, v reflect.Value, into py.Value) error
	// plain: values are numbers, text and the like, of which it doesn't matter whether two are one.
	plain bool
	// typ is set if there may be a reducer for it.
	typ reflect.Type
	// class is set if make and fill are only for when it is registered.
	class reflect.Type
}

type planKey struct {
	typ   reflect.Type
	tuple bool // as a tuple
}

var ofPlans sync.Map // planKey to *ofPlan

func ofPlanOf(t reflect.Type, tuple bool) *ofPlan {
	k := planKey{t, tuple}
	if p, ok := ofPlans.Load(k); ok {
		return p.(*ofPlan)
	}
	p := newOfPlan(t, tuple)
	p.reducible(t)
	stored, _ := ofPlans.LoadOrStore(k, p)
	return stored.(*ofPlan)
}

// ofLink is a plan that another one refers to. It is looked up when it is needed first, since types refer to themselves.
type ofLink struct {
	key  planKey
	plan atomic.Pointer[ofPlan]
}

func linkOf(t reflect.Type, tuple bool) *ofLink { return &ofLink{key: planKey{t, tuple}} }

func (l *ofLink) get() *ofPlan {
	p := l.plan.Load()
	if p == nil {
		p = ofPlanOf(l.key.typ, l.key.tuple)
		l.plan.Store(p)
	}
	return p
}

// newOfPlan chooses by the type's own methods and meaning first, then by its kind.
func newOfPlan(t reflect.Type, tuple bool) *ofPlan {
	if p := ownOfPlan(t); p != nil {
		return p
	}
	switch t.Kind() {
	case reflect.Bool:
		return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) { return v.Bool(), nil })
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) { return v.Int(), nil })
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return plainOf(ofUint)
	case reflect.Float32, reflect.Float64:
		return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) { return v.Float(), nil })
	case reflect.Complex64, reflect.Complex128:
		return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) { return v.Complex(), nil })
	case reflect.String:
		return plainOf(ofString)
	case reflect.Interface:
		return &ofPlan{conv: ofInterface}
	case reflect.Pointer:
		return pointerOfPlan(t, tuple)
	case reflect.Slice:
		return sliceOfPlan(t, tuple)
	case reflect.Array:
		return arrayOfPlan(t, tuple)
	case reflect.Map:
		return mapOfPlan(t)
	case reflect.Struct:
		return structOfPlan(t, tuple)
	}
	return refusedOfPlan(t, "there is nothing like it in Python")
}

func plainOf(f ofFunc) *ofPlan { return &ofPlan{conv: f, plain: true} }

// refusedOfPlan is for types of which no value can be written.
func refusedOfPlan(t reflect.Type, reason string) *ofPlan {
	return &ofPlan{conv: func(*converter, reflect.Value) (py.Value, error) {
		return nil, &MarshalTypeError{Type: t, Reason: reason}
	}}
}

func ofUint(_ *converter, v reflect.Value) (py.Value, error) {
	u := v.Uint()
	if u > math.MaxInt64 {
		return new(big.Int).SetUint64(u), nil
	}
	return int64(u), nil
}

func ofString(c *converter, v reflect.Value) (py.Value, error) {
	s := v.String()
	if !c.alias && !validText(s) {
		return nil, badText(v.Type())
	}
	return s, nil
}

func ofInterface(c *converter, v reflect.Value) (py.Value, error) {
	if v.IsNil() {
		return nil, nil
	}
	return c.value(v.Elem().Interface())
}

func badText(t reflect.Type) error {
	return &MarshalTypeError{Type: t, Reason: "it is not UTF-8, and Python's str is text; []byte and py.Bytes are for bytes"}
}
