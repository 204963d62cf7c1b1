package object

import (
	"fmt"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// value is a shared managers.Value, which remembers its typecode and checks nothing.
type value struct {
	mu       sync.Mutex
	typecode py.Value
	v        py.Value
}

// ValueType is the typeid Value: m.Value(typecode, value, lock=True).
var ValueType = &Type{
	Name:    "Value",
	Proxy:   proxy("ValueProxy"),
	Exposed: []string{"get", "set"},
	Methods: map[string]Method{"get": on((*value).get), "set": on((*value).set)},
	New:     newValue,
}

var (
	valueNew = Function("Value.__init__", "typecode", "value", "lock=")
	valueGet = Function("Value.get")
	valueSet = Function("Value.set", "value")
)

func newValue(c *Call) (Object, error) {
	v := &value{}
	var lock py.Value // without any effect, in Python either
	if err := valueNew.Parse(c, &v.typecode, &v.v, &lock); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *value) Type() *Type { return ValueType }

// Value is an instance of the class, which every client has.
func (v *value) Value() (py.Value, error) {
	attributes := py.NewDict()
	attributes.SetStr("_typecode", v.typecode)
	attributes.SetStr("_value", v.load())
	return instance("Value", attributes), nil
}

func (v *value) load() py.Value {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.v
}

func (v *value) Repr() (string, error) {
	typecode, err := py.Repr(v.typecode)
	if err != nil {
		return "", err
	}
	text, err := py.Repr(v.load())
	return fmt.Sprintf("Value(%s, %s)", typecode, text), err
}

func (v *value) get(c *Call) (py.Value, error) {
	if err := valueGet.Parse(c); err != nil {
		return nil, err
	}
	return v.load(), nil
}

func (v *value) set(c *Call) (py.Value, error) {
	var to py.Value
	if err := valueSet.Parse(c, &to); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.v = to
	return nil, nil
}
