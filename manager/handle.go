package manager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// An Object is an object of a Server in the same process: what a Proxy is elsewhere, without a connection. It may be used by several goroutines at once. Values that have an Object in them go to
// clients with a proxy in its place, as an argument of Call, as a result of a registered method, and in containers; parameters that are an *Object take proxies.
//
// The object is there as long as the Object can be reached, or a proxy of it in any client or container; Close lets go of it before the garbage collector does. It can be used when the server is
// closed, too, but nothing can be waited for then.
type Object struct {
	server *Server
	node   atomic.Pointer[object.Node] // nil when it is closed
}

// New makes an object of any type that clients can create, the registered ones included, with the arguments of its constructor:
//
//	q, err := srv.New("Queue", 100)
//	err = srv.Register("get_queue", func() *manager.Object { return q })
//
// The error is a *py.Exception if the constructor fails, a *pickle.EncodeError if an argument has no counterpart in Python. It blocks as long as the constructor does.
func (s *Server) New(typeid string, args ...any) (*Object, error) {
	t := s.types.lookup(typeid)
	if t == nil || t.New == nil {
		known := s.types.names()
		slices.Sort(known)
		return nil, fmt.Errorf("manager: there is no typeid %q of which objects can be made, only some of %s", typeid, strings.Join(known, ", "))
	}
	values, named, err := s.arguments(args)
	if err != nil {
		return nil, fmt.Errorf("manager: New(%q): %w", typeid, err)
	}
	o, err := t.New(&object.Call{Args: values, Kwargs: named, Caller: s.goCaller(context.Background())})
	var node *object.Node
	if err == nil {
		node, err = s.nodeOf(t, o)
	}
	if err != nil {
		return nil, fmt.Errorf("manager: New(%q): %w", typeid, err)
	}
	return s.handle(node), nil
}

// nodeOf is the node of an object that no client has, or not yet.
func (s *Server) nodeOf(t *object.Type, o object.Object) (*object.Node, error) {
	if e, ok := o.(existing); ok {
		return e.node, nil
	}
	return s.table.keep(o, t.Single)
}

func (s *Server) handle(node *object.Node) *Object {
	o := &Object{server: s}
	o.node.Store(node)
	return o
}

// anonymous is the name by which others see Go code that waits, or has acquired something.
const anonymous = "Go"

// goCaller is on whose behalf calls of Go code are made.
func (s *Server) goCaller(ctx context.Context) *object.Caller {
	return &object.Caller{Name: anonymous, Blocking: blocking(ctx, s.ctx)}
}

// blocking is the Blocking of a Caller for a call with this context, which ends with another one as well.
func blocking(ctx, end context.Context) func(object.Object, string) (context.Context, func()) {
	return func(object.Object, string) (context.Context, func()) {
		both, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(end, cancel)
		return both, func() { stop(); cancel() }
	}
}

// Call calls a method of the object by the name that it has in Python, and returns its result, a value of package py, of which As makes a Go type; what is itself an object comes as an *Object. The
// values in it may be shared with others, and must not be changed; nor may those of package py that are passed.
//
// A call that waits ends with ctx, whose error it returns, or with the server, which is ErrServerClosed; it then has had no effect. Other errors are the *py.Exception that the method has raised; a
// *pickle.EncodeError for an argument without a counterpart in Python; ErrClosed. A call costs less than a microsecond besides what the method does.
//
// Each call is made on behalf of nobody in particular, as if every one came from another thread. That is right for nearly all objects; what belongs to who has acquired it, an RLock or a
// Condition, needs an Owner, and is refused here.
func (o *Object) Call(ctx context.Context, method string, args ...any) (py.Value, error) {
	c := o.server.goCaller(ctx)
	v, err := o.call(ctx, c, method, args)
	if c.Gone() > 0 {
		return nil, fmt.Errorf("manager: %s: what it acquires would belong to nobody, and is released; call it by an Owner", method)
	}
	return v, err
}

