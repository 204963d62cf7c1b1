package pickle

import "github.com/multiproc-go/multiproc/py"

// What an object refers to is written once, unless the object is made of parts and is one of its own parts, by way of a list or an instance: then it is written until it meets
// itself, and there written again. This ends because what is met on the way is in the memo by then; so it has to be there even if nothing refers to it twice. The same
// goes for the other parts of the object, which would be written each time.
//
// Which objects these are is told by the strongly connected components of the graph of references: if one of several objects has an object made of parts in it, all of its objects and
// the parts of those made of parts go to the memo. The first pass finds the components as it goes (Tarjan's algorithm).

// graphNode is an object that is being looked into, or belongs to a component that is not complete.
type graphNode struct {
	v       py.Value
	entry   int32 // of e.seen
	low     int32 // the first node on the stack that is known to be reached from this one
	parent  int32 // the node that has led to it
	ofParts bool
}

// scanNode looks into an object that was met for the first time: again has just returned false.
func (e *encoder) scanNode(v py.Value, ofParts bool, depth int) error {
	n := int32(len(e.nodes))
	at := int32(len(e.seen.entries) - 1)
	e.nodes = append(e.nodes, graphNode{v: v, entry: at, low: n, parent: e.node, ofParts: ofParts})
	e.seen.entries[at].open = n + 1
	e.node = n
	if err := e.scanParts(v, depth); err != nil {
		return err
	}
	e.node = e.nodes[n].parent
	if low := e.nodes[n].low; low < n {
		e.reaches(low)
		return nil
	}
	e.component(n)
	return nil
}

// reaches notes that the present node leads to another one.
func (e *encoder) reaches(n int32) {
	if e.nodes[e.node].low > n {
		e.nodes[e.node].low = n
	}
}

// component ends a component, which is all nodes from n on.
func (e *encoder) component(n int32) {
	members := e.nodes[n:]
	ofParts := false
	for i := range members {
		e.seen.entries[members[i].entry].open = 0
		ofParts = ofParts || members[i].ofParts
	}
	if len(members) > 1 && ofParts {
		e.circles++
		length := e.length
		e.noting = true
		for i := range members {
			m := members[i]
			id := e.seen.entries[m.entry].id
			e.again(id)
			e.memo.get(id).open = e.circles
			if m.ofParts {
				_ = e.scanParts(m.v, 1) // notes the parts once more, and looks into none
			}
		}
		e.length = length
		e.noting = false
	}
	e.nodes = e.nodes[:n]
}
