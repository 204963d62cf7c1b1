//go:build linux

package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// A child's objects stay open until it ends.
var theirs struct {
	sync.Mutex
	handles []*arena.Handle
}

func init() {
	// claim: offset and serial of an object, counts for the row; the reply is how many rows the child sees.
	testproc.Handle("claim", func(args []string) (string, error) {
		off, _ := strconv.ParseUint(args[0], 10, 64)
		serial, _ := strconv.ParseUint(args[1], 10, 64)
		n, _ := strconv.ParseUint(args[2], 10, 64)
		h, err := arena.Attach(arena.Ref{Off: off, Serial: serial})
		if err != nil {
			return "", err
		}
		theirs.Lock()
		theirs.handles = append(theirs.handles, h)
		theirs.Unlock()
		tab := New(h, unsafe.Add(h.Payload(), testAt))
		if _, err := h.Lock().Acquire(context.Background(), h, 0); err != nil {
			return "", err
		}
		defer h.Lock().Release()
		r, err := tab.Claim()
		if err != nil {
			return "", err
		}
		atomic.StoreUint64(r.Word(), Word(tab.me, n))
		return fmt.Sprint(count(tab)), nil
	})
}

func claimIn(p *testproc.Proc, h *arena.Handle, n int) *testproc.Call {
	ref := h.Ref()
	return p.Go("claim", ref.Off, ref.Serial, n)
}

// TestProcesses: more processes than fit inline, each with a row; the one that made the spill object is killed, and its row remains to be settled.
func TestProcesses(t *testing.T) {
	h := newObject(t)
	tab := view(t, h)
	var kids []*testproc.Proc
	for i := range Inline + 3 {
		p := testproc.Start(t)
		if n := claimIn(p, h, i+1).Must(); n != fmt.Sprint(i+1) {
			t.Errorf("child %d sees %s rows", i, n)
		}
		kids = append(kids, p)
	}
	sum := func() (n uint64) {
		for r := range tab.Each {
			n += atomic.LoadUint64(r.Word()) & Counts
		}
		return n
	}
	const all = (Inline + 3) * (Inline + 4) / 2
	if sum() != all {
		t.Errorf("%d, want %d", sum(), all)
	}
	kids[Inline].Bury()
	if sum() != all || !arena.Held(tab.area.ref()) {
		t.Errorf("%d, want %d", sum(), all)
	}
	claim(t, h, tab)
	if sum() != all || count(tab) != Inline+4 {
		t.Errorf("%d in %d rows", sum(), count(tab))
	}
	if tab.Alive(kids[Inline].ID) || !tab.Alive(kids[0].ID) || !tab.Alive(tab.Me()) {
		t.Error("who is alive")
	}
}

// TestKilledAtEveryPoint kills a process at each step of making a spill object and claiming a row. The next one gets a row, and nothing is left behind.
func TestKilledAtEveryPoint(t *testing.T) {
	objects := func() int {
		c, err := arena.Count()
		if err != nil {
			t.Fatal(err)
		}
		return c.Objects
	}
	for _, point := range []string{"ledger.claimed", "ledger.kept", "ledger.named", "ledger.spilt", "ledger.extended"} {
		t.Run(point, func(t *testing.T) {
			before := objects()
			h := newObject(t)
			var players []*Table
			n := Inline
			if point == "ledger.claimed" {
				n = 1
			}
			for range n {
				p := player(t, h)
				setCounts(claim(t, h, p), p.me, 1)
				players = append(players, p)
			}
			victim := testproc.Start(t, testproc.Env(killpoint.Env+"="+point))
			if _, err := claimIn(victim, h, 7).Wait(); !errors.Is(err, testproc.ErrGone) {
				t.Fatalf("it lives: %v", err)
			}
			victim.Bury()
			tab := view(t, h)
			for r := range tab.Each {
				if r.Owner() == victim.ID && atomic.LoadUint64(r.Word())&Counts != 0 {
					t.Error("a row with counts that nobody has written")
				}
			}
			claim(t, h, tab)
			want := n + 1
			if point == "ledger.claimed" {
				want++ // its row, settled, which the next one needs only when no other is empty
			}
			if count(tab) != want {
				t.Errorf("%d rows, want %d", count(tab), want)
			}
			if point != "ledger.claimed" {
				testproc.Eventually(t, "only one spill object", func() bool { return objects() <= before+2 })
			}
			for _, p := range append(players, tab) {
				p.Close()
			}
			h.Close()
			testproc.Eventually(t, "everything is freed", func() bool { return objects() <= before })
		})
	}
}

// TestRace: participants claim, give their rows up and claim again all the time, while others change their counts without the lock. No count is lost, or comes into another's row.
func TestRace(t *testing.T) {
	h := newObject(t)
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	var wg sync.WaitGroup
	for range Inline + 4 {
		p := player(t, h)
		wg.Go(func() {
			for range rounds {
				if _, err := h.Lock().Acquire(t.Context(), h, 0); err != nil {
					t.Error(err)
					return
				}
				r, err := p.Claim()
				_ = h.Lock().Release()
				if err != nil {
					t.Error(err)
					return
				}
				w := atomic.LoadUint64(r.Word())
				if OwnerOf(w) != p.me || !atomic.CompareAndSwapUint64(r.Word(), w, w+1) {
					continue // idle, so it was taken
				}
				if r.Owner() != p.me {
					t.Error("a row with counts was taken")
					return
				}
				if !atomic.CompareAndSwapUint64(r.Word(), w+1, w) {
					t.Error("somebody else has changed the counts")
					return
				}
			}
		})
	}
	testproc.Finish(t, "claims", wg.Wait)
	for r := range view(t, h).Each {
		if w := atomic.LoadUint64(r.Word()); w&Counts != 0 {
			t.Errorf("counts %d left", w&Counts)
		}
	}
}
