package shm

import (
	"context"
	"fmt"
	"runtime"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/psync"
)

// A Value is one value of type T in shared memory with a lock that survives the death of its holder.
//
// Load and Store take the lock for that one access. So
//
//	n, _ := v.Load()
//	v.Store(n + 1) // WRONG: another process may have stored in between, and its update is lost
//
// loses updates. Update is the cure: it holds the lock from the read to the write.
//
//	v.Update(func(n *int) { *n++ })
//
// Inside Update the lock is held, and it is not re-entrant: calling Load, Store, Update or Add of the same Value there, or of another object that shares the lock,
// waits for ever. Use the pointer.
//
// A process that is killed inside Update or Store leaves its value half-written: from then on every access returns ErrOwnerDied, in
// every process, until one calls Repair.
//
// A small Value takes 112 bytes of shared memory, its lock included, and about 270 bytes of the Go heap in each process that uses it.
type Value[T any] struct {
	g guard
	p *T
}

// NewValue makes a shared value with a lock of its own, unless an option says otherwise.
func NewValue[T any](v T, opts ...Option) (*Value[T], error) {
	h, err := makeObject[T](objectValue, 1)
	if err != nil {
		return nil, err
	}
	*pointer[T](h.Payload()) = v
	return newValue[T](h, collect(opts))
}

// newValue owns h.
func newValue[T any](h *arena.Handle, o options) (*Value[T], error) {
	v := &Value[T]{p: pointer[T](h.Payload())}
	if err := v.g.init(h, o); err != nil {
		_ = h.Close()
		return nil, err
	}
	return v, nil
}

// Load copies the value out under the lock. It waits while another holds it.
func (v *Value[T]) Load() (T, error) {
	if err := v.g.enter(context.Background(), false); err != nil {
		var zero T
		return zero, err
	}
	out := *v.p
	v.g.leave(false, false)
	runtime.KeepAlive(v)
	return out, nil
}

// Store copies x in under the lock. It waits while another holds it. To change the value depending on what it is, use Update.
func (v *Value[T]) Store(x T) error {
	if err := v.g.enter(context.Background(), true); err != nil {
		return err
	}
	*v.p = x
	v.g.leave(true, false)
	runtime.KeepAlive(v)
	return nil
}

// Update calls f with the shared value itself, under the lock, and waits while another holds it. f must not keep the pointer, nor use this
// Value's methods (it would wait for itself). If f panics the value counts as half-written: see Repair.
func (v *Value[T]) Update(f func(*T)) error { return v.UpdateContext(context.Background(), f) }

// UpdateContext is Update that gives up waiting for the lock when ctx ends; its error then wraps ctx.Err() and f was not called.
func (v *Value[T]) UpdateContext(ctx context.Context, f func(*T)) error {
	if ctx.Err() != nil {
		return errs.FromContext(ctx)
	}
	if err := v.g.enter(ctx, true); err != nil {
		return err
	}
	broken := true
	defer func() {
		v.g.leave(true, broken)
		runtime.KeepAlive(v)
	}()
	f(v.p)
	broken = false
	return nil
}

// Repair calls f with the value under the lock, whatever state it is in, and ends the refusals that a death inside Update has begun. f makes the value
// consistent again; when it panics or dies too, the refusals go on.
func (v *Value[T]) Repair(f func(*T)) error {
	err := v.g.repair(func() { f(v.p) })
	runtime.KeepAlive(v)
	return err
}

// Add adds to an integer under the value's lock and returns the sum.
func Add[T Integer](v *Value[T], delta T) (T, error) {
	if err := v.g.enter(context.Background(), true); err != nil {
		return 0, err
	}
	sum := *v.p + delta
	*v.p = sum
	v.g.leave(true, false)
	runtime.KeepAlive(v)
	return sum, nil
}

// AddRaw adds to an integer with one atomic operation, without a lock, and returns the sum. Don't mix it with Update on the same memory.
func AddRaw[T Integer](r *RawValue[T], delta T) T {
	mustBeOpen(r.h)
	sum := atomicAdd(r.p, delta)
	runtime.KeepAlive(r)
	return sum
}

// Integer is every integer type that can be shared.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Locker returns the value's lock, to hold it over several accesses through Raw or over several objects; nil when it has none. While you hold it the methods of
// the Value would wait for you. It is closed with the Value, unless WithLock brought it.
func (v *Value[T]) Locker() *psync.Lock { return v.g.theLocker() }

// Raw returns a handle to the same memory without the lock. It has to be closed on its own.
func (v *Value[T]) Raw() (*RawValue[T], error) {
	h, err := clone(v.g.obj)
	if err != nil {
		return nil, err
	}
	return newRawValue[T](h), nil
}

// Copy makes a new shared value with the same contents and a lock of its own, unless an option says otherwise.
func (v *Value[T]) Copy(opts ...Option) (*Value[T], error) {
	x, err := v.Load()
	if err != nil {
		return nil, err
	}
	return NewValue(x, opts...)
}

// Close gives this handle up: whoever waits through it gets ErrClosed. Who is inside Update or another method in this process finishes it first. The memory is freed when no process has a handle any more. A second Close is ErrClosed.
func (v *Value[T]) Close() error {
	if v == nil {
		return ErrClosed
	}
	return v.g.close()
}

// String shows the type and the contents, or why they can't be had, for instance who holds the lock: it never waits.
func (v *Value[T]) String() string {
	if v == nil || v.g.obj == nil {
		return fmt.Sprintf("Value[%s](none)", typeName[T]())
	}
	busy, err := v.g.tryEnter()
	switch {
	case err != nil:
		return fmt.Sprintf("Value[%s](%v)", typeName[T](), err)
	case busy:
		return fmt.Sprintf("Value[%s](%s)", typeName[T](), v.g.holder())
	}
	x := *v.p
	v.g.leave(false, false)
	runtime.KeepAlive(v)
	return fmt.Sprintf("Value[%s](%v)", typeName[T](), x)
}

// MarshalCBOR encodes the handle, so that it can be part of an argument or a result.
func (v *Value[T]) MarshalCBOR() ([]byte, error) {
	if v == nil {
		return encode[T](handle.KindValue, nil, nil, 0, 0)
	}
	return encode[T](handle.KindValue, v.g.obj, &v.g, 0, 1)
}

// UnmarshalCBOR makes v a handle to the value that was encoded. It fails with ErrStale when that is gone, and with *TypeMismatchError when it has another T.
func (v *Value[T]) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindValue)
	if err != nil {
		return err
	}
	h, err := attachObject[T](b, objectValue)
	if err != nil {
		return err
	}
	if err := attachGuard(&v.g, h, b); err != nil {
		_ = h.Close()
		return err
	}
	v.p = pointer[T](h.Payload())
	return nil
}
