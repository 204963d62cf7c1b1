package shm

import (
	"fmt"
	"iter"
	"runtime"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
)

// A RawArray is a fixed number of elements of type T in shared memory, without a lock. Slice gives them as an ordinary slice, at the speed
// of ordinary memory.
//
// A process that dies leaves whatever it had stored.
type RawArray[T any] struct {
	h   *arena.Handle
	s   []T // the view
	off int // its first element in the object
}

// NewRawArray makes an array of n elements that are zero. The memory is reserved now, about 0.2 ms for each MiB; it fails with *LayoutError when T can't be shared
// and with ErrNoMemory when the machine or the cgroup has not enough.
func NewRawArray[T any](n int) (*RawArray[T], error) {
	h, err := makeObject[T](objectArray, n)
	if err != nil {
		return nil, err
	}
	return newRawArray[T](h, 0, n), nil
}

// RawArrayOf makes an array with the contents of s.
func RawArrayOf[T any](s []T) (*RawArray[T], error) {
	r, err := NewRawArray[T](len(s))
	if err != nil {
		return nil, err
	}
	copy(r.s, s)
	return r, nil
}

func newRawArray[T any](h *arena.Handle, off, n int) *RawArray[T] {
	return &RawArray[T]{h: h, s: slice[T](h.Payload(), off+n)[off:], off: off}
}

// Slice returns the shared memory itself. The slice is valid until Close, not longer, and does not keep the object alive; so from the first
// call on the garbage collector never frees the object, only Close does, or the end of the process. It panics with ErrClosed after Close.
func (r *RawArray[T]) Slice() []T {
	mustBeOpen(r.h)
	r.h.Pin()
	return r.s
}

// Len is the number of elements.
func (r *RawArray[T]) Len() int { return len(r.s) }

// At returns element i. It panics with *BoundsError outside of the array.
func (r *RawArray[T]) At(i int) T {
	mustBeOpen(r.h)
	if uint(i) >= uint(len(r.s)) {
		panic(&BoundsError{i, -1, len(r.s)})
	}
	x := r.s[i]
	runtime.KeepAlive(r)
	return x
}

// Set stores element i. It panics with *BoundsError outside of the array.
func (r *RawArray[T]) Set(i int, x T) {
	mustBeOpen(r.h)
	if uint(i) >= uint(len(r.s)) {
		panic(&BoundsError{i, -1, len(r.s)})
	}
	r.s[i] = x
	runtime.KeepAlive(r)
}

// View returns elements i to j-1 as an array of its own over the same memory, with a handle of its own that has to be closed as well.
func (r *RawArray[T]) View(i, j int) (*RawArray[T], error) {
	if i < 0 || j < i || j > len(r.s) {
		return nil, &BoundsError{i, j, len(r.s)}
	}
	h, err := clone(r.h)
	if err != nil {
		return nil, err
	}
	return newRawArray[T](h, r.off+i, j-i), nil
}

// All ranges over the elements as they are when it comes to them.
func (r *RawArray[T]) All() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i := range r.Len() {
			if !yield(i, r.At(i)) {
				return
			}
		}
	}
}

// CopyTo copies elements into dst and returns how many: the smaller of the two lengths.
func (r *RawArray[T]) CopyTo(dst []T) int {
	mustBeOpen(r.h)
	n := copy(dst, r.s)
	runtime.KeepAlive(r)
	return n
}

// CopyFrom copies elements from src and returns how many: the smaller of the two lengths.
func (r *RawArray[T]) CopyFrom(src []T) int {
	mustBeOpen(r.h)
	n := copy(r.s, src)
	runtime.KeepAlive(r)
	return n
}

// Fill sets every element.
func (r *RawArray[T]) Fill(x T) {
	mustBeOpen(r.h)
	fill(r.s, x)
	runtime.KeepAlive(r)
}

func fill[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}

// Copy makes a new shared array with the same contents.
func (r *RawArray[T]) Copy() (*RawArray[T], error) {
	if gone(r.h) {
		return nil, ErrClosed
	}
	out, err := RawArrayOf(r.s)
	runtime.KeepAlive(r)
	return out, err
}

// Synchronized wraps the array with a lock, by default the one that every shared object has: two processes that wrap the same raw array, or views
// of it, agree on it. The memory is shared with r, not copied, and is freed when both are closed.
func (r *RawArray[T]) Synchronized(opts ...Option) (*Array[T], error) {
	h, err := clone(r.h)
	if err != nil {
		return nil, err
	}
	return newArray[T](h, r.off, len(r.s), collect(opts))
}

// Close gives this handle up: slices of it must not be used any more. The memory is freed when no process has a handle. A second Close is ErrClosed.
func (r *RawArray[T]) Close() error {
	if r == nil || r.h == nil {
		return ErrClosed
	}
	return r.h.Close()
}

// String shows the type, the length and the first elements.
func (r *RawArray[T]) String() string {
	if r == nil || gone(r.h) {
		return fmt.Sprintf("RawArray[%s](closed)", typeName[T]())
	}
	defer runtime.KeepAlive(r)
	return fmt.Sprintf("RawArray[%s](%s)", typeName[T](), shown(r.s))
}

// shown is the beginning of an array, for String.
func shown[T any](s []T) string {
	const most = 16
	if len(s) <= most {
		return fmt.Sprint(s)
	}
	head := fmt.Sprint(s[:most])
	return fmt.Sprintf("%s ... %d elements]", head[:len(head)-1], len(s))
}

// MarshalCBOR encodes the handle, so that it can be part of an argument or a result.
func (r *RawArray[T]) MarshalCBOR() ([]byte, error) {
	if r == nil {
		return encode[T](handle.KindRawArray, nil, nil, 0, 0)
	}
	return encode[T](handle.KindRawArray, r.h, nil, r.off, len(r.s))
}

// UnmarshalCBOR makes r a handle to the array, or the view, that was encoded. It fails with ErrStale when that is gone, and with *TypeMismatchError when
// it has another T.
func (r *RawArray[T]) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindRawArray)
	if err != nil {
		return err
	}
	h, err := attachObject[T](b, objectArray)
	if err != nil {
		return err
	}
	*r = *newRawArray[T](h, int(b.Off), int(b.Len))
	return nil
}
