package object

import "github.com/multiproc-go/multiproc/py"

func (d *dict) update(c *Call) (py.Value, error) { return nil, d.fill(c, dictUpdate) }

// ior gives the dict as it is then, which Python's proxies throw away: there it is the object itself.
func (d *dict) ior(c *Call) (py.Value, error) {
	var from py.Value
	if err := dictIor.Parse(c, &from); err != nil {
		return nil, err
	}
	if err := d.merge(c, from, nil); err != nil {
		return nil, err
	}
	return d.snapshot(), nil
}

// fill is update(iterable, **kw), and the constructor. What was set before an error stays.
func (d *dict) fill(c *Call, s *Signature) error {
	var from py.Value = py.Tuple(nil)
	if err := s.ParsePositional(c, &from); err != nil {
		return err
	}
	return d.merge(c, from, c.Kwargs)
}

func (d *dict) merge(c *Call, from py.Value, kwargs *py.Dict) error {
	w := c.walk(itemBytes)
	other, err := w.mapping(from)
	if err != nil {
		return err
	}
	var pairs []py.Pair
	var failed error
	if other == nil {
		pairs, failed = pairsOf(w, from)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if other != nil {
		if err := merge(&d.d, other); err != nil {
			return err
		}
	}
	for _, p := range pairs {
		if err := d.d.Set(p.Key, p.Value); err != nil {
			return err
		}
	}
	if failed != nil || kwargs == nil {
		return failed
	}
	return merge(&d.d, kwargs)
}

func merge(d, from *py.Dict) error {
	for key, v := range from.All() {
		if err := d.Set(key, v); err != nil {
			return err
		}
	}
	return nil
}

// pairsOf is an iterable of pairs, as far as the first one that is wrong.
func pairsOf(w *walk, from py.Value) ([]py.Pair, error) {
	items, failed := w.elements(from)
	pairs := make([]py.Pair, 0, len(items))
	for i, item := range items {
		if err := w.step(openSteps); err != nil {
			return nil, err
		}
		pair, err := w.elements(item)
		if err != nil {
			if py.IsException(err, "TypeError") {
				err = py.TypeError("cannot convert dictionary update sequence element #%d to a sequence", i)
			}
			return pairs, err
		}
		if len(pair) != 2 {
			return pairs, py.ValueError("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair))
		}
		pairs = append(pairs, py.Pair{Key: pair[0], Value: pair[1]})
	}
	return pairs, failed
}

// fromKeys is a new dict, whatever is in this one.
func (d *dict) fromKeys(c *Call) (py.Value, error) {
	var from, v py.Value
	if err := dictFromKeys.Parse(c, &from, &v); err != nil {
		return nil, err
	}
	keys, err := c.walk(pairBytes).elements(from)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, key := range keys {
		if err := out.Set(key, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}
