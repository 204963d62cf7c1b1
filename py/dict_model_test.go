package py

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// check returns an error if one of the table's invariants does not hold. stable tells that all keys have the hashes with which they were entered.
func (t *table[V]) check(stable bool) error {
	if t.side == nil {
		if len(t.entries) > fewKeys {
			return fmt.Errorf("%d entries without an index", len(t.entries))
		}
		return nil
	}
	dead, slots, used, deadSlots := 0, map[int]int{}, 0, 0
	for at, s := range t.side.slots {
		if s != 0 {
			used++
		}
		if s == deadSlot {
			deadSlots++
		} else if s != 0 {
			if other, twice := slots[s.entry()]; twice {
				return fmt.Errorf("slots %d and %d have the same entry %d", other, at, s.entry())
			}
			slots[s.entry()] = at
		}
	}
	for i, e := range t.entries {
		at, indexed := slots[i]
		switch {
		case isDead(e.key):
			dead++
			if indexed {
				return fmt.Errorf("the dead entry %d has a slot", i)
			}
		case i < t.side.head:
			return fmt.Errorf("entry %d is alive, before the head %d", i, t.side.head)
		case t.side.slots == nil && !isPlain(e.key):
			return fmt.Errorf("%v is not plain, and there is no index", e.key)
		case t.side.slots != nil && !indexed:
			return fmt.Errorf("entry %d has no slot", i)
		case t.side.slots != nil && stable:
			var w walker
			if p, err := t.find(e.key, &w); err != nil || p.entry != i || p.slot != at {
				return fmt.Errorf("entry %d, %v, is found in %v: %v", i, e.key, p, err)
			}
		}
	}
	if dead != t.side.dead || used != t.side.used || len(slots)+deadSlots != used || used > len(t.side.slots)/4*3 {
		return fmt.Errorf("%d of %d entries are dead, not %d; %d of %d slots are used, %d dead, not %d", dead, len(t.entries), t.side.dead, used, len(t.side.slots), deadSlots, t.side.used)
	}
	return nil
}

// model is a dict as a list of pairs.
type model []Pair

func (m model) find(t *rapid.T, key Value) int {
	for i, p := range m {
		equal, err := Equal(p.Key, key)
		if err != nil {
			t.Fatal(err)
		}
		if equal {
			return i
		}
	}
	return -1
}

// modelKeys has keys of all types, with others that are equal to them.
func modelKeys() *rapid.Generator[Value] {
	small := rapid.IntRange(-3, 40)
	return rapid.Custom(func(t *rapid.T) Value {
		n := small.Draw(t, "n")
		switch rapid.IntRange(0, 12).Draw(t, "kind") {
		case 0, 1:
			return int64(n)
		case 2:
			return float64(n)
		case 3:
			return n > 0
		case 4, 5:
			return fmt.Sprint(n)
		case 6:
			return Str2(fmt.Sprint(n))
		case 7:
			return Bytes(fmt.Sprint(n))
		case 8:
			d, err := ParseDecimal(fmt.Sprint(n, ".0"))
			if err != nil {
				d = &Decimal{}
			}
			return d
		case 9:
			return Tuple{int64(n % 4), Tuple{"x"}}
		case 10:
			s, err := NewFrozenSet(int64(n%4), float64(n%3))
			if err != nil {
				t.Fatal(err)
			}
			return s
		case 11:
			return &Object{Class: Global{"m", "C"}, Args: Tuple{int64(n % 5)}}
		default:
			return nil
		}
	})
}

