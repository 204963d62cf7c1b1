package shm

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/psync"
)

// An Array is a fixed number of elements of type T in shared memory with one lock that survives the death of its holder.
//
// At and Set take the lock for that one element, so reading one, computing and writing it back loses the updates of others in between; and a loop
// over them pays for the lock at every step. Update is the cure of both: it holds the lock once and gives the elements as an ordinary slice.
//
//	a.Update(func(s []float64) {
//		for i := range s {
//			s[i] *= 2
//		}
//	})
//
// Inside Update the lock is held, and it is not re-entrant: calling the methods of the same Array there, of a view of it or of an object that shares the
// lock, waits for ever. Use the slice.
//
// A process that is killed inside Update, Set, Fill or CopyFrom leaves the array half-written: from then on every access returns ErrOwnerDied, in
// every process, until one calls Repair.
type Array[T any] struct {
	g   guard
	s   []T
	off int
}

// NewArray makes an array of n elements that are zero, with a lock of its own unless an option says otherwise. Its memory is reserved now, see NewRawArray.
func NewArray[T any](n int, opts ...Option) (*Array[T], error) {
	h, err := makeObject[T](objectArray, n)
	if err != nil {
		return nil, err
	}
	return newArray[T](h, 0, n, collect(opts))
}

// ArrayOf makes an array with the contents of s.
func ArrayOf[T any](s []T, opts ...Option) (*Array[T], error) {
	a, err := NewArray[T](len(s), opts...)
	if err != nil {
		return nil, err
	}
	copy(a.s, s)
	return a, nil
}

// newArray owns h.
func newArray[T any](h *arena.Handle, off, n int, o options) (*Array[T], error) {
	a := &Array[T]{s: slice[T](h.Payload(), off+n)[off:], off: off}
	if err := a.g.init(h, o); err != nil {
		_ = h.Close()
		return nil, err
	}
	return a, nil
}

// Len is the number of elements. It takes no lock.
func (a *Array[T]) Len() int { return len(a.s) }

// At returns element i, under the lock; *BoundsError outside of the array.
func (a *Array[T]) At(i int) (x T, err error) {
	if uint(i) >= uint(len(a.s)) {
		return x, &BoundsError{i, -1, len(a.s)}
	}
	if err := a.g.enter(context.Background(), false); err != nil {
		return x, err
	}
	x = a.s[i]
	a.g.leave(false, false)
	runtime.KeepAlive(a)
	return x, nil
}

// Set stores element i, under the lock; *BoundsError outside of the array.
func (a *Array[T]) Set(i int, x T) error {
	if uint(i) >= uint(len(a.s)) {
		return &BoundsError{i, -1, len(a.s)}
	}
	if err := a.g.enter(context.Background(), true); err != nil {
		return err
	}
	a.s[i] = x
	a.g.leave(true, false)
	runtime.KeepAlive(a)
	return nil
}

// View returns elements i to j-1 as an array of its own over the same memory, with the same lock and a handle of its own that has to be closed as well.
func (a *Array[T]) View(i, j int) (*Array[T], error) {
	if i < 0 || j < i || j > len(a.s) {
		return nil, &BoundsError{i, j, len(a.s)}
	}
	h, err := clone(a.g.obj)
	if err != nil {
		return nil, err
	}
	v := &Array[T]{s: a.s[i:j:j], off: a.off + i}
	if err := v.g.like(&a.g, h); err != nil {
		_ = h.Close()
		return nil, err
	}
	return v, nil
}

// All ranges over the elements, taking the lock for each: other processes may change them between two steps. For a consistent look, or speed, range inside Update. It
// panics with the error that At would return.
func (a *Array[T]) All() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i := range a.Len() {
			x, err := a.At(i)
			if err != nil {
				panic(err)
			}
			if !yield(i, x) {
				return
			}
		}
	}
}

// CopyTo copies elements into dst, under the lock, and returns how many: the smaller of the two lengths.
func (a *Array[T]) CopyTo(dst []T) (int, error) {
	if err := a.g.enter(context.Background(), false); err != nil {
		return 0, err
	}
	n := copy(dst, a.s)
	a.g.leave(false, false)
	runtime.KeepAlive(a)
	return n, nil
}

