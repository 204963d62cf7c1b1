package ledger

import (
	"sync/atomic"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/family"
)

const (
	// Inline is how many rows are in the area itself.
	Inline = 14
	// Size is the area in bytes.
	Size = offRows + Inline*rowSize
	// IdentShift is where the Ident begins in a row's word.
	IdentShift = 64 - family.IdentBits
	// Counts covers the bits of a row's word that are the primitive's.
	Counts = 1<<IdentShift - 1

	offSpill  = 0
	offSerial = 8
	offRows   = 16

	// making is added to the offset of a spill object that is not published yet. Offsets are multiples of the unit.
	making = 1

	rowSize  = 16
	offWord  = 0
	offExtra = 8

	spillRows    = 4096
	offSpillUsed = 0
	offSpillRows = 16
	spillSize    = offSpillRows + spillRows*rowSize
)

// Row is one row, where it lies in this process's mapping. The zero Row is none. It is valid as long as the Table is open.
type Row struct {
	word *uint64
}

// Word is the row's first word: who it belongs to, and his counts. Change it by compare-and-swap only.
func (r Row) Word() *uint64 { return r.word }

// Low is the low half of Word, to sleep on. Words are little-endian wherever there is shared memory.
func (r Row) Low() *uint32 { return (*uint32)(unsafe.Pointer(r.word)) }

// Extra is the row's second word; see invariant 4.
func (r Row) Extra() *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(r.word), offExtra)) }

// Owner is who the row belongs to at this moment; 0 for nobody.
func (r Row) Owner() family.Ident { return OwnerOf(atomic.LoadUint64(r.word)) }

// OwnerOf is the participant that a row's word names.
func OwnerOf(word uint64) family.Ident { return family.Ident(word >> IdentShift) }

// Word is the word of a participant's row with these counts.
func Word(id family.Ident, counts uint64) uint64 { return uint64(id)<<IdentShift | counts&Counts }

// area is the table's part of the object's payload.
type area struct {
	p unsafe.Pointer
}

func (a area) spill() *uint64  { return (*uint64)(unsafe.Add(a.p, offSpill)) }
func (a area) serial() *uint64 { return (*uint64)(unsafe.Add(a.p, offSerial)) }

// row is the i-th of the Inline rows.
func (a area) row(i int) Row { return Row{(*uint64)(unsafe.Add(a.p, offRows+i*rowSize+offWord))} }

// further is the spill object's payload, of at least spillSize bytes.
type further struct {
	p unsafe.Pointer
}

func (s further) count() *uint64 { return (*uint64)(unsafe.Add(s.p, offSpillUsed)) }

// used is how many rows have been used, with bytes that nobody has checked.
func (s further) used() int { return int(min(atomic.LoadUint64(s.count()), spillRows)) }

// row is the i-th of the spillRows rows.
func (s further) row(i int) Row {
	return Row{(*uint64)(unsafe.Add(s.p, offSpillRows+i*rowSize+offWord))}
}

// Keeper is what arena has to know of a kind of objects with a ledger at an offset of their payload: that they keep their spill object. It is for
// arena.RegisterKeeper.
func Keeper(at uint64) arena.Keeper {
	return arena.Keeper{
		Min: at + Size,
		Window: func(payload unsafe.Pointer) (first, end uint32) {
			item := itemOf((area{unsafe.Add(payload, at)}).ref().Off)
			return item, item
		},
		Left: func(payload unsafe.Pointer, _ uint64, drop func(uint32, arena.Ref)) {
			if ref := (area{unsafe.Add(payload, at)}).ref(); ref.Off != 0 {
				drop(itemOf(ref.Off), ref)
			}
		},
	}
}

// itemOf is the number under which a spill object is kept: its unit, since it has one for itself.
func itemOf(off uint64) uint32 { return uint32(off / family.UnitSize) }

// ref is the spill object as the area names it, published or not.
func (a area) ref() arena.Ref {
	off, serial := atomic.LoadUint64(a.spill()), atomic.LoadUint64(a.serial())
	if beingMade(off) {
		off -= making
	}
	return arena.Ref{Off: off, Serial: serial}
}

// published reports whether there is a spill object to attach.
func (a area) published() bool {
	off := atomic.LoadUint64(a.spill())
	return off != 0 && !beingMade(off)
}

func beingMade(off uint64) bool { return off%family.UnitSize == making }
