//go:build linux

package family

import (
	"sync/atomic"
	"testing"
)

func TestAliveFollowsParents(t *testing.T) {
	f := isolated(t)
	parent := another(t, f)
	child := reserve(t, parent)
	if !f.Alive(child) {
		t.Error("to be started by a living parent, and not alive")
	}
	f.MarkDead(parent.Self())
	if f.Alive(child) {
		t.Error("to be started by a dead parent, and alive")
	}
	if f.Alive(0) {
		t.Error("nobody is alive")
	}
	// A chain of reserved participants is as alive as its first.
	ids := []Ident{f.Self()}
	for range 50 {
		id, err := f.reserve("link", ids[len(ids)-1])
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if !f.Alive(ids[50]) {
		t.Error("a chain that begins with the living")
	}
}

// TestParentsInACircle: bytes that no correct process writes end no loop late.
func TestParentsInACircle(t *testing.T) {
	f := isolated(t)
	a, b := reserve(t, f), reserve(t, f)
	set := func(id, parent Ident) {
		atomic.StoreUint64(f.u64(slotOff(id.Slot(), 0)), uint64(makeWord(Reserved, id.Gen(), parent)))
	}
	set(a, b)
	set(b, a)
	if f.Alive(a) || f.Alive(b) {
		t.Error("alive in a circle")
	}
	set(a, a)
	if f.Alive(a) {
		t.Error("its own parent, and alive")
	}
	f.BuryOrphan(a)
	f.BuryOrphan(b)
}

// TestOrphans: what a dead parent has left is buried by others.
func TestOrphans(t *testing.T) {
	f := isolated(t)
	parent := another(t, f)
	coming, living, dead := reserve(t, parent), another(t, parent), another(t, parent)
	f.MarkDead(dead.Self())
	f.BuryOrphan(dead.Self())
	if f.StateOf(dead.Self()) != Dead {
		t.Error("buried although its parent lives")
	}
	f.MarkDead(parent.Self())
	f.BuryOrphan(living.Self())
	if f.StateOf(living.Self()) != Live {
		t.Error("buried alive")
	}
	f.BuryOrphan(parent.Self())
	if f.StateOf(parent.Self()) != Dead {
		t.Error("f, its parent, is alive and buries it itself")
	}
	f.BuryOrphan(dead.Self())
	f.BuryOrphan(coming)
	if f.StateOf(dead.Self()) != Free || f.StateOf(coming) != Free {
		t.Errorf("left: dead %v, reserved %v", f.StateOf(dead.Self()), f.StateOf(coming))
	}
	if err := f.arrive(coming); err == nil {
		t.Error("arrived after it was given up")
	}
	// A dead root with a child that may still have to read what it sent.
	f.MarkDead(f.Self())
	bell := atomic.LoadUint32(f.Doorbell(living.Self()))
	living.BuryOrphan(f.Self())
	living.BuryOrphan(parent.Self())
	if f.StateOf(f.Self()) != Free || f.StateOf(parent.Self()) != Dead {
		t.Errorf("root %v, parent of the living %v", f.StateOf(f.Self()), f.StateOf(parent.Self()))
	}
	if atomic.LoadUint32(f.Doorbell(living.Self())) == bell {
		t.Error("a burial rang nobody")
	}
	f.MarkDead(living.Self())
	f.BuryOrphan(parent.Self())
	if f.StateOf(parent.Self()) != Free {
		t.Errorf("parent of the dead only: %v", f.StateOf(parent.Self()))
	}
}

func TestRing(t *testing.T) {
	f := isolated(t)
	a, b := another(t, f), reserve(t, f)
	bell := func(id Ident) uint32 { return atomic.LoadUint32(f.Doorbell(id)) }
	before, reserved := bell(a.Self()), bell(b)
	f.Ring(a.Self())
	if bell(a.Self()) != before+1 {
		t.Error("a ring does not ring")
	}
	f.Ring(0)
	f.MarkDead(b)
	if bell(a.Self()) != before+2 || bell(b) != reserved {
		t.Error("a death rings the living, and nobody else")
	}
	f.Buried(b)
	if bell(a.Self()) < before+3 {
		t.Error("a burial rings the living")
	}
}

func TestAfterBurial(t *testing.T) {
	f := isolated(t)
	defer func(old func(*Family)) { AfterBurial = old }(AfterBurial)
	var got *Family
	AfterBurial = func(f *Family) { got = f }
	f.Buried(reserve(t, f))
	if got != f {
		t.Error("not called")
	}
}
