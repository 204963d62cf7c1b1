package queue

import "unsafe"

// bytesOf is the memory of a pointer-free value.
func bytesOf[T any](p *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)) }

// rawSlice is what every slice looks like. T is a slice type of pointer-free elements of the given size, which the caller has checked.
type rawSlice struct {
	ptr      unsafe.Pointer
	len, cap int
}

// sliceBytes is the memory of the elements of the slice *p, or of its whole capacity.
func sliceBytes[T any](p *T, size uintptr, whole bool) []byte {
	s := (*rawSlice)(unsafe.Pointer(p))
	n := s.len
	if whole {
		n = s.cap
	}
	return unsafe.Slice((*byte)(s.ptr), n*int(size))
}

// setSlice makes the slice *p the elements in b. b was made by sliceBytes, or by make([]byte) with a length that is a multiple of size, which the allocator aligns for every
// such element.
func setSlice[T any](p *T, b []byte, size uintptr) {
	if b == nil {
		b = []byte{} // an empty item that found no room: nil would be another value
	}
	s := (*rawSlice)(unsafe.Pointer(p))
	s.ptr, s.len, s.cap = unsafe.Pointer(unsafe.SliceData(b)), len(b)/int(size), cap(b)/int(size)
}

// isNil reports whether the slice *p is nil.
func isNil[T any](p *T) bool { return (*rawSlice)(unsafe.Pointer(p)).ptr == nil }

// stringBytes is the memory of a string, which must not be written.
func stringBytes[T any](p *T) []byte {
	s := *(*string)(unsafe.Pointer(p))
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// setString makes the string *p the bytes b, which nobody changes any more.
func setString[T any](p *T, b []byte) {
	*(*string)(unsafe.Pointer(p)) = unsafe.String(unsafe.SliceData(b), len(b))
}
