//go:build linux

package family

import (
	"errors"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/sys"
)

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
