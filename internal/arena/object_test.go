//go:build linux

package arena

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/sys"
)

func TestCreate(t *testing.T) {
	p := players(t, 1)[0]
	seen := map[Ref]bool{}
	for _, size := range []uint64{0, 1, 8, 15, 16, 17, 32, 1000, 1023, 1024, 1025, 4096, 32640, 32641, 32768, 65536, 1 << 20, 2<<20 - 129, 2<<20 - 128, 2<<20 - 127, 5 << 20, 70 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			h := p.must(p.create(Spec{Kind: 7, Size: size, Type: size + 1}))
			if h.Size() != size || h.Kind() != 7 || h.Type() != size+1 || h.Closed() {
				t.Errorf("size %d, kind %d, type %d", h.Size(), h.Kind(), h.Type())
			}
			if !zero(h) {
				t.Error("not zero")
			}
			if seen[h.Ref()] {
				t.Error("a reference twice")
			}
			seen[h.Ref()] = true
			paint(h, size)
			again := p.must(p.attach(h.Ref()))
			if !again.Same(h) || again.Payload() != h.Payload() || again.Lock() != h.Lock() || !painted(again, size) {
				t.Error("the second handle is of another object")
			}
			closeAll(h)
			if !painted(again, size) {
				t.Error("changed when the first handle was closed")
			}
			closeAll(again)
			if err := again.Close(); !errors.Is(err, errs.ErrClosed) {
				t.Errorf("second Close: %v", err)
			}
			if _, err := p.attach(h.Ref()); !errors.Is(err, errs.ErrStale) {
				t.Errorf("attached to what is gone: %v", err)
			}
		})
	}
	if n := p.audit(); n != 0 {
		t.Errorf("%d blocks left", n)
	}
}

// TestFullSlabs fills slabs to the last block and empties them again, in every order.
func TestFullSlabs(t *testing.T) {
	p := players(t, 1)[0]
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, size := range []uint64{16, 100, 1024, 5000, 32000} {
		per := slabBlocks(1, classSizes[classOf(headOf(size)+size)])
		for _, n := range []int{per - 1, per, per + 1, 2 * per, 2*per + 1, slabBlocks(0, classSizes[classOf(headOf(size)+size)])} {
			for order := range 3 {
				var hs []*Handle
				for i := range n {
					h := p.mustMake(size)
					if !zero(h) {
						t.Fatal("not zero")
					}
					paint(h, uint64(i))
					hs = append(hs, h)
				}
				p.audit()
				idx := make([]int, n)
				for i := range idx {
					idx[i] = i
					if order == 1 {
						idx[i] = n - 1 - i
					}
				}
				if order == 2 {
					rnd.Shuffle(n, func(i, j int) { idx[i], idx[j] = idx[j], idx[i] })
				}
				for _, i := range idx {
					if !painted(hs[i], uint64(i)) {
						t.Fatal("overlap")
					}
					closeAll(hs[i])
				}
				if left := p.audit(); left != 0 {
					t.Fatalf("%d blocks left", left)
				}
			}
		}
	}
	if units(p.f) != 1 {
		t.Errorf("%d units for empty slabs", units(p.f))
	}
}

// TestFlat: creating, looking and closing costs no memory over time.
func TestFlat(t *testing.T) {
	p := players(t, 1)[0]
	n := 10_000
	if testing.Short() {
		n = 2000
	}
	sizes := []uint64{16, 500, 3000, 20_000, 40_000}
	lap := func(n int) int64 {
		for i := range n {
			h := p.mustMake(sizes[i%len(sizes)])
			bytesOf(h)[0] = 1
			view, err := h.Clone()
			if err != nil {
				t.Fatal(err)
			}
			closeAll(h, view)
		}
		return resident(t, p.f)
	}
	before := lap(20)
	if after := lap(n); after != before {
		t.Errorf("%d bytes before, %d after", before, after)
	}
	p.audit()
}

func TestClone(t *testing.T) {
	p := players(t, 1)[0]
	h := p.mustMake(100)
	c, err := h.Clone()
	if err != nil {
		t.Fatal(err)
	}
	closeAll(h)
	if _, err := h.Clone(); !errors.Is(err, errs.ErrClosed) {
		t.Errorf("clone of a closed handle: %v", err)
	}
	// A closed handle still tells the reference; who attaches it gets the object that the clone holds, and does not free it.
	other := p.must(p.attach(h.Ref()))
	closeAll(other)
	if p.audit() != 1 {
		t.Fatal("freed under a handle")
	}
	paint(c, 1)
	closeAll(c)
	if p.audit() != 0 {
		t.Error("left")
	}
}

