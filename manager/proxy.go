package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/py"
)

// A Proxy is an object of a server, as a Client has it, with a reference that keeps the object alive. It comes from Client.Create, from a method whose result is an object, or out of a result that
// has proxies in it (a Queue of Queues), where it is one of its py.Values. Close gives the reference back, and so does Close of the Client.
//
// As an argument of a call, also inside other values, a Proxy is the object for the server, and a proxy for those clients that find it there later.
type Proxy struct {
	client  *Client
	typeid  string
	ident   string
	exposed []string
	closed  atomic.Bool

	// How it is written: as it has come, if it was in a result.
	class, address, kwargs py.Value
}

var _ py.Foreign = (*Proxy)(nil)

// Typeid is the name of the object's type: "list". It is empty for what Attach returns.
func (p *Proxy) Typeid() string { return p.typeid }

// Ident is the name by which the server knows the object.
func (p *Proxy) Ident() string { return p.ident }

// Exposed are the methods that can be called, as far as the server has told. (Python's types tell all of them only for types without a proxy class of their own.)
func (p *Proxy) Exposed() []string { return slices.Clone(p.exposed) }

// Call calls a method by its Python name, and waits for the result as long as the method takes, after its turn has come (see Client). Arguments are converted as by pickle.Of; Keywords, as the last one, are keyword arguments. The result is
// a py.Value, which As converts; objects are *Proxies. "#GETVALUE" is a method of most objects: a copy of its value.
//
// The errors: a *py.Exception is what the method has raised; a *RemoteError, that there is no such object or method, or that the result can't be pickled; a *pickle.EncodeError, that an argument
// can't; a *pickle.DecodeError, that the result can't be read here, though the call was made; ErrConnectionLost, that the server is gone; ErrClosed; and the context's. All are found by errors.Is
// and errors.As: there is a text around them that has the address and the method.
func (p *Proxy) Call(ctx context.Context, method string, args ...any) (py.Value, error) {
	args, kwargs := withoutKeywords(args)
	var named *py.Dict
	if len(kwargs) > 0 {
		named = keywords(kwargs)
	}
	v, err := p.client.call(ctx, p, method, args, named)
	if err != nil {
		return nil, p.client.failed(p.typeid+"."+method, p.client.cause(ctx, err))
	}
	return v, nil
}

// Close gives the reference back. It costs one connection, and takes 10 seconds at most. Other Proxies of the same object have their own references. A second Close does nothing; nor does one
// after the Client's. The error is that of reaching the server, which has then kept the reference.
func (p *Proxy) Close() error {
	c := p.client
	if len(c.forget([]*Proxy{p})) == 0 {
		return nil
	}
	p.closed.Store(true)
	if err := c.decref(context.Background(), p); err != nil {
		return c.failed("close "+p.typeid, err)
	}
	return nil
}

// String is the text that Python's repr has for a proxy.
func (p *Proxy) String() string { return p.PythonRepr() }

// PythonRepr is the text that Python's repr has for a proxy, so that it can be part of that of other values.
func (p *Proxy) PythonRepr() string {
	return fmt.Sprintf("<%s object, typeid '%s' at 0x%s>", p.PythonType(), p.typeid, p.ident)
}

// PythonType is the name of the class that a Python client has for the proxy.
func (p *Proxy) PythonType() string {
	if class, ok := p.class.(py.Global); ok && class != autoProxy {
		return class.Name
	}
	return "AutoProxy[" + p.typeid + "]"
}

// call makes a call, when its turn has come.
func (c *Client) call(ctx context.Context, p *Proxy, method string, args []any, kwargs *py.Dict) (py.Value, error) {
	if p.closed.Load() {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-c.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.life.Done():
		return nil, ErrClosed
	}
	defer func() { c.turn <- struct{}{} }()
	conn, err := c.served(ctx)
	if err != nil {
		return nil, err
	}
	e := roundTrip{conn: conn, out: c.link.pickles(), in: c.in, ident: p.ident, method: method, args: args, kwargs: kwargs, bufs: &c.bufs}
	c.come = nil
	kind, v, _, err := e.run(ctx)
	if err == nil {
		v, err = c.answer(ctx, kind, v)
	}
	if err == nil {
		return v, nil
	}
	if sent := (*sentError)(nil); errors.As(err, &sent) {
		c.drop(conn)
	}
	return nil, lost(ctx, err)
}

// answer is the result that a reply has. The objects in it are claimed: the server keeps them for that until the next request on this connection.
func (c *Client) answer(ctx context.Context, kind string, v py.Value) (py.Value, error) {
	if kind != kindProxy && len(c.come) == 0 {
		return replied(kind, v)
	}
	ctx = context.WithoutCancel(ctx)
	if kind == kindProxy {
		return c.adopt(ctx, v)
	}
	for i, p := range c.come {
		if err := c.claim(ctx, p); err != nil {
			c.giveBack(ctx, c.forget(c.come[:i]))
			return nil, err
		}
	}
	return replied(kind, v)
}

// adopt makes a Proxy of the object that is a method's result. The server has counted a first reference to it, and waits for it to be given back after another one was taken.
func (c *Client) adopt(ctx context.Context, v py.Value) (py.Value, error) {
	pair, ok := v.(py.Tuple)
	if !ok || len(pair) != 2 {
		return nil, &sentError{fmt.Errorf("a reply of the kind %s has no pair but %s", kindProxy, py.TypeName(v))}
	}
	t, ok := tokenOf(pair[1])
	if !ok {
		return nil, &sentError{fmt.Errorf("a reply of the kind %s has no Token but %s", kindProxy, py.TypeName(pair[1]))}
	}
	typeid, _ := py.Text(t.typeid)
	p := c.newProxy(typeid, t.ident, pair[0])
	if err := c.claim(ctx, p); err != nil {
		return nil, err
	}
	// The object is here, and can be used, even if this fails. A server in Go takes the first reference back by itself then.
	_ = c.decref(ctx, p)
	return p, nil
}

// claim takes a reference for a Proxy, and notes it.
func (c *Client) claim(ctx context.Context, p *Proxy) error {
	ctx, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	if _, err := c.link.once(ctx, "incref", []any{p.ident}, nil); err != nil {
		return err
	}
	return c.keep(p)
}

// decref gives a reference back.
func (c *Client) decref(ctx context.Context, p *Proxy) error {
	ctx, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	_, err := c.link.once(ctx, "decref", []any{p.ident}, nil)
	return err
}

// served is the connection for calls; it makes one if there is none.
func (c *Client) served(ctx context.Context) (*connection.Conn, error) {
	if c.conn != nil { // who has the turn is the only one to change it
		return c.conn, nil
	}
	both, cancel := c.living(ctx)
	defer cancel()
	conn, err := c.link.serve(both)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = conn.Close()
		return nil, ErrClosed
	}
	c.conn = conn
	return conn, nil
}

// drop closes the connection, which can't be used any more.
func (c *Client) drop(conn *connection.Conn) {
	_ = conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = nil
}
