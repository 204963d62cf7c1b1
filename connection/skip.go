package connection

import (
	"context"
	"io"
)

// Tolerate makes a message that is too large an error that does not break the connection: what receives returns a *FrameTooLargeError without ErrBroken, again and again, until Skip has thrown the
// message away. Sending is not affected, so that the peer can be told. Too large is what is longer than limit, and than Config.MaxFrame; and, if room is not nil, a message of more than 1 MiB
// for which it returns an error. room is called with a number of bytes before memory for them is allocated: once a sixty-fourth of the message has come, and at most twice for one message.
//
// It is to be called before anything is received, and by one goroutine.
func (c *Conn) Tolerate(limit int64, room func(size int64) error) {
	c.tolerant = true
	c.maxFrame = min(limit, c.config.MaxFrame)
	c.in.ask = room
}

// Skip throws away the message of which a *FrameTooLargeError has told, after Tolerate. If there is none it does nothing. It takes as long as the peer takes to send the message, and 64 KiB
// of memory; a peer that announces more than it sends keeps it waiting until the context or the deadline ends, after which Skip can be called again. The other errors are those of Recv.
func (c *Conn) Skip(ctx context.Context) error {
	if err := c.enter(ctx, c.receiving); err != nil {
		return err
	}
	defer c.receiving.give()
	if c.in.large == nil {
		return nil
	}
	w := begin(ctx, &c.recvDeadline, nil)
	err := c.in.skip()
	w.end()
	return c.received(ctx, err)
}

// refuse makes the next frame, or the rest of the open one, something to be skipped.
func (r *reader) refuse(e *FrameTooLargeError, left uint64) error {
	r.open, r.part = false, nil
	r.large, r.left = e, left
	return e
}

// skipBuffer is how much is read at once of what is thrown away.
const skipBuffer = 64 << 10

// skip throws away the frame that was refused. After an error that a deadline has caused it can be called again.
func (r *reader) skip() error {
	have := int(min(uint64(r.end-r.begin), r.left))
	r.begin += have
	r.left -= uint64(have)
	var b []byte
	for idle := 0; r.left > 0; {
		if b == nil {
			b = make([]byte, min(skipBuffer, r.left))
		}
		n, err := r.from.Read(b[:min(uint64(len(b)), r.left)])
		r.left -= uint64(n)
		switch {
		case r.left == 0:
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case n > 0:
			idle = 0
		default:
			if idle++; idle == maxIdle {
				return io.ErrNoProgress
			}
		}
	}
	r.large = nil
	return nil
}
