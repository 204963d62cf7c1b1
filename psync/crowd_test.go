//go:build linux

package psync_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

// TestFairness: a process that asks now and then gets its turn from one whose goroutines take the lock all the time.
func TestFairness(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	p.Must("hammer", sent(t, l))
	testproc.Eventually(t, "the child's progress", func() bool { return p.Must("laps") != "0" })
	n := 200
	if testing.Short() {
		n = 40
	}
	for range n {
		if _, err := l.Acquire(bounded(t)); err != nil {
			t.Fatal(err)
		}
		l.Unlock()
	}
	seen := p.Must("laps")
	testproc.Eventually(t, "the child's further progress", func() bool { return p.Must("laps") != seen })
	p.Kill()
	if _, err := l.Acquire(bounded(t)); err != nil {
		t.Fatal(err)
	}
	l.Unlock()
}

// crowd: 1,000 goroutines wait for the locks in args (as many as there are, in turn); the result is how many threads the process had at most.
func crowd(args []string) (string, error) {
	const n = 1000
	threads := func() int {
		tasks, _ := os.ReadDir("/proc/self/task")
		return len(tasks)
	}
	locks := make([]*psync.Lock, len(args))
	for i, arg := range args {
		l, err := arrived(arg)
		if err != nil {
			return "", err
		}
		locks[i] = l
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := locks[i%len(locks)].Acquire(ctx); err == nil {
				locks[i%len(locks)].Unlock()
			}
		})
	}
	most := 0
	for range 60 {
		most = max(most, threads())
		time.Sleep(2 * time.Millisecond)
	}
	cancel()
	wg.Wait()
	return fmt.Sprint(max(most, threads())), nil
}

func TestThreads(t *testing.T) {
	for _, c := range []struct{ locks, most int }{{1, 32}, {1000, 64}} {
		t.Run(fmt.Sprint(c.locks), func(t *testing.T) {
			var args []any
			for range c.locks {
				l := newLock(t)
				l.Lock()
				args = append(args, sent(t, l))
			}
			var n int
			fmt.Sscan(testproc.Start(t).Must("crowd", args...), &n)
			t.Logf("%d threads", n)
			if n == 0 || n > testproc.MostThreads(c.most) {
				t.Errorf("%d threads, want at most %d", n, testproc.MostThreads(c.most))
			}
		})
	}
}

// TestManyOnOneLock: 10,000 goroutines, each gets it.
func TestManyOnOneLock(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	l := newLock(t)
	l.Lock()
	total := 0
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			l.Lock()
			total++
			l.Unlock()
		})
	}
	for range 100 {
		runtime.Gosched()
	}
	l.Unlock()
	testproc.Finish(t, "the crowd", wg.Wait)
	if total != n {
		t.Errorf("%d, want %d", total, n)
	}
}