// call makes a call.
func (o *Object) call(ctx context.Context, c *object.Caller, method string, args []any) (py.Value, error) {
	node := o.node.Load()
	if node == nil {
		return nil, fmt.Errorf("manager: %s: %w", method, ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := node.Object.Type()
	s := o.server
	positional, named, err := s.arguments(args)
	var v py.Value
	if err == nil {
		v, err = s.callNode(node, method, &object.Call{Args: positional, Kwargs: named, Caller: c})
	}
	switch {
	case err == nil:
	case !errors.Is(err, object.ErrGone):
		return nil, fmt.Errorf("manager: %s.%s: %w", t.Name, method, err)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		return nil, ErrServerClosed
	}
	runtime.KeepAlive(o)
	return s.local(t, method, v)
}

// callNode calls a method, or what every object has.
func (s *Server) callNode(node *object.Node, method string, c *object.Call) (py.Value, error) {
	t := node.Object.Type()
	if m := t.Methods[method]; m != nil {
		return m(node.Object, c)
	}
	switch method {
	case "__str__", "__repr__":
		return node.Object.Repr()
	case "#GETVALUE":
		return node.Object.Value()
	}
	return nil, py.AttributeError("%s", fmt.Sprintf("there is no such method; those of a '%s' are %s", t.Name, strings.Join(t.Exposed, ", ")))
}

// local is the result of a method for Go code.
func (s *Server) local(t *object.Type, method string, v py.Value) (py.Value, error) {
	switch x := v.(type) {
	case *object.Ref:
		return s.handle(x.Node), nil
	case *proxied:
		t, v = x.typ, x.object
	default:
		if r := t.Results[method]; r != nil {
			t = r
		}
	}
	o, ok := v.(object.Object)
	if !ok {
		return v, nil
	}
	node, err := s.nodeOf(t, o)
	if err != nil {
		return nil, err
	}
	return s.handle(node), nil
}

// positional are arguments as values.
func (s *Server) positional(args []any) (py.Tuple, error) {
	values := make(py.Tuple, len(args))
	for i, a := range args {
		v, err := s.values.Of(a)
		if ref, ok := v.(*object.Ref); ok && ref.Home != s {
			err = errForeign
		}
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		values[i] = v
	}
	return values, nil
}

// arguments are the positional and the keyword arguments of a call, as Python's values.
func (s *Server) arguments(args []any) (positional py.Tuple, named *py.Dict, err error) {
	args, kwargs := withoutKeywords(args)
	if positional, err = s.positional(args); err == nil && len(kwargs) > 0 {
		named, err = s.named(kwargs)
	}
	return positional, named, err
}

// named are keyword arguments as values, in the order of their names.
func (s *Server) named(kwargs map[string]any) (*py.Dict, error) {
	d := py.NewDictSize(len(kwargs))
	for _, name := range slices.Sorted(maps.Keys(kwargs)) {
		v, err := s.values.Of(kwargs[name])
		if err != nil {
			return nil, fmt.Errorf("argument %s: %w", name, err)
		}
		d.SetStr(name, v)
	}
	return d, nil
}

// Typeid is the name of the object's type.
func (o *Object) Typeid() string {
	if node := o.node.Load(); node != nil {
		return node.Object.Type().Name
	}
	return ""
}

// Ident is the name by which clients know the object. It is the same as long as the object lives, and never that of another one.
func (o *Object) Ident() string {
	if node := o.node.Load(); node != nil {
		return node.Ident
	}
	return ""
}

// Exposed are the names of the methods that clients can call.
func (o *Object) Exposed() []string {
	if node := o.node.Load(); node != nil {
		return slices.Clone(node.Object.Type().Exposed)
	}
	return nil
}

// String is the text that Python has for a proxy.
func (o *Object) String() string {
	if node := o.node.Load(); node != nil {
		return refTo(o.server, node).PythonRepr()
	}
	return "<closed object>"
}

// Close lets go of the object, which ends if nobody else has it. Calls that are being made go on; the Object can't be used any more. It never fails, and the garbage collector does the same to an
// Object that can't be reached.
func (o *Object) Close() error {
	o.node.Store(nil)
	return nil
}

// existing is an Object's object with its node.
func (s *Server) existing(o *Object) (object.Object, error) {
	node := o.node.Load()
	if node == nil {
		return nil, fmt.Errorf("the Object: %w", ErrClosed)
	}
	if o.server != s {
		return nil, errForeign
	}
	return existing{node.Object, node}, nil
}

var errForeign error = refError("the Object is one of another server, whose clients alone can reach it")

// MarshalPickle is a proxy of the object, for clients of its server.
func (o *Object) MarshalPickle() (py.Value, error) {
	node := o.node.Load()
	if node == nil {
		return nil, fmt.Errorf("the Object: %w", ErrClosed)
	}
	return refTo(o.server, node), nil
}

// UnmarshalPickle makes the Object that of a proxy which a client has sent.
func (o *Object) UnmarshalPickle(v py.Value) error {
	ref, ok := v.(*object.Ref)
	if !ok {
		return py.TypeError("it is no proxy of an object of this server")
	}
	o.server = ref.Home.(*Server)
	o.node.Store(ref.Node)
	return nil
}
