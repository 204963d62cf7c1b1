package pickle

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIdentTable compares an identTable with a map, over several encodings.
func TestIdentTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table identTable
		for range rapid.IntRange(1, 5).Draw(t, "encodings") {
			table.reset()
			model := map[ident]int32{}
			n := rapid.SampledFrom([]int{0, 3, 8, 9, 31, 32, 33, 500, 3000}).Draw(t, "adds")
			step := rapid.SampledFrom([]uintptr{1, 8, 16, 48, 4096, 1 << 20}).Draw(t, "step")
			for i := range n {
				id := ident{at: 0xc0000000 + uintptr(i%1000)*step, what: uint64(i / 1000)}
				if i%7 == 6 {
					id.at -= step // one again
				}
				e, added := table.add(id)
				if _, known := model[id]; known == added {
					t.Fatalf("add of %v says %v", id, added)
				}
				if added {
					e.number = int32(i)
					model[id] = int32(i)
				}
			}
			for id, want := range model {
				if e := table.get(id); e == nil || e.number != want {
					t.Fatalf("%v has %v, not %d", id, e, want)
				}
			}
			if e := table.get(ident{at: 1}); e != nil {
				t.Fatalf("an ident that was not added has %v", e)
			}
			if len(table.entries) != len(model) {
				t.Fatalf("%d entries, not %d", len(table.entries), len(model))
			}
		}
	})
}

// TestIdentTableAges: cells of an earlier encoding are not taken for those of this one when the generations begin again.
func TestIdentTableAges(t *testing.T) {
	var table identTable
	early := ident{at: 16}
	for i := range 1<<16 + 10 {
		table.reset()
		for n := range uintptr(fewEntries + 1) { // from here on there is an index
			table.add(ident{at: 1 << 20, what: uint64(n)})
		}
		if e := table.get(early); e != nil {
			t.Fatalf("encoding %d begins with %v", i, e)
		}
		if i == 0 { // no later one writes to this cell
			table.add(early)
		}
	}
}
