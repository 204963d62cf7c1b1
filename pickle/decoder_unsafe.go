package pickle

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/py"
)

// stringOf is a string that shares the memory of b, which must not change as long as the string lives.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// textAddress is where the bytes of a string are, by which it is known to be one that has been met.
func textAddress(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

// A Value of a string, an int64, a float64 or a Tuple is an interface, whose second word points to the header of the string or the tuple, or to the number; Go allocates a place for
// each. For many of them the machine makes the places at once, and points the interface to one of them. Nobody can tell the difference: Go never changes what an interface points to.

// valueWords is how Go has a Value in memory.
type valueWords struct{ typ, data unsafe.Pointer }

func typeWord(v py.Value) unsafe.Pointer { return (*valueWords)(unsafe.Pointer(&v)).typ }

var (
	stringWord  = typeWord("")
	int64Word   = typeWord(int64(0))
	float64Word = typeWord(float64(0))
	tupleWord   = typeWord(py.Tuple(nil))
)

// stringAt, int64At, float64At and tupleAt are the Values of what is at a place, which must not be changed any more.
func stringAt(p *string) (v py.Value) {
	*(*valueWords)(unsafe.Pointer(&v)) = valueWords{stringWord, unsafe.Pointer(p)}
	return v
}

func int64At(p *int64) (v py.Value) {
	*(*valueWords)(unsafe.Pointer(&v)) = valueWords{int64Word, unsafe.Pointer(p)}
	return v
}

func float64At(p *float64) (v py.Value) {
	*(*valueWords)(unsafe.Pointer(&v)) = valueWords{float64Word, unsafe.Pointer(p)}
	return v
}

func tupleAt(p *py.Tuple) (v py.Value) {
	*(*valueWords)(unsafe.Pointer(&v)) = valueWords{tupleWord, unsafe.Pointer(p)}
	return v
}
