//go:build linux

package queue_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

// A child's ends, by their encoded form: it has one handle to each until "pipe.close".
var theirEnds struct {
	sync.Mutex
	m map[string]any
}

func theirEnd[T any](arg string) (*queue.Conn[T], error) {
	theirEnds.Lock()
	defer theirEnds.Unlock()
	if c, ok := theirEnds.m[arg].(*queue.Conn[T]); ok {
		return c, nil
	}
	c := new(queue.Conn[T])
	if err := decoded(arg, c); err != nil {
		return nil, err
	}
	if theirEnds.m == nil {
		theirEnds.m = map[string]any{}
	}
	theirEnds.m[arg] = c
	return c, nil
}

func decoded(arg string, v interface{ UnmarshalCBOR([]byte) error }) error {
	data, err := hex.DecodeString(arg)
	if err != nil {
		return err
	}
	return v.UnmarshalCBOR(data)
}

// encoded is a handle as a test's request carries it. It keeps nothing alive: the test holds the handle until the child has it.
func encoded(t testing.TB, v interface{ MarshalCBOR() ([]byte, error) }) string {
	t.Helper()
	data, err := v.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(data)
}

func withEnd[T any](op string, fn func(c *queue.Conn[T], args []string) (string, error)) {
	testproc.Handle(op, func(args []string) (string, error) {
		c, err := theirEnd[T](args[0])
		if err != nil {
			return "", err
		}
		return fn(c, args[1:])
	})
}

func init() {
	withEnd("pipe.take", func(*queue.Conn[int], []string) (string, error) { return "", nil })
	withEnd("pipe.close", func(c *queue.Conn[int], _ []string) (string, error) { return "", c.Close() })
	withEnd("pipe.send", func(c *queue.Conn[int], args []string) (string, error) {
		for _, arg := range args {
			n, _ := strconv.Atoi(arg)
			if err := c.Send(context.Background(), n); err != nil {
				return "", err
			}
		}
		return "", nil
	})
	withEnd("pipe.recv", func(c *queue.Conn[int], _ []string) (string, error) {
		n, err := c.Recv(context.Background())
		return strconv.Itoa(n), err
	})
	withEnd("letters.take", func(*queue.Conn[letter], []string) (string, error) { return "", nil })
	withEnd("letters.recv", func(c *queue.Conn[letter], _ []string) (string, error) { // and use the handle that came with it
		l, err := c.Recv(context.Background())
		if err != nil {
			return "", err
		}
		return "", errors.Join(l.End.Send(context.Background(), l.N), l.End.Close())
	})
	withEnd("letters.send", func(c *queue.Conn[letter], args []string) (string, error) { // with an end of a new pipe, whose other end says hello
		a, b, err := queue.NewPipe[int]()
		if err != nil {
			return "", err
		}
		n, _ := strconv.Atoi(args[0])
		if err := a.Send(context.Background(), n); err != nil {
			return "", err
		}
		return "", errors.Join(c.Send(context.Background(), letter{N: n, End: b}), b.Close())
	})
	testproc.Handle("pipe.arm", func(args []string) (string, error) {
		n, _ := strconv.Atoi(args[1])
		killpoint.Arm(args[0], n)
		return "", nil
	})
	withEnd("pipe.traffic", func(c *queue.Conn[letter], args []string) (string, error) {
		var acked shm.RawArray[uint64]
		if err := decoded(args[0], &acked); err != nil {
			return "", err
		}
		if args[1] == "record" {
			killpoint.Record()
		}
		err := traffic(c, acked.Slice())
		points, _ := json.Marshal(killpoint.Recorded())
		return string(points), err
	})
}

func TestPipeBetweenProcesses(t *testing.T) {
	a, b := newPipe[int](t)
	p := testproc.Start(t)
	for i := range 50 {
		c := p.Go("pipe.recv", encoded(t, b))
		send(t, a, i)
		if got := c.Must(); got != strconv.Itoa(i) {
			t.Fatalf("received %s, want %d", got, i)
		}
		p.Must("pipe.send", encoded(t, b), i, i+1)
		receive(t, a, i)
		receive(t, a, i+1)
	}
	p.Bury()
}

