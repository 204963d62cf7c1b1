package ctype

import (
	"fmt"
	"reflect"
)

// Kind is what Python makes of the bytes of a type.
type Kind uint8

const (
	Invalid  Kind = iota
	Bool          // True or False
	Char          // a bytes object of length 1
	WideChar      // a str of length 1
	Int           // an int
	Float         // a float
	Pointer       // an address; never shared
)

var kindNames = [...]string{"invalid", "bool", "char", "wide char", "int", "float", "pointer"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Type is one C type as Python sees it on one platform. It is a plain value and
// may be compared with ==.
type Type struct {
	// Code is the letter that [ByCode] takes: the code of the array and
	// multiprocessing modules, or ctypes' letter where those have none.
	Code rune
	// Letter is the _type_ of the ctypes class, or 0 for 'w', which has none. It
	// differs from Code where Python makes one class serve two C types: on
	// 64-bit Unix the _type_ of c_longlong is 'l'.
	Letter rune
	// Name is the type's name in ctypes ("c_int"), or "" for 'w'.
	Name string
	// Class is the __name__ of the class that Name refers to, which is what a
	// pickle holds. It differs from Name where one class has two names: on 64-bit
	// Unix ctypes.c_longlong is the class c_long.
	Class string
	// CName is the type's name in C: "unsigned int".
	CName string
	// Size and Align are in bytes; Align is that of a field in a C struct.
	Size, Align uintptr
	// Kind is what Python makes of the bytes.
	Kind Kind
	// Signed reports whether values below zero exist as Python sees them: false
	// for bool and characters, whatever C says of char and wchar_t.
	Signed bool
	// Go is the Go type of the same bytes, or nil if the type is refused.
	Go reflect.Type
	// InArray and InMultiprocessing report whether array.array and
	// multiprocessing.Value take Code in current versions of Python.
	InArray, InMultiprocessing bool
	// Refused is empty for a type that can be shared. Otherwise it says why not
	// and what to use in its place.
	Refused string
}

// String returns the type's names and size: "c_int ('i', int, 4 bytes)".
func (t Type) String() string {
	name := t.Name
	if name == "" {
		name = "code"
	}
	return fmt.Sprintf("%s (%q, %s, %d bytes)", name, t.Code, t.CName, t.Size)
}
