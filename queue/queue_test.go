//go:build linux

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

func newQueue[T any](t testing.TB, capacity int, opts ...queue.Option) *queue.Queue[T] {
	t.Helper()
	census(t)
	q := must(queue.New[T](capacity, opts...))(t)
	t.Cleanup(func() { _ = q.Detach() })
	return q
}

func TestNew(t *testing.T) {
	census(t)
	for _, capacity := range []int{0, -1, 1 << 30} {
		if q, err := queue.New[int](capacity); err == nil || q != nil {
			t.Errorf("capacity %d: %v, %v", capacity, q, err)
		}
		if q, err := queue.NewJoinable[int](capacity); err == nil || q != nil {
			t.Errorf("joinable, capacity %d: %v, %v", capacity, q, err)
		}
	}
	if _, err := queue.New[int](1, queue.WithMemory(-1)); err == nil {
		t.Error("a memory of -1 bytes")
	}
	if _, err := queue.New[int](1, queue.WithMemory(1<<60)); !errors.Is(err, queue.ErrNoMemory) {
		t.Error(err)
	}
}

func TestFullAndEmpty(t *testing.T) {
	q := newQueue[int](t, 3)
	want(t, "Cap", q.Cap(), 3)
	for range 5 { // round the ring
		if _, err := q.TryGet(); err != queue.ErrEmpty {
			t.Error(err)
		}
		for i := range 3 {
			want(t, "Len", q.Len(), i)
			ok(t, q.TryPut(i))
		}
		if err := q.TryPut(3); err != queue.ErrFull {
			t.Error(err)
		}
		want(t, "Len", q.Len(), 3)
		for i := range 3 {
			want(t, "item", must(q.TryGet())(t), i)
		}
	}
}

// TestFullMemory: a queue is full when its memory is, however few the items.
func TestFullMemory(t *testing.T) {
	q := newQueue[string](t, 1000, queue.WithMemory(1024))
	n := 0
	for ; q.TryPut(strings.Repeat("x", 200)) == nil; n++ {
	}
	if n < 3 || n > 5 {
		t.Errorf("%d items of 200 bytes in 1,024", n)
	}
	put := sleeping(t, func() error { return q.Put(bounded(t), strings.Repeat("y", 500)) })
	for range n {
		must(q.Get(bounded(t)))(t)
	}
	ok(t, put())
	want(t, "length", len(must(q.Get(bounded(t)))(t)), 500)
}

// TestDefaultMemory: as many pointer-free items fit as the capacity says.
func TestDefaultMemory(t *testing.T) {
	for _, capacity := range []int{1, 2, 3, 100, 5000} {
		filled[byte](t, capacity)
		filled[[13]byte](t, capacity)
		filled[[64]int](t, capacity)
	}
}

func filled[T any](t *testing.T, capacity int) {
	t.Helper()
	q := must(queue.New[T](capacity))(t)
	defer q.Detach()
	n := 0
	var v T
	for ; q.TryPut(v) == nil; n++ {
	}
	want(t, fmt.Sprintf("items of %T", v), n, capacity)
}

func TestLargeItems(t *testing.T) {
	q := newQueue[[]int](t, 4, queue.WithMemory(512))
	before := objects(t)
	for i := range 4 {
		ok(t, q.TryPut([]int{100_000: i}))
	}
	if err := q.TryPut([]int{100_000: 1}); err != queue.ErrFull {
		t.Error(err)
	}
	want(t, "objects for four large items", objects(t)-before, 4)
	for i := range 4 {
		want(t, "last element", must(q.TryGet())(t)[100_000], i)
	}
	want(t, "objects afterwards", objects(t)-before, 0)
	ok(t, q.TryPut([]int{100_000: 1})) // and one that goes with the queue
}

