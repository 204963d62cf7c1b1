//go:build linux

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/multiproctest"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

// TestMain of this package makes workers of the processes that these examples start; in a program that is multiproc.Main at the top of main.

// jobs is where work comes from, and where results go.
type jobs struct {
	In  *queue.Queue[int]
	Out *queue.Queue[string]
}

var Square = multiproc.Register("square", func(ctx context.Context, j jobs) (int, error) {
	n := 0
	for v, err := range j.In.All(ctx) { // until it is closed and empty
		if err != nil {
			return n, err
		}
		if err := j.Out.Put(ctx, fmt.Sprintf("%d² = %d", v, v*v)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
})

// A worker takes from one queue and puts into another.
func Example() {
	ctx := context.Background()
	in, err := queue.New[int](100)
	if err != nil {
		log.Fatal(err)
	}
	defer in.Detach()
	out, err := queue.New[string](100)
	if err != nil {
		log.Fatal(err)
	}
	defer out.Detach()

	p, err := Square.Start(ctx, jobs{in, out})
	if err != nil {
		log.Fatal(err)
	}
	for i := range 3 {
		if err := in.Put(ctx, i+1); err != nil {
			log.Fatal(err)
		}
	}
	if err := in.Close(); err != nil { // that was all
		log.Fatal(err)
	}
	for range 3 {
		fmt.Println(out.Get(ctx))
	}
	fmt.Println(p.Wait(ctx))
	// Output:
	// 1² = 1 <nil>
	// 2² = 4 <nil>
	// 3² = 9 <nil>
	// 3 <nil>
}

func ExampleQueue_TryPut() {
	q, err := queue.New[string](1)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Detach()
	fmt.Println(q.TryPut("first"))
	fmt.Println(q.TryPut("second"))
	fmt.Println(q.TryGet())
	_, err = q.TryGet()
	fmt.Println(errors.Is(err, queue.ErrEmpty), q)
	// Output:
	// <nil>
	// multiproc: the queue is full
	// first <nil>
	// true queue.Queue[string](0 of 1 items)
}

// An item can carry handles: here each asks for an answer in a shared array of its own.
func ExampleQueue_handles() {
	type question struct {
		Text   string
		Answer *shm.Array[byte]
	}
	ctx := context.Background()
	q, err := queue.New[question](10)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Detach()
	answer, err := shm.NewArray[byte](16)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Close()
	if err := q.Put(ctx, question{"how many?", answer}); err != nil {
		log.Fatal(err)
	}

	got, err := q.Get(ctx) // here, or in another process
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.Text)
	if err := shm.TextOf(got.Answer).Store("forty-two"); err != nil {
		log.Fatal(err)
	}
	got.Answer.Close()
	fmt.Println(shm.TextOf(answer).Load())
	// Output:
	// how many?
	// forty-two <nil>
}

// Room is used again: no allocation for items of about the same size.
func ExampleQueue_GetInto() {
	ctx := context.Background()
	q, err := queue.New[[]float64](10)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Detach()
	if n, err := q.PutBatch(ctx, [][]float64{{1, 2}, {3}, {4, 5, 6}}); err != nil {
		log.Fatal(n, err)
	}
	room := make([]float64, 0, 100)
	for range 3 {
		if err := q.GetInto(ctx, &room); err != nil {
			log.Fatal(err)
		}
		fmt.Println(room, cap(room))
	}
	// Output:
	// [1 2] 100
	// [3] 100
	// [4 5 6] 100
}

var Build = multiproc.Register("build", func(ctx context.Context, q *queue.JoinableQueue[string]) (struct{}, error) {
	for task, err := range q.All(ctx) {
		if err != nil {
			return struct{}{}, err
		}
		if task == "the tricky one" {
			multiproctest.Here("building") // a crash
		}
		if err := q.TaskDone(); err != nil {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
})

// A worker dies with a task. Join says so instead of waiting for ever, and the task can be given to another.
func ExampleJoinableQueue() {
	ctx := context.Background()
	q, err := queue.NewJoinable[string](10)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Detach()
	first, err := Build.Start(ctx, q, multiproctest.KillAt("building", 1))
	if err != nil {
		log.Fatal(err)
	}
	for _, task := range []string{"one", "two", "the tricky one"} {
		if err := q.Put(ctx, task); err != nil {
			log.Fatal(err)
		}
	}
	err = q.Join(ctx)
	fmt.Println(err)
	_, _ = first.Wait(ctx)

	var lost *queue.LostTasksError
	if errors.As(err, &lost) {
		if _, err := q.ForgetLost(); err != nil {
			log.Fatal(err)
		}
		second, err := Build.Start(ctx, q)
		if err != nil {
			log.Fatal(err)
		}
		if err := q.Put(ctx, "the tricky one"); err != nil {
			log.Fatal(err)
		}
		fmt.Println(q.Join(ctx))
		q.Close()
		_, err = second.Wait(ctx)
		fmt.Println(err)
	}
	// Output:
	// queue: a task was lost: the process that had taken it ended before it said TaskDone; call ForgetLost, and put it again
	// <nil>
	// <nil>
}
