package pickle

import (
	"reflect"
	"unsafe"

	"github.com/multiproc-go/multiproc/py"
)

// An address keeps what is there alive, so that it can't become the address of something else while it is a key.
type address = unsafe.Pointer

// goAddress is where a pointer, map or slice leads.
func goAddress(v reflect.Value) address { return v.UnsafePointer() }

// pyIdentity is what makes a Python value the same as another; not ok for values that have no identity that Go could show: numbers, text, None.
func pyIdentity(v py.Value) (at address, n int, ok bool) {
	switch x := v.(type) {
	case *py.List:
		return address(x), 0, true
	case *py.Dict:
		return address(x), 0, true
	case py.Tuple:
		return address(unsafe.SliceData(x)), len(x), len(x) > 0
	case *py.Object:
		return address(x), 0, true
	case *py.OrderedDict:
		return address(x), 0, true
	case *py.Set:
		return address(x), 0, true
	case *py.FrozenSet:
		return address(x), 0, true
	case *py.ByteArray:
		return address(x), 0, true
	case *py.Array:
		return address(x), 0, true
	case *py.Exception:
		return address(x), 0, true
	}
	return nil, 0, false
}

// bytesOf makes bytes of b. With alias it shares b's memory, which is for values that live no longer than the call that got b.
func bytesOf(b []byte, alias bool) py.Bytes {
	if alias {
		return py.Bytes(unsafe.String(unsafe.SliceData(b), len(b)))
	}
	return py.Bytes(b)
}
