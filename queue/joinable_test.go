//go:build linux

package queue_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

func newTasks(t testing.TB, capacity int, opts ...queue.Option) *queue.JoinableQueue[int] {
	t.Helper()
	census(t)
	q := must(queue.NewJoinable[int](capacity, opts...))(t)
	t.Cleanup(func() { _ = q.Detach() })
	return q
}

// putTasks puts the numbers from 0 to n-1.
func putTasks(t testing.TB, q *queue.JoinableQueue[int], n int) {
	t.Helper()
	for i := range n {
		ok(t, q.Put(bounded(t), i))
	}
}

// lost fails the test unless err says that exactly so many tasks were lost.
func lost(t testing.TB, err error, n int) {
	t.Helper()
	var l *queue.LostTasksError
	if !errors.As(err, &l) {
		t.Fatalf("error %v, want one of %d lost tasks", err, n)
	}
	want(t, "tasks lost", l.Tasks, n)
}

func TestJoin(t *testing.T) {
	q := newTasks(t, 10)
	ctx := bounded(t)
	ok(t, q.Join(ctx)) // nothing was put
	wantErr(t, "TaskDone of nothing", q.TaskDone(), queue.ErrTooManyDone)
	putTasks(t, q, 3)
	wantErr(t, "TaskDone before a Get", q.TaskDone(), queue.ErrTooManyDone)
	want(t, "unfinished", q.Unfinished(), 3)
	for i := range 3 {
		want(t, "task", must(q.Get(ctx))(t), i)
	}
	want(t, "unfinished", q.Unfinished(), 3)
	if s := q.String(); !strings.Contains(s, "queue.JoinableQueue[int64](0 of 10 items") || !strings.Contains(s, "3 taken and not done") {
		t.Error(s)
	}
	joined := sleeping(t, func() error { return q.Join(ctx) })
	ok(t, q.TaskDone())
	ok(t, q.TaskDone())
	want(t, "unfinished", q.Unfinished(), 1)
	soon, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	err := q.Join(soon)
	wantErr(t, "Join of what is not done", err, context.DeadlineExceeded)
	if !strings.Contains(err.Error(), "queue: waiting for the tasks of queue.JoinableQueue[int64](") {
		t.Error(err)
	}
	ok(t, q.TaskDone())
	ok(t, joined())
	wantErr(t, "TaskDone once more", q.TaskDone(), queue.ErrTooManyDone)
	ok(t, q.Join(ctx))
	gone, end := context.WithCancelCause(ctx)
	cause := errors.New("gone home")
	end(cause)
	putTasks(t, q, 1)
	wantErr(t, "Join with a context that is over", q.Join(gone), cause)
}

// TestJoinEveryWayToTake: all ways to take an item take a task, and those that take none take no task.
func TestJoinEveryWayToTake(t *testing.T) {
	q := newTasks(t, 100)
	ctx := bounded(t)
	if _, err := q.TryGet(); err != queue.ErrEmpty {
		t.Error(err)
	}
	over, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := q.Get(over); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	want(t, "unfinished", q.Unfinished(), 0)
	if n, err := q.PutBatch(ctx, make([]int, 20)); n != 20 || err != nil {
		t.Fatal(n, err)
	}
	must(q.Get(ctx))(t)
	must(q.TryGet())(t)
	var v int
	ok(t, q.GetInto(ctx, &v))
	if n, err := q.GetBatch(ctx, make([]int, 7)); n != 7 || err != nil {
		t.Fatal(n, err)
	}
	for range q.All(ctx) {
		break
	}
	want(t, "unfinished", q.Unfinished(), 20)
	want(t, "left", q.Len(), 9)
	for range 11 {
		ok(t, q.TaskDone())
	}
	wantErr(t, "TaskDone too often", q.TaskDone(), queue.ErrTooManyDone)
	want(t, "unfinished", q.Unfinished(), 9)
}

// TestJoinTwoHandles: a process's handles share its tasks.
func TestJoinTwoHandles(t *testing.T) {
	q := newTasks(t, 4)
	other := twin(t, q)
	ctx := bounded(t)
	putTasks(t, q, 2)
	must(other.Get(ctx))(t)
	must(q.Get(ctx))(t)
	joined := sleeping(t, func() error { return other.Join(ctx) })
	ok(t, q.TaskDone())
	ok(t, other.Detach())
	wantErr(t, "Join through a handle that was given up", joined(), queue.ErrClosed)
	wantErr(t, "TaskDone", other.TaskDone(), queue.ErrClosed)
	wantErr(t, "Join", other.Join(ctx), queue.ErrClosed)
	wantErr(t, "Detach", other.Detach(), queue.ErrClosed)
	if _, err := other.ForgetLost(); !errors.Is(err, queue.ErrClosed) {
		t.Error(err)
	}
	if _, err := other.Get(ctx); !errors.Is(err, queue.ErrClosed) {
		t.Error(err)
	}
	if _, err := other.MarshalCBOR(); !errors.Is(err, queue.ErrClosed) {
		t.Error(err)
	}
	want(t, "String", other.String(), "queue.JoinableQueue[int64](closed)")
	want(t, "unfinished", q.Unfinished(), 1) // tasks that were taken stay taken
	ok(t, q.TaskDone())
	ok(t, q.Join(ctx))
}

