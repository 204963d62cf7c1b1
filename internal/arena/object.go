package arena

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/robust"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// Ref names one object of the family.
type Ref struct {
	Off    uint64
	Serial uint64
}

// Spec describes an object to be made.
type Spec struct {
	Kind uint8  // of the caller's choice, 1 to 254
	Size uint64 // payload in bytes
	Type uint64 // fingerprint of the element type
}

// Object is this process's attachment to one shared object; all its handles here share it.
type Object struct {
	robust.Core
	a       *Arena
	payload Memory
	ref     Ref
	size    uint64
	typ     uint64
	mapping []byte // of an object larger than a window
	handles int32  // guarded by a.mu
	kind    uint8
	known   bool // in a.objects
	stay    bool // the mapping outlives the last handle, see StayMapped
}

// alloc makes a block with a complete header, state 0. Called with mu held.
func (a *Arena) alloc(kind uint32, size, typ, cell uint64) (block, error) {
	n := headOf(size) + size
	if n < size {
		return block{}, fmt.Errorf("%w: %d bytes wanted", errs.ErrNoMemory, size)
	}
	var b block
	var err error
	if n <= maxSmall {
		b, err = a.allocSmall(n)
	} else {
		b, err = a.allocLarge(n)
	}
	if err != nil {
		return block{}, err
	}
	killpoint.Here("arena.allocated")
	a.serial = (a.serial + 1) & (1<<serialBits - 1)
	b.init(kind, uint64(a.f.Self())<<serialBits|a.serial, size, typ, cell)
	return b, nil
}

// create makes an object with one handle. Called with mu held.
func (a *Arena) create(s Spec) (*Object, error) {
	b, err := a.alloc(uint32(s.Kind), s.Size, s.Type, hold(a.f.Self()))
	if err != nil {
		return nil, err
	}
	b.setState(stateLive) // invariant 1
	killpoint.Here("arena.created")
	o, err := a.object(b)
	if err != nil {
		a.dropCell(b, hold(a.f.Self()))
		a.free(b, b.serial())
		return nil, err
	}
	return o, nil
}

// object is the attachment to a block that is known to be what it should be.
func (a *Arena) object(b block) (*Object, error) {
	o := &Object{a: a, ref: Ref{b.off, b.serial()}, size: b.size(), typ: b.typ(), kind: uint8(b.kind()), handles: 1}
	room, err := a.room(b.off)
	if err != nil {
		return nil, err
	}
	if head := headOf(o.size); room < head || o.size > room-head {
		return nil, fmt.Errorf("%w: object of %d bytes in a block of %d", errs.ErrCorrupt, o.size, room)
	}
	b.lock(&o.Core, a.f) // in the window, which stays mapped whatever becomes of the object
	if end := headOf(o.size) + o.size; end > windowSize-b.off%windowSize {
		if o.mapping, err = sys.Map(a.f.FD(), int64(b.off), int(end)); err != nil {
			return nil, fmt.Errorf("multiproc: %w", err)
		}
		b = at(o.mapping, 0, b.off)
	}
	o.payload = unsafePayload(b, o.size)
	return o, nil
}

// attach makes, or finds, this process's attachment to the object of a reference, with one more handle. Called with mu held.
func (a *Arena) attach(ref Ref) (*Object, error) {
	if o := a.objects[ref.Off]; o != nil && o.ref.Serial == ref.Serial {
		o.handles++
		return o, nil
	}
	b, err := a.blockAt(ref.Off)
	if err != nil {
		return nil, err
	}
	if !a.settled(b, ref.Serial) || b.kind() == kindCells {
		return nil, errs.ErrStale
	}
	if err := a.addCell(b, hold(a.f.Self())); err != nil {
		return nil, err
	}
	killpoint.Here("arena.attaching")
	if !a.settled(b, ref.Serial) {
		a.dropCell(b, hold(a.f.Self()))
		a.free(b, ref.Serial)
		return nil, errs.ErrStale
	}
	o, err := a.object(b)
	if err != nil {
		if !errors.Is(err, errs.ErrCorrupt) {
			a.dropCell(b, hold(a.f.Self()))
			a.free(b, ref.Serial)
		}
		return nil, err
	}
	a.remember(o)
	return o, nil
}

// remember makes the object findable by its reference, as it must be from the moment the reference may come back.
func (a *Arena) remember(o *Object) {
	if !o.known {
		o.known = true
		a.objects[o.ref.Off] = o
	}
	a.sweeper.Do(a.startSweeper)
}

// release drops one handle. Called with mu held.
func (o *Object) release() {
	o.handles--
	if o.handles > 0 {
		return
	}
	a := o.a
	o.Core.Abandon()
	if o.known {
		delete(a.objects, o.ref.Off)
	}
	if b, err := a.blockAt(o.ref.Off); err == nil && b.serial() == o.ref.Serial {
		a.dropCell(b, hold(a.f.Self()))
		killpoint.Here("arena.released")
		a.free(b, o.ref.Serial)
	}
	switch {
	case o.mapping == nil:
	case o.stay:
		runtime.AddCleanup(o, func(m []byte) { _ = sys.Unmap(m) }, o.mapping)
	default:
		_ = sys.Unmap(o.mapping)
	}
	o.mapping = nil
}

// free frees the object if nobody holds it any more (invariant 3). Once the caller's own cell is gone another may have freed it already, and the block be
// another object's, or no block any more: the serial tells.
func (a *Arena) free(b block, serial uint64) {
	for b.serial() == serial && b.state() == stateLive && !a.held(b) {
		if !b.casState(stateLive, freeing(a.f.Self())) {
			return
		}
		killpoint.Here("arena.freeing")
		if b.serial() != serial {
			b.casState(freeing(a.f.Self()), stateLive)
			return
		}
		if a.held(b) {
			b.setState(stateLive)
			continue
		}
		a.recycle(b)
		return
	}
}

// settled reports whether the object is alive. While another process is about to free it, and may yet find that somebody holds it, settled waits: a microsecond, or
// until that process runs again if it was interrupted there, but no longer than a backstop.
func (a *Arena) settled(b block, serial uint64) bool {
	pause := time.Microsecond
	for waited := time.Duration(0); b.serial() == serial; waited += pause {
		s := b.state()
		if s == stateLive {
			return true
		}
		by := family.Ident(s) & family.IdentMask
		if s&stateFreeing == 0 || by == a.f.Self() || waited > park.Backstop {
			return false
		}
		if !a.f.Alive(by) {
			if !a.heldSurely(b) { // else he died before he had looked for the second time
				return false
			}
			b.casState(s, stateLive)
			continue
		}
		time.Sleep(pause)
		pause = min(2*pause, time.Millisecond)
	}
	return false
}

// recycle returns the memory of a block that this process has set to freeing, or that was never alive.
func (a *Arena) recycle(b block) {
	if b.state()&stateFreeing == 0 {
		b.setState(freeing(a.f.Self()))
	}
	for off, n := b.next(), 0; off != 0 && n <= maxMore && b.kind() != kindCells; n++ {
		m, err := a.blockAt(off)
		if err != nil || m.kind() != kindCells || m.state() != stateLive {
			break
		}
		off = m.next()
		if m.casState(stateLive, freeing(a.f.Self())) {
			a.recycle(m)
		}
	}
	a.bequeath(b)
	u := b.off / family.UnitSize
	switch seg := a.segments[u]; {
	case a.loadUnit(u).kind() != unitSegment:
		a.freeLarge(u)
	case seg != nil:
		a.freeSmall(seg, b)
	default:
		a.giveBack(b)
	}
	a.dropOrphans()
}
