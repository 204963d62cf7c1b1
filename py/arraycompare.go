package py

import (
	"bytes"
	"cmp"
	"math"
)

// data is the array's bytes without those at the end that are not enough for an item.
func (a *Array) data() []byte { return a.Data[:a.Len()*ItemSize(a.Typecode)] }

// compareByteArrays compares two values of which one is a bytearray, by their bytes. ok is false if the other is nothing that has bytes: bytes, a bytearray, or an array.
func compareByteArrays(a, b Value) (r relation, ok bool) {
	x, isArray := a.(*ByteArray)
	if !isArray {
		r, ok = compareByteArrays(b, a)
		return r.swapped(), ok
	}
	switch b := b.(type) {
	case Bytes:
		switch y := string(b); {
		case string(x.B) < y: // which does not copy
			return less, true
		case string(x.B) == y:
			return same, true
		}
		return greater, true
	case *ByteArray:
		return relation(bytes.Compare(x.B, b.B)), true
	case *Array:
		return relation(bytes.Compare(x.B, b.data())), true
	}
	return unordered, false
}

// equalArrays compares the items one after the other, whatever the typecodes.
func (w *walker) equalArrays(a, b *Array) (bool, error) {
	if a.Len() != b.Len() {
		return false, nil
	}
	i, err := w.firstDifference(a, b)
	return err == nil && i == a.Len(), err
}

// compareArrays is the order of two arrays: that of the first items that differ, else that of their lengths.
func (w *walker) compareArrays(a, b *Array) (relation, error) {
	i, err := w.firstDifference(a, b)
	if err != nil {
		return same, err
	}
	if i == min(a.Len(), b.Len()) {
		return relation(cmp.Compare(a.Len(), b.Len())), nil
	}
	x, err := a.At(i)
	if err != nil {
		return same, err
	}
	y, err := b.At(i)
	if err != nil {
		return same, err
	}
	return w.order(x, y)
}

// firstDifference is the position of the first items that are not equal, or the length of the shorter array.
func (w *walker) firstDifference(a, b *Array) (int, error) {
	n := min(a.Len(), b.Len())
	if a.Typecode == b.Typecode && n > 0 {
		t := itemTypes[a.Typecode]
		for i := range n {
			x, y := word(a.Data[i*t.size:(i+1)*t.size]), word(b.Data[i*t.size:(i+1)*t.size])
			if t.kind == floatKind && !equalFloatBits(x, y, t.size) || t.kind != floatKind && x != y {
				return i, nil
			}
		}
		return n, nil
	}
	for i := range n {
		x, err := a.At(i)
		if err != nil {
			return 0, err
		}
		y, err := b.At(i)
		if err != nil {
			return 0, err
		}
		if equal, err := w.equal(x, y); !equal || err != nil {
			return i, err
		}
	}
	return n, nil
}

func equalFloatBits(x, y uint64, size int) bool {
	if size == 4 {
		return math.Float32frombits(uint32(x)) == math.Float32frombits(uint32(y))
	}
	return math.Float64frombits(x) == math.Float64frombits(y)
}
