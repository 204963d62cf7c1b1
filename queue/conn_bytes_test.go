//go:build linux

package queue_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/multiproc-go/multiproc/queue"
)

func TestPipeBytes(t *testing.T) {
	a, b := newPipe[int](t)
	large := bytes.Repeat([]byte("0123456789"), 20_000) // more than the pipe has
	buf := make([]byte, 1<<20)
	for _, m := range [][]byte{{}, nil, []byte("x"), []byte("hello"), large} {
		if err := a.SendBytes(within(t), m); err != nil {
			t.Fatal(err)
		}
		if len(m) > 0 {
			for _, short := range []int{0, len(m) - 1} {
				n, err := b.RecvBytes(within(t), buf[:short])
				var e *queue.ShortBufferError
				if n != 0 || !errors.As(err, &e) || *e != (queue.ShortBufferError{Len: short, Need: len(m)}) || !errors.Is(err, io.ErrShortBuffer) {
					t.Fatalf("a buffer of %d: %d, %v", short, n, err)
				}
			}
		}
		buf[len(m)] = 0xee
		for i := range m {
			buf[i] = 0
		}
		n, err := b.RecvBytes(within(t), buf[:len(m)])
		if err != nil || n != len(m) || !bytes.Equal(buf[:n], m) || buf[n] != 0xee {
			t.Fatalf("%d of %d bytes, %v", n, len(m), err)
		}
	}
	polled(t, b, 0, false)
}

// TestPipeShortBufferWaits: a message that comes while one waits with a short buffer stays for the next one, here another goroutine that waits already.
func TestPipeShortBufferWaits(t *testing.T) {
	a, b := newPipe[int](t)
	other := anotherEnd(t, b)
	short := sleeping(t, func() error { _, err := b.RecvBytes(within(t), make([]byte, 2)); return err })
	long := make(chan error, 1)
	if err := a.SendBytes(within(t), []byte("abc")); err != nil {
		t.Fatal(err)
	}
	if err := short(); !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("got %v", err)
	}
	go func() {
		buf := make([]byte, 3)
		n, err := other.RecvBytes(within(t), buf)
		long <- errors.Join(err, is(string(buf[:n]) == "abc"))
	}()
	if err := <-long; err != nil {
		t.Error(err)
	}
}

func TestPipeMixed(t *testing.T) {
	for name, pipe := range map[string]func(t *testing.T) (sendItem, recvItem func(context.Context) error, c, d interface {
		SendBytes(context.Context, []byte) error
		RecvBytes(context.Context, []byte) (int, error)
	}){
		"memory": mixed[int],
		"string": mixed[string],
		"slice":  mixed[[]byte],
		"CBOR":   mixed[letter],
	} {
		t.Run(name, func(t *testing.T) {
			sendItem, recvItem, a, b := pipe(t)
			ctx := within(t)
			buf := make([]byte, 10)
			if err := errors.Join(a.SendBytes(ctx, []byte("raw")), sendItem(ctx), a.SendBytes(ctx, nil)); err != nil {
				t.Fatal(err)
			}
			if err := recvItem(ctx); !errors.Is(err, queue.ErrWrongType) {
				t.Errorf("Recv of bytes: %v", err)
			}
			if n, err := b.RecvBytes(ctx, buf); err != nil || string(buf[:n]) != "raw" {
				t.Errorf("%q, %v", buf[:n], err)
			}
			if _, err := b.RecvBytes(ctx, buf); !errors.Is(err, queue.ErrWrongType) {
				t.Errorf("RecvBytes of an item: %v", err)
			}
			if err := recvItem(ctx); err != nil {
				t.Errorf("Recv: %v", err)
			}
			if n, err := b.RecvBytes(ctx, nil); err != nil || n != 0 {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
}

func mixed[T any](t *testing.T) (sendItem, recvItem func(context.Context) error, c, d interface {
	SendBytes(context.Context, []byte) error
	RecvBytes(context.Context, []byte) (int, error)
}) {
	a, b := newPipe[T](t)
	return func(ctx context.Context) error { var v T; return a.Send(ctx, v) },
		func(ctx context.Context) error { _, err := b.Recv(ctx); return err }, a, b
}