// TestJoinClosed: a closed queue is drained, and joined, as any other.
func TestJoinClosed(t *testing.T) {
	q := newTasks(t, 4)
	ctx := bounded(t)
	putTasks(t, q, 3)
	ok(t, q.Close())
	joined := sleeping(t, func() error { return q.Join(ctx) })
	for range q.All(ctx) {
		ok(t, q.TaskDone())
	}
	ok(t, joined())
	wantErr(t, "Put", q.Put(ctx, 1), queue.ErrClosed)
}

func TestJoinableZero(t *testing.T) {
	var q queue.JoinableQueue[int]
	wantErr(t, "TaskDone", q.TaskDone(), queue.ErrClosed)
	wantErr(t, "Join", q.Join(bounded(t)), queue.ErrClosed)
	wantErr(t, "Detach", q.Detach(), queue.ErrClosed)
	wantErr(t, "Close", q.Close(), queue.ErrClosed)
	want(t, "unfinished", q.Unfinished(), 0)
	if _, err := q.ForgetLost(); err != queue.ErrClosed {
		t.Error(err)
	}
	for _, q := range []*queue.JoinableQueue[int]{&q, nil} {
		if _, err := q.MarshalCBOR(); err == nil {
			t.Error("marshalled")
		}
	}
	want(t, "String", q.String(), "queue(none)")
}

// TestTasksThatPutTasks: Join does not return as long as a task may put further ones.
func TestTasksThatPutTasks(t *testing.T) {
	q := newTasks(t, 10_000)
	ctx := bounded(t)
	const depth = 12
	ok(t, q.Put(ctx, depth))
	var done sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for range 8 {
		done.Go(func() {
			for n := range q.All(ctx) {
				if n > 0 {
					if k, err := q.PutBatch(ctx, []int{n - 1, n - 1}); k != 2 || err != nil {
						t.Error(k, err)
					}
				}
				mu.Lock()
				total++
				mu.Unlock()
				if err := q.TaskDone(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ok(t, q.Join(ctx))
	mu.Lock()
	want(t, "tasks when Join has returned", total, 1<<(depth+1)-1)
	mu.Unlock()
	ok(t, q.Close())
	testproc.Finish(t, "workers", done.Wait)
}

// TestJoinManyWaiters: one TaskDone ends the Join of all.
func TestJoinManyWaiters(t *testing.T) {
	q := newTasks(t, 4)
	other := twin(t, q)
	for range 20 {
		putTasks(t, q, 1)
		must(q.Get(bounded(t)))(t)
		var joins sync.WaitGroup
		for i := range 40 {
			joins.Go(func() {
				h := q
				if i%2 == 0 {
					h = other
				}
				if err := h.Join(bounded(t)); err != nil {
					t.Error(err)
				}
			})
		}
		ok(t, q.TaskDone())
		testproc.Finish(t, "Join", joins.Wait)
	}
	ok(t, other.Detach())
}

// TestJoinableModel compares with two numbers: tasks in the queue, and taken ones.
func TestJoinableModel(t *testing.T) {
	census(t)
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		capacity := rapid.IntRange(1, 10).Draw(t, "capacity")
		q, err := queue.NewJoinable[int](capacity)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Detach()
		queued, taken := 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				err := q.TryPut(1)
				if full := queued == capacity; full != (err == queue.ErrFull) || !full && err != nil {
					t.Fatal(err)
				}
				queued = min(queued+1, capacity)
			},
			"get": func(t *rapid.T) {
				_, err := q.TryGet()
				if queued == 0 {
					if err != queue.ErrEmpty {
						t.Fatal(err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				queued, taken = queued-1, taken+1
			},
			"batch": func(t *rapid.T) {
				if queued == 0 {
					t.Skip()
				}
				n, err := q.GetBatch(ctx, make([]int, rapid.IntRange(1, 12).Draw(t, "n")))
				if err != nil || n < 1 || n > queued {
					t.Fatal(n, err)
				}
				queued, taken = queued-n, taken+n
			},
			"done": func(t *rapid.T) {
				err := q.TaskDone()
				if none := taken == 0; none != (err == queue.ErrTooManyDone) || !none && err != nil {
					t.Fatal(err)
				}
				taken = max(taken-1, 0)
			},
			"join": func(t *rapid.T) {
				if queued+taken > 0 {
					t.Skip()
				}
				if err := q.Join(ctx); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				if q.Unfinished() != queued+taken || q.Len() != queued {
					t.Fatalf("%v, want %d and %d", q, queued, taken)
				}
			},
		})
	})
}
