package queue

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// What a JoinableQueue knows of its consumers:
//
//	0   u32    bell of Join: bit 0 when somebody may sleep there, above it a count of rings
//	4   u32    reserved
//	8   u64    tasks lost with consumers whose rows are gone
//	16  240 B  rows, package ledger
//	256 u32    1 when a consumer has died whose row may be another's by now; the rest is reserved
//
// A row's counts: tasks taken and not done in bits 0-15; in bits 16-31 the number, low bits, of the item that is being taken, and bit 32 when there is one; bit 33: has put, and never taken;
// bit 34: has got a handle from another process, and neither put nor taken. The row's extra: while the tasks of a dead consumer are being added to those lost, the sum + 1.
const (
	offJoinBell = 0
	offLost     = 8
	offRows     = 16
	offDied     = 256
	rowsSize    = 288

	joining = 1

	takenMask  = 1<<16 - 1
	takingBits = 16
	takingMask = 1<<16 - 1
	takingBit  = 1 << 32
	putsOnly   = 1 << 33
	newcomer   = 1 << 34
)

type roster struct{ p unsafe.Pointer }

func (r roster) bell() *uint32 { return (*uint32)(unsafe.Add(r.p, offJoinBell)) }
func (r roster) lost() *uint64 { return (*uint64)(unsafe.Add(r.p, offLost)) }

func (r roster) died() *uint32 { return (*uint32)(unsafe.Add(r.p, offDied)) }

func (r roster) table(h *arena.Handle) *ledger.Table {
	return ledger.New(h, unsafe.Add(r.p, offRows))
}
