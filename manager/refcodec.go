package manager

import (
	"errors"
	"net"
	"strings"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// Proxies travel as calls of a function of Python's module:
//
//	RebuildProxy(class, Token(typeid, address, ident), 'pickle', kwargs)
//
// Those of this server's objects become Refs, all others stay what they are: objects of a class that means nothing here, written back as they came.

const managersModule = "multiprocessing.managers"

var (
	rebuildProxy = py.Global{Module: managersModule, Name: "RebuildProxy"}
	tokenClass   = py.Global{Module: managersModule, Name: "Token"}
)

// token is what Python's Token has.
type token struct {
	typeid, address py.Value
	ident           string
}

// value is the Token as it is pickled. Its state is a tuple, which its class's __setstate__ takes apart.
func (t *token) value(ident py.Value) *py.Object {
	return &py.Object{Form: py.Made, Class: tokenClass, Built: true, State: py.Tuple{t.typeid, t.address, ident}}
}

func tokenOf(v py.Value) (t token, ok bool) {
	o, ok := v.(*py.Object)
	if !ok || o.Class != tokenClass {
		return t, false
	}
	parts, ok := o.State.(py.Tuple)
	if !ok {
		parts = o.Args // of a client that calls the class
	}
	if len(parts) != 3 {
		return t, false
	}
	t.typeid, t.address = parts[0], parts[1]
	t.ident, ok = py.Text(parts[2])
	return t, ok
}

// rebuild is a proxy as it is pickled.
func rebuild(class py.Value, token *py.Object, kwargs py.Value) *py.Object {
	return &py.Object{Form: py.Called, Class: rebuildProxy, Args: py.Tuple{class, token, "pickle", kwargs}}
}

// rebuilt is the Token of a proxy that came in.
func rebuilt(args py.Tuple) (t token, ok bool) {
	if len(args) != 4 {
		return t, false
	}
	return tokenOf(args[1])
}

// readProxies makes a registry know proxies.
func (s *Server) readProxies(r *pickle.Registry) {
	r.Construct(rebuildProxy, func(args py.Tuple, kwargs *py.Dict) (py.Value, error) {
		opaque := &py.Object{Form: py.Called, Class: rebuildProxy, Args: args, Kwargs: kwargs}
		t, ok := rebuilt(args)
		if !ok {
			return opaque, nil
		}
		// The prefix of an ident says enough, whatever the address is by which the client has reached this server: there are names, forwarded ports and addresses of containers.
		// An address of this server's with an ident that it has not is a proxy from before a restart, which nobody could use.
		if !s.table.owns(t.ident) && !s.isAddress(t.address) {
			return opaque, nil
		}
		node := s.table.refer(t.ident)
		if node == nil {
			return nil, py.KeyError(t.ident)
		}
		return &object.Ref{Node: node, Class: args[0], Address: t.address, Typeid: t.typeid, Kwargs: args[3], Home: s}, nil
	})
}

// isAddress tells whether a client means this server by an address, as far as that can be seen.
func (s *Server) isAddress(v py.Value) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, own := range s.addresses {
		if sameAddress(own, v) {
			return true
		}
	}
	return false
}

func sameAddress(own net.Addr, v py.Value) bool {
	switch own := own.(type) {
	case *net.TCPAddr:
		t, ok := v.(py.Tuple)
		if !ok || len(t) != 2 || t[1] != int64(own.Port) {
			return false
		}
		host, ok := py.Text(t[0])
		if !ok {
			return false
		}
		if host == "localhost" {
			return own.IP.IsLoopback() || own.IP.IsUnspecified()
		}
		ip := net.ParseIP(host)
		return ip != nil && (ip.Equal(own.IP) || own.IP.IsUnspecified() && ip.IsLoopback())
	case *net.UnixAddr:
		path, ok := py.Text(v)
		if b, isBytes := v.(py.Bytes); isBytes {
			path, ok = string(b), true
		}
		if abstract, is := strings.CutPrefix(path, "\x00"); is {
			path = "@" + abstract
		}
		return ok && path == own.Name
	}
	return false
}

// addressValue is an address as all Pythons take it. Before 3.9 they refuse the bytes that Python's own servers have for an abstract socket.
func addressValue(a net.Addr, str func(string) py.Value) py.Value {
	switch a := a.(type) {
	case *net.TCPAddr:
		return py.Tuple{str(a.IP.String()), int64(a.Port)}
	case *net.UnixAddr:
		if abstract, ok := strings.CutPrefix(a.Name, "@"); ok {
			if !utf8.ValidString(abstract) {
				return py.Bytes("\x00" + abstract)
			}
			return str("\x00" + abstract)
		}
		return str(a.Name)
	}
	return str(a.String())
}

// refWriter is how the replies of one connection have Refs in them.
type refWriter struct {
	python2 bool
	conn    *connection.Conn
	home    any // the server; a Ref to another one's object would be a proxy of nothing
	// pins are the nodes that went out in the last reply. The client has read it, and claimed them by other connections, before it sends its next request on this one; until then
	// another client may take the last Ref out of the last container.
	pins []*object.Node
	// values are, for a reply to Python 2.7, what stands in it for objects; so an object that contains itself does so there.
	values map[*object.Node]py.Value
}

func (w *refWriter) reducer(r *pickle.Registry) {
	pickle.RegisterReducer(r, w.reduce)
}

// reduce is what a Ref is in a reply: the proxy that came in. Python 2.7's own server has no proxies in containers but the objects themselves, and its clients can expect nothing else.
func (w *refWriter) reduce(r *object.Ref) (py.Value, error) {
	if r.Home != w.home {
		return nil, errForeign
	}
	if !w.python2 {
		w.pins = append(w.pins, r.Node)
		t := token{typeid: r.Typeid, address: r.Address}
		if t.address == nil && w.conn != nil {
			t.address = addressValue(w.conn.LocalAddr(), identity)
		}
		return rebuild(r.Class, t.value(r.Node.Ident), r.Kwargs), nil
	}
	if v, ok := w.values[r.Node]; ok {
		return v, nil
	}
	v, err := r.Node.Object.Value()
	if errors.Is(err, object.ErrUnserializable) {
		return nil, refError("there is a " + r.Node.Object.Type().Name + " in it, and Python 2.7 gets copies of what is stored in objects, which a " + r.Node.Object.Type().Name + " has none of")
	}
	if err != nil {
		return nil, err
	}
	if w.values == nil {
		w.values = map[*object.Node]py.Value{}
	}
	w.values[r.Node] = v
	return v, nil
}

// A refError says why a Ref can't be in a reply. It says all that a client can understand of it.
type refError string

func (e refError) Error() string { return string(e) }

// begin is called before a reply is written, and when the next request has come.
func (w *refWriter) begin(python2 bool) {
	w.python2 = python2
	if len(w.pins) > 0 {
		clear(w.pins)
		w.pins = w.pins[:0]
		if cap(w.pins) > keptPins {
			w.pins = nil
		}
	}
}

// keptPins is how long a slice of pins is kept for the next reply.
const keptPins = 64
