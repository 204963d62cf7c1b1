package layout

import (
	"hash/fnv"
	"math/bits"
	"reflect"
	"sync"
)

// Layout is what shared memory needs to know about a type. It is read only and
// shared by all who ask for the same type.
type Layout struct {
	// Size and Align are those of the Go type, in bytes. Size is never zero.
	Size, Align uintptr
	// Name is the canonical text of the type: "struct{X float64; N [3]int32}".
	Name string
	// Fingerprint is a hash of Name, never zero. It depends on nothing else: not
	// on the build, the process or the order of calls.
	Fingerprint uint64
	// Bytes reports that the type is one unsigned byte, so that a slice of it is
	// text or raw data.
	Bytes bool
	// Atomic reports that some part of the type is a value of sync/atomic, which
	// has to be used in place: a copy of it is a snapshot.
	Atomic bool
}

// result is what the cache keeps: one of the two is nil.
type result struct {
	layout *Layout
	err    *Error
}

// cache maps reflect.Type to result. It grows with the types of the program,
// which are few and fixed.
var cache sync.Map

// For is [Of] for a type that is known when the program is compiled.
func For[T any]() (*Layout, error) {
	return Of(reflect.TypeFor[T]())
}

// Of returns the layout of t, or an [*Error] if t cannot live in shared memory.
func Of(t reflect.Type) (*Layout, error) {
	if t == nil {
		return nil, &Error{Type: "nil", Reason: "there is no type; give a value or a type"}
	}
	found, ok := cache.Load(t)
	if !ok {
		found, _ = cache.LoadOrStore(t, compute(t, bits.UintSize))
	}
	r := found.(result)
	if r.err != nil {
		// A copy, because an error's fields are the caller's to change.
		e := *r.err
		return nil, &e
	}
	return r.layout, nil
}

// compute walks t for a platform whose int has intBits bits.
func compute(t reflect.Type, intBits int) result {
	w := walker{root: t, intBits: intBits}
	if err := w.walk(t, t.Name()); err != nil {
		return result{err: err}
	}
	if t.Size() == 0 {
		return result{err: w.refuse(t.Name(), "has no bytes, so there is nothing to share; use a type with at least one field of some size")}
	}
	name := w.text.String()
	return result{layout: &Layout{
		Size:        t.Size(),
		Align:       uintptr(t.Align()),
		Name:        name,
		Fingerprint: fingerprint(name),
		Bytes:       t.Kind() == reflect.Uint8,
		Atomic:      w.atomic,
	}}
}

// fingerprint is FNV-1a of the text. Zero is kept free for "no type", so the one
// text in 2^64 that hashes to it gets another number.
func fingerprint(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	if sum := h.Sum64(); sum != 0 {
		return sum
	}
	return 1
}
