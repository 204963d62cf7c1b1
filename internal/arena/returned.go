package arena

import (
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// giveBack puts a block on the list of its segment's owner (invariant 4). The list is push-only for everyone but the owner, who takes it whole, so no link can
// change between a look and a swap.
func (a *Arena) giveBack(b block) {
	u := b.off / family.UnitSize
	mem, err := a.window(b.off)
	if err != nil {
		return
	}
	base := u * family.UnitSize % windowSize
	list := word64(mem[base:base+family.UnitSize], segReturned)
	for {
		first := atomic.LoadUint64(list)
		b.setNext(first)
		killpoint.Here("arena.giving-back")
		if atomic.CompareAndSwapUint64(list, first, b.off) {
			killpoint.Here("arena.given-back")
			if first == 0 {
				a.f.Ring(a.loadUnit(u).owner())
			}
			return
		}
	}
}

// takeReturned frees the blocks that others have given back.
func (a *Arena) takeReturned() {
	for _, seg := range a.segments {
		list := word64(seg.mem, segReturned)
		if atomic.LoadUint64(list) == 0 {
			continue
		}
		off := atomic.SwapUint64(list, 0)
		for n := 0; off != 0 && n < family.UnitSize/int(classSizes[0]); n++ {
			if off/family.UnitSize != seg.unit {
				break // a peer scribbled; what is lost is found by the sweep after the freer's death
			}
			b, err := a.blockAt(off)
			if err != nil || b.state()&stateFreeing == 0 {
				break
			}
			off = b.next()
			a.freeSmall(seg, b)
			if a.segments[seg.unit] == nil {
				break // that was the last one
			}
		}
	}
}
