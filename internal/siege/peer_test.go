//go:build linux

package siege

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A peer speaks the manager's protocol request by request, so that it can also stop anywhere: package manager's Client can't be that rude. It is the honest client of most tests, too: each
// of its calls has a deadline, after which it counts as hanging.
type peer struct {
	address string
	name    string
	conn    *connection.Conn // served; made by the first call
}

func newPeer(s *town, name string) *peer { return &peer{address: s.address, name: name} }

func (p *peer) dial() (*connection.Conn, error) {
	conn, err := connection.Dial(context.Background(), "unix", p.address, keyed)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(watchdog))
	}
	return conn, err
}

// request is one as it goes over the wire.
func request(ident py.Value, method string, args ...py.Value) py.Tuple {
	return py.Tuple{ident, method, py.Tuple(args), py.NewDict()}
}

// ask makes one request, and waits for the answer. Whatever is no #RETURN is an error.
func ask(conn *connection.Conn, r py.Value) (py.Value, error) {
	if err := conn.SetSendDeadline(time.Now().Add(watchdog)); err != nil {
		return nil, err
	}
	if err := conn.Send(context.Background(), r); err != nil {
		return nil, err
	}
	return answer(conn)
}

// A refusal is an answer that is no result.
type refusal struct {
	Kind  string
	Value py.Value
}

func (r *refusal) Error() string { return fmt.Sprintf("%s %.300v", r.Kind, r.Value) }

func answer(conn *connection.Conn) (py.Value, error) {
	if err := conn.SetRecvDeadline(time.Now().Add(watchdog)); err != nil {
		return nil, err
	}
	v, err := conn.Recv(context.Background())
	if err != nil {
		return nil, err
	}
	pair, ok := v.(py.Tuple)
	if !ok || len(pair) != 2 {
		return nil, fmt.Errorf("the answer is %.300v", v)
	}
	if pair[0] != "#RETURN" {
		return nil, &refusal{fmt.Sprint(pair[0]), pair[1]}
	}
	return pair[1], nil
}

// server makes a request to the server itself.
func (p *peer) server(method string, args ...py.Value) (py.Value, error) {
	conn, err := p.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return ask(conn, request(nil, method, args...))
}

// connect makes the served connection.
func (p *peer) connect() error {
	if p.conn != nil {
		return nil
	}
	conn, err := p.dial()
	if err != nil {
		return err
	}
	if _, err := ask(conn, request(nil, "accept_connection", p.name)); err != nil {
		_ = conn.Close()
		return err
	}
	p.conn = conn
	return nil
}

// try calls a method.
func (p *peer) try(ident, method string, args ...py.Value) (py.Value, error) {
	if err := p.connect(); err != nil {
		return nil, err
	}
	return ask(p.conn, request(ident, method, args...))
}

func (p *peer) close() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
}

// A citizen is a peer in whose life nothing may go wrong.
type citizen struct {
	*peer
	t testing.TB
}

func (s *town) citizen(t testing.TB, name string) *citizen {
	c := &citizen{newPeer(s, name), t}
	if err := c.connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func (c *citizen) create(typeid string, args ...py.Value) string {
	c.t.Helper()
	v, err := c.server("create", append([]py.Value{typeid}, args...)...)
	if err != nil {
		c.t.Fatalf("create %s%.100v: %v", typeid, args, err)
	}
	return v.(py.Tuple)[0].(string)
}

func (c *citizen) call(ident, method string, args ...py.Value) py.Value {
	c.t.Helper()
	v, err := c.try(ident, method, args...)
	if err != nil {
		c.t.Fatalf("%s%.100v: %v", method, args, err)
	}
	return v
}

// want calls a method and compares its result.
func (c *citizen) want(result py.Value, ident, method string, args ...py.Value) {
	c.t.Helper()
	if v := c.call(ident, method, args...); v != result {
		c.t.Errorf("%s%.100v is %.100v, expected %v", method, args, v, result)
	}
}

// objects is number_of_objects.
func (c *citizen) objects() int {
	c.t.Helper()
	v, err := c.server("number_of_objects")
	if err != nil {
		c.t.Fatal(err)
	}
	return int(v.(int64))
}

// fails is the exception that a call raises, or the text of its traceback; "" if it succeeds.
func (p *peer) fails(ident, method string, args ...py.Value) string {
	_, err := p.try(ident, method, args...)
	return reason(err)
}

func reason(err error) string {
	var r *refusal
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &r):
		return "broken: " + err.Error()
	}
	if e, ok := r.Value.(*py.Exception); ok {
		return e.Error()
	}
	if text, ok := r.Value.(py.Str2); ok { // the answer to a pickle of protocol 2
		return string(text)
	}
	text, _ := r.Value.(string)
	return text
}

// raw is a connection on which the handshake may be made by hand.
func (s *town) raw() (net.Conn, error) {
	nc, err := net.Dial("unix", s.address)
	if err == nil {
		err = nc.SetDeadline(time.Now().Add(watchdog))
	}
	return nc, err
}

// encode is a request as the bytes of its frame's payload.
func encode(t testing.TB, v py.Value) []byte {
	t.Helper()
	b, err := pickle.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sliceOfAll is Python's [:].
var sliceOfAll = py.Slice{}
