package manager

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

var (
	errorType           = reflect.TypeFor[error]()
	objectPointer       = reflect.TypeFor[*Object]()
	marshalerType       = reflect.TypeFor[pickle.Marshaler]()
	unmarshalerType     = reflect.TypeFor[pickle.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	stringerType        = reflect.TypeFor[fmt.Stringer]()
)

// A goType is a type that a user has registered.
type goType struct {
	server *Server
	typ    *object.Type
	result reflect.Type // of the callable: *Maths, *Object or a sequence
	make   *goFunc      // nil if clients can't create objects
}

// addMethods gives the type its methods.
func (g *goType) addMethods(r *registration) error {
	byName, err := g.named(r)
	if err != nil {
		return err
	}
	exposed := r.exposed
	if exposed == nil {
		synced := promoted(g.result.Elem())
		for name, m := range byName {
			if _, asked := r.pyNames[m.Name]; !private(name) && (asked || !synced[m.Name]) {
				exposed = append(exposed, name)
			}
		}
		slices.Sort(exposed)
	}
	g.typ.Exposed, g.typ.Methods = exposed, map[string]object.Method{}
	for _, name := range exposed {
		m, ok := byName[name]
		if !ok {
			return fmt.Errorf("Exposed names %q, and %s has no such method; it has %s", name, g.result, strings.Join(slices.Sorted(maps.Keys(byName)), ", "))
		}
		if !callableName(name) {
			return fmt.Errorf("the method %s would be %q in Python, where that is no name; give it another one: Rename(%q, ...)", m.Name, name, m.Name)
		}
		f, err := g.server.newGoFunc(r.typeid+"."+name, m.Func, true, r.params[name])
		if err == nil {
			err = f.returns(r.typeids[name])
		}
		if err != nil {
			return fmt.Errorf("the method %s (%s): %w", m.Name, name, err)
		}
		g.typ.Methods[name] = func(o object.Object, c *object.Call) (py.Value, error) {
			return f.method(o.(*instance), c)
		}
		if f.typeid != "" {
			if g.typ.Results == nil {
				g.typ.Results = map[string]*object.Type{}
			}
			g.typ.Results[name] = &object.Type{Name: f.typeid} // the call looks up which one it is
		}
	}
	// All values of size 0 have one address, so these are never the same.
	g.typ.Single = g.result.Elem().Size() > 0
	return r.check(g.typ.Methods, g.make != nil)
}

// named are the methods of the type by their names in Python.
func (g *goType) named(r *registration) (map[string]reflect.Method, error) {
	byName := map[string]reflect.Method{}
	for i := range g.result.NumMethod() {
		m := g.result.Method(i)
		name, renamed := r.pyNames[m.Name]
		if !renamed {
			if name = pythonName(m.Name); g.special(m.Name) {
				continue
			}
		}
		if other, ok := byName[name]; ok {
			return nil, fmt.Errorf("the methods %s and %s are both %q in Python; give one of them another name: Rename(%q, ...)", other.Name, m.Name, name, m.Name)
		}
		byName[name] = m
	}
	for name := range r.pyNames {
		if _, ok := g.result.MethodByName(name); !ok {
			return nil, fmt.Errorf("Rename names %q, and %s has no such method", name, g.result)
		}
	}
	return byName, nil
}

// special tells whether a method is there for the server, and not for clients.
func (g *goType) special(name string) bool {
	switch name {
	case "String":
		return g.result.Implements(stringerType)
	case "MarshalPickle":
		return g.result.Implements(marshalerType)
	case "UnmarshalPickle":
		return g.result.Implements(unmarshalerType)
	}
	return false
}

// promoted are the methods that a struct may have from types of package sync that it embeds: they guard it, and are not for others.
func promoted(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	if t.Kind() != reflect.Struct {
		return names
	}
	for i := range t.NumField() {
		f := t.Field(i)
		p := f.Type
		if p.Kind() != reflect.Pointer {
			p = reflect.PointerTo(p)
		}
		if !f.Anonymous || p.Elem().PkgPath() != reflect.TypeFor[sync.Mutex]().PkgPath() {
			continue
		}
		for j := range p.NumMethod() {
			names[p.Method(j).Name] = true
		}
	}
	return names
}

// check looks for options that mean nothing.
func (r *registration) check(methods map[string]object.Method, creatable bool) error {
	known := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	for _, name := range slices.Sorted(maps.Keys(r.typeids)) {
		if methods[name] == nil {
			return fmt.Errorf("MethodToTypeid names %q, which is none of the exposed methods: %s", name, known)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.params)) {
		switch {
		case name == "" && !creatable:
			return fmt.Errorf("Params names parameters of a callable that is not there")
		case name != "" && methods[name] == nil:
			return fmt.Errorf("Params names %q, which is none of the exposed methods: %s", name, known)
		}
	}
	return nil
}

// unused is check for a callable that returns something which has its methods already.
func (r *registration) unused(result reflect.Type) error {
	if r.exposed != nil || r.typeids != nil || r.pyNames != nil || r.proxy != autoProxy {
		return fmt.Errorf("the callable returns a value of the type %s, which has its own methods: only Params can be said of it", result)
	}
	return r.check(nil, true)
}

// create is the type's New.
func (g *goType) create(c *object.Call) (object.Object, error) {
	v, err := g.make.call(nil, reflect.Value{}, c)
	if err != nil {
		return nil, err
	}
	return v.(object.Object), nil
}

// made is what a callable, or a method, has returned as an object of the type.
func (g *goType) made(f *goFunc, v reflect.Value) (object.Object, error) {
	switch {
	case v.Type() != g.result:
		return nil, py.TypeError("%s() has returned a value of the type %s, and objects of the typeid '%s' are made of the type %s", f.name, v.Type(), g.typ.Name, g.result)
	case v.IsNil():
		return nil, py.RuntimeError("%s() has returned nil, and no error", f.name)
	case g.result == objectPointer:
		return g.server.existing(v.Interface().(*Object))
	case g.result.Kind() == reflect.Func:
		return object.NewIterator(f.sequence(v)), nil
	}
	return &instance{g, v}, nil
}

// instance is a user's object. It is made anew whenever the pointer is returned.
type instance struct {
	g *goType
	v reflect.Value
}

func (i *instance) Type() *object.Type { return i.g.typ }

// Identity is the pointer.
func (i *instance) Identity() uintptr {
	if !i.g.typ.Single {
		return 0
	}
	return i.v.Pointer()
}

// Value is what the type itself says that it is in Python. A copy of its fields would be a surprise: a struct that has methods is more than these.
func (i *instance) Value() (v py.Value, err error) {
	if !i.g.result.Implements(marshalerType) {
		return nil, object.Unserializable("cannot pickle '%s' object: the Go type %s has no method MarshalPickle", i.g.typ.Name, i.g.result)
	}
	defer i.g.server.contain(i.g.typ.Name+".MarshalPickle", nil, &err)
	v, err = i.g.server.values.Of(i.v.Interface())
	if err != nil {
		return nil, pythonError(err)
	}
	return v, nil
}

// Repr is the type's own text, or one as Python has it for objects that have none.
func (i *instance) Repr() (text string, err error) {
	s, ok := i.v.Interface().(fmt.Stringer)
	if !ok {
		return fmt.Sprintf("<%s object at %p>", i.g.typ.Name, i.v.Interface()), nil
	}
	defer i.g.server.contain(i.g.typ.Name+".String", nil, &err)
	return s.String(), nil
}
