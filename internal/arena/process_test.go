//go:build linux

package arena

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// here is this process's own arena.
func here(t testing.TB) *player {
	t.Helper()
	a, err := Home()
	if err != nil {
		t.Fatal(err)
	}
	return &player{a, t}
}

func format(ref Ref) string { return fmt.Sprintf("%d/%d", ref.Off, ref.Serial) }

func parse(s string) (ref Ref, err error) {
	_, err = fmt.Sscanf(s, "%d/%d", &ref.Off, &ref.Serial)
	return ref, err
}

// theirs are a child's handles.
var theirs struct {
	sync.Mutex
	m map[string]*Handle
}

func keep(h *Handle) string {
	theirs.Lock()
	defer theirs.Unlock()
	if theirs.m == nil {
		theirs.m = map[string]*Handle{}
	}
	ref := format(h.Ref())
	theirs.m[ref] = h
	return ref
}

// handle makes an operation of a child on one object, named by the first argument.
func handle(op string, fn func(ref Ref, h *Handle, args []string) (string, error)) {
	testproc.Handle(op, func(args []string) (string, error) {
		ref, err := parse(args[0])
		if err != nil {
			return "", err
		}
		theirs.Lock()
		h := theirs.m[args[0]]
		theirs.Unlock()
		return fn(ref, h, args[1:])
	})
}

func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func init() {
	testproc.Handle("make", func(args []string) (string, error) {
		h, err := New(Spec{Kind: 1, Size: number(args[0])})
		if err != nil {
			return "", err
		}
		paint(h, number(args[1]))
		return keep(h), nil
	})
	handle("attach", func(ref Ref, _ *Handle, _ []string) (string, error) {
		h, err := Attach(ref)
		if err != nil {
			return "", err
		}
		return keep(h), nil
	})
	handle("painted", func(_ Ref, h *Handle, args []string) (string, error) {
		return fmt.Sprint(painted(h, number(args[0]))), nil
	})
	handle("close", func(_ Ref, h *Handle, _ []string) (string, error) { return "", h.Close() })
	handle("send", func(ref Ref, _ *Handle, args []string) (string, error) {
		return "", Send([]Ref{ref}, family.Ident(number(args[0])))
	})
	handle("receive", func(ref Ref, _ *Handle, args []string) (string, error) {
		in := Received([]Ref{ref}, family.Ident(number(args[0])))
		defer in.Release()
		h, err := Attach(ref) // as decoding does
		if err != nil {
			return "", err
		}
		return keep(h), nil
	})
	testproc.Handle("nothing", func([]string) (string, error) { return "", nil })
	testproc.Handle("work", func(args []string) (string, error) {
		if args[1] == "record" {
			killpoint.Record()
		}
		if err := work(int(number(args[0])), args[2:]); err != nil {
			return "", err
		}
		out, err := json.Marshal(killpoint.Recorded())
		return string(out), err
	})
}

// workSizes are the payloads that work makes: several classes, and large ones.
var workSizes = []uint64{16, 200, 3000, 40_000, 3 << 20}