func TestClose(t *testing.T) {
	q := newQueue[int](t, 2)
	other := twin(t, q)
	ctx := bounded(t)
	ok(t, q.Put(ctx, 1))
	ok(t, q.Put(ctx, 2))
	var puts []func() error
	for range 3 {
		puts = append(puts, sleeping(t, func() error { return q.Put(ctx, 3) }), sleeping(t, func() error { return other.Put(ctx, 3) }),
			sleeping(t, func() error { _, err := other.PutBatch(ctx, []int{1, 2}); return err }))
	}
	ok(t, other.Close())
	for _, put := range puts {
		wantErr(t, "the blocked Put", put(), queue.ErrClosed)
	}
	wantErr(t, "Put", q.Put(ctx, 4), queue.ErrClosed)
	wantErr(t, "TryPut", q.TryPut(4), queue.ErrClosed)
	wantErr(t, "second Close", q.Close(), queue.ErrClosed)
	if s := q.String(); !strings.Contains(s, "queue.Queue[int64](2 of 2 items, closed") {
		t.Error(s)
	}
	want(t, "what is left", must(q.Get(ctx))(t), 1)
	want(t, "what is left", must(other.TryGet())(t), 2)
	for _, h := range []*queue.Queue[int]{q, other} {
		_, err := h.Get(ctx)
		wantErr(t, "Get", err, queue.ErrClosed)
		_, err = h.TryGet()
		wantErr(t, "TryGet", err, queue.ErrClosed)
		_, err = h.GetBatch(ctx, make([]int, 2))
		wantErr(t, "GetBatch", err, queue.ErrClosed)
		for range h.All(ctx) {
			t.Error("an item of an empty queue")
		}
	}
	third := twin(t, q) // a closed queue can be attached to
	_, err := third.Get(ctx)
	wantErr(t, "Get", err, queue.ErrClosed)
	ok(t, third.Detach())
	ok(t, other.Detach())
}

func TestCloseEndsGets(t *testing.T) {
	q := newQueue[int](t, 2)
	other := twin(t, q)
	ctx := bounded(t)
	var gets []func() error
	for range 3 {
		for _, h := range []*queue.Queue[int]{q, other} {
			gets = append(gets, sleeping(t, func() error { _, err := h.Get(ctx); return err }),
				sleeping(t, func() error { _, err := h.GetBatch(ctx, make([]int, 2)); return err }))
		}
	}
	ok(t, q.Close())
	for _, get := range gets {
		wantErr(t, "the blocked Get", get(), queue.ErrClosed)
	}
	ok(t, other.Detach())
}

func TestContext(t *testing.T) {
	empty, full := newQueue[int](t, 1), newQueue[int](t, 1)
	ok(t, full.TryPut(1))
	cause := errors.New("the one who would put has gone home")
	gone, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	for name, wait := range map[string]func(ctx context.Context) error{
		"an item of queue.Queue[int64](0 of 1 items": func(ctx context.Context) error { _, err := empty.Get(ctx); return err },
		"an item of queue.Queue[int64](0 of 1":       func(ctx context.Context) error { var v int; return empty.GetInto(ctx, &v) },
		"an item of queue.Queue[int64](0 of":         func(ctx context.Context) error { _, err := empty.GetBatch(ctx, make([]int, 3)); return err },
		"an item of queue.Queue[int64](0": func(ctx context.Context) (err error) {
			for _, e := range empty.All(ctx) {
				err = errors.Join(err, e)
			}
			return err
		},
		"room in queue.Queue[int64](1 of 1 items": func(ctx context.Context) error { return full.Put(ctx, 2) },
		"room in queue.Queue[int64](1 of 1":       func(ctx context.Context) error { v := 2; return full.PutFrom(ctx, &v) },
		"room in queue.Queue[int64](1 of":         func(ctx context.Context) error { _, err := full.PutBatch(ctx, []int{2}); return err },
	} {
		err := wait(gone)
		if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
		if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "queue: waiting for "+name) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		ctx, cancel = context.WithCancel(context.Background())
		end := sleeping(t, func() error { return wait(ctx) })
		cancel()
		wantErr(t, name, end(), context.Canceled)
	}
	want(t, "items", empty.Len(), 0)
	want(t, "items", full.Len(), 1)
	if err := full.Put(gone, 1); !errors.Is(err, cause) {
		t.Error(err)
	}
	must(full.TryGet())(t)
	if err := full.Put(gone, 1); !errors.Is(err, cause) { // also when there is room
		t.Error(err)
	}
	want(t, "items", full.Len(), 0)
}

