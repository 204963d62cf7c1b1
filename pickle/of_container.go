package pickle

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// pointerOfPlan converts what a pointer leads to, once for each pointer.
func pointerOfPlan(t reflect.Type, tuple bool) *ofPlan {
	link := linkOf(t.Elem(), tuple)
	// Pointers to nothing may be equal though they are not the same.
	hasIdentity, isArray := t.Elem().Size() > 0, t.Elem().Kind() == reflect.Array
	p := &ofPlan{}
	p.conv = func(c *converter, v reflect.Value) (py.Value, error) {
		if v.IsNil() {
			return nil, nil
		}
		elem := link.get()
		if elem.plain {
			return elem.conv(c, v.Elem())
		}
		k := ofKey{at: goAddress(v), plan: p, inKey: c.inKey && isArray && c.isMade(elem)}
		if hasIdentity {
			if known, ok := c.memo[k]; ok {
				return referTo(known, t)
			}
		}
		return c.pointee(elem, k, v.Elem(), hasIdentity)
	}
	return p
}

// pointee converts what the pointer k leads to.
func (c *converter) pointee(elem *ofPlan, k ofKey, v reflect.Value, hasIdentity bool) (py.Value, error) {
	switch {
	case !c.inKey && c.isMade(elem):
		out := elem.make(c, v)
		if hasIdentity {
			c.remember(k, out)
		}
		return out, elem.fill(c, v, out)
	case !hasIdentity:
		return elem.conv(c, v)
	}
	if err := c.enter(); err != nil {
		return nil, err
	}
	// A slice or a map takes care of its own identity, and may contain its pointer; of what else has no make a cycle would be endless.
	if kind := v.Kind(); kind != reflect.Slice && kind != reflect.Map {
		c.remember(k, unfinished{})
	}
	out, err := elem.conv(c, v)
	if err != nil {
		return nil, err
	}
	c.remember(k, out)
	c.depth--
	return out, nil
}

// isMade tells whether what a pointer leads to is made empty and filled then.
func (c *converter) isMade(elem *ofPlan) bool {
	return elem.make != nil && (elem.typ == nil || c.registry.reducerOf(elem.typ) == nil) && (elem.class == nil || c.registry.classOf(elem.class) != nil)
}

// referTo is a value that was met before.
func referTo(known py.Value, t reflect.Type) (py.Value, error) {
	if _, ok := known.(unfinished); ok {
		return nil, &MarshalTypeError{Type: t, Reason: "it contains itself, which only a list, a dict or an instance can in Python"}
	}
	return known, nil
}

func sliceOfPlan(t reflect.Type, tuple bool) *ofPlan {
	if isBytes(t) {
		return plainOf(func(c *converter, v reflect.Value) (py.Value, error) { return bytesOf(v.Bytes(), c.alias), nil })
	}
	elem := linkOf(t.Elem(), false)
	hasIdentity := t.Elem().Size() > 0
	p := &ofPlan{}
	p.conv = func(c *converter, v reflect.Value) (py.Value, error) {
		n := v.Len()
		if n == 0 {
			return emptySequence(tuple), nil
		}
		k := ofKey{at: goAddress(v), n: n, plan: p}
		if hasIdentity {
			if known, ok := c.memo[k]; ok {
				return referTo(known, t)
			}
		}
		items := make([]py.Value, n)
		var out py.Value
		if tuple {
			out = py.Tuple(items)
			c.remember(k, unfinished{})
		} else {
			out = &py.List{Items: items}
			if hasIdentity {
				c.remember(k, out)
			}
		}
		if err := c.items(t, elem, v, items); err != nil {
			return nil, err
		}
		if tuple {
			c.remember(k, out)
		}
		return out, nil
	}
	return p
}

func emptySequence(tuple bool) py.Value {
	if tuple {
		return py.Tuple{}
	}
	return py.NewList()
}

// items converts the elements of a slice or array.
func (c *converter) items(t reflect.Type, elem *ofLink, v reflect.Value, items []py.Value) error {
	if err := c.enter(); err != nil {
		return err
	}
	plan := elem.get()
	for i := range items {
		x, err := plan.conv(c, v.Index(i))
		if err != nil {
			return atIndex(err, i)
		}
		items[i] = x
	}
	c.depth--
	return nil
}

func arrayOfPlan(t reflect.Type, tuple bool) *ofPlan {
	if isBytes(t) {
		return plainOf(func(c *converter, v reflect.Value) (py.Value, error) {
			return bytesOf(pointerTo(v).Elem().Bytes(), c.alias), nil
		})
	}
	elem := linkOf(t.Elem(), false)
	p := &ofPlan{}
	p.conv = func(c *converter, v reflect.Value) (py.Value, error) {
		items := make([]py.Value, v.Len())
		if err := c.items(t, elem, v, items); err != nil {
			return nil, err
		}
		if tuple || c.inKey {
			return py.Tuple(items), nil
		}
		return &py.List{Items: items}, nil
	}
	if !tuple {
		p.make = func(_ *converter, v reflect.Value) py.Value { return &py.List{Items: make([]py.Value, v.Len())} }
		p.fill = func(c *converter, v reflect.Value, into py.Value) error {
			return c.items(t, elem, v, into.(*py.List).Items)
		}
	}
	return p
}

