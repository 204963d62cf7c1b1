package connection

import (
	"context"
	"net"
	"sync"
)

// A layer is what a net.Conn has below our messages when it is no bare socket: for example TLS.
type layer struct {
	shake func(context.Context) error // its own handshake; nil if it has none
	begun sync.Once
	done  chan struct{} // the handshake is over
	err   error         // of the handshake
}

// handshaker is implemented by *tls.Conn. After the first time its method returns at once.
type handshaker interface {
	HandshakeContext(context.Context) error
}

func newLayer(nc net.Conn) layer {
	h, ok := nc.(handshaker)
	if !ok {
		return layer{}
	}
	return layer{shake: h.HandshakeContext, done: make(chan struct{})}
}

// below waits until the layer has made its handshake, which the first call begins. It runs beside the calls because TLS can't go on with a handshake that was interrupted, so neither a context
// nor a deadline of theirs may end it; and because in the midst of a Send it reads, which the deadline of sending would not end.
func (c *Conn) below(ctx context.Context) error {
	if c.layer.shake == nil {
		return nil
	}
	c.layer.begun.Do(func() { go c.shakeBelow() })
	select {
	case <-c.layer.done: // soon, once somebody has closed the connection
		return c.layer.err
	case <-ctx.Done():
		return fromContext(ctx)
	}
}

func (c *Conn) shakeBelow() {
	ctx, cancel := c.config.handshakeContext(context.Background())
	defer cancel()
	c.recvDeadline.hold()
	c.sendDeadline.hold()
	if err := c.layer.shake(ctx); err != nil {
		if ctx.Err() != nil {
			err = fromContext(ctx)
		}
		c.layer.err = c.breaks(err)
	}
	c.recvDeadline.restore()
	c.sendDeadline.restore()
	close(c.layer.done)
}
