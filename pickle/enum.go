package pickle

import (
	"reflect"

	"github.com/multiproc-go/multiproc/py"
)

// EnumValue is what the value of an Enum's member can be for [RegisterEnum].
type EnumValue interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~string
}

// RegisterEnum makes the type T and the members of a Python Enum each other's counterparts, for all that is read and written with r, also as keys and elements of sets:
//
//   - A T is written as the call Class(value), which in Python is the member with that value.
//   - A member is read as a T where a T is wanted. For an any, and for Decode, it stays a *py.Object.
//
// It serves IntEnum, StrEnum, Flag and IntFlag as well, whose combinations are written as numbers, and subclasses of int and str. Whether Python has a member with the value is known to Python
// alone: there it is a ValueError if not. Some members are written by their name and not by their value: those with enum.pickle_by_enum_name or pickle_by_global_name, and up to Python 3.10 what
// the standard library has made of constants, such as signal.SIGINT. They come as a py.Global, and are no T.
//
// As with [RegisterReducer], this counts more than methods that T has for writing. In reading, a method UnmarshalPickle counts more. An Enum that has had several names can be
// registered under each; the first one is written. RegisterEnum panics if T is no type with a name of your own: that is an error of the program.
func RegisterEnum[T EnumValue](r *Registry, module, name string) {
	t := reflect.TypeFor[T]()
	g := py.Global{Module: module, Name: name}
	if t.PkgPath() == "" {
		panic("pickle: RegisterEnum of " + module + "." + name + ": " + t.String() + " is not a type of your own")
	}
	r.changeGlobal(g, func(e *globalEntry) { e.enum = t })
	r.changeType(t, func(e *typeEntry) {
		if e.reduce == nil {
			e.reduce = func(c *converter, v reflect.Value) (py.Value, error) { return ofMember(c, g, v) }
		}
	})
}

// ofMember is the member with a value.
func ofMember(c *converter, class py.Global, v reflect.Value) (py.Value, error) {
	var value py.Value
	var err error
	switch {
	case v.CanInt():
		value = v.Int()
	case v.CanUint():
		value, err = ofUint(c, v)
	default:
		value, err = ofString(c, v)
	}
	if err != nil {
		return nil, err
	}
	return &py.Object{Form: py.Called, Class: class, Args: py.Tuple{value}}, nil
}

// memberAssign is for types that may be registered for an Enum; what is no member goes to other.
func memberAssign(t reflect.Type, other assignFunc) assignFunc {
	return func(a *assigner, v py.Value, dst reflect.Value) error {
		o, ok := v.(*py.Object)
		if !ok || a.registry == nil || a.registry.enumOf(o) != t {
			return other(a, v, dst)
		}
		c := constructionOf(o)
		if len(c.args) != 1 || o.Kwargs != nil || hasItems(o, &c) || hasState(o) {
			return mismatch(v, dst, "it has more than a value, or none, and its class was registered as an Enum")
		}
		return at(other(a, c.args[0], dst), ".value")
	}
}

// enumOf is the type that is registered for an instance of an Enum, nil if there is none.
func (r *Registry) enumOf(o *py.Object) reflect.Type {
	g, ok := constructionOf(o).class.(py.Global)
	if !ok {
		return nil
	}
	if e, ok := r.names.get(g); ok {
		return e.enum
	}
	return nil
}

// mayBeEnum tells whether RegisterEnum takes the type.
func mayBeEnum(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.String:
		return t.PkgPath() != ""
	}
	return false
}
