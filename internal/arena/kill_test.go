//go:build linux

package arena

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

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

	// Passes without a kill: the tables' pages are in use, and what a survivor keeps is kept. In those that are recorded this process sweeps nothing, or it might be faster than
	// the child in everything that a death leaves to whoever comes first.
	record := func(still bool) (met map[string]int) {
		c := testproc.Start(t)
		if still {
			p.mu.Lock()
		}
		recorded, err := c.Call("work", args("record")...)
		if still {
			p.mu.Unlock()
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(recorded), &met); err != nil {
			t.Fatal(err)
		}
		c.Bury()
		return met
	}
	record(false)
	must := []string{
		"arena.adopted", "arena.allocated", "arena.attaching", "arena.block-freed", "arena.cell-added", "arena.cell-dropped", "arena.claimed",
		"arena.claimed-head", "arena.created", "arena.freeing", "arena.given-back", "arena.giving-back", "arena.large-freeing", "arena.large-reserved",
		"arena.more-made", "arena.received", "arena.released", "arena.segment-made", "arena.sending", "arena.slab-opened", "arena.sweeping",
		"arena.unclaiming", "family.bury", "family.reserve",
	}
	points := testproc.Meet(t, 1, must, func() map[string]int { return record(true) })
	testproc.Eventually(t, "the first children's end", func() bool { return len(p.others()) == 0 && p.audit() == inUse })
	want := p.baseline()
	want.resident += slabSize // a slab that is kept may be in a unit of its own
	want.units++

	for _, name := range slices.Sorted(maps.Keys(points)) {
		if strings.HasPrefix(name, "lock.") || strings.HasPrefix(name, "unlock.") {
			continue
		}
		passes := []int{1, points[name]/2 + 1, points[name]}
		if testing.Short() {
			passes = passes[:2]
		}
		for _, n := range slices.Compact(passes) {
			at := fmt.Sprintf("%s:%d", name, n)
			still := false
			kill := func() (killed bool) {
				c := testproc.Start(t, testproc.Env(killpoint.Env+"="+at))
				if still {
					p.mu.Lock()
				}
				_, err := c.Call("work", args("")...)
				if still {
					p.mu.Unlock()
				}
				if killed = errors.Is(err, testproc.ErrGone); err != nil && !killed {
					t.Errorf("%s: %v", at, err)
				}
				c.Bury()
				p.back("a kill at "+at, want)
				check()
				still = true // should this process have been faster
				return killed
			}
			if n == 1 && slices.Contains(must, name) {
				testproc.Eventually(t, "killed at "+name, kill)
			} else {
				kill()
			}
		}
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
