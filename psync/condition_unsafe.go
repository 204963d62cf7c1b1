package psync

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// A condition's payload:
//
//	0   u64    tickets: how many waits have begun; the number of the last one
//	8   u64    idle: the tickets at which nobody was left to be notified
//	16  240 B  ledger: a row for each process
//
// The counts of a row:
//
//	bits 0-16   granted: notifications for the process's waiters that they have not consumed
//	bits 17-33  waiting: goroutines of the process that wait, also those on their way back with a notification
//	bit 34      reserved
//
// Its extra:
//
//	bits 0-31   ticket of the process's longest waiter who has not been notified, as far as known: only the order of notifications depends on it
//	bits 32-63  bell, the futex word that the waiters sleep on: counts grants. The counts can't be that word: a grant, its waiter's leaving and another's
//	            coming make them what they were, and a sleeper who is slow to wake would sleep on
const (
	offCondTickets = 0
	offCondIdle    = 8
	offCondRows    = 16
	condSize       = offCondRows + ledger.Size

	condBits   = 17
	condMask   = 1<<condBits - 1
	oneGranted = 1
	oneWaiting = 1 << condBits
)

func init() { arena.RegisterKeeper(handle.KindCondition, ledger.Keeper(offCondRows)) }

// condArea is the payload, in this process's mapping.
type condArea struct {
	p unsafe.Pointer
}

func (a condArea) tickets() *uint64 { return (*uint64)(unsafe.Add(a.p, offCondTickets)) }
func (a condArea) idle() *uint64    { return (*uint64)(unsafe.Add(a.p, offCondIdle)) }

// ledger is where the rows are.
func (a condArea) ledger() arena.Memory { return unsafe.Add(a.p, offCondRows) }

// condTicket and condBell are the halves of a row's extra. Words are little-endian wherever there is shared memory.
func condTicket(r ledger.Row) *uint32 { return (*uint32)(unsafe.Pointer(r.Extra())) }
func condBell(r ledger.Row) *uint32   { return (*uint32)(unsafe.Add(unsafe.Pointer(r.Extra()), 4)) }

// condCounts are the counts in a row's word.
func condCounts(w uint64) (waiting, granted uint64) { return w >> condBits & condMask, w & condMask }
