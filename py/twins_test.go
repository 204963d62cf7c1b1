package py

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// soon fails the test if f takes much longer than the work in it can, and does not wait for its end.
func soon(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it has taken a minute")
	}
}

func instanceOf(state Value) *Object {
	return &Object{Form: Made, Class: Global{"m", "C"}, Args: Tuple{}, Built: true, State: state}
}

// ring is n objects that nothing but their identities tells apart.
func ring(n int) []*Object {
	objects := make([]*Object, n)
	for i := range objects {
		objects[i] = instanceOf(nil)
	}
	for i, o := range objects {
		next := NewDict()
		next.SetStr("next", objects[(i+1)%n])
		o.State = next
	}
	return objects
}

func TestRestoreOfARing(t *testing.T) {
	soon(t, func() {
		objects := ring(20_000)
		s := &Set{}
		for _, o := range objects {
			if err := s.Restore(o); err != nil {
				t.Error(err)
				return
			}
		}
		if s.Len() != len(objects) {
			t.Errorf("%d elements of %d", s.Len(), len(objects))
		}
	})
}

// The hash of an Object does not look at all of its parts.
func TestRestoreOfObjectsWithOneHash(t *testing.T) {
	for name, object := range map[string]func(i int) *Object{
		"keywords": func(i int) *Object {
			kwargs := NewDict()
			kwargs.SetStr("x", int64(i))
			return &Object{Form: MadeWith, Class: Global{"m", "C"}, Args: Tuple{}, Kwargs: kwargs}
		},
		"deep": func(i int) *Object {
			var state Value = int64(i)
			for range 20 {
				state = NewList(state, nil)
			}
			return instanceOf(state)
		},
		"array": func(i int) *Object {
			a, _ := NewArray('q', NewList(int64(i)))
			return instanceOf(a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			soon(t, func() {
				d := NewDict()
				var keys []Value
				for i := range 50_000 {
					keys = append(keys, object(i))
					if err := d.Restore(keys[i], int64(i)); err != nil {
						t.Error(err)
						return
					}
				}
				for i, k := range keys {
					if v, ok, err := d.Get(k); v != int64(i) || !ok || err != nil {
						t.Errorf("key %d: %v, %v, %v", i, v, ok, err)
						return
					}
				}
				for d.Len() > 0 {
					d.PopLast()
				}
			})
		})
	}
}

// families are at each level four sets, or objects of them, made of two of the level below, no two of which are equal; all of one level have one hash.
func families(levels int, leaf func(i int) Value, of func(*FrozenSet) Value) (f [4]Value) {
	for i := range f {
		f[i] = leaf(i)
	}
	for range levels {
		pair := func(i, j int) Value {
			s := &Set{}
			for _, v := range []Value{f[i], f[j]} {
				if err := s.Restore(v); err != nil {
					panic(err)
				}
			}
			return of(s.Freeze())
		}
		f = [4]Value{pair(0, 1), pair(2, 3), pair(0, 2), pair(1, 3)}
	}
	return f
}

func TestUnequalSetsOfObjects(t *testing.T) {
	deep := func(i int) Value {
		var state Value = int64(i)
		for range 20 {
			state = NewList(state, nil)
		}
		return instanceOf(state)
	}
	for name, of := range map[string]func(*FrozenSet) Value{
		"objects": func(s *FrozenSet) Value { return instanceOf(s) },
		"sets":    func(s *FrozenSet) Value { return s },
	} {
		t.Run(name, func(t *testing.T) {
			soon(t, func() {
				f := families(60, deep, of)
				for i := range f {
					for j := range f {
						if equal, err := Equal(f[i], f[j]); equal != (i == j) || err != nil {
							t.Errorf("%d == %d: %v, %v", i, j, equal, err)
						}
					}
				}
			})
		})
	}
}

