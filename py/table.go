package py

// table is the keys of a dict or set in their order, with what belongs to each of them.
//
// Up to fewKeys plain keys (see isPlain) are found by looking at all of them, without hashing any. For more keys, and for others than plain ones, there is an
// index: slots, of which the hash of a key tells where to begin to look (open addressing, linear probing). A slot has 32 bits of the key's hash, so that keys
// which are not the one that is sought are hardly ever compared, and so that the index can grow without the keys.
//
// What is deleted leaves a dead entry behind, until the entries have to grow: positions stay, and iteration may go on after a deletion.
//
// # Invariants
//
//  1. Each live entry has one slot in an index, and each slot that is neither free nor dead has a live entry.
//  2. Without an index all keys are plain. So a key that is not plain is not there.
//  3. All entries before side.head are dead.
//  4. At least a quarter of the slots is free, so a search ends.
//  5. Entries change their positions only in an array that is new: who iterates may go on in the old one.
type table[V any] struct {
	entries []entry[V]
	side    *side // nil as long as nothing was deleted and there is no index
}

// entry has the value first: a set has none, and Go would pad an empty one at the end.
type entry[V any] struct {
	value V
	key   Value // deadKey{} in a dead entry
}

type deadKey struct{}

func isDead(key Value) bool {
	_, dead := key.(deadKey)
	return dead
}

// side is what small tables do without.
type side struct {
	slots []slot // a power of two of them, or none
	used  int    // slots that are not free
	dead  int    // dead entries
	head  int    // see invariant 3
	moved int    // how often entries have changed their positions
	twins bool   // there are, or were, keys that restore has entered with the hash of their identity
}

const fewKeys = 8

// slot is free (0), dead, or has 32 bits of a key's hash above the position of its entry, counted from 1.
type slot uint64

const (
	deadSlot slot = 1<<32 - 1
	slotHash      = 1<<32 - 1
	// maxKeys is what fits into slots. They would take 128 GiB.
	maxKeys = 1<<32 - 2
)

func newSlot(hash uint64, entry int) slot { return slot(hash<<32 | uint64(entry+1)) }

func (s slot) hash() uint64 { return uint64(s >> 32) }
func (s slot) entry() int   { return int(uint32(s)) - 1 }

// place is where a key is, or that it is not there: then entry is -1.
type place struct {
	entry, slot int
	hash        uint64
	hashed      bool // there is a hash, which takes an index
	several     bool // the key has an Object in it, so further keys may seem to be equal to it
}

func (p place) found() bool { return p.entry >= 0 }

func (t *table[V]) len() int {
	if t.side == nil {
		return len(t.entries)
	}
	return len(t.entries) - t.side.dead
}

func (t *table[V]) head() int {
	if t.side == nil {
		return 0
	}
	return t.side.head
}

func (t *table[V]) moved() int {
	if t.side == nil {
		return 0
	}
	return t.side.moved
}

// slots is the index, nil if there is none.
func (t *table[V]) slots() []slot {
	if t.side == nil {
		return nil
	}
	return t.side.slots
}

// find looks for a key, which must be canonical (see canonicalKey). The errors are those of hashing and of comparing.
func (t *table[V]) find(key Value, w *walker) (place, error) {
	if s, ok := key.(string); ok {
		return t.findString(s), nil
	}
	slots := t.slots()
	if slots == nil && isPlain(key) {
		for i := range t.entries {
			if equalPlain(t.entries[i].key, key) {
				return place{entry: i}, nil
			}
		}
		return place{entry: -1}, nil
	}
	w.unsteady = false
	hash, err := w.hash(key)
	if err != nil || slots == nil {
		return place{entry: -1, hash: hash, hashed: true}, err
	}
	several := w.unsteady && !w.strict
	if several {
		// The key itself goes before one that only seems to be equal.
		if p, err := t.findTwin(key, hash); p.found() || err != nil {
			p.several = true
			return p, err
		}
	}
	p, _, err := t.probe(key, hash, w)
	p.several = several
	return p, err
}

// probe looks for a key among those that were entered with a hash. tried is how many with that hash are other keys. Only of Objects several may be equal, of which it finds the first.
func (t *table[V]) probe(key Value, hash uint64, w *walker) (p place, tried int, err error) {
	p = place{entry: -1, hash: hash, hashed: true}
	slots := t.slots()
	if slots == nil {
		return p, 0, nil
	}
	several := w.unsteady && !w.strict
	mask := len(slots) - 1
	for at := int(hash&slotHash) & mask; slots[at] != 0; at = (at + 1) & mask {
		s := slots[at]
		if s.hash() != hash&slotHash || s == deadSlot || p.found() && p.entry < s.entry() {
			continue
		}
		equal, err := w.matches(t.entries[s.entry()].key, key)
		if err != nil {
			return p, tried, err
		}
		if equal {
			if p.entry, p.slot = s.entry(), at; !several {
				return p, tried, nil
			}
			continue
		}
		tried++
	}
	return p, tried, nil
}

