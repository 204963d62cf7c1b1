package ctype

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

func TestByCodeAndName(t *testing.T) {
	for _, want := range All() {
		got, err := ByCode(want.Code)
		if want.Refused != "" {
			var refused *RefusedError
			if !errors.As(err, &refused) || refused.Type != want {
				t.Errorf("ByCode(%q): %v", want.Code, err)
			}
			if _, err := ByName(want.Name); !errors.As(err, &refused) || refused.Type != want {
				t.Errorf("ByName(%q): %v", want.Name, err)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("ByCode(%q) = %v, %v", want.Code, got, err)
		}
		if want.Name == "" {
			continue
		}
		if got, err := ByName(want.Name); err != nil || got != want {
			t.Errorf("ByName(%q) = %v, %v", want.Name, got, err)
		}
	}
}

func TestAllIsACopy(t *testing.T) {
	All()[0].Name = "changed"
	if All()[0].Name != "c_bool" {
		t.Error("a caller can change the table")
	}
}

func TestAliases(t *testing.T) {
	word := unsafe.Sizeof(uintptr(0))
	tests := []struct {
		name   string
		size   uintptr
		signed bool
	}{
		{"c_int8", 1, true}, {"c_int16", 2, true}, {"c_int32", 4, true}, {"c_int64", 8, true},
		{"c_uint8", 1, false}, {"c_uint16", 2, false}, {"c_uint32", 4, false}, {"c_uint64", 8, false},
		{"c_ssize_t", word, true}, {"c_size_t", word, false},
	}
	for _, tt := range tests {
		got, err := ByName(tt.name)
		if err != nil || got.Size != tt.size || got.Signed != tt.signed || got.Kind != Int {
			t.Errorf("ByName(%q) = %v, %v", tt.name, got, err)
		}
	}
	if m := aliasesFor(abiOf("linux", "386")); m["c_size_t"] != "c_uint" || m["c_ssize_t"] != "c_int" {
		t.Errorf("on 32 bits: %v", m)
	}
	if m := aliasesFor(abiOf("windows", "amd64")); m["c_size_t"] != "c_ulonglong" {
		t.Errorf("on 64-bit Windows: %v", m)
	}
}

func TestLookupErrors(t *testing.T) {
	byCode := func(c rune) error { _, err := ByCode(c); return err }
	byName := func(n string) error { _, err := ByName(n); return err }
	tests := []struct {
		err  error
		want string
	}{
		{byCode('x'), "multiproc: no C type has the code 'x': want one of '?' 'c' 'u' 'w' 'b'"},
		{byCode(0), `multiproc: no C type has the code '\x00': want one of`},
		{byName("int"), `multiproc: no C type has the name "int": want "c_int"`},
		{byName("ctypes.c_int16"), `multiproc: no C type has the name "ctypes.c_int16": want "c_int16"`},
		{byName("unsigned long"), `multiproc: no C type has the name "unsigned long": want "c_ulong"`},
		{byName(""), `multiproc: no C type has the name "": want one of c_bool, c_char,`},
		{byName("c_string"), `multiproc: no C type has the name "c_string": want one of c_bool, c_char,`},
		{byName("c_void_p"), "multiproc: c_void_p cannot be shared: it holds a pointer, and an address means nothing in another process; use an index"},
		{byName("c_voidp"), "multiproc: c_void_p cannot be shared"},
		{byCode('z'), "multiproc: c_char_p cannot be shared: it holds a pointer, and an address means nothing in another process; use an Array of c_char"},
	}
	for _, tt := range tests {
		if tt.err == nil || !strings.HasPrefix(tt.err.Error(), tt.want) {
			t.Errorf("got  %v\nwant %s...", tt.err, tt.want)
		}
	}
}

func TestOf(t *testing.T) {
	type celsius float64
	tests := []struct {
		typ  reflect.Type
		code rune
	}{
		{reflect.TypeFor[bool](), '?'},
		{reflect.TypeFor[int8](), 'b'},
		{reflect.TypeFor[byte](), 'B'},
		{reflect.TypeFor[int16](), 'h'},
		{reflect.TypeFor[uint16](), 'H'},
		{reflect.TypeFor[rune](), 'i'},
		{reflect.TypeFor[uint32](), 'I'},
		{reflect.TypeFor[int64](), 'q'},
		{reflect.TypeFor[uint64](), 'Q'},
		{reflect.TypeFor[float32](), 'f'},
		{reflect.TypeFor[celsius](), 'd'},
		{reflect.TypeFor[WChar](), 'u'},
	}
	for _, tt := range tests {
		got, err := OfType(tt.typ)
		if err != nil || got.Code != tt.code || got.Size != tt.typ.Size() {
			t.Errorf("OfType(%v) = %v, %v, want %q", tt.typ, got, err, tt.code)
		}
	}
	for _, typ := range []reflect.Type{
		nil, reflect.TypeFor[string](), reflect.TypeFor[*int](), reflect.TypeFor[uintptr](), reflect.TypeFor[complex128](),
		reflect.TypeFor[[2]int32](), reflect.TypeFor[struct{ X int32 }](), reflect.TypeFor[any](),
	} {
		var unknown *UnknownError
		if got, err := OfType(typ); !errors.As(err, &unknown) || unknown.What != "Go type" {
			t.Errorf("OfType(%v) = %v, %v", typ, got, err)
		}
	}
	if got, err := Of[LongDouble](); err == nil && got.Code != 'g' {
		t.Errorf("Of[LongDouble]() = %v", got)
	}
}

func TestOfInt(t *testing.T) {
	if got, err := ofType(reflect.TypeFor[int](), 64); err != nil || got.Code != 'q' {
		t.Errorf("int on 64 bits: %v, %v", got, err)
	}
	if got, err := ofType(reflect.TypeFor[uint](), 64); err != nil || got.Code != 'Q' {
		t.Errorf("uint on 64 bits: %v, %v", got, err)
	}
	_, err := ofType(reflect.TypeFor[int](), 32)
	if err == nil || !strings.Contains(err.Error(), "want int32 or int64, because the size of int differs between platforms") {
		t.Errorf("int on 32 bits: %v", err)
	}
}

// What the table says of a Go type, and what Of says of it, have the same bytes.
func TestOfIsInverse(t *testing.T) {
	for _, row := range All() {
		if row.Refused != "" {
			continue
		}
		back, err := OfType(row.Go)
		if err != nil || back.Go.Size() != row.Size {
			t.Errorf("%v: OfType(%v) = %v, %v", row, row.Go, back, err)
		}
		if (row.Kind == Int || row.Kind == Float) && (back.Kind != row.Kind || back.Signed != row.Signed) {
			t.Errorf("%v: OfType(%v) = %v", row, row.Go, back)
		}
	}
}

func TestKindString(t *testing.T) {
	if s := WideChar.String(); s != "wide char" {
		t.Error(s)
	}
	if s := Kind(99).String(); s != "Kind(99)" {
		t.Error(s)
	}
}
