package manager

import (
	"context"
	"time"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// A connection begins with a request to the server itself. It is answered, and the connection closed; only after accept_connection requests to objects follow. All errors are told as
// tracebacks, which clients raise as RemoteError.

// shutdownGrace is how long calls may go on after a client has asked for the server's end.
const shutdownGrace = 5 * time.Second

// first answers the first request. served tells that others are to follow.
func (x *session) first(message []byte) (reply []byte, served bool) {
	defer x.recovered(&reply)
	r := &x.request
	err := x.parse(message)
	if err != nil {
		x.replier.cause = err
		return x.replier.traceback(r, traceback("handle_request", err)), false
	}
	var v py.Value
	switch r.method {
	case "dummy":
		err = x.arity(0)
	case "create":
		v, err = x.create()
	case "incref":
		err = x.count((*table).incref)
	case "decref":
		err = x.count((*table).decref)
	case "get_methods":
		v, err = x.getMethods()
	case "number_of_objects":
		if err = x.arity(0); err == nil {
			v = int64(x.server.table.size())
		}
	case "debug_info":
		if err = x.arity(0); err == nil {
			v = r.native(asciiIf(r.python2, x.server.table.debugInfo()))
		}
	case "accept_connection":
		if err = x.arity(1); err == nil {
			served = true
			name, _ := py.Text(r.args[0])
			x.serve(firstRunes(name, maxName))
		}
	case "shutdown":
		err = x.shutdown()
	default:
		err = py.AssertionError("%s unrecognized", quoted(r.method))
	}
	if err != nil {
		x.replier.cause = err
		return x.replier.traceback(r, traceback(r.method, err)), false
	}
	return x.replier.result(r, v), served
}

// maxName is how many characters of a client's name are kept.
const maxName = 200

func asciiIf(python2 bool, text string) string {
	if python2 {
		return asciiOnly(text)
	}
	return text
}

// arity checks how many arguments there are.
func (x *session) arity(n int) error {
	r := &x.request
	if len(r.args) != n || r.kwargs != nil {
		return py.TypeError("%s() takes %d arguments but %d were given", r.method, n, len(r.args)+r.keywordCount())
	}
	return nil
}

func (r *request) keywordCount() int {
	if r.kwargs == nil {
		return 0
	}
	return r.kwargs.Len()
}

// create makes an object. Its constructor gets all arguments behind the first one, and all keywords.
func (x *session) create() (py.Value, error) {
	r, s := &x.request, x.server
	if len(r.args) == 0 {
		return nil, py.TypeError("create() missing 1 required positional argument: 'typeid'")
	}
	typeid, ok := py.Text(r.args[0])
	t := s.types.lookup(typeid)
	switch {
	case t == nil && typeid == "Pool": // the one type of SyncManager that is not here
		return nil, object.NeedsPython("a Pool")
	case !ok || t == nil || t.New == nil:
		return nil, py.KeyError(r.args[0])
	}
	if s.heap.full.Load() {
		if s.heap.measure(true); s.heap.full.Load() {
			return nil, s.heap.exceeded()
		}
	}
	x.call = object.Call{Args: r.args[1:], Kwargs: r.kwargs, Caller: &x.caller, Python2: r.python2}
	o, err := t.New(&x.call)
	if err != nil {
		return nil, err
	}
	ident, err := s.add(t, o, settled)
	if err != nil {
		return nil, err
	}
	x.created = ident
	return py.Tuple{r.native(ident), s.types.methods(o.Type(), r.python2)}, nil
}

// uncreate takes back the reference of a client that has gone before it could know of the object.
func (x *session) uncreate() {
	if x.created != "" {
		x.server.table.decref(x.created)
	}
}

// count is incref or decref.
func (x *session) count(change func(t *table, ident string) bool) error {
	if err := x.arity(1); err != nil {
		return err
	}
	arg := x.request.args[0]
	if ident, ok := py.Text(arg); !ok || !change(x.server.table, ident) {
		return py.KeyError(arg)
	}
	return nil
}

func (x *session) getMethods() (py.Value, error) {
	if err := x.arity(1); err != nil {
		return nil, err
	}
	t, ok := tokenOf(x.request.args[0])
	if !ok {
		return nil, py.AttributeError("'%s' object has no attribute 'id'", py.TypeName(x.request.args[0]))
	}
	node := x.server.table.lookup(t.ident)
	if node == nil {
		return nil, py.KeyError(t.ident)
	}
	return x.server.types.methods(node.Object.Type(), x.request.python2), nil
}

// shutdown ends the server, once this answer is on its way.
func (x *session) shutdown() error {
	if err := x.arity(0); err != nil {
		return err
	}
	if x.server.config.KeepRunning {
		x.server.log.Warn("a client has asked for the server's end, which is refused here", x.who()...)
		return py.RuntimeError("this server is not to be ended by its clients")
	}
	x.server.log.Info("a client has asked for the server's end", x.who()...)
	x.after = func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
		defer cancel()
		_ = x.server.Shutdown(ctx)
	}
	return nil
}
