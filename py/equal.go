package py

import (
	"math"
	"reflect"
)

// Equal is Python's a == b, for all pairs of types: numbers by their exact values, a list never a tuple, a set the same as a frozenset, two OrderedDicts in their order, a
// datetime by its moment in UTC. Containers are equal to themselves, whatever is in them, and what is in them equals itself, as far as it has an identity: not a NaN that is a float.
//
// It is that of Python 3: in Python 2 a Decimal never equals a complex or a Fraction, and a dict or set from there that has both of such a pair as keys loses one of them.
//
// What is Go's own, or this package's: a Str2 equals a str if it is ASCII, and never bytes. An Object equals another that was made in the same way, of the same types. Instances of
// other types of Go are equal if Go says so.
//
// The errors are InvalidOperation for a Decimal that is a signaling NaN, and RecursionError for what is nested deeper than MaxDepth or contains itself. The time is about
// linear in the size of the smaller value, also if parts of it are shared.
func Equal(a, b Value) (bool, error) {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return a == b, nil
		}
	case int64:
		if b, ok := b.(int64); ok {
			return a == b, nil
		}
	}
	var w walker
	return w.equal(a, b)
}

// matches is how containers look for a value: it is the same object, or equal. They differ only for the values of which one can be unequal to itself; of those
// only a Decimal has an identity.
func (w *walker) matches(a, b Value) (bool, error) {
	if d, ok := a.(*Decimal); ok && b == Value(d) {
		return true, nil
	}
	return w.equal(a, b)
}

func (w *walker) equal(a, b Value) (bool, error) {
	if w.opaque > 0 && !alike(a, b) {
		return false, nil
	}
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return a == b, nil
		}
	case float64:
		if b, ok := b.(float64); ok {
			return a == b, nil
		}
	case nil, string, Bytes, Str2, UUID, Global, Singleton, Date, TimeDelta, deadKey:
		if b, ok := b.(*ByteArray); ok {
			r, ok := compareByteArrays(a, b)
			return ok && r == same, nil
		}
		if !isPlain(b) {
			return false, nil
		}
		return equalPlain(a, b), nil
	case *ByteArray:
		r, ok := compareByteArrays(a, b)
		return ok && r == same, nil
	case *List:
		if b, ok := b.(*List); ok && a != b {
			return w.equalContainers(ref{a, 0}, ref{b, 0}, len(a.Items), len(b.Items), func() (bool, error) { return w.equalItems(a.Items, b.Items) })
		} else {
			return ok, nil
		}
	case Tuple:
		b, ok := b.(Tuple)
		if !ok || len(a) != len(b) {
			return false, nil
		}
		if len(a) == 0 || &a[0] == &b[0] {
			return true, nil
		}
		return w.equalContainers(ref{&a[0], len(a)}, ref{&b[0], len(b)}, len(a), len(b), func() (bool, error) { return w.equalItems(a, b) })
	case *Dict:
		return w.equalToDict(&a.t, a, b, nil)
	case *OrderedDict:
		return w.equalToDict(&a.t, a, b, a)
	case *Set:
		return w.equalToSet(&a.t, a, b)
	case *FrozenSet:
		return w.equalToSet(&a.t, a, b)
	case *Object:
		b, ok := b.(*Object)
		if !ok || a == b {
			return ok, nil
		}
		return w.equalContainers(ref{a, 0}, ref{b, 0}, 0, 0, func() (bool, error) { return w.equalObjects(a, b) })
	case *Persistent:
		b, ok := b.(*Persistent)
		if !ok || a == b {
			return ok, nil
		}
		return w.equalContainers(ref{a, 0}, ref{b, 0}, 0, 0, func() (bool, error) { return w.equal(a.ID, b.ID) })
	case *Exception:
		return b == Value(a), nil
	}
	return w.equalOthers(a, b)
}

// alike is false for the pairs of types whose equality can't be passed on: an OrderedDict may equal a dict that equals an OrderedDict in another order, and an array a bytearray. Inside of
// an Object they are not equal, so that what is equal there are disjoint sets (see classes).
func alike(a, b Value) bool {
	switch a.(type) {
	case *Dict:
		_, other := b.(*OrderedDict)
		return !other
	case *OrderedDict:
		_, other := b.(*Dict)
		return !other
	case *Array:
		_, other := b.(*ByteArray)
		return !other
	case *ByteArray:
		_, other := b.(*Array)
		return !other
	}
	return true
}

