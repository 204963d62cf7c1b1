package manager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A session is one connection and the goroutine that serves it. Requests are answered one after the other, in their order; nothing but the client's own call is waited for.
type session struct {
	server *Server
	conn   *connection.Conn
	state  atomic.Uint32
	after  func() // to be called when the connection is closed
	since  time.Time
	named  atomic.Bool // the caller has its name, which is not changed any more

	caller  object.Caller
	call    object.Call
	request request
	replier replier
	buf     []byte // for what comes in
	local   int64  // traffic that the heap has not been told of
	tally   tally
	watch   watch
	fresh   []fresh

	reserved int64  // memory, for the present call
	created  string // the object that the first request has made
}

// States of a session, for Shutdown.
const (
	idle    = iota // waits for a request
	running        // makes a call
	waiting        // makes a call that waits for others
	closing        // was idle, and is closed by Shutdown
)

// fresh is the result of a method that is an object, which the client has to claim.
type fresh struct {
	ident string
	claim claim
	age   int // requests since then
}

const (
	// firstRequest is how long a client may take for its first request. Python's send it with the end of the handshake.
	firstRequest = 30 * time.Second
	// Messages up to firstBuffer cost no memory, and from the first longer one on those up to largeBuffer.
	firstBuffer, largeBuffer = 512, 4 << 10
)

func newSession(s *Server, conn *connection.Conn) *session {
	x := &session{server: s, conn: conn, since: time.Now(), buf: make([]byte, firstBuffer)}
	x.replier.config = pickle.Config{Registry: s.known, Limits: s.config.Pickle}
	x.caller.Reclaim = s.config.Reclaim
	x.caller.Blocking = x.blocking
	x.caller.Room, x.replier.room = x.room, x.room
	x.tolerate()
	return x
}

// run serves the connection until it ends.
func (x *session) run() {
	defer func() {
		_ = x.conn.Close()
		x.watch.end()
		x.went(x.caller.Gone())
		for _, f := range x.fresh {
			x.server.table.expire(f.ident, f.claim, true)
		}
		if x.after != nil {
			go x.after()
		}
	}()
	_ = x.conn.SetRecvDeadline(time.Now().Add(x.server.firstRequest))
	message, _, err := x.receive()
	if large := tooLarge(err); large != nil {
		x.refuseFirst(large)
	}
	if err != nil || !x.state.CompareAndSwap(idle, running) {
		return
	}
	_ = x.conn.SetRecvDeadline(time.Time{}) // the answer may take longer, and what watches the client meanwhile reads
	reply, served := x.first(message)
	x.settle()
	x.account(len(message), len(reply))
	x.server.heap.traffic(int64(len(message) + perRequest))
	// A constructor may have taken long, and over TCP an answer can be sent to who is gone.
	if x.created != "" && x.conn.HungUp() || x.conn.SendBytes(context.Background(), reply) != nil {
		x.uncreate()
		return
	}
	if !served {
		return
	}
	x.came()
	for x.pause() {
		x.forget()
		message, own, err := x.next()
		if err != nil {
			x.report(err)
			return
		}
		reply := x.answer(message, own)
		x.settle()
		if reply == nil {
			x.givenUp()
			return
		}
		x.account(len(message), len(reply)) // before the client can know of it
		if !x.send(reply) {
			return
		}
		if x.local += int64(len(message) + len(reply) + perRequest); x.local > share {
			x.server.heap.traffic(x.local)
			x.local = 0
		}
	}
}

// send sends the answer to a call. If the client is gone it undoes the call.
func (x *session) send(reply []byte) bool {
	undo := x.call.Undo
	if len(reply) > largeAnswer {
		defer x.server.unread.end(x.server.unread.begin(x, int64(len(reply))))
	}
	if undo != nil && x.watch.waited && x.watch.isGone(x.conn) || x.conn.SendBytes(context.Background(), reply) != nil {
		if undo != nil {
			undo()
			x.undone()
		}
		return false
	}
	return true
}

// forget lets go of the last request. The connection may be idle for days, and what was in it be large, or keep objects alive.
func (x *session) forget() {
	x.request.args, x.request.kwargs = nil, nil
	if len(x.request.ident)+len(x.request.method) > firstBuffer { // else they are likely to be the next one's, too
		x.request.ident, x.request.method = "", ""
	}
	x.call.Args, x.call.Kwargs, x.call.Undo = nil, nil, nil
	x.watch.waited = false
}

// pause ends a call. It is false if the server drains.
func (x *session) pause() bool {
	x.state.Store(idle)
	// Shutdown sets draining before it looks at states, so one of the two sees the other.
	return !x.server.draining.Load()
}

// closeIfIdle closes the connection unless it makes a call; then it will see by itself that the server drains.
func (x *session) closeIfIdle() {
	if x.state.CompareAndSwap(idle, closing) {
		_ = x.conn.Close()
	}
}

// serve makes this a connection for requests to objects.
func (x *session) serve(name string) {
	x.caller.Name = name
	x.named.Store(true)
	r := pickle.NewRegistry()
	x.server.readProxies(r)
	x.replier.refs.reducer(r)
	x.replier.refs.conn, x.replier.refs.home = x.conn, x.server
	x.replier.config.Registry = r
}

