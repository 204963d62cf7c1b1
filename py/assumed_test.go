package py

import (
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// tangle is a few Objects and lists that refer to one another as they like, and sets of some of them.
func tangle(t *rapid.T, n int) []Value {
	nodes := make([]Value, n)
	for i := range nodes {
		if rapid.IntRange(0, 2).Draw(t, "kind") == 0 {
			nodes[i] = NewList()
		} else {
			nodes[i] = instanceOf(nil)
		}
	}
	for _, v := range nodes {
		var parts []Value
		for range rapid.IntRange(0, 2).Draw(t, "parts") {
			if at := rapid.IntRange(-2, n-1).Draw(t, "part"); at < 0 {
				parts = append(parts, int64(at))
			} else {
				parts = append(parts, nodes[at])
			}
		}
		switch v := v.(type) {
		case *List:
			v.Items = parts
		case *Object:
			v.State = Value(NewList(parts...))
			if rapid.Bool().Draw(t, "set") {
				s := &Set{}
				for _, p := range parts {
					if o, ok := p.(*Object); ok {
						if err := s.Restore(o); err != nil {
							t.Fatal(err)
						}
					}
				}
				v.State = s
			}
		}
	}
	for _, v := range nodes {
		if o, ok := v.(*Object); ok {
			if s, ok := o.State.(*Set); ok {
				hashAgain(t, s)
			}
		}
	}
	return nodes
}

// hashAgain is for a set whose elements have got other parts since.
func hashAgain(t *rapid.T, s *Set) {
	if s.t.slots() == nil {
		return
	}
	clear(s.t.side.slots)
	s.t.side.used = 0
	for i, e := range s.t.entries {
		var w walker
		hash, err := w.hash(e.key)
		if err != nil {
			t.Fatal(err)
		}
		s.t.side.enter(newSlot(hash, i))
	}
}

// sameTangles has, for all pairs of nodes of lists, Objects and sets, whether they are equal, as the largest relation that contradicts itself nowhere. It is slow, and plain.
func sameTangles(nodes []Value) func(a, b Value) bool {
	all := map[Value]bool{}
	var add func(v Value)
	parts := func(v Value) []Value {
		switch v := v.(type) {
		case *List:
			return v.Items
		case *Set:
			var items []Value
			for i := range v.All() {
				items = append(items, i)
			}
			return items
		case *Object:
			return []Value{v.State}
		}
		return nil
	}
	add = func(v Value) {
		if all[v] {
			return
		}
		all[v] = true
		for _, p := range parts(v) {
			add(p)
		}
	}
	for _, v := range nodes {
		add(v)
	}
	unequal := map[[2]Value]bool{}
	// Equal sets have each what the other has.
	var within func(a, b Value, reversed bool) bool
	within = func(a, b Value, reversed bool) bool {
		x, y := parts(a), parts(b)
		if a == b {
			return true
		}
		if TypeName(a) != TypeName(b) || len(x) != len(y) || a != b && TypeName(a) == "int" {
			return false
		}
		_, unordered := a.(*Set)
		for i, p := range x {
			found := false
			for j, q := range y {
				found = found || (unordered || i == j) && !unequal[[2]Value{p, q}] && !unequal[[2]Value{q, p}]
			}
			if !found {
				return false
			}
		}
		return !unordered || reversed || within(b, a, true)
	}
	consistent := func(a, b Value) bool { return within(a, b, false) }
	for changed := true; changed; {
		changed = false
		for a := range all {
			for b := range all {
				if pair := [2]Value{a, b}; !unequal[pair] && !consistent(a, b) {
					unequal[pair], changed = true, true
				}
			}
		}
	}
	return func(a, b Value) bool { return !unequal[[2]Value{a, b}] }
}

// TestEqualTangles compares in one walk each pair with what it should be, from where the walk begins to remember.
func TestEqualTangles(t *testing.T) {
	compared, equals := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		nodes := tangle(t, rapid.IntRange(1, 6).Draw(t, "nodes"))
		want := sameTangles(nodes)
		w := walker{work: freeWork + 1}
		for _, a := range nodes {
			for _, b := range nodes {
				equal, err := w.equal(a, b)
				if err != nil {
					return // a list in itself
				}
				compared++
				if a != b && equal {
					equals++
				}
				if equal != want(a, b) {
					ra, _ := Repr(a)
					rb, _ := Repr(b)
					t.Fatalf("%s == %s: %v", ra, rb, equal)
				}
			}
		}
	})
	if equals == 0 {
		t.Errorf("of %d pairs none was equal", compared)
	}
	t.Logf("%d pairs, of which %d were equal", compared, equals)
}

