package object

import (
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// referents are what proxies stand for. Python 2.7's own server takes the object itself for a proxy that it gets, as an argument or in one; all others have a proxy there.
type referents map[*Node]py.Value

// of is the contents of a list, a dict, a set or an array for its proxy, with what else is in it as it is. All proxies of one object of another type are one, and what is no proxy is itself.
func (r referents) of(c *Call, v py.Value) (py.Value, error) {
	ref, ok := v.(*Ref)
	if !ok {
		return v, nil
	}
	if v, known := r[ref.Node]; known {
		return v, nil
	}
	switch o := ref.Node.Object.(type) {
	case *list, *dict, *set, *array:
		if err := c.RoomForValue(o); err != nil {
			return nil, err
		}
		var err error
		if v, err = o.Value(); err != nil {
			return nil, err
		}
	}
	r[ref.Node] = v
	return v, nil
}

// search calls find with the list and what is to be found in it, as they are compared for the client: for Python 2.7 by what proxies stand for.
func (l *list) search(c *Call, v py.Value, find func(in *py.List, v py.Value) (py.Value, error)) (py.Value, error) {
	if c.Python2 {
		if err := c.room(count(l), slotBytes); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	if !c.Python2 || !isRef(v) && !slices.ContainsFunc(l.l.Items, isRef) {
		defer l.mu.Unlock()
		return find(&l.l, v)
	}
	in := &py.List{Items: slices.Clone(l.l.Items)}
	l.mu.Unlock() // the list may be in itself, and another one that is searched may be in this one
	r := referents{}
	v, err := r.of(c, v)
	for i := 0; i < len(in.Items) && err == nil; i++ {
		in.Items[i], err = r.of(c, in.Items[i])
	}
	if err != nil {
		return nil, err
	}
	return find(in, v)
}

func isRef(v py.Value) bool {
	_, ok := v.(*Ref)
	return ok
}
