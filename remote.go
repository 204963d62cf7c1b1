package multiproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/multiproc-go/multiproc/internal/control"
	"github.com/multiproc-go/multiproc/internal/errs"
)

// RemoteError is an error that a function returned in another process. Its text and the name of its type are what remains of
// the value there; errors.Is finds in it what it found in the original of the errors of packages context, io, io/fs and this
// module, and the syscall.Errno of a failed system call.
type RemoteError struct {
	Worker  string // the name of the process in which it happened
	PID     int
	Type    string // the type of the error value, as in *fs.PathError
	Message string // the error's text

	is     []string
	errno  syscall.Errno
	parent bool // it is the reason for which the parent stops this worker
}

func (e *RemoteError) Error() string {
	if e.parent {
		return fmt.Sprintf("stopped by its parent, %s (pid %d): %s", e.Worker, e.PID, e.Message)
	}
	return fmt.Sprintf("multiproc: worker %s (pid %d): %s", e.Worker, e.PID, e.Message)
}

// Is reports whether the original error was target, for the targets named above.
func (e *RemoteError) Is(target error) bool {
	if errno, ok := target.(syscall.Errno); ok {
		return e.errno != 0 && e.errno == errno
	}
	for _, w := range wellKnown {
		if w.err == target {
			return slices.Contains(e.is, w.name)
		}
	}
	return false
}

// wellKnown are the errors whose identity travels. A name stays with its error for ever.
var wellKnown = [...]struct {
	name string
	err  error
}{
	{"context.Canceled", context.Canceled},
	{"context.DeadlineExceeded", context.DeadlineExceeded},
	{"io.EOF", io.EOF},
	{"io.ErrUnexpectedEOF", io.ErrUnexpectedEOF},
	{"io.ErrClosedPipe", io.ErrClosedPipe},
	{"io.ErrShortWrite", io.ErrShortWrite},
	{"io.ErrNoProgress", io.ErrNoProgress},
	{"fs.ErrInvalid", fs.ErrInvalid},
	{"fs.ErrPermission", fs.ErrPermission},
	{"fs.ErrExist", fs.ErrExist},
	{"fs.ErrNotExist", fs.ErrNotExist},
	{"fs.ErrClosed", fs.ErrClosed},
	{"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded},
	{"os.ErrProcessDone", os.ErrProcessDone},
	{"errors.ErrUnsupported", errors.ErrUnsupported},
	{"multiproc.ErrNotMain", ErrNotMain},
	{"multiproc.ErrUnknownFunc", ErrUnknownFunc},
	{"multiproc.ErrDuplicate", ErrDuplicate},
	{"multiproc.ErrTypes", ErrTypes},
	{"multiproc.ErrStartTimeout", ErrStartTimeout},
	{"multiproc.ErrInterrupted", ErrInterrupted},
	{"multiproc.ErrParentEnded", ErrParentEnded},
	{"multiproc.ErrEnded", ErrEnded},
	{"multiproc.ErrNoResult", ErrNoResult},
	{"multiproc.ErrClosed", errs.ErrClosed},
	{"multiproc.ErrOwnerDied", errs.ErrOwnerDied},
	{"multiproc.ErrCorrupt", errs.ErrCorrupt},
	{"multiproc.ErrNoMemory", errs.ErrNoMemory},
	{"multiproc.ErrStale", errs.ErrStale},
	{"multiproc.ErrWrongType", errs.ErrWrongType},
	{"multiproc.ErrOtherFamily", errs.ErrOtherFamily},
	{"multiproc.ErrNotOwner", errs.ErrNotOwner},
	{"multiproc.ErrBroken", errs.ErrBroken},
	{"multiproc.ErrFull", errs.ErrFull},
	{"multiproc.ErrEmpty", errs.ErrEmpty},
	{"multiproc.ErrNoPeer", errs.ErrNoPeer},
	{"multiproc.ErrTooManyDone", errs.ErrTooManyDone},
	{"multiproc.ErrNoConsumer", errs.ErrNoConsumer},
	{"io.ErrShortBuffer", io.ErrShortBuffer},
}

// maxErrorText bounds what is sent of an error's text: a frame has a limit, and so has a reader's patience.
const maxErrorText = 64 << 10

// exportError is what travels of err. It runs the error's own methods.
func exportError(err error) control.Error {
	e := control.Error{Type: fmt.Sprintf("%T", err), Message: cutText(err.Error())}
	for _, w := range wellKnown {
		if errors.Is(err, w.err) {
			e.Is = append(e.Is, w.name)
		}
	}
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		e.Errno = int(errno)
	}
	return e
}

func importError(e control.Error, worker string, pid int) *RemoteError {
	return &RemoteError{Worker: worker, PID: pid, Type: e.Type, Message: e.Message, is: e.Is, errno: syscall.Errno(e.Errno)}
}

func cutText(s string) string {
	if len(s) > maxErrorText {
		return s[:maxErrorText] + "\n[cut]"
	}
	return s
}
