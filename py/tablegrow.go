package py

// reserve makes room for n more keys, so that adding them moves nothing.
func (t *table[V]) reserve(n int) {
	if n <= 0 {
		return
	}
	if n > cap(t.entries)-len(t.entries) {
		t.grow(n)
	}
	total := t.len() + n
	switch slots := t.slots(); {
	case slots == nil && total > fewKeys:
		t.makeIndex(total)
	case slots != nil && (t.side.used+n) > len(slots)/4*3:
		// With room besides, or a table whose keys come and go would be remade each time.
		t.remake(slotsFor(t.len()+total), nil)
	}
}

// grow makes room for n more entries: with a new array, without the dead ones. Each is larger than what it has to hold by at least a part of that, so that adding one key after the
// other takes linear time.
func (t *table[V]) grow(n int) {
	live := t.len()
	size := 2 * live
	if live > 1<<17 {
		size = live + live/2
	}
	if t.side != nil && t.side.dead > 0 {
		// Where keys come and go, a small array would be replaced all the time.
		t.compact(max(size, live+n, fewKeys))
		return
	}
	entries := make([]entry[V], len(t.entries), max(size, live+n))
	copy(entries, t.entries)
	t.entries = entries
}

// compact moves the live entries into a new array of the size.
func (t *table[V]) compact(size int) {
	live := make([]entry[V], 0, size)
	var moves []uint32
	if t.side.slots != nil {
		moves = make([]uint32, len(t.entries))
	}
	for i := range t.entries {
		if e := &t.entries[i]; !isDead(e.key) {
			if moves != nil {
				moves[i] = uint32(len(live))
			}
			live = append(live, *e)
		}
	}
	t.entries = live
	t.side.dead, t.side.head = 0, 0
	t.side.moved++
	if moves != nil {
		t.remake(slotsFor(size), moves)
	}
}

// slotsFor is how many slots an index for n keys has: at least a quarter of them stays free.
func slotsFor(n int) int {
	size := 2 * fewKeys
	for size/4*3 < n {
		size *= 2
	}
	return size
}

// makeIndex makes an index for n keys, of which those that are there are plain.
func (t *table[V]) makeIndex(n int) {
	if t.side == nil {
		t.side = &side{}
	}
	t.side.slots, t.side.used = make([]slot, slotsFor(n)), 0
	for i := range t.entries {
		if key := t.entries[i].key; !isDead(key) {
			t.side.enter(newSlot(hashPlain(key), i))
		}
	}
}

// remake replaces the index by one of another size, without its dead slots. moves, if there are any, has the new positions of the entries by their old ones.
func (t *table[V]) remake(size int, moves []uint32) {
	old := t.side.slots
	t.side.slots, t.side.used = make([]slot, size), 0
	for _, s := range old {
		if s == 0 || s == deadSlot {
			continue
		}
		if moves != nil {
			s = newSlot(s.hash(), int(moves[s.entry()]))
		}
		t.side.enter(s)
	}
}

// enter puts a slot that is not there yet into the index.
func (d *side) enter(s slot) {
	mask := len(d.slots) - 1
	at := int(s.hash()) & mask
	for d.slots[at] != 0 {
		at = (at + 1) & mask
	}
	d.slots[at] = s
	d.used++
}
