package pickle

import (
	"fmt"
	"reflect"

	"github.com/multiproc-go/multiproc/py"
)

// class is a Python class for whose instances there is a Go struct.
type class struct {
	global py.Global
	typ    reflect.Type
	args   []int // the fields, by their number in structInfo, that are the arguments of the class; none: instances are made without a call
	fields *structAssigner
}

// RegisterClass makes the struct type T and the instances of a Python class each other's counterparts, for all that is read and written with r:
//
//   - A T, or *T, is written as an instance: its fields, by their tags, are the attributes. Like Python's own pickles it makes the instance without calling the class, and
//     gives it the attributes (or its __setstate__ a dict of them).
//   - An instance is read as a *T, also where the target is an any or the value is Decode's. Two references to one instance are one *T.
//
// args are the names, as in Python, of the fields that are arguments of the class. If there are any, instances are written as a call Class(*args), and what is left of the
// fields as attributes. That is what exceptions, namedtuples and classes with slots need. In reading, arguments are taken by position, or by name where Python has written
// them so. A dataclass that is frozen and has slots is written by Python with a list of its fields, in their order, and no names: args must be all of them.
//
// A T with methods MarshalPickle or UnmarshalPickle uses those instead; the latter gets a *py.Object. The class counts more than the methods Error and MarshalText that T may have.
//
// An attribute for which T has no field is ignored unless the Config says DisallowUnknownFields. A registered class whose attributes don't fit fails the whole pickle, with an
// [UnmarshalTypeError] in the [DecodeError]. As a key of a dict, or in a set, a *T can't be read.
//
// A class that has had several names can be registered under each; the first one is written. RegisterClass panics if T is not a struct or has no fields with the names
// of args: both are errors of the program. Registering costs far more than reading: do it when the program starts.
func RegisterClass[T any](r *Registry, module, name string, args ...string) {
	c, err := newClass(reflect.TypeFor[T](), py.Global{Module: module, Name: name}, args)
	if err != nil {
		panic(err)
	}
	r.changeGlobal(c.global, func(e *globalEntry) { e.class = c })
	r.changeType(c.typ, func(e *typeEntry) {
		if e.class == nil {
			e.class = c
		}
	})
}

func newClass(t reflect.Type, g py.Global, args []string) (*class, error) {
	c := &class{global: g, typ: t}
	fail := func(format string, values ...any) (*class, error) {
		return nil, fmt.Errorf("pickle: RegisterClass of %s.%s: %s", g.Module, g.Name, fmt.Sprintf(format, values...))
	}
	if t.Kind() != reflect.Struct || t.Name() == "" || isPyType(t) || isSpecial(t) {
		return fail("%s is not a struct type of your own", t)
	}
	info := structInfoOf(t)
	if info.err != "" {
		return fail("%s: %s", t, info.err)
	}
	c.fields = structAssignerOf(t, false)
	for _, name := range args {
		i, ok := info.byName[name]
		if !ok {
			return fail("%s has no field for the argument %q", t, name)
		}
		c.args = append(c.args, i)
	}
	return c, nil
}

// classOf is the class for a struct type, nil if there is none.
func (r *Registry) classOf(t reflect.Type) *class {
	if r == nil {
		return nil
	}
	if e, ok := r.types.get(t); ok {
		return e.class
	}
	return nil
}

// classOfObject is the class of an instance, nil if it is not registered.
func (r *Registry) classOfObject(o *py.Object) *class {
	if r == nil {
		return nil
	}
	g, ok := constructionOf(o).class.(py.Global)
	if !ok {
		return nil
	}
	if e, ok := r.names.get(g); ok {
		return e.class
	}
	return nil
}

// newObject is an instance without attributes.
func (c *class) newObject() *py.Object {
	form := py.Made
	if len(c.args) > 0 {
		form = py.Called
	}
	return &py.Object{Form: form, Class: c.global, Args: py.Tuple{}}
}

// instances are the structs that stand for instances of registered classes in a pickle while it is read. Others may refer to them at once, but they are filled
// last: only then is what their attributes refer to complete, when there are cycles.
//
// The decoder makes an Object of every instance, as ever, and puts into the graph what start returns. Where a later opcode adds to the instance it finds the Object again with
// object. Before it returns the value it calls finish.
type instances struct {
	byPointer map[py.Value]*instance
	order     []*instance
}

type instance struct {
	object *py.Object
	class  *class
	value  reflect.Value // the struct
	stage  stage
}

type stage uint8

const (
	empty stage = iota
	filling
	filled
)

// start returns what stands for o: a pointer to a new struct if o's class is registered, and o itself if not.
func (in *instances) start(r *Registry, o *py.Object) py.Value {
	c := r.classOfObject(o)
	if c == nil {
		return o
	}
	p := reflect.New(c.typ)
	v := p.Interface()
	i := &instance{object: o, class: c, value: p.Elem()}
	if in.byPointer == nil {
		in.byPointer = map[py.Value]*instance{}
	}
	in.byPointer[v] = i
	in.order = append(in.order, i)
	return v
}

// of is the instance behind a pointer to a struct, nil for all other values.
func (in *instances) of(v py.Value) *instance {
	// Not every Value can be a key of a Go map.
	if in == nil || len(in.order) == 0 || v == nil || reflect.TypeOf(v).Kind() != reflect.Pointer {
		return nil
	}
	return in.byPointer[v]
}

// object is the Object behind a value that start returned, nil for all other values.
func (in *instances) object(v py.Value) *py.Object {
	if i := in.of(v); i != nil {
		return i.object
	}
	return nil
}

// finish fills the structs.
func (in *instances) finish(c Config) error {
	if len(in.order) == 0 {
		return nil
	}
	a := newAssigner(c)
	defer a.release()
	a.instances = in
	for _, i := range in.order {
		if err := i.fill(a); err != nil {
			return asUnmarshalError(at(err, "<"+i.object.ClassName()+">"))
		}
	}
	return nil
}

// fill fills the struct unless that was done already, because another one has a copy of it.
func (i *instance) fill(a *assigner) error {
	switch i.stage {
	case filled:
		return nil
	case filling:
		return &UnmarshalTypeError{Value: py.TypeName(i.object), Type: i.class.typ, Reason: "it contains itself, and the Go types have no pointer where it does"}
	}
	i.stage = filling
	if err := a.fromInstance(i.class, i.object, i.value); err != nil {
		return err
	}
	i.stage = filled
	return nil
}
