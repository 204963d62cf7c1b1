package manager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A link is how a Client reaches its server: by connections for one request to the server itself, and by one for any number of requests to objects, which is the served one.
type link struct {
	network, address string
	config           connection.Config
	remote           net.Addr // the server's address as the kernel has it, and with it the server
	protocol         int      // of the pickles that are sent
}

// A roundTrip is one request and its reply.
type roundTrip struct {
	conn   *connection.Conn
	out    pickle.Config // for the request
	in     pickle.Config // for the reply
	ident  py.Value      // None for a request to the server
	method string
	args   []any
	kwargs *py.Dict
	// bufs, if not nil, are for the request and the reply, and used again.
	bufs *[2][]byte
}

// run sends the request and waits for the reply. After an errSent the connection is of no more use; all other errors leave it in step. protocol is that of the reply.
func (e *roundTrip) run(ctx context.Context) (kind string, v py.Value, protocol int, err error) {
	bufs := e.bufs
	if bufs == nil {
		bufs = &[2][]byte{}
	}
	if e.kwargs == nil {
		e.kwargs = noKeywords
	}
	message, err := e.out.Append(bufs[0][:0], py.Tuple{e.ident, e.method, py.Tuple(e.args), e.kwargs})
	if err != nil {
		return "", nil, 0, err
	}
	if cap(message) <= keptReply {
		bufs[0] = message
	}
	if err := e.conn.SendBytes(ctx, message); err != nil {
		return "", nil, 0, &sentError{err}
	}
	if bufs[1] == nil {
		bufs[1] = make([]byte, firstBuffer)
	}
	reply, own, err := receiveInto(ctx, e.conn, &bufs[1])
	if err != nil {
		return "", nil, 0, &sentError{err}
	}
	protocol, e.in.Alias = protocolOf(reply), own
	if v, err = e.in.Decode(reply); err != nil {
		return "", nil, protocol, fmt.Errorf("the reply can't be read: %w", err)
	}
	if pair, ok := v.(py.Tuple); ok && len(pair) == 2 {
		if kind, ok = py.Text(pair[0]); ok {
			return kind, pair[1], protocol, nil
		}
	}
	return "", nil, protocol, &sentError{fmt.Errorf("the reply is not a pair of its kind and a value but of the type %s", py.TypeName(v))}
}

// noKeywords is an empty dict, which nobody changes.
var noKeywords = py.NewDict()

// sentError is what goes wrong with a request that has been sent, or a part of it.
type sentError struct{ err error }

func (e *sentError) Error() string { return e.err.Error() }
func (e *sentError) Unwrap() error { return e.err }

// receiveInto receives a message, into the buffer if it has room for it. Otherwise the memory of the message is the caller's own, and the buffer grows to the size that most long messages have.
func receiveInto(ctx context.Context, conn *connection.Conn, buf *[]byte) (message []byte, own bool, err error) {
	n, err := conn.RecvBytesInto(ctx, *buf)
	if err == nil {
		return (*buf)[:n], false, nil
	}
	var long *connection.BufferTooShortError
	if errors.As(err, &long) {
		if len(*buf) < largeBuffer && len(long.Message) <= largeBuffer {
			*buf = make([]byte, largeBuffer)
		}
		return long.Message, true, nil
	}
	return nil, false, err
}

// pickles is how values are written for the server.
func (l *link) pickles() pickle.Config {
	c := l.config.Pickle
	c.Protocol = l.protocol
	return c
}

// hello makes sure that a server is there that has the key, as Python's connect does, and finds out which protocol it reads. A server that proves its key by something else than MD5 is Go, or
// Python 3.12 or newer, and reads protocol 4. Older ones, of which 2.7 reads no more than 2, answer a request of protocol 2, which they all read, in the one that they use themselves.
func (l *link) hello(ctx context.Context) error {
	begun := time.Now()
	conn, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(begun.Add(cmp.Or(l.config.HandshakeTimeout, connection.DefaultHandshakeTimeout))) // for all of it
	l.remote = conn.RemoteAddr()
	guess := l.protocol == 0 && conn.Digest() == "md5"
	switch {
	case guess:
		l.protocol = 2
	case l.protocol == 0:
		l.protocol = pickle.DefaultProtocol
	}
	_, protocol, err := l.ask(ctx, conn, "dummy", nil, nil)
	if guess {
		l.protocol = min(protocol, pickle.DefaultProtocol)
	}
	return err
}

func (l *link) dial(ctx context.Context) (*connection.Conn, error) {
	return connection.Dial(ctx, l.network, l.address, l.config)
}

// once makes one request to the server itself, on a connection of its own.
func (l *link) once(ctx context.Context, method string, args []any, kwargs *py.Dict) (py.Value, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	v, _, err := l.ask(ctx, conn, method, args, kwargs)
	return v, err
}

// ask makes a request to the server itself.
func (l *link) ask(ctx context.Context, conn *connection.Conn, method string, args []any, kwargs *py.Dict) (v py.Value, protocol int, err error) {
	e := roundTrip{conn: conn, out: l.pickles(), in: l.config.Pickle, method: method, args: args, kwargs: kwargs}
	kind, v, protocol, err := e.run(ctx)
	if err == nil {
		v, err = replied(kind, v)
	}
	return v, protocol, lost(ctx, err)
}

// serve makes a served connection.
func (l *link) serve(ctx context.Context) (*connection.Conn, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	if _, _, err := l.ask(ctx, conn, "accept_connection", []any{clientName}, nil); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// clientName is what servers show for clients of this process.
var clientName = func() string {
	program := ""
	if len(os.Args) > 0 { // a shared library may have none
		program = filepath.Base(os.Args[0])
	}
	return fmt.Sprintf("%s[%d]", program, os.Getpid())
}()

// lost makes the end of a context that error, and the end of a connection an ErrConnectionLost.
func lost(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var sent *sentError
	switch {
	case !errors.As(err, &sent):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(sent.err, io.EOF):
		return fmt.Errorf("%w: the server has ended it", ErrConnectionLost)
	}
	return fmt.Errorf("%w: %w", ErrConnectionLost, sent.err)
}
