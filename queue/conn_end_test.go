//go:build linux

package queue_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

// TestPipeEnds: each way in which an end goes, and what the other end sees that waits, and that comes later.
func TestPipeEnds(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, b *queue.Conn[int]){
		"closed": func(t *testing.T, b *queue.Conn[int]) { b.Close() },
		"the last of three handles": func(t *testing.T, b *queue.Conn[int]) {
			c, d := anotherEnd(t, b), anotherEnd(t, b)
			for _, x := range []*queue.Conn[int]{c, b, d} {
				time.Sleep(time.Millisecond)
				x.Close()
			}
		},
		"all at once": func(t *testing.T, b *queue.Conn[int]) {
			var wg sync.WaitGroup
			for range 8 {
				c := anotherEnd(t, b)
				wg.Go(func() { c.Close() })
			}
			b.Close()
			wg.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newPipe[int](t, queue.WithMemory(1))
			n := fill(t, a)
			blocked := sleeping(t, func() error { return a.Send(within(t), n) })
			send(t, b, 1)
			receive(t, a, 1)
			waits := sleeping(t, func() error { _, err := a.Recv(within(t)); return err })
			end(t, b)
			if err := blocked(); !errors.Is(err, queue.ErrNoPeer) {
				t.Errorf("the blocked Send: %v", err)
			}
			if err := waits(); err != io.EOF {
				t.Errorf("the waiting Recv: %v", err)
			}
			if err := a.Send(within(t), 1); !errors.Is(err, queue.ErrNoPeer) {
				t.Errorf("a later Send: %v", err)
			}
			if err := a.SendBytes(within(t), nil); !errors.Is(err, queue.ErrNoPeer) {
				t.Errorf("a later SendBytes: %v", err)
			}
			over(t, a)
			if _, err := a.RecvBytes(within(t), nil); err != io.EOF {
				t.Errorf("a later RecvBytes: %v", err)
			}
			polled(t, a, 0, true)
			polled(t, a, -1, true)
			if s := a.String(); !strings.Contains(s, "the other end is closed") {
				t.Error(s)
			}
		})
	}
}

// TestPipeDrains: what was sent before the end was closed is received.
func TestPipeDrains(t *testing.T) {
	a, b := newPipe[int](t)
	for i := range 100 {
		send(t, b, i)
	}
	b.Close()
	for i := range 100 {
		polled(t, a, 0, true)
		receive(t, a, i)
	}
	over(t, a)
}

// TestPipeForgotten: an end whose only handle was forgotten is closed by the collector.
func TestPipeForgotten(t *testing.T) {
	flat(t)
	a := func() *queue.Conn[int] {
		a, _, err := queue.NewPipe[int]()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}()
	defer a.Close()
	waits := make(chan error, 1)
	go func() { _, err := a.Recv(within(t)); waits <- err }()
	testproc.Eventually(t, "EOF after the collector has found the other end", func() bool {
		collect()
		select {
		case err := <-waits:
			if err != io.EOF {
				t.Errorf("got %v", err)
			}
			return true
		default:
			return false
		}
	})
}

// TestPipeInUseIsNotForgotten: a goroutine that waits through an end keeps it.
func TestPipeInUseIsNotForgotten(t *testing.T) {
	flat(t)
	a, b, err := queue.NewPipe[int]()
	if err != nil {
		t.Fatal(err)
	}
	got := sleeping(t, func() error { v, err := b.Recv(within(t)); return errors.Join(err, is(v == 5)) })
	for range 5 {
		collect()
		polled(t, a, 0, false)
	}
	send(t, a, 5)
	if err := got(); err != nil {
		t.Error(err)
	}
	a.Close()
}

func is(holds bool) error {
	if !holds {
		return errors.New("it is another one")
	}
	return nil
}

func TestPipeCloseEndsWaits(t *testing.T) {
	a, b := newPipe[int](t, queue.WithMemory(1))
	n := fill(t, a)
	other := anotherEnd(t, a)
	var waits []func() error
	for range 3 {
		waits = append(waits,
			sleeping(t, func() error { return a.Send(context.Background(), n) }),
			sleeping(t, func() error { _, err := a.Recv(context.Background()); return err }),
			sleeping(t, func() error { _, err := a.Poll(-1); return err }),
			sleeping(t, func() error { _, err := a.Poll(time.Hour); return err }))
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for i, wait := range waits {
		if err := wait(); !errors.Is(err, queue.ErrClosed) {
			t.Errorf("wait %d: %v", i, err)
		}
	}
	polled(t, b, 0, true) // other has the end
	for i := range n {
		receive(t, b, i)
	}
	send(t, other, -1)
	receive(t, b, -1)
	if err := a.Send(within(t), 1); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Send: %v", err)
	}
	if _, err := a.Recv(within(t)); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Recv: %v", err)
	}
	if _, err := a.RecvBytes(within(t), nil); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("RecvBytes: %v", err)
	}
	if _, err := a.Poll(0); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Poll: %v", err)
	}
	if err := a.Close(); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Close: %v", err)
	}
	if _, err := cbor.Marshal(a); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Marshal: %v", err)
	}
	if s := a.String(); s != "queue.Conn[int](closed)" && s != "queue.Conn[int64](closed)" {
		t.Error(s)
	}
}

func TestPipeZero(t *testing.T) {
	c := new(queue.Conn[int])
	if err := c.Send(within(t), 1); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Send: %v", err)
	}
	if _, err := c.Recv(within(t)); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Recv: %v", err)
	}
	if _, err := c.Poll(time.Hour); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Poll: %v", err)
	}
	if err := c.Close(); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Close: %v", err)
	}
	if s := c.String(); s != "queue.Conn(none)" {
		t.Error(s)
	}
	for _, c := range []*queue.Conn[int]{c, nil} {
		if _, err := c.MarshalCBOR(); err == nil {
			t.Error("marshalled")
		}
	}
}

func TestPipeContext(t *testing.T) {
	a, b := newPipe[int](t, queue.WithMemory(1))
	cause := errors.New("the one who would answer has gone home")
	gone, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	n := fill(t, a)
	for name, wait := range map[string]func(ctx context.Context) error{
		"an item from queue.Conn[":   func(ctx context.Context) error { _, err := a.Recv(ctx); return err },
		"a message from queue.Conn[": func(ctx context.Context) error { _, err := a.RecvBytes(ctx, nil); return err },
		"room in queue.Conn[":        func(ctx context.Context) error { return a.Send(ctx, n) },
		"room in ":                   func(ctx context.Context) error { return a.SendBytes(ctx, make([]byte, 8)) },
	} {
		if err := wait(gone); !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
		if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "queue: waiting for "+name) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	for i := range n {
		receive(t, b, i)
	}
	polled(t, b, 0, false) // nothing of what was given up
}
