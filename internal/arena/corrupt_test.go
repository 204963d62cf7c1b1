//go:build linux

package arena

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
)

// scene is a family with a victim, whose bytes a peer spoils, and a witness, whose objects must not suffer. Player 0 is their parent.
type scene struct {
	parent, victim, witness *player

	hers []*Handle // the witness's own objects, in her own units
	his  []*Handle // the victim's
	refs []Ref
}

func newScene(t testing.TB) *scene {
	ps := players(t, 3)
	s := &scene{parent: ps[0], victim: ps[1], witness: ps[2]}
	for i, size := range []uint64{0, 16, 100, 3000, 40_000, 3 << 20} {
		h := s.witness.mustMake(size)
		h.Ref()
		paint(h, uint64(i))
		s.hers = append(s.hers, h)
		v := s.victim.mustMake(size)
		paint(v, uint64(i))
		s.his = append(s.his, v)
		s.refs = append(s.refs, v.Ref())
	}
	// Some that only the parent, or a message, keeps, some with further cells, some that were given back.
	for i := range 3 {
		h := s.victim.mustMake(64)
		got := s.parent.must(s.parent.attach(h.Ref()))
		for range 5 * i {
			if err := s.victim.send(h.Ref(), s.parent); err != nil {
				t.Fatal(err)
			}
		}
		s.refs = append(s.refs, h.Ref())
		closeAll(h)
		if i == 0 {
			closeAll(got)
		}
	}
	return s
}

// his units: the segment, and the large objects'.
func (s *scene) spoilable() (units []uint64) {
	for u, w := range s.victim.heads {
		if w.owner() == s.victim.f.Self() {
			for i := range w.count() {
				units = append(units, u+i)
			}
		}
	}
	return units
}

// places are the offsets that matter: unit words, segment headers and block headers of the victim's.
func (s *scene) places(units []uint64) (words []*uint64) {
	for _, u := range units {
		words = append(words, s.victim.unit(u))
		mem, err := s.victim.window(u * family.UnitSize)
		if err != nil {
			panic(err)
		}
		base := u * family.UnitSize % windowSize
		for i := range uint64(20) {
			words = append(words, word64(mem, base+8*i))
		}
	}
	for _, ref := range s.refs {
		mem, err := s.victim.window(ref.Off)
		if err != nil {
			panic(err)
		}
		for i := range uint64(14) {
			words = append(words, word64(mem, ref.Off%windowSize+8*i))
		}
		if next := *word64(mem, ref.Off%windowSize+offNext); next != 0 {
			for i := range uint64(16) {
				words = append(words, word64(mem, next%windowSize+8*i))
			}
		}
	}
	return words
}

// use does everything that the processes could do with the spoilt memory. It may fail, it must not crash, loop or touch the witness's objects.
func (s *scene) use(t testing.TB, rnd *rand.Rand) {
	var got []*Handle
	for _, ref := range s.refs {
		for _, p := range []*player{s.parent, s.witness, s.victim} {
			if h, err := p.attach(ref); err == nil {
				got = append(got, h)
				if b := bytesOf(h); len(b) > 0 { // both ends must be mapped memory
					_, _ = b[0], b[len(b)-1]
				}
				h.Lock().TryAcquire(0)
				_ = p.send(ref, s.witness)
			}
		}
	}
	for range 3 {
		for _, p := range []*player{s.parent, s.witness, s.victim} {
			p.tick()
		}
		for _, h := range got {
			_ = h.Close()
		}
		got = nil
		if h, err := s.victim.create(Spec{Kind: 1, Size: 16}); err == nil {
			got = append(got, h)
		}
	}
	for _, h := range s.his {
		if rnd.IntN(2) == 0 {
			_ = h.Close()
		}
	}
	// The victim dies, and the others take over what it had.
	s.victim.f.MarkDead(s.victim.f.Self())
	s.parent.f.Buried(s.victim.f.Self())
	for range 2 {
		s.parent.tick()
		s.witness.tick()
	}
	for _, ref := range s.refs {
		if h, err := s.witness.attach(ref); err == nil {
			closeAll(h)
		}
	}
	s.parent.tick()
	for i, h := range s.hers {
		if !painted(h, uint64(i)) {
			t.Fatalf("the witness's object %d has changed", i)
		}
		if again, err := s.parent.attach(h.Ref()); err != nil {
			t.Fatalf("the witness's object %d: %v", i, err)
		} else {
			closeAll(again)
		}
	}
	for _, p := range []*player{s.parent, s.witness} {
		h, err := p.create(Spec{Kind: 1, Size: 16})
		if err != nil {
			t.Fatal(err)
		}
		closeAll(h)
	}
}

// endless fails the test, with all stacks, when it does not end.
func endless(t testing.TB, fn func()) {
	timer := time.AfterFunc(time.Minute, func() { panic("endless: shared bytes have made a loop") })
	defer timer.Stop()
	fn()
}

// TestSpoiltWords spoils one word at a time, of those that matter, with values that are likely to hurt.
func TestSpoiltWords(t *testing.T) {
	base := newScene(t)
	n := len(base.places(base.spoilable()))
	step := 3
	if testing.Short() {
		step = 23
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	for i := rnd.IntN(step); i < n; i += step {
		for kind := range 3 {
			t.Run(fmt.Sprint(i, kind), func(t *testing.T) { // which unmaps the scene
				s := newScene(t)
				words := s.places(s.spoilable())
				if i >= len(words) {
					return
				}
				w, old := words[i], *words[i]
				switch kind {
				case 0:
					*w = old ^ 1<<rnd.IntN(64)
				case 1: // a value from elsewhere: plausible, and wrong
					*w = *words[rnd.IntN(len(words))]
				case 2:
					*w = []uint64{0, 1, ^uint64(0), 1 << 63, 1 << 31, 1 << 30, old + 1, old - 1, old << 32, old + 16, uint64(s.refs[0].Off), s.refs[8].Off,
						s.hers[1].Ref().Off, s.hers[5].Ref().Off, 4 << 40, 2000, 1<<64 - 20, uint64(hold(s.witness.f.Self()))}[rnd.IntN(18)]
				}
				endless(t, func() { s.use(t, rnd) })
				if t.Failed() {
					t.Fatalf("word %d: %#x became %#x", i, old, *w)
				}
			})
		}
	}
}

// spoil writes bytes of a fuzzer over the victim's words: each record is two bytes that choose a word, one that says how, and a value.
func (s *scene) spoil(data []byte) {
	words := s.places(s.spoilable())
	for rec := range slices.Chunk(data, 11) {
		if len(rec) < 11 {
			return
		}
		w := words[int(binary.LittleEndian.Uint16(rec))%len(words)]
		v := binary.LittleEndian.Uint64(rec[3:])
		switch rec[2] % 4 {
		case 0:
			*w = v
		case 1:
			*w ^= 1 << (v % 64)
		case 2:
			*w = *words[v%uint64(len(words))]
		case 3:
			*w += uint64(int8(v))
		}
	}
}

func FuzzSpoilt(f *testing.F) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 30 {
		b := make([]byte, 11*(1+rnd.IntN(12)))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newScene(t)
		s.spoil(data)
		endless(t, func() { s.use(t, rand.New(rand.NewPCG(1, uint64(len(data))))) })
	})
}
