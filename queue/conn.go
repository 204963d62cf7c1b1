package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// A Conn is one end of a pipe. It sends items of type T to the other end, or receives what was sent there, or both; any number of goroutines and processes may
// share an end. Besides items of type T a pipe carries plain bytes (SendBytes, RecvBytes).
//
// When the other end was closed in all processes, or its last holder has died, Recv returns io.EOF, after what had been sent, and Send ErrNoPeer. A process that hands an end to another
// one therefore has to close its own handle to that end, as with the pipes of Unix; a handle that was forgotten is closed by the collector.
//
// The zero Conn can only be decoded into. It must not be copied.
type Conn[T any] struct {
	_ handle.NoCopy
	s *ends
	c codec[T]
}

// NewPipe makes a pipe whose two ends both send and receive. Without WithMemory each direction has 64 KiB, or room for four items of a larger pointer-free type.
func NewPipe[T any](opts ...Option) (a, b *Conn[T], err error) { return newPipe[T](true, opts) }

// NewOneWay makes a pipe from w to r.
func NewOneWay[T any](opts ...Option) (r, w *Conn[T], err error) { return newPipe[T](false, opts) }

func newPipe[T any](duplex bool, opts []Option) (a, b *Conn[T], err error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	c, err := codecOf[T]()
	if err != nil {
		return nil, nil, err
	}
	memory := uint64(64 << 10)
	if c.how == asMemory {
		memory = max(memory, c.memory(4))
	}
	switch {
	case o.memory < 0:
		return nil, nil, fmt.Errorf("queue: a memory of %d bytes was asked for", o.memory)
	case o.memory > 0:
		memory = uint64(o.memory)
	}
	x, y, err := makeEnds(ring.Spec{Type: c.typ, Capacity: ring.MaxCapacity, Bytes: memory, Spin: o.spin}, duplex)
	if err != nil {
		return nil, nil, err
	}
	a, b = &Conn[T]{c: c}, &Conn[T]{c: c}
	a.own(x)
	b.own(y)
	return a, b, nil
}

// own makes the end c's, to be closed with it.
func (c *Conn[T]) own(s *ends) {
	c.s = s
	runtime.AddCleanup(c, func(s *ends) { _ = s.close() }, s)
}

// Send sends v and waits while the pipe is full. It returns ErrNoPeer when nobody is left who could receive; after an error v was not sent.
func (c *Conn[T]) Send(ctx context.Context, v T) error { return c.SendFrom(ctx, &v) }

// SendFrom is Send of *p, without the copy that passing a large array by value takes.
func (c *Conn[T]) SendFrom(ctx context.Context, p *T) error {
	r, err := c.s.sender()
	if err == nil {
		err = waiting(ctx, c, "room in", c.s.sent(c.c.put(ctx, r, p, true)))
	}
	runtime.KeepAlive(c)
	return err
}

// Recv receives the next item and waits for one. It returns io.EOF when none is left and nobody could send another.
func (c *Conn[T]) Recv(ctx context.Context) (T, error) {
	var v T
	err := c.RecvInto(ctx, &v)
	return v, err
}

// RecvInto is Recv into *p. When T is a slice of pointer-free elements the room that *p has, up to its capacity, is used again.
func (c *Conn[T]) RecvInto(ctx context.Context, p *T) error {
	r, err := c.s.receiver()
	if err == nil {
		err = waiting(ctx, c, "an item from", c.c.get(ctx, r, p, true))
	}
	runtime.KeepAlive(c)
	return err
}

// SendBytes sends bytes as they are; RecvBytes receives them. It is not the same as Send of a []byte, which Recv receives.
func (c *Conn[T]) SendBytes(ctx context.Context, b []byte) error {
	r, err := c.s.sender()
	if err == nil {
		err = waiting(ctx, c, "room in", c.s.sent(r.Put(ctx, &ring.Item{Kind: ring.KindRaw, Data: b})))
	}
	runtime.KeepAlive(c)
	return err
}

// ShortBufferError: the next message is longer than the buffer. It is still there.
type ShortBufferError struct {
	Len  int // of the buffer
	Need int // length of the message
}

func (e *ShortBufferError) Error() string {
	return fmt.Sprintf("queue: the message has %d bytes, the buffer %d", e.Need, e.Len)
}

// Unwrap makes errors.Is find io.ErrShortBuffer.
func (e *ShortBufferError) Unwrap() error { return io.ErrShortBuffer }

// RecvBytes receives what SendBytes has sent into buf and returns its length; it waits for it. A message that is longer stays where it is, and the error is a
// *ShortBufferError; an item that Send has sent stays as well, and the error is ErrWrongType.
func (c *Conn[T]) RecvBytes(ctx context.Context, buf []byte) (int, error) {
	r, err := c.s.receiver()
	if err != nil {
		return 0, err
	}
	o := ring.Out{Data: buf, Fit: true, Raw: true}
	err = r.Get(ctx, &o)
	runtime.KeepAlive(c)
	if size := (*ring.SizeError)(nil); errors.As(err, &size) {
		return 0, &ShortBufferError{Len: size.Have, Need: size.Need}
	}
	if err != nil {
		return 0, waiting(ctx, c, "a message from", err)
	}
	if o.Inbox != nil {
		o.Inbox.Release()
	}
	return len(o.Data), nil
}

// Poll reports whether Recv would return at once, with an item or with io.EOF, and waits for that up to the timeout; less than 0: without end.
func (c *Conn[T]) Poll(timeout time.Duration) (bool, error) {
	ctx := context.Background()
	if timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	ready, err := c.ready()
	if ready || err != nil || timeout == 0 {
		return ready, err
	}
	err = c.waitReadable(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// ready and waitReadable are what Wait needs.
func (c *Conn[T]) ready() (bool, error) {
	r, err := c.s.receiver()
	if err != nil {
		return false, err
	}
	defer runtime.KeepAlive(c)
	return r.Ready()
}

func (c *Conn[T]) waitReadable(ctx context.Context) error {
	r, err := c.s.receiver()
	if err == nil {
		err = r.WaitReadable(ctx)
	}
	runtime.KeepAlive(c)
	return err
}

// Close gives this handle up: who waits through it gets ErrClosed. When it was the last handle of this end, in all processes, the other end sees it as described at Conn. A second
// Close is ErrClosed.
func (c *Conn[T]) Close() error {
	if c.s == nil {
		return ErrClosed
	}
	err := c.s.close()
	runtime.KeepAlive(c)
	return err
}

// String tells what is on its way in each direction, and whether the other end is there.
func (c *Conn[T]) String() string {
	if c.s == nil {
		return "queue.Conn(none)"
	}
	defer runtime.KeepAlive(c)
	return fmt.Sprintf("queue.Conn[%s](%v)", c.c.name, c.s)
}
