package queue

import (
	"github.com/multiproc-go/multiproc/internal/envelope"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// TypeError tells which part of an item's type can't travel between processes, and what to do instead.
type TypeError = envelope.TypeError

// ValueError is Put's error for an item of which an any holds something that can't travel: it says where and what.
type ValueError = envelope.ValueError

var (
	// ErrClosed: the queue was closed and has no items left, or this handle was closed.
	ErrClosed = errs.ErrClosed
	// ErrFull: TryPut found no room.
	ErrFull = ring.ErrFull
	// ErrEmpty: TryGet found no item.
	ErrEmpty = ring.ErrEmpty
	// ErrNoPeer: Send on a pipe whose other end is closed, or whose last holder there has died.
	ErrNoPeer = errs.ErrNoPeer
	// ErrCorrupt: shared memory holds what no correct process writes.
	ErrCorrupt = errs.ErrCorrupt
	// ErrNoMemory: the machine, or this process's cgroup, has too little memory left.
	ErrNoMemory = errs.ErrNoMemory
	// ErrWrongType: a handle arrived that is of another kind, or has another item type, than what it is decoded into.
	ErrWrongType = errs.ErrWrongType
	// ErrOtherFamily: a handle arrived from processes with which this one shares no memory.
	ErrOtherFamily = errs.ErrOtherFamily
	// ErrStale: a handle arrived after its queue was gone.
	ErrStale = errs.ErrStale
)
