//go:build linux

package arena

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// TestReturnedToTheDead: a block that was given back to a process which died before it took it is free after one sweep of its heir.
func TestReturnedToTheDead(t *testing.T) {
	ps := players(t, 3)
	heir, owner, other := ps[0], ps[1], ps[2]
	last := owner.mustMake(16)
	for i := range 5 {
		h := owner.mustMake(16)
		got := other.must(other.attach(h.Ref()))
		closeAll(h)
		closeAll(got) // other frees it, and returns it to owner
		if i == 3 {
			heir.must(heir.attach(last.Ref()))
		}
	}
	owner.f.MarkDead(owner.f.Self())
	heir.tick()
	if n := heir.audit(); n != 1 {
		t.Errorf("%d blocks are in use, want the one that the heir holds", n)
	}
}

// TestReturnedTwice: the freer of a block dies right after it has returned it, and the owner finds both the list and the dead freer's mark.
func TestReturnedTwice(t *testing.T) {
	ps := players(t, 2)
	owner, freer := ps[0], ps[1]
	for range 3 {
		h := owner.mustMake(16)
		got := freer.must(freer.attach(h.Ref()))
		closeAll(h)
		closeAll(got)
	}
	freer.f.MarkDead(freer.f.Self())
	owner.mu.Lock()
	owner.sweep() // without taking the list before
	owner.takeReturned()
	owner.mu.Unlock()
	if n := owner.audit(); n != 0 {
		t.Errorf("%d blocks are in use", n)
	}
	a, b := owner.mustMake(16), owner.mustMake(16)
	if a.Ref().Off == b.Ref().Off {
		t.Error("one block for two objects")
	}
}

// TestAttachWhileFreed: one process closes last handles while others attach the references. Either they have the object, whole, or it is gone.
func TestAttachWhileFreed(t *testing.T) {
	ps := players(t, 3)
	a := ps[0]
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	const n = 500
	found := 0
	for range rounds {
		hs, refs := make([]*Handle, n), make([]Ref, n)
		for i := range hs {
			hs[i] = a.mustMake(64)
			refs[i] = hs[i].Ref()
			paint(hs[i], uint64(i))
		}
		var wg sync.WaitGroup
		wg.Go(func() { closeAll(hs...) })
		got := make([][n]*Handle, 2)
		for k, b := range ps[1:] {
			wg.Go(func() {
				for i := range n { // one from either end, so that somebody meets the closer
					if k == 1 {
						i = n - 1 - i
					}
					h, err := b.attach(refs[i])
					if err != nil && !errors.Is(err, errs.ErrStale) {
						t.Error(err)
					}
					got[k][i] = h
				}
			})
		}
		testproc.Finish(t, "closing and attaching", wg.Wait)
		for k := range got {
			for i, h := range got[k] {
				if h == nil {
					continue
				}
				found++
				if !painted(h, uint64(i)) {
					t.Fatal("attached to what was freed")
				}
				if again, err := a.attach(refs[i]); err != nil {
					t.Fatalf("gone under a handle: %v", err)
				} else {
					closeAll(again)
				}
			}
		}
		for k := range got {
			for _, h := range got[k] {
				if h != nil {
					closeAll(h)
				}
			}
		}
		a.tick()
		if left := a.audit(); left != 0 {
			t.Fatalf("%d blocks left", left)
		}
	}
	t.Logf("found %d of %d", found, 2*n*rounds)
}

// TestBusyFamily: processes that send each other objects, close and sweep, all at once.
func TestBusyFamily(t *testing.T) {
	ps := players(t, 4)
	n := 1500
	if testing.Short() {
		n = 200
	}
	type letter struct {
		ref  Ref
		from int
		seed uint64
	}
	boxes := make([]chan letter, len(ps))
	for i := range boxes {
		boxes[i] = make(chan letter, 64)
	}
	sizes := []uint64{0, 16, 16, 300, 2000, 40_000}
	var wg, readers sync.WaitGroup
	receive := func(i int, l letter) {
		h, err := ps[i].receive(l.ref, ps[l.from].f.Self())
		if err != nil {
			t.Error(err)
			return
		}
		if !painted(h, l.seed) {
			t.Error("changed on the way")
		}
		closeAll(h)
	}
	for i, p := range ps {
		readers.Go(func() {
			for l := range boxes[i] {
				receive(i, l)
			}
		})
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 3))
			for k := range n {
				h, err := p.create(Spec{Kind: 1, Size: sizes[rnd.IntN(len(sizes))]})
				if err != nil {
					t.Error(err)
					return
				}
				seed := uint64(i)<<32 | uint64(k)
				paint(h, seed)
				for range rnd.IntN(7) {
					to := rnd.IntN(len(ps))
					if err := p.send(h.Ref(), ps[to]); err != nil {
						t.Error(err)
						continue
					}
					boxes[to] <- letter{h.Ref(), i, seed}
				}
				closeAll(h)
				if rnd.IntN(50) == 0 {
					p.tick()
				}
			}
		})
	}
	testproc.Finish(t, "the senders", wg.Wait)
	for _, box := range boxes {
		close(box)
	}
	testproc.Finish(t, "the receivers", readers.Wait)
	for range 2 {
		for _, p := range ps {
			p.tick()
		}
	}
	for i, p := range ps {
		if left := p.audit(); left != 0 {
			t.Errorf("player %d: %d blocks left", i, left)
		}
	}
}
