package pickle

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/py"
)

// The encoder compares the addresses of values and never follows them; what lies there is kept by the encoder (see ident). Strings are written without a copy
// through a slice that nobody may change, which io.Writer demands of every Write.

// boxWords is an interface value: its type and what it holds, or where that is.
type boxWords struct {
	typ, data unsafe.Pointer
}

// pointed is the ident of what a pointer of one of package py's types leads to.
func pointed(k kind, v any) ident {
	return identity(k, uintptr((*boxWords)(unsafe.Pointer(&v)).data))
}

// boxed is the ident of a value that Go keeps by value, by the copy that the interface refers to, and its type: all zero values have one copy. v must be the interface in which the
// value is held, and not one that was made of it for the call.
func boxed(v any) ident {
	w := (*boxWords)(unsafe.Pointer(&v))
	return ident{uintptr(w.data), uint64(kindBoxed)<<56 | uint64(uintptr(w.typ))&(1<<56-1)}
}

// box tells Go values of all types apart, as boxed does those of package py.
type box struct{ typ, data uintptr }

func boxOf(v any) box {
	w := (*boxWords)(unsafe.Pointer(&v))
	return box{uintptr(w.typ), uintptr(w.data)}
}

// textIdent is the ident of a string, Bytes or Str2. The empty ones are nil pointers, or not, but nobody asks.
func textIdent[T ~string](k kind, s T) ident {
	return ident{uintptr(unsafe.Pointer(unsafe.StringData(string(s)))), uint64(k)<<56 | uint64(len(s))}
}

func tupleIdent(t py.Tuple) ident {
	return ident{uintptr(unsafe.Pointer(unsafe.SliceData(t))), uint64(kindTuple)<<56 | uint64(len(t))}
}

func globalIdent(g *py.Global) ident { return identity(kindGlobal, uintptr(unsafe.Pointer(g))) }

// readOnly is the memory of a string.
func readOnly(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// textOf is the memory of b as a string, which is good as long as b is not changed.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
