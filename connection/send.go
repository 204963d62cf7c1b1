package connection

import (
	"context"
	"errors"
)

const (
	// copied is the longest payload that is copied behind its header, which is quicker than telling the kernel of two places.
	copied = 16 << 10
	// kept is the largest buffer that a connection keeps for its next Send.
	kept = 64 << 10
)

// Send sends an object as a pickle: a py.Value, or a Go value that package pickle can write. It waits for room in the kernel, not for the other end to receive. The errors are
// package pickle's for a value that has no pickle, after which nothing was sent; the context's; os.ErrDeadlineExceeded; ErrClosed and ErrBroken; and the network's, when the other end is gone.
func (c *Conn) Send(ctx context.Context, v any) error {
	if err := c.enter(ctx, c.sending); err != nil {
		return err
	}
	defer c.sending.give()
	// The pickle is written behind room for the longest header, so it is never copied.
	frame, err := c.config.Pickle.Append(append(c.out[:0], make([]byte, longHeader)...), v)
	if err != nil {
		return err
	}
	c.out = nil
	if cap(frame) <= kept {
		c.out = frame
	}
	head := len(putHeader((*[longHeader]byte)(frame), uint64(len(frame)-longHeader)))
	return c.write(ctx, frame[longHeader-head:], nil)
}

// SendBytes sends bytes as they are. A large message is not copied, so it must not change until SendBytes returns.
func (c *Conn) SendBytes(ctx context.Context, b []byte) error {
	if err := c.enter(ctx, c.sending); err != nil {
		return err
	}
	defer c.sending.give()
	head := putHeader(&c.header, uint64(len(b)))
	if len(b) > copied {
		return c.write(ctx, head, b)
	}
	c.out = append(append(c.out[:0], head...), b...)
	return c.write(ctx, c.out, nil)
}

// write writes a frame in one system call, if the kernel has room for it. Who calls has the turn.
func (c *Conn) write(ctx context.Context, head, payload []byte) error {
	if c.sendErr != nil {
		return c.sendErr
	}
	w := begin(ctx, &c.sendDeadline, nil)
	var n int64
	var err error
	if payload == nil {
		var k int
		k, err = c.to.Write(head)
		n = int64(k)
	} else {
		c.vector = [2][]byte{head, payload}
		c.buffers = c.vector[:]
		n, err = c.buffers.WriteTo(c.nc)
		c.vector = [2][]byte{}
	}
	w.end()
	if err == nil {
		return nil
	}
	why, again := interrupted(ctx, err)
	switch {
	case again && n == 0 && c.isSocket():
		return c.mapped(why)
	case again:
		// TLS counts a record as written once all of it is, and does not go on with one that was cut. Else a part was written: the other end waits for the rest, and would take whatever comes next for it.
		return c.breaks(why)
	default:
		// The other end is gone, and may have sent something before, which can still be received.
		err = c.mapped(err)
		if !errors.Is(err, ErrClosed) && !errors.Is(err, ErrBroken) {
			c.sendErr = err
		}
		return err
	}
}
