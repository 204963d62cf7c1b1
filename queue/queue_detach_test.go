//go:build linux

package queue_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

// TestDetach ends the waits through this handle, and no others.
func TestDetach(t *testing.T) {
	empty, full := newQueue[int](t, 1), newQueue[int](t, 1)
	ctx := bounded(t)
	ok(t, full.Put(ctx, 1))
	a, b := twin(t, empty), twin(t, full)
	get := sleeping(t, func() error { _, err := empty.Get(ctx); return err })
	gone := sleeping(t, func() error { _, err := a.Get(ctx); return err })
	put := sleeping(t, func() error { return full.Put(ctx, 2) })
	left := sleeping(t, func() error { return b.Put(ctx, 3) })
	for _, h := range []*queue.Queue[int]{a, b} {
		ok(t, h.Detach())
		wantErr(t, "second Detach", h.Detach(), queue.ErrClosed)
		wantErr(t, "Put", h.Put(ctx, 1), queue.ErrClosed)
		wantErr(t, "TryPut", h.TryPut(1), queue.ErrClosed)
		_, err := h.PutBatch(ctx, []int{1})
		wantErr(t, "PutBatch", err, queue.ErrClosed)
		_, err = h.Get(ctx)
		wantErr(t, "Get", err, queue.ErrClosed)
		_, err = h.TryGet()
		wantErr(t, "TryGet", err, queue.ErrClosed)
		_, err = h.GetBatch(ctx, make([]int, 1))
		wantErr(t, "GetBatch", err, queue.ErrClosed)
		wantErr(t, "Close", h.Close(), queue.ErrClosed)
		_, err = h.MarshalCBOR()
		wantErr(t, "MarshalCBOR", err, queue.ErrClosed)
		want(t, "Len", h.Len(), 0)
		want(t, "String", h.String(), "queue.Queue[int64](closed)")
	}
	wantErr(t, "the Get that waited", gone(), queue.ErrClosed)
	wantErr(t, "the Put that waited", left(), queue.ErrClosed)
	ok(t, empty.Put(ctx, 7))
	ok(t, get())
	want(t, "item", must(full.Get(ctx))(t), 1)
	ok(t, put())
}

// TestDetachRaces: a handle is given up while others use it. What they did not get an error for has happened.
func TestDetachRaces(t *testing.T) {
	q := newQueue[int](t, 4)
	var put, got atomic.Int64
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	for i := range rounds {
		h := twin(t, q)
		var wg sync.WaitGroup
		use := func(fn func(n int) (bool, error)) {
			wg.Go(func() {
				for n := 1; ; n++ {
					switch done, err := fn(n); {
					case errors.Is(err, queue.ErrClosed):
						return
					case err != nil && !errors.Is(err, queue.ErrEmpty) && !errors.Is(err, queue.ErrFull):
						t.Error(err)
						return
					case !done && err == nil:
						t.Error("no error, and nothing done")
						return
					}
				}
			})
		}
		use(func(n int) (bool, error) {
			err := h.TryPut(n)
			if err == nil {
				put.Add(1)
			}
			return err == nil, err
		})
		use(func(int) (bool, error) {
			v, err := h.TryGet()
			if v != 0 {
				got.Add(1)
			}
			return v != 0, err
		})
		use(func(int) (bool, error) {
			v, err := h.Get(bounded(t))
			if v != 0 {
				got.Add(1)
			}
			return v != 0, err
		})
		for range i % 50 {
			runtime.Gosched()
		}
		ok(t, h.Detach())
		testproc.Finish(t, "users of a handle that was given up", wg.Wait)
	}
	want(t, "what is left", int64(q.Len()), put.Load()-got.Load())
}

// TestForgotten: a queue whose handles were forgotten is freed with its items, one in use is not.
func TestForgotten(t *testing.T) {
	census(t)
	func() {
		q := must(queue.New[int](3))(t)
		j := must(queue.NewJoinable[int](3))(t)
		ok(t, q.TryPut(1))
		ok(t, j.TryPut(1))
		must(j.TryGet())(t)
	}()
	put := make(chan struct{})
	got := func() func() error {
		q := must(queue.New[int](3))(t)
		h := twin(t, q)
		go func() {
			<-put
			_ = h.Put(context.Background(), 1)
		}()
		return sleeping(t, func() error { _, err := q.Get(bounded(t)); return err })
	}()
	for range 5 {
		runtime.GC()
	}
	close(put)
	ok(t, got())
}
