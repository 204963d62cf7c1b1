package manager

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

var key = []byte("a key for tests, of some length")

var keyed = connection.Config{Key: key, MD5: connection.MD5Always, HandshakeTimeout: patience}

// patience is how long a test waits for what must happen.
const patience = time.Minute

// box is a small type with all that the server treats in its own way: results that are objects, waiting, panics, Refs.
type box struct {
	mu    sync.Mutex
	value py.Value
	open  chan struct{}
	freed func()

	ended, undone atomic.Int32
	working       atomic.Bool
}

var boxType = &object.Type{
	Name: "Box", Proxy: py.Global{Module: managersModule, Name: "AutoProxy"},
	Exposed: []string{"get", "set", "wait", "release", "panic", "iter", "fail", "own", "work"},
	New: func(c *object.Call) (object.Object, error) {
		if len(c.Args) > 1 {
			return nil, py.TypeError("Box() takes at most 1 argument (%d given)", len(c.Args))
		}
		b := &box{open: make(chan struct{})}
		if len(c.Args) == 1 {
			b.value = c.Args[0]
		}
		return b, nil
	},
}

var boxIterator = &object.Type{
	Name: "Iterator", Proxy: py.Global{Module: managersModule, Name: "IteratorProxy"}, Exposed: []string{"__next__"},
	Methods: map[string]object.Method{"__next__": func(object.Object, *object.Call) (py.Value, error) { return nil, py.StopIteration() }},
}

func init() {
	boxType.Methods = map[string]object.Method{
		"get": func(o object.Object, _ *object.Call) (py.Value, error) {
			b := o.(*box)
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.value, nil
		},
		"set": func(o object.Object, c *object.Call) (py.Value, error) {
			b := o.(*box)
			b.mu.Lock()
			defer b.mu.Unlock()
			b.value = c.Args[0]
			return nil, nil
		},
		"wait": func(o object.Object, c *object.Call) (py.Value, error) {
			ctx, done := c.Caller.Blocking(o, "Box.wait")
			defer done()
			select {
			case <-o.(*box).open:
				o.(*box).ended.Add(1)
				c.Undo = func() { o.(*box).undone.Add(1) }
				return true, nil
			case <-ctx.Done():
				return nil, object.ErrGone
			}
		},
		"work": func(o object.Object, _ *object.Call) (py.Value, error) { // without saying that it waits
			o.(*box).working.Store(true)
			<-o.(*box).open
			return "done", nil
		},
		"release": func(o object.Object, _ *object.Call) (py.Value, error) { close(o.(*box).open); return nil, nil },
		"panic":   func(object.Object, *object.Call) (py.Value, error) { panic("a bug") },
		"iter":    func(object.Object, *object.Call) (py.Value, error) { return &iteratorBox{}, nil },
		"fail": func(_ object.Object, c *object.Call) (py.Value, error) {
			return nil, py.NewException("queue.Empty", c.Args...)
		},
		"own": func(o object.Object, c *object.Call) (py.Value, error) { c.Caller.Own(o.(*box)); return nil, nil },
	}
	boxType.Results = map[string]*object.Type{"iter": boxIterator}
}

func (b *box) Type() *object.Type { return boxType }
func (b *box) Value() (py.Value, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.value == nil {
		return nil, object.ErrUnserializable
	}
	return py.NewList(b.value), nil
}
func (b *box) Repr() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, err := py.Repr(b.value)
	return "Box(" + text + ")", err
}
func (b *box) Release(*object.Caller) {
	if b.freed != nil {
		b.freed()
	}
}

type iteratorBox struct{ _ int }

func (*iteratorBox) Type() *object.Type       { return boxIterator }
func (*iteratorBox) Value() (py.Value, error) { return nil, object.ErrUnserializable }
func (*iteratorBox) Repr() (string, error)    { return "<iterator>", nil }

// place is an address at which a test can listen.
func place(t testing.TB, network string) string {
	if network == "unix" {
		return filepath.Join(t.TempDir(), "s")
	}
	return "127.0.0.1:0"
}

// started serves a socket in a directory of the test's.
func started(t testing.TB, c Config) (*Server, string) {
	t.Helper()
	return startedAt(t, c, "unix", place(t, "unix"))
}

func startedAt(t testing.TB, c Config, network, address string) (*Server, string) {
	t.Helper()
	return startedWith(t, c, keyed, network, address)
}

