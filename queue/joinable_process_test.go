//go:build linux

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

type tasks = queue.JoinableQueue[int]

func init() {
	// Takes as many tasks as the argument says, and does none.
	childOp("tasks.take", func(q *tasks, args []string) (string, error) {
		for range argNum(args, 0) {
			if _, err := q.Get(context.Background()); err != nil {
				return "", err
			}
		}
		return "", nil
	})
	// Takes a task in vain, as one who is killed at a point of it.
	childOp("tasks.try", func(q *tasks, _ []string) (string, error) {
		_, err := q.TryGet()
		return "", err
	})
	childOp("tasks.done", func(q *tasks, args []string) (string, error) {
		for range argNum(args, 0) {
			if err := q.TaskDone(); err != nil {
				return "", err
			}
		}
		return "", nil
	})
	childOp("tasks.put", func(q *tasks, args []string) (string, error) { return "", q.Put(context.Background(), argNum(args, 0)) })
	childOp("tasks.join", func(q *tasks, _ []string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
		defer cancel()
		return "", q.Join(ctx)
	})
	childOp("tasks.forget", func(q *tasks, _ []string) (string, error) {
		n, err := q.ForgetLost()
		return strconv.Itoa(n), err
	})
	childOp("tasks.hold", func(*tasks, []string) (string, error) { return "", nil })
	// Does tasks until the queue is closed; the result is how many. A task n puts n tasks 0.
	childOp("tasks.work", func(q *tasks, _ []string) (string, error) {
		n := 0
		for more, err := range q.All(context.Background()) {
			if err != nil {
				return "", err
			}
			for range more {
				if err := q.Put(context.Background(), 0); err != nil {
					return "", err
				}
			}
			n++
			if err := q.TaskDone(); err != nil {
				return "", err
			}
		}
		return strconv.Itoa(n), nil
	})
}

// TestJoinWorkers: four processes do the tasks, some of which put further ones.
func TestJoinWorkers(t *testing.T) {
	q := newTasks(t, 2000) // room for all: else those who put tasks could all wait for room that only they make
	ctx := bounded(t)
	var calls []*testproc.Call
	for range 4 {
		calls = append(calls, testproc.Start(t).Go("tasks.work", wire(t, q)))
	}
	total := 0
	for range 5 {
		for i := range 500 {
			ok(t, q.Put(ctx, i%3))
			total += 1 + i%3
		}
		ok(t, q.Join(ctx))
		want(t, "unfinished", q.Unfinished(), 0)
	}
	ok(t, q.Close())
	for _, c := range calls {
		n, _ := strconv.Atoi(c.Must())
		total -= n
	}
	want(t, "tasks done more than put", total, 0)
}

// TestTaskDoneIsTheTakers: a process can't finish tasks that another has taken.
func TestTaskDoneIsTheTakers(t *testing.T) {
	q := newTasks(t, 4)
	p := testproc.Start(t)
	putTasks(t, q, 2)
	p.Must("tasks.take", wire(t, q), 2)
	wantErr(t, "TaskDone by another", q.TaskDone(), queue.ErrTooManyDone)
	p.Must("tasks.done", wire(t, q), 2)
	if _, err := p.Call("tasks.done", wire(t, q), 1); err == nil {
		t.Error("a third TaskDone")
	}
	ok(t, q.Join(bounded(t)))
}

// TestLostTasks: Join waits for the tasks of the living, then tells how many the dead had.
func TestLostTasks(t *testing.T) {
	q := newTasks(t, 100)
	ctx := bounded(t)
	p, r, other := testproc.Start(t), testproc.Start(t), testproc.Start(t)
	putTasks(t, q, 9)
	p.Must("tasks.take", wire(t, q), 4)
	p.Must("tasks.done", wire(t, q), 1)
	r.Must("tasks.take", wire(t, q), 2)
	other.Must("tasks.take", wire(t, q), 3)
	joined := sleeping(t, func() error { return q.Join(ctx) })
	p.Bury()
	r.Bury()
	other.Must("tasks.done", wire(t, q), 2)
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	alone := twin(t, q) // through q it would queue behind the Join that sleeps
	wantErr(t, "Join while one task is not done", alone.Join(soon), context.DeadlineExceeded)
	ok(t, alone.Detach())
	other.Must("tasks.done", wire(t, q), 1)
	lost(t, joined(), 5)
	lost(t, q.Join(ctx), 5)
	want(t, "unfinished", q.Unfinished(), 5)
	putTasks(t, q, 1)
	other.Must("tasks.take", wire(t, q), 1)
	other.Must("tasks.done", wire(t, q), 1)
	lost(t, q.Join(ctx), 5)
	want(t, "forgotten", other.Must("tasks.forget", wire(t, q)), "5")
	want(t, "forgotten again", must(q.ForgetLost())(t), 0)
	ok(t, q.Join(ctx))
}