// receive waits for the next message. It is valid until the next call, or belongs to the caller (own).
func (x *session) receive() (message []byte, own bool, err error) {
	if message, own, err = x.watch.next(); message == nil && err == nil {
		message, own, err = x.read()
	}
	if err == nil && len(message) == 0 {
		err = io.EOF // for Python's server it is the end as well
	}
	return message, own, err
}

// read waits for the next message on the connection.
func (x *session) read() (message []byte, own bool, err error) {
	return receiveInto(context.Background(), x.conn, &x.buf)
}

func (x *session) report(err error) {
	var large *connection.FrameTooLargeError
	switch {
	case errors.As(err, &large):
		x.server.log.Warn("a client was closed, for it has sent a message beyond the Listener's MaxFrame", append(x.who(), "bytes", large.Size, "limit", large.Limit)...)
	case errors.Is(err, connection.ErrBroken) || errors.Is(err, connection.ErrBadLength):
		x.server.log.Debug("a client has broken its connection", append(x.who(), "error", err)...)
	}
}

// answer makes a call, and returns the reply; nil if the connection is to end without one.
func (x *session) answer(message []byte, own bool) (reply []byte) {
	r := &x.request
	defer x.recovered(&reply)
	x.replier.refs.begin(false)
	if len(x.fresh) > 0 {
		x.expire()
	}
	// A message that is its own lends its memory to the large strings and bytes in it.
	x.replier.config.Alias = own
	if err := x.parse(message); err != nil {
		x.replier.cause = err
		return x.replier.traceback(r, traceback("serve_client", err))
	}
	node := x.server.table.lookup(r.ident)
	if node == nil {
		return x.replier.traceback(r, traceback("serve_client", py.KeyError(r.ident)))
	}
	t := node.Object.Type()
	method := t.Methods[r.method]
	if method == nil {
		return x.fallback(node.Object, t)
	}
	if x.server.heap.full.Load() {
		if err := x.server.heap.refuses(node.Object, r.method, len(r.args)); err != nil {
			return x.replier.failure(r, err)
		}
	}
	x.call = object.Call{Args: r.args, Kwargs: r.kwargs, Caller: &x.caller, Python2: r.python2}
	v, err := method(node.Object, &x.call)
	if err != nil {
		if errors.Is(err, object.ErrGone) {
			return nil
		}
		return x.replier.failure(r, err)
	}
	if len(t.Results) > 0 {
		if result := t.Results[r.method]; result != nil {
			return x.proxy(result, v)
		}
	}
	reply = x.replier.result(r, v)
	if x.call.Undo != nil && x.replier.how == didRaise { // there is no room for the answer: what was taken must not be lost
		x.call.Undo()
		x.call.Undo = nil
	}
	return reply
}

// recovered is deferred: an error of ours in one call must not end the others.
func (x *session) recovered(reply *[]byte) {
	p := recover()
	if p == nil {
		return
	}
	x.resume() // of a call that has left it out
	x.call.Undo = nil
	r := &x.request
	x.panicked(p)
	*reply = x.replier.traceback(r, traceback(r.method, py.NewException("SystemError", fmt.Sprintf("internal error of the server: %v", p))))
}

// proxy enters the result of a method as an object, and answers with a proxy of it.
func (x *session) proxy(t *object.Type, v py.Value) []byte {
	r, s := &x.request, x.server
	typeid := t.Name
	switch p := v.(type) {
	case nil:
		return x.replier.result(r, nil)
	case *proxied:
		t, v = p.typ, p.object
	}
	o, ok := v.(object.Object)
	if !ok {
		return x.replier.failure(r, py.TypeError("the result of %s is no object of the type %s", r.method, t.Name))
	}
	if len(x.fresh) >= s.limits.Results {
		return x.replier.failure(r, py.MemoryError("the client has not claimed %d objects, which is the limit of a connection", len(x.fresh)))
	}
	c := claim(s.claims.Add(1))
	ident, err := s.add(t, o, c)
	if err != nil {
		return x.replier.failure(r, err)
	}
	x.fresh = append(x.fresh, fresh{ident: ident, claim: c})
	address := addressValue(x.conn.LocalAddr(), r.native)
	return x.replier.proxy(r, s.types.methods(t, r.python2), token{typeid: r.native(typeid), address: address, ident: ident})
}

// expire takes back what the client has not claimed by its next request. A proxy is claimed by other connections while the client reads the answer, and so before that; the request after it is
// waited for because a client may have sent the next one ahead.
func (x *session) expire() {
	left := x.fresh[:0]
	for _, f := range x.fresh {
		if f.age++; f.age < 2 || !x.server.table.expire(f.ident, f.claim, false) {
			left = append(left, f)
		}
	}
	x.fresh = left
}

// refuse answers the first request of a connection that is one too many.
func (x *session) refuse() {
	defer x.conn.Close()
	_ = x.conn.SetDeadline(time.Now().Add(x.server.refusal))
	message, _, err := x.receive()
	if err != nil {
		return
	}
	defer x.recovered(new([]byte))
	_ = x.parse(message) // for its protocol
	err = py.MemoryError("the server has %d connections, which is its limit", x.server.limits.Connections)
	_ = x.conn.SendBytes(context.Background(), x.replier.traceback(&x.request, traceback("accept", err)))
}

// refusal is how long it may take to tell a client that there is no place for it.
const refusal = time.Second
