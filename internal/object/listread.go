package object

import (
	"github.com/multiproc-go/multiproc/py"
)

func (l *list) len(c *Call) (py.Value, error) {
	if err := listLen.Parse(c); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.l.Items)), nil
}

func (l *list) contains(c *Call) (py.Value, error) {
	var v py.Value
	if err := listContains.Parse(c, &v); err != nil {
		return nil, err
	}
	return l.search(c, v, func(in *py.List, v py.Value) (py.Value, error) {
		found, err := in.Contains(v)
		return result(found, err)
	})
}

func (l *list) count(c *Call) (py.Value, error) {
	var v py.Value
	if err := listCount.Parse(c, &v); err != nil {
		return nil, err
	}
	return l.search(c, v, func(in *py.List, v py.Value) (py.Value, error) {
		n, err := in.Count(v)
		return result(int64(n), err)
	})
}

func (l *list) index(c *Call) (py.Value, error) {
	var v, start, stop py.Value
	if err := listIndex.Parse(c, &v, &start, &stop); err != nil {
		return nil, err
	}
	bounds := [...]py.Value{start, stop}
	return l.search(c, v, func(in *py.List, v py.Value) (py.Value, error) {
		i, err := in.Index(v, bounds[:len(c.Args)-1]...)
		return result(int64(i), err)
	})
}

func (l *list) add(c *Call) (py.Value, error) {
	var other py.Value
	if err := listAdd.Parse(c, &other); err != nil {
		return nil, err
	}
	if c.Python2 {
		var err error
		if other, err = (referents{}).of(c, other); err != nil {
			return nil, err
		}
	}
	if o, ok := other.(*py.Object); ok {
		if items, isList := o.ListItems(); isList {
			other = &py.List{Items: items}
		}
	}
	if _, ok := other.(*py.List); !ok {
		return nil, py.TypeError(`can only concatenate list (not "%s") to list`, py.TypeName(other))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sum, err := l.l.Add(other)
	return result(sum, err)
}

func (l *list) mul(c *Call) (py.Value, error) {
	n, err := l.factor(c)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	product, err := l.l.Mul(n)
	return result(product, err)
}

// imul gives the list as it is then, which Python's proxies throw away: there it is the object itself.
func (l *list) imul(c *Call) (py.Value, error) {
	n, err := l.factor(c)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	err = l.l.IMul(n)
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return l.snapshot(), nil
}

// factor is the argument of __mul__, whose type a slot checks with words of its own. There is room for the product.
func (l *list) factor(c *Call) (py.Value, error) {
	var n py.Value
	if err := listMul.Parse(c, &n); err != nil {
		return nil, err
	}
	if !isInt(n) {
		return nil, py.NoInteger(n)
	}
	if times, ok := n.(int64); ok {
		if have := count(l); have > 0 && times > 0 && times <= py.MaxItems/have { // else py refuses it, or there is none
			return n, c.room(times*have, itemBytes)
		}
	}
	return n, nil
}

func (l *list) copy(c *Call) (py.Value, error) {
	if err := listCopy.Parse(c); err != nil {
		return nil, err
	}
	return l.snapshot(), nil
}

// reversed is an iterator over what the list has now. Python's goes on over the client's copy of the list in the same way.
func (l *list) reversed(c *Call) (py.Value, error) {
	if err := listReversed.Parse(c); err != nil {
		return nil, err
	}
	return called("reversed", l.snapshot()), nil
}
