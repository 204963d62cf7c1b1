package py

import (
	"iter"
	"sync/atomic"
)

// Set is a set. The zero Set is empty. Elements come in the order of insertion; they are the same as the keys of a Dict are.
type Set struct {
	elements
}

// FrozenSet is a frozenset, which can be a key and an element. It must not be changed.
type FrozenSet struct {
	elements
	hash atomic.Uint64 // 0 as long as nobody has asked for it, or if it can change
}

// elements is what a Set and a FrozenSet have in common.
type elements struct {
	t table[struct{}]
}

// AnySet is a *Set or a *FrozenSet.
type AnySet interface {
	Len() int
	Has(elem Value) (bool, error)
	All() iter.Seq[Value]
	table() *table[struct{}]
}

func (s *elements) table() *table[struct{}] { return &s.t }

// NewSet is a set of the elements.
func NewSet(elems ...Value) (*Set, error) {
	s := NewSetSize(len(elems))
	for _, v := range elems {
		if _, err := s.Add(v); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// NewSetSize is an empty set with room for n elements.
func NewSetSize(n int) *Set {
	s := &Set{}
	s.Reserve(n)
	return s
}

// NewFrozenSet is a frozenset of the elements.
func NewFrozenSet(elems ...Value) (*FrozenSet, error) {
	s, err := NewSet(elems...)
	if err != nil {
		return nil, err
	}
	return s.Freeze(), nil
}

// Len is the number of elements.
func (s *elements) Len() int { return s.t.len() }

// Has is elem in s. As in Python a Set is looked for as if it were a FrozenSet, and anything else that can't be an element is a TypeError.
func (s *elements) Has(elem Value) (bool, error) {
	p, err := s.find(elem)
	return p.found(), err
}

func (s *elements) find(elem Value) (place, error) {
	if set, ok := elem.(*Set); ok {
		elem = &FrozenSet{elements: set.elements}
	}
	var w walker
	return s.t.find(canonicalKey(elem), &w)
}

// All are the elements. For changes in the loop see Dict.All.
func (s *elements) All() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		s.t.all(func(e *entry[struct{}]) bool { return yield(e.key) })
	}
}

// Reserve makes room for n more elements.
func (s *Set) Reserve(n int) { s.t.reserve(n) }

// Add adds an element, and reports whether it was not there before.
func (s *Set) Add(elem Value) (added bool, err error) {
	var w walker
	return s.t.set(canonicalKey(elem), struct{}{}, &w)
}

// Restore is Add for a reader of pickles, see Dict.Restore.
func (s *Set) Restore(elem Value) error {
	var w walker
	return s.t.restore(canonicalKey(elem), struct{}{}, &w)
}

// Remove takes an element away, and reports whether it was there.
func (s *Set) Remove(elem Value) (bool, error) {
	p, err := s.find(elem)
	if err != nil || !p.found() {
		return false, err
	}
	s.t.remove(p)
	return true, nil
}

// Pop takes any element away: the first one. ok is false if there is none.
func (s *Set) Pop() (elem Value, ok bool) {
	e, ok := s.t.pop(true)
	return e.key, ok
}

// Clear takes all elements away, and gives the memory back.
func (s *Set) Clear() { s.t.clear() }

// Copy is a set of the same elements.
func (s *elements) Copy() *Set { return &Set{elements{s.t.copy()}} }

// Freeze makes a FrozenSet of the set's elements, which it takes over: s is empty afterwards.
func (s *Set) Freeze() *FrozenSet {
	f := &FrozenSet{elements: s.elements}
	*s = Set{}
	return f
}

// Cursor is iter(s).
func (s *elements) Cursor() *Cursor { return newCursor(&s.t, setRules) }
