package envelope

import (
	"reflect"
	"sync"
)

// traits says what can be found in a value of some type, at any depth, so that the walks over values are
// skipped for the many types that need none.
type traits struct {
	dynamic   bool // an any: its content is known only by looking
	recursive bool // may be deep, or a cycle
	times     bool // a time.Time
	optional  bool // a pointer to something that has a nil or null of its own
	carrier   bool // a type that writes its own CBOR, and thus may be a handle of a shared object
}

// vetted reports whether the codec could damage a value in a way that the type does not show.
func (t traits) vetted() bool { return t.dynamic || t.recursive || t.times || t.optional }

var traitsCache sync.Map // reflect.Type -> traits

func traitsOf(t reflect.Type) traits {
	if cached, ok := traitsCache.Load(t); ok {
		return cached.(traits)
	}
	c := traitCollector{state: map[reflect.Type]walkState{}}
	c.visit(t)
	traitsCache.Store(t, c.found)
	return c.found
}

type walkState uint8

const (
	unseen walkState = iota
	above            // an ancestor of the type being visited
	done
)

type traitCollector struct {
	state map[reflect.Type]walkState
	found traits
}

func (c *traitCollector) visit(t reflect.Type) {
	switch c.state[t] {
	case above:
		c.found.recursive = true
		return
	case done:
		return
	}
	c.state[t] = above
	defer func() { c.state[t] = done }()
	if yes, _ := selfMarshals(t); yes {
		c.found.times = c.found.times || t == typeTime
		c.found.carrier = c.found.carrier || t == typeRawTag || reflect.PointerTo(t).Implements(typeCBORMarshaler)
		return
	}
	switch t.Kind() {
	case reflect.Interface:
		c.found.dynamic = true
	case reflect.Pointer:
		if nullable(t.Elem()) {
			c.found.optional = true
		}
		c.visit(t.Elem())
	case reflect.Slice, reflect.Array:
		c.visit(t.Elem())
	case reflect.Map:
		c.visit(t.Key())
		c.visit(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); travels(f) {
				c.visit(f.Type)
			}
		}
	}
}

// nullable reports whether a value of type t may be written as null, so that a pointer to it would arrive as nil.
func nullable(t reflect.Type) bool {
	if t == typeTime || t == typeRawMessage {
		return true
	}
	if yes, _ := selfMarshals(t); yes {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	}
	return false
}

// travels reports whether the codec sends the field f, or promotes fields from inside it.
func travels(f reflect.StructField) bool {
	if f.Name == "_" || f.Tag.Get("cbor") == "-" {
		return false
	}
	return f.IsExported() || f.Anonymous
}
