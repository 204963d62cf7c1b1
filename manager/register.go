package manager

import (
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// Register makes a Go type of your own a type of which clients can create objects, as BaseManager.register does in Python:
//
//	srv.Register("Maths", func() *Maths { return &Maths{} })
//
// In Python:
//
//	class MyManager(BaseManager): pass
//	MyManager.register('Maths')
//	m = MyManager(address=..., authkey=...)
//	m.connect()
//	m.Maths().add(1, 2)
//
// # The callable
//
// The callable makes an object, or returns one that is there already. It is a function with any arguments, which are what the client passes, and these results:
//
//	*T, or *T and an error     T is a type of your own with methods; the same pointer again is the same object for all clients, which makes singletons
//	*Object                    an object that New has made: clients get a proxy of that one
//	iter.Seq, iter.Seq2        an iterator; what an iter.Seq2 has second is an error, which ends it
//
// (*T)(nil) in place of a function registers a type that clients can't create: only methods return it. The callable is called by many goroutines at once, and so are the methods; one that
// takes long keeps nobody waiting but its own client, and Shutdown and Close: a method that is to end the server calls them in another goroutine.
//
// # Methods
//
// Clients can call the exported methods of *T, under the names that Python would give them: AddAll is add_all, HTTPGet http_get. What is renamed to a name that begins with one underscore is private,
// unless Exposed names it, and so are methods that come from an embedded type of package sync. A method String is what str(proxy) shows, and must not block; MarshalPickle makes what copies of the
// object are, for proxy._getvalue() and copy.deepcopy: otherwise there are none.
//
// Arguments are what pickle.Config.Assign makes of them, with Config.Registry: an int of Python's is no int8 if it does not fit, and never a string. What does not fit is a TypeError, or an
// OverflowError, that names the method, the argument and both types. Parameters can be any Go types, and those of package py, which get values as they came; they must not be changed. Beyond that:
//
//   - A first parameter that is a context.Context ends when the client has gone, or the server ends. What a method has done until then is its own affair: there is no answer any more. A call of
//     such a method counts as one that waits: Shutdown does not wait for it if nothing else is being done.
//   - A variadic parameter takes all further arguments.
//   - A *T of a registered type, or an interface that it has, takes a proxy of such an object and is the pointer itself. An *Object takes a proxy of any object of this server; so does an any.
//     Where a list, a dict or another plain type is wanted, a proxy of an object with such a value counts as a copy of it. In slices, maps and structs only *Objects take proxies; from a
//     value of package py, pickle.Assign makes one.
//
// Results are what pickle.Config.Of makes of them, right after the call; several ones are a tuple. So what a method returns must not be changed by others any more: return a copy of a map
// that a lock protects. Values of package py go as they are. A *T of a registered type (without MarshalPickle), or an *Object, goes as a proxy; see MethodToTypeid for the better way. Within
// slices, maps and structs only *Objects are proxies. To Python 2.7 strings go as unicode, and a proxy can't be sent in a value.
//
// # Errors
//
// A *py.Exception in the chain of a method's error is what the client gets, as it is. Other errors become Python's: context.DeadlineExceeded a TimeoutError, io.EOF an EOFError, fs.ErrNotExist,
// fs.ErrExist and fs.ErrPermission the OSErrors of these meanings, errors.ErrUnsupported a NotImplementedError, and all others a RuntimeError with the text. Errors of the callable come as RemoteErrors
// with that text, as in Python. A panic is a RuntimeError for the client that has called, and logged with its stack; runtime.Goexit ends the client's connection. Other clients notice nothing.
//
// # When
//
// Types can be registered while the server serves. A typeid is registered once; only the built-in ones, such as Queue, can be replaced, which leaves objects that are there as they are. All that
// can be wrong with a registration is told at once, with what to do; whether the typeids of MethodToTypeid are there, which may be registered later, at the call.
func (s *Server) Register(typeid string, callable any, options ...RegisterOption) error {
	r := registration{typeid: typeid, proxy: autoProxy}
	for _, o := range options {
		o(&r)
	}
	g, err := s.newGoType(&r, callable)
	if err == nil {
		err = s.types.register(g)
	}
	if err != nil {
		return fmt.Errorf("manager: Register(%q): %w", typeid, err)
	}
	return nil
}

// newGoType looks at all that was said about a type.
func (s *Server) newGoType(r *registration, callable any) (*goType, error) {
	if r.typeid == "" {
		return nil, fmt.Errorf("the typeid is empty; it is the name of the manager's method that creates an object: \"Maths\"")
	}
	if !utf8.ValidString(r.typeid) {
		return nil, fmt.Errorf("the typeid is no UTF-8, and no str in Python can be the same")
	}
	v := reflect.ValueOf(callable)
	g := &goType{server: s, typ: &object.Type{Name: r.typeid, Proxy: r.proxy}}
	var err error
	switch {
	case !v.IsValid():
		return nil, fmt.Errorf("the callable is nil, which does not tell the methods; a type that clients can't create is registered as (*T)(nil)")
	case v.Kind() == reflect.Func:
		if g.result, err = resultOf(v.Type()); err != nil {
			return nil, err
		}
	case v.Kind() == reflect.Pointer && v.IsNil():
		g.result = v.Type()
	case v.Kind() == reflect.Pointer:
		return nil, fmt.Errorf("the callable is of the type %s, and not a function; for one object that all clients get: func() %[1]s { return it }", v.Type())
	default:
		return nil, fmt.Errorf("the callable is of the type %s, and not a function that returns a pointer: func() *Maths, or func() (*Maths, error)", v.Type())
	}
	if v.Kind() == reflect.Func && !v.IsNil() {
		if g.make, err = s.newGoFunc(r.typeid, v, false, r.params[""]); err != nil {
			return nil, err
		}
		g.make.of, g.typ.New = g, g.create
	}
	switch {
	case g.result == objectPointer, isSequence(g.result):
		return g, r.unused(g.result)
	case g.result.Kind() != reflect.Pointer || g.result.NumMethod() == 0:
		return nil, fmt.Errorf("the callable returns a value of the type %s, which is no pointer to a type with exported methods; nor is it an *Object or an iter.Seq", g.result)
	}
	return g, g.addMethods(r)
}

// resultOf is what a callable returns.
func resultOf(t reflect.Type) (reflect.Type, error) {
	if n := t.NumOut(); n == 1 || n == 2 && t.Out(1) == errorType {
		return t.Out(0), nil
	}
	return nil, fmt.Errorf("the callable is of the type %s, whose results are not one pointer, or one and an error: func() *Maths, or func() (*Maths, error)", t)
}

// register enters a type.
func (t *types) register(g *goType) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.all[g.typ.Name]; old != nil && t.own[old] != nil {
		return fmt.Errorf("there is a type of that name already, which may have clients; register this one under another name")
	}
	if err := t.enter(g.typ); err != nil {
		return err
	}
	if t.own == nil {
		t.own, t.pointers = map[*object.Type]*goType{}, map[reflect.Type]*goType{}
	}
	t.own[g.typ] = g
	if t.pointers[g.result] == nil && g.typ.Methods != nil { // else it is *Object, or a sequence, which may be of any typeid
		t.pointers[g.result] = g
	}
	return nil
}