// mapOfPlan converts a map to a dict, and one without values to a set.
func mapOfPlan(t reflect.Type) *ofPlan {
	m := &mapPlan{typ: t, values: reflect.SliceOf(t.Elem()), key: linkOf(t.Key(), false), value: linkOf(t.Elem(), false), set: isSet(t)}
	p := &ofPlan{}
	p.conv = func(c *converter, v reflect.Value) (py.Value, error) {
		k := ofKey{at: goAddress(v), plan: p}
		if known, ok := c.memo[k]; ok {
			return known, nil
		}
		var out py.Value
		if m.set {
			out = py.NewSetSize(v.Len())
		} else {
			out = py.NewDictSize(v.Len())
		}
		if v.IsNil() {
			return out, nil
		}
		c.remember(k, out)
		if err := c.enter(); err != nil {
			return nil, err
		}
		if err := m.fill(c, v, out); err != nil {
			return nil, err
		}
		c.depth--
		return out, nil
	}
	return p
}

// isSet tells whether a map type is Go's idiom for a set.
func isSet(t reflect.Type) bool {
	e := t.Elem()
	return e.Kind() == reflect.Struct && e.NumField() == 0 && e.Name() == ""
}

type mapPlan struct {
	typ    reflect.Type
	values reflect.Type // a slice of them
	key    *ofLink
	value  *ofLink
	set    bool
}

// entry is a converted key, and which of the values belongs to it.
type entry struct {
	key py.Value
	i   int
}

func (m *mapPlan) fill(c *converter, v reflect.Value, out py.Value) error {
	n := v.Len()
	entries := make([]entry, 0, n)
	// One slice for all values costs less than a copy of each.
	values := reflect.MakeSlice(m.values, n, n)
	keys := m.key.get()
	// Numbers and strings need only one variable. What has parts, or methods, may be referred to by its address.
	key, reuse := reflect.New(m.typ.Key()).Elem(), keys.plain && m.typ.Key().Kind() != reflect.Array
	for it, i := v.MapRange(), 0; i < n && it.Next(); i++ {
		if reuse {
			key.SetIterKey(it)
		} else {
			key = it.Key()
		}
		k, err := c.key(keys, key)
		if err != nil {
			return at(err, ".keys()")
		}
		values.Index(i).SetIterValue(it)
		entries = append(entries, entry{k, i})
	}
	slices.SortFunc(entries, func(a, b entry) int { return compareKeys(a.key, b.key) })
	plan := m.value.get()
	for i, e := range entries {
		if err := m.put(c, plan, out, e.key, values.Index(e.i)); err != nil {
			return err
		}
		if i >= length(out) {
			return atKey(&MarshalTypeError{Type: m.typ, Reason: "another key of the map is equal to this one in Python"}, e.key)
		}
	}
	return nil
}

func (m *mapPlan) put(c *converter, plan *ofPlan, out, key py.Value, v reflect.Value) error {
	var err error
	if m.set {
		_, err = out.(*py.Set).Add(key)
	} else {
		var value py.Value
		if value, err = plan.conv(c, v); err != nil {
			return atKey(err, key)
		}
		err = out.(*py.Dict).Set(key, value)
	}
	if err != nil {
		return at(&MarshalTypeError{Type: m.typ.Key(), Err: err}, ".keys()")
	}
	return nil
}

func length(v py.Value) int {
	if s, ok := v.(*py.Set); ok {
		return s.Len()
	}
	return v.(*py.Dict).Len()
}

func (c *converter) key(plan *ofPlan, v reflect.Value) (py.Value, error) {
	outer := c.inKey
	c.inKey = true
	k, err := plan.conv(c, v)
	c.inKey = outer
	return k, err
}

// compareKeys orders the keys that Go can order, by kind and then by value. It makes the output the same each time, no more.
func compareKeys(a, b py.Value) int {
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	}
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	}
	if d := cmp.Compare(rank(a), rank(b)); d != 0 {
		return d
	}
	switch x := a.(type) {
	case bool:
		return cmp.Compare(btoi(x), btoi(b.(bool)))
	case float64:
		return cmp.Compare(x, b.(float64))
	case py.Bytes:
		return cmp.Compare(x, b.(py.Bytes))
	case py.Tuple:
		return slices.CompareFunc(x, b.(py.Tuple), compareKeys)
	}
	x, ok := bigOf(a)
	y, ok2 := bigOf(b)
	if ok && ok2 {
		return x.Cmp(y)
	}
	return 0
}

func rank(v py.Value) int {
	switch v.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case float64:
		return 3
	case string:
		return 4
	case py.Bytes:
		return 5
	case py.Tuple:
		return 6
	}
	if _, ok := bigOf(v); ok {
		return 2
	}
	return 7
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
