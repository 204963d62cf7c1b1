package py

import "math"

// classes are the Objects that one walk takes to be equal, in disjoint sets: what is found out, or assumed, of two pairs then tells of a third. Two sets of n Objects that refer to one
// another need about n comparisons so, where each pair for itself would make n*n.
//
// An Object that refers to itself equals another that does so in the same way, so two are assumed to be equal while they are compared. If they turn out not to be, whatever
// was found equal since then and rests on what was assumed before is forgotten again (what was found unequal stays true: fewer assumptions make nothing equal). Hence no path is shortened,
// and the trees are flat only because the larger one stays the root.
type classes struct {
	nodes map[*Object]classNode
	log   []logged
	rests int // the first place in the log on which rests what was found equal since the comparison of the two containers around began
}

type classNode struct {
	parent *Object // nil for a root
	size   int     // of a root's class
	at     int     // where the log has that it was put under its parent
}

// logged is one thing that can be forgotten: that child was put under another root, or that a pair was remembered as equal.
type logged struct {
	child *Object
	pair  pair
}

// root is the root of an Object's class, and the first place in the log on which it rests that it is in it.
func (c *classes) root(o *Object) (root *Object, rests int) {
	rests = math.MaxInt
	for {
		n, known := c.nodes[o]
		if !known || n.parent == nil {
			return o, rests
		}
		o, rests = n.parent, min(rests, n.at)
	}
}

// united tells whether two Objects are in one class, and on what that rests.
func (c *classes) united(a, b *Object) (united bool, rests int) {
	if len(c.nodes) == 0 {
		return false, 0
	}
	a, rests = c.root(a)
	b, rests2 := c.root(b)
	return a == b, min(rests, rests2)
}

func (c *classes) unite(a, b *Object) {
	a, _ = c.root(a)
	if b, _ = c.root(b); a == b {
		return
	}
	if c.nodes == nil {
		c.nodes = map[*Object]classNode{}
	}
	small, large := max(c.nodes[a].size, 1), max(c.nodes[b].size, 1)
	if small > large {
		a, b = b, a
	}
	c.nodes[a] = classNode{parent: b, size: min(small, large), at: len(c.log)}
	c.nodes[b] = classNode{size: small + large}
	c.log = append(c.log, logged{child: a})
}

// forget takes back what was logged since the log had a length.
func (w *walker) forget(since int) {
	for i := len(w.log) - 1; i >= since; i-- {
		l := w.log[i]
		if l.child == nil {
			delete(w.equals, l.pair)
			continue
		}
		child := w.nodes[l.child]
		root := w.nodes[child.parent]
		root.size -= child.size
		w.nodes[child.parent] = root
		w.nodes[l.child] = classNode{size: child.size}
	}
	w.log = w.log[:since]
}
