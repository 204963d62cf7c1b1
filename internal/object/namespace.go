package object

import (
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// namespace is a shared managers.Namespace.
type namespace struct {
	mu sync.Mutex
	d  py.Dict // of strings
}

// NamespaceType is the typeid Namespace: m.Namespace(**kw).
var NamespaceType = &Type{
	Name:    "Namespace",
	Proxy:   proxy("NamespaceProxy"),
	Exposed: []string{"__getattribute__", "__setattr__", "__delattr__"},
	Methods: map[string]Method{
		"__getattribute__": on((*namespace).get),
		"__setattr__":      on((*namespace).set),
		"__delattr__":      on((*namespace).del),
	},
	New: newNamespace,
}

var (
	namespaceNew = Function("Namespace.__init__")
	namespaceGet = Slot("__getattribute__", "name")
	namespaceSet = UnpackedSlot("__setattr__", "name", "value")
	namespaceDel = Slot("__delattr__", "name")
)

func newNamespace(c *Call) (Object, error) {
	if err := namespaceNew.ParsePositional(c); err != nil {
		return nil, err
	}
	n := &namespace{}
	if c.Kwargs != nil {
		n.d = *c.Kwargs.Copy()
	}
	return n, nil
}

func (n *namespace) Type() *Type { return NamespaceType }

// Value is an instance of the class, which every client has.
func (n *namespace) Value() (py.Value, error) {
	return instance("Namespace", n.snapshot()), nil
}

// instance is one of a class of multiprocessing.managers, by its attributes.
func instance(class string, attributes *py.Dict) *py.Object {
	return &py.Object{Form: py.Made, Class: proxy(class), Built: true, State: attributes}
}

func (n *namespace) snapshot() *py.Dict {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.d.Copy()
}

// Repr has the public attributes.
func (n *namespace) Repr() (string, error) { return namespaceText(n.snapshot(), py.Repr) }

func (n *namespace) get(c *Call) (py.Value, error) {
	key, err := attribute(c, namespaceGet)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if v, ok := n.d.GetStr(key); ok {
		return v, nil
	}
	return nil, noAttribute(c, key)
}

func (n *namespace) set(c *Call) (py.Value, error) {
	var v py.Value
	key, err := attribute(c, namespaceSet, &v)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return nil, n.d.Set(key, v)
}

func (n *namespace) del(c *Call) (py.Value, error) {
	key, err := attribute(c, namespaceDel)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	_, found, err := n.d.Delete(key)
	if err == nil && !found {
		err = noAttribute(c, key)
	}
	return nil, err
}

// attribute parses the arguments of a method, which begin with the name of an attribute.
func attribute(c *Call, args *Signature, more ...*py.Value) (string, error) {
	var name py.Value
	if err := args.Parse(c, append([]*py.Value{&name}, more...)...); err != nil {
		return "", err
	}
	s, ok := py.Text(name)
	if !ok {
		return "", py.TypeError("attribute name must be string, not '%s'", py.TypeName(name))
	}
	return s, nil
}

// noAttribute has the name as an attribute as well, which Python has there since 3.10, to suggest another one.
func noAttribute(c *Call, name string) error {
	e := py.AttributeError("'Namespace' object has no attribute '%s'", name)
	if !c.Python2 {
		attributes := py.NewDict()
		attributes.SetStr("name", name)
		e.State = attributes
	}
	return e
}
