package object

import "github.com/multiproc-go/multiproc/py"

// setFunc is an operation of two sets that makes a new one.
type setFunc func(s *py.Set, other py.AnySet) (*py.Set, error)

// setWith is an operator of a set and another one. If the other is no set the result is NotImplemented, and the client's Python says what that means.
func setWith(name string, f func(s *py.Set, other py.AnySet) (py.Value, error)) Method {
	sign := Slot(name, "value")
	return on(func(s *set, c *Call) (py.Value, error) {
		var v py.Value
		if err := sign.Parse(c, &v); err != nil {
			return nil, err
		}
		other, ok := v.(py.AnySet)
		if !ok {
			return py.NotImplemented, nil
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(&s.s, other)
	})
}

// setOperator is s op other.
func setOperator(name string, f setFunc) Method {
	return copying(pairBytes, setWith(name, func(s *py.Set, other py.AnySet) (py.Value, error) { return result(f(s, other)) }))
}

// setReversed is other op s, which is of other's type.
func setReversed(name string, f setFunc) Method {
	return copying(pairBytes, setWith(name, func(s *py.Set, other py.AnySet) (py.Value, error) {
		left, ok := other.(*py.Set)
		if !ok {
			left = other.(*py.FrozenSet).Copy()
		}
		out, err := f(left, s)
		if err != nil || ok {
			return result(out, err)
		}
		return out.Freeze(), nil
	}))
}

// setInPlace is s op= other. Its result is the set as it is then, which Python's proxies throw away: there it is the object itself.
func setInPlace(name string, f setFunc) Method {
	return copying(pairBytes, setWith(name, func(s *py.Set, other py.AnySet) (py.Value, error) {
		now, err := f(s, other)
		if err != nil {
			return nil, err
		}
		out := now.Copy()
		s.Assign(now)
		return out, nil
	}))
}

// setCompare is s < other and the like.
func setCompare(name string, op py.Op) Method {
	return setWith(name, func(s *py.Set, other py.AnySet) (py.Value, error) { return result(py.Compare(op, s, other)) })
}

// setTest is a question about the set and any iterable: a py.AnySet, or a Tuple of its elements.
func setTest(name string, f func(s *py.Set, other py.Value) (bool, error)) Method {
	sign := Builtin(name, "other")
	return on(func(s *set, c *Call) (py.Value, error) {
		var other py.Value
		if err := sign.Parse(c, &other); err != nil {
			return nil, err
		}
		if _, ok := other.(py.AnySet); !ok {
			items, err := c.elements(other)
			if err != nil {
				return nil, err
			}
			other = py.Tuple(items)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return result(f(&s.s, other))
	})
}

func isSubset(s *py.Set, other py.Value) (bool, error) {
	if o, ok := other.(py.AnySet); ok {
		return s.IsSubset(o)
	}
	o, err := py.NewSet(other.(py.Tuple)...)
	if err != nil {
		return false, err
	}
	return s.IsSubset(o)
}

func isSuperset(s *py.Set, other py.Value) (bool, error) {
	if o, ok := other.(py.AnySet); ok {
		return py.Compare(py.Ge, s, o)
	}
	stopped, err := hasAny(s, other.(py.Tuple), false)
	return !stopped, err
}

func isDisjoint(s *py.Set, other py.Value) (bool, error) {
	if o, ok := other.(py.AnySet); ok {
		return s.IsDisjoint(o)
	}
	stopped, err := hasAny(s, other.(py.Tuple), true)
	return !stopped, err
}

// hasAny reports whether any of the items is in the set, or is not. As in Python what comes behind it may be no element at all.
func hasAny(s *py.Set, items []py.Value, wanted bool) (bool, error) {
	for _, v := range items {
		if err := noSet(v); err != nil {
			return false, err
		}
		if found, err := s.Has(v); err != nil || found == wanted {
			return err == nil, err
		}
	}
	return false, nil
}

// setArgument is the one argument of a method, any iterable, as a set.
func setArgument(c *Call, sign *Signature) (*py.Set, error) {
	var v py.Value
	if err := sign.Parse(c, &v); err != nil {
		return nil, err
	}
	items, err := c.walk(pairBytes).elements(v)
	if err != nil {
		return nil, err
	}
	return py.NewSet(items...)
}

var (
	setSymmetricDifference       = Builtin("set.symmetric_difference", "other")
	setSymmetricDifferenceUpdate = Builtin("set.symmetric_difference_update", "other")
)

func (s *set) symmetricDifference(c *Call) (py.Value, error) {
	other, err := setArgument(c, setSymmetricDifference)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return result(s.s.SymmetricDifference(other))
}

func (s *set) symmetricDifferenceUpdate(c *Call) (py.Value, error) {
	other, err := setArgument(c, setSymmetricDifferenceUpdate)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := s.s.SymmetricDifference(other)
	if err != nil {
		return nil, err
	}
	s.s.Assign(now)
	return nil, nil
}