// Of keys that seem to be equal each has its own value.
func TestTwinsAreFoundByIdentity(t *testing.T) {
	for _, n := range []int{2, 100} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			d := NewDict()
			var keys []Value
			for i := range n {
				keys = append(keys, Tuple{instanceOf("x"), "y"})
				if err := d.Restore(keys[i], int64(i)); err != nil {
					t.Fatal(err)
				}
			}
			for _, d := range []*Dict{d, d.Copy()} {
				for i, k := range keys {
					if v, ok, err := d.Get(k); v != int64(i) || !ok || err != nil {
						t.Fatalf("key %d has the value %v, %v, %v", i, v, ok, err)
					}
				}
			}
			if equal, err := Equal(d, d.Copy()); !equal || err != nil {
				t.Errorf("a dict does not equal its copy: %v", err)
			}
			// Any other that equals them finds the first.
			if v, ok, err := d.Get(Tuple{instanceOf("x"), "y"}); v != int64(0) || !ok || err != nil {
				t.Errorf("%v, %v, %v", v, ok, err)
			}
			// What comes again is no further key.
			for i, k := range keys {
				if err := d.Restore(k, int64(i+1)); err != nil {
					t.Fatal(err)
				}
			}
			if d.Len() != n {
				t.Errorf("%d keys of %d", d.Len(), n)
			}
			for i, k := range keys {
				if v, ok, err := d.Delete(k); v != int64(i+1) || !ok || err != nil {
					t.Fatalf("deleting key %d: %v, %v, %v", i, v, ok, err)
				}
			}
		})
	}
}

// Each object of one set equals each of the other, which is found out once for all of them.
func TestEqualRings(t *testing.T) {
	soon(t, func() {
		sets := [2]*Set{{}, {}}
		for _, s := range sets {
			for _, o := range ring(3_000) {
				if err := s.Restore(o); err != nil {
					t.Error(err)
					return
				}
			}
		}
		if equal, err := Equal(sets[0], sets[1]); !equal || err != nil {
			t.Error(equal, err)
		}
	})
}

// TestClasses compares with sets that are made anew for each question.
func TestClasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects := ring(12)
		var w walker
		type state struct {
			since int
			of    [12]int
		}
		now := state{}
		for i := range now.of {
			now.of[i] = i
		}
		var before []state
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			i, j := rapid.IntRange(0, 11).Draw(t, "i"), rapid.IntRange(0, 11).Draw(t, "j")
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				w.unite(objects[i], objects[j])
				from, to := now.of[i], now.of[j]
				for k := range now.of {
					if now.of[k] == from {
						now.of[k] = to
					}
				}
			case 2:
				now.since = len(w.log)
				before = append(before, now)
			case 3:
				if len(before) > 0 {
					now, before = before[len(before)-1], before[:len(before)-1]
					w.forget(now.since)
				}
			}
			for i := range now.of {
				for j := range now.of {
					want := now.of[i] == now.of[j]
					if got, _ := w.united(objects[i], objects[j]); got != want && (i != j || len(w.nodes) > 0) {
						t.Fatalf("%d and %d: %v, not %v", i, j, got, want)
					}
				}
			}
		}
	})
}

// The types count inside of an Object.
func TestObjectsOfOtherTypes(t *testing.T) {
	d, ordered := NewDict(), &OrderedDict{}
	d.SetStr("a", int64(1))
	if err := ordered.Set("a", int64(1)); err != nil {
		t.Fatal(err)
	}
	bytes, _ := NewArray('B', Bytes("ab"))
	for _, pair := range [][2]Value{{d, ordered}, {bytes, &ByteArray{B: []byte("ab")}}} {
		for _, pair := range [][2]Value{pair, {pair[1], pair[0]}} {
			if equal, err := Equal(pair[0], pair[1]); !equal || err != nil {
				t.Errorf("%s == %s: %v, %v", TypeName(pair[0]), TypeName(pair[1]), equal, err)
			}
			if equal, err := Equal(instanceOf(pair[0]), instanceOf(pair[1])); equal || err != nil {
				t.Errorf("objects of %s and %s: %v, %v", TypeName(pair[0]), TypeName(pair[1]), equal, err)
			}
		}
	}
}
