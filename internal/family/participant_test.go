//go:build linux

package family

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/sys"
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

func TestAliveFollowsParents(t *testing.T) {
	f := isolated(t)
	parent := another(t, f)
	child := reserve(t, parent)
	if !f.Alive(child) {
		t.Error("to be started by a living parent, and not alive")
	}
	f.MarkDead(parent.Self())
	if f.Alive(child) {
		t.Error("to be started by a dead parent, and alive")
	}
	if f.Alive(0) {
		t.Error("nobody is alive")
	}
	// A chain of reserved participants is as alive as its first.
	ids := []Ident{f.Self()}
	for range 50 {
		id, err := f.reserve("link", ids[len(ids)-1])
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if !f.Alive(ids[50]) {
		t.Error("a chain that begins with the living")
	}
}

// TestParentsInACircle: bytes that no correct process writes end no loop late.
func TestParentsInACircle(t *testing.T) {
	f := isolated(t)
	a, b := reserve(t, f), reserve(t, f)
	set := func(id, parent Ident) {
		atomic.StoreUint64(f.u64(slotOff(id.Slot(), 0)), uint64(makeWord(Reserved, id.Gen(), parent)))
	}
	set(a, b)
	set(b, a)
	if f.Alive(a) || f.Alive(b) {
		t.Error("alive in a circle")
	}
	set(a, a)
	if f.Alive(a) {
		t.Error("its own parent, and alive")
	}
	f.BuryOrphan(a)
	f.BuryOrphan(b)
}

// TestOrphans: what a dead parent has left is buried by others.
func TestOrphans(t *testing.T) {
	f := isolated(t)
	parent := another(t, f)
	coming, living, dead := reserve(t, parent), another(t, parent), another(t, parent)
	f.MarkDead(dead.Self())
	f.BuryOrphan(dead.Self())
	if f.StateOf(dead.Self()) != Dead {
		t.Error("buried although its parent lives")
	}
	f.MarkDead(parent.Self())
	f.BuryOrphan(living.Self())
	if f.StateOf(living.Self()) != Live {
		t.Error("buried alive")
	}
	f.BuryOrphan(parent.Self())
	if f.StateOf(parent.Self()) != Dead {
		t.Error("f, its parent, is alive and buries it itself")
	}
	f.BuryOrphan(dead.Self())
	f.BuryOrphan(coming)
	if f.StateOf(dead.Self()) != Free || f.StateOf(coming) != Free {
		t.Errorf("left: dead %v, reserved %v", f.StateOf(dead.Self()), f.StateOf(coming))
	}
	if err := f.arrive(coming); err == nil {
		t.Error("arrived after it was given up")
	}
	// A dead root with a child that may still have to read what it sent.
	f.MarkDead(f.Self())
	bell := atomic.LoadUint32(f.Doorbell(living.Self()))
	living.BuryOrphan(f.Self())
	living.BuryOrphan(parent.Self())
	if f.StateOf(f.Self()) != Free || f.StateOf(parent.Self()) != Dead {
		t.Errorf("root %v, parent of the living %v", f.StateOf(f.Self()), f.StateOf(parent.Self()))
	}
	if atomic.LoadUint32(f.Doorbell(living.Self())) == bell {
		t.Error("a burial rang nobody")
	}
	f.MarkDead(living.Self())
	f.BuryOrphan(parent.Self())
	if f.StateOf(parent.Self()) != Free {
		t.Errorf("parent of the dead only: %v", f.StateOf(parent.Self()))
	}
}

func TestRing(t *testing.T) {
	f := isolated(t)
	a, b := another(t, f), reserve(t, f)
	bell := func(id Ident) uint32 { return atomic.LoadUint32(f.Doorbell(id)) }
	before, reserved := bell(a.Self()), bell(b)
	f.Ring(a.Self())
	if bell(a.Self()) != before+1 {
		t.Error("a ring does not ring")
	}
	f.Ring(0)
	f.MarkDead(b)
	if bell(a.Self()) != before+2 || bell(b) != reserved {
		t.Error("a death rings the living, and nobody else")
	}
	f.Buried(b)
	if bell(a.Self()) < before+3 {
		t.Error("a burial rings the living")
	}
}

func TestAfterBurial(t *testing.T) {
	f := isolated(t)
	defer func(old func(*Family)) { AfterBurial = old }(AfterBurial)
	var got *Family
	AfterBurial = func(f *Family) { got = f }
	f.Buried(reserve(t, f))
	if got != f {
		t.Error("not called")
	}
}

// TestWatchOfTheDead and of those whose death only the table tells.
func TestWatchTable(t *testing.T) {
	f := isolated(t)
	fired := func(id Ident) chan struct{} {
		c := make(chan struct{}, 10)
		f.Watch(id, func() { c <- struct{}{} })
		return c
	}
	await := func(what string, c chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(time.Minute):
			t.Fatalf("not told: %s", what)
		}
	}
	await("nobody", fired(0))
	dead := reserve(t, f)
	f.MarkDead(dead)
	await("dead", fired(dead))
	f.Buried(dead)
	await("buried", fired(dead))

	// Not started: there is no process that the kernel could tell of.
	coming := reserve(t, f)
	first, second := fired(coming), fired(coming)
	if n := f.Watches(); n != 1 {
		t.Errorf("%d watches of one participant", n)
	}
	f.MarkDead(coming)
	await("given up", first)
	await("given up", second)
	if len(first)+len(second) != 0 {
		t.Error("told twice")
	}
	if n := f.Watches(); n != 0 {
		t.Errorf("%d watches left", n)
	}

	// Live by the table, but its pid is nobody's, or somebody else's.
	for what, spoil := range map[string]func(id Ident){
		"no such process": func(id Ident) { f.SetPID(id, 1<<30) },
		"no pid":          func(id Ident) { f.SetPID(id, 0) },
		"negative pid":    func(id Ident) { f.SetPID(id, -1) },
		"pid used again":  func(id Ident) { f.SetStart(id, 1) },
	} {
		id := another(t, f).Self()
		spoil(id)
		await(what, fired(id))
		if f.Alive(id) {
			t.Errorf("%s: alive", what)
		}
	}
}