// copiedTangle is a few Objects and lists that refer to one another, each of them several times: mostly with equal parts, so that much is found equal on the way to what is not.
func copiedTangle(t *rapid.T, n int) []Value {
	copies := rapid.IntRange(2, 3).Draw(t, "copies")
	nodes := make([]Value, n*copies)
	for i := range nodes {
		if i%n == 0 {
			nodes[i] = NewList()
		} else {
			nodes[i] = instanceOf(nil)
		}
	}
	for i := range n {
		targets := rapid.SliceOfN(rapid.IntRange(-1, n-1), 1, 3).Draw(t, "targets")
		for c := range copies {
			large := NewDict() // of which the walk remembers that it is equal
			for range 2 * freePart {
				large.SetStr(strconv.Itoa(large.Len()), NewList())
			}
			parts := []Value{large}
			for _, to := range targets {
				if to >= 0 && rapid.IntRange(0, 11).Draw(t, "odd") > 0 {
					parts = append(parts, nodes[rapid.IntRange(0, copies-1).Draw(t, "copy")*n+to])
				} else {
					parts = append(parts, int64(min(to, 0)))
				}
			}
			switch v := nodes[c*n+i].(type) {
			case *List:
				v.Items = parts
			case *Object:
				v.State = NewList(parts...)
			}
		}
	}
	return nodes
}

func TestEqualCopiedTangles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := copiedTangle(t, rapid.IntRange(1, 5).Draw(t, "nodes"))
		want := sameTangles(nodes)
		w := walker{work: freeWork + 1}
		for _, a := range nodes {
			for _, b := range nodes {
				equal, err := w.equal(a, b)
				if err != nil {
					return // a list in itself
				}
				if equal != want(a, b) {
					ra, _ := Repr(a)
					rb, _ := Repr(b)
					t.Fatalf("%s == %s: %v", ra, rb, equal)
				}
			}
		}
	})
}

// What is remembered of a part that is in an Object says nothing of the same part elsewhere, since more types are alike there.
func TestEqualInsideAndOutside(t *testing.T) {
	d, ordered := NewDict(), &OrderedDict{}
	d.SetStr("a", int64(1))
	if err := ordered.Set("a", int64(1)); err != nil {
		t.Fatal(err)
	}
	var sides [2]*List
	for i, v := range []Value{d, ordered} {
		sides[i] = NewList()
		for range 2 * freePart {
			sides[i].Append(NewList())
		}
		sides[i].Append(v)
	}
	for _, outsideFirst := range []bool{true, false} {
		w := walker{work: freeWork + 1}
		for i := range 2 {
			a, b, want := Value(sides[0]), Value(sides[1]), true
			if (i == 0) != outsideFirst {
				a, b, want = instanceOf(a), instanceOf(b), false
			}
			if equal, err := w.equal(a, b); equal != want || err != nil {
				t.Errorf("outside first %v, comparison %d: %v, %v", outsideFirst, i, equal, err)
			}
		}
	}
}

// What was found equal without any assumption is not forgotten with one, or a part that many have would be compared for each of them.
func TestEqualPartsOfUnequalObjects(t *testing.T) {
	const n = 3000
	sides := [2]*List{NewList(), NewList()}
	for i, side := range sides {
		var large [2]*List
		for j := range large {
			large[j] = NewList()
			for range n {
				large[j].Append(NewList())
			}
		}
		for range n {
			s := &Set{}
			for j := range 2 {
				j ^= i
				if err := s.Restore(instanceOf(NewList(large[j], new(big.Int).Lsh(big.NewInt(1), 9000+uint(j))))); err != nil { // no hash looks at that
					t.Fatal(err)
				}
			}
			side.Append(s)
		}
	}
	var w walker
	if equal, err := w.equal(sides[0], sides[1]); !equal || err != nil || w.work > 50*n {
		t.Errorf("%v, %v, after entering %d containers", equal, err, w.work)
	}
}

// What was found equal because of an assumption is not, when that turns out to be wrong.
func TestEqualPartsThatLeadBack(t *testing.T) {
	var objects [2]*Object
	var parts [2]*List
	for i := range objects {
		objects[i] = instanceOf(nil)
		parts[i] = NewList(objects[i])
		for range 2 * freePart {
			parts[i].Append(NewList())
		}
		objects[i].State = NewList(parts[i], int64(i))
	}
	w := walker{work: freeWork + 1}
	for _, pair := range [][2]Value{{objects[0], objects[1]}, {instanceOf(parts[0]), instanceOf(parts[1])}, {parts[0], parts[1]}} {
		if equal, err := w.equal(pair[0], pair[1]); equal || err != nil {
			t.Errorf("%T: %v, %v", pair[0], equal, err)
		}
	}
}
