package object

import "github.com/multiproc-go/multiproc/py"

func (l *list) getItem(c *Call) (py.Value, error) {
	var at py.Value
	if err := listGetItem.Parse(c, &at); err != nil {
		return nil, err
	}
	return l.get(c, at)
}

func (l *list) get(c *Call, at py.Value) (py.Value, error) {
	if err := c.roomForSlice(l, at, slotBytes); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.l.GetItem(at)
}

func (l *list) setItem(c *Call) (py.Value, error) {
	var at, v py.Value
	if err := listSetItem.Parse(c, &at, &v); err != nil {
		return nil, err
	}
	return nil, l.set(c, at, v)
}

func (l *list) set(c *Call, at, v py.Value) error {
	if _, ok := at.(py.Slice); ok {
		var err error
		if v, err = c.sequence(v); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.l.SetItem(at, v)
}

func (l *list) delItem(c *Call) (py.Value, error) {
	var at py.Value
	if err := listDelItem.Parse(c, &at); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return nil, l.l.DelItem(at)
}

// The methods for slices that Python 2's proxies have, with 0 and sys.maxint for bounds that are missing. Proxies have a length, so that Python has added it to negative bounds already:
// what is still negative is 0.

func (l *list) getSlice2(c *Call) (py.Value, error) {
	at, err := slice2(c, getSlice2)
	if err != nil {
		return nil, err
	}
	return l.get(c, at)
}

func (l *list) setSlice2(c *Call) (py.Value, error) {
	var v py.Value
	at, err := slice2(c, setSlice2, &v)
	if err != nil {
		return nil, err
	}
	return nil, l.set(c, at, v)
}

func (l *list) delSlice2(c *Call) (py.Value, error) {
	at, err := slice2(c, delSlice2)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return nil, l.l.DelItem(at)
}

// slice2 parses the arguments of such a method, which begin with the bounds.
func slice2(c *Call, args *Signature, more ...*py.Value) (s py.Slice, err error) {
	var i, j py.Value
	if err := args.Parse(c, append([]*py.Value{&i, &j}, more...)...); err != nil {
		return s, err
	}
	if s.Start, err = bound2(i); err == nil {
		s.Stop, err = bound2(j)
	}
	return s, err
}

func bound2(v py.Value) (py.Value, error) {
	switch n := v.(type) {
	case int64:
		return max(n, 0), nil
	case bool:
		return n, nil
	}
	if isInt(v) {
		return nil, py.OverflowError("Python int too large to convert to C long")
	}
	return nil, py.TypeError("an integer is required")
}