// work does everything that a process does with objects, its own, the parent's (whose references it gets) and those of a ghost: a participant that
// it plays itself, and that dies in every round.
func work(rounds int, parents []string) error {
	a, err := Home()
	if err != nil {
		return err
	}
	var kept []*Handle
	for round := range rounds {
		var hs []*Handle
		for _, size := range workSizes {
			h, err := New(Spec{Kind: 1, Size: size})
			if err != nil {
				return err
			}
			hs = append(hs, h)
			if size == 16 && round%2 == 0 {
				kept = append(kept, h)
			}
		}
		// To many, more than a header has room for, most of whom are never started.
		self := a.f.Self()
		for _, h := range hs[:2] {
			refs := []Ref{h.Ref()}
			var ids []family.Ident
			for range 6 {
				id, err := a.f.Reserve("receiver")
				if err != nil {
					return err
				}
				ids = append(ids, id)
				if err := Send(refs, id); err != nil {
					return err
				}
			}
			if err := Send(refs, self); err != nil {
				return err
			}
			in := Received(refs, self)
			for i, id := range ids {
				if i%2 == 0 {
					Unsend(refs, id)
				}
				a.f.Buried(id)
			}
			in.Release()
		}
		for _, arg := range parents {
			ref, err := parse(arg)
			if err != nil {
				return err
			}
			h, err := Attach(ref)
			if err != nil {
				return err
			}
			if err := h.Close(); err != nil {
				return err
			}
		}
		// A ghost makes objects; this process is the last who holds some of them, and inherits the others.
		g, err := a.f.Another("ghost")
		if err != nil {
			return err
		}
		ghost := play(nil, g)
		for _, size := range workSizes {
			for i := range 2 {
				o, err := ghost.create(Spec{Kind: 1, Size: size})
				if err != nil {
					return err
				}
				h, err := Attach(o.Ref())
				if err != nil {
					return err
				}
				if i == 0 {
					closeAll(o, h)
				} else {
					hs = append(hs, h)
				}
			}
		}
		a.f.Buried(g.Self())
		a.mu.Lock()
		a.takeReturned()
		a.sweep()
		a.mu.Unlock()
		for i, h := range hs {
			if (round+i)%4 != 0 {
				_ = h.Close()
			}
		}
		closeAll(hs...)
	}
	closeAll(kept...)
	return nil
}

// baseline is what there is when a test has only its control objects.
type baseline struct {
	inUse, units int
	resident     int64
}

func (p *player) baseline() baseline {
	// The pages of the tables don't count.
	for slot := range family.Ident(4096) {
		atomic.AddUint32(p.f.Doorbell(slot<<17), 0)
	}
	for u := range uint64(4096) {
		atomic.AddUint64(p.unit(u), 0)
	}
	return baseline{p.audit(), units(p.f), resident(p.t, p.f)}
}

