//go:build linux

package arena

import (
	"os"
	"testing"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

func TestMain(m *testing.M) {
	if os.Getenv("MULTIPROC_DEBUG") == "" { // a test needs a machine's worth of memory only where it says so
		freeMemory = func() sys.Memory { return sys.Memory{Available: 1 << 40, Limit: "the test"} }
	}
	testproc.Main(m)
}

// player is one process of a family that the test plays: an arena of its own, with its own mappings, in a file that it shares with the others.
// Its sweeper does not run on its own; tick does its work.
type player struct {
	*Arena
	t testing.TB
}

func play(t testing.TB, f *family.Family) *player {
	a := &Arena{f: f, windows: map[uint64][]byte{}, segments: map[uint64]*segment{}, objects: map[uint64]*Object{}}
	a.sweeper.Do(func() {})
	return &player{a, t}
}

// leave gives a player's mappings back, as the end of a process does.
func (p *player) leave() {
	for _, w := range p.windows {
		_ = sys.Unmap(w)
	}
	p.windows = nil
	p.f.Discard()
}

// players makes a family of its own with n players; the first is the root and parent of all.
func players(t testing.TB, n int) []*player {
	t.Helper()
	f, err := family.Isolated()
	if err != nil {
		t.Fatal(err)
	}
	out := []*player{play(t, f)}
	for range n - 1 {
		out = append(out, out[0].join())
	}
	t.Cleanup(func() {
		for _, p := range out[1:] {
			p.leave()
		}
		out[0].leave()
	})
	return out
}

// join adds a player whose parent p is. The caller makes it leave.
func (p *player) join() *player {
	p.t.Helper()
	f, err := p.f.Another("player")
	if err != nil {
		p.t.Fatal(err)
	}
	return play(p.t, f)
}

// make, again, and the like are New, Attach, Send and so on of a player's own arena.

func (p *player) create(s Spec) (*Handle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o, err := p.Arena.create(s)
	if err != nil {
		return nil, err
	}
	return &Handle{o: o}, nil
}

func (p *player) attach(ref Ref) (*Handle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o, err := p.Arena.attach(ref)
	if err != nil {
		return nil, err
	}
	return &Handle{o: o}, nil
}

func (p *player) sendTo(ref Ref, to family.Ident) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Arena.send(ref, to)
}

func (p *player) unsendTo(ref Ref, to family.Ident) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Arena.unsend([]Ref{ref}, to)
}

func (p *player) send(ref Ref, to *player) error { return p.sendTo(ref, to.f.Self()) }
func (p *player) unsend(ref Ref, to *player)     { p.unsendTo(ref, to.f.Self()) }

func (p *player) receive(ref Ref, from family.Ident) (*Handle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o, err := p.Arena.attach(ref)
	p.arrived(ref, transit(from, p.f.Self()))
	if err != nil {
		return nil, err
	}
	return &Handle{o: o}, nil
}

// tick is what the sweeper does when it is rung.
func (p *player) tick() {
	p.watchOrphans(map[family.Ident]*family.Watch{})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.takeReturned()
	p.sweep()
}

func (p *player) must(h *Handle, err error) *Handle {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	return h
}

func (p *player) mustMake(size uint64) *Handle {
	p.t.Helper()
	return p.must(p.create(Spec{Kind: 1, Size: size, Type: 99}))
}

func closeAll(hs ...*Handle) {
	for _, h := range hs {
		_ = h.Close()
	}
}

func bytesOf(h *Handle) []byte { return unsafe.Slice((*byte)(h.Payload()), h.Size()) }

// ends are the bytes of a payload that paint fills: all of a small one, both ends of a large one.
func ends(h *Handle) [][]byte {
	b := bytesOf(h)
	if len(b) <= 1024 {
		return [][]byte{b}
	}
	return [][]byte{b[:512], b[len(b)-512:]}
}

// paint fills a payload so that any overlap with another shows.
func paint(h *Handle, seed uint64) {
	for _, b := range ends(h) {
		for i := range b {
			b[i] = byte(seed>>(8*(i%8))) ^ byte(i>>3)
		}
	}
}

