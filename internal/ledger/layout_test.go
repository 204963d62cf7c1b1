//go:build linux

package ledger

import (
	"testing"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/family"
)

// TestOffsets holds the layout of the area, of a row and of the spill object.
func TestOffsets(t *testing.T) {
	for what, v := range map[string][2]uint64{
		"spill's offset":       {offSpill, 0},
		"spill's serial":       {offSerial, 8},
		"rows":                 {offRows, 16},
		"area":                 {Size, 16 + 14*16},
		"row":                  {rowSize, 16},
		"row: word":            {offWord, 0},
		"row: extra":           {offExtra, 8},
		"ident":                {IdentShift, 35},
		"counts":               {Counts, 1<<35 - 1},
		"word":                 {Word(5, 9), 5<<35 | 9},
		"word: largest":        {Word(family.IdentMask, ^uint64(0)), ^uint64(0)},
		"owner":                {uint64(OwnerOf(Word(family.IdentMask, 0))), family.IdentMask},
		"spill: used":          {offSpillUsed, 0},
		"spill: rows":          {offSpillRows, 16},
		"spill: size":          {spillSize, 16 + 4096*16},
		"item of unit 5":       {uint64(itemOf(5*family.UnitSize + 3)), 5},
		"rows for all, surely": {spillRows, 4096},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %#x, want %#x", what, v[0], v[1])
		}
	}
}

// TestRowBytes reads a row as doc.go describes it.
func TestRowBytes(t *testing.T) {
	h := newObject(t)
	tab := view(t, h)
	claim(t, h, player(t, h))
	r := claim(t, h, tab)
	setCounts(r, tab.me, 0x1_2345_6789)
	*r.Extra() = 0xabcdef
	words := unsafe.Slice((*uint64)(unsafe.Add(h.Payload(), testAt)), Size/8)
	if words[4] != uint64(tab.me)<<35|0x1_2345_6789 || words[5] != 0xabcdef {
		t.Errorf("%#x", words[:8])
	}
	if *r.Low() != uint32(words[4]) {
		t.Errorf("low half %#x", *r.Low())
	}
	*r.Extra() = 0
	*r.Word() = Word(tab.me, 0)

	_, _ = spillOver(t, h, 1)
	if words[0] == 0 || words[1] == 0 {
		t.Errorf("no reference to the spill object: %#x", words[:2])
	}
	if err := tab.Attach(); err != nil {
		t.Fatal(err)
	}
	s := unsafe.Slice((*uint64)(tab.spill.Load().p), spillSize/8)
	if s[0] == 0 || s[2] == 0 || s[2]&Counts != 1 || s[3] != 0 {
		t.Errorf("%#x", s[:6])
	}
}
