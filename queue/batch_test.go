//go:build linux

package queue_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

func numbers(n int) []int {
	vs := make([]int, n)
	for i := range vs {
		vs[i] = i
	}
	return vs
}

func TestBatch(t *testing.T) {
	q := newQueue[int](t, 1000)
	ctx := bounded(t)
	if n, err := q.PutBatch(ctx, nil); n != 0 || err != nil {
		t.Error(n, err)
	}
	if n, err := q.GetBatch(ctx, nil); n != 0 || err != nil { // at once: there is nothing to wait for
		t.Error(n, err)
	}
	for _, n := range []int{1, 63, 64, 65, 500, 1000} {
		if k, err := q.PutBatch(ctx, numbers(n)); k != n || err != nil {
			t.Fatal(k, err)
		}
		want(t, "Len", q.Len(), n)
		room := make([]int, 1200)
		for next := 0; next < n; {
			k, err := q.GetBatch(ctx, room)
			ok(t, err)
			for _, v := range room[:k] {
				want(t, "item", v, next)
				next++
			}
		}
	}
}

// TestBatchWaits: GetBatch waits for the first item only; PutBatch for room for all.
func TestBatchWaits(t *testing.T) {
	q := newQueue[int](t, 4)
	ctx := bounded(t)
	n := 0
	room := make([]int, 10)
	get := sleeping(t, func() (err error) { n, err = q.GetBatch(ctx, room); return err })
	ok(t, q.Put(ctx, 5))
	ok(t, get())
	want(t, "items", n, 1)
	want(t, "item", room[0], 5)

	put := sleeping(t, func() (err error) { n, err = q.PutBatch(ctx, numbers(10)); return err })
	for i := range 10 {
		want(t, "item", must(q.Get(ctx))(t), i)
	}
	ok(t, put())
	want(t, "put", n, 10)
}

// TestBatchCutShort: what PutBatch says it has put is in the queue, and no more.
func TestBatchCutShort(t *testing.T) {
	for _, c := range []struct {
		capacity, batch int
	}{{4, 10}, {1, 3}, {70, 200}} {
		q := newQueue[int](t, c.capacity)
		n, err := q.PutBatch(untilFull(t), numbers(c.batch))
		wantErr(t, "PutBatch", err, context.Canceled)
		want(t, "put", n, c.capacity)
		want(t, "Len", q.Len(), c.capacity)

		other := twin(t, q)
		put := sleeping(t, func() (err error) { n, err = other.PutBatch(bounded(t), numbers(3)); return err })
		want(t, "item", must(q.Get(bounded(t)))(t), 0)
		testproc.Eventually(t, "the first of them", func() bool { return q.Len() == c.capacity })
		ok(t, q.Close())
		wantErr(t, "PutBatch into a closed queue", put(), queue.ErrClosed)
		want(t, "put", n, 1)
		got := 0
		for range q.All(bounded(t)) {
			got++
		}
		want(t, "got", got, c.capacity)
		ok(t, other.Detach())
	}
}

// TestBatchMixedSizes: large items among small ones keep their places.
func TestBatchMixedSizes(t *testing.T) {
	q := newQueue[string](t, 100, queue.WithMemory(1024))
	var vs []string
	for i := range 150 {
		vs = append(vs, strings.Repeat(string(rune('a'+i%26)), []int{0, 3, 100, 600, 5000}[i%5]))
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if n, err := q.PutBatch(bounded(t), vs); n != len(vs) || err != nil {
			t.Error(n, err)
		}
	})
	room := make([]string, 7)
	for i := 0; i < len(vs); {
		n, err := q.GetBatch(bounded(t), room)
		ok(t, err)
		for _, v := range room[:n] {
			if v != vs[i] {
				t.Fatalf("item %d: %.20q, want %.20q", i, v, vs[i])
			}
			i++
		}
	}
	testproc.Finish(t, "PutBatch", wg.Wait)
}

// TestBatchesBetweenMany: several put and get batches; nothing is lost or doubled, and each producer's items stay in order.
func TestBatchesBetweenMany(t *testing.T) {
	q := newQueue[[2]int](t, 37)
	const n, producers = 3000, 4
	var puts, gets sync.WaitGroup
	var mu sync.Mutex
	seen := map[[2]int]int{}
	for p := range producers {
		puts.Go(func() {
			for i := 0; i < n; {
				vs := make([][2]int, min(1+i%100, n-i))
				for k := range vs {
					vs[k] = [2]int{p, i + k}
				}
				if k, err := q.PutBatch(bounded(t), vs); k != len(vs) || err != nil {
					t.Error(k, err)
					return
				}
				i += len(vs)
			}
		})
		gets.Go(func() {
			var last [producers]int
			room := make([][2]int, 1+p*30)
			for {
				k, err := q.GetBatch(bounded(t), room)
				if errors.Is(err, queue.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, v := range room[:k] {
					seen[v]++
					if v[1] < last[v[0]] {
						t.Errorf("item %d of producer %d after %d", v[1], v[0], last[v[0]])
					}
					last[v[0]] = v[1]
				}
				mu.Unlock()
			}
		})
	}
	testproc.Finish(t, "producers", puts.Wait)
	ok(t, q.Close())
	testproc.Finish(t, "consumers", gets.Wait)
	want(t, "items", len(seen), n*producers)
	for v, times := range seen {
		if times != 1 {
			t.Fatalf("%v was got %d times", v, times)
		}
	}
}

// TestStackMoves: values on a stack that grows while they are being put and got, and while the collector runs, arrive.
func TestStackMoves(t *testing.T) {
	q := newQueue[[100]int](t, 1)
	const rounds = 50
	var deep func(n int, fn func()) int
	deep = func(n int, fn func()) int {
		var pad [64]int
		if n == 0 {
			fn()
			return 0
		}
		pad[n%64] = n
		return deep(n-1, fn) + pad[n%64]
	}
	var wg sync.WaitGroup
	for i := range rounds {
		wg.Go(func() {
			deep(i%7*3, func() {
				var v [100]int
				v[0], v[99] = i, i
				if err := q.Put(bounded(t), v); err != nil || v[0] != i {
					t.Error(err)
				}
			})
		})
		wg.Go(func() {
			deep(i%5*4, func() {
				var vs [2][100]int
				n, err := q.GetBatch(bounded(t), vs[:1])
				if err != nil || n != 1 || vs[0][0] != vs[0][99] {
					t.Error(n, err, vs[0])
				}
				w, err := [100]int{}, q.PutFrom(bounded(t), &vs[0])
				if err == nil {
					err = q.GetInto(bounded(t), &w)
				}
				if err != nil || w[0] != w[99] {
					t.Error(err, w)
				}
			})
		})
		if i%8 == 0 {
			runtime.GC()
		}
	}
	testproc.Finish(t, "all", wg.Wait)
}
