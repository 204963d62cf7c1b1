package py

// Union is s | o. Of elements that are in both, those of s are taken.
func (s *elements) Union(o AnySet) (*Set, error) {
	u := s.Copy()
	return u, u.Update(o)
}

// Update is s |= o.
func (s *Set) Update(o AnySet) error {
	from := o.table()
	if from == &s.t {
		return nil
	}
	var w walker
	for i := range from.entries {
		if key := from.entries[i].key; !isDead(key) {
			if _, err := s.t.set(key, struct{}{}, &w); err != nil {
				return err
			}
		}
	}
	return nil
}

// Intersection is s & o. As in Python the elements are those of the smaller set.
func (s *elements) Intersection(o AnySet) (*Set, error) {
	from, in := &s.t, o.table()
	if from.len() >= in.len() {
		from, in = in, from
	}
	return filter(from, in, true)
}

// Difference is s - o.
func (s *elements) Difference(o AnySet) (*Set, error) { return filter(&s.t, o.table(), false) }

// SymmetricDifference is s ^ o.
func (s *elements) SymmetricDifference(o AnySet) (*Set, error) {
	d, err := filter(&s.t, o.table(), false)
	if err != nil {
		return nil, err
	}
	rest, err := filter(o.table(), &s.t, false)
	if err != nil {
		return nil, err
	}
	return d, d.Update(rest)
}

// filter is the elements of a set that are in another, or those that are not.
func filter(from, in *table[struct{}], wanted bool) (*Set, error) {
	s := &Set{}
	var w walker
	for i := range from.entries {
		key := from.entries[i].key
		if isDead(key) {
			continue
		}
		p, err := in.find(key, &w)
		if err != nil {
			return nil, err
		}
		if p.found() == wanted {
			if _, err := s.t.set(key, struct{}{}, &w); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// IsSubset is s <= o: all elements of s are in o.
func (s *elements) IsSubset(o AnySet) (bool, error) {
	var w walker
	if s.t.len() > o.table().len() {
		return false, nil
	}
	within, _, err := w.within(&s.t, o.table())
	return within, err
}

// IsDisjoint is s.isdisjoint(o): no element is in both.
func (s *elements) IsDisjoint(o AnySet) (bool, error) {
	from, in := &s.t, o.table()
	if from.len() > in.len() {
		from, in = in, from
	}
	var w walker
	for i := range from.entries {
		if key := from.entries[i].key; !isDead(key) {
			if p, err := in.find(key, &w); err != nil || p.found() {
				return false, err
			}
		}
	}
	return true, nil
}

// Assign makes the elements of o those of s, and o empty: s &= o is Intersection, and then Assign.
func (s *Set) Assign(o *Set) {
	if s != o {
		s.t = o.t
		*o = Set{}
	}
}
