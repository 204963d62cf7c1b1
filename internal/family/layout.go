package family

// The layout of the file. Every number is little-endian in native words; a family lives on one machine.
//
//	offset        bytes   what
//	0             4 KiB   header
//	4 KiB       256 KiB   participant table, 4096 slots of 64 bytes; slot 0 is never used
//	1 MiB        16 MiB   unit table of package arena, 8 bytes for each unit of 2 MiB
//	32 MiB        ...     units 16 and up: objects
//
// Header:
//
//	0   u32      magic
//	4   u32      version of the layout
//	8   [16]byte family id, random
//	24  u64      logical size of the file
//	32  u64      inode of the pid namespace
//	40  u32      next slot to try
//	44  u32      slots ever used, plus one
//	48  u64      next unit to try (package arena)
//	56  u64      units ever used, plus one (package arena)
//	64  u32      deaths and burials so far
//
// Slot:
//
//	0   u64      state (8 bits), generation (17 bits at 8), parent's Ident (32 bits at 32)
//	8   u32      pid
//	12  u32      doorbell, a futex word: counts what the process should look at
//	16  u64      start time of the process, clock ticks since boot
//	24  [40]byte name, padded with NUL
const (
	Magic   = 0x3146504d // "MPF1"
	Version = 1

	offMagic    = 0
	offVersion  = 4
	offID       = 8
	offSize     = 24
	offPIDNS    = 32
	offNextSlot = 40
	offSlotsEnd = 44
	OffNextUnit = 48
	OffUnitsEnd = 56
	offDeaths   = 64

	offSlots = 4 << 10
	slotSize = 64
	maxSlots = 4096

	slotWord     = 0
	slotPID      = 8
	slotDoorbell = 12
	slotStart    = 16
	slotName     = 24
	nameSize     = slotSize - slotName

	OffUnitTable = 1 << 20
	UnitSize     = 2 << 20
	FileSize     = 4 << 40
	Units        = FileSize / UnitSize
	HeaderSize   = OffUnitTable + Units*8 // what every member maps
	FirstUnit    = 16
)

// State is what a slot of the participant table says.
type State uint8

// The states of a slot; doc.go has the steps between them.
const (
	Free State = iota
	Reserved
	Live
	Dead
)

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "invalid"
}

var stateNames = [...]string{"free", "reserved", "live", "dead"}

// Ident names one participant for good: slot and generation in 29 bits, which leaves three for the flags of a lock word. 0 is nobody.
type Ident uint32

const (
	genBits  = 17
	slotBits = 12
	// IdentBits is how much of a word an Ident takes.
	IdentBits = genBits + slotBits
	// IdentMask covers an Ident.
	IdentMask = 1<<IdentBits - 1
)

func ident(slot int, gen uint32) Ident { return Ident(uint32(slot)<<genBits | gen&(1<<genBits-1)) }

// Slot is the index in the participant table.
func (id Ident) Slot() int { return int(id >> genBits & (1<<slotBits - 1)) }

// Gen is the slot's generation.
func (id Ident) Gen() uint32 { return uint32(id) & (1<<genBits - 1) }

// word is a slot's first word.
type word uint64

func makeWord(s State, gen uint32, parent Ident) word {
	return word(s) | word(gen&(1<<genBits-1))<<8 | word(parent)<<32
}

func (w word) state() State  { return State(w) }
func (w word) gen() uint32   { return uint32(w>>8) & (1<<genBits - 1) }
func (w word) parent() Ident { return Ident(w>>32) & IdentMask }
func (w word) with(s State) word {
	return makeWord(s, w.gen(), w.parent())
}