// equalOthers compares numbers and the types that are met less often.
func (w *walker) equalOthers(a, b Value) (bool, error) {
	switch a := a.(type) {
	case Range:
		b, ok := b.(Range)
		return ok && equalRanges(a, b), nil
	case Slice:
		b, ok := b.(Slice)
		if !ok {
			return false, nil
		}
		if err := w.deeper("maximum recursion depth exceeded in comparison"); err != nil {
			return false, err
		}
		equal, err := w.equalItems([]Value{a.Start, a.Stop, a.Step}, []Value{b.Start, b.Stop, b.Step})
		w.depth--
		return equal, err
	case *Array:
		switch b := b.(type) {
		case *Array:
			return w.equalArrays(a, b)
		case *ByteArray:
			r, _ := compareByteArrays(a, b)
			return r == same, nil
		}
		return false, nil
	case Time, DateTime, TimeZone:
		return w.equalMoments(a, b)
	}
	x, y := numberOf(a), numberOf(b)
	switch {
	case x.kind == noNumber && y.kind == noNumber:
		return equalInGo(a, b), nil
	case x.kind == noNumber || y.kind == noNumber:
		return false, nil
	}
	return equalNumbers(&x, &y)
}

// equalInGo compares values of types that are none of Python's.
func equalInGo(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.IsValid() && y.IsValid() && x.Type() == y.Type() && x.Comparable() && y.Comparable() && a == b
}

// equalContainers compares two containers that are not one, of n and m items, unless it is known that they are equal.
func (w *walker) equalContainers(a, b ref, n, m int, compare func() (bool, error)) (bool, error) {
	if n != m {
		return false, nil
	}
	p, from := pair{a, b, w.opaque > 0}, mark{w.work, len(w.log), w.rests}
	if settled, equal, err := w.enter(p); settled || err != nil {
		return equal, err
	}
	w.rests = math.MaxInt
	equal, err := compare()
	w.wide(n)
	w.leave(p, from, equal && err == nil)
	return equal, err
}

func (w *walker) equalItems(a, b []Value) (bool, error) {
	if len(a) != len(b) {
		return false, nil
	}
	for i, v := range a {
		if equal, err := w.matches(v, b[i]); !equal || err != nil {
			return false, err
		}
	}
	return true, nil
}

// equalToDict compares a dict with any value. ordered is the dict if it is an OrderedDict.
func (w *walker) equalToDict(a *table[Value], self, other Value, ordered *OrderedDict) (bool, error) {
	var b *table[Value]
	switch other := other.(type) {
	case *Dict:
		b, ordered = &other.t, nil
	case *OrderedDict:
		b = &other.t
	}
	if b == nil || a == b {
		return b != nil, nil
	}
	return w.equalContainers(ref{self, 0}, ref{other, 0}, a.len(), b.len(), func() (bool, error) {
		if equal, err := w.equalDicts(a, b); !equal || err != nil || ordered == nil {
			return equal, err
		}
		return w.sameOrder(a, b)
	})
}

// equalDicts reports whether each has the keys of the other, with the same values.
func (w *walker) equalDicts(a, b *table[Value]) (bool, error) {
	if a.len() != b.len() {
		return false, nil
	}
	return bothWays(a, b, func(a, b *table[Value]) (equal, several bool, err error) {
		for i := range a.entries {
			e := &a.entries[i]
			if isDead(e.key) {
				continue
			}
			p, err := b.find(e.key, w)
			if err != nil || !p.found() {
				return false, several, err
			}
			several = several || p.several
			if equal, err := w.matches(e.value, b.entries[p.entry].value); !equal || err != nil {
				return false, several, err
			}
		}
		return true, several, nil
	})
}

// bothWays reports whether one table is within another of the same length and, if several keys of the one may equal a single one of the other, the other within the one.
func bothWays[V any](a, b *table[V], within func(a, b *table[V]) (equal, several bool, err error)) (bool, error) {
	equal, several, err := within(a, b)
	if equal && several {
		equal, _, err = within(b, a)
	}
	return equal, err
}

// sameOrder compares the keys of two dicts of the same length one after the other.
func (w *walker) sameOrder(a, b *table[Value]) (bool, error) {
	j := b.head()
	for i := range a.entries {
		if isDead(a.entries[i].key) {
			continue
		}
		for isDead(b.entries[j].key) {
			j++
		}
		if equal, err := w.matches(a.entries[i].key, b.entries[j].key); !equal || err != nil {
			return false, err
		}
		j++
	}
	return true, nil
}

func (w *walker) equalToSet(a *table[struct{}], self, other Value) (bool, error) {
	b := elementsOf(other)
	if b == nil || a == b {
		return b != nil, nil
	}
	return w.equalContainers(ref{self, 0}, ref{other, 0}, a.len(), b.len(), func() (bool, error) { return bothWays(a, b, w.within) })
}

// within reports whether all keys of a are in b.
func (w *walker) within(a, b *table[struct{}]) (equal, several bool, err error) {
	for i := range a.entries {
		if key := a.entries[i].key; !isDead(key) {
			p, err := b.find(key, w)
			if err != nil || !p.found() {
				return false, several, err
			}
			several = several || p.several
		}
	}
	return true, several, nil
}

// elementsOf is the table of a set or frozenset, nil for other values.
func elementsOf(v Value) *table[struct{}] {
	switch v := v.(type) {
	case *Set:
		return &v.t
	case *FrozenSet:
		return &v.t
	}
	return nil
}