// registered is what is behind a type, nil if nobody has registered it.
func (t *types) registered(typ *object.Type) *goType {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.own[typ]
}

// ofPointer is the first type that was registered for a Go type, nil if there is none.
func (t *types) ofPointer(p reflect.Type) *goType {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.pointers[p]
}

// A RegisterOption says more of a type than its Go type does. See Register.
type RegisterOption func(*registration)

// registration is what options have said.
type registration struct {
	typeid  string
	proxy   py.Global
	exposed []string // nil: all that are public
	typeids map[string]string
	params  map[string][]string
	pyNames map[string]string // by Go's
}

// Exposed names the methods that clients can call, with Python's names, in the order in which they are told of them. Without it these are all public ones in alphabetical order. Others cannot
// be called, whatever a client tries.
func Exposed(methods ...string) RegisterOption {
	return func(r *registration) { r.exposed = append([]string{}, methods...) }
}

// ProxyType is the class that clients have for proxies of this type, if they register one of their own. It is written where a proxy is a part of a result; a proxy that a client creates is of
// the class that the client has registered. By default it is AutoProxy, with the methods that are exposed.
func ProxyType(module, name string) RegisterOption {
	return func(r *registration) { r.proxy = py.Global{Module: module, Name: name} }
}

// MethodToTypeid says that results of methods are objects of their own, of which the client gets a proxy: m maps the methods' names in Python to typeids. Clients must have registered these,
// too. The result of such a method is one of these, and nil is None:
//
//   - for a type that you have registered, what its callable returns: a *T, an *Object or an iter.Seq;
//   - for a built-in one an *Object;
//   - for "list", "dict" and "set" also a slice, a map and a map[K]struct{}, from which the object is made;
//   - for "Iterator" an iter.Seq, or an iter.Seq2 of values and errors.
//
// Other ways to return an object are a *T or an *Object without this option. That is a proxy in the result, which Python connects with the process's own key (current_process().authkey), and 2.7 does
// not get at all.
func MethodToTypeid(m map[string]string) RegisterOption {
	return func(r *registration) {
		r.typeids = map[string]string{}
		for method, typeid := range m {
			r.typeids[method] = typeid
		}
	}
}

// Params names the parameters of a method, without the context: for errors, and so that Python may pass them by keyword. The empty method is the callable. A name that ends with "=" is that of a
// parameter that may be left out, and is the zero value then; all behind it are as well.
func Params(method string, names ...string) RegisterOption {
	return func(r *registration) {
		if r.params == nil {
			r.params = map[string][]string{}
		}
		r.params[method] = append([]string{}, names...)
	}
}

// Rename gives a method another name than its own in Python's spelling: Rename("Len", "__len__").
func Rename(goName, pythonName string) RegisterOption {
	return func(r *registration) {
		if r.pyNames == nil {
			r.pyNames = map[string]string{}
		}
		r.pyNames[goName] = pythonName
	}
}
