//go:build linux

package queue_test

import (
	"errors"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

// handles are all types that can be part of an item.
type handles struct {
	Lock      *psync.Lock
	RLock     *psync.RLock
	Semaphore *psync.Semaphore
	Bounded   *psync.BoundedSemaphore
	Event     *psync.Event
	Condition *psync.Condition
	Barrier   *psync.Barrier
	Value     *shm.Value[int64]
	RawValue  *shm.RawValue[int64]
	Array     *shm.Array[int64]
	RawArray  *shm.RawArray[int64]
	Queue     *queue.Queue[int]
	Joinable  *queue.JoinableQueue[int]
	Conn      *queue.Conn[int]
}

func newHandles(t *testing.T) *handles {
	h := new(handles)
	var err [14]error
	h.Lock, err[0] = psync.NewLock()
	h.RLock, err[1] = psync.NewRLock()
	h.Semaphore, err[2] = psync.NewSemaphore(1)
	h.Bounded, err[3] = psync.NewBoundedSemaphore(1)
	h.Event, err[4] = psync.NewEvent()
	h.Condition, err[5] = psync.NewCondition(nil)
	h.Barrier, err[6] = psync.NewBarrier(2)
	h.Value, err[7] = shm.NewValue(int64(1))
	h.RawValue, err[8] = shm.NewRawValue(int64(1))
	h.Array, err[9] = shm.NewArray[int64](3)
	h.RawArray, err[10] = shm.NewRawArray[int64](3)
	h.Queue, err[11] = queue.New[int](3)
	h.Joinable, err[12] = queue.NewJoinable[int](3)
	var other *queue.Conn[int]
	h.Conn, other, err[13] = queue.NewPipe[int]()
	ok(t, errors.Join(err[:]...))
	t.Cleanup(func() { _ = other.Close() })
	return h
}

// TestNothingInHandlesChanges: the codec copies the structs of handles to call their methods, while others use them. So what changes must not be in them.
func TestNothingInHandlesChanges(t *testing.T) {
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		switch pkg := typ.PkgPath(); {
		case pkg == "sync", pkg == "sync/atomic", pkg == "github.com/multiproc-go/multiproc/internal/await":
			t.Errorf("%s is a %v", path, typ)
		case typ.Kind() == reflect.Struct:
			for i := range typ.NumField() {
				f := typ.Field(i)
				walk(path+"."+f.Name, f.Type)
			}
		case typ.Kind() == reflect.Array:
			walk(path+"[]", typ.Elem())
		}
	}
	all := reflect.TypeFor[handles]()
	for i := range all.NumField() {
		walk(all.Field(i).Name, all.Field(i).Type.Elem())
	}
}

// use calls what changes a handle's own state.
func (h *handles) use(t *testing.T) {
	t.Helper()
	ctx := bounded(t)
	h.Lock.Lock()
	h.Lock.Unlock()
	r := h.RLock.Holder()
	r.Lock()
	r.Unlock()
	ok(t, h.Semaphore.Acquire(ctx))
	ok(t, h.Semaphore.Release())
	ok(t, h.Bounded.Acquire(ctx))
	ok(t, h.Bounded.Release())
	ok(t, h.Event.Set())
	ok(t, h.Event.Wait(ctx))
	ok(t, h.Event.Clear())
	h.Condition.Locker().Lock()
	ok(t, h.Condition.Notify(1))
	_, err := h.Value.Locker().Acquire(ctx)
	ok(t, err)
	h.Value.Locker().Unlock()
	h.Condition.Locker().Unlock()
	ok(t, h.Barrier.Reset())
	_, err = h.Value.Load()
	ok(t, err)
	_, err = h.Array.At(0)
	ok(t, err)
	ok(t, h.Queue.Put(ctx, 1))
	_, err = h.Queue.Get(ctx)
	ok(t, err)
	ok(t, h.Joinable.Put(ctx, 1))
	_, err = h.Joinable.Get(ctx)
	ok(t, err)
	ok(t, h.Joinable.TaskDone())
	_, err = h.Conn.Poll(0)
	ok(t, err)
}

// close gives all handles up, also those that did not arrive because their object was closed meanwhile.
func (h *handles) close() {
	for _, c := range []interface{ Close() error }{
		h.Lock, h.RLock, h.Semaphore, h.Bounded, h.Event, h.Condition, h.Barrier, h.Value, h.RawValue, h.Array, h.RawArray, h.Conn,
	} {
		_ = c.Close()
	}
	_ = h.Queue.Detach()
	_ = h.Joinable.Detach()
}

// TestSentWhileUsed is for the race detector: handles are used, and closed in the end, while they are sent.
func TestSentWhileUsed(t *testing.T) {
	h := newHandles(t)
	q, err := queue.New[*handles](1)
	ok(t, err)
	defer q.Detach()
	ctx := bounded(t)
	var arrived atomic.Int32
	sent, received := make(chan error), make(chan error)
	go func() {
		for {
			if err := q.Put(ctx, h); err != nil { // one of them is closed
				sent <- err
				return
			}
		}
	}()
	go func() {
		for {
			got, err := q.Get(ctx)
			if errors.Is(err, queue.ErrClosed) {
				received <- nil
				return
			}
			if err != nil && !errors.Is(err, errs.ErrStale) { // some were closed on the way
				received <- err
				return
			}
			if got != nil {
				got.close()
			}
			arrived.Add(1)
		}
	}()
	for arrived.Load() < 20 && ctx.Err() == nil {
		h.use(t)
	}
	h.close()
	if err := <-sent; ctx.Err() != nil {
		t.Error(err)
	}
	ok(t, q.Close())
	ok(t, <-received)
}