// TestDictAgainstModel does the same to a Dict and to a list of pairs.
func TestDictAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, m := &Dict{}, model(nil)
		key := modelKeys()
		n := int64(0)
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if err := d.t.check(true); err != nil {
					t.Fatal(err)
				}
				if d.Len() != len(m) {
					t.Fatalf("%d keys, want %d", d.Len(), len(m))
				}
				i := 0
				for k, v := range d.All() {
					if equal, err := Equal(k, m[i].Key); !equal || err != nil || TypeName(k) != TypeName(m[i].Key) || v != m[i].Value {
						t.Fatalf("item %d is %v: %v, want %v", i, k, v, m[i])
					}
					i++
				}
				if i != len(m) {
					t.Fatalf("%d items, want %d", i, len(m))
				}
			},
			"set": func(t *rapid.T) {
				k := key.Draw(t, "key")
				n++
				if err := d.Set(k, n); err != nil {
					t.Fatal(err)
				}
				if i := m.find(t, k); i >= 0 {
					m[i].Value = n
				} else {
					m = append(m, Pair{k, n})
				}
			},
			"set many": func(t *rapid.T) {
				for i := range rapid.IntRange(0, 30).Draw(t, "many") {
					k := fmt.Sprint("many", i)
					n++
					d.SetStr(k, n)
					if i := m.find(t, k); i >= 0 {
						m[i].Value = n
					} else {
						m = append(m, Pair{k, n})
					}
				}
			},
			"get": func(t *rapid.T) {
				k := key.Draw(t, "key")
				v, found, err := d.Get(k)
				i := m.find(t, k)
				if err != nil || found != (i >= 0) || found && v != m[i].Value {
					t.Fatalf("Get(%v): %v, %v, %v; want item %d", k, v, found, err, i)
				}
				if s, ok := k.(string); ok {
					if v2, found2 := d.GetStr(s); v2 != v || found2 != found {
						t.Fatalf("GetStr(%q): %v, %v", s, v2, found2)
					}
				}
			},
			"delete": func(t *rapid.T) {
				k := key.Draw(t, "key")
				v, found, err := d.Delete(k)
				i := m.find(t, k)
				if err != nil || found != (i >= 0) || found && v != m[i].Value {
					t.Fatalf("Delete(%v): %v, %v, %v; want item %d", k, v, found, err, i)
				}
				if found {
					m = slices.Delete(m, i, i+1)
				}
			},
			"delete many": func(t *rapid.T) {
				for _, p := range slices.Clone(m) {
					if rapid.IntRange(0, 3).Draw(t, "keep") > 0 {
						if _, found, err := d.Delete(p.Key); !found || err != nil {
							t.Fatalf("Delete(%v): %v, %v", p.Key, found, err)
						}
						m = slices.DeleteFunc(m, func(q Pair) bool { return p.Value == q.Value })
					}
				}
			},
			"pop": func(t *rapid.T) {
				pop, at := d.PopLast, len(m)-1
				if rapid.Bool().Draw(t, "first") {
					pop, at = d.PopFirst, 0
				}
				k, v, ok := pop()
				if ok != (len(m) > 0) || ok && (v != m[at].Value || m.find(t, k) != at) {
					t.Fatalf("pop: %v, %v, %v; want item %d of %v", k, v, ok, at, m)
				}
				if ok {
					m = slices.Delete(m, at, at+1)
				}
			},
			"reserve": func(t *rapid.T) {
				n := rapid.IntRange(-1, 100).Draw(t, "n")
				d.Reserve(n)
				at := cap(d.t.entries)
				slots := len(d.t.slots())
				for i := range n {
					k := Tuple{"new", int64(i)}
					if err := d.Set(k, nil); err != nil {
						t.Fatal(err)
					}
				}
				if cap(d.t.entries) != at || slots > 0 && len(d.t.slots()) != slots {
					t.Fatalf("setting %d keys has moved the table, from room for %d and %d to %d and %d", n, at, slots, cap(d.t.entries), len(d.t.slots()))
				}
				for i := range n {
					if _, found, err := d.Delete(Tuple{"new", int64(i)}); !found || err != nil {
						t.Fatal(found, err)
					}
				}
			},
			"copy": func(t *rapid.T) {
				old := d
				d = old.Copy()
				if err := old.Set("only in the old one", nil); err != nil {
					t.Fatal(err)
				}
			},
			"clear": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "clear") == 0 {
					d.Clear()
					m = nil
				}
			},
		})
	})
}
