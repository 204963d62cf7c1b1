package connection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
)

// A Conn is one end of a connection: what Python's Connection is. It sends and receives objects, as pickles, and messages that are plain bytes; the other end has to know which
// of the two comes.
//
// Any number of goroutines may use it at once. One at a time sends and one receives; the others wait for their turn.
//
// A context, or a deadline, that ends while a call waits for its turn, for room, or for a message, changes nothing: a message that had come in part is received by the next call.
// Only a Send that had written a part of its message when its context ended can't be undone: the connection is closed, and it and all later calls return ErrBroken. So does a
// message that can't be read to its end. Over a net.Conn that is no socket, as with TLS, nobody knows what was written, and each Send that ends so breaks the connection.
type Conn struct {
	nc     net.Conn
	layer  layer
	config *Config
	digest string // with which the peer has authenticated itself; written before others have the Conn

	closed    chan struct{} // Close was called, or the connection is broken
	closeOnce sync.Once
	byUser    atomic.Bool
	broken    atomic.Pointer[error]

	sending      turn
	sendDeadline deadline
	to           io.Writer        // nc, or something quicker
	out          []byte           // for what is sent
	vector       [2][]byte        // for what is sent without a copy
	buffers      net.Buffers      // of vector
	sendErr      error            // of a send that has failed for good
	header       [longHeader]byte // of vector

	receiving    turn
	recvDeadline deadline
	in           reader
	maxFrame     int64 // Config.MaxFrame, or less
	tolerant     bool  // Tolerate was called
	recvErr      error // of a receive that has failed for good
}

// NewConn makes a Conn of a connection that is there already, for example a *tls.Conn between two Go programs, and takes it over. It does not authenticate: that is what
// Authenticate does, if the Config has a key.
//
// If TLS's own handshake has not been made, the first call begins it, and all wait for it. It has HandshakeTimeout, and goes on when the contexts of these calls end; deadlines count once it is
// over.
func NewConn(nc net.Conn, c Config) (*Conn, error) {
	config, err := c.resolved()
	if err != nil {
		return nil, err
	}
	return newConn(nc, config), nil
}

func newConn(nc net.Conn, config *Config) *Conn {
	c := &Conn{nc: nc, config: config, closed: make(chan struct{}), sending: make(turn, 1), receiving: make(turn, 1), maxFrame: config.MaxFrame}
	c.sendDeadline.set = nc.SetWriteDeadline
	c.recvDeadline.set = nc.SetReadDeadline
	c.in.from, c.to = nc, nc
	if s := newSocket(nc); s != nil {
		c.in.from, c.to = s, s
	}
	c.layer = newLayer(nc)
	if u, ok := nc.(*net.UnixConn); ok {
		// The kernel cuts it down to what it allows. TCP's buffers grow by themselves, as long as nobody sets them.
		_ = u.SetWriteBuffer(unixBuffer)
	}
	return c
}

// unixBuffer is how much a unix socket may hold that was sent and not yet received. More means fewer switches between sender and receiver.
const unixBuffer = 512 << 10

// LocalAddr is the address of this end. That of a client on a unix socket has no name.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// RemoteAddr is the address of the other end. A client's on a unix socket has no name: "@".
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// Digest is the digest with which the peer has authenticated itself, "sha256" for example. "md5" means that it is Python 3.11 or older; "" that nobody has asked it to.
func (c *Conn) Digest() string { return c.digest }

// SetDeadline sets the deadlines of sending and of receiving, also for calls that wait right now. The zero time is none.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetRecvDeadline(t), c.SetSendDeadline(t))
}

// SetRecvDeadline sets the deadline of receiving and of Poll. What comes after it returns os.ErrDeadlineExceeded, and can be called again with a later deadline.
func (c *Conn) SetRecvDeadline(t time.Time) error { return c.mapped(c.recvDeadline.setUser(t)) }

// SetSendDeadline sets the deadline of sending.
func (c *Conn) SetSendDeadline(t time.Time) error { return c.mapped(c.sendDeadline.setUser(t)) }

// Close closes this end. Calls that wait get ErrClosed, and so does a second Close. The other end receives what was sent, then its end of file.
func (c *Conn) Close() error {
	if !c.byUser.CompareAndSwap(false, true) {
		return ErrClosed
	}
	return c.shut()
}

// Closed reports whether Close was called, or the connection is broken.
func (c *Conn) Closed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

func (c *Conn) shut() (err error) {
	c.closeOnce.Do(func() {
		close(c.closed)
		err = c.nc.Close()
	})
	return err
}

// breaks closes the connection for a reason, and returns the error of the call that has met it.
func (c *Conn) breaks(why error) error {
	if c.byUser.Load() {
		return ErrClosed
	}
	err := fmt.Errorf("%w: %w", ErrBroken, why)
	// Later calls get the reason as text: it may be a context that was none of theirs.
	later := fmt.Errorf("%w: %v", ErrBroken, why)
	c.broken.CompareAndSwap(nil, &later)
	_ = c.shut()
	return err
}

// usable is the error of a call that begins.
func (c *Conn) usable() error {
	if c.byUser.Load() {
		return ErrClosed
	}
	if broken := c.broken.Load(); broken != nil {
		return *broken
	}
	return nil
}

// mapped is an error of the net.Conn as callers see it: if the connection was closed under the call, that is what counts.
func (c *Conn) mapped(err error) error {
	if err != nil {
		if gone := c.usable(); gone != nil {
			return gone
		}
	}
	return err
}

// enter takes a turn.
func (c *Conn) enter(ctx context.Context, t turn) error {
	err := c.usable()
	if err == nil {
		if err := c.below(ctx); err != nil {
			return err
		}
		err = t.take(ctx, c.closed)
	}
	if err == nil {
		if err = c.usable(); err != nil {
			t.give()
		}
	}
	return c.mapped(err)
}

// interrupted tells a deadline or context, after which a call may be made again, from what is final; the error is what the caller gets.
func interrupted(ctx context.Context, err error) (error, bool) {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err, false
	}
	if ctx.Err() != nil {
		return fromContext(ctx), true
	}
	return err, true
}

func fromContext(ctx context.Context) error { return errs.FromContext(ctx) }

// raw calls f with the descriptor, if the connection is a socket with nothing in front of it.
func (c *Conn) raw(f func(fd uintptr)) {
	if c.isSocket() {
		if rc, err := c.nc.(syscall.Conn).SyscallConn(); err == nil {
			_ = rc.Control(f) // fails if the connection is closed
		}
	}
}

func (c *Conn) isSocket() bool {
	switch c.nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	default:
		return false
	}
}
