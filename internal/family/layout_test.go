//go:build linux

package family

import (
	"testing"
	"testing/quick"
)

// isolated makes a family that the test may spoil.
func isolated(t testing.TB) *Family {
	t.Helper()
	f, err := Isolated()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Discard)
	return f
}

// TestOffsets holds the layout of layout.go: programs of different builds of one version must agree on it.
func TestOffsets(t *testing.T) {
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"magic", offMagic, 0},
		{"version", offVersion, 4},
		{"family id", offID, 8},
		{"size", offSize, 24},
		{"pid namespace", offPIDNS, 32},
		{"next slot", offNextSlot, 40},
		{"slots end", offSlotsEnd, 44},
		{"next unit", OffNextUnit, 48},
		{"units end", OffUnitsEnd, 56},
		{"deaths", offDeaths, 64},
		{"slot 0", slotOff(0, 0), 4096},
		{"slot 1", slotOff(1, 0), 4096 + 64},
		{"last slot's end", slotOff(maxSlots, 0), 4096 + 256<<10},
		{"slot: word", slotWord, 0},
		{"slot: pid", slotPID, 8},
		{"slot: doorbell", slotDoorbell, 12},
		{"slot: start time", slotStart, 16},
		{"slot: name", slotName, 24},
		{"slot: name's length", nameSize, 40},
		{"unit table", OffUnitTable, 1 << 20},
		{"units", Units, 2 << 20},
		{"first unit", FirstUnit * UnitSize, 32 << 20},
		{"header", HeaderSize, 17 << 20},
		{"file", FileSize, 4 << 40},
		{"ident", IdentBits, 29},
		{"magic number", Magic, 'M' | 'P'<<8 | 'F'<<16 | '1'<<24},
		{"layout version", Version, 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
	if HeaderSize > FirstUnit*UnitSize || slotOff(maxSlots, 0) > OffUnitTable {
		t.Error("areas overlap")
	}
}

// TestHeaderBytes reads a new family's header as the layout table describes it.
func TestHeaderBytes(t *testing.T) {
	f := isolated(t)
	if string(f.mem[0:4]) != "MPF1" {
		t.Errorf("magic %q", f.mem[0:4])
	}
	id := f.ID()
	if [16]byte(f.mem[8:24]) != id || id == [16]byte{} {
		t.Errorf("family id %x, in the header %x", id, f.mem[8:24])
	}
	if *f.u64(24) != 4<<40 || *f.u32(44) != 2 || *f.u64(48) != 16 || *f.u64(56) != 16 || *f.u32(64) != 0 {
		t.Error("header of a new family")
	}
	other := isolated(t)
	if other.ID() == id {
		t.Error("two families have one id")
	}
	slot := f.mem[4096+64:][:64]
	if slot[0] != byte(Live) || string(slot[24:24+len(f.name(1))]) != f.name(1) || f.name(1) == "" {
		t.Errorf("slot of the root: %x", slot)
	}
}

func TestIdentRoundTrip(t *testing.T) {
	check := func(slot, gen uint32) bool {
		slot %= maxSlots
		gen %= 1 << genBits
		id := ident(int(slot), gen)
		return id.Slot() == int(slot) && id.Gen() == gen && id&^IdentMask == 0 && (id == 0) == (slot == 0 && gen == 0)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ slot, gen uint32 }{{0, 0}, {1, 0}, {maxSlots - 1, 1<<genBits - 1}, {1, 1<<genBits - 1}} {
		if !check(c.slot, c.gen) {
			t.Errorf("slot %d, generation %d", c.slot, c.gen)
		}
	}
	if ident(5, 1<<genBits) != ident(5, 0) {
		t.Error("the generation does not wrap")
	}
}

func TestWordRoundTrip(t *testing.T) {
	check := func(s uint8, gen, parent uint32) bool {
		gen %= 1 << genBits
		p := Ident(parent) & IdentMask
		w := makeWord(State(s), gen, p)
		d := w.with(Dead)
		return w.state() == State(s) && w.gen() == gen && w.parent() == p && d.state() == Dead && d.gen() == gen && d.parent() == p
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestStateNames(t *testing.T) {
	for s, want := range map[State]string{Free: "free", Reserved: "reserved", Live: "live", Dead: "dead", 4: "invalid", 255: "invalid"} {
		if s.String() != want {
			t.Errorf("state %d is %q, want %q", s, s, want)
		}
	}
}
