package envelope

import "reflect"

// CheckType reports whether every value of type t arrives in another process as it was sent, as far as the
// type alone can tell. The error is a *TypeError that names the first part which would not.
//
// It allows booleans, integers, floats, strings, and pointers, slices, arrays, maps and structs of them, any
// (see Encode for what it may hold), and every type that marshals itself. It is a walk over the type by reflection,
// some microseconds for a large one; recursive types are fine.
func CheckType(t reflect.Type) error {
	c := checker{seen: map[reflect.Type]bool{}}
	if problem := c.check(t, t.String()); problem != nil {
		return problem
	}
	return nil
}

type checker struct {
	seen map[reflect.Type]bool
}

func (c *checker) check(t reflect.Type, path string) *TypeError {
	if c.seen[t] {
		return nil
	}
	c.seen[t] = true
	if yes, reason := selfMarshals(t); reason != "" {
		return &TypeError{t.String(), path, reason}
	} else if yes {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return c.check(t.Elem(), path)
	case reflect.Slice, reflect.Array:
		return c.check(t.Elem(), path+"[]")
	case reflect.Map:
		if problem := checkKey(t.Key(), path+"[key]"); problem != nil {
			return problem
		}
		if problem := c.check(t.Key(), path+"[key]"); problem != nil {
			return problem
		}
		return c.check(t.Elem(), path+"[]")
	case reflect.Struct:
		fields, problem := fieldsOf(t)
		if problem != nil {
			problem.Path = path + problem.Path
			return problem
		}
		for _, f := range fields {
			if problem := c.check(f.typ, path+f.path); problem != nil {
				return problem
			}
		}
		return nil
	}
	if reason := refusedKind(t); reason != "" {
		return &TypeError{t.String(), path, reason}
	}
	return nil
}

// refusedKind says why no value of t's kind can travel, or "".
func refusedKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Chan:
		return "a channel connects goroutines of one process; send what it would carry, or a shared array"
	case reflect.Func:
		return "a function can't leave its process; register it, and send its name or its arguments"
	case reflect.UnsafePointer, reflect.Uintptr:
		return "an address means nothing in another process; send the value, or a shared object"
	case reflect.Complex64, reflect.Complex128:
		return "the wire format (CBOR) has no complex numbers; send [2]float64, or a shared array of them"
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return "the receiver can't know which type is behind the interface; use a concrete type, or any with the basic types"
		}
	}
	return ""
}

// checkKey refuses map keys whose equality does not survive the way.
func checkKey(t reflect.Type, path string) *TypeError {
	if yes, _ := selfMarshals(t); yes {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return &TypeError{t.String(), path, "a pointer as a map key is compared by its address, which changes on the way; use the value as the key"}
	case reflect.Array:
		return checkKey(t.Elem(), path+"[]")
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if problem := checkKey(f.Type, path+"."+f.Name); problem != nil {
				return problem
			}
		}
	}
	return nil
}
