//go:build linux

package arena

import (
	"testing"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// TestOffsets holds the layout of blocks, segments and the unit table.
func TestOffsets(t *testing.T) {
	for what, v := range map[string][2]uint64{
		"state":                {offState, 0},
		"kind":                 {offKind, 4},
		"serial":               {offSerial, 8},
		"size":                 {offSize, 16},
		"type":                 {offType, 24},
		"cells":                {offCells, 32},
		"next":                 {offNext, 56},
		"lock":                 {offLock, 64},
		"payload":              {headSize, offLock + robust.Size},
		"payload, small":       {headOf(1024), 96},
		"payload, large":       {headOf(1025), 128},
		"cells end":            {offCells + 8*inlineCells, offNext},
		"live":                 {stateLive, 1 << 31},
		"freeing":              {uint64(freeing(5)), 1<<30 | 5},
		"more cells":           {moreSize, 16 + 62*8},
		"cell: hold":           {hold(7), 1 | 7<<3},
		"cell: transit":        {transit(7, 9), 2 | 7<<3 | 9<<32},
		"cell: largest":        {transit(family.IdentMask, family.IdentMask), 2 | (1<<29-1)<<3 | (1<<29-1)<<32},
		"segment: magic":       {segMagic, 'M' | 'P'<<8 | 'G'<<16 | 'S'<<24},
		"segment: returned":    {segReturned, 8},
		"segment: sizes":       {segSizes, 16},
		"segment: header":      {segHeader, 4096},
		"first slab":           {slabStart(0), 4096},
		"second slab":          {slabStart(1), 64 << 10},
		"slabs":                {slabsPerUnit, 32},
		"unit: free":           {unitFree, 0},
		"unit: segment":        {uint64(head(unitSegment, 5, 1)), 5 | 1<<29 | 1<<32},
		"unit: large":          {uint64(head(unitLarge, 5, 7)), 5 | 2<<29 | 7<<32},
		"unit: continuation":   {uint64(continuation(3)), 3<<29 | 3<<32},
		"unit: claimed":        {uint64(head(unitClaimed, 5, 7)), 5 | 4<<29 | 7<<32},
		"unit table, one word": {family.Units * 8, 16 << 20},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %#x, want %#x", what, v[0], v[1])
		}
	}
	w := head(unitLarge, family.IdentMask, 1<<32-1)
	if w.owner() != family.IdentMask || w.kind() != unitLarge || w.count() != 1<<32-1 || !w.isHead() || continuation(9).isHead() || unitWord(0).isHead() {
		t.Errorf("%#x", w)
	}
}

// TestBlockBytes reads a block as the table in header_unsafe.go describes it.
func TestBlockBytes(t *testing.T) {
	p := players(t, 1)[0]
	h := p.must(p.create(Spec{Kind: 3, Size: 40, Type: 0x1122334455667788}))
	b, err := p.blockAt(h.Ref().Off)
	if err != nil {
		t.Fatal(err)
	}
	u32 := func(off uintptr) uint32 { return *(*uint32)(unsafe.Add(b.p, off)) }
	u64 := func(off uintptr) uint64 { return *(*uint64)(unsafe.Add(b.p, off)) }
	if u32(0) != 1<<31 || u32(4) != 3 || u64(8) != h.Ref().Serial || u64(8)>>serialBits != uint64(p.f.Self()) || u64(16) != 40 || u64(24) != 0x1122334455667788 ||
		u64(32) != hold(p.f.Self()) || u64(40) != 0 || u64(48) != 0 || u64(56) != 0 || u32(64) != 0 {
		t.Errorf("header % x", unsafe.Slice((*byte)(b.p), 96))
	}
	if h.Payload() != unsafe.Add(b.p, 96) || unsafe.Pointer(h.Lock().Word()) != unsafe.Add(b.p, 64) {
		t.Error("payload or lock at another place")
	}
	big := p.mustMake(5000)
	if uintptr(big.Payload())%64 != 0 {
		t.Errorf("a large payload is at %#x", big.Payload())
	}
	for n := range uint64(300) {
		if at := uintptr(p.mustMake(n).Payload()); at%16 != 0 {
			t.Errorf("a payload of %d bytes is at %#x", n, at)
		}
	}
}

func TestClasses(t *testing.T) {
	if classSizes[0] != headSize+16 || classSizes[len(classSizes)-1] != maxSmall {
		t.Error("the ends of the classes")
	}
	for i, size := range classSizes {
		if size%16 != 0 || i > 0 && size <= classSizes[i-1] || size > slabSize-segHeader {
			t.Errorf("class %d has %d bytes", i, size)
		}
		if slabBlocks(1, size) > maxBlocks || slabBlocks(0, size) < 1 {
			t.Errorf("%d blocks of %d bytes", slabBlocks(1, size), size)
		}
	}
	for n := uint64(1); n <= maxSmall; n++ {
		c := classOf(n)
		if classSizes[c] < n || c > 0 && classSizes[c-1] >= n {
			t.Fatalf("%d bytes go to the class of %d", n, classSizes[c])
		}
		if n > 256 && classSizes[c]*4 > n*5+256 {
			t.Fatalf("%d bytes take %d", n, classSizes[c])
		}
	}
}
