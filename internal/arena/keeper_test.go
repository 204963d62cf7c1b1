//go:build linux

package arena

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/testproc"
)

// TestFreedWithItsKeeper: what a keeper keeps goes with it: several things, one of them twice, keepers of keepers, keepers too large for a window.
func TestFreedWithItsKeeper(t *testing.T) {
	stays(t)
	for _, size := range []uint64{0, 40_000, WindowSize + 4096} {
		before := live(t)
		s := newShelf(t, size)
		inner := s
		for range 50 {
			a, next := made(t, 16), newShelf(t, 0)
			for _, ref := range []Ref{a.Ref(), next.Ref(), a.Ref()} {
				if err := inner.put(ref); err != nil {
					t.Fatal(err)
				}
			}
			closeAll(a)
			if inner != s {
				closeAll(inner.Handle)
			}
			inner = next
		}
		closeAll(inner.Handle)
		if n := live(t) - before; n != 101 {
			t.Errorf("%d objects", n)
		}
		closeAll(s.Handle)
		if n := live(t) - before; n != 0 {
			t.Errorf("%d objects left by a keeper of %d bytes", n, size)
		}
	}
}

// TestSharedByKeepers: what two keepers keep goes with the second.
func TestSharedByKeepers(t *testing.T) {
	stays(t)
	s, other := newShelf(t, 0), newShelf(t, 0)
	a := made(t, 16)
	ref := a.Ref()
	for range 2 {
		if err := errors.Join(s.put(ref), other.put(ref)); err != nil {
			t.Fatal(err)
		}
	}
	closeAll(a, s.Handle)
	if !Held(ref) {
		t.Error("gone with the first")
	}
	closeAll(other.Handle)
	if Held(ref) {
		t.Error("still there")
	}
}

// TestKeeperBeingFreed: who frees a keeper may find that it is held after all; what it keeps must not be gone by then. When he dies at it, it is.
func TestKeeperBeingFreed(t *testing.T) {
	ps := players(t, 3)
	p, freer := ps[0], ps[1]
	s := p.makeShelf()
	a := p.mustMake(16)
	ref := a.Ref()
	s.note(ref)
	if err := Keep([]Ref{ref}, s.Handle, 0); err != nil {
		t.Fatal(err)
	}
	s.commit()
	b, err := p.blockAt(s.Ref().Off)
	if err != nil {
		t.Fatal(err)
	}
	held := func(ref Ref) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		b, err := p.blockAt(ref.Off)
		return err == nil && b.state() == stateLive && b.serial() == ref.Serial && p.held(b)
	}
	b.setState(freeing(freer.f.Self()))
	closeAll(a)
	if !held(ref) {
		t.Fatal("freed while its keeper's fate was open")
	}
	b.setState(stateLive)
	if !held(ref) {
		t.Fatal("gone")
	}
	b.setState(freeing(freer.f.Self()))
	closeAll(s.Handle)
	p.f.Buried(freer.f.Self())
	if held(ref) {
		t.Fatal("kept by a keeper that nobody frees any more")
	}
	p.tick()
	if n := p.audit(); n != 0 {
		t.Errorf("%d blocks left", n)
	}
}

// TestFreerDiedTooEarly: who frees an object is killed before he has looked for the second time, and it is held after all.
func TestFreerDiedTooEarly(t *testing.T) {
	ps := players(t, 2)
	p, freer := ps[0], ps[1]
	a := p.mustMake(16)
	b, err := p.blockAt(a.Ref().Off)
	if err != nil {
		t.Fatal(err)
	}
	b.setState(freeing(freer.f.Self()))
	p.f.Buried(freer.f.Self())
	p.tick()
	if b.state() != stateLive || b.serial() != a.Ref().Serial {
		t.Fatalf("state %#x", b.state())
	}
	closeAll(a)
	if n := p.audit(); n != 0 {
		t.Errorf("%d blocks left", n)
	}
}

// TestKeeperOfTheDead: the last holder of a keeper is killed; whoever sweeps frees the keeper and what it kept, wherever each of them is.
func TestKeeperOfTheDead(t *testing.T) {
	for owners := range 8 { // bit 0: the keeper, 1 and 2: what it keeps, are in the dead player's memory
		ps := players(t, 3)
		p, victim, third := ps[0], ps[1], ps[2]
		of := func(bit int) *player {
			if owners>>bit&1 == 1 {
				return victim
			}
			return p
		}
		s := of(0).makeShelf()
		small, large := of(1).mustMake(16), of(2).mustMake(100_000)
		// The victim ends as the only holder.
		mine := shelf{s.Handle}
		if of(0) != victim {
			mine = shelf{victim.must(victim.attach(s.Ref()))}
		}
		for _, h := range []*Handle{small, large} {
			v := h
			if h.o.a != victim.Arena {
				v = victim.must(victim.attach(h.Ref()))
			}
			mine.note(v.Ref())
			if err := Keep([]Ref{v.Ref()}, mine.Handle, atomic.LoadUint32(mine.end())); err != nil {
				t.Fatal(err)
			}
			mine.commit()
			closeAll(v)
		}
		closeAll(small, large)
		if of(0) == p {
			closeAll(s.Handle)
		}
		p.f.Buried(victim.f.Self())
		for range 3 {
			third.tick()
			p.tick()
		}
		if n := p.audit() + third.audit(); n != 0 {
			t.Errorf("owners %03b: %d blocks left", owners, n)
		}
		if n := units(p.f); n > 2 {
			t.Errorf("owners %03b: %d units", owners, n)
		}
	}
}

// TestScribbledKeeper: a keeper's payload, header and size say anything; asking whether it keeps, and freeing it, has an end and touches nothing else.
func TestScribbledKeeper(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		p := players(t, 1)[0]
		bystander := p.mustMake(1000)
		paint(bystander, 9)
		s := p.makeShelf()
		for range 5 {
			a := p.mustMake(16)
			s.note(a.Ref())
			if err := Keep([]Ref{a.Ref()}, s.Handle, atomic.LoadUint32(s.end())); err != nil {
				t.Fatal(err)
			}
			s.commit()
			closeAll(a)
		}
		b, err := p.blockAt(s.Ref().Off)
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + rnd.IntN(3) {
			at := uintptr(headSize + 8*rnd.IntN(shelfSize/8))
			if rnd.IntN(2) == 0 {
				at = []uintptr{offKind, offSize, offSize, headSize}[rnd.IntN(4)] &^ 7
			}
			v := []uint64{0, 1<<64 - 1, rnd.Uint64(), uint64(rnd.IntN(5000)), bystander.Ref().Off, shelfKind << 32}[rnd.IntN(6)]
			if at == 0 {
				v = v<<32 | stateLive
			}
			atomic.StoreUint64(b.u64(at), v)
		}
		testproc.Finish(t, "freeing a scribbled keeper", func() {
			p.tick()
			closeAll(s.Handle)
			p.tick()
		})
		if !painted(bystander, 9) || bystander.Closed() || bystander.Size() != 1000 {
			t.Fatal("somebody else's memory was touched")
		}
		p.mu.Lock()
		bb, err := p.blockAt(bystander.o.ref.Off)
		if err != nil || bb.state() != stateLive {
			t.Error("somebody else's object is gone")
		}
		p.mu.Unlock()
	}
}
