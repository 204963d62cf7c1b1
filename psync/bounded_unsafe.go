package psync

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// A bounded semaphore's payload:
//
//	0   u32     max: how many permits there are
//	4   u32     bell, a futex word: counts what may have freed permits while somebody waits
//	8   u32     front: Ident of the process that waits as the first, 0 for nobody; for people
//	12  u32     how many permits it waits for; for people
//	16  240 B   ledger: a row for each process
//
// The counts of a row:
//
//	bits 0-16   used: permits that the process has acquired
//	bits 17-33  cached: permits that it has released, and takes again without asking anybody
//	bit 34      want: somebody waits, so releases must not be cached but go back to all, and ring
const (
	offMax      = 0
	offBell     = 4
	offFront    = 8
	offWanted   = 12
	offRows     = 16
	boundedSize = offRows + ledger.Size

	usedBits    = 17
	usedMask    = 1<<usedBits - 1
	cachedShift = usedBits
	cachedMask  = usedMask << cachedShift
	wantShift   = 2 * usedBits
	want        = 1 << wantShift
)

func init() { arena.RegisterKeeper(handle.KindBoundedSemaphore, ledger.Keeper(offRows)) }

// boundedArea is the payload, in this process's mapping.
type boundedArea struct {
	p unsafe.Pointer
}

func (a boundedArea) max() *uint32    { return (*uint32)(unsafe.Add(a.p, offMax)) }
func (a boundedArea) bell() *uint32   { return (*uint32)(unsafe.Add(a.p, offBell)) }
func (a boundedArea) front() *uint32  { return (*uint32)(unsafe.Add(a.p, offFront)) }
func (a boundedArea) wanted() *uint32 { return (*uint32)(unsafe.Add(a.p, offWanted)) }

// rows is the ledger; the handle is the one whose payload this is.
func (a boundedArea) rows(h *arena.Handle) *ledger.Table {
	return ledger.New(h, unsafe.Add(a.p, offRows))
}

func used(v uint64) int   { return int(v & usedMask) }
func cached(v uint64) int { return int(v & cachedMask >> cachedShift) }
