package connection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/py"
)

// Recv receives an object that was sent as a pickle, and waits for it. It returns io.EOF when the other end was closed or has died after its last whole message, and, as in Python,
// for a message without a byte in it, after which there may be more. ErrBroken, with io.ErrUnexpectedEOF, is the end inside a message. A pickle that package pickle refuses is its
// error; the next message can be received. ErrClosed is this end, and the other errors are the context's, the deadline's and the network's.
func (c *Conn) Recv(ctx context.Context) (py.Value, error) {
	var v py.Value
	err := c.unpickle(ctx, func(pickle []byte, own bool) (err error) {
		p := c.config.Pickle
		p.Alias = p.Alias && own
		v, err = p.Decode(pickle)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// RecvInto is Recv into *to, with package pickle's conversion to Go types. When the object does not fit, the message is received and gone; the next one can be received.
func (c *Conn) RecvInto(ctx context.Context, to any) error {
	return c.unpickle(ctx, func(pickle []byte, own bool) error {
		p := c.config.Pickle
		p.Alias = p.Alias && own
		return p.Unmarshal(pickle, to)
	})
}

// unpickle hands the next message to decode. own says that its memory will not be used for anything else.
func (c *Conn) unpickle(ctx context.Context, decode func(pickle []byte, own bool) error) error {
	whole, err := c.next(ctx)
	if err != nil {
		return err
	}
	if whole != nil {
		// In the buffer of the reader, which nobody else can fill before the turn is given.
		defer c.receiving.give()
		defer c.in.done(whole)
		if len(whole) == 0 {
			return io.EOF
		}
		return c.hinted(whole, decode(whole, false))
	}
	message, err := c.rest(ctx, nil)
	if err != nil {
		return err
	}
	return c.hinted(message, decode(message, true))
}

// hinted adds to the error for a message that is the beginning of a handshake what that means.
func (c *Conn) hinted(message []byte, err error) error {
	if err != nil && c.config.Key == nil && bytes.HasPrefix(message, []byte(challengePrefix)) {
		return fmt.Errorf("connection: the other end asks for a key, and Config.Key is nil: %w", err)
	}
	return err
}

// RecvBytes receives a message as bytes, and waits for it. The errors are Recv's, but an empty message is one like any other.
func (c *Conn) RecvBytes(ctx context.Context) ([]byte, error) {
	whole, err := c.next(ctx)
	if err != nil {
		return nil, err
	}
	if whole != nil {
		defer c.receiving.give()
		defer c.in.done(whole)
		return append(make([]byte, 0, len(whole)), whole...), nil
	}
	return c.rest(ctx, nil)
}

// RecvBytesInto is RecvBytes into a buffer, and returns the length of the message; 0 with an error. When the message is longer than the buffer that is a *BufferTooShortError, which has it.
// What is in the buffer after an error is undefined.
func (c *Conn) RecvBytesInto(ctx context.Context, b []byte) (int, error) {
	whole, err := c.next(ctx)
	if err != nil {
		return 0, err
	}
	if whole != nil {
		defer c.receiving.give()
		defer c.in.done(whole)
		if len(whole) > len(b) {
			return 0, &BufferTooShortError{Message: slices.Clone(whole), Len: len(b)}
		}
		return copy(b, whole), nil
	}
	message, err := c.rest(ctx, b)
	if err != nil {
		return 0, err
	}
	if len(message) > len(b) {
		return 0, &BufferTooShortError{Message: message, Len: len(b)}
	}
	return len(message), nil
}

// next takes the turn and waits for a message. With a whole message, or with a longer one of which rest reads the rest, the caller has the turn; after an error it does not.
func (c *Conn) next(ctx context.Context) (whole []byte, err error) {
	if err := c.enter(ctx, c.receiving); err != nil {
		return nil, err
	}
	if err = c.recvErr; err == nil {
		w := begin(ctx, &c.recvDeadline, nil)
		whole, err = c.in.next(c.maxFrame)
		w.end()
		err = c.received(ctx, err)
	}
	if err != nil {
		c.receiving.give()
	}
	return whole, err
}

// rest reads the rest of a long message, into b if it is long enough, and gives the turn.
func (c *Conn) rest(ctx context.Context, b []byte) ([]byte, error) {
	defer c.receiving.give()
	w := begin(ctx, &c.recvDeadline, nil)
	message, err := c.in.read(b)
	w.end()
	return message, c.received(ctx, err)
}

// received sorts the errors of receiving. Who calls has the turn.
func (c *Conn) received(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	err, again := interrupted(ctx, err)
	switch {
	case again:
		return c.mapped(err)
	case c.tolerant && c.in.large != nil && err == error(c.in.large):
		return err
	case c.in.ready():
		return c.breaks(err)
	default: // the end, between two messages
		if err = c.mapped(err); c.usable() == nil {
			c.recvErr = err
		}
		return err
	}
}

// Poll reports whether a message, or a part of one, has come, or the end of file. It waits for that up to the timeout; less than 0: without end. On a Conn that is closed or broken already, or
// past its deadline for receiving it is false with that error.
// A timeout of 0 just looks (on other systems than Linux, and for a net.Conn that is no socket, it takes up to 1 ms to find nothing).
func (c *Conn) Poll(timeout time.Duration) (bool, error) {
	ctx := context.Background()
	if timeout == 0 {
		timeout = time.Millisecond
		if ready, ok, err := c.look(); ok || err != nil {
			return ready, err
		}
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	return c.PollContext(ctx)
}

// PollContext is Poll that waits until a context ends, which is not an error but false.
func (c *Conn) PollContext(ctx context.Context) (bool, error) {
	ready, err := c.await(ctx)
	if !ready && err == nil {
		// The time may have been too short to look even once.
		ready, _, err = c.look()
	}
	return ready, err
}

// await waits for what PollContext reports.
func (c *Conn) await(ctx context.Context) (bool, error) {
	if err := c.enter(ctx, c.receiving); err != nil {
		if ctx.Err() != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrBroken) {
			return false, nil
		}
		return false, err
	}
	defer c.receiving.give()
	if c.recvErr != nil || c.in.ready() {
		return true, nil
	}
	w := begin(ctx, &c.recvDeadline, nil)
	err := c.in.need(1)
	w.end()
	if err == nil {
		return true, nil
	}
	if err, again := interrupted(ctx, err); again && ctx.Err() != nil {
		return false, nil
	} else if again {
		return false, err
	}
	if err = c.received(ctx, err); errors.Is(err, ErrClosed) {
		return false, err
	}
	return true, nil // Recv returns it again
}

// look is Poll without waiting; ok is false where that is not possible.
func (c *Conn) look() (ready, ok bool, err error) {
	if err := c.usable(); err != nil {
		return false, true, err
	}
	select {
	case c.receiving <- struct{}{}:
	default:
		return false, true, nil // somebody else waits for the message, or reads it
	}
	defer c.receiving.give()
	if c.recvErr != nil || c.in.ready() {
		return true, true, nil
	}
	c.raw(func(fd uintptr) { ready, ok = sys.SocketReadable(int(fd)) })
	return ready, ok, nil
}