// CopyFrom copies elements from src, under the lock, and returns how many: the smaller of the two lengths.
func (a *Array[T]) CopyFrom(src []T) (n int, err error) {
	err = a.Update(func(s []T) { n = copy(s, src) })
	return n, err
}

// Fill sets every element, under the lock.
func (a *Array[T]) Fill(x T) error { return a.Update(func(s []T) { fill(s, x) }) }

// Update calls f with the shared elements themselves, under the lock, and waits while another holds it. f must not keep the slice, nor use this
// Array's methods (it would wait for itself). If f panics the array counts as half-written: see Repair.
func (a *Array[T]) Update(f func([]T)) error { return a.UpdateContext(context.Background(), f) }

// UpdateContext is Update that gives up waiting for the lock when ctx ends; its error then wraps ctx.Err() and f was not called.
func (a *Array[T]) UpdateContext(ctx context.Context, f func([]T)) error {
	err := a.g.update(ctx, func() { f(a.s) })
	runtime.KeepAlive(a)
	return err
}

// Repair calls f with the elements under the lock, whatever state they are in, and ends the refusals that a death inside Update has begun. It is for the whole
// array also when a is a view; when f panics or dies too, the refusals go on.
func (a *Array[T]) Repair(f func([]T)) error {
	err := a.g.repair(func() { f(a.s) })
	runtime.KeepAlive(a)
	return err
}

// Locker returns the array's lock, to hold it over several accesses through Raw or over several objects; nil when it has none. While you hold it the methods of
// the Array would wait for you. It is closed with the Array, unless WithLock brought it.
func (a *Array[T]) Locker() *psync.Lock { return a.g.theLocker() }

// Raw returns a handle to the same elements without the lock. It has to be closed on its own.
func (a *Array[T]) Raw() (*RawArray[T], error) {
	h, err := clone(a.g.obj)
	if err != nil {
		return nil, err
	}
	return newRawArray[T](h, a.off, len(a.s)), nil
}

// Copy makes a new shared array with the same contents and a lock of its own, unless an option says otherwise.
func (a *Array[T]) Copy(opts ...Option) (*Array[T], error) {
	out, err := NewArray[T](len(a.s), opts...)
	if err != nil {
		return nil, err
	}
	if _, err := a.CopyTo(out.s); err != nil {
		_ = out.Close()
		return nil, err
	}
	return out, nil
}

// Close gives this handle up: whoever waits through it gets ErrClosed. Who is inside Update or another method in this process finishes it first. The memory is freed when no process has a handle any more. A second Close is ErrClosed.
func (a *Array[T]) Close() error {
	if a == nil {
		return ErrClosed
	}
	return a.g.close()
}

// String shows the type and the first elements, or why they can't be had, for instance who holds the lock: it never waits.
func (a *Array[T]) String() string {
	if a == nil || a.g.obj == nil {
		return fmt.Sprintf("Array[%s](none)", typeName[T]())
	}
	busy, err := a.g.tryEnter()
	switch {
	case err != nil:
		return fmt.Sprintf("Array[%s](%v)", typeName[T](), err)
	case busy:
		return fmt.Sprintf("Array[%s](%d elements, %s)", typeName[T](), len(a.s), a.g.holder())
	}
	text := shown(a.s)
	a.g.leave(false, false)
	runtime.KeepAlive(a)
	return fmt.Sprintf("Array[%s](%s)", typeName[T](), text)
}

// MarshalCBOR encodes the handle, so that it can be part of an argument or a result.
func (a *Array[T]) MarshalCBOR() ([]byte, error) {
	if a == nil {
		return encode[T](handle.KindArray, nil, nil, 0, 0)
	}
	return encode[T](handle.KindArray, a.g.obj, &a.g, a.off, len(a.s))
}

// UnmarshalCBOR makes a a handle to the array, or the view, that was encoded. It fails with ErrStale when that is gone, and with *TypeMismatchError when it
// has another T.
func (a *Array[T]) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindArray)
	if err != nil {
		return err
	}
	h, err := attachObject[T](b, objectArray)
	if err != nil {
		return err
	}
	if err := attachGuard(&a.g, h, b); err != nil {
		_ = h.Close()
		return err
	}
	a.off = int(b.Off)
	a.s = slice[T](h.Payload(), int(b.Off+b.Len))[b.Off:]
	return nil
}
