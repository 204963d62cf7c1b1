//go:build linux

package queue_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"testing"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

func init() {
	testproc.Handle("letters.forward", func(args []string) (string, error) {
		through, err := theirEnd[letter](args[0])
		if err != nil {
			return "", err
		}
		end, err := theirEnd[int](args[1])
		if err != nil {
			return "", err
		}
		return "", through.Send(context.Background(), letter{End: end})
	})
	testproc.Handle("letters.bounce", func(args []string) (string, error) {
		var in, out queue.Queue[letter]
		if err := errors.Join(decoded(args[0], &in), decoded(args[1], &out)); err != nil {
			return "", err
		}
		n, _ := strconv.Atoi(args[2])
		for range n {
			l, err := in.Get(context.Background())
			if err != nil {
				return "", err
			}
			if err := errors.Join(out.Put(context.Background(), l), l.End.Close()); err != nil {
				return "", err
			}
		}
		return "", nil
	})
}

// TestPipeEndOfUncommitted: a process is killed when it has kept the end that it sends, and has not sent it. Nobody can receive it any more.
func TestPipeEndOfUncommitted(t *testing.T) {
	c, d := newPipe[letter](t)
	a, b := newPipe[int](t)
	p := testproc.Start(t)
	p.Must("letters.take", encoded(t, c))
	end := encoded(t, b)
	p.Must("pipe.take", end)
	b.Close()
	p.Must("pipe.arm", "ring.kept", 1)
	waits := sleeping(t, func() error { _, err := a.Recv(within(t)); return err })
	if _, err := p.Call("letters.forward", encoded(t, c), end); !errors.Is(err, testproc.ErrGone) {
		t.Fatalf("not killed: %v", err)
	}
	p.Bury()
	if err := waits(); err != io.EOF {
		t.Errorf("got %v", err)
	}
	if err := a.Send(within(t), 1); !errors.Is(err, queue.ErrNoPeer) {
		t.Errorf("got %v", err)
	}
	polled(t, d, 0, false)
}

// TestPipeEndBounces: three processes send an end round, again and again; at each moment one of them, or an item, has it.
func TestPipeEndBounces(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 500
	}
	a, b := newPipe[int](t)
	there, err := queue.New[letter](1)
	ok(t, err)
	defer there.Detach()
	back, err := queue.New[letter](1)
	ok(t, err)
	defer back.Detach()
	round, err := queue.New[letter](1)
	ok(t, err)
	defer round.Detach()
	p, q, r := testproc.Start(t), testproc.Start(t), testproc.Start(t)
	calls := []*testproc.Call{
		p.Go("letters.bounce", encoded(t, there), encoded(t, back), n),
		q.Go("letters.bounce", encoded(t, back), encoded(t, round), n),
		r.Go("letters.bounce", encoded(t, round), encoded(t, there), n),
	}
	ok(t, there.Put(within(t), letter{End: b}))
	b.Close()
	done := make(chan error, 1)
	go func() {
		var all error
		for _, c := range calls {
			_, err := c.Wait()
			all = errors.Join(all, err)
		}
		done <- all
	}()
	for looks := 0; ; looks++ {
		if over, err := a.Poll(0); over || err != nil {
			t.Fatalf("look %d: %v, %v", looks, over, err)
		}
		select {
		case err := <-done:
			ok(t, err)
			l, err := there.Get(within(t))
			ok(t, err)
			send(t, l.End, 1)
			l.End.Close()
			receive(t, a, 1)
			over(t, a)
			p.Bury()
			q.Bury()
			r.Bury()
			return
		default:
		}
	}
}
