package object

import (
	"github.com/multiproc-go/multiproc/py"
)

// An Object is one shared object. All of its methods may be called by any number of goroutines at once: each object has a lock of its own, which is never held while another object's is taken, while
// something is encoded, or while anybody waits.
type Object interface {
	// Type has the object's methods.
	Type() *Type
	// Value is what #GETVALUE gives: a copy that later calls don't change (values inside of it are shared: nobody ever changes those), or an error that wraps ErrUnserializable.
	Value() (py.Value, error)
	// Repr is Python's repr of the object, which proxies get as their str.
	Repr() (string, error)
}

// A Releaser is an Object of which a Caller can own something that has to be given back when it is gone. Release is called once for each object that Call.Own has named.
type Releaser interface {
	Release(c *Caller)
}

// A Method is one method of a Type: it gets an object of this type. The result is never changed later, by anybody; what is inside of a shared container may be in it. Errors that are a *py.Exception are what
// the client gets.
type Method func(o Object, c *Call) (py.Value, error)

// A Type is what all objects of one typeid have in common.
type Type struct {
	Name    string // the typeid: "list"
	Proxy   py.Global
	Exposed []string          // the methods that clients may call, in the order in which they are told; a superset of what any version of Python exposes
	Methods map[string]Method // all of Exposed
	Results map[string]*Type  // the methods whose result is a new object: an Object, which clients know by this type
	// Single says that New, or a method, may return an object again that it has returned before; it then has one ident as long as anybody holds it. See Identifier.
	Single bool
	// New makes an object. The error is told as a traceback.
	New func(c *Call) (Object, error)
}

// An Identifier is an Object that is made anew whenever what it stands for is returned, as a user's Go pointer is: Objects of one Type with the same identity are one. All others are the same by
// their own address.
type Identifier interface {
	// Identity is an address, which no other object of the type has as long as this one can be reached; 0 for an object that is the same as no other.
	Identity() uintptr
}
