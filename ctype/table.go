package ctype

import (
	"reflect"
	"runtime"
)

// host is the table of the platform this program was built for. Never written.
var host = table(runtime.GOOS, runtime.GOARCH)

// table builds the rows of one platform, in the order of ctypes' documentation.
// It is a pure function of its arguments, except that the Go types for wchar_t
// and long double are those of this build, or nil if they do not fit.
func table(goos, goarch string) []Type {
	a := abiOf(goos, goarch)
	const (
		inArray = 1 << iota
		inMultiprocessing
		inBoth = inArray | inMultiprocessing
	)
	var rows []Type
	add := func(code rune, name, cname string, size, align uintptr, kind Kind, signed bool, goType reflect.Type, in int) {
		rows = append(rows, Type{
			Code: code, Letter: code, Name: name, Class: name, CName: cname,
			Size: size, Align: align, Kind: kind, Signed: signed, Go: goType,
			InArray: in&inArray != 0, InMultiprocessing: in&inMultiprocessing != 0,
		})
	}

	add('?', "c_bool", "_Bool", 1, 1, Bool, false, reflect.TypeFor[bool](), 0)
	add('c', "c_char", "char", 1, 1, Char, false, reflect.TypeFor[byte](), inMultiprocessing)
	add('u', "c_wchar", "wchar_t", a.wchar, a.wchar, WideChar, false, fitting[WChar](a.wchar), inBoth)
	add('w', "", "Py_UCS4", 4, 4, WideChar, false, reflect.TypeFor[rune](), inArray)
	add('b', "c_byte", "signed char", 1, 1, Int, true, intType(1, true), inBoth)
	add('B', "c_ubyte", "unsigned char", 1, 1, Int, false, intType(1, false), inBoth)
	add('h', "c_short", "short", 2, 2, Int, true, intType(2, true), inBoth)
	add('H', "c_ushort", "unsigned short", 2, 2, Int, false, intType(2, false), inBoth)
	add('i', "c_int", "int", 4, 4, Int, true, intType(4, true), inBoth)
	add('I', "c_uint", "unsigned int", 4, 4, Int, false, intType(4, false), inBoth)
	add('l', "c_long", "long", a.long, a.long, Int, true, intType(a.long, true), inBoth)
	add('L', "c_ulong", "unsigned long", a.long, a.long, Int, false, intType(a.long, false), inBoth)
	add('q', "c_longlong", "long long", 8, a.wideAlign, Int, true, intType(8, true), inBoth)
	add('Q', "c_ulonglong", "unsigned long long", 8, a.wideAlign, Int, false, intType(8, false), inBoth)
	add('f', "c_float", "float", 4, 4, Float, true, reflect.TypeFor[float32](), inBoth)
	add('d', "c_double", "double", 8, a.wideAlign, Float, true, reflect.TypeFor[float64](), inBoth)
	ld := a.longDouble
	add('g', "c_longdouble", "long double", ld.size, ld.align, Float, true, fitting[LongDouble](ld.size), 0)
	if ld.encoding == encUnknown {
		refuse(&rows[len(rows)-1], "the format of long double on "+goos+"/"+goarch+" is not known; use c_double")
	}

	for _, p := range [...]struct {
		code                 rune
		name, cname, instead string
	}{
		{'z', "c_char_p", "char *", "use an Array of c_char"},
		{'Z', "c_wchar_p", "wchar_t *", "use an Array of c_wchar"},
		{'P', "c_void_p", "void *", "use an index or offset as c_uint64"},
		{'O', "py_object", "PyObject *", "encode it, e.g. as bytes in a shared array"},
	} {
		add(p.code, p.name, p.cname, a.pointer, a.pointer, Pointer, false, nil, 0)
		refuse(&rows[len(rows)-1], "it holds a pointer, and an address means nothing in another process; "+p.instead)
	}

	mergeClasses(rows)
	return rows
}

func refuse(t *Type, reason string) {
	t.Refused = reason
	t.Go = nil
}

// mergeClasses does what ctypes does when it is imported: where two C types of
// the same kind have one size, one class serves for both.
func mergeClasses(rows []Type) {
	byName := make(map[string]*Type, len(rows))
	for i := range rows {
		byName[rows[i].Name] = &rows[i]
	}
	// In this order: with long long the same as long, c_long keeps its own class.
	for _, p := range [...]struct{ name, class string }{
		{"c_int", "c_long"},
		{"c_uint", "c_ulong"},
		{"c_longlong", "c_long"},
		{"c_ulonglong", "c_ulong"},
		{"c_longdouble", "c_double"},
	} {
		t, class := byName[p.name], byName[p.class]
		if t.Size == class.Size {
			t.Letter, t.Class = class.Letter, class.Name
		}
	}
}

func intType(size uintptr, signed bool) reflect.Type {
	switch {
	case size == 1 && signed:
		return reflect.TypeFor[int8]()
	case size == 1:
		return reflect.TypeFor[uint8]()
	case size == 2 && signed:
		return reflect.TypeFor[int16]()
	case size == 2:
		return reflect.TypeFor[uint16]()
	case size == 4 && signed:
		return reflect.TypeFor[int32]()
	case size == 4:
		return reflect.TypeFor[uint32]()
	case signed:
		return reflect.TypeFor[int64]()
	default:
		return reflect.TypeFor[uint64]()
	}
}

// fitting returns the type T if it has the given size.
func fitting[T any](size uintptr) reflect.Type {
	if t := reflect.TypeFor[T](); t.Size() == size {
		return t
	}
	return nil
}