func TestAll(t *testing.T) {
	q := newQueue[int](t, 10)
	if n, err := q.PutBatch(bounded(t), []int{0, 1, 2, 3, 4}); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	i := 0
	for v, err := range q.All(bounded(t)) {
		ok(t, err)
		want(t, "item", v, i)
		if i++; i == 3 {
			break
		}
	}
	want(t, "left by the loop that ended", q.Len(), 2)
	ok(t, q.Close())
	for v, err := range q.All(bounded(t)) {
		ok(t, err)
		want(t, "item", v, i)
		i++
	}
	want(t, "items", i, 5)
}

func TestString(t *testing.T) {
	q := newQueue[[]point](t, 3)
	want(t, "String", q.String(), "queue.Queue[[]struct{X float64; Y float64; n int32}](0 of 3 items)")
	get := sleeping(t, func() error { _, err := q.Get(bounded(t)); return err })
	testproc.Eventually(t, "the one who waits", func() bool { return strings.Contains(q.String(), "somebody waits for an item") })
	ok(t, q.TryPut(nil))
	ok(t, get())
	for q.TryPut(nil) == nil {
	}
	put := sleeping(t, func() error { return q.Put(bounded(t), nil) })
	testproc.Eventually(t, "the one who waits", func() bool {
		return strings.Contains(q.String(), "3 of 3 items, ") && strings.Contains(q.String(), "somebody waits for room")
	})
	must(q.TryGet())(t)
	ok(t, put())
	var none queue.Queue[int]
	want(t, "the zero Queue", none.String(), "queue(none)")
}

func TestZeroQueue(t *testing.T) {
	var q queue.Queue[int]
	ctx := bounded(t)
	wantErr(t, "Put", q.Put(ctx, 1), queue.ErrClosed)
	wantErr(t, "TryPut", q.TryPut(1), queue.ErrClosed)
	_, err := q.Get(ctx)
	wantErr(t, "Get", err, queue.ErrClosed)
	_, err = q.TryGet()
	wantErr(t, "TryGet", err, queue.ErrClosed)
	_, err = q.PutBatch(ctx, []int{1})
	wantErr(t, "PutBatch", err, queue.ErrClosed)
	_, err = q.GetBatch(ctx, []int{1})
	wantErr(t, "GetBatch", err, queue.ErrClosed)
	wantErr(t, "Close", q.Close(), queue.ErrClosed)
	wantErr(t, "Detach", q.Detach(), queue.ErrClosed)
	want(t, "Len", q.Len()+q.Cap(), 0)
	for range q.All(ctx) {
		t.Error("an item")
	}
	for _, q := range []*queue.Queue[int]{&q, nil} {
		if _, err := q.MarshalCBOR(); err == nil {
			t.Error("marshalled")
		}
	}
}

// TestAllocations: items that need no codec cost the collector nothing.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	ctx := context.Background()
	zeroAllocs[int](t, ctx)
	zeroAllocs[[64]byte](t, ctx)
	zeroAllocs[point](t, ctx)
	q := newQueue[[]byte](t, 4)
	room := make([]byte, 100)
	into := room
	if n := testing.AllocsPerRun(200, func() { _, _ = q.PutFrom(ctx, &room), q.GetInto(ctx, &into) }); n != 0 {
		t.Errorf("a slice with room for it: %v allocations", n)
	}
	j := newTasks(t, 4)
	if n := testing.AllocsPerRun(200, func() { _ = j.Put(ctx, 1); _, _ = j.Get(ctx); _ = j.TaskDone() }); n != 0 {
		t.Errorf("a task: %v allocations", n)
	}
}

func zeroAllocs[T any](t *testing.T, ctx context.Context) {
	t.Helper()
	q := newQueue[T](t, 4)
	var v T
	for name, fn := range map[string]func(){
		"Put, Get":          func() { _ = q.Put(ctx, v); _, _ = q.Get(ctx) },
		"PutFrom, GetInto":  func() { _, _ = q.PutFrom(ctx, &v), q.GetInto(ctx, &v) },
		"TryPut, TryGet":    func() { _ = q.TryPut(v); _, _ = q.TryGet() },
		"TryGet of nothing": func() { _, _ = q.TryGet() },
	} {
		if n := testing.AllocsPerRun(200, fn); n != 0 {
			t.Errorf("%T: %s: %v allocations", v, name, n)
		}
	}
}