// others are the participants and units that are not this process's: nothing, once all that the dead left is cleared.
func (p *player) others() (out []string) {
	for id, state := range p.f.Participants {
		if id != p.f.Self() {
			out = append(out, fmt.Sprintf("%#x %v", id, state))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for u, w := range p.heads {
		if w.owner() != p.f.Self() || w.kind() == unitClaimed {
			out = append(out, fmt.Sprintf("unit %d kind %d owner %#x", u, w.kind(), w.owner()))
		}
	}
	return out
}

// back waits until everything is as at the beginning: no participant but this process, no unit or block that was not there.
func (p *player) back(what string, want baseline) {
	p.t.Helper()
	var got baseline
	var others []string
	defer func() {
		if p.t.Failed() {
			p.t.Logf("%s: %+v, want %+v; others: %v", what, got, want, others)
		}
	}()
	testproc.Eventually(p.t, "the baseline, after "+what, func() bool {
		got, others = p.baseline(), p.others()
		return len(others) == 0 && got.inUse == want.inUse && got.units <= want.units && got.resident <= want.resident
	})
}

// controls are objects of this process that must come through everything that happens to others.
func (p *player) controls() (hs []*Handle, check func()) {
	for i, size := range append(slices.Clone(workSizes), 0, 500, 10_000) {
		h, err := New(Spec{Kind: 1, Size: size})
		if err != nil {
			p.t.Fatal(err)
		}
		paint(h, uint64(i))
		hs = append(hs, h)
	}
	return hs, func() {
		p.t.Helper()
		for i, h := range hs {
			if !painted(h, uint64(i)) {
				p.t.Fatalf("control object %d has changed", i)
			}
		}
	}
}

// TestKilledAtEveryPoint kills a process at every named point that its work passes, at the first, the middle and the last pass. What it leaves is cleared, and
// nothing of anybody else's is touched.
func TestKilledAtEveryPoint(t *testing.T) {
	p := here(t)
	controls, check := p.controls()
	var refs []any
	for _, h := range controls {
		refs = append(refs, format(h.Ref()))
	}
	inUse := p.audit()
	const rounds = 4
	args := func(record string) []any { return append([]any{rounds, record}, refs...) }

	// Two passes without a kill: the tables' pages are in use, and what a survivor keeps is kept.
	var points map[string]int
	for range 2 {
		c := testproc.Start(t)
		if err := json.Unmarshal([]byte(c.Must("work", args("record")...)), &points); err != nil {
			t.Fatal(err)
		}
		c.Bury()
	}
	testproc.Eventually(t, "the first children's end", func() bool { return len(p.others()) == 0 && p.audit() == inUse })
	want := p.baseline()
	want.resident += slabSize // a slab that is kept may be in a unit of its own
	want.units++

	t.Log(points)
	for _, must := range []string{
		"arena.adopted", "arena.allocated", "arena.attaching", "arena.block-freed", "arena.cell-added", "arena.cell-dropped", "arena.claimed",
		"arena.claimed-head", "arena.created", "arena.freeing", "arena.given-back", "arena.giving-back", "arena.large-freeing", "arena.large-reserved",
		"arena.more-made", "arena.received", "arena.released", "arena.segment-made", "arena.sending", "arena.slab-opened", "arena.sweeping",
		"arena.unclaiming", "family.bury", "family.reserve",
	} {
		if points[must] == 0 {
			t.Errorf("the work does not pass %s", must)
		}
	}
	killed := 0
	for _, name := range slices.Sorted(maps.Keys(points)) {
		if strings.HasPrefix(name, "lock.") || strings.HasPrefix(name, "unlock.") {
			continue
		}
		passes := []int{1, points[name]/2 + 1, points[name]}
		if testing.Short() {
			passes = []int{points[name]/2 + 1}
		}
		for _, n := range slices.Compact(passes) {
			at := fmt.Sprintf("%s:%d", name, n)
			c := testproc.Start(t, testproc.Env(killpoint.Env+"="+at))
			_, err := c.Call("work", args("")...)
			if errors.Is(err, testproc.ErrGone) {
				killed++
			} else if err != nil {
				t.Errorf("%s: %v", at, err)
			}
			c.Bury()
			p.back("a kill at "+at, want)
			check()
		}
	}
	t.Logf("%d killed", killed)
	if killed < len(points)/2 {
		t.Errorf("only %d of %d points killed anybody", killed, len(points))
	}
	closeAll(controls...)
}

// TestKilledAnywhere kills two processes that share objects at any moment.
func TestKilledAnywhere(t *testing.T) {
	p := here(t)
	controls, check := p.controls()
	var refs []any
	for _, h := range controls {
		refs = append(refs, format(h.Ref()))
	}
	inUse := p.audit()
	n := 12
	if testing.Short() {
		n = 3
	}
	var want baseline
	for i := range n {
		a, b := testproc.Start(t), testproc.Start(t)
		a.Go("work", append([]any{1000, ""}, refs...)...)
		b.Go("work", append([]any{1000, ""}, refs...)...)
		// As long as some calls take.
		for range i * 3 {
			h, err := New(Spec{Kind: 1, Size: 100})
			if err != nil {
				t.Fatal(err)
			}
			if !zero(h) {
				t.Fatal("a new object is not zero")
			}
			closeAll(h)
			a.Go("nothing")
		}
		a.Kill()
		b.Bury()
		a.Bury()
		if i == 0 {
			testproc.Eventually(t, "the first children's end", func() bool { return len(p.others()) == 0 && p.audit() == inUse })
			want = p.baseline()
			want.resident += 2 * slabSize
			want.units++
		}
		p.back("random kills", want)
		check()
	}
	closeAll(controls...)
}

// gone waits until an object exists no more.
func gone(t *testing.T, s string) {
	t.Helper()
	ref, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	testproc.Eventually(t, s+" gone", func() bool {
		h, err := Attach(ref)
		if err == nil {
			closeAll(h)
			return false
		}
		return errors.Is(err, errs.ErrStale)
	})
}

// TestInFlight: the maker, the sender or the receiver of an object is killed before, during and after its way.
func TestInFlight(t *testing.T) {
	id := func(c *testproc.Proc) string { return fmt.Sprint(uint32(c.ID)) }
	for _, size := range []uint64{16, 5000, 5 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Run("sender killed on the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Kill()
				b.Must("receive", ref, id(a))
				a.Bury()
				if got := b.Must("painted", ref, 7); got != "true" {
					t.Error("changed")
				}
				b.Must("close", ref)
				gone(t, ref)
			})
			t.Run("sender closes and dies on the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Must("close", ref)
				a.Kill()
				b.Must("receive", ref, id(a))
				b.Must("close", ref)
				a.Bury()
				gone(t, ref)
			})
			t.Run("sender killed before it sends", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Bury()
				gone(t, ref)
				if _, err := b.Call("receive", ref, id(a)); err == nil {
					t.Error("received what is gone")
				}
			})
			t.Run("maker killed after the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				b.Must("receive", ref, id(a))
				a.Bury()
				if got := b.Must("painted", ref, 7); got != "true" {
					t.Error("changed")
				}
				c := testproc.Start(t) // and it travels on
				b.Must("send", ref, id(c))
				b.Must("close", ref)
				c.Must("receive", ref, id(b))
				b.Bury()
				if got := c.Must("painted", ref, 7); got != "true" {
					t.Error("changed")
				}
				c.Must("close", ref)
				gone(t, ref)
			})
			t.Run("receiver killed on the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Must("close", ref)
				b.Bury()
				gone(t, ref)
			})
			t.Run("receiver killed after the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Must("close", ref)
				b.Must("receive", ref, id(a))
				b.Bury()
				gone(t, ref)
			})
			t.Run("buried before it is received", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Bury()
				gone(t, ref)
				if _, err := b.Call("receive", ref, id(a)); err == nil || !strings.Contains(err.Error(), errs.ErrStale.Error()) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestAdoption: a killed process's objects live on with those who hold them, and its memory goes with them.
func TestAdoption(t *testing.T) {
	p := here(t)
	closeAll(func() []*Handle { hs, _ := p.controls(); return hs }()...)
	before := units(p.f)
	c := testproc.Start(t)
	var refs []string
	var hs []*Handle
	for i, size := range append([]uint64{66 << 20}, workSizes...) {
		for range 3 {
			ref := c.Must("make", size, i)
			refs = append(refs, ref)
			c.Must("make", size, i+100) // which nobody else holds
			if size > 10<<20 {
				break
			}
		}
	}
	for _, s := range refs {
		ref, err := parse(s)
		if err != nil {
			t.Fatal(err)
		}
		h, err := Attach(ref)
		if err != nil {
			t.Fatal(err)
		}
		hs = append(hs, h)
	}
	full := resident(t, p.f)
	c.Bury()
	testproc.Eventually(t, "adopted", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, w := range p.heads {
			if w.owner() != p.f.Self() {
				return false
			}
		}
		return true
	})
	if n := p.audit(); n != 9 {
		t.Errorf("%d blocks, want those that are held: 9", n)
	}
	if now := resident(t, p.f); now > full-66<<20 {
		t.Errorf("%d MiB before the death, %d after: what nobody holds was not freed", full>>20, now>>20)
	}
	i := 0
	for n, size := range append([]uint64{66 << 20}, workSizes...) {
		for range 3 {
			if !painted(hs[i], uint64(n)) {
				t.Errorf("object %d, of %d bytes, has changed", i, size)
			}
			i++
			if size > 10<<20 {
				break
			}
		}
	}
	// The adopter goes on allocating there.
	for range 2000 {
		h, err := New(Spec{Kind: 1, Size: 16})
		if err != nil {
			t.Fatal(err)
		}
		if !zero(h) {
			t.Fatal("a new object is not zero")
		}
		paint(h, 1)
		hs = append(hs, h)
	}
	closeAll(hs...)
	if n := p.audit(); n != 0 {
		t.Errorf("%d blocks left", n)
	}
	if now := units(p.f); now > before+1 {
		t.Errorf("%d units before, %d after", before, now)
	}
}
