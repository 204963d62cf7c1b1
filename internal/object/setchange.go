package object

import "github.com/multiproc-go/multiproc/py"

func (s *set) add(c *Call) (py.Value, error) {
	var v py.Value
	if err := setAdd.Parse(c, &v); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.s.Add(v)
	return nil, err
}

func (s *set) discard(c *Call) (py.Value, error) {
	var v py.Value
	if err := setDiscard.Parse(c, &v); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.s.Remove(v)
	return nil, err
}

func (s *set) remove(c *Call) (py.Value, error) {
	var v py.Value
	if err := setRemove.Parse(c, &v); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.s.Remove(v)
	if err == nil && !found {
		err = py.KeyError(v)
	}
	return nil, err
}

func (s *set) pop(c *Call) (py.Value, error) {
	if err := setPop.Parse(c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.s.Pop()
	if !ok {
		return nil, keyErrorText(c, "pop from an empty set")
	}
	return v, nil
}

func (s *set) clear(c *Call) (py.Value, error) {
	if err := setClear.Parse(c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.s.Clear()
	return nil, nil
}

// A setChange does something to a set for one argument of a method that takes any number of iterables: a py.AnySet, or the elements of something else as a Tuple, which can
// make another result.
type setChange func(s *py.Set, other py.Value) error

// A changeMode is what becomes of the changes.
type changeMode uint8

const (
	changeCopy    changeMode = iota // the result is a copy of the set with them
	changeInPlace                   // those before an error stay
	changeAtOnce                    // an error leaves the set as it was
)

// change makes the change for each of the arguments, as far as the first one that is wrong.
func (s *set) change(c *Call, name string, mode changeMode, f setChange) (py.Value, error) {
	if c.Kwargs != nil && c.Kwargs.Len() > 0 {
		return nil, py.TypeError("%s() takes no keyword arguments", name)
	}
	if mode != changeInPlace {
		if err := c.room(count(s), pairBytes); err != nil {
			return nil, err
		}
	}
	w := c.walk(pairBytes)
	others := make([]py.Value, 0, len(c.Args))
	var failed error
	for _, arg := range c.Args {
		if _, ok := arg.(py.AnySet); ok {
			others = append(others, arg)
			continue
		}
		var items []py.Value
		items, failed = w.elements(arg)
		others = append(others, py.Tuple(items)) // those before the error, too
		if failed != nil {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	to := &s.s
	if mode != changeInPlace {
		to = s.s.Copy()
	}
	for _, other := range others {
		if err := f(to, other); err != nil {
			return nil, err
		}
	}
	switch {
	case failed != nil:
		return nil, failed
	case mode == changeCopy:
		return to, nil
	case mode == changeAtOnce:
		s.s.Assign(to)
	}
	return nil, nil
}

func addAll(s *py.Set, other py.Value) error {
	if o, ok := other.(py.AnySet); ok {
		return s.Update(o)
	}
	for _, v := range other.(py.Tuple) {
		if _, err := s.Add(v); err != nil {
			return err
		}
	}
	return nil
}

func removeAll(s *py.Set, other py.Value) error {
	o, ok := other.(py.AnySet)
	if ok {
		left, err := s.Difference(o)
		if err == nil {
			s.Assign(left)
		}
		return err
	}
	for _, v := range other.(py.Tuple) {
		if err := noSet(v); err != nil {
			return err
		}
		if _, err := s.Remove(v); err != nil {
			return err
		}
	}
	return nil
}

// noSet is Python's error for a set where a set is not taken for a frozenset, unlike in discard and remove.
func noSet(v py.Value) error {
	if _, ok := v.(*py.Set); ok {
		_, err := py.Hash(v)
		return err
	}
	return nil
}

// keepAll keeps what is in the other. Of equal elements the smaller set's stay, and those of an iterable that is no set.
func keepAll(s *py.Set, other py.Value) error {
	if o, ok := other.(py.AnySet); ok {
		kept, err := s.Intersection(o)
		if err == nil {
			s.Assign(kept)
		}
		return err
	}
	kept := &py.Set{}
	for _, v := range other.(py.Tuple) {
		if err := noSet(v); err != nil {
			return err
		}
		found, err := s.Has(v)
		if err == nil && found {
			_, err = kept.Add(v)
		}
		if err != nil {
			return err
		}
	}
	s.Assign(kept)
	return nil
}

func (s *set) union(c *Call) (py.Value, error) {
	return s.change(c, "set.union", changeCopy, addAll)
}

func (s *set) update(c *Call) (py.Value, error) {
	return s.change(c, "set.update", changeInPlace, addAll)
}

func (s *set) difference(c *Call) (py.Value, error) {
	return s.change(c, "set.difference", changeCopy, removeAll)
}

func (s *set) differenceUpdate(c *Call) (py.Value, error) {
	return s.change(c, "set.difference_update", changeInPlace, removeAll)
}

func (s *set) intersection(c *Call) (py.Value, error) {
	return s.change(c, "set.intersection", changeCopy, keepAll)
}

func (s *set) intersectionUpdate(c *Call) (py.Value, error) {
	return s.change(c, "set.intersection_update", changeAtOnce, keepAll)
}
