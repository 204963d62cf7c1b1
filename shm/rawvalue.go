package shm

import (
	"fmt"
	"runtime"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
)

// A RawValue is one value of type T in shared memory, without a lock: it is used like ordinary memory, at its speed, and two processes that
// use it at once must agree on how (a sync/atomic type as T, a psync.Lock, or turns).
//
// It takes 112 bytes of shared memory for a T of up to 16 bytes. A process that dies leaves whatever it had stored.
type RawValue[T any] struct {
	h *arena.Handle
	p *T
}

// NewRawValue makes a shared value. It fails with *LayoutError when T can't be shared (see the package's documentation) and with ErrNoMemory.
func NewRawValue[T any](v T) (*RawValue[T], error) {
	h, err := makeObject[T](objectValue, 1)
	if err != nil {
		return nil, err
	}
	r := newRawValue[T](h)
	*r.p = v
	return r, nil
}

func newRawValue[T any](h *arena.Handle) *RawValue[T] {
	return &RawValue[T]{h, pointer[T](h.Payload())}
}

// Ptr returns the shared memory itself. The pointer is valid until Close, not longer, and does not keep the object alive; so from the first
// call on the garbage collector never frees the object, only Close does, or the end of the process. It panics with ErrClosed after Close.
func (r *RawValue[T]) Ptr() *T {
	mustBeOpen(r.h)
	r.h.Pin()
	return r.p
}

// Load copies the value out, without a lock: it may be torn when T is larger than a word and somebody stores meanwhile.
func (r *RawValue[T]) Load() T {
	mustBeOpen(r.h)
	v := *r.p
	runtime.KeepAlive(r)
	return v
}

// Store copies v in, without a lock.
func (r *RawValue[T]) Store(v T) {
	mustBeOpen(r.h)
	*r.p = v
	runtime.KeepAlive(r)
}

// Copy makes a new shared value with the same contents.
func (r *RawValue[T]) Copy() (*RawValue[T], error) {
	if gone(r.h) {
		return nil, ErrClosed
	}
	return NewRawValue(r.Load())
}

// Synchronized wraps the value with a lock, by default the one that every shared object has: two processes that wrap the same raw value
// agree on it. The memory is shared with r, not copied, and is freed when both are closed.
func (r *RawValue[T]) Synchronized(opts ...Option) (*Value[T], error) {
	h, err := clone(r.h)
	if err != nil {
		return nil, err
	}
	return newValue[T](h, collect(opts))
}

// Close gives this handle up. The memory is freed when no process has a handle any more. A second Close is ErrClosed.
func (r *RawValue[T]) Close() error {
	if r == nil || r.h == nil {
		return ErrClosed
	}
	return r.h.Close()
}

// String shows the type and the contents.
func (r *RawValue[T]) String() string {
	if r == nil || gone(r.h) {
		return fmt.Sprintf("RawValue[%s](closed)", typeName[T]())
	}
	return fmt.Sprintf("RawValue[%s](%v)", typeName[T](), r.Load())
}

// MarshalCBOR encodes the handle, so that it can be part of an argument or a result.
func (r *RawValue[T]) MarshalCBOR() ([]byte, error) {
	if r == nil {
		return encode[T](handle.KindRawValue, nil, nil, 0, 0)
	}
	return encode[T](handle.KindRawValue, r.h, nil, 0, 1)
}

// UnmarshalCBOR makes r a handle to the value that was encoded. It fails with ErrStale when that is gone, and with *TypeMismatchError when it has another T.
func (r *RawValue[T]) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindRawValue)
	if err != nil {
		return err
	}
	h, err := attachObject[T](b, objectValue)
	if err != nil {
		return err
	}
	*r = *newRawValue[T](h)
	return nil
}