func startedWith(t testing.TB, c Config, lc connection.Config, network, address string) (*Server, string) {
	t.Helper()
	s, err := NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.types.add(boxType); err != nil {
		t.Fatal(err)
	}
	l, err := connection.Listen(network, address, lc)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return s, l.Addr().String()
}

// A client makes requests as Python's do, without what proxies would make of the answers.
type client struct {
	t        testing.TB
	network  string
	address  string
	protocol int
	conn     *connection.Conn // served

	mu    sync.Mutex
	conns []*connection.Conn // all that it has made
}

func newClient(t testing.TB, address string) *client {
	network := "unix"
	if _, _, err := net.SplitHostPort(address); err == nil {
		network = "tcp"
	}
	return &client{t: t, network: network, address: address, protocol: 4}
}

func (c *client) dial() *connection.Conn {
	c.t.Helper()
	conn, err := connection.Dial(context.Background(), c.network, c.address, keyed)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience)) // which each request and each answer puts off
	c.t.Cleanup(func() { _ = conn.Close() })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
	return conn
}

// ask makes one request.
func (c *client) ask(conn *connection.Conn, v py.Value) (kind string, result py.Value) {
	c.t.Helper()
	if err := c.send(conn, v); err != nil {
		c.t.Fatal(err)
	}
	return c.answer(conn)
}

func (c *client) send(conn *connection.Conn, v py.Value) error {
	message, err := pickle.Config{Protocol: c.protocol}.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = conn.SetSendDeadline(time.Now().Add(patience))
	return conn.SendBytes(context.Background(), message)
}

func (c *client) answer(conn *connection.Conn) (kind string, result py.Value) {
	c.t.Helper()
	_ = conn.SetRecvDeadline(time.Now().Add(patience))
	v, err := conn.Recv(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	pair, ok := v.(py.Tuple)
	if !ok || len(pair) != 2 {
		c.t.Fatalf("the answer is %v", v)
	}
	kind, _ = py.Text(pair[0])
	return kind, pair[1]
}

// str is a string as the client's Python writes it.
func (c *client) str(s string) py.Value {
	if c.protocol == 2 {
		return py.Str2(s)
	}
	return s
}

func (c *client) request(ident py.Value, method string, args ...py.Value) py.Tuple {
	return py.Tuple{ident, c.str(method), py.Tuple(args), py.NewDict()}
}

// server makes a request to the server itself, which has to succeed.
func (c *client) server(method string, args ...py.Value) py.Value {
	c.t.Helper()
	kind, v := c.serverKind(method, args...)
	if kind != kindReturn {
		c.t.Fatalf("%s%v: %s %v", method, args, kind, v)
	}
	return v
}

func (c *client) serverKind(method string, args ...py.Value) (string, py.Value) {
	c.t.Helper()
	conn := c.dial()
	defer conn.Close()
	return c.ask(conn, c.request(nil, method, args...))
}

// create makes an object, and returns its ident.
func (c *client) create(typeid string, args ...py.Value) string {
	c.t.Helper()
	v := c.server("create", append([]py.Value{c.str(typeid)}, args...)...)
	ident, ok := py.Text(v.(py.Tuple)[0])
	if !ok {
		c.t.Fatalf("create returned %v", v)
	}
	return ident
}

// accept makes a served connection.
func (c *client) accept() *connection.Conn {
	c.t.Helper()
	conn := c.dial()
	if kind, v := c.ask(conn, c.request(nil, "accept_connection", c.str("test"))); kind != kindReturn || v != nil {
		c.t.Fatal(kind, v)
	}
	return conn
}

// kind calls a method of an object.
func (c *client) kind(ident, method string, args ...py.Value) (string, py.Value) {
	c.t.Helper()
	if c.conn == nil {
		c.conn = c.accept()
	}
	return c.ask(c.conn, c.request(c.str(ident), method, args...))
}

// call calls a method of an object, which has to succeed.
func (c *client) call(ident, method string, args ...py.Value) py.Value {
	c.t.Helper()
	kind, v := c.kind(ident, method, args...)
	if kind != kindReturn {
		c.t.Fatalf("%s.%s%v: %s %v", ident, method, args, kind, v)
	}
	return v
}

// eventually waits for what must become true.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never happened: " + what)
		}
	}
}

// proxyOf is a proxy of an object as Python writes it.
func proxyOf(address py.Value, typeid, ident string) py.Value {
	t := token{typeid: typeid, address: address}
	return rebuild(py.Global{Module: managersModule, Name: "ListProxy"}, t.value(ident), py.NewDict())
}
