package manager

import (
	"math/big"
	"reflect"
	"time"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// pythonTypes are Python's names for the types of Go that stand for one of its own.
var pythonTypes = map[reflect.Type]string{
	objectPointer: "a proxy", reflect.TypeFor[Object](): "a proxy", errorType: "an exception",
	reflect.TypeFor[time.Time](): "datetime.datetime", reflect.TypeFor[time.Duration](): "datetime.timedelta",
	reflect.TypeFor[big.Int](): "int", reflect.TypeFor[big.Rat](): "fractions.Fraction", reflect.TypeFor[big.Float](): "decimal.Decimal",
	reflect.TypeFor[py.Bytes](): "bytes", reflect.TypeFor[py.Tuple](): "tuple", reflect.TypeFor[*py.List](): "list", reflect.TypeFor[*py.Dict](): "dict", reflect.TypeFor[*py.Set](): "set",
	reflect.TypeFor[*py.FrozenSet](): "frozenset", reflect.TypeFor[*py.ByteArray](): "bytearray", reflect.TypeFor[*py.Array](): "array.array", reflect.TypeFor[py.DateTime](): "datetime.datetime",
	reflect.TypeFor[py.Date](): "datetime.date", reflect.TypeFor[py.Time](): "datetime.time", reflect.TypeFor[py.TimeDelta](): "datetime.timedelta", reflect.TypeFor[py.UUID](): "uuid.UUID",
}

// proxyInto stores what a proxy stands for in a variable of a type for objects; false if the variable is none, or for others.
func (s *Server) proxyInto(dst reflect.Value, ref *object.Ref) bool {
	t := dst.Type()
	if t == objectPointer || t.Kind() == reflect.Interface && t.NumMethod() == 0 {
		dst.Set(reflect.ValueOf(s.handle(ref.Node)))
		return true
	}
	i, ok := ref.Node.Object.(*instance)
	if ok && i.v.Type().AssignableTo(t) {
		dst.Set(i.v)
		return true
	}
	return false
}

// refer is a proxy of an object, for values that go to clients.
func (s *Server) refer(o *instance) (py.Value, error) {
	node, err := s.table.keep(o, o.g.typ.Single)
	if err != nil {
		return nil, err
	}
	return refTo(s, node), nil
}

// refTo is a proxy of an object, as the server writes it.
func refTo(s *Server, node *object.Node) *object.Ref {
	t := node.Object.Type()
	kwargs := py.NewDict()
	if t.Proxy == autoProxy {
		kwargs.SetStr("exposed", s.types.methods(t, false))
	}
	return &object.Ref{Node: node, Class: t.Proxy, Typeid: t.Name, Kwargs: kwargs, Home: s}
}

// proxied is the result of a method that is an object, with the typeid by which the client is to know it. typ has its methods.
type proxied struct {
	typeid string
	typ    *object.Type
	object object.Object
}

// existing is an object that has a node already.
type existing struct {
	object.Object
	node *object.Node
}

// asObject is a result as an object of the function's typeid.
func (f *goFunc) asObject(v reflect.Value) (py.Value, error) {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return nil, nil
	case reflect.Pointer, reflect.Func:
		if v.IsNil() {
			return nil, nil
		}
	}
	t := f.server.types.lookup(f.typeid)
	if t == nil && f.typeid == object.IteratorType.Name {
		t = object.IteratorType
	}
	if t == nil {
		return nil, py.RuntimeError("%s() is to return an object of the typeid '%s', which the server does not have (any more, or yet): Register it", f.name, f.typeid)
	}
	o, err := f.objectOf(t, v)
	if err != nil {
		return nil, err
	}
	return &proxied{typeid: f.typeid, typ: o.Type(), object: o}, nil
}

// objectOf makes an object of a type out of a Go value.
func (f *goFunc) objectOf(t *object.Type, v reflect.Value) (object.Object, error) {
	if g := f.server.types.registered(t); g != nil {
		return g.made(f, v)
	}
	if v.Type() == objectPointer {
		o, err := f.server.existing(v.Interface().(*Object))
		if err == nil && o.Type().Name != t.Name {
			return nil, py.TypeError("%s() has returned an object of the typeid '%s', and not '%s'", f.name, o.Type().Name, t.Name)
		}
		return o, err
	}
	kind := v.Kind()
	switch {
	case t == object.IteratorType && (isSequence(v.Type()) || kind == reflect.Slice || kind == reflect.Array):
		return object.NewIterator(f.sequence(v)), nil
	case t == object.ListType && (kind == reflect.Slice || kind == reflect.Array), (t == object.DictType || t == object.SetType) && kind == reflect.Map:
		value, err := f.plainValue(v)
		if err != nil {
			return nil, err
		}
		return t.New(&object.Call{Args: py.Tuple{value}})
	}
	return nil, py.TypeError("%s() has returned a value of the type %s, of which no object of the typeid '%s' can be made", f.name, v.Type(), t.Name)
}
