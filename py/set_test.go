package py

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSetsAgainstModel compares the operations on sets with those on maps.
func TestSetsAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.IntRange(0, 30), 0, 30)
		draw := func(name string) (AnySet, map[int]bool) {
			s, m := &Set{}, map[int]bool{}
			for _, n := range numbers.Draw(t, name) {
				m[n] = true
				var v Value = int64(n)
				if n%2 == 0 && len(m)%2 == 0 {
					v = float64(n) // another object for the same element
				}
				if _, err := s.Add(v); err != nil {
					t.Fatal(err)
				}
			}
			for _, n := range numbers.Draw(t, name+" without") {
				had := m[n]
				delete(m, n)
				if removed, err := s.Remove(int64(n)); removed != had || err != nil {
					t.Fatal(removed, err)
				}
			}
			if rapid.Bool().Draw(t, name+" is frozen") {
				return s.Freeze(), m
			}
			return s, m
		}
		a, x := draw("a")
		b, y := draw("b")
		s := &elements{*a.table()}
		check := func(what string, got AnySet, err error, in func(n int) bool) {
			t.Helper()
			want := map[int]bool{}
			for n := range 31 {
				if in(n) {
					want[n] = true
				}
			}
			elems := map[int]bool{}
			for v := range got.All() {
				n := numberOf(v)
				elems[int(n.small)+int(n.float)] = true
			}
			if err != nil || !maps.Equal(elems, want) || got.Len() != len(want) {
				t.Fatalf("%s: %v, %v, want %v", what, elems, err, want)
			}
			if err := got.table().check(true); err != nil {
				t.Fatal(err)
			}
		}
		union, err := s.Union(b)
		check("|", union, err, func(n int) bool { return x[n] || y[n] })
		both, err := s.Intersection(b)
		check("&", both, err, func(n int) bool { return x[n] && y[n] })
		rest, err := s.Difference(b)
		check("-", rest, err, func(n int) bool { return x[n] && !y[n] })
		either, err := s.SymmetricDifference(b)
		check("^", either, err, func(n int) bool { return x[n] != y[n] })
		check("a is as it was", a, nil, func(n int) bool { return x[n] })
		check("b is as it was", b, nil, func(n int) bool { return y[n] })
		if is, err := s.IsSubset(b); is != (rest.Len() == 0) || err != nil {
			t.Fatal("IsSubset:", is, err)
		}
		if is, err := s.IsDisjoint(b); is != (both.Len() == 0) || err != nil {
			t.Fatal("IsDisjoint:", is, err)
		}
		if equal, err := Equal(a, b); equal != maps.Equal(x, y) || err != nil {
			t.Fatal("Equal:", equal, err)
		}
		if l, err := Less(a, b); l != (rest.Len() == 0 && a.Len() < b.Len()) || err != nil {
			t.Fatal("Less:", l, err)
		}
		// The set itself as the other one.
		for range 2 {
			self, err := s.SymmetricDifference(s)
			check("a ^ a", self, err, func(int) bool { return false })
			check("a |= a", a, union.Update(union), func(n int) bool { return x[n] })
		}
		union.Assign(both)
		check("Assign", union, nil, func(n int) bool { return x[n] && y[n] })
	})
}

// TestSetElements: which of two equal elements stays.
func TestSetElements(t *testing.T) {
	ints, floats := mustSet(t, int64(1), int64(2), int64(3)), mustSet(t, 1.0, 2.0)
	for name, c := range map[string]struct {
		op   func(AnySet) (*Set, error)
		with AnySet
		want string
	}{
		"|":     {ints.Union, floats, "[1 2 3]"},
		"&":     {ints.Intersection, floats, "[1 2]"},
		"-":     {ints.Difference, mustFrozenSet(t, true), "[2 3]"},
		"^":     {ints.SymmetricDifference, mustSet(t, "a", 3.0), "[1 2 a]"},
		"empty": {ints.Union, &Set{}, "[1 2 3]"},
	} {
		got, err := c.op(c.with)
		if err != nil {
			t.Fatal(err)
		}
		if elems := fmt.Sprint(slices.Collect(got.All())); elems != c.want {
			t.Errorf("%s: %v, want %s", name, elems, c.want)
		}
	}
	both, err := ints.Intersection(floats)
	if err != nil {
		t.Fatal(err)
	}
	for v := range both.All() {
		if TypeName(v) != "float" {
			t.Errorf("%v is not an element of the smaller set", v)
		}
	}
	if both, err = mustSet(t, int64(1), int64(2)).Intersection(floats); err != nil {
		t.Fatal(err)
	}
	for v := range both.All() {
		if TypeName(v) != "float" {
			t.Errorf("%v is not an element of the second set, though both are of one size", v)
		}
	}
	// A set is looked for as a frozenset.
	of := mustSet(t, mustFrozenSet(t, int64(1)), int64(2))
	if has, err := of.Has(mustSet(t, 1.0)); !has || err != nil {
		t.Error(has, err)
	}
	if removed, err := of.Remove(mustSet(t, 1.0)); !removed || err != nil || of.Len() != 1 {
		t.Error(removed, err)
	}
	if _, err := of.Add(mustSet(t)); err == nil || err.Error() != "TypeError: unhashable type: 'set'" {
		t.Error(err)
	}
	f := of.Freeze()
	if of.Len() != 0 || f.Len() != 1 {
		t.Errorf("Freeze leaves %d elements, and takes %d", of.Len(), f.Len())
	}
	if v, ok := f.Copy().Pop(); v != Value(int64(2)) || !ok || f.Len() != 1 {
		t.Error(v, ok)
	}
	if _, ok := of.Pop(); ok {
		t.Error("Pop of an empty set")
	}
	of.Clear()
}

// TestFrozenSetsInOneAnother: hashing each takes no time that grows with its depth.
func TestFrozenSetsInOneAnother(t *testing.T) {
	within(t, func() {
		for range 20 {
			s := mustFrozenSet(t)
			for range MaxDepth - 1 {
				s = mustFrozenSet(t, s)
			}
			if _, err := Hash(s); err != nil {
				t.Fatal(err)
			}
		}
	})
	// The hash of a frozenset of objects follows them.
	o := &Object{Class: Global{"m", "C"}}
	s, again := mustFrozenSet(t, Tuple{o}), mustFrozenSet(t, mustFrozenSet(t, Tuple{&Object{Class: Global{"m", "C"}, Built: true}}))
	outer := mustFrozenSet(t, s)
	if _, err := Hash(outer); err != nil {
		t.Fatal(err)
	}
	o.Built = true
	x, err := Hash(outer)
	y, err2 := Hash(again)
	if x != y || err != nil || err2 != nil {
		t.Errorf("%x, %v; %x, %v", x, err, y, err2)
	}
}
