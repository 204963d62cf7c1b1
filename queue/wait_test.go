//go:build linux

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

// waitForWord is a worker that ends when it is told to.
var waitForWord = multiproc.Register("queue.wait.word", func(ctx context.Context, c *queue.Conn[int]) (int, error) {
	defer c.Close()
	return c.Recv(ctx)
})

// TestWait waits for one of each kind, all at once, and makes each of them ready in turn.
func TestWait(t *testing.T) {
	q, err := queue.New[int](4)
	ok(t, err)
	defer q.Detach()
	j, err := queue.NewJoinable[string](4)
	ok(t, err)
	defer j.Detach()
	a, b := newPipe[int](t)
	r, w, err := queue.NewOneWay[letter]()
	ok(t, err)
	defer r.Close()
	here, there := newPipe[int](t)
	p, err := waitForWord.Start(within(t), there, multiproc.WithStartTimeout(testproc.Watchdog))
	ok(t, err)
	there.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	never := context.Background() // its Done channel is nil

	all := []any{q, j, a, r, p, ctx, never}
	for i, s := range []struct {
		name  string
		ready func() error
		undo  func() error // nil: it stays ready
	}{
		{"queue", func() error { return q.Put(within(t), 1) }, func() error { _, err := q.TryGet(); return err }},
		{"joinable queue", func() error { return j.Put(within(t), "x") }, func() error { _, err := j.TryGet(); return errors.Join(err, j.TaskDone()) }},
		{"pipe", func() error { return b.Send(within(t), 1) }, func() error { _, err := a.Recv(within(t)); return err }},
		{"one-way pipe", func() error { return w.Send(within(t), letter{}) }, func() error { _, err := r.Recv(within(t)); return err }},
		{"process", func() error { return here.Send(within(t), 3) }, nil},
		{"context", func() error { cancel(); return nil }, nil},
	} {
		for early := range 2 { // ready before the wait begins, and while it lasts
			if s.undo == nil && early == 1 {
				continue
			}
			var got []int
			wait := func() (err error) { got, err = queue.Wait(within(t), all...); return err }
			result := wait
			if early == 0 {
				result = sleeping(t, wait)
			}
			ok(t, s.ready())
			if err := result(); err != nil || !slices.Equal(got, []int{i}) {
				t.Errorf("%s: %v, %v; want %d", s.name, got, err, i)
			}
			if s.undo != nil {
				ok(t, s.undo())
			}
		}
		if s.undo == nil {
			all[i] = never
		}
	}
	if n, err := p.Wait(within(t)); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	w.Close()
}

// TestWaitForTheEnd: what will never have an item is ready.
func TestWaitForTheEnd(t *testing.T) {
	flat(t)
	q, err := queue.New[int](4)
	ok(t, err)
	a, b, err := queue.NewPipe[int]()
	ok(t, err)
	never := context.Background()
	for _, s := range []struct {
		on  any
		end func() error
	}{{q, q.Close}, {a, b.Close}} {
		var got []int
		result := sleeping(t, func() (err error) { got, err = queue.Wait(within(t), never, s.on); return err })
		ok(t, s.end())
		if err := result(); err != nil || !slices.Equal(got, []int{1}) {
			t.Errorf("%T: %v, %v", s.on, got, err)
		}
	}
	ok(t, q.Detach())
	ok(t, a.Close())
}

// TestWaitForTheKilled: one process is killed, and its pipe and it itself become ready.
func TestWaitForTheKilled(t *testing.T) {
	here, there := newPipe[int](t)
	p, err := waitForWord.Start(within(t), there, multiproc.WithStartTimeout(testproc.Watchdog))
	ok(t, err)
	there.Close()
	var got []int
	result := sleeping(t, func() (err error) { got, err = queue.Wait(within(t), p, here); return err })
	ok(t, p.Kill())
	ok(t, result())
	if len(got) == 0 {
		t.Error("nothing is ready")
	}
	testproc.Eventually(t, "both are ready", func() bool {
		got, err := queue.Wait(within(t), p, here)
		return err == nil && slices.Equal(got, []int{0, 1})
	})
	over(t, here)
}

