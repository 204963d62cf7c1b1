package queue

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
)

// The object behind an end of a pipe, written once, when it is made:
//
//	0   u32  magic
//	4   u32  reserved
//	8   ref  ring that this end receives from: u64 offset, u64 serial; 0: it does not receive
//	24  ref  ring that it sends into
//	40  ref  the other end
const (
	endMagic = 0x4345504d // "MPEC"
	offIn    = 8
	offOut   = 24
	offPeer  = 40
	endSize  = 56
)

// end is an end's memory.
type end struct{ p unsafe.Pointer }

func (e end) magic() *uint32            { return (*uint32)(e.p) }
func (e end) ref(at uintptr) *arena.Ref { return (*arena.Ref)(unsafe.Add(e.p, at)) }
