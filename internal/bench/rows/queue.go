package rows

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/queue"
)

func queueRows(w workload) []bench.Row {
	return []bench.Row{
		{
			Name:    "queue-64",
			Title:   "Queue of 64 B items, one process to another",
			Op:      "item",
			Targets: []bench.Target{bench.AtLeast(12, python), bench.AtLeast(3, pipe)},
			Setup:   func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return setUpSmall(ctx, env, w) },
		},
		{
			Name:    "queue-64-many",
			Title:   "the same, 4 goroutines in each process",
			Op:      "item",
			Targets: []bench.Target{bench.AtLeast(25, python)},
			Setup:   func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return setUpSmallMany(ctx, env, w) },
		},
	}
}

const (
	smallSize = 64
	smallRoom = 1024 // items that the queue holds
)

type small [smallSize]byte

// errand is what a worker is told of a queue: to put n items into it, or to get them, after as many as it takes to be warm.
type errand[T any] struct {
	Queue      *queue.Queue[T]
	Put        bool
	N, Warm    int
	Goroutines int
}

// errands are the two sides of one queue. n is rounded so that all goroutines do the same.
func errands[T any](q *queue.Queue[T], n, goroutines int) []side[errand[T]] {
	each := max(n/goroutines, 1)
	e := errand[T]{Queue: q, N: each * goroutines, Warm: max(each/10, 1) * goroutines, Goroutines: goroutines}
	putting := e
	putting.Put = true
	return []side[errand[T]]{{task: putting}, {task: e}}
}

var moveSmall = multiproc.Register("bench.queue.small", onCue(func(ctx context.Context, e errand[small], begin func() error) error {
	work := getSmall
	if e.Put {
		work = putSmall
	}
	if err := work(ctx, e.Queue, e.Warm, e.Goroutines); err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	return work(ctx, e.Queue, e.N, e.Goroutines)
}))

// putSmall puts n numbered items.
func putSmall(ctx context.Context, q *queue.Queue[small], n, goroutines int) error {
	return divide(n, goroutines, func(from, to int) error {
		var item small
		for i := from; i < to; i++ {
			binary.LittleEndian.PutUint64(item[:], uint64(i))
			item[smallSize-1] = byte(i)
			if err := q.Put(ctx, item); err != nil {
				return err
			}
		}
		return nil
	})
}

// getSmall gets n items, and fails when they are not those of putSmall.
func getSmall(ctx context.Context, q *queue.Queue[small], n, goroutines int) error {
	var total atomic.Uint64
	err := divide(n, goroutines, func(from, to int) error {
		sum := uint64(0)
		for range to - from {
			item, err := q.Get(ctx)
			if err != nil {
				return err
			}
			i := binary.LittleEndian.Uint64(item[:])
			if item[smallSize-1] != byte(i) {
				return fmt.Errorf("item %d ends in %d", i, item[smallSize-1])
			}
			sum += i
		}
		total.Add(sum)
		return nil
	})
	if want := uint64(n) * uint64(n-1) / 2; err == nil && total.Load() != want {
		err = fmt.Errorf("the numbers of %d items add up to %d, want %d", n, total.Load(), want)
	}
	return err
}

// divide lets goroutines do equal parts of 0 to n at once. One does it itself.
func divide(n, goroutines int, do func(from, to int) error) error {
	if goroutines == 1 {
		return do(0, n)
	}
	errs := make([]error, goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() { errs[g] = do(n*g/goroutines, n*(g+1)/goroutines) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// throughQueue is the case of a queue between two workers.
func throughQueue[T any](fn *multiproc.Func[turn[errand[T]], time.Duration], q *queue.Queue[T], n, goroutines int) bench.Case {
	return bench.Case{Key: ours, Label: ours, Round: func(ctx context.Context) (bench.Sample, error) {
		sides := errands(q, n, goroutines)
		took, err := runPair(ctx, fn, sides...)
		if err != nil {
			return bench.Sample{}, err
		}
		if left := q.Len(); left != 0 {
			return bench.Sample{}, fmt.Errorf("%d items are left in the queue", left)
		}
		return bench.Per(took, sides[0].task.N), nil
	}}
}

type pythonQueue struct {
	Item string `json:"item"`
	N    int    `json:"n"`
}

func setUpSmall(ctx context.Context, env *bench.Env, w workload) (*bench.Work, error) {
	work, err := besidePythonQueue(ctx, env, moveSmall, smallRoom, w.items, 1, pythonQueue{"bytes", w.pythonItems})
	if err != nil {
		return nil, err
	}
	work.Cases = append(work.Cases, pipeCase(w.pipeItems))
	work.Notes = append(work.Notes, "the pipe carries each item as its length and its bytes, by one Write, to a reader with a buffer")
	return work, nil
}

func setUpSmallMany(ctx context.Context, env *bench.Env, w workload) (*bench.Work, error) {
	work, err := besidePythonQueue(ctx, env, moveSmall, smallRoom, w.items, 4, pythonQueue{"bytes", w.pythonItems})
	if err != nil {
		return nil, err
	}
	work.Notes = append(work.Notes, "Python's side is one thread in each process")
	return work, nil
}

// besidePythonQueue makes a queue with room for so many items, and the cases of it and of Python's.
func besidePythonQueue[T any](ctx context.Context, env *bench.Env, fn *multiproc.Func[turn[errand[T]], time.Duration], room, n, goroutines int, ask pythonQueue) (*bench.Work, error) {
	q, err := queue.New[T](room)
	if err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, "queue")
	if err != nil {
		done(q)
		return nil, err
	}
	cases := []bench.Case{throughQueue(fn, q, n, goroutines)}
	cases = append(cases, env.PythonCases(scripts, python, "Queue", ask)...)
	return &bench.Work{Cases: cases, Close: closeAll(func() error { return done(q) }, scripts.Close)}, nil
}

// done closes a queue and gives its memory up.
func done[T any](q *queue.Queue[T]) error { return errors.Join(q.Close(), q.Detach()) }
