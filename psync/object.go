package psync

import (
	"fmt"
	"runtime"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
)

// object is what every primitive but Lock is made of: a handle to an object of its kind in shared memory. Its exported methods are theirs.
//
// The codec calls MarshalCBOR of a copy. So in the structs of the primitives, Lock's too, nothing changes once they are made: what does is behind a pointer.
type object struct {
	_    handle.NoCopy
	h    *arena.Handle
	kind uint8
}

// create makes the shared object, all zero.
func (o *object) create(kind uint8, size uint64) error {
	h, err := arena.New(arena.Spec{Kind: kind, Size: size})
	if err != nil {
		return err
	}
	o.h, o.kind = h, kind
	return nil
}

// attach makes o a handle to the object of an encoded one. The old handle, if any, is the collector's.
func (o *object) attach(b handle.Blob, kind uint8, size uint64) error {
	h, err := arena.Attach(b.Ref)
	if err != nil {
		return fmt.Errorf("psync: attach a %s: %w", handle.KindName(kind), err)
	}
	if h.Kind() != kind {
		_ = h.Close()
		return fmt.Errorf("%w: a %s was expected, the object is a %s", errs.ErrWrongType, handle.KindName(kind), handle.KindName(h.Kind()))
	}
	if h.Size() < size {
		_ = h.Close()
		return fmt.Errorf("%w: a %s of %d bytes, %d expected", errs.ErrCorrupt, handle.KindName(kind), h.Size(), size)
	}
	o.h, o.kind = h, kind
	return nil
}

// gone reports whether the handle was closed, or is that of a zero value, which has none.
func (o *object) gone() bool { return o.h == nil || o.h.Closed() }

// Close gives this handle up. Whoever waits through it gets ErrClosed at once; other handles, here and elsewhere, are not affected. The memory is freed with
// the last handle of the last process. A second Close is ErrClosed.
func (o *object) Close() error {
	if o.h == nil {
		return errs.ErrClosed
	}
	return o.h.Close()
}

// MarshalCBOR encodes the handle, not the state. It implements cbor.Marshaler, so that the object can be part of an argument,
// of a result or of a queue's item.
func (o *object) MarshalCBOR() ([]byte, error) { return o.encode(arena.Ref{}) }

// encode is the handle's form in a message, with the lock that belongs to it if there is one.
func (o *object) encode(lock arena.Ref) ([]byte, error) {
	switch {
	case o == nil || o.h == nil:
		return nil, fmt.Errorf("psync: an object that no New function of this package made can't be sent")
	case o.h.Closed():
		return nil, fmt.Errorf("psync: sending a %s: %w", handle.KindName(o.kind), errs.ErrClosed)
	}
	defer runtime.KeepAlive(o)
	return handle.Blob{Kind: o.kind, Ref: o.h.Ref(), Lock: lock}.MarshalCBOR()
}