// TestWaitAllThatAreReady: several are ready at once, some of them twice in the list.
func TestWaitAllThatAreReady(t *testing.T) {
	a, b := newPipe[int](t)
	c, d := newPipe[string](t)
	send(t, b, 1)
	send(t, d, "x")
	done, cancel := context.WithCancel(context.Background())
	cancel()
	got, err := queue.Wait(within(t), b, a, a, d, c, done, context.Background())
	if err != nil || !slices.Equal(got, []int{1, 2, 4, 5}) {
		t.Errorf("%v, %v", got, err)
	}
	// What is ready is told even when the context has ended.
	if got, err := queue.Wait(done, a, b); err != nil || !slices.Equal(got, []int{0}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWaitRefuses(t *testing.T) {
	a, b := newPipe[int](t)
	send(t, b, 1)
	r, w, err := queue.NewOneWay[int]()
	ok(t, err)
	defer r.Close()
	defer w.Close()
	closed, other, err := queue.NewPipe[int]()
	ok(t, err)
	other.Close()
	closed.Close()
	gone, err := queue.New[int](1)
	ok(t, err)
	gone.Detach()
	for _, c := range []struct {
		on   []any
		says string
		is   error
	}{
		{nil, "for nothing", nil},
		{[]any{a, 5}, "argument 1 (int):", nil},
		{[]any{nil}, "argument 0 (<nil>):", nil},
		{[]any{a, *new(struct{})}, "argument 1 (struct {}):", nil},
		{[]any{a, make(chan int)}, "argument 1 (chan int):", nil},
		{[]any{a, b, w}, "argument 2: queue: this end of a one-way pipe sends only", nil},
		{[]any{a, closed}, "argument 1:", queue.ErrClosed},
		{[]any{gone}, "argument 0:", queue.ErrClosed},
		{[]any{a, new(queue.Conn[int])}, "argument 1:", queue.ErrClosed},
		{[]any{new(queue.Queue[int])}, "argument 0:", queue.ErrClosed},
		{[]any{new(queue.JoinableQueue[int])}, "argument 0:", queue.ErrClosed},
	} {
		got, err := queue.Wait(within(t), c.on...)
		if got != nil || err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%v: %v, %v", c.on, got, err)
		}
	}
}

// TestWaitForChannels: a channel of an event, or one made to stop a loop.
func TestWaitForChannels(t *testing.T) {
	q, err := queue.New[int](1)
	ok(t, err)
	defer q.Detach()
	stop := make(chan struct{})
	done := sleeping(t, func() error {
		ready, err := queue.Wait(within(t), q, stop)
		if err == nil && !slices.Equal(ready, []int{1}) {
			err = fmt.Errorf("%v are ready", ready)
		}
		return err
	})
	close(stop)
	ok(t, done())
}

func TestWaitEnds(t *testing.T) {
	a, _ := newPipe[int](t)
	q, err := queue.New[int](1)
	ok(t, err)
	defer q.Detach()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	result := sleeping(t, func() error { _, err := queue.Wait(ctx, a, q, context.Background()); return err })
	cancel(cause)
	if err := result(); !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := queue.Wait(ctx, a, q); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	late, stop := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer stop()
	if _, err := queue.Wait(late, a, q); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestWaitForClosedMeanwhile: the handle is closed while Wait sleeps.
func TestWaitForClosedMeanwhile(t *testing.T) {
	a, _ := newPipe[int](t)
	c, _ := newPipe[int](t)
	q, err := queue.New[int](1)
	ok(t, err)
	for i, s := range []func() error{a.Close, q.Detach} {
		on := []any{c, a, q}[:i+2]
		if i == 1 {
			on[1] = c
		}
		result := sleeping(t, func() error { _, err := queue.Wait(within(t), on...); return err })
		ok(t, s())
		if err := result(); !errors.Is(err, queue.ErrClosed) || !strings.Contains(err.Error(), fmt.Sprintf("argument %d", i+1)) {
			t.Errorf("got %v", err)
		}
	}
}

// TestWaitTakesNothing: very many wait for the same pipe, others take; every item arrives once, and all who wait come back.
func TestWaitTakesNothing(t *testing.T) {
	const takers, items = 6, 300
	a, b := newPipe[int](t)
	c, d := newPipe[int](t)
	var mu sync.Mutex
	seen := map[int]int{}
	var wg sync.WaitGroup
	for range takers {
		x, y := anotherEnd(t, a), anotherEnd(t, c)
		wg.Go(func() {
			for ends := 0; ends < 2; {
				ready, err := queue.Wait(within(t), x, y)
				if err != nil {
					t.Error(err)
					return
				}
				ends = 0
				for _, i := range ready {
					ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
					v, err := []*queue.Conn[int]{x, y}[i].Recv(ctx) // another may have been faster
					cancel()
					switch {
					case err == nil:
						mu.Lock()
						seen[v]++
						mu.Unlock()
					case !errors.Is(err, context.DeadlineExceeded):
						ends++
					}
				}
			}
		})
	}
	for i := range items {
		send(t, []*queue.Conn[int]{b, d}[i%2], i)
	}
	b.Close()
	d.Close()
	testproc.Finish(t, "those who wait and take", wg.Wait)
	if len(seen) != items {
		t.Errorf("%d items arrived", len(seen))
	}
	for i, n := range seen {
		if n != 1 {
			t.Errorf("item %d arrived %d times", i, n)
		}
	}
}
