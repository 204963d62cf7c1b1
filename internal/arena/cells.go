package arena

import (
	"fmt"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// valid reports whether a cell still keeps its object alive.
func (a *Arena) valid(cell uint64) bool {
	from := family.Ident(cell>>3) & family.IdentMask
	switch cell & cellKinds {
	case cellHold:
		return a.f.Alive(from)
	case cellTransit:
		// The message lives on after its sender, until the receiver has read all that the sender left (Buried).
		return a.f.Alive(family.Ident(cell>>32)&family.IdentMask) && a.f.Unburied(from)
	case cellKept:
		return a.keeps(cell)
	}
	return false
}

// eachCell calls yield for every cell of the object, those of further blocks included, until it returns false. It fails when the chain is broken.
func (a *Arena) eachCell(b block, yield func(cell *uint64) bool) error {
	for i := range inlineCells {
		if !yield(b.u64(uintptr(offCells + 8*i))) {
			return nil
		}
	}
	return a.eachMore(b, func(m block) bool {
		for i := range moreCells {
			if !yield(m.u64(uintptr(headSize + 16 + 8*i))) {
				return false
			}
		}
		return true
	})
}

// eachMore calls yield for every further block of cells.
func (a *Arena) eachMore(b block, yield func(block) bool) error {
	off := b.next()
	for n := 0; off != 0; n++ {
		m, err := a.blockAt(off)
		if err == nil {
			var room uint64
			if room, err = a.room(off); err == nil && room < headSize+moreSize {
				err = errs.ErrCorrupt
			}
		}
		if err != nil || n > maxMore || m.kind() != kindCells || m.size() != moreSize {
			return fmt.Errorf("%w: chain of holders of the object at %#x", errs.ErrCorrupt, b.off)
		}
		off = m.next()
		if !yield(m) {
			return nil
		}
	}
	return nil
}

// held reports whether any valid cell is left. A broken chain counts as held: to leak is better than to free what is in use.
func (a *Arena) held(b block) bool {
	found := false
	err := a.eachCell(b, func(c *uint64) bool {
		found = a.valid(atomic.LoadUint64(c))
		return !found
	})
	return found || err != nil
}

// heldSurely reports whether a valid cell is there. A broken chain counts as none: its object's freer had begun to take it down.
func (a *Arena) heldSurely(b block) bool {
	found := false
	_ = a.eachCell(b, func(c *uint64) bool {
		found = b.kind() != kindCells && a.valid(atomic.LoadUint64(c))
		return !found
	})
	return found
}

// addCell adds a reason to live. A hold that is there already is not added again.
func (a *Arena) addCell(b block, cell uint64) error {
	for {
		done := false
		more := 0
		var empty *uint64
		var old uint64
		err := a.eachCell(b, func(c *uint64) bool {
			v := atomic.LoadUint64(c)
			if v == cell && cell&cellKinds == cellHold {
				done = true
				return false
			}
			if empty == nil && (v == 0 || !a.valid(v)) {
				empty, old = c, v
			}
			return cell&cellKinds == cellHold || empty == nil
		})
		if err != nil {
			return err
		}
		if done || empty != nil && atomic.CompareAndSwapUint64(empty, old, cell) {
			killpoint.Here("arena.cell-added")
			return nil
		}
		if empty == nil {
			_ = a.eachMore(b, func(block) bool { more++; return true })
			if more >= maxMore {
				return fmt.Errorf("multiproc: one object can have at most %d references on their way and holders at a time", maxMore*moreCells)
			}
			if err := a.addMore(b); err != nil {
				return err
			}
		}
	}
}

// dropCell removes one cell of exactly this value.
func (a *Arena) dropCell(b block, cell uint64) bool {
	dropped := false
	_ = a.eachCell(b, func(c *uint64) bool {
		if atomic.LoadUint64(c) == cell && atomic.CompareAndSwapUint64(c, cell, 0) {
			dropped = true
		}
		return !dropped
	})
	killpoint.Here("arena.cell-dropped")
	return dropped
}

// addMore chains a further block of cells, made in this process's own memory.
func (a *Arena) addMore(b block) error {
	m, err := a.alloc(kindCells, moreSize, 0, 0)
	if err != nil {
		return err
	}
	atomic.StoreUint64(m.u64(headSize), b.off)
	atomic.StoreUint64(m.u64(headSize+8), b.serial())
	m.setState(stateLive)
	killpoint.Here("arena.more-made")
	last := b
	if err := a.eachMore(b, func(x block) bool { last = x; return true }); err != nil {
		a.recycle(m)
		return err
	}
	if !atomic.CompareAndSwapUint64(last.u64(offNext), 0, m.off) {
		a.recycle(m) // another process was first: its block has room
	}
	return nil
}

// chained reports whether a block of cells still belongs to the object that it was made for.
func (a *Arena) chained(m block) bool {
	parent, err := a.blockAt(atomic.LoadUint64(m.u64(headSize)))
	if err != nil || parent.serial() != atomic.LoadUint64(m.u64(headSize+8)) || parent.state() == 0 {
		return false
	}
	found := false
	err = a.eachMore(parent, func(x block) bool {
		found = x.off == m.off
		return !found
	})
	return found || err != nil
}

// voidCells clears the cells of the dead, so that they don't fill the header.
func (a *Arena) voidCells(b block) {
	_ = a.eachCell(b, func(c *uint64) bool {
		if v := atomic.LoadUint64(c); v != 0 && !a.valid(v) {
			atomic.CompareAndSwapUint64(c, v, 0)
		}
		return true
	})
}
