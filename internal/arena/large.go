package arena

import (
	"fmt"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

const pageSize = 4096

// allocLarge takes a run of units for one object of n bytes, header included.
func (a *Arena) allocLarge(n uint64) (block, error) {
	if n > family.FileSize-family.FirstUnit*family.UnitSize {
		return block{}, fmt.Errorf("%w: %s wanted, a family can have %s", errs.ErrNoMemory, mib(n), mib(family.FileSize))
	}
	units := (n + family.UnitSize - 1) / family.UnitSize
	u, err := a.claim(units)
	if err != nil {
		return block{}, err
	}
	off := u * family.UnitSize
	w, err := a.window(off)
	if err == nil {
		err = a.reserve(off, (n+pageSize-1)&^(pageSize-1))
	}
	if err != nil {
		a.unclaim(u, units)
		return block{}, err
	}
	killpoint.Here("arena.large-reserved")
	a.setKind(u, unitLarge)
	return at(w, off%windowSize, off), nil
}

// freeLarge frees a run whose object is freeing, or was never alive. The caller is the object's freer or the unit's owner.
func (a *Arena) freeLarge(u uint64) {
	for {
		w := a.loadUnit(u)
		if w.kind() != unitLarge && w.kind() != unitClaimed {
			return
		}
		n := w.count()
		if n == 0 || n > family.Units-u {
			return // scribbled: better lost than somebody else's memory freed
		}
		if w.owner() != a.f.Self() && !a.casUnit(u, w, head(unitClaimed, a.f.Self(), n)) {
			continue
		}
		killpoint.Here("arena.large-freeing")
		// Only what is provably this run's: a scribbled length must not reach into another's units.
		run := uint64(1)
		for run < n && a.loadUnit(u+run) == continuation(run) {
			run++
		}
		a.discard(u*family.UnitSize, run*family.UnitSize)
		a.unclaim(u, run)
		return
	}
}
