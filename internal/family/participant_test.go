//go:build linux

package family

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
)

func reserve(t testing.TB, f *Family) Ident {
	t.Helper()
	id, err := f.Reserve("child")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func another(t testing.TB, f *Family) *Family {
	t.Helper()
	g, err := f.Another("other")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Discard)
	return g
}

func TestSteps(t *testing.T) {
	f := isolated(t)
	id := reserve(t, f)
	want := func(s State, alive, unburied bool) {
		t.Helper()
		if got := f.StateOf(id); got != s || f.Alive(id) != alive || f.Unburied(id) != unburied {
			t.Errorf("%v, alive %v, unburied %v; want %v, %v, %v", got, f.Alive(id), f.Unburied(id), s, alive, unburied)
		}
	}
	want(Reserved, true, true)
	if f.Parent(id) != f.Self() {
		t.Errorf("parent %#x, want %#x", f.Parent(id), f.Self())
	}
	f.Started(id, 4711)
	if p, ok := f.Peer(id); !ok || p.PID != 4711 || p.Name != "child" {
		t.Errorf("peer %+v, %v", p, ok)
	}
	if err := f.arrive(id); err != nil {
		t.Fatal(err)
	}
	want(Live, true, true)
	if p, ok := f.Peer(id); !ok || p.PID != os.Getpid() {
		t.Errorf("peer %+v, %v", p, ok)
	}
	if err := f.arrive(id); err == nil {
		t.Error("arrived twice")
	}
	deaths := f.Deaths()
	f.MarkDead(id)
	want(Dead, false, true)
	if f.Deaths() != deaths+1 {
		t.Errorf("%d deaths, want %d", f.Deaths(), deaths+1)
	}
	f.MarkDead(id)
	if f.Deaths() != deaths+1 {
		t.Error("a second death of the dead counts")
	}
	if err := f.arrive(id); err == nil {
		t.Error("the dead arrived")
	}
	f.Buried(id)
	want(Free, false, false)
	if _, ok := f.Peer(id); !ok {
		t.Error("unknown right after its burial: locks could not tell who died")
	}
	f.Buried(id)
	f.MarkDead(id)
	want(Free, false, false)
}

func TestSlotReuse(t *testing.T) {
	f := isolated(t)
	id := another(t, f).Self()
	f.Buried(id)
	*f.u32(offNextSlot) = uint32(id.Slot()) - 1 // the same slot again
	next := reserve(t, f)
	if next.Slot() != id.Slot() || next.Gen() != id.Gen()+1 {
		t.Fatalf("slot %d generation %d after slot %d generation %d", next.Slot(), next.Gen(), id.Slot(), id.Gen())
	}
	if f.Alive(id) || f.Unburied(id) || !f.Alive(next) {
		t.Error("the old Ident means the new participant")
	}
	if _, ok := f.Peer(id); ok {
		t.Error("the old Ident has a name")
	}
	// What comes late for the old one does not touch the new one.
	f.MarkDead(id)
	f.Buried(id)
	f.BuryOrphan(id)
	if f.StateOf(next) != Reserved {
		t.Errorf("the new participant is %v", f.StateOf(next))
	}
	if p, _ := f.Peer(next); p.PID != 0 {
		t.Errorf("the new participant has the old one's pid %d", p.PID)
	}
	f.Started(next, 4712)
	if err := f.arrive(id); err == nil {
		t.Error("arrived in a slot that was given to another")
	}
	if p, _ := f.Peer(next); p.PID != 4712 {
		t.Errorf("one who came too late has overwritten the new participant's pid: %d", p.PID)
	}
}

func TestGenerationWraps(t *testing.T) {
	f := isolated(t)
	const slot = 9
	if !f.cas(slot, f.load(slot), makeWord(Free, 1<<genBits-1, 0)) {
		t.Fatal("cas")
	}
	*f.u32(offNextSlot) = slot - 1
	if id := reserve(t, f); id.Slot() != slot || id.Gen() != 0 || id == 0 || !f.Alive(id) {
		t.Errorf("%#x: slot %d, generation %d", id, id.Slot(), id.Gen())
	}
}

func TestFullTable(t *testing.T) {
	f := isolated(t)
	ids := map[Ident]bool{f.Self(): true}
	for range maxSlots - 2 {
		id := reserve(t, f)
		if ids[id] || id.Slot() == 0 {
			t.Fatalf("%#x twice, or in slot 0", id)
		}
		ids[id] = true
	}
	if _, err := f.Reserve("one too many"); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "4095") {
		t.Errorf("got %v, want ErrFull", err)
	}
	n := 0
	for range f.Participants {
		n++
	}
	if n != maxSlots-1 {
		t.Errorf("%d participants", n)
	}
	for id := range ids {
		if id != f.Self() {
			f.Buried(id)
			break
		}
	}
	reserve(t, f)
	if _, err := f.Reserve("one too many"); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
}

func TestReserveRace(t *testing.T) {
	f := isolated(t)
	var mu sync.Mutex
	held := map[int]bool{f.Self().Slot(): true}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				id, err := f.Reserve("x")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if held[id.Slot()] {
					t.Errorf("slot %d given to two", id.Slot())
				}
				held[id.Slot()] = true
				mu.Unlock()
				if rand.IntN(4) > 0 {
					mu.Lock()
					delete(held, id.Slot())
					mu.Unlock()
					f.Buried(id)
				}
			}
		})
	}
	wg.Wait()
}

func TestNames(t *testing.T) {
	f := isolated(t)
	for _, c := range []struct{ name, want string }{
		{"", ""}, {"x", "x"}, {strings.Repeat("n", 40), strings.Repeat("n", 40)}, {strings.Repeat("n", 41), strings.Repeat("n", 40)},
	} {
		id, err := f.Reserve(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if p, _ := f.Peer(id); p.Name != c.want {
			t.Errorf("%q became %q", c.name, p.Name)
		}
	}
}
