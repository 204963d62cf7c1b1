package arena

import (
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/park"
)

func init() {
	family.AfterBurial = func(f *family.Family) {
		// Nobody may have made an object yet; then there is nothing to sweep and no need for a sweeper.
		if atomic.LoadUint64(f.Word64(family.OffUnitsEnd)) <= family.FirstUnit {
			return
		}
		if a, err := Home(); err == nil {
			a.mu.Lock()
			a.sweeper.Do(a.startSweeper)
			a.mu.Unlock()
		}
	}
}

// startSweeper runs the sweeper for as long as the process lives.
func (a *Arena) startSweeper() {
	go func() {
		bell := a.f.Doorbell(a.f.Self())
		k := park.NewKick()
		watched := map[family.Ident]*family.Watch{}
		var deaths uint32
		first := true
		for {
			rung := atomic.LoadUint32(bell)
			a.watchOrphans(watched)
			d := a.f.Deaths()
			if d != deaths || first {
				kickAll() // before the sweep, which may take long: who waits goes by who is alive
			}
			a.mu.Lock()
			a.takeReturned()
			if d != deaths || first {
				a.sweep()
			}
			a.mu.Unlock()
			deaths, first = d, false
			for pause := noticeEvery; park.Wait(bell, rung, k, pause); {
				if mourned() {
					looked := a.f.Notice()
					pause = noticeEvery * time.Duration(1+looked/32)
				}
			}
		}
	}()
}

// noticeEvery is how often a process with goroutines that a death may concern looks for deaths that nobody has noticed: of processes whose parent is stopped. In a family of many, all of
// whom look at all, it is less often.
const noticeEvery = time.Second

// watchOrphans watches the participants that have no living parent to tell of their death.
func (a *Arena) watchOrphans(watched map[family.Ident]*family.Watch) {
	self := a.f.Self()
	for id, state := range a.f.Participants {
		switch {
		case id == self || a.f.Alive(a.f.Parent(id)):
		case state != family.Live: // its parent died before it could bury it
			a.f.BuryOrphan(id)
		case watched[id] == nil:
			watched[id] = a.f.Watch(id, func() { a.f.Ring(self) })
		}
	}
	for id, w := range watched {
		if !a.f.Alive(id) {
			w.Stop()
			delete(watched, id)
			a.f.BuryOrphan(id)
		}
	}
}

// sweep clears what the dead have left: their cells in this process's objects, and their units. Called with mu held.
func (a *Arena) sweep() {
	killpoint.Here("arena.sweeping")
	self := a.f.Self()
	for u, w := range a.heads {
		owner := w.owner()
		if owner != self {
			if a.f.Alive(owner) || !a.casUnit(u, w, head(w.kind(), self, w.count())) {
				continue
			}
			killpoint.Here("arena.adopted")
			if w.kind() == unitSegment {
				a.adopt(u)
			}
		}
		switch {
		case w.kind() == unitLarge:
			if b, err := a.blockAt(u * family.UnitSize); err == nil {
				a.examine(b)
			}
		case w.kind() == unitClaimed && owner != self: // its owner died while setting it up or taking it down
			a.freeLarge(u)
		}
	}
	a.takeReturned() // what was returned to the dead
	for _, seg := range a.segments {
		a.sweepSegment(seg)
	}
	killpoint.Here("arena.swept")
}

// adopt rebuilds what the dead owner of a segment knew of it.
func (a *Arena) adopt(u uint64) {
	seg, err := a.mapSegment(u)
	if err != nil {
		return // no address space: the segment stays, and with it what others hold there
	}
	if atomic.LoadUint32(word32(seg.mem, 0)) != segMagic {
		return // a peer scribbled: what others hold there is better lost to reuse than discarded
	}
	a.segments[u] = seg
	for i := range uint64(slabsPerUnit) {
		size, ok := slabAt(seg.mem, slabStart(i))
		if !ok {
			if i > 0 && atomic.LoadUint32(word32(seg.mem, segSizes+4*i)) == 0 {
				a.discard(u*family.UnitSize+i*slabSize, slabSize) // it died between reserving, or closing, the slab and the next step
			}
			continue
		}
		s := &slab{seg: seg, index: i, class: classOf(size), total: slabBlocks(i, size)}
		s.fresh, s.used = s.total, s.total // all in use until the sweep finds otherwise
		for n := range s.total {
			s.taken[n/64] |= 1 << (n % 64)
		}
		seg.slabs[i] = s
		seg.inUse++
	}
	// Only now: a segment whose last known slab becomes empty goes, with all that it holds.
	for _, s := range seg.slabs {
		for n := 0; s != nil && n < s.total && seg.slabs[s.index] == s; n++ {
			if b := s.block(n); b.state() == 0 {
				a.freeSmall(seg, b)
			}
		}
	}
	a.dropSegmentIfEmpty(seg)
}

// sweepSegment examines every block of an own segment.
func (a *Arena) sweepSegment(seg *segment) {
	for i := range seg.slabs {
		s := seg.slabs[i]
		for n := 0; s != nil && n < s.fresh && seg.slabs[i] == s; n++ { // what is examined may be the slab's last
			if b := s.block(n); b.state() != 0 {
				a.examine(b)
			}
		}
	}
}

// examine does for one object of an own unit what a death may have left undone.
func (a *Arena) examine(b block) {
	state := b.state()
	if u := b.off / family.UnitSize; b.off%family.UnitSize == 0 {
		// A large object that its last holder has freed meanwhile: what was read is somebody else's.
		if w := a.loadUnit(u); w.kind() != unitLarge || w.owner() != a.f.Self() {
			return
		}
	}
	switch {
	case state == stateLive && b.kind() == kindCells:
		if !a.chained(b) && b.casState(stateLive, freeing(a.f.Self())) {
			a.recycle(b)
		}
	case state == stateLive:
		a.voidCells(b)
		a.free(b, b.serial())
	case state&stateFreeing != 0 && !a.f.Alive(family.Ident(state)&family.IdentMask):
		// The freer may have returned it just before it died. It adds nothing to the list any more: what is not there now was not returned.
		a.takeReturned()
		if b.state() != state {
			break
		}
		// It may also have died before it had looked for the second time: this process frees in its place, and looks (invariant 3).
		switch {
		case !b.casState(state, freeing(a.f.Self())):
		case a.heldSurely(b):
			b.setState(stateLive)
		default:
			a.recycle(b)
		}
	case state == 0:
		// A large object that died before it was alive, or while it was taken down, by a freer who then was its unit's owner.
		u := b.off / family.UnitSize
		if w := a.loadUnit(u); w.kind() == unitLarge && w.owner() == a.f.Self() {
			a.freeLarge(u)
		}
	case state&(stateLive|stateFreeing) == 0:
		a.recycle(b) // no state that anyone writes: a peer scribbled over it
	}
}
