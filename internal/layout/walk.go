package layout

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// walker goes over one type, writing its canonical text as it goes. It needs no
// guard against recursion: a Go type can contain itself only through a pointer,
// a slice, a map, a channel, a function or an interface, and those end the walk.
type walker struct {
	root    reflect.Type
	intBits int
	text    strings.Builder
	atomic  bool
}

func (w *walker) refuse(path, reason string) *Error {
	return &Error{Type: w.root.String(), Path: path, Reason: reason}
}

func (w *walker) walk(t reflect.Type, path string) *Error {
	// Types that are known by their name come first: their structure alone would
	// give a reason that names a field the user never wrote, or none at all.
	// Empty structs are the markers inside them (noCopy, align64), which a type
	// declared from one of them keeps.
	empty := t.Kind() == reflect.Struct && t.NumField() == 0
	switch pkg := t.PkgPath(); {
	case empty:
	case pkg == "sync", pkg == "internal/sync":
		return w.refuse(path, syncReason(t))
	case pkg == "sync/atomic":
		return w.walkAtomic(t, path)
	case pkg == "time" && t.Name() == "Time":
		return w.refuse(path, "time.Time holds the address of its time zone; use an int64 with t.UnixNano()")
	}

	switch t.Kind() {
	case reflect.Bool,
		reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		w.text.WriteString(t.Kind().String())
		return nil
	case reflect.Int, reflect.Uint:
		if w.intBits != 64 {
			return w.refuse(path, fmt.Sprintf("%s has %d bits on this platform and 64 on others; use %[1]s32 or %[1]s64", t.Kind(), w.intBits))
		}
		w.text.WriteString(t.Kind().String())
		w.text.WriteString("64")
		return nil
	case reflect.Array:
		w.text.WriteByte('[')
		w.text.WriteString(strconv.Itoa(t.Len()))
		w.text.WriteByte(']')
		return w.walk(t.Elem(), path+"[]")
	case reflect.Struct:
		return w.walkStruct(t, path)
	default:
		return w.refuse(path, kindReason(t))
	}
}

func (w *walker) walkStruct(t reflect.Type, path string) *Error {
	if path != "" {
		path += "."
	}
	w.text.WriteString("struct{")
	for i := range t.NumField() {
		if i > 0 {
			w.text.WriteString("; ")
		}
		f := t.Field(i)
		w.text.WriteString(f.Name)
		w.text.WriteByte(' ')
		if err := w.walk(f.Type, path+f.Name); err != nil {
			return err
		}
	}
	w.text.WriteByte('}')
	return nil
}

// atomicForms are the types of sync/atomic that hold a plain integer.
var atomicForms = map[string]reflect.Type{
	"Bool":   reflect.TypeFor[uint32](),
	"Int32":  reflect.TypeFor[int32](),
	"Int64":  reflect.TypeFor[int64](),
	"Uint32": reflect.TypeFor[uint32](),
	"Uint64": reflect.TypeFor[uint64](),
}

func (w *walker) walkAtomic(t reflect.Type, path string) *Error {
	plain, ok := atomicForms[t.Name()]
	if !ok || t.Size() != plain.Size() {
		return w.refuse(path, atomicReason(t))
	}
	w.atomic = true
	w.text.WriteString(plain.Kind().String())
	if t.Align() != plain.Align() {
		// On 32-bit platforms atomic.Int64 is aligned to 8 bytes and int64 to 4:
		// what follows lies elsewhere, so the text has to differ.
		w.text.WriteString(" align")
		w.text.WriteString(strconv.Itoa(t.Align()))
	}
	return nil
}
