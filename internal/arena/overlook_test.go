//go:build linux

package arena

import (
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/family"
)

// Looks at an object's cells, one after the other, while somebody passes one on: hook0 is called from the middle of the look.
const overlookKind, hookKind = 201, 202

var hook0 func()

func init() {
	RegisterKeeper(overlookKind, Keeper{Min: 8, Window: func(Memory) (uint32, uint32) { return 0, 0 }})
	RegisterKeeper(hookKind, Keeper{Min: 8, Window: func(Memory) (uint32, uint32) {
		if h := hook0; h != nil {
			hook0 = nil
			h()
		}
		return 1, 0 // nothing
	}})
}

// TestDeadFreerWasOverlooking: a freer whose first look has overlooked a cell that was passed on is killed before the second one. Whoever attaches under that cell gets the object, and what
// it keeps is there.
func TestDeadFreerWasOverlooking(t *testing.T) {
	ps := players(t, 4)
	s, f, r := ps[0], ps[1], ps[2]
	hook := s.must(s.create(Spec{Kind: hookKind, Size: 8}))
	o := s.mustMake(16) // kept by k
	k := s.must(s.create(Spec{Kind: overlookKind, Size: 8}))
	kref, oref := k.Ref(), o.Ref()
	s.mu.Lock()
	if err := s.addKept(oref, kept(kref.Off, 0)); err != nil {
		t.Fatal(err)
	}
	s.mu.Unlock()
	closeAll(o)
	// k's cells: 0 a void one (of a queue whose item was taken), 1 f's hold, 2 s's hold
	b, err := s.blockAt(kref.Off)
	if err != nil {
		t.Fatal(err)
	}
	*b.u64(offCells) = kept(hook.o.ref.Off, 0)
	*b.u64(offCells + 8) = hold(f.f.Self())
	*b.u64(offCells + 16) = hold(s.f.Self())
	// f closes its handle.
	fb, err := f.blockAt(kref.Off)
	if err != nil {
		t.Fatal(err)
	}
	f.dropCell(fb, hold(f.f.Self()))
	hook0 = func() { // while f looks at cell 0, s sends k to r and closes its own handle
		if err := s.send(kref, r); err != nil {
			t.Fatal(err)
		}
		closeAll(k)
	}
	if f.held(fb) {
		t.Fatal("not overlooked")
	}
	if !fb.casState(stateLive, freeing(f.f.Self())) {
		t.Fatal()
	}
	// killed here (arena.freeing)
	s.f.Buried(f.f.Self())
	if !r.held(fb) {
		t.Fatal("r's transit cell is not valid")
	}
	_, err = r.attach(kref)
	t.Log("attach under a valid transit cell:", err)
	s.tick()
	h, err2 := r.receive(kref, s.f.Self())
	t.Log("after the sweep:", err2, h != nil)
	if err2 == nil {
		_, err2 = r.attach(oref)
		t.Log("what the live keeper keeps:", err2)
	}
	if err != nil || err2 != nil {
		t.Error("lost")
	}
}

// TestHoldersWhileACellIsPassedOn: a process whose transit cell becomes a hold, in a cell that was read before, is seen.
func TestHoldersWhileACellIsPassedOn(t *testing.T) {
	p := here(t)
	id, err := p.f.Reserve("worker")
	if err != nil {
		t.Fatal(err)
	}
	defer p.f.Buried(id)
	hook, err := New(Spec{Kind: hookKind, Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	h := made(t, 16)
	ref := h.Ref()
	if err := Send([]Ref{ref}, id); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	b, _ := p.blockAt(ref.Off)
	p.mu.Unlock()
	*b.u64(offCells + 16) = *b.u64(offCells + 8) // the transit cell
	*b.u64(offCells + 8) = hold(p.f.Self())
	*b.u64(offCells) = kept(hook.o.ref.Off, 0)
	hook0 = func() { // what the worker's Received does
		c := atomic.LoadUint64(b.u64(offCells))
		atomic.CompareAndSwapUint64(b.u64(offCells), c, hold(id))
		atomic.StoreUint64(b.u64(offCells+16), 0)
	}
	seen := false
	others := Holders(ref, func(who family.Ident) { seen = seen || who == id })
	if !seen && !others {
		t.Error("the worker is overlooked")
	}
}
