package pickle

import (
	"encoding"
	"math/big"
	"reflect"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// ownOfPlan is the plan for types that are more than their kind, in the order in which it counts: the type's own
// methods for pickles, what Python has a type for, the class that is registered for it, text, errors.
func ownOfPlan(t reflect.Type) *ofPlan {
	if t.Kind() == reflect.Interface {
		return nil // what is in it counts
	}
	switch {
	case isPyType(t):
		return pyOfPlan(t)
	case t.Implements(marshalerType):
		return marshalerOfPlan(t)
	case t.Kind() == reflect.Pointer && t.Implements(foreignType):
		return foreignOfPlan(t)
	}
	switch t {
	case timeType:
		return plainOf(ofTime)
	case durationType:
		return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) { return py.DeltaOf(time.Duration(v.Int())), nil })
	case bigIntType:
		return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) {
			return py.Int(new(big.Int).Set(pointerTo(v).Interface().(*big.Int))), nil
		})
	case bigRatType:
		return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) {
			r := pointerTo(v).Interface().(*big.Rat)
			return &py.Fraction{Num: new(big.Int).Set(r.Num()), Den: new(big.Int).Set(r.Denom())}, nil
		})
	case bigFloatType:
		return plainOf(ofBigFloat)
	}
	switch {
	case t.Kind() == reflect.Pointer && isSpecial(t.Elem()):
		return nil // their methods for text are for other codecs
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(marshalerType):
		return addressedOfPlan(t)
	case isBytes(t):
		return nil
	case t.Implements(textMarshalerType):
		return unlessRegistered(t, textOfPlan(t))
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(textMarshalerType):
		return unlessRegistered(t, addressedOfPlan(t))
	case t.Implements(errorType):
		return unlessRegistered(t, errorOfPlan(t))
	}
	return nil
}

// unlessRegistered is the plan for a type with methods that say what it is as text, unless the registry of the moment has a class for it: who registers the type says more about Python than
// methods do that were made for messages and for other codecs.
func unlessRegistered(t reflect.Type, own *ofPlan) *ofPlan {
	of, instance := t, own
	switch {
	case t.Kind() == reflect.Struct:
		instance = structOfPlan(t, false)
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		of, instance = t.Elem(), pointerOfPlan(t, false)
	default:
		return own
	}
	return &ofPlan{make: instance.make, fill: instance.fill, class: of, conv: func(c *converter, v reflect.Value) (py.Value, error) {
		if c.registry.classOf(of) != nil {
			return instance.conv(c, v)
		}
		return own.conv(c, v)
	}}
}

func isSpecial(t reflect.Type) bool {
	switch t {
	case timeType, durationType, bigIntType, bigRatType, bigFloatType:
		return true
	}
	return false
}

// pyOfPlan is for fields, elements and the like which have a type of package py. A reference type that is held as a value is the same as a pointer to it.
func pyOfPlan(t reflect.Type) *ofPlan {
	switch {
	case referencePyTypes[t]:
		return &ofPlan{conv: func(_ *converter, v reflect.Value) (py.Value, error) { return pointerTo(v).Interface(), nil }}
	case t.Kind() == reflect.Pointer:
		return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) {
			if v.IsNil() {
				return nil, nil
			}
			return v.Interface(), nil
		})
	}
	return plainOf(func(_ *converter, v reflect.Value) (py.Value, error) { return v.Interface(), nil })
}

// foreignOfPlan is for values of other packages that stand for themselves, as those of package py do, until they are written: for that there must be a reducer.
func foreignOfPlan(t reflect.Type) *ofPlan {
	return &ofPlan{conv: func(c *converter, v reflect.Value) (py.Value, error) {
		switch {
		case c.alias:
			return nil, &MarshalTypeError{Type: t, Reason: "the registry has no reducer for it"}
		case v.IsNil():
			return nil, nil
		}
		return v.Interface(), nil
	}}
}

var foreignType = reflect.TypeFor[py.Foreign]()

// pointerTo is the address of v, or of a copy.
func pointerTo(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v.Addr()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// addressedOfPlan is for types whose methods want a pointer.
func addressedOfPlan(t reflect.Type) *ofPlan {
	link := linkOf(reflect.PointerTo(t), false)
	return &ofPlan{conv: func(c *converter, v reflect.Value) (py.Value, error) { return link.get().conv(c, pointerTo(v)) }}
}

func marshalerOfPlan(t reflect.Type) *ofPlan {
	return calledOfPlan(t, func(c *converter, v reflect.Value) (py.Value, error) {
		out, err := v.Interface().(Marshaler).MarshalPickle()
		if err != nil {
			return nil, &MarshalTypeError{Type: t, Err: err}
		}
		return c.further(out)
	})
}

func textOfPlan(t reflect.Type) *ofPlan {
	return calledOfPlan(t, func(_ *converter, v reflect.Value) (py.Value, error) {
		text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		switch {
		case err != nil:
			return nil, &MarshalTypeError{Type: t, Err: err}
		case !validText(string(text)):
			return nil, badText(t)
		}
		return string(text), nil
	})
}

func errorOfPlan(t reflect.Type) *ofPlan {
	return calledOfPlan(t, func(_ *converter, v reflect.Value) (py.Value, error) {
		text := v.Interface().(error).Error()
		if !validText(text) {
			return nil, badText(t)
		}
		return py.RuntimeError("%s", text), nil
	})
}

// calledOfPlan is for types that have a method. A nil pointer is None, and of a pointer the result is kept: it is one value wherever it occurs.
func calledOfPlan(t reflect.Type, call ofFunc) *ofPlan {
	if t.Kind() != reflect.Pointer {
		return &ofPlan{conv: call}
	}
	hasIdentity := t.Elem().Size() > 0
	p := &ofPlan{}
	p.conv = func(c *converter, v reflect.Value) (py.Value, error) {
		if v.IsNil() {
			return nil, nil
		}
		if !hasIdentity {
			return call(c, v)
		}
		k := ofKey{at: goAddress(v), plan: p}
		if known, ok := c.memo[k]; ok {
			return referTo(known, t)
		}
		c.remember(k, unfinished{})
		out, err := call(c, v)
		if err == nil {
			c.remember(k, out)
		}
		return out, err
	}
	return p
}

func ofBigFloat(_ *converter, v reflect.Value) (py.Value, error) {
	f := pointerTo(v).Interface().(*big.Float)
	text := f.Text('g', -1)
	if f.IsInf() {
		text = "Infinity"
		if f.Signbit() {
			text = "-Infinity"
		}
	}
	d, err := py.ParseDecimal(text)
	if err != nil {
		return nil, &MarshalTypeError{Type: bigFloatType, Err: err}
	}
	return d, nil
}

func ofTime(_ *converter, v reflect.Value) (py.Value, error) {
	t := v.Interface().(time.Time)
	// Python's offsets are less than a day.
	if _, offset := t.Zone(); offset <= -24*60*60 || offset >= 24*60*60 {
		t = t.UTC()
	}
	d, err := py.DateTimeOf(t)
	if err != nil {
		return nil, &MarshalTypeError{Type: timeType, Err: err}
	}
	return d, nil
}
