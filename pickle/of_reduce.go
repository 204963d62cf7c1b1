package pickle

import (
	"reflect"

	"github.com/multiproc-go/multiproc/py"
)

// RegisterReducer makes reduce say what values of type T are in Python, for all that is written with r. It is for types of others, which can't get a method MarshalPickle, and counts
// more than what such a type has of its own. T is a type with a name, or a pointer to one; for a T, pointers to it are reduced as well, once each.
//
// The other direction is [Registry.Construct], whose function returns a T: it can then be stored wherever a T is wanted. RegisterReducer panics for other types: that is an
// error of the program.
func RegisterReducer[T any](r *Registry, reduce func(v T) (py.Value, error)) {
	t := reflect.TypeFor[T]()
	if !isReducible(t) {
		panic("pickle: RegisterReducer of " + t.String() + ", which is neither a type with a name nor a pointer to one")
	}
	f := func(c *converter, v reflect.Value) (py.Value, error) {
		out, err := reduce(v.Interface().(T))
		if err != nil {
			return nil, &MarshalTypeError{Type: t, Err: err}
		}
		return c.further(out)
	}
	r.changeType(t, func(e *typeEntry) { e.reduce = f })
}

// isReducible tells whether there may be a reducer for the type.
func isReducible(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	return t.PkgPath() != "" && t.Kind() != reflect.Interface && !isPyType(t)
}

// reducerOf is the reducer of a type, nil if there is none.
func (r *Registry) reducerOf(t reflect.Type) ofFunc {
	if r == nil {
		return nil
	}
	if e, ok := r.types.get(t); ok {
		return e.reduce
	}
	return nil
}

// reducible makes a plan ask the registry of the moment first. A pointer whose element has a reducer leads to that, whatever methods the pointer has.
func (p *ofPlan) reducible(t reflect.Type) {
	if !isReducible(t) {
		return
	}
	reduced := calledOfPlan(t, func(c *converter, v reflect.Value) (py.Value, error) { return c.registry.reducerOf(t)(c, v) })
	own := p.conv
	p.typ = t
	p.plain = false
	if t.Kind() != reflect.Pointer {
		p.conv = func(c *converter, v reflect.Value) (py.Value, error) {
			if c.registry.reducerOf(t) != nil {
				return reduced.conv(c, v)
			}
			return own(c, v)
		}
		return
	}
	pointer := pointerOfPlan(t, false)
	p.conv = func(c *converter, v reflect.Value) (py.Value, error) {
		switch {
		case c.registry == nil:
		case c.registry.reducerOf(t) != nil:
			return reduced.conv(c, v)
		case c.registry.reducerOf(t.Elem()) != nil:
			return pointer.conv(c, v)
		}
		return own(c, v)
	}
}

// further converts what a method or a function has made of a value.
func (c *converter) further(v any) (py.Value, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	out, err := c.value(v)
	c.depth--
	return out, err
}
