//go:build linux

package arena

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// A shelf is the tests' kind of keeper: two words, the numbers of its first item and of the one behind the last, then, for each of 12 items modulo 12, a reference.
const (
	shelfKind  = 210
	shelfItems = 12
	shelfSize  = 8 + 16*shelfItems
)

type shelf struct{ *Handle }

func shelfWord(p Memory, i uint64) *uint32 { return (*uint32)(block{p, 0}.u32(uintptr(4 * i))) }
func shelfRef(p Memory, item uint32) [2]*uint64 {
	at := uintptr(8 + 16*(item%shelfItems))
	return [2]*uint64{block{p, 0}.u64(at), block{p, 0}.u64(at + 8)}
}

func init() {
	RegisterKeeper(shelfKind, Keeper{
		Min: shelfSize,
		Window: func(p Memory) (first, end uint32) {
			return atomic.LoadUint32(shelfWord(p, 0)), atomic.LoadUint32(shelfWord(p, 1))
		},
		Left: func(p Memory, _ uint64, drop func(uint32, Ref)) {
			first, end := atomic.LoadUint32(shelfWord(p, 0)), atomic.LoadUint32(shelfWord(p, 1))
			for n := 0; first != end && n < shelfItems; n++ {
				w := shelfRef(p, first)
				drop(first, Ref{atomic.LoadUint64(w[0]), atomic.LoadUint64(w[1])})
				first++
			}
		},
	})
}

func (s shelf) first() *uint32 { return shelfWord(s.Payload(), 0) }
func (s shelf) end() *uint32   { return shelfWord(s.Payload(), 1) }

// note writes a reference for the next item; commit makes the item one.
func (s shelf) note(ref Ref) {
	w := shelfRef(s.Payload(), atomic.LoadUint32(s.end()))
	atomic.StoreUint64(w[0], ref.Off)
	atomic.StoreUint64(w[1], ref.Serial)
}

func (s shelf) commit() { atomic.AddUint32(s.end(), 1) }

// put and take are what a queue does.
func (s shelf) put(ref Ref) error {
	s.note(ref)
	if err := Keep([]Ref{ref}, s.Handle, atomic.LoadUint32(s.end())); err != nil {
		return err
	}
	killpoint.Here("shelf.kept")
	s.commit()
	return nil
}

func (s shelf) take() (Ref, *Inbox) {
	item := atomic.LoadUint32(s.first())
	w := shelfRef(s.Payload(), item)
	ref := Ref{atomic.LoadUint64(w[0]), atomic.LoadUint64(w[1])}
	in := Hold([]Ref{ref})
	killpoint.Here("shelf.held")
	atomic.AddUint32(s.first(), 1)
	killpoint.Here("shelf.taken")
	Unkeep([]Ref{ref}, s.Handle, item)
	return ref, in
}

func newShelf(t testing.TB, size uint64) shelf {
	t.Helper()
	h, err := New(Spec{Kind: shelfKind, Size: max(size, shelfSize)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return shelf{h}
}

// makeShelf is a player's.
func (p *player) makeShelf() shelf {
	return shelf{p.must(p.create(Spec{Kind: shelfKind, Size: shelfSize}))}
}

func made(t testing.TB, size uint64) *Handle {
	t.Helper()
	h, err := New(Spec{Kind: 1, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func live(t testing.TB) int {
	t.Helper()
	c, err := Count()
	if err != nil {
		t.Fatal(err)
	}
	return c.Objects
}

// stays fails the test when it leaves objects.
func stays(t testing.TB) {
	before := live(t)
	t.Cleanup(func() {
		testproc.Eventually(t, fmt.Sprintf("only the %d objects of before", before), func() bool { return live(t) <= before })
	})
}

func init() {
	// shelve: shelf, what to do: put or take, how often
	handle("shelve", func(ref Ref, _ *Handle, args []string) (string, error) {
		h, err := Attach(ref)
		if err != nil {
			return "", err
		}
		defer h.Close()
		s := shelf{h}
		for range number(args[1]) {
			if args[0] == "take" {
				_, in := s.take()
				in.Release()
				continue
			}
			a, err := New(Spec{Kind: 1, Size: 16})
			if err != nil {
				return "", err
			}
			err = s.put(a.Ref())
			_ = a.Close()
			if err != nil {
				return "", err
			}
		}
		return "", nil
	})
}

// TestKilledShelving kills who puts or takes at every step: what items refer to stays, all else goes.
func TestKilledShelving(t *testing.T) {
	for _, c := range []struct {
		how, point string
		items      uint32 // that are there afterwards, of 5
		leftKept   int    // objects that the next item's number still keeps
	}{
		{"put", "arena.keeping", 5, 0}, {"put", "arena.cell-added", 5, 1}, {"put", "shelf.kept", 5, 1}, {"put", "arena.released:2", 0, 0},
		{"take", "arena.attaching:2", 5, 0}, {"take", "shelf.held", 5, 0}, {"take", "shelf.taken", 4, 0}, {"take", "arena.unkeeping", 4, 0}, {"take", "arena.cell-dropped", 4, 0},
	} {
		before := live(t)
		s := newShelf(t, 0)
		for range 5 {
			a := made(t, 16)
			if err := s.put(a.Ref()); err != nil {
				t.Fatal(err)
			}
			closeAll(a)
		}
		p := testproc.Start(t)
		_ = p.Must("nothing")
		p.Bury()
		p = testproc.Start(t, testproc.Env(killpoint.Env+"="+c.point))
		if _, err := p.Call("shelve", format(s.Ref()), c.how, 2); !errors.Is(err, testproc.ErrGone) {
			t.Errorf("%s %s: %v", c.how, c.point, err)
		}
		p.Bury()
		n := atomic.LoadUint32(s.end()) - atomic.LoadUint32(s.first())
		if c.items != 0 && n != c.items {
			t.Errorf("%s %s: %d items", c.how, c.point, n)
		}
		testproc.Eventually(t, c.how+" "+c.point+": one object for each item", func() bool {
			got := live(t) - before - 1
			return got == int(n) || got == int(n)+c.leftKept
		})
		for range n {
			_, in := s.take()
			if len(in.handles) != 1 {
				t.Errorf("%s %s: the object of an item is gone", c.how, c.point)
			}
			in.Release()
		}
		closeAll(s.Handle)
		if c.leftKept == 0 {
			testproc.Eventually(t, c.how+" "+c.point+": nothing left", func() bool { return live(t) == before })
			continue
		}
		// The shelf, unlike a ring, does not note what it is about to keep: the next sweep finds it.
		p = testproc.Start(t)
		p.Bury()
		testproc.Eventually(t, c.how+" "+c.point+": nothing left after a sweep", func() bool { return live(t) == before })
	}
}
