package arena

import (
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// A segment is one unit with 32 slabs of 64 KiB; each slab has blocks of one size. The first 4 KiB of the first slab are the segment's header:
//
//	0    u32      magic
//	8    u64      offset of the last block that another process returned; 0: none
//	16   [32]u32  block size of each slab in bytes; 0: not in use
const (
	segMagic    = 0x5347504d // "MPGS"
	segReturned = 8
	segSizes    = 16
	segHeader   = 4096

	slabSize     = 64 << 10
	slabsPerUnit = family.UnitSize / slabSize
)

// classSizes are the block sizes. A lock and its 16 bytes of payload take 112.
var classSizes = [...]uint64{112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048,
	2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192, 10240, 12288, 14336, 16384, 20480, 24576, 28672, 32768}

const maxSmall = 32768

func classOf(n uint64) int {
	lo, hi := 0, len(classSizes)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if classSizes[mid] < n {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// slabStart is where the first block of a slab is in its unit.
func slabStart(i uint64) uint64 {
	if i == 0 {
		return segHeader
	}
	return i * slabSize
}

func slabBlocks(i, size uint64) int { return int(((i+1)*slabSize - slabStart(i)) / size) }

// slabAt reads the block size of the slab at a place in a unit, and whether a whole block can be there.
func slabAt(unit []byte, in uint64) (size uint64, ok bool) {
	i := in / slabSize
	size = uint64(atomic.LoadUint32(word32(unit, segSizes+4*i)))
	if atomic.LoadUint32(word32(unit, 0)) != segMagic || size == 0 || size > maxSmall || classSizes[classOf(size)] != size {
		return 0, false
	}
	return size, in >= slabStart(i) && in+size <= (i+1)*slabSize
}

// segment is what the owner knows of a unit with slabs; nobody else needs to.
type segment struct {
	unit  uint64
	mem   []byte // the unit in its window
	slabs [slabsPerUnit]*slab
	inUse int
}

type slab struct {
	seg   *segment
	index uint64
	class int
	total int
	fresh int      // blocks from here on were never used
	freed []uint16 // used again in the order in which they were freed
	used  int
	taken [maxBlocks/64 + 1]uint64 // the used ones: whatever a peer makes of a block's bytes, it is freed once
}

// maxBlocks is more than a slab of the smallest class has.
const maxBlocks = slabSize / 112

func (s *slab) size() uint64 { return classSizes[s.class] }
func (s *slab) full() bool   { return s.fresh == s.total && len(s.freed) == 0 }

func (s *slab) block(i int) block {
	in := slabStart(s.index) + uint64(i)*s.size()
	return at(s.seg.mem, in, s.seg.unit*family.UnitSize+in)
}

// allocSmall takes a block with at least n bytes, zeroed, state 0.
func (a *Arena) allocSmall(n uint64) (block, error) {
	class := classOf(n)
	if len(a.classes[class]) == 0 {
		a.takeReturned()
	}
	if len(a.classes[class]) == 0 {
		s, err := a.newSlab(class)
		if err != nil {
			return block{}, err
		}
		a.classes[class] = append(a.classes[class], s)
	}
	list := a.classes[class]
	s := list[len(list)-1]
	i := s.fresh
	if i < s.total {
		s.fresh++
	} else {
		i = int(s.freed[0])
		s.freed = s.freed[1:]
	}
	s.used++
	s.taken[i/64] |= 1 << (i % 64)
	if s.full() { // the list has each slab with room, once
		a.classes[class] = list[:len(list)-1]
	}
	return s.block(i), nil
}

// newSlab opens a slab, in a new segment if need be.
func (a *Arena) newSlab(class int) (*slab, error) {
	var seg *segment
	for _, s := range a.segments {
		if s.inUse < slabsPerUnit {
			seg = s
			break
		}
	}
	if seg == nil {
		var err error
		if seg, err = a.newSegment(); err != nil {
			return nil, err
		}
	}
	i := uint64(0)
	for seg.slabs[i] != nil {
		i++
	}
	if i > 0 { // the first slab came with the header
		if err := a.reserve(seg.unit*family.UnitSize+i*slabSize, slabSize); err != nil {
			a.dropSegmentIfEmpty(seg)
			return nil, err
		}
	}
	s := &slab{seg: seg, index: i, class: class, total: slabBlocks(i, classSizes[class])}
	seg.slabs[i] = s
	seg.inUse++
	atomic.StoreUint32(word32(seg.mem, segSizes+4*i), uint32(s.size()))
	killpoint.Here("arena.slab-opened")
	return s, nil
}

func (a *Arena) newSegment() (*segment, error) {
	u, err := a.claim(1)
	if err != nil {
		return nil, err
	}
	if err := a.reserve(u*family.UnitSize, slabSize); err != nil {
		a.unclaim(u, 1)
		return nil, err
	}
	seg, err := a.mapSegment(u)
	if err != nil {
		a.discard(u*family.UnitSize, slabSize)
		a.unclaim(u, 1)
		return nil, err
	}
	atomic.StoreUint32(word32(seg.mem, 0), segMagic)
	killpoint.Here("arena.segment-made")
	a.setKind(u, unitSegment)
	a.segments[u] = seg
	return seg, nil
}

func (a *Arena) mapSegment(u uint64) (*segment, error) {
	w, err := a.window(u * family.UnitSize)
	if err != nil {
		return nil, err
	}
	base := u * family.UnitSize % windowSize
	return &segment{unit: u, mem: w[base : base+family.UnitSize : base+family.UnitSize]}, nil
}

// freeSmall takes back a block of an own segment.
func (a *Arena) freeSmall(seg *segment, b block) {
	in := b.off % family.UnitSize
	s := seg.slabs[in/slabSize]
	if s == nil || in < slabStart(s.index) || (in-slabStart(s.index))%s.size() != 0 {
		return // a link that a peer made up
	}
	i := int((in - slabStart(s.index)) / s.size())
	if i >= s.total || s.taken[i/64]&(1<<(i%64)) == 0 {
		return // it is free already: a peer scribbled
	}
	s.taken[i/64] &^= 1 << (i % 64)
	if quarantine {
		b.setState(0)
		b.fill(s.size(), 0xdb)
		if a.graves = append(a.graves, grave{s, i}); len(a.graves) <= maxGraves {
			return
		}
		s, i = a.graves[0].s, a.graves[0].i
		a.graves = a.graves[1:]
	}
	wasFull := s.full()
	s.block(i).wipe(s.size())
	killpoint.Here("arena.block-freed")
	s.freed = append(s.freed, uint16(i))
	s.used--
	if wasFull {
		a.classes[s.class] = append(a.classes[s.class], s)
	}
	if s.used == 0 && len(a.classes[s.class]) > 1 { // one empty slab of each class stays, or a loop would open and close it all the time
		a.closeSlab(s)
	}
}

// grave is a freed block in quarantine. It counts as used, so its slab stays.
type grave struct {
	s *slab
	i int
}

// maxGraves is how many freed small blocks the quarantine keeps.
const maxGraves = 1 << 16

// closeSlab gives an empty slab's memory back.
func (a *Arena) closeSlab(s *slab) {
	list := a.classes[s.class]
	for i, other := range list {
		if other == s {
			a.classes[s.class] = append(list[:i], list[i+1:]...)
			break
		}
	}
	atomic.StoreUint32(word32(s.seg.mem, segSizes+4*s.index), 0)
	s.seg.slabs[s.index] = nil
	s.seg.inUse--
	if s.index > 0 {
		a.discard(s.seg.unit*family.UnitSize+s.index*slabSize, slabSize)
	}
	a.dropSegmentIfEmpty(s.seg)
}

func (a *Arena) dropSegmentIfEmpty(seg *segment) {
	if seg.inUse > 0 || a.segments[seg.unit] != seg {
		return
	}
	delete(a.segments, seg.unit)
	a.setKind(seg.unit, unitClaimed)
	a.discard(seg.unit*family.UnitSize, family.UnitSize)
	a.unclaim(seg.unit, 1)
}

func (a *Arena) discard(off, n uint64) { _ = sys.Discard(a.f.FD(), int64(off), int64(n)) }