// findString is find for the keys that most dicts have.
func (t *table[V]) findString(s string) place {
	slots := t.slots()
	if slots == nil {
		for i := range t.entries {
			switch k := t.entries[i].key.(type) {
			case string:
				if k == s {
					return place{entry: i}
				}
			case Str2:
				if string(k) == s && isASCII(s) {
					return place{entry: i}
				}
			}
		}
		return place{entry: -1}
	}
	p := place{entry: -1, hash: hashString(s), hashed: true}
	mask := len(slots) - 1
	for at := int(p.hash&slotHash) & mask; slots[at] != 0; at = (at + 1) & mask {
		slot := slots[at]
		if slot.hash() != p.hash&slotHash || slot == deadSlot {
			continue
		}
		equal := false
		switch k := t.entries[slot.entry()].key.(type) {
		case string:
			equal = k == s
		case Str2:
			equal = string(k) == s && isASCII(s)
		}
		if equal {
			p.entry, p.slot = slot.entry(), at
			break
		}
	}
	return p
}

// set gives a key its value. The key that is there stays.
func (t *table[V]) set(key Value, value V, w *walker) (added bool, err error) {
	p, err := t.find(key, w)
	if err != nil {
		return false, err
	}
	if p.found() {
		t.entries[p.entry].value = value
		return false, nil
	}
	return true, t.add(key, value, p)
}

// add appends a key for which find has found no place.
func (t *table[V]) add(key Value, value V, p place) error {
	if len(t.entries) == cap(t.entries) {
		if uint64(len(t.entries)) >= maxKeys {
			return MemoryError("more than %d keys", uint64(maxKeys))
		}
		t.grow(1)
	}
	if slots := t.slots(); slots != nil || p.hashed || len(t.entries) >= fewKeys {
		if slots == nil {
			t.makeIndex(len(t.entries) + 1)
		} else if t.side.used >= len(slots)/4*3 {
			t.remake(slotsFor(2*t.len()), nil)
		}
		if !p.hashed {
			p.hash = hashPlain(key)
		}
		t.side.enter(newSlot(p.hash, len(t.entries)))
	}
	t.entries = append(t.entries, entry[V]{value, key})
	return nil
}

// remove takes out what is at a place that was found.
func (t *table[V]) remove(p place) {
	if t.side == nil {
		t.side = &side{}
	}
	if t.side.slots != nil {
		t.side.slots[p.slot] = deadSlot
	}
	t.bury(p.entry)
}

// bury makes an entry a dead one.
func (t *table[V]) bury(i int) {
	t.entries[i] = entry[V]{key: deadKey{}}
	t.side.dead++
	for t.side.head < len(t.entries) && isDead(t.entries[t.side.head].key) {
		t.side.head++
	}
}

// last is the position of the last live entry; the dead ones behind it are taken away, so that many calls take no longer than their number. There must be one.
func (t *table[V]) last() int {
	n := len(t.entries)
	for isDead(t.entries[n-1].key) {
		n--
		t.side.dead--
	}
	t.entries = t.entries[:n]
	return n - 1
}

// placeOf is the place of a live entry. The hash of its key may have changed, if an Object in it has: then all slots are looked at.
func (t *table[V]) placeOf(i int, w *walker) place {
	p := place{entry: i}
	slots := t.slots()
	if slots == nil {
		return p
	}
	mask := len(slots) - 1
	strict := walker{strict: true}
	for _, w := range [...]*walker{w, &strict} {
		hash, err := w.hash(t.entries[i].key)
		for at := int(hash&slotHash) & mask; err == nil && slots[at] != 0; at = (at + 1) & mask {
			if slots[at].entry() == i && slots[at] != deadSlot {
				p.slot = at
				return p
			}
		}
		if !t.side.twins {
			break
		}
	}
	for at, s := range slots {
		if s.entry() == i && s != deadSlot {
			p.slot = at
		}
	}
	return p
}

// clear forgets everything, also the memory.
func (t *table[V]) clear() {
	t.entries = nil
	if t.side != nil {
		t.side = &side{moved: t.side.moved + 1}
	}
}

// copy is a table of its own with the same keys and values.
func (t *table[V]) copy() (c table[V]) {
	n := t.len()
	if n == 0 {
		return c
	}
	if t.side == nil || t.side.dead == 0 {
		c.entries = append(make([]entry[V], 0, n), t.entries...)
		if slots := t.slots(); slots != nil {
			c.side = &side{slots: append([]slot(nil), slots...), used: t.side.used, twins: t.side.twins}
		}
		return c
	}
	c = table[V]{entries: t.entries, side: &side{slots: t.side.slots, used: t.side.used, dead: t.side.dead, twins: t.side.twins}}
	c.compact(n)
	return c
}
