package object

import "github.com/multiproc-go/multiproc/py"

func (d *dict) getItem(c *Call) (py.Value, error) {
	var key py.Value
	if err := dictGetItem.Parse(c, &key); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v, found, err := d.d.Get(key)
	if err == nil && !found {
		err = py.KeyError(key)
	}
	return v, err
}

func (d *dict) get(c *Call) (py.Value, error) {
	var key, otherwise py.Value
	if err := dictGet.Parse(c, &key, &otherwise); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v, found, err := d.d.Get(key)
	if err == nil && !found {
		v = otherwise
	}
	return v, err
}

func (d *dict) contains(c *Call) (py.Value, error) { return d.has(c, dictContains) }

// hasKey is what Python 2 has for contains.
func (d *dict) hasKey(c *Call) (py.Value, error) { return d.has(c, dictHasKey) }

func (d *dict) has(c *Call, s *Signature) (py.Value, error) {
	var key py.Value
	if err := s.Parse(c, &key); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	found, err := d.d.Has(key)
	return result(found, err)
}

func (d *dict) len(c *Call) (py.Value, error) {
	if err := dictLen.Parse(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return int64(d.d.Len()), nil
}

func (d *dict) copy(c *Call) (py.Value, error) {
	if err := dictCopy.Parse(c); err != nil {
		return nil, err
	}
	return d.snapshot(), nil
}

// keys is a list, as are values and items: that is how Python's managers pickle the views.
func (d *dict) keys(c *Call) (py.Value, error) {
	if err := dictKeys.Parse(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]py.Value, 0, d.d.Len())
	for key := range d.d.Keys() {
		out = append(out, key)
	}
	return &py.List{Items: out}, nil
}

func (d *dict) values(c *Call) (py.Value, error) {
	if err := dictValues.Parse(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]py.Value, 0, d.d.Len())
	for v := range d.d.Values() {
		out = append(out, v)
	}
	return &py.List{Items: out}, nil
}

func (d *dict) items(c *Call) (py.Value, error) {
	if err := dictItems.Parse(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.d.Len()
	out, pairs := make([]py.Value, 0, n), make([]py.Value, 0, 2*n)
	for key, v := range d.d.All() {
		pairs = append(pairs, key, v)
		i := len(pairs) - 2
		out = append(out, py.Tuple(pairs[i:i+2:i+2]))
	}
	return &py.List{Items: out}, nil
}

func (d *dict) iter(c *Call) (py.Value, error) {
	if err := dictIter.Parse(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return &cursorIterator{mu: &d.mu, cursor: d.d.Cursor(), class: "dict_keyiterator"}, nil
}

// reversed is an iterator over a copy: so does Python pickle it.
func (d *dict) reversed(c *Call) (py.Value, error) {
	if err := dictReversed.Parse(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	keys, err := rest(d.d.Backward())
	return called("iter", &py.List{Items: keys}), err
}

// or is NotImplemented for what is no dict, which makes the client's Python say so.
func (d *dict) or(c *Call) (py.Value, error) {
	other, err := dictOperand(c)
	if err != nil || other == nil {
		return py.NotImplemented, err
	}
	union := d.snapshot()
	return result(union, merge(union, other))
}

func (d *dict) ror(c *Call) (py.Value, error) {
	other, err := dictOperand(c)
	if err != nil || other == nil {
		return py.NotImplemented, err
	}
	union := other.Copy()
	d.mu.Lock()
	defer d.mu.Unlock()
	return result(union, merge(union, &d.d))
}

// dictOperand is the other operand as a dict, nil if it is none. A proxy is none, in Python either.
func dictOperand(c *Call) (*py.Dict, error) {
	var v py.Value
	if err := dictOr.Parse(c, &v); err != nil {
		return nil, err
	}
	if _, ok := v.(*Ref); ok {
		return nil, nil
	}
	return c.walk(pairBytes).mapping(v)
}
