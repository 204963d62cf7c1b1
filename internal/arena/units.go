package arena

import (
	"fmt"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// A unit's word:
//
//	bits 0-28   Ident of the owner (heads only)
//	bits 29-31  what it is
//	bits 32-63  of a head: how many units its run has; of a continuation: its distance from the head
const (
	unitFree     = 0
	unitSegment  = 1 // head of one unit with slabs
	unitLarge    = 2 // head of a run with one object
	unitContinue = 3
	unitClaimed  = 4 // head of a run that is being set up
)

type unitWord uint64

func head(kind uint64, owner family.Ident, n uint64) unitWord {
	return unitWord(uint64(owner) | kind<<family.IdentBits | n<<32)
}
func continuation(distance uint64) unitWord { return head(unitContinue, 0, distance) }

func (w unitWord) owner() family.Ident { return family.Ident(w) & family.IdentMask }
func (w unitWord) kind() uint64        { return uint64(w) >> family.IdentBits & 7 }
func (w unitWord) count() uint64       { return uint64(w) >> 32 }
func (w unitWord) isHead() bool {
	return w.kind() == unitSegment || w.kind() == unitLarge || w.kind() == unitClaimed
}

func (a *Arena) unit(i uint64) *uint64 { return a.f.Word64(family.OffUnitTable + int(i)*8) }

func (a *Arena) loadUnit(i uint64) unitWord { return unitWord(atomic.LoadUint64(a.unit(i))) }

func (a *Arena) casUnit(i uint64, old, to unitWord) bool {
	return atomic.CompareAndSwapUint64(a.unit(i), uint64(old), uint64(to))
}

// claim takes a run of n free units and returns the first. Runs that fit into a window don't cross its border.
func (a *Arena) claim(n uint64) (uint64, error) {
	hint := a.f.Word64(family.OffNextUnit)
	start := atomic.LoadUint64(hint)
	if start < family.FirstUnit || start >= family.Units {
		start = family.FirstUnit
	}
	from := start
	for pass := 0; pass < 2; pass++ {
		for u := from; u+n <= family.Units; {
			if n <= windowUnits && u/windowUnits != (u+n-1)/windowUnits {
				u = (u/windowUnits + 1) * windowUnits
				continue
			}
			taken := a.claimAt(u, n)
			if taken == n {
				if n == 1 || u == start {
					atomic.StoreUint64(hint, u+n)
				}
				return u, nil
			}
			u += taken + 1
		}
		from = family.FirstUnit // what was freed below the hint
	}
	return 0, fmt.Errorf("%w: no run of %d free units of 2 MiB in the family's %d TiB of shared address space", errs.ErrNoMemory, n, family.FileSize>>40)
}

// claimAt claims units u to u+n-1, or none. It returns how many it could have had.
func (a *Arena) claimAt(u, n uint64) uint64 {
	// Cheap first: a claim that fails half-way disturbs others.
	for i := range n {
		if a.loadUnit(u+i) != unitFree {
			return i
		}
	}
	for end := a.f.Word64(family.OffUnitsEnd); ; {
		e := atomic.LoadUint64(end)
		if e >= u+n || atomic.CompareAndSwapUint64(end, e, u+n) {
			break
		}
	}
	if !a.casUnit(u, unitFree, head(unitClaimed, a.f.Self(), n)) {
		return 0
	}
	killpoint.Here("arena.claimed-head")
	for i := uint64(1); i < n; i++ {
		if !a.casUnit(u+i, unitFree, continuation(i)) {
			a.unclaim(u, i)
			return i
		}
	}
	killpoint.Here("arena.claimed")
	return n
}

// unclaim frees the run of n units at u, of which this process is the owner. The head goes last: until then the run has an owner who can finish this.
func (a *Arena) unclaim(u, n uint64) {
	for i := n - 1; i >= 1; i-- {
		a.casUnit(u+i, continuation(i), unitFree) // invariant 6
	}
	killpoint.Here("arena.unclaiming")
	w := a.loadUnit(u)
	if w.owner() == a.f.Self() {
		a.casUnit(u, w, unitFree)
	}
	if hint := a.f.Word64(family.OffNextUnit); atomic.LoadUint64(hint) > u {
		atomic.StoreUint64(hint, u)
	}
}

// setKind says what a claimed run is now used for.
func (a *Arena) setKind(u uint64, kind uint64) {
	w := a.loadUnit(u)
	a.casUnit(u, w, head(kind, a.f.Self(), w.count()))
}

// heads calls yield for the head of every run.
func (a *Arena) heads(yield func(u uint64, w unitWord) bool) {
	end := min(atomic.LoadUint64(a.f.Word64(family.OffUnitsEnd)), family.Units)
	for u := uint64(family.FirstUnit); u < end; u++ {
		if w := a.loadUnit(u); w.isHead() && !yield(u, w) {
			return
		}
	}
}
