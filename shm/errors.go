package shm

import (
	"fmt"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/layout"
)

var (
	// ErrClosed: the handle was closed in this process.
	ErrClosed = errs.ErrClosed
	// ErrOwnerDied: a process died, or a function panicked, inside Update, Store, Set, Fill or CopyFrom. The contents may be half-written; every access
	// refuses until Repair has run.
	ErrOwnerDied = errs.ErrOwnerDied
	// ErrCorrupt: shared memory holds what no correct process writes.
	ErrCorrupt = errs.ErrCorrupt
	// ErrNoMemory: the machine, or this process's cgroup, has too little memory left for the object.
	ErrNoMemory = errs.ErrNoMemory
	// ErrWrongType: a handle arrived that is of another kind, or has another element type, than what it is decoded into.
	ErrWrongType = errs.ErrWrongType
	// ErrOtherFamily: a handle arrived from processes with which this one shares no memory.
	ErrOtherFamily = errs.ErrOtherFamily
	// ErrStale: a handle arrived after its object was gone.
	ErrStale = errs.ErrStale
)

// LayoutError refuses an element type that can't be in shared memory: it names the field and says why.
type LayoutError = layout.Error

// BoundsError is an index, or a range, outside of an array.
type BoundsError struct {
	Index int // what was asked for
	End   int // end of the range, exclusive; -1 for a single element
	Len   int // what the array has
}

func (e *BoundsError) Error() string {
	if e.End < 0 {
		return fmt.Sprintf("shm: index %d is out of range of an array of %d elements", e.Index, e.Len)
	}
	return fmt.Sprintf("shm: range [%d:%d] does not fit into an array of %d elements", e.Index, e.End, e.Len)
}

// TypeMismatchError: a handle was attached with another element type than the object was made with.
type TypeMismatchError struct {
	Want string // layout of the element type in this program's variable
	Have string // layout of the element type of the object
}

func (e *TypeMismatchError) Error() string {
	return fmt.Sprintf("shm: the object holds %s, and was attached as %s", e.Have, e.Want)
}

// Unwrap makes errors.Is find the sentinel for handles of a wrong type.
func (e *TypeMismatchError) Unwrap() error { return errs.ErrWrongType }

// TextError: a string that does not fit.
type TextError struct {
	Len int // bytes of the string
	Cap int // bytes of the array
	NUL int // position of a NUL byte in the string, -1 for none
}

func (e *TextError) Error() string {
	if e.NUL >= 0 {
		return fmt.Sprintf("shm: the string has a NUL byte at %d, which would end it there", e.NUL)
	}
	return fmt.Sprintf("shm: a string of %d bytes does not fit into an array of %d", e.Len, e.Cap)
}
