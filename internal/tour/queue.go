package tour

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/queue"
)

const (
	queueWorkers = 4
	queueTasks   = 40
)

// queues is what goes through queues: words, and work.
type queues struct {
	answer *multiproc.Func[letters, int]
	labour *multiproc.Func[workshop, int]
}

func newQueues() queues { return queues{answerLetter, labourInShop} }

func (q queues) program() Program {
	return Program{"queue", "hello through a Queue; tasks for 4 workers in a JoinableQueue", q.run}
}

func (q queues) run(ctx context.Context, s *stage) error {
	if err := q.hello(ctx, s); err != nil {
		return err
	}
	return q.work(ctx, s)
}

// letters are two queues, one there and one back.
type letters struct {
	There, Back *queue.Queue[string]
}

// answerLetter returns the process that has answered.
var answerLetter = multiproc.Register("tour.queue.answer", func(ctx context.Context, l letters) (int, error) {
	text, err := l.There.Get(ctx)
	if err != nil {
		return 0, err
	}
	return os.Getpid(), l.Back.Put(ctx, fmt.Sprintf("%s, parent", text))
})

func (q queues) hello(ctx context.Context, s *stage) (err error) {
	s.Say("The parent puts a word into a queue. A child gets it and puts its answer into another one.")
	there, err := queue.New[string](1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, there.Detach()) }()
	back, err := queue.New[string](1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, back.Detach()) }()
	p, err := q.answer.Start(ctx, letters{there, back})
	if err != nil {
		return err
	}
	if err := there.Put(ctx, "hello"); err != nil {
		return err
	}
	pid, err := p.Wait(ctx)
	if err != nil {
		return err
	}
	// The child has ended. What it has put is there all the same.
	text, err := back.Get(ctx)
	if err != nil {
		return err
	}
	s.Show("process %d says: %s", pid, text)
	s.Check(text == "hello, parent" && pid == p.PID(), "the child got the word, and its answer came back")
	return nil
}

// workshop is a queue of tasks, numbers to be squared, and one for the
// results.
type workshop struct {
	Tasks   *queue.JoinableQueue[int]
	Results *queue.Queue[int]
}

// labourInShop works until the queue of tasks is closed, and returns how many
// it has done.
var labourInShop = multiproc.Register("tour.queue.labour", func(ctx context.Context, w workshop) (done int, err error) {
	for n, err := range w.Tasks.All(ctx) {
		if err != nil {
			return done, err
		}
		time.Sleep(time.Millisecond) // it is hard work
		if err := w.Results.Put(ctx, n*n); err != nil {
			return done, err
		}
		if err := w.Tasks.TaskDone(); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
})

func (q queues) work(ctx context.Context, s *stage) (err error) {
	s.Say("The parent puts %d tasks into a JoinableQueue, from which %d workers take them. Join returns when the last one is done.", queueTasks, queueWorkers)
	tasks, err := queue.NewJoinable[int](queueTasks)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tasks.Detach()) }()
	results, err := queue.New[int](queueTasks)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.Detach()) }()

	for n := range queueTasks {
		if err := tasks.Put(ctx, n); err != nil {
			return err
		}
	}
	// callAll returns when the workers have ended, which they do when the queue
	// is closed: Join has to be called beside it.
	atWork, over := context.WithCancel(ctx)
	joined := make(chan error, 1)
	ready := 0 // results when Join has returned
	go func() {
		err := tasks.Join(atWork)
		ready = results.Len()
		joined <- errors.Join(err, tasks.Close())
	}()
	shares, err := callAll(ctx, queueWorkers, q.labour, same(workshop{tasks, results}))
	over()
	if err := errors.Join(err, <-joined); err != nil {
		return err
	}
	s.Show("the workers have done %v of them", shares)
	s.Check(ready == queueTasks, "when Join returned there were %d results", ready)

	var squares, want []int
	for range results.Len() {
		n, err := results.Get(ctx)
		if err != nil {
			return err
		}
		squares = append(squares, n)
	}
	slices.Sort(squares)
	for n := range queueTasks {
		want = append(want, n*n)
	}
	s.Check(slices.Equal(squares, want), "each task was done once: the squares of 0 to %d", queueTasks-1)
	return nil
}
