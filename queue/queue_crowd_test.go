//go:build linux

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

// crowdOf has so many goroutines wait, and tells how many threads the process had at most, while they did and while they ended.
func crowdOf(n int, wait func(i int) error, waiting func() bool, end func() error) (string, error) {
	threads := func() int {
		tasks, _ := os.ReadDir("/proc/self/task")
		return len(tasks)
	}
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	for i := range n {
		wg.Go(func() {
			if err := wait(i); err != nil {
				failed.Store(&err)
			}
		})
	}
	most := 0
	for range 50 {
		most = max(most, threads())
		time.Sleep(2 * time.Millisecond)
	}
	for !waiting() {
		time.Sleep(time.Millisecond)
	}
	err := end()
	wg.Wait()
	if p := failed.Load(); p != nil {
		err = errors.Join(err, *p)
	}
	return strconv.Itoa(max(most, threads())), err
}

func crowdSize() int {
	if testing.Short() || race.Enabled {
		return 1000
	}
	return 10_000
}

func init() {
	childOp("crowd.get", func(q *queue.Queue[int], args []string) (string, error) {
		n := argNum(args, 0)
		ctx := context.Background()
		var sum atomic.Int64
		out, err := crowdOf(n, func(int) error {
			v, err := q.Get(ctx)
			sum.Add(int64(v))
			return err
		}, func() bool { return strings.Contains(q.String(), "waits for an item") }, func() error {
			for i := range n {
				if err := q.Put(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if should := int64(n) * int64(n-1) / 2; err == nil && sum.Load() != should {
			err = fmt.Errorf("the sum of all is %d, want %d", sum.Load(), should)
		}
		return out, err
	})
	childOp("crowd.put", func(q *queue.Queue[int], args []string) (string, error) {
		n := argNum(args, 0)
		ctx := context.Background()
		return crowdOf(n, func(i int) error { return q.Put(ctx, i) }, func() bool { return strings.Contains(q.String(), "waits for room") }, func() error {
			seen := make([]bool, n)
			for range n {
				v, err := q.Get(ctx)
				if err != nil || seen[v] {
					return fmt.Errorf("item %d, %w", v, err)
				}
				seen[v] = true
			}
			return nil
		})
	})
	childOp("crowd.cancel", func(q *queue.Queue[int], args []string) (string, error) {
		ctx, cancel := context.WithCancel(context.Background())
		return crowdOf(argNum(args, 0), func(int) error {
			if _, err := q.Get(ctx); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("a Get that was cancelled: %w", err)
			}
			return nil
		}, func() bool { return strings.Contains(q.String(), "waits for an item") }, func() error { cancel(); return nil })
	})
}

// TestCrowd: very many goroutines wait in Get, or in Put, and take few threads; each gets its item, or puts it.
func TestCrowd(t *testing.T) {
	for _, op := range []string{"crowd.get", "crowd.put", "crowd.cancel"} {
		t.Run(op, func(t *testing.T) {
			q := newQueue[int](t, 2)
			n, _ := strconv.Atoi(testproc.Start(t).Must(op, wire(t, q), crowdSize()))
			t.Logf("%d threads", n)
			if n == 0 || n > testproc.MostThreads(32) {
				t.Errorf("%d threads", n)
			}
			want(t, "left", q.Len(), 0)
		})
	}
}
