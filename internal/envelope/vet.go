package envelope

import (
	"fmt"
	"reflect"
	"time"
)

// vet looks for what the codec would change silently, or not survive, in a value whose type alone looks fine.
// It runs before encoding, so that the sender gets the error; a cycle would otherwise end the program.
func vet(v reflect.Value, path string, depth int) error {
	t := v.Type()
	if !traitsOf(t).vetted() {
		return nil
	}
	if depth > MaxDepth {
		return &ValueError{path, fmt.Sprintf("it nests deeper than %d levels; is it a cycle? Send a flat form, such as a slice with indices", MaxDepth)}
	}
	if t == typeTime {
		return vetTime(v.Interface().(time.Time), path)
	}
	if yes, _ := selfMarshals(t); yes {
		return nil
	}
	switch t.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return vetDynamic(v.Elem(), path, depth)
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if isNull(v.Elem()) {
			return &ValueError{path, fmt.Sprintf("a pointer to an empty %s would arrive as a nil pointer; send nil, or a value without the pointer", t.Elem())}
		}
		if t.Elem().Kind() == reflect.Pointer {
			depth++ // on the wire a pointer is no level, but there are types that are nothing but pointers
		}
		return vet(v.Elem(), path, depth)
	case reflect.Slice, reflect.Array:
		if !traitsOf(t.Elem()).vetted() {
			return nil
		}
		for i := range v.Len() {
			if err := vet(v.Index(i), path, depth+1); err != nil {
				return at(err, path, fmt.Sprintf("[%d]", i))
			}
		}
	case reflect.Map:
		keys, values := traitsOf(t.Key()).vetted(), traitsOf(t.Elem()).vetted()
		if !keys && !values {
			return nil
		}
		for iter := v.MapRange(); iter.Next(); {
			if err := vet(iter.Key(), path, depth+1); err != nil {
				return at(err, path, fmt.Sprintf("[key %#v]", iter.Key()))
			}
			if err := vet(iter.Value(), path, depth+1); err != nil {
				return at(err, path, fmt.Sprintf("[%#v]", iter.Key()))
			}
		}
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if !travels(f) {
				continue
			}
			if err := vet(v.Field(i), path, depth+1); err != nil {
				return at(err, path, "."+f.Name)
			}
		}
	}
	return nil
}

// at puts step between the path of the whole and what err already has below it. Paths are built on the way
// back, so that a value without fault costs no strings.
func at(err error, path, step string) error {
	if ve, ok := err.(*ValueError); ok {
		if rest := ve.Path[len(path):]; len(rest) < maxPath {
			ve.Path = path + step + rest
		}
	}
	return err
}

// maxPath keeps the path of a cycle readable: its innermost part says enough.
const maxPath = 200

// vetTime refuses the few times that RFC 3339 can't express.
func vetTime(t time.Time, path string) error {
	if _, offset := t.Zone(); offset%60 != 0 {
		return &ValueError{path, fmt.Sprintf("the zone of %v is off by seconds, which the encoding (RFC 3339) can't express; send t.UTC()", t)}
	}
	if y := t.Year(); y < 0 || y > 9999 {
		return &ValueError{path, fmt.Sprintf("the year %d is outside 0 to 9999, the encoding's (RFC 3339) range; send t.Unix()", y)}
	}
	return nil
}

// isNull reports whether the codec writes v as null.
func isNull(v reflect.Value) bool {
	t := v.Type()
	if !nullable(t) {
		return false
	}
	if t == typeTime {
		return v.Interface().(time.Time).IsZero()
	}
	if t == typeRawMessage {
		return v.Len() == 0
	}
	return v.IsNil()
}

// vetDynamic checks the content of an any: its type must be one that is known on the other side too.
func vetDynamic(v reflect.Value, path string, depth int) error {
	t := v.Type()
	switch {
	case t == typeTime:
		return vetTime(v.Interface().(time.Time), path)
	case t == typeAnySlice, t == typeAnyMap:
		return vet(v, path, depth)
	case t == typeStringMap:
		return vet(v, path, depth+1) // the tag of its box is a level
	case boxing().plain[t], boxing().box[t] != nil:
		return nil
	}
	return &ValueError{path, fmt.Sprintf("an any holds a value of type %s, which the receiver could not restore; "+
		"an any may hold basic types (bool, numbers, string, []byte, time.Time, time.Duration, *big.Int), slices of them, "+
		"[]any, map[string]any and map[any]any: use a field of a concrete type for the rest", t)}
}