// painted reports whether a payload is as paint left it.
func painted(h *Handle, seed uint64) bool {
	for _, b := range ends(h) {
		for i := range b {
			if b[i] != byte(seed>>(8*(i%8)))^byte(i>>3) {
				return false
			}
		}
	}
	return true
}

func zero(h *Handle) bool {
	for _, b := range bytesOf(h) {
		if b != 0 {
			return false
		}
	}
	return true
}

func resident(t testing.TB, f *family.Family) int64 {
	t.Helper()
	n, err := sys.Resident(f.FD())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// units counts the units that are not free.
func units(f *family.Family) (n int) {
	a := &Arena{f: f}
	for u := uint64(family.FirstUnit); u < min(*f.Word64(family.OffUnitsEnd), family.Units); u++ {
		if a.loadUnit(u) != unitFree {
			n++
		}
	}
	return n
}

// audit checks what a player's allocator knows against the shared bytes, and returns how many blocks are in use.
func (p *player) audit() (inUse int) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	open := map[*slab]bool{}
	for u, seg := range p.segments {
		if w := p.loadUnit(u); w.kind() != unitSegment || w.owner() != p.f.Self() || w.count() != 1 || seg.unit != u {
			p.t.Fatalf("unit %d of a segment: kind %d, owner %#x, count %d", u, w.kind(), w.owner(), w.count())
		}
		n := 0
		for i, s := range seg.slabs {
			size := *word32(seg.mem, uint64(segSizes+4*i))
			if s == nil {
				if size != 0 {
					p.t.Fatalf("slab %d of unit %d has blocks of %d and is not known", i, u, size)
				}
				continue
			}
			n++
			open[s] = true
			if uint64(size) != s.size() || int(s.index) != i || s.seg != seg || s.total != slabBlocks(s.index, s.size()) {
				p.t.Fatalf("slab %d of unit %d: %+v", i, u, s)
			}
			if s.used+len(s.freed)+s.total-s.fresh != s.total || s.fresh > s.total {
				p.t.Fatalf("slab %d of unit %d: %d used, %d freed, %d fresh of %d", i, u, s.used, len(s.freed), s.fresh, s.total)
			}
			free := map[int]bool{}
			for _, f := range s.freed {
				if free[int(f)] || int(f) >= s.fresh {
					p.t.Fatalf("slab %d of unit %d: block %d freed twice", i, u, f)
				}
				free[int(f)] = true
			}
			for b := range s.total {
				taken := s.taken[b/64]>>(b%64)&1 == 1
				if taken == (free[b] || b >= s.fresh) && !quarantine {
					p.t.Fatalf("slab %d of unit %d: block %d taken %v, free %v, fresh %d", i, u, b, taken, free[b], s.fresh)
				}
				if taken {
					inUse++
				} else if st := s.block(b).state(); st != 0 {
					p.t.Fatalf("slab %d of unit %d: free block %d has state %#x", i, u, b, st)
				}
			}
		}
		if n != seg.inUse || n == 0 {
			p.t.Fatalf("unit %d: %d slabs, counted %d", u, n, seg.inUse)
		}
	}
	listed := map[*slab]bool{}
	for class, list := range p.classes {
		for _, s := range list {
			if listed[s] || !open[s] || s.full() || s.class != class {
				p.t.Fatalf("list of class %d: twice %v, open %v, full %v, class %d", class, listed[s], open[s], s.full(), s.class)
			}
			listed[s] = true
		}
	}
	for s := range open {
		if !s.full() && !listed[s] {
			p.t.Fatalf("a slab of class %d with room is in no list", s.class)
		}
	}
	return inUse
}

// cached is the memory that a player's segments hold, used or not.
func (p *player) cached() (n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, seg := range p.segments {
		n += slabSize // with the header
		for i, s := range seg.slabs {
			if s != nil && i > 0 {
				n += slabSize
			}
		}
	}
	return n
}