func TestNoMemory(t *testing.T) {
	p := players(t, 1)[0]
	keep := p.mustMake(16)
	defer closeAll(keep)
	defer func(old func() sys.Memory) { freeMemory = old }(freeMemory)
	free := int64(memoryMargin + 100<<20)
	freeMemory = func() sys.Memory { return sys.Memory{Available: free, Limit: "/sys/fs/cgroup/memory.max"} }
	before, had := resident(t, p.f), units(p.f)
	_, err := p.create(Spec{Kind: 1, Size: 101 << 20})
	if !errors.Is(err, errs.ErrNoMemory) || !strings.Contains(err.Error(), "memory.max") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
	if after := resident(t, p.f); after != before || units(p.f) != had {
		t.Errorf("%d bytes and %d units after a refusal, %d and %d before", after, units(p.f), before, had)
	}
	closeAll(p.mustMake(50 << 20))
	free = 0
	if _, err := p.create(Spec{Kind: 1, Size: 10 << 20}); !errors.Is(err, errs.ErrNoMemory) {
		t.Errorf("got %v", err)
	}
	p.checked = reserveCheck{}
	if _, err := p.create(Spec{Kind: 1, Size: 20000}); !errors.Is(err, errs.ErrNoMemory) { // a new slab
		t.Errorf("got %v", err)
	}
	free = 1 << 50
	for _, size := range []uint64{4 << 40, 4<<40 - 32<<20, 1 << 50, math.MaxUint64, math.MaxUint64 - 100, math.MaxInt64} {
		if h, err := p.create(Spec{Kind: 1, Size: size}); !errors.Is(err, errs.ErrNoMemory) {
			t.Errorf("%d bytes: %v, %v", size, h, err)
		}
	}
	if units(p.f) != had {
		t.Errorf("%d units after refusals, %d before", units(p.f), had)
	}
	p.audit()
	closeAll(p.mustMake(20000))
}

func TestBadReferences(t *testing.T) {
	ps := players(t, 2)
	p, q := ps[0], ps[1]
	h := p.mustMake(100)
	ref := h.Ref()
	large := p.mustMake(3 << 20)
	theirs := q.mustMake(100) // in another's unit, never sent
	for _, c := range []struct {
		what string
		ref  Ref
	}{
		{"nothing", Ref{}},
		{"header", Ref{Off: 0, Serial: 1}},
		{"participant table", Ref{Off: 4096 + 64, Serial: ref.Serial}},
		{"unit table", Ref{Off: 1 << 20, Serial: ref.Serial}},
		{"other serial", Ref{ref.Off, ref.Serial + 1}},
		{"no serial", Ref{ref.Off, 0}},
		{"between blocks", Ref{ref.Off + 16, ref.Serial}},
		{"not aligned", Ref{ref.Off + 1, ref.Serial}},
		{"the segment's header", Ref{ref.Off &^ (family.UnitSize - 1), ref.Serial}},
		{"a slab that is not open", Ref{ref.Off&^(family.UnitSize-1) + 31*slabSize, ref.Serial}},
		{"a free block", Ref{ref.Off + classSizes[classOf(196)], ref.Serial}},
		{"inside a large object", Ref{large.Ref().Off + 4096, large.Ref().Serial}},
		{"a large object's second unit", Ref{large.Ref().Off + family.UnitSize, large.Ref().Serial}},
		{"a free unit", Ref{900 * family.UnitSize, ref.Serial}},
		{"end of the file", Ref{family.FileSize - 112, ref.Serial}},
		{"beyond the file", Ref{family.FileSize, ref.Serial}},
		{"far beyond", Ref{math.MaxUint64, ref.Serial}},
		{"far beyond, aligned", Ref{math.MaxUint64 &^ (family.UnitSize - 1), math.MaxUint64}},
	} {
		for _, who := range ps {
			got, err := who.attach(c.ref)
			if !errors.Is(err, errs.ErrStale) && !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("%s: %v, %v", c.what, got, err)
			}
		}
		if err := p.send(c.ref, q); !errors.Is(err, errs.ErrClosed) {
			t.Errorf("send %s: %v", c.what, err)
		}
		p.unsend(c.ref, q)
		if _, err := q.receive(c.ref, p.f.Self()); err == nil {
			t.Errorf("received %s", c.what)
		}
	}
	// One in another's unit is found if it is known, and held then.
	got := p.must(p.attach(theirs.Ref()))
	closeAll(theirs)
	if q.tick(); q.audit() != 1 {
		t.Error("freed under the second process's handle")
	}
	closeAll(got)
	if q.tick(); q.audit() != 0 {
		t.Error("not freed")
	}
	closeAll(h, large)
	if p.tick(); p.audit() != 0 || units(p.f) != 2 {
		t.Errorf("%d blocks, %d units left", p.audit(), units(p.f))
	}
}

