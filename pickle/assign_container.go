package pickle

import (
	"reflect"
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// elementsOf are the elements of what a slice or array takes; not ok for everything else. The slice may be the value's own.
func elementsOf(v py.Value) (items []py.Value, ok bool, err error) {
	switch x := v.(type) {
	case *py.List:
		return x.Items, true, nil
	case py.Tuple:
		return x, true, nil
	case *py.Set, *py.FrozenSet, *py.Array:
		items, err = py.Elements(x)
		return items, true, err
	case *py.Object:
		// A subclass of list, tuple or set; an empty deque has no items that would tell, and one of Python 2 has them in its arguments.
		c := constructionOf(x)
		switch {
		case c.list != nil && len(x.Items) == 0:
			return c.list.Items, true, nil
		case c.list != nil && len(c.list.Items) > 0: // Python doesn't write both
			return slices.Concat(c.list.Items, x.Items), true, nil
		}
		if items, ok := tupleItems(x, &c); ok {
			return items, true, nil
		}
		isDeque := c.class == py.Global{Module: "collections", Name: "deque"}
		if isDeque && len(c.args) > 0 && len(x.Items) == 0 {
			switch first := c.args[0].(type) {
			case *py.List:
				return first.Items, true, nil
			case py.Tuple:
				return first, true, nil
			}
		}
		return x.Items, isDeque || len(x.Items) > 0, nil
	}
	return nil, false, nil
}

// rawBytes are the bytes of what []byte takes, which must not be changed.
func rawBytes(v py.Value) (b string, ok bool) {
	switch x := v.(type) {
	case py.Bytes:
		return string(x), true
	case py.Str2:
		return string(x), true
	case *py.ByteArray:
		return string(x.B), true
	}
	return "", false
}

func sliceAssignPlan(t reflect.Type) *assignPlan {
	elem := assignLinkOf(t.Elem(), false)
	ofBytes := isBytes(t)
	p := &assignPlan{}
	p.assign = func(a *assigner, v py.Value, dst reflect.Value) error {
		if v == nil {
			dst.SetZero()
			return nil
		}
		if reflect.TypeOf(v) == t {
			dst.Set(reflect.ValueOf(v))
			return nil
		}
		if ofBytes {
			if _, isArray := v.(*py.ByteArray); !isArray {
				if b, ok := rawBytes(v); ok {
					if err := a.repeatText(b, v, dst); err != nil {
						return err
					}
					dst.SetBytes(append(reuse(dst, len(b)), b...))
					return nil
				}
			}
		}
		k, made, ok := a.known(p, v)
		if ok {
			dst.Set(made)
			return nil
		}
		if b, ok := v.(*py.ByteArray); ok && ofBytes {
			dst.SetBytes(append(reuse(dst, len(b.B)), b.B...))
			a.remember(k, dst.Slice(0, len(b.B)))
			return nil
		}
		items, ok, err := elementsOf(v)
		if err != nil {
			return &UnmarshalTypeError{Value: py.TypeName(v), Type: t, Err: err}
		}
		if !ok {
			return mismatch(v, dst, notList(v, ofBytes))
		}
		if dst.Cap() < len(items) || dst.IsNil() {
			dst.Set(reflect.MakeSlice(t, len(items), len(items)))
		} else {
			dst.SetLen(len(items))
			dst.Clear()
		}
		a.remember(k, dst.Slice(0, len(items)))
		return a.elements(elem, items, dst)
	}
	return p
}

// reuse is the memory of a slice of bytes, empty, or new memory if it is too small.
func reuse(dst reflect.Value, n int) []byte {
	if b := dst.Bytes(); b != nil && cap(b) >= n {
		return b[:0]
	}
	return make([]byte, 0, n)
}

func notList(v py.Value, ofBytes bool) string {
	switch v.(type) {
	case string:
		if ofBytes {
			return "text is no bytes"
		}
	case *py.Dict, *py.OrderedDict:
		return "a dict has no order of its own"
	}
	return ""
}

// elements stores items into a slice or array of the same length.
func (a *assigner) elements(elem *assignLink, items []py.Value, dst reflect.Value) error {
	if err := a.enter(); err != nil {
		return err
	}
	plan := elem.get()
	for i, item := range items {
		if err := plan.assign(a, item, dst.Index(i)); err != nil {
			return atIndex(err, i)
		}
	}
	a.leave()
	return nil
}

func arrayAssign(t reflect.Type) assignFunc {
	elem := assignLinkOf(t.Elem(), false)
	ofBytes := isBytes(t)
	return func(a *assigner, v py.Value, dst reflect.Value) error {
		if v != nil && reflect.TypeOf(v) == t {
			dst.Set(reflect.ValueOf(v))
			return nil
		}
		if ofBytes {
			b, ok := rawBytes(v)
			if u, isUUID := v.(py.UUID); isUUID {
				b, ok = string(u[:]), true
			}
			if ok {
				if len(b) != t.Len() {
					return wrongLength(v, dst, len(b))
				}
				reflect.Copy(dst, reflect.ValueOf(b))
				return nil
			}
		}
		items, ok, err := elementsOf(v)
		switch {
		case err != nil:
			return &UnmarshalTypeError{Value: py.TypeName(v), Type: t, Err: err}
		case !ok:
			return mismatch(v, dst, notList(v, ofBytes))
		case len(items) != t.Len():
			return wrongLength(v, dst, len(items))
		}
		return a.elements(elem, items, dst)
	}
}

func wrongLength(v py.Value, dst reflect.Value, n int) error {
	return mismatch(v, dst, "its length is "+digits(int64(n)))
}

// dictParts is the dict of what a map takes, or the pairs; not ok for everything else.
func dictParts(v py.Value) (d *py.Dict, pairs []py.Pair, ok bool) {
	switch x := v.(type) {
	case *py.Dict:
		return x, nil, true
	case *py.OrderedDict:
		return &x.Dict, nil, true
	case *py.Object:
		c := constructionOf(x)
		switch {
		case c.dict != nil:
			return c.dict, x.Pairs, true
		case c.class == (py.Global{Module: "collections", Name: "Counter"}) && len(x.Pairs) == 0 && len(c.args) == 1:
			d, ok = c.args[0].(*py.Dict)
			return d, nil, ok
		case len(x.Pairs) > 0 || c.class == (py.Global{Module: "collections", Name: "defaultdict"}):
			return nil, x.Pairs, true
		}
	}
	return nil, nil, false
}

// mapAssigner stores into maps of one type.
type mapAssigner struct {
	assignPlan
	typ       reflect.Type
	key, elem *assignLink
	set       bool
}

func mapAssignPlan(t reflect.Type) *assignPlan {
	m := &mapAssigner{typ: t, key: assignLinkOf(t.Key(), false), elem: assignLinkOf(t.Elem(), false), set: isSet(t)}
	m.assign = m.store
	return &m.assignPlan
}

func (m *mapAssigner) store(a *assigner, v py.Value, dst reflect.Value) error {
	if v == nil {
		dst.SetZero()
		return nil
	}
	if reflect.TypeOf(v) == m.typ {
		dst.Set(reflect.ValueOf(v))
		return nil
	}
	k, made, ok := a.known(&m.assignPlan, v)
	if ok {
		dst.Set(made)
		return nil
	}
	d, pairs, isDict := dictParts(v)
	var items []py.Value
	if m.set && !isDict {
		var err error
		if items, ok, err = setElements(v); err != nil {
			return &UnmarshalTypeError{Value: py.TypeName(v), Type: m.typ, Err: err}
		}
	}
	if !isDict && !ok {
		return mismatch(v, dst, "")
	}
	if dst.IsNil() {
		n := len(items) + len(pairs)
		if d != nil {
			n += d.Len()
		}
		dst.Set(reflect.MakeMapWithSize(m.typ, n))
	}
	a.remember(k, reflect.ValueOf(dst.Interface())) // a copy of the reference
	if err := a.enter(); err != nil {
		return err
	}
	if err := m.fill(a, d, pairs, items, dst); err != nil {
		return err
	}
	a.leave()
	return nil
}

// fill stores the entries of a dict, or pairs, or the elements of a set.
func (m *mapAssigner) fill(a *assigner, d *py.Dict, pairs []py.Pair, items []py.Value, dst reflect.Value) error {
	e := entryAssigner{a: a, keys: m.key.get(), elems: m.elem.get(), key: reflect.New(m.typ.Key()).Elem(), elem: reflect.New(m.typ.Elem()).Elem(), dst: dst}
	if d != nil {
		for k, v := range d.All() {
			if err := e.set(k, v); err != nil {
				return err
			}
		}
	}
	for _, p := range pairs {
		if err := e.set(p.Key, p.Value); err != nil {
			return err
		}
	}
	for _, k := range items {
		if err := e.setKey(k); err != nil {
			return err
		}
		dst.SetMapIndex(e.key, e.elem)
	}
	return nil
}

// entryAssigner has one variable each for the keys and the values of a map, which SetMapIndex copies.
type entryAssigner struct {
	a           *assigner
	keys, elems *assignPlan
	key, elem   reflect.Value
	dst         reflect.Value
}

func (e *entryAssigner) set(k, v py.Value) error {
	if err := e.setKey(k); err != nil {
		return err
	}
	e.elem.SetZero()
	if err := e.elems.assign(e.a, v, e.elem); err != nil {
		return atKey(err, k)
	}
	e.dst.SetMapIndex(e.key, e.elem)
	return nil
}

// setKey stores a key. With an interface in the type of the keys it may be of a type that Go's maps can't have there, such as py.Tuple.
func (e *entryAssigner) setKey(k py.Value) error {
	e.key.SetZero()
	if err := e.keys.assign(e.a, k, e.key); err != nil {
		return at(atKey(err, k), ".keys()")
	}
	if !e.key.Comparable() {
		return at(atKey(mismatch(k, e.key, "Go can't have it as a key"), k), ".keys()")
	}
	return nil
}

func setElements(v py.Value) (items []py.Value, ok bool, err error) {
	switch v := v.(type) {
	case *py.Set, *py.FrozenSet:
		items, err = py.Elements(v)
		return items, true, err
	case *py.Object:
		return v.Items, v.Added, nil
	}
	return nil, false, nil
}
