package shm

import (
	"sync/atomic"
	"unsafe"
)

// pointer and slice give typed access to a payload. Its type was checked against the object's fingerprint, and arena aligns it to 16.

func pointer[T any](p unsafe.Pointer) *T { return (*T)(p) }

func slice[T any](p unsafe.Pointer, n int) []T { return unsafe.Slice((*T)(p), n) }

// atomicAdd adds to an integer of any size with one atomic operation. A payload begins at a multiple of 16 and has at least that many bytes, so the
// aligned word around a small integer is the payload's own.
func atomicAdd[T Integer](p *T, delta T) T {
	switch unsafe.Sizeof(delta) {
	case 8:
		return T(atomic.AddUint64((*uint64)(unsafe.Pointer(p)), uint64(delta)))
	case 4:
		return T(atomic.AddUint32((*uint32)(unsafe.Pointer(p)), uint32(delta)))
	}
	word := (*uint32)(unsafe.Pointer(p))
	for {
		old := atomic.LoadUint32(word)
		next := old
		*(*T)(unsafe.Pointer(&next)) += delta
		if atomic.CompareAndSwapUint32(word, old, next) {
			return *(*T)(unsafe.Pointer(&next))
		}
	}
}
