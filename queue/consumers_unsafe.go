package queue

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// What a JoinableQueue knows of its consumers:
//
//	0   u32    1 when somebody may sleep in Join
//	4   u32    bell of Join
//	8   u64    tasks lost with consumers whose rows are gone
//	16  240 B  rows, package ledger
//	256 u32    1 when a consumer has died whose row may be another's by now; the rest is reserved
//
// A row's counts: tasks taken and not done in bits 0-16; in bits 17-33 the item that is being taken: its number's low 16 bits, and bit 33 when there is one; bit 34:
// has put, and never taken. The row's extra: while the tasks of a dead consumer are being added to those lost, the sum + 1.
const (
	offJoiners  = 0
	offJoinBell = 4
	offLost     = 8
	offRows     = 16
	offDied     = 256
	rowsSize    = 288

	takenMask  = 1<<17 - 1
	takingBits = 17
	takingMask = 1<<16 - 1
	takingBit  = 1 << 33
	putsOnly   = 1 << 34
)

type roster struct{ p unsafe.Pointer }

func (r roster) joiners() *uint32 { return (*uint32)(unsafe.Add(r.p, offJoiners)) }
func (r roster) bell() *uint32    { return (*uint32)(unsafe.Add(r.p, offJoinBell)) }
func (r roster) lost() *uint64    { return (*uint64)(unsafe.Add(r.p, offLost)) }

func (r roster) died() *uint32 { return (*uint32)(unsafe.Add(r.p, offDied)) }

func (r roster) table(h *arena.Handle) *ledger.Table {
	return ledger.New(h, unsafe.Add(r.p, offRows))
}
