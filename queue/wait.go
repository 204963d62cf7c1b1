package queue

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/multiproc-go/multiproc/internal/errs"
)

// readable is what Wait can wait for besides processes: Queue, JoinableQueue and Conn.
type readable interface {
	ready() (bool, error)
	waitReadable(context.Context) error
}

// ender is a process, a context, or whatever else says that it is over by closing a channel.
type ender interface{ Done() <-chan struct{} }

// channel is a channel as an ender.
type channel <-chan struct{}

func (c channel) Done() <-chan struct{} { return c }

// Wait waits until at least one of several things is ready and returns the indices of all that are: a queue or a pipe when a Get or Recv would return
// at once, with an item or because there will be none; a process, a context, or anything else with a Done channel when that is closed; a channel of struct{}, such as that of psync's Event.Chan, when it is closed. Nothing is taken, so another
// goroutine or process may be faster: use TryGet, or Get with a context, afterwards.
//
// It ends with ctx's error, or at once with an error that names the index: ErrClosed for a handle that this process has closed. Each thing that is waited for costs a goroutine
// while Wait sleeps.
func Wait(ctx context.Context, on ...any) (ready []int, err error) {
	on = slices.Clone(on)
	for i, x := range on {
		switch x := x.(type) {
		case readable, ender:
		case <-chan struct{}:
			on[i] = channel(x)
		case chan struct{}:
			on[i] = channel(x)
		default:
			return nil, fmt.Errorf("queue: Wait for argument %d (%T): it is no queue, no pipe and no chan struct{}, and has no method Done() <-chan struct{}", i, x)
		}
	}
	if len(on) == 0 {
		return nil, fmt.Errorf("queue: Wait for nothing")
	}
	for {
		if ready, err = look(on); len(ready) > 0 || err != nil {
			return ready, err
		}
		if ctx.Err() != nil {
			return nil, errs.FromContext(ctx)
		}
		sleep(ctx, on)
	}
}

func look(on []any) (ready []int, err error) {
	for i, x := range on {
		is := false
		if r, ok := x.(readable); ok {
			if is, err = r.ready(); err != nil {
				return nil, fmt.Errorf("queue: Wait for argument %d: %w", i, err)
			}
		} else {
			select {
			case <-x.(ender).Done():
				is = true
			default:
			}
		}
		if is {
			ready = append(ready, i)
		}
	}
	return ready, nil
}

// sleep returns when one of them seems to be ready, or ctx is over.
func sleep(ctx context.Context, on []any) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for _, x := range on {
		wg.Go(func() {
			defer cancel()
			if r, ok := x.(readable); ok {
				_ = r.waitReadable(ctx) // whatever it says, look tells the same
				return
			}
			select {
			case <-x.(ender).Done():
			case <-ctx.Done():
			}
		})
	}
	wg.Wait()
}

func (q *core[T]) ready() (bool, error) {
	if q.r == nil {
		return false, ErrClosed
	}
	return q.r.Ready()
}

func (q *core[T]) waitReadable(ctx context.Context) error {
	if q.r == nil {
		return ErrClosed
	}
	return q.r.WaitReadable(ctx)
}