// TestNoConsumer: a task is in the queue and nobody who has ever taken one lives. One who holds a handle and has done nothing yet may take it, one who only puts won't.
func TestNoConsumer(t *testing.T) {
	q := newTasks(t, 100)
	ctx := bounded(t)
	putTasks(t, q, 5)
	joined := sleeping(t, func() error { return q.Join(ctx) }) // nobody has died
	p, putter := testproc.Start(t), testproc.Start(t)
	putter.Must("tasks.put", wire(t, q), 0)
	p.Must("tasks.take", wire(t, q), 2)
	p.Must("tasks.done", wire(t, q), 2)
	p.Bury()
	wantErr(t, "Join", joined(), queue.ErrNoConsumer)

	newcomer := testproc.Start(t)
	newcomer.Must("tasks.hold", wire(t, q))
	joined = sleeping(t, func() error { return q.Join(ctx) })
	newcomer.Must("tasks.take", wire(t, q), 1)
	newcomer.Bury()
	err := joined()
	wantErr(t, "Join after the newcomer's death", err, queue.ErrNoConsumer)
	lost(t, err, 1)

	last := testproc.Start(t)
	last.Must("tasks.take", wire(t, q), 3)
	last.Must("tasks.done", wire(t, q), 3)
	lost(t, q.Join(ctx), 1)
	want(t, "forgotten", must(q.ForgetLost())(t), 1)
	ok(t, q.Join(ctx))
}

// TestConsumerKilledAtEveryPoint: what Join says after it, and what Unfinished counts, is exactly what is lost, whether the next one to look is a consumer, a Join or a
// ForgetLost.
func TestConsumerKilledAtEveryPoint(t *testing.T) {
	for _, c := range []struct {
		point string
		op    string
		lost  int // of five tasks that were put, two of them taken before
		left  int
	}{
		{"ring.read", "tasks.try", 2, 3},
		{"joinable.taking", "tasks.try", 2, 3},
		{"ring.taken", "tasks.try", 3, 2},
		{"joinable.taken", "tasks.try", 3, 2},
		{"joinable.done", "tasks.done", 1, 3},
	} {
		for _, next := range []string{"take", "join", "forget"} {
			t.Run(c.point+"/"+next, func(t *testing.T) {
				q := newTasks(t, 10)
				ctx := bounded(t)
				p, other := testproc.Start(t), testproc.Start(t)
				putTasks(t, q, 5)
				p.Must("tasks.take", wire(t, q), 2)
				p.Arm(c.point, 1)
				if _, err := p.Call(c.op, wire(t, q), 1); !errors.Is(err, testproc.ErrGone) {
					t.Fatalf("not killed: %v", err)
				}
				p.Bury()
				want(t, "left", q.Len(), c.left)
				switch next {
				case "take":
					other.Must("tasks.take", wire(t, q), c.left)
					want(t, "unfinished", q.Unfinished(), c.lost+c.left)
					other.Must("tasks.done", wire(t, q), c.left)
					lost(t, q.Join(ctx), c.lost)
				case "join":
					err := q.Join(ctx)
					wantErr(t, "Join", err, queue.ErrNoConsumer)
					lost(t, err, c.lost)
					want(t, "unfinished", q.Unfinished(), c.lost+c.left)
				case "forget":
					want(t, "forgotten", must(q.ForgetLost())(t), c.lost)
					want(t, "unfinished", q.Unfinished(), c.left)
					other.Must("tasks.take", wire(t, q), c.left)
					other.Must("tasks.done", wire(t, q), c.left)
					ok(t, q.Join(ctx))
				}
			})
		}
	}
}

