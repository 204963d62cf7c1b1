package pickletext

import "github.com/multiproc-go/multiproc/py"

// A reference is what is known of a value that may be referred to more than once.
type reference struct {
	count  int
	number int // of its anchor, 0 before it has one
}

// references counts the references to each value that has an identity, in what is shown of v and what is not: a value without an anchor would be printed again for each reference
// to it, and a value that is met first where it is too deep to be shown, and then where it is shown, must not have been left out. So there is no limit on depth, and no recursion.
func references(v py.Value, o Options) map[any]*reference {
	refs := map[any]*reference{}
	var todo []py.Value
	add := func(v py.Value) {
		if composite(v) {
			todo = append(todo, v)
		}
	}
	add(v)
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if id := identity(v); id != nil {
			r := refs[id]
			if r == nil {
				r = &reference{}
				refs[id] = r
			}
			if r.count++; r.count > 1 {
				continue
			}
		}
		switch v.(type) {
		case *py.ByteArray, *py.Array:
			continue // there are no references in these
		}
		// Nothing is taken for shared here: all references count, whichever way they will be shown.
		for _, g := range o.shapeOf(v, func(py.Value) bool { return true }).groups {
			for e := range g.each {
				if e.keyed {
					add(e.key)
				}
				add(e.value)
			}
		}
	}
	return refs
}
