package object

import (
	"sync/atomic"

	"github.com/multiproc-go/multiproc/py"
)

// A Ref is a proxy that is stored in a shared object, as the server sees it: the object itself, and how to write the proxy again for a client. It is a value like any other in package py's containers,
// equal to itself only. As long as a Ref can be reached, so can its object, which is all that keeps objects alive that no client holds; the garbage collector finds cycles of them, too.
type Ref struct {
	Node  *Node
	Class py.Value // the class or function that rebuilds it: ListProxy, AutoProxy, a user's
	// Address is the server's, in the form in which the proxy came in: a str, or a tuple of host and port. None stands for that by which a client that gets the proxy has reached the server.
	Address py.Value
	Typeid  py.Value
	Kwargs  py.Value // mostly a *py.Dict: {'exposed': ...}
	Home    any      // the server that has the node; package manager knows its type
}

var _ py.Foreign = (*Ref)(nil)

// PythonRepr is the repr of a proxy: "<ListProxy object, typeid 'list' at 0x...>".
func (r *Ref) PythonRepr() string {
	typeid, err := py.StrLimit(r.Typeid, maxTypeid)
	if err != nil {
		typeid = "?"
	}
	return "<" + r.PythonType() + " object, typeid '" + typeid + "' at 0x" + r.Node.Ident + ">"
}

// maxTypeid bounds the name of a type in texts, which is a client's to choose.
const maxTypeid = 200

// PythonType is the name of the proxy's class.
func (r *Ref) PythonType() string {
	g, ok := r.Class.(py.Global)
	switch {
	case !ok:
		return "BaseProxy"
	case g.Name == "AutoProxy": // the function that makes such classes
		if typeid, err := py.StrLimit(r.Typeid, maxTypeid); err == nil {
			return "AutoProxy[" + typeid + "]"
		}
	}
	return g.Name
}

// A Node is an object with the name by which clients know it. It is made once for each object, and its Ident is never used again: hexadecimal digits.
type Node struct {
	Ident  string
	Object Object

	// Referred is set as soon as there is a Ref to the node: from then on it may be reachable though no client counts it.
	Referred atomic.Bool
}
