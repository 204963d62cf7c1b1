package py

import "iter"

// Dict is a dict: the order is that of insertion, and keys are the same if they are equal, as in Python, where 1, 1.0 and True are one key, and the one that was set first stays.
// The zero Dict is empty, and takes no memory besides its 32 bytes.
//
// Set, Get and Delete take constant time, and so does Len. What can't be a key is Python's TypeError "unhashable type: 'list'", from whatever gets the key. A NaN is found
// only if it is a Decimal, which has an identity; a float that is a NaN can be set any number of times.
type Dict struct {
	t table[Value]
}

// OrderedDict is a collections.OrderedDict: a Dict that equals another OrderedDict only in the same order.
type OrderedDict struct {
	Dict
	State Value // attributes of the instance, None for none
}

// NewDict is an empty dict. The zero Dict is one, too.
func NewDict() *Dict { return &Dict{} }

// NewDictSize is an empty dict with room for n keys.
func NewDictSize(n int) *Dict {
	d := &Dict{}
	d.Reserve(n)
	return d
}

// Reserve makes room for n more keys: setting them won't allocate memory for the table.
func (d *Dict) Reserve(n int) { d.t.reserve(n) }

// Len is the number of keys.
func (d *Dict) Len() int { return d.t.len() }

// Set is d[key] = value. If the key is there, it stays as it is, in its place in the order.
func (d *Dict) Set(key, value Value) error {
	if s, ok := key.(string); ok {
		return d.t.setString(s, key, value)
	}
	var w walker
	_, err := d.t.set(canonicalKey(key), value, &w)
	return err
}

// SetStr is Set for a string.
func (d *Dict) SetStr(key string, value Value) {
	if p := d.t.findString(key); p.found() {
		d.t.entries[p.entry].value = value
	} else if err := d.t.add(key, value, p); err != nil {
		panic(err) // more than maxKeys of them
	}
}

// Restore is Set for a reader of pickles. A key that has an Object in it and equals one that is there becomes a further key unless they are the same Object: they were different keys
// where they came from, whose classes this package can't ask. Only the first one can be found by an equal key; iteration gives all of them.
func (d *Dict) Restore(key, value Value) error {
	if s, ok := key.(string); ok {
		return d.t.setString(s, key, value)
	}
	var w walker
	return d.t.restore(canonicalKey(key), value, &w)
}

// Get is the value of a key, and whether there is one.
func (d *Dict) Get(key Value) (Value, bool, error) {
	if s, ok := key.(string); ok {
		v, found := d.GetStr(s)
		return v, found, nil
	}
	var w walker
	p, err := d.t.find(canonicalKey(key), &w)
	if err != nil || !p.found() {
		return nil, false, err
	}
	return d.t.entries[p.entry].value, true, nil
}

// GetStr is Get for a string.
func (d *Dict) GetStr(key string) (Value, bool) {
	if p := d.t.findString(key); p.found() {
		return d.t.entries[p.entry].value, true
	}
	return nil, false
}

// Has is key in d.
func (d *Dict) Has(key Value) (bool, error) {
	_, found, err := d.Get(key)
	return found, err
}

// Delete takes a key away and returns what its value was, and whether it was there.
func (d *Dict) Delete(key Value) (Value, bool, error) {
	var w walker
	p, err := d.t.find(canonicalKey(key), &w)
	if err != nil || !p.found() {
		return nil, false, err
	}
	value := d.t.entries[p.entry].value
	d.t.remove(p)
	return value, true, nil
}

// PopLast takes the last key away (popitem). ok is false if there is none.
func (d *Dict) PopLast() (key, value Value, ok bool) {
	e, ok := d.t.pop(false)
	return e.key, e.value, ok
}

// PopFirst takes the first key away, which is an OrderedDict's popitem(False).
func (d *Dict) PopFirst() (key, value Value, ok bool) {
	e, ok := d.t.pop(true)
	return e.key, e.value, ok
}

// Clear takes all keys away, and gives the memory back.
func (d *Dict) Clear() { d.t.clear() }

// Copy is a dict with the same keys and values, which takes a part of the time that setting them would.
func (d *Dict) Copy() *Dict { return &Dict{d.t.copy()} }

// Copy is an OrderedDict with the same keys, values and attributes.
func (d *OrderedDict) Copy() *OrderedDict { return &OrderedDict{Dict{d.t.copy()}, d.State} }

// All are the keys and values in their order. The loop may change the dict: it gets each key that was there when it began, once, if it is still there when its turn comes, with the
// value it then has. A key that was set since is not among them, unless the dict was cleared in between.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		d.t.all(func(e *entry[Value]) bool { return yield(e.key, e.value) })
	}
}

// Keys are the keys in their order; for changes in the loop see All.
func (d *Dict) Keys() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		d.t.all(func(e *entry[Value]) bool { return yield(e.key) })
	}
}

// Values are the values in the order of their keys; for changes in the loop see All.
func (d *Dict) Values() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		d.t.all(func(e *entry[Value]) bool { return yield(e.value) })
	}
}
