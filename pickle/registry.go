package pickle

import (
	"maps"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/py"
)

// Registry is the classes and functions that mean something when they are read, and the Go types that mean something when they are written. Nothing that a pickle
// names is ever looked up anywhere else: what the Registry does not know stays a py.Global, or a *py.Object with all that the pickle says of it.
//
// Every Registry knows the classes that package py has values for (set, datetime, Decimal, the built-in exceptions and so on); what is registered takes precedence over
// these. A Registry may be used, and added to, by several goroutines; a pickle that is being read or written sees a registration, or doesn't.
type Registry struct {
	names      shared[py.Global, *globalEntry]
	types      shared[reflect.Type, *typeEntry]
	extensions shared[int, py.Global]
}

// globalEntry is what is registered for a global. Entries are replaced, never changed.
type globalEntry struct {
	construct func(args py.Tuple, kwargs *py.Dict) (py.Value, error) // nil: none
	exception bool
	class     *class       // nil: none
	enum      reflect.Type // nil: none
}

// typeEntry is what is registered for a Go type. Entries are replaced, never changed.
type typeEntry struct {
	class  *class // nil: none
	reduce ofFunc // nil: none
}

// needed panics with words where a nil Registry would with a nil dereference. The zero Config's registry, for which nil stands there, is everybody's, so nothing can be added to it.
func (r *Registry) needed() {
	if r == nil {
		panic("pickle: the registry is nil; make one with NewRegistry")
	}
}

// NewRegistry is a Registry with nothing in it but what every Registry knows.
func NewRegistry() *Registry { return &Registry{} }

// Clone is a Registry that knows what r knows now; what is registered with one of the two later is not known to the other. That of a nil Registry is a new one.
func (r *Registry) Clone() *Registry {
	c := NewRegistry()
	if r != nil {
		c.names.m.Store(r.names.m.Load())
		c.types.m.Store(r.types.m.Load())
		c.extensions.m.Store(r.extensions.m.Load())
	}
	return c
}

// own is the Registry of a Config that has none. Nothing can be added to it, as nobody else has it.
var own = NewRegistry()

func (c *Config) registry() *Registry {
	if c.Registry == nil {
		return own
	}
	return c.Registry
}

// Construct makes the decoder call f wherever a pickle calls the global (REDUCE), or makes an instance of it (NEWOBJ, NEWOBJ_EX, OBJ, INST). kwargs is nil
// except for a NEWOBJ_EX with keyword arguments. The arguments must not be changed: other parts of the pickle may refer to them.
//
// An error of f ends the decoding; errors.Is and errors.As find it in the *DecodeError. What f returns takes the object's place. If the pickle then gives it a state or
// items, it must be a StateSetter, ItemAppender or ItemSetter; one of package py's containers takes its items as always.
func (r *Registry) Construct(g py.Global, f func(args py.Tuple, kwargs *py.Dict) (py.Value, error)) {
	r.changeGlobal(g, func(e *globalEntry) { e.construct = f })
}

// Exception makes instances of the class, and of no other, *py.Exceptions instead of *py.Objects. The class must be pickled as Python's BaseException does it: as a call
// with the arguments, and perhaps a state.
func (r *Registry) Exception(class py.Global) {
	r.changeGlobal(class, func(e *globalEntry) { e.exception = true })
}

// Extension gives the global a code of Python's copyreg.add_extension. Without it an extension's code is read as a *py.Object of form Extension.
func (r *Registry) Extension(code int, g py.Global) {
	r.needed()
	r.extensions.change(func(m map[int]py.Global) { m[code] = g })
}

// StateSetter is what a registered constructor returns to be given the state of a BUILD: what Python would pass to __setstate__.
type StateSetter interface {
	SetState(state py.Value) error
}

// ItemAppender is what a registered constructor returns to be given the items of APPEND, APPENDS and ADDITEMS. The slice is the callee's only until it returns.
type ItemAppender interface {
	AppendItems(items []py.Value) error
}

// ItemSetter is what a registered constructor returns to be given the keys and values of SETITEM and SETITEMS.
type ItemSetter interface {
	SetItem(key, value py.Value) error
}

// changeType replaces the entry of a type by a changed copy.
func (r *Registry) changeType(t reflect.Type, change func(e *typeEntry)) {
	r.needed()
	r.types.change(func(m map[reflect.Type]*typeEntry) {
		e := new(typeEntry)
		if old := m[t]; old != nil {
			*e = *old
		}
		change(e)
		m[t] = e
	})
}

// changeGlobal replaces the entry of a global by a changed copy.
func (r *Registry) changeGlobal(g py.Global, change func(e *globalEntry)) {
	r.needed()
	r.names.change(func(m map[py.Global]*globalEntry) {
		e := new(globalEntry)
		if old := m[g]; old != nil {
			*e = *old
		}
		change(e)
		m[g] = e
	})
}

// shared is a map that is read far more often than it is written: readers take no lock, writers replace the whole.
type shared[K comparable, V any] struct {
	mu sync.Mutex // of writers
	m  atomic.Pointer[map[K]V]
}

func (s *shared[K, V]) get(k K) (v V, ok bool) {
	m := s.m.Load()
	if m == nil {
		return v, false
	}
	v, ok = (*m)[k]
	return v, ok
}

func (s *shared[K, V]) isEmpty() bool { return s.m.Load() == nil }

// change lets f write to a copy, which is then what everybody reads.
func (s *shared[K, V]) change(f func(m map[K]V)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := map[K]V{}
	if m := s.m.Load(); m != nil {
		next = maps.Clone(*m)
	}
	f(next)
	s.m.Store(&next)
}
