package ctype

import (
	"math/bits"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// All returns the table of this platform, in the order of ctypes' documentation.
// It includes the types that are refused; their Refused says why. The slice is
// the caller's.
func All() []Type { return slices.Clone(host) }

// ByCode returns the type that a letter stands for on this platform: 'i', 'd'.
// It returns an [*UnknownError] for a letter that stands for nothing, and a
// [*RefusedError] for a type that cannot be shared.
func ByCode(code rune) (Type, error) {
	for _, t := range host {
		if t.Code == code {
			return usable(t)
		}
	}
	return Type{}, &UnknownError{What: "code", Got: strconv.QuoteRune(code), Want: "one of " + codes()}
}

// ByName returns the type of a name in ctypes: "c_int", or one of the names of
// fixed width c_int8 to c_int64, c_uint8 to c_uint64, c_size_t and c_ssize_t. It
// returns an [*UnknownError] for a name that ctypes does not have, and a
// [*RefusedError] for a type that cannot be shared.
func ByName(name string) (Type, error) {
	target := name
	if alias, ok := aliases[name]; ok {
		target = alias
	}
	for _, t := range host {
		if t.Name == target && target != "" {
			return usable(t)
		}
	}
	return Type{}, &UnknownError{What: "name", Got: strconv.Quote(name), Want: wantName(name)}
}

// Of returns the type that values of T are in Python, choosing the one that has
// the same size on every platform: int64 is c_longlong ('q'), never c_long. A
// named type counts as what it is made of. The types [WChar] and [LongDouble]
// are c_wchar and c_longdouble; bytes are c_ubyte. Structs, arrays and types that
// hold an address have no code: the error is an [*UnknownError].
func Of[T any]() (Type, error) { return OfType(reflect.TypeFor[T]()) }

// OfType is [Of] for a type that is known only when the program runs.
func OfType(t reflect.Type) (Type, error) { return ofType(t, bits.UintSize) }

func ofType(t reflect.Type, intBits int) (Type, error) {
	if t == nil {
		return Type{}, &UnknownError{What: "Go type", Got: "nil", Want: wantGo}
	}
	switch t {
	case reflect.TypeFor[WChar]():
		return ByName("c_wchar")
	case reflect.TypeFor[LongDouble]():
		return ByName("c_longdouble")
	}
	kind := t.Kind()
	if kind == reflect.Int || kind == reflect.Uint {
		if intBits != 64 {
			return Type{}, &UnknownError{What: "Go type", Got: t.String(),
				Want: kind.String() + "32 or " + kind.String() + "64, because the size of " + kind.String() + " differs between platforms"}
		}
	}
	name, ok := byKind[kind]
	if !ok {
		return Type{}, &UnknownError{What: "Go type", Got: t.String(), Want: wantGo}
	}
	return ByName(name)
}

const wantGo = "bool, an integer, float32, float64, ctype.WChar or ctype.LongDouble"

// byKind names a type that has the same size on every platform for each kind.
var byKind = map[reflect.Kind]string{
	reflect.Bool:    "c_bool",
	reflect.Int8:    "c_byte",
	reflect.Uint8:   "c_ubyte",
	reflect.Int16:   "c_short",
	reflect.Uint16:  "c_ushort",
	reflect.Int32:   "c_int",
	reflect.Uint32:  "c_uint",
	reflect.Int64:   "c_longlong",
	reflect.Uint64:  "c_ulonglong",
	reflect.Int:     "c_longlong",
	reflect.Uint:    "c_ulonglong",
	reflect.Float32: "c_float",
	reflect.Float64: "c_double",
}

// aliases are the names for which ctypes picks a type by its size.
var aliases = aliasesFor(abiOf(runtime.GOOS, runtime.GOARCH))

func aliasesFor(a abi) map[string]string {
	m := map[string]string{
		"c_int8": "c_byte", "c_uint8": "c_ubyte",
		"c_int16": "c_short", "c_uint16": "c_ushort",
		"c_int32": "c_int", "c_uint32": "c_uint",
		"c_int64": "c_longlong", "c_uint64": "c_ulonglong",
		"c_size_t": "c_ulonglong", "c_ssize_t": "c_longlong",
		"c_voidp": "c_void_p",
	}
	if a.pointer == 4 {
		m["c_size_t"], m["c_ssize_t"] = "c_uint", "c_int"
	}
	return m
}

func usable(t Type) (Type, error) {
	if t.Refused != "" {
		return Type{}, &RefusedError{Type: t}
	}
	return t, nil
}

func codes() string {
	var b strings.Builder
	for _, t := range host {
		if t.Refused == "" {
			b.WriteString(strconv.QuoteRune(t.Code))
			b.WriteByte(' ')
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

// wantName guesses at what was meant: ctypes' names are C's, with a prefix and
// without spaces.
func wantName(got string) string {
	guess := strings.ToLower(got)
	guess = guess[strings.LastIndexByte(guess, '.')+1:]
	guess = "c_" + strings.TrimPrefix(guess, "c_")
	var names []string
	for _, t := range host {
		if t.Name != "" && (t.Name == guess || aliases[guess] == t.Name || "c_"+t.CName == guess) {
			if aliases[guess] != "" {
				return strconv.Quote(guess)
			}
			return strconv.Quote(t.Name)
		}
		if t.Name != "" && t.Refused == "" {
			names = append(names, t.Name)
		}
	}
	return "one of " + strings.Join(names, ", ") + ", or a name of fixed width such as c_int32"
}
