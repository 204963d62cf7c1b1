package psync

import (
	"sync/atomic"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// A barrier's payload:
//
//	0    u32       word, a futex word: the turn in bits 1-31, bit 0 when it is broken
//	4    u32       arrived: how many parties have come in this turn
//	8    u32       parties
//	12   u32       runner: Ident of the process whose party runs the action of this turn; 0 nobody
//	16   u64       timeout of a Wait whose context has no deadline, in ns; 0 none
//	24   u32       record: which turn what follows is about, as the word says when it is broken; 0 nothing
//	28   u32       reason, a BreakReason
//	32   u32       Ident of who broke it
//	36   u32       its pid
//	40   u32       bytes of the text
//	44   [212]byte text
//	256  [16]u64   outcomes of the last 1,024 turns, a bit for each: whether all came
//	384  240 B     ledger: a row for each process
//
// The counts of a row are the turn in which a party of the process has come last, as the word says of that turn when it is broken: turn<<1|1. 0: none has.
const (
	offBarWord     = 0
	offBarArrived  = 4
	offBarParties  = 8
	offBarRunner   = 12
	offBarTimeout  = 16
	offBarRecord   = 24
	offBarReason   = 28
	offBarWho      = 32
	offBarPID      = 36
	offBarLength   = 40
	offBarText     = 44
	barTextSize    = offBarOutcomes - offBarText
	offBarOutcomes = 256
	barOutcomes    = 1024
	offBarRows     = offBarOutcomes + barOutcomes/8
	barSize        = offBarRows + ledger.Size

	barBroken = 1 // in the word
)

func init() { arena.RegisterKeeper(handle.KindBarrier, ledger.Keeper(offBarRows)) }

// barArea is the payload, in this process's mapping.
type barArea struct {
	p unsafe.Pointer
}

func (a barArea) u32(off uintptr) *uint32 { return (*uint32)(unsafe.Add(a.p, off)) }

func (a barArea) word() *uint32    { return a.u32(offBarWord) }
func (a barArea) arrived() *uint32 { return a.u32(offBarArrived) }
func (a barArea) parties() *uint32 { return a.u32(offBarParties) }
func (a barArea) runner() *uint32  { return a.u32(offBarRunner) }
func (a barArea) timeout() *uint64 { return (*uint64)(unsafe.Add(a.p, offBarTimeout)) }

// ledger is where the rows are.
func (a barArea) ledger() arena.Memory { return unsafe.Add(a.p, offBarRows) }

// outcome is the word of the outcomes that has the turn's bit.
func (a barArea) outcome(turn uint32) (word *uint64, bit uint64) {
	i := turn % barOutcomes
	return (*uint64)(unsafe.Add(a.p, offBarOutcomes+uintptr(i/64)*8)), 1 << (i % 64)
}

func (a barArea) setOutcome(turn uint32, all bool) {
	w, bit := a.outcome(turn)
	if all {
		atomic.OrUint64(w, bit)
	} else {
		atomic.AndUint64(w, ^bit)
	}
}

// text is room for why it broke. It is not read without a look at record before and after.
func (a barArea) text() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(a.p, offBarText)), barTextSize)
}