// TestWorkersDieBeforeTheirFirstTask: they had the queue, and nobody else has it who could take a task.
func TestWorkersDieBeforeTheirFirstTask(t *testing.T) {
	q := newTasks(t, 10)
	ctx := bounded(t)
	putTasks(t, q, 3)
	a, b := testproc.Start(t), testproc.Start(t)
	a.Must("tasks.take", wire(t, q), 0)
	b.Must("tasks.take", wire(t, q), 0)
	joined := make(chan error, 1)
	go func() { joined <- q.Join(ctx) }()
	a.Bury()
	select {
	case err := <-joined:
		t.Fatalf("%v, and a process has the queue that may yet take its tasks", err)
	case <-time.After(20 * time.Millisecond):
	}
	b.Bury()
	wantErr(t, "Join", <-joined, queue.ErrNoConsumer)
}

// TestSettlerKilledAtEveryPoint: who counts the tasks of a dead consumer is killed at it; further consumers die, before and behind it in the table; the sum stays right.
func TestSettlerKilledAtEveryPoint(t *testing.T) {
	for _, c := range []struct{ point, op string }{
		{"joinable.burying", "tasks.forget"},
		{"joinable.buried", "tasks.forget"},
		{"joinable.emptied", "tasks.forget"},
		{"joinable.burying", "tasks.put"},
		{"joinable.buried", "tasks.put"},
		{"joinable.emptied", "tasks.take"},
		{"joinable.settled", "tasks.take"},
		{"joinable.joining", "tasks.join"},
	} {
		t.Run(c.point+"/"+c.op, func(t *testing.T) {
			q := newTasks(t, 100)
			ctx := bounded(t)
			putTasks(t, q, 20)
			before, victim, behind, settler := testproc.Start(t), testproc.Start(t), testproc.Start(t), testproc.Start(t)
			before.Must("tasks.take", wire(t, q), 5)
			victim.Must("tasks.take", wire(t, q), 1)
			behind.Must("tasks.take", wire(t, q), 3)
			if c.point == "joinable.settled" {
				settler.Must("tasks.take", wire(t, q), 0) // who gets a handle afterwards settles in another way
			}
			victim.Arm("ring.taken", 1)
			if _, err := victim.Call("tasks.try", wire(t, q)); !errors.Is(err, testproc.ErrGone) {
				t.Fatalf("not killed: %v", err)
			}
			victim.Bury()
			want(t, "unfinished", q.Unfinished(), 20)
			settler.Arm(c.point, 1)
			if _, err := settler.Call(c.op, wire(t, q), 1); !errors.Is(err, testproc.ErrGone) {
				t.Fatalf("not killed: %v", err)
			}
			settler.Bury()
			want(t, "unfinished", q.Unfinished(), 20)
			before.Bury()
			want(t, "unfinished", q.Unfinished(), 20)
			behind.Bury()
			want(t, "unfinished", q.Unfinished(), 20)
			left := q.Len()
			err := q.Join(ctx)
			wantErr(t, "Join", err, queue.ErrNoConsumer)
			lost(t, err, 20-left)
			want(t, "forgotten", must(q.ForgetLost())(t), 20-left)
			want(t, "unfinished", q.Unfinished(), left)
			for range left {
				must(q.TryGet())(t)
				ok(t, q.TaskDone())
			}
			ok(t, q.Join(ctx))
		})
	}
}

// TestManyConsumersDie: more than there is room for in the table at first, in several generations.
func TestManyConsumersDie(t *testing.T) {
	q := newTasks(t, 1000)
	ctx := bounded(t)
	putTasks(t, q, 200)
	total := 0
	for generation := range 2 {
		var ps []*testproc.Proc
		for i := range 17 {
			p := testproc.Start(t)
			p.Must("tasks.take", wire(t, q), 1+i%3)
			total += 1 + i%3
			ps = append(ps, p)
		}
		want(t, "unfinished", q.Unfinished(), 200)
		for _, p := range ps {
			p.Bury()
			want(t, fmt.Sprintf("generation %d: unfinished", generation), q.Unfinished(), 200)
		}
	}
	err := q.Join(ctx)
	wantErr(t, "Join", err, queue.ErrNoConsumer)
	lost(t, err, total)
	want(t, "forgotten", must(q.ForgetLost())(t), total)
	want(t, "unfinished", q.Unfinished(), 200-total)
}