// TestBeyondAWindow: an object that reaches into the next window has a mapping of its own.
func TestBeyondAWindow(t *testing.T) {
	if testing.Short() {
		t.Skip("reserves 130 MiB")
	}
	ps := players(t, 2)
	p, q := ps[0], ps[1]
	start := resident(t, p.f)
	h := p.mustMake(130 << 20)
	if h.o.mapping == nil {
		t.Error("in a window")
	}
	bytesOf(h)[0], bytesOf(h)[130<<20-1] = 1, 2
	other := q.must(q.attach(h.Ref()))
	if b := bytesOf(other); b[0] != 1 || b[130<<20-1] != 2 {
		t.Error("not the same memory")
	}
	other.Lock().TryAcquire(0)
	if h.Lock().TryAcquire(0) {
		t.Error("not the same lock")
	}
	closeAll(h)
	bytesOf(other)[65<<20] = 3
	closeAll(other)
	p.tick()
	if end := resident(t, p.f); end > start+1<<20 || units(p.f) != 0 {
		t.Errorf("%d bytes before, %d after, %d units", start, end, units(p.f))
	}
}

// TestManyHolders: an object with more holders and messages than its header has room for.
func TestManyHolders(t *testing.T) {
	ps := players(t, 2)
	p, q := ps[0], ps[1]
	start := units(p.f)
	h := p.mustMake(100)
	ref := h.Ref()
	n := 500
	var ids []family.Ident
	for range n {
		id, err := p.f.Reserve("receiver")
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		if err := p.sendTo(ref, id); err != nil {
			t.Fatal(err)
		}
	}
	other := q.must(q.attach(ref)) // its hold goes to the chain as well
	paint(h, 5)
	closeAll(h)
	if got := p.must(p.attach(ref)); !painted(got, 5) {
		t.Fatal("lost while 500 messages carry it")
	} else {
		closeAll(got)
	}
	for i, id := range ids {
		if i%2 == 0 {
			p.unsendTo(ref, id)
		} else {
			p.f.Buried(id)
		}
		if i == n/2 {
			p.tick()
		}
	}
	p.tick()
	if !painted(other, 5) {
		t.Error("lost while somebody holds it")
	}
	closeAll(other)
	p.tick()
	q.tick()
	p.tick()
	if p.audit() != 0 || q.audit() != 0 {
		t.Errorf("%d and %d blocks left", p.audit(), q.audit())
	}
	if _, err := p.attach(ref); !errors.Is(err, errs.ErrStale) {
		t.Errorf("got %v", err)
	}
	if units(p.f) > start+2 {
		t.Errorf("%d units", units(p.f))
	}
	// All messages void at once: the receivers die.
	h = p.mustMake(100)
	for range 100 {
		id, err := p.f.Reserve("receiver")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.sendTo(h.Ref(), id); err != nil {
			t.Fatal(err)
		}
		p.f.MarkDead(id)
	}
	closeAll(h)
	p.tick()
	p.tick()
	if p.audit() != 0 {
		t.Errorf("%d blocks left", p.audit())
	}
}

// TestVoidCellsAreUsedAgain: messages to the dead don't make the chain grow.
func TestVoidCellsAreUsedAgain(t *testing.T) {
	p := players(t, 1)[0]
	h := p.mustMake(16)
	for range 1000 {
		id, err := p.f.Reserve("receiver")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.sendTo(h.Ref(), id); err != nil {
			t.Fatal(err)
		}
		p.f.Buried(id)
	}
	if n := p.audit(); n != 1 {
		t.Errorf("%d blocks", n)
	}
	closeAll(h)
	if n := p.audit(); n != 0 {
		t.Errorf("%d blocks", n)
	}
}
