package manager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A Client uses the objects of a server, in Go or in CPython, as a thread of a Python program does. It is one owner: RLocks and Conditions that it has acquired belong to it, whichever goroutine
// has called. Its calls are made one after the other, on one connection that is made by the first call; a goroutine whose call waits for something keeps the others waiting. Goroutines that
// are to wait, or to own locks, independently of each other Dial a Client each. Functions of your own that convert values, such as MarshalPickle and those of a Registry, run while a call is made, and must
// not make another one by the same Client.
//
// # When a context ends, or the server dies
//
// A call whose context ends while the server is at it closes the connection, and the next call makes a new one. A server in Go gives the call up then: no item leaves a Queue, no lock is
// acquired. (CPython's server does not notice; there the item is lost.) RLocks and Conditions that the Client owned are released.
//
// A server that ends, or is killed, makes the call that is being made return ErrConnectionLost at once. A machine that vanishes from the network is noticed by TCP's keep-alive probes, after
// minutes.
type Client struct {
	link link
	life context.Context // ends with Close
	end  context.CancelFunc

	turn chan struct{} // is full while nobody makes a call on the served connection; who has emptied it may use what is marked
	conn *connection.Conn
	in   pickle.Config // turn: how results are read
	bufs [2][]byte     // turn
	come []*Proxy      // turn: those in the present result, which are to be claimed

	mu      sync.Mutex // of conn, besides the turn, and of what follows
	proxies map[*Proxy]struct{}
	closed  bool
}

const (
	// claimTime bounds how long it may take to claim, or to give back, one reference. That goes on when a call's context ends: its result is here already, and would be lost.
	claimTime = 10 * time.Second
	// closeTime bounds Close, and closers is how many references it gives back at a time.
	closeTime, closers = 5 * time.Second, 8
)