// TestPipeLastOfSeveralProcesses: the other end sees the end when the last of all handles is gone, however they go.
func TestPipeLastOfSeveralProcesses(t *testing.T) {
	for _, ways := range []string{"cc", "ck", "kc", "kk"} {
		t.Run(ways, func(t *testing.T) {
			a, b := newPipe[int](t)
			p, q := testproc.Start(t), testproc.Start(t)
			end := encoded(t, b)
			p.Must("pipe.take", end)
			q.Must("pipe.take", end)
			b.Close()
			waits := sleeping(t, func() error { _, err := a.Recv(within(t)); return err })
			for i, x := range []*testproc.Proc{p, q} {
				polled(t, a, 0, false)
				send(t, a, 1)
				if ways[i] == 'k' {
					x.Bury()
				} else {
					x.Must("pipe.close", end)
				}
			}
			if err := waits(); err != io.EOF {
				t.Errorf("got %v", err)
			}
			if err := a.Send(within(t), 1); !errors.Is(err, queue.ErrNoPeer) {
				t.Errorf("got %v", err)
			}
			p.Bury()
			q.Bury()
		})
	}
}

// TestPipeHolderKilled: the last holder of an end is killed while it does nothing, while it waits for an item, and while it waits for room.
func TestPipeHolderKilled(t *testing.T) {
	for _, while := range []string{"idle", "receiving", "sending"} {
		t.Run(while, func(t *testing.T) {
			a, b := newPipe[int](t, queue.WithMemory(1))
			p := testproc.Start(t)
			end := encoded(t, b)
			p.Must("pipe.take", end)
			n := 0
			blocked := func() error { return queue.ErrNoPeer }
			switch while {
			case "idle":
				m := fill(t, a)
				blocked = sleeping(t, func() error { return a.Send(within(t), m) })
			case "receiving":
				p.Go("pipe.recv", end)
			case "sending":
				n = fill(t, b)
				p.Go("pipe.send", end, n)
			}
			b.Close()
			time.Sleep(10 * time.Millisecond) // whether it waits by now or not
			p.Bury()
			if err := blocked(); !errors.Is(err, queue.ErrNoPeer) {
				t.Errorf("the blocked Send: %v", err)
			}
			for i := range n {
				receive(t, a, i)
			}
			over(t, a)
			if err := a.Send(within(t), 1); !errors.Is(err, queue.ErrNoPeer) {
				t.Errorf("a later Send: %v", err)
			}
		})
	}
}

// TestPipeStopped: a process that is stopped holds its end.
func TestPipeStopped(t *testing.T) {
	a, b := newPipe[int](t)
	p := testproc.Start(t)
	end := encoded(t, b)
	p.Must("pipe.take", end)
	b.Close()
	p.Stop()
	send(t, a, 1)
	polled(t, a, 20*time.Millisecond, false)
	p.Continue()
	if got := p.Must("pipe.recv", end); got != "1" {
		t.Error(got)
	}
	p.Bury()
	over(t, a)
}

func init() {
	testproc.Handle("pipe.threads", func(args []string) (string, error) {
		c, err := theirEnd[int](args[0])
		if err != nil {
			return "", err
		}
		n, _ := strconv.Atoi(args[1])
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() { _, _ = c.Recv(ctx) })
		}
		most := 0
		for range 60 {
			tasks, _ := os.ReadDir("/proc/self/task")
			most = max(most, len(tasks))
			time.Sleep(2 * time.Millisecond)
		}
		cancel()
		wg.Wait()
		return strconv.Itoa(most), nil
	})
}

func TestPipeThreads(t *testing.T) {
	_, b := newPipe[int](t)
	p := testproc.Start(t)
	n, err := strconv.Atoi(p.Must("pipe.threads", encoded(t, b), 10_000))
	if err != nil || n == 0 || n > testproc.MostThreads(32) {
		t.Errorf("%d threads, %v; want at most %d", n, err, testproc.MostThreads(32))
	}
	p.Bury()
}
