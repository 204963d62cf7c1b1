package pickle

// kind keeps apart what may lie at one address: a string and the bytes made of it, a struct and its first field.
type kind uint8

const (
	kindText kind = iota + 1
	kindBytes
	kindStr2
	kindTuple
	kindList
	kindDict
	kindOrderedDict
	kindSet
	kindFrozenSet
	kindByteArray
	kindArray
	kindBigInt
	kindDecimal
	kindFraction
	kindException
	kindObject
	kindPersistent
	kindGlobal
	kindBoxed // a value that Go keeps by value: its copy in an interface, which never changes
)

// ident says which value is meant: two Values with one ident are one object in Python. For what has a length, two are one only if they have the same.
//
// An address stays the value's own during an encoding: the encoder holds the value that it was given, and what it has made of it.
type ident struct {
	at   uintptr // 0: a nil pointer
	what uint64  // the kind in the upper 8 bits, the length in the others
}

func identity(k kind, at uintptr) ident { return ident{at, uint64(k) << 56} }

// hash gives what has been allocated in a row neighbouring cells, eight of which are in one cache line: from has the line in its upper bits, and the cell at which to begin. tag tells idents
// with neighbouring cells apart.
func (id ident) hash() (from, tag uint64) {
	at := uint64(id.at)
	h := at >> 7 * 0x9e3779b97f4a7c15
	return h>>29&^7 | at>>4&7, (h>>48 ^ at>>3 ^ id.what*0xd6e8feb86659fd93>>48) & 0xffff
}

// An identEntry is one of an identTable. In the table of what was seen, number counts the references; in the table of what is shared it is the place in the memo, and open the
// component of the graph, 0 for most.
type identEntry struct {
	id     ident
	number int32
	open   int32 // see scan_cycle.go
}

// identTable is a map from ident to a number that is emptied in no time, for the next encoding, and keeps the order in which it was filled. The index is
// open-addressed, with linear probing and at most half full; a cell has the number of an entry in the lower half, part of its hash above it, and the
// generation at the top. Cells of other generations are empty. A few entries have no index, and are looked at one after the other.
type identTable struct {
	entries []identEntry
	cells   []uint64
	inUse   uint64 // mask of the cells in use, a part of those that there are: little is touched for a small value; 0 without an index
	age     uint16
}

const (
	// fewEntries is how many have no index.
	fewEntries = 8
	minCells   = 64
	// keepCells is how large an index is kept for the next encoding: 8 MiB, enough for half a million entries.
	keepCells = 1 << 20
)

// reset empties the table.
func (t *identTable) reset() {
	if len(t.cells) > keepCells {
		*t = identTable{}
	}
	t.entries = t.entries[:0]
	t.inUse = 0
}

// resize makes the index one of n empty cells.
func (t *identTable) resize(n int) {
	if n > len(t.cells) {
		t.cells = make([]uint64, n)
		t.age = 0
	}
	t.inUse = uint64(n - 1)
	if t.age++; t.age == 0 {
		clear(t.cells)
		t.age = 1
	}
}

// find returns the number of the entry, and otherwise the index of the cell in which it belongs.
func (t *identTable) find(id ident) (n int, free uint64, found bool) {
	if t.inUse == 0 {
		for n := range t.entries {
			if t.entries[n].id == id {
				return n, 0, true
			}
		}
		return 0, 0, false
	}
	from, tag := id.hash()
	mine := uint64(t.age)<<16 | tag
	for i := from & t.inUse; ; i = (i + 1) & t.inUse {
		c := t.cells[i]
		if c>>48 != uint64(t.age) {
			return 0, i, false
		}
		if c>>32 == mine {
			if n := int(uint32(c)); t.entries[n].id == id {
				return n, 0, true
			}
		}
	}
}

// get returns the entry of id, nil if there is none.
func (t *identTable) get(id ident) *identEntry {
	if len(t.entries) == 0 {
		return nil
	}
	if n, _, found := t.find(id); found {
		return &t.entries[n]
	}
	return nil
}

// add returns the entry of id, which it makes if there was none. The pointer is good until the next add.
func (t *identTable) add(id ident) (e *identEntry, added bool) {
	n, free, found := t.find(id)
	if found {
		return &t.entries[n], false
	}
	n = len(t.entries)
	t.entries = append(t.entries, identEntry{id: id})
	switch {
	case t.inUse > 0:
		_, tag := id.hash()
		t.cells[free] = t.cell(tag, n)
		if uint64(n) >= t.inUse/2 {
			t.index(int(t.inUse+1) * 4)
		}
	case n == fewEntries:
		t.index(minCells)
	}
	return &t.entries[n], true
}

func (t *identTable) cell(tag uint64, n int) uint64 {
	return uint64(t.age)<<48 | tag<<32 | uint64(uint32(n))
}

// index makes an index of n cells.
func (t *identTable) index(n int) {
	t.resize(n)
	for n := range t.entries {
		from, tag := t.entries[n].id.hash()
		i := from & t.inUse
		for t.cells[i]>>48 == uint64(t.age) {
			i = (i + 1) & t.inUse
		}
		t.cells[i] = t.cell(tag, n)
	}
}
