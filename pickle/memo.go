package pickle

import "github.com/multiproc-go/multiproc/py"

// memo is what the pickle has put aside, by number. Python counts up from 0, so that a slice does; numbers that leave holes go to a map as soon as the holes
// outweigh the entries: a PUT of 2^31 takes one entry's memory.
type memo struct {
	dense  []py.Value // nil is a hole
	sparse map[int]py.Value
	count  int // entries of both
}

// memoNone stands for None in the memo. Python never puts None there, but may.
type memoNone struct{}

// get returns the value of a number; ok is false if there is none.
func (t *memo) get(i int) (v py.Value, ok bool) {
	if uint(i) < uint(len(t.dense)) {
		v = t.dense[i]
	} else if t.sparse != nil {
		v = t.sparse[i]
	}
	if v == nil {
		return nil, false
	}
	if _, none := v.(memoNone); none {
		return nil, true
	}
	return v, true
}

// isNext tells whether i continues the slice, and the slice has room for it: the common case.
func (t *memo) isNext(i int) bool {
	return i == len(t.dense) && i < cap(t.dense) && t.sparse == nil
}

// put stores a value, and returns by how many bytes the memo has grown for it.
func (t *memo) put(i int, v py.Value) (grown int) {
	if v == nil {
		v = memoNone{}
	}
	switch {
	case i < len(t.dense):
		if t.dense[i] == nil {
			t.count++
		}
		t.dense[i] = v
	case i < 2*t.count+64 && t.sparse == nil:
		if i >= cap(t.dense) {
			before := cap(t.dense)
			t.dense = append(make([]py.Value, 0, 2*i+firstSlots), t.dense...)
			grown = (cap(t.dense) - before) * costSlot
		}
		// The holes are nil: nothing was there before, as the memo never shrinks but in reset, which clears it.
		t.dense = t.dense[:i+1]
		t.dense[i] = v
		t.count++
	default:
		if t.sparse == nil {
			t.sparse = map[int]py.Value{}
		}
		if _, had := t.sparse[i]; !had {
			t.count++
			grown = costEntry
		}
		t.sparse[i] = v
	}
	return grown
}

// reset empties the memo; a large one is given up, so that one large pickle does not cost memory for ever.
func (t *memo) reset() {
	if cap(t.dense) > keepSlots {
		t.dense = nil
	}
	clear(t.dense)
	t.dense = t.dense[:0]
	t.sparse = nil
	t.count = 0
}
