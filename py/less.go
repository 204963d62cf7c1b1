package py

import (
	"bytes"
	"cmp"
	"strings"
)

// Op is one of the operators that ask for an order.
type Op uint8

const (
	Lt Op = iota // <
	Le           // <=
	Gt           // >
	Ge           // >=
)

// String is the operator as Python writes it.
func (op Op) String() string {
	return [...]string{"<", "<=", ">", ">="}[op&3]
}

// Less is Python's a < b. A TypeError tells that these two have no order, in Python's words.
//
// Numbers are compared by their exact values, strings by their code points, sets as subsets. The order of a Str2 is that of its bytes, among strings as well.
func Less(a, b Value) (bool, error) { return Compare(Lt, a, b) }

// Compare is Python's a < b, a <= b, a > b or a >= b.
func Compare(op Op, a, b Value) (bool, error) {
	w := walker{op: op}
	r, err := w.order(a, b)
	if err != nil {
		return false, err
	}
	switch op {
	case Lt:
		return r == less, nil
	case Le:
		return r == less || r == same, nil
	case Gt:
		return r == greater, nil
	}
	return r == greater || r == same, nil
}

func (w *walker) unsupported(a, b Value) error {
	return TypeError("'%s' not supported between instances of '%s' and '%s'", w.op, TypeName(a), TypeName(b))
}

// order is how a stands to b.
func (w *walker) order(a, b Value) (relation, error) {
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return relation(cmp.Compare(a, b)), nil
		}
	case float64:
		if b, ok := b.(float64); ok {
			return relationOfFloats(a, b), nil
		}
	case string:
		switch b := b.(type) {
		case string:
			return relation(strings.Compare(a, b)), nil
		case Str2:
			return relation(strings.Compare(a, string(b))), nil
		}
		return same, w.unsupported(a, b)
	case Str2:
		switch b := b.(type) {
		case string:
			return relation(strings.Compare(string(a), b)), nil
		case Str2:
			return relation(strings.Compare(string(a), string(b))), nil
		}
		return same, w.unsupported(a, b)
	case Bytes:
		if b, ok := b.(Bytes); ok {
			return relation(strings.Compare(string(a), string(b))), nil
		}
	case *List:
		if b, ok := b.(*List); ok {
			return w.compareItems(a.Items, b.Items)
		}
		return same, w.unsupported(a, b)
	case Tuple:
		if b, ok := b.(Tuple); ok {
			return w.compareItems(a, b)
		}
		return same, w.unsupported(a, b)
	}
	return w.orderOthers(a, b)
}

// orderOthers orders numbers of different types and the types that are met less often.
func (w *walker) orderOthers(a, b Value) (relation, error) {
	switch a := a.(type) {
	case *Set, *FrozenSet:
		if x, y := elementsOf(a), elementsOf(b); y != nil {
			return w.compareSets(x, y)
		}
	case Slice:
		if b, ok := b.(Slice); ok {
			return w.compareItems([]Value{a.Start, a.Stop, a.Step}, []Value{b.Start, b.Stop, b.Step})
		}
	case UUID:
		if b, ok := b.(UUID); ok {
			return relation(bytes.Compare(a[:], b[:])), nil
		}
	case Date:
		if b, ok := b.(Date); ok {
			return relation(cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))), nil
		}
	case TimeDelta:
		if b, ok := b.(TimeDelta); ok {
			return relation(a.Compare(b)), nil
		}
	case Time, DateTime:
		x, _ := momentOf(a)
		if y, ok := momentOf(b); ok && x.what == y.what {
			return w.compareMoments(x, y)
		}
	case *Array:
		if b, ok := b.(*Array); ok {
			return w.compareArrays(a, b)
		}
	}
	_, first := a.(*ByteArray)
	_, second := b.(*ByteArray)
	if first || second {
		if r, ok := compareByteArrays(a, b); ok {
			return r, nil
		}
	}
	x, y := numberOf(a), numberOf(b)
	if x.kind == noNumber || y.kind == noNumber || isComplex(a) || isComplex(b) {
		return same, w.unsupported(a, b)
	}
	return compareNumbers(&x, &y, false)
}

func isComplex(v Value) bool {
	switch v.(type) {
	case complex128, complex64:
		return true
	}
	return false
}

// compareItems is the order of two sequences: that of the first items that differ, else that of their lengths.
func (w *walker) compareItems(a, b []Value) (relation, error) {
	if len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] {
		return same, nil // the same container, whatever is in it
	}
	if err := w.deeper("maximum recursion depth exceeded in comparison"); err != nil {
		return same, err
	}
	defer func() { w.depth-- }()
	for i := range min(len(a), len(b)) {
		equal, err := w.matches(a[i], b[i])
		if err != nil {
			return same, err
		}
		if !equal {
			return w.order(a[i], b[i])
		}
	}
	return relation(cmp.Compare(len(a), len(b))), nil
}

// compareSets is less for a part of the other, but not all of it.
func (w *walker) compareSets(a, b *table[struct{}]) (relation, error) {
	if a.len() > b.len() {
		r, err := w.compareSets(b, a)
		return r.swapped(), err
	}
	within, _, err := w.within(a, b)
	switch {
	case err != nil || !within:
		return unordered, err
	case a.len() == b.len():
		return same, nil
	}
	return less, nil
}
