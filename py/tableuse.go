package py

// setString is set for a string, which key has as well: making another Value of it would take memory.
func (t *table[V]) setString(s string, key Value, value V) error {
	p := t.findString(s)
	if p.found() {
		t.entries[p.entry].value = value
		return nil
	}
	return t.add(key, value, p)
}

// pop takes the first or the last key away.
func (t *table[V]) pop(first bool) (e entry[V], ok bool) {
	if t.len() == 0 {
		return e, false
	}
	var w walker
	if first {
		i := t.head()
		e = t.entries[i]
		t.remove(t.placeOf(i, &w))
		return e, true
	}
	i := t.last()
	e = t.entries[i]
	if p := t.placeOf(i, &w); t.slots() != nil {
		t.side.slots[p.slot] = deadSlot
	}
	t.entries[i] = entry[V]{} // not to keep what it had
	t.entries = t.entries[:i]
	return e, true
}

// all calls yield with the live entries, see Dict.All.
func (t *table[V]) all(yield func(*entry[V]) bool) {
	begin, moved := t.entries, t.moved()
	for i := t.head(); i < len(begin) && i < len(t.entries); i++ {
		if t.moved() != moved {
			t.rest(begin[i:], yield)
			return
		}
		if e := &t.entries[i]; !isDead(e.key) && !yield(e) {
			return
		}
	}
}

// rest goes on with the keys of an array that is no longer the table's.
func (t *table[V]) rest(old []entry[V], yield func(*entry[V]) bool) {
	for i := range old {
		if isDead(old[i].key) {
			continue
		}
		var w walker
		p, err := t.find(old[i].key, &w)
		if err == nil && p.found() && !yield(&t.entries[p.entry]) {
			return
		}
	}
}
