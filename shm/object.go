package shm

import (
	"fmt"
	"math"
	"reflect"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/layout"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// What an object in the arena is. The handles of one object may be of different types (a RawArray and the Array around it); the object is the same.
const (
	objectValue = handle.KindRawValue
	objectArray = handle.KindRawArray
)

// flagNoLock, in an encoded handle: the Value or Array has no lock.
const flagNoLock = 1

// makeObject makes an object of n elements of type T.
func makeObject[T any](kind uint8, n int) (*arena.Handle, error) {
	lay, err := layout.For[T]()
	if err != nil {
		return nil, err
	}
	size := uint64(lay.Size)
	switch {
	case n < 0:
		return nil, fmt.Errorf("shm: an array of %d elements can't be made", n)
	case uint64(n) > math.MaxInt64/size: // size is never 0
		return nil, fmt.Errorf("%w: %d elements of %d bytes wanted", errs.ErrNoMemory, n, size)
	}
	return arena.New(arena.Spec{Kind: kind, Size: uint64(n) * size, Type: lay.Fingerprint})
}

// attachObject makes a handle to the object of an encoded handle, after checking that it is what it is said to be.
func attachObject[T any](b handle.Blob, kind uint8) (*arena.Handle, error) {
	lay, err := layout.For[T]()
	if err != nil {
		return nil, err
	}
	h, err := arena.Attach(b.Ref)
	if err != nil {
		return nil, fmt.Errorf("shm: attach a %s of %s: %w", handle.KindName(b.Kind), lay.Name, err)
	}
	if err := check[T](h, lay, b, kind); err != nil {
		_ = h.Close()
		return nil, err
	}
	return h, nil
}

func check[T any](h *arena.Handle, lay *layout.Layout, b handle.Blob, kind uint8) error {
	if h.Kind() != kind {
		return fmt.Errorf("%w: a %s was expected, the object is a %s", errs.ErrWrongType, handle.KindName(kind), handle.KindName(h.Kind()))
	}
	if h.Type() != lay.Fingerprint {
		return &TypeMismatchError{Want: lay.Name, Have: b.Type}
	}
	if kind == objectValue && h.Size() != uint64(lay.Size) {
		return fmt.Errorf("%w: a value of %d bytes in an object of %d", errs.ErrCorrupt, lay.Size, h.Size())
	}
	if kind == objectArray {
		if n := h.Size() / uint64(lay.Size); b.Off > n || b.Len > n-b.Off {
			return fmt.Errorf("%w: a view of elements %d and %d more of an array of %d", errs.ErrCorrupt, b.Off, b.Len, n)
		}
	}
	return nil
}

// encode is the handle's form in a message.
func encode[T any](kind uint8, h *arena.Handle, g *guard, off, n int) ([]byte, error) {
	if h == nil {
		return nil, fmt.Errorf("shm: a %s that was not made by this package can't be sent", handle.KindName(kind))
	}
	if h.Closed() {
		return nil, fmt.Errorf("shm: sending a %s: %w", handle.KindName(kind), errs.ErrClosed)
	}
	lay, err := layout.For[T]()
	if err != nil {
		return nil, err
	}
	b := handle.Blob{Kind: kind, Ref: h.Ref(), Off: uint64(off), Len: uint64(n), Type: lay.Name}
	if g != nil {
		b.Lock = g.lockRef()
		if g.core == nil {
			b.Flags |= flagNoLock
		}
	}
	return b.MarshalCBOR()
}

// attachGuard makes the guard of a decoded Value or Array.
func attachGuard(g *guard, h *arena.Handle, b handle.Blob) error {
	var lock *arena.Handle
	var core *robust.Core
	switch {
	case b.Flags&flagNoLock != 0:
	case b.Lock == (arena.Ref{}):
		lock = h
	default:
		var err error
		if lock, err = arena.Attach(b.Lock); err != nil {
			return fmt.Errorf("shm: attach the lock of a %s: %w", handle.KindName(b.Kind), err)
		}
	}
	if lock != nil {
		core = lock.Lock()
	}
	// All of it: the guard may have been another object's, whose handles the collector takes.
	g.obj, g.lock, g.core, g.lockers = h, lock, core, new(lockers)
	return nil
}

// gone reports whether a handle was closed, or is that of a zero Value, RawArray and so on, which has none.
func gone(h *arena.Handle) bool { return h == nil || h.Closed() }

func clone(h *arena.Handle) (*arena.Handle, error) {
	if h == nil {
		return nil, errs.ErrClosed
	}
	return h.Clone()
}

// mustBeOpen panics for the raw forms, whose accessors have no error to return.
func mustBeOpen(h *arena.Handle) {
	if gone(h) {
		panic(errs.ErrClosed)
	}
}

func typeName[T any]() string { return reflect.TypeFor[T]().String() }