// Dial connects to the server at an address, for which see connection.Dial, and makes sure that it is one that has the key, as connect does in Python. It blocks for up to the config's
// HandshakeTimeout, or until ctx ends, which later calls do not depend on.
//
// Servers of all Pythons are served, 2.7 included: which protocol of pickles they read is found out, unless config.Pickle.Protocol says it. config.Pickle.Registry has the program's own classes, if
// there are any. The errors are those of connection.Dial; ErrConnectionLost if the other end is no manager; and the context's.
func Dial(ctx context.Context, network, address string, config connection.Config) (*Client, error) {
	c := &Client{link: link{network: network, address: address, config: config, protocol: config.Pickle.Protocol}, turn: make(chan struct{}, 1), proxies: map[*Proxy]struct{}{}}
	c.turn <- struct{}{}
	if err := c.link.hello(ctx); err != nil {
		return nil, c.failed("connecting", err)
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.in = config.Pickle
	c.in.Registry = config.Pickle.Registry.Clone()
	c.in.Registry.Construct(rebuildProxy, c.construct)
	return c, nil
}

// Create makes an object of a type that the server has under the name typeid, "Queue" for example, and returns a Proxy of it, which has a reference to it. It blocks while the constructor runs,
// and costs one connection. The error is a *RemoteError if the type is not there, or its constructor fails. If ctx ends before the answer has come nobody knows whether the object was made: a
// server in Go, on Linux, lets go of it if it notices in time, and others keep it for nobody.
func (c *Client) Create(ctx context.Context, typeid string, args ...any) (*Proxy, error) {
	what := "create " + typeid
	args, kwargs := withoutKeywords(args)
	v, err := c.once(ctx, what, "create", append([]any{typeid}, args...), keywords(kwargs))
	if err != nil {
		return nil, err
	}
	pair, ok := v.(py.Tuple)
	if !ok || len(pair) != 2 {
		return nil, c.failed(what, fmt.Errorf("the result is not a pair but %s", py.TypeName(v)))
	}
	ident, ok := py.Text(pair[0])
	if !ok {
		return nil, c.failed(what, fmt.Errorf("the object's name is not a str but %s", py.TypeName(pair[0])))
	}
	// The server counts the new object once, for who is to make a proxy of it. Python's clients take a second reference, and give the first one back; it is as good to keep the first.
	p := c.newProxy(typeid, ident, pair[1])
	if err := c.keep(p); err != nil {
		return nil, c.failed(what, err)
	}
	return p, nil
}

// Attach returns a Proxy of an object whose Ident is known, with a reference of its own. Its Typeid is empty: servers don't tell it. It costs two connections. The error is a *RemoteError, with a
// KeyError, if there is no such object any more.
func (c *Client) Attach(ctx context.Context, ident string) (*Proxy, error) {
	what := "attach " + ident
	if _, err := c.once(ctx, what, "incref", []any{ident}, nil); err != nil {
		return nil, err
	}
	p := c.newProxy("", ident, nil)
	if err := c.keep(p); err != nil {
		return nil, c.failed(what, err)
	}
	names, err := c.once(ctx, what, "get_methods", []any{p.token()}, nil)
	if err != nil {
		_ = p.Close()
		return nil, err
	}
	p.exposed = stringsOf(names)
	return p, nil
}

// NumberOfObjects is how many objects the server's clients have references to.
func (c *Client) NumberOfObjects(ctx context.Context) (int, error) {
	return As[int](c.once(ctx, "number_of_objects", "number_of_objects", nil, nil))
}

// DebugInfo is a text for people about the objects that clients have references to: their idents, how many references there are, and the first characters of their reprs.
func (c *Client) DebugInfo(ctx context.Context) (string, error) {
	return As[string](c.once(ctx, "debug_info", "debug_info", nil, nil))
}

// ShutdownServer ends the server, for all of its clients. A server in Go may be configured to refuse that, which is a *RemoteError.
func (c *Client) ShutdownServer(ctx context.Context) error {
	_, err := c.once(ctx, "shutdown", "shutdown", nil, nil)
	return err
}

// Close ends the Client. A call that is being made returns ErrClosed, as all later ones do. The references of all its Proxies are given back, as far as that is possible within 5 seconds; what the
// server has still counted then stays there. A second Close does nothing. The error is always nil.
func (c *Client) Close() error {
	c.mu.Lock()
	closed, conn := c.closed, c.conn
	c.closed = true
	c.mu.Unlock()
	if closed {
		return nil
	}
	c.end()
	if conn != nil {
		_ = conn.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	select {
	case <-c.turn: // not to be returned: the call that was being made has ended, and has kept its proxies
	case <-ctx.Done():
	}
	c.mu.Lock()
	left := slices.Collect(maps.Keys(c.proxies))
	c.proxies = nil
	c.mu.Unlock()
	c.giveBack(ctx, left)
	return nil
}

// giveBack gives the references of Proxies back that are not noted any more, as far as that is possible within closeTime.
func (c *Client) giveBack(ctx context.Context, left []*Proxy) {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	todo := make(chan *Proxy, len(left))
	for _, p := range left {
		p.closed.Store(true)
		todo <- p
	}
	close(todo)
	var wg sync.WaitGroup
	for range min(closers, len(left)) {
		wg.Go(func() {
			for p := range todo {
				var remote *RemoteError
				if err := c.decref(ctx, p); err != nil && !errors.As(err, &remote) {
					return // the server can't be reached, or the time is over
				}
			}
		})
	}
	wg.Wait()
}

// once makes a request to the server itself, which ends with the Client. what is for errors.
func (c *Client) once(ctx context.Context, what, method string, args []any, kwargs *py.Dict) (py.Value, error) {
	both, cancel := c.living(ctx)
	defer cancel()
	v, err := c.link.once(both, method, args, kwargs)
	if err != nil {
		return nil, c.failed(what, c.cause(ctx, err))
	}
	return v, nil
}

// living is a context that ends with ctx, or with the Client.
func (c *Client) living(ctx context.Context) (context.Context, func()) {
	both, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.life, cancel)
	return both, func() { stop(); cancel() }
}

// cause is the reason for an error that may be the end of the Client.
func (c *Client) cause(ctx context.Context, err error) error {
	var e *py.Exception
	var remote *RemoteError
	if c.life.Err() != nil && ctx.Err() == nil && !errors.As(err, &e) && !errors.As(err, &remote) {
		return ErrClosed
	}
	return err
}

// failed is an error with what was being done, and where.
func (c *Client) failed(what string, err error) error {
	return fmt.Errorf("manager: %s at %s: %w", what, c.link.address, err)
}

// keep notes a Proxy that has a reference. If the Client is closed the reference is given back.
func (c *Client) keep(p *Proxy) error {
	c.mu.Lock()
	closed := c.closed && c.proxies == nil
	if !closed {
		c.proxies[p] = struct{}{}
	}
	c.mu.Unlock()
	if !closed {
		return nil
	}
	p.closed.Store(true)
	_ = c.decref(context.Background(), p)
	return ErrClosed
}

// forget takes out those of some Proxies that are noted.
func (c *Client) forget(some []*Proxy) (were []*Proxy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range some {
		if _, ok := c.proxies[p]; ok {
			delete(c.proxies, p)
			were = append(were, p)
		}
	}
	return were
}

// keywords are the keyword arguments of a call; in the order of their names, so that the same call is the same bytes.
func keywords(kwargs map[string]any) *py.Dict {
	d := py.NewDictSize(len(kwargs))
	for _, name := range slices.Sorted(maps.Keys(kwargs)) {
		d.SetStr(name, kwargs[name])
	}
	return d
}