func TestWatchStop(t *testing.T) {
	f := isolated(t)
	id := another(t, f).Self() // this very process: it will not end
	w := f.Watch(id, func() { t.Error("told of a death that was not") })
	w.Stop()
	w.Stop()
	if n := f.Watches(); n != 1 {
		t.Errorf("%d watches; one without subscribers is kept", n)
	}
	n := idleWatches + 20
	for range n {
		f.Watch(another(t, f).Self(), func() {}).Stop()
	}
	if got := f.Watches(); got > idleWatches+1 {
		t.Errorf("%d watches without a subscriber are open", got)
	}
	f.Watch(0, func() {}).Stop() // of the dead
}

func TestJoinRefuses(t *testing.T) {
	f := isolated(t)
	dup := func(fd int) int {
		t.Helper()
		n, err := syscall.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	memory := func(size int64) int {
		m, err := sys.NewMemory("test", size)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		return dup(int(m.Fd()))
	}
	patched := func(off int, v uint32) int {
		m, err := sys.NewMemory("test", FileSize)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		page := make([]byte, 4096)
		copy(page, f.mem[:4096])
		page[off], page[off+1], page[off+2], page[off+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
		if _, err := m.WriteAt(page, 0); err != nil {
			t.Fatal(err)
		}
		return dup(int(m.Fd()))
	}
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(FileSize); err != nil {
		t.Log(err)
	}
	pipe, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer end.Close()
	id := reserve(t, f)
	for _, c := range []struct {
		name    string
		fd      int
		id      Ident
		corrupt bool
	}{
		{"no descriptor", 1 << 20, id, true},
		{"negative", -1, id, true},
		{"a file", dup(int(file.Fd())), id, true},
		{"a pipe", dup(int(pipe.Fd())), id, true},
		{"memory of another size", memory(1 << 20), id, true},
		{"memory without a header", memory(FileSize), id, true},
		{"other magic", patched(offMagic, 1), id, true},
		{"other version", patched(offVersion, Version+1), id, true},
		{"other pid namespace", patched(offPIDNS, 1), id, false},
		{"nobody", dup(f.FD()), 0, false},
		{"a place that was not reserved", dup(f.FD()), ident(77, 1), false},
		{"another generation", dup(f.FD()), id + 1, false},
		{"the root's place", dup(f.FD()), f.Self(), false},
		{"beyond an ident", dup(f.FD()), 1<<32 - 1, false},
	} {
		_, err := join(c.fd, c.id)
		if err == nil || errors.Is(err, errs.ErrCorrupt) != c.corrupt {
			t.Errorf("%s: %v", c.name, err)
		}
		t.Logf("%s: %v", c.name, err)
	}
	if f.StateOf(id) != Reserved || f.StateOf(f.Self()) != Live {
		t.Error("a refused join has changed the table")
	}
	g, err := join(dup(f.FD()), id)
	if err != nil {
		t.Fatal(err)
	}
	if g.Self() != id || g.ID() != f.ID() || f.StateOf(id) != Live {
		t.Error("joined as somebody else")
	}
}

// TestScribbledTable reads a participant table of arbitrary bytes.
func TestScribbledTable(t *testing.T) {
	f := isolated(t)
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		for i := 4; i < offSlots; i += 4 {
			*f.u32(i) = rnd.Uint32()
		}
		for i := offSlots; i < offSlots+64*slotSize; i += 8 {
			v := rnd.Uint64()
			if i%slotSize == 0 && rnd.IntN(2) == 0 {
				v = uint64(makeWord(State(rnd.IntN(5)), uint32(rnd.IntN(2)), ident(rnd.IntN(64), uint32(rnd.IntN(2)))))
			}
			*f.u64(i) = v
		}
		for range 20 {
			id := ident(rnd.IntN(64), uint32(rnd.IntN(2)))
			f.Alive(id)
			f.Unburied(id)
			f.Peer(id)
			f.Parent(id)
			f.Started(id, 1)
			f.BuryOrphan(id)
			f.Ring(id)
			if rnd.IntN(10) == 0 {
				f.Watch(id, func() {}).Stop()
				f.MarkDead(id)
				f.bury(id)
			}
		}
		if id, err := f.Reserve("x"); err == nil && id.Slot() == 0 {
			t.Fatal("slot 0 was given away")
		}
		f.ringAll()
	}
}
