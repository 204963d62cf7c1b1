package pickle

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// What can be wrong with a pickle. errors.Is finds one of these in every *DecodeError, with these exceptions: if a PersistentLoad, a registered constructor, a method of what it has made, or the
// reader of the input has failed, it finds their error; where Python would have raised an exception, errors.As finds a *py.Exception; and where an instance does not fit the struct that is
// registered for its class, an [UnmarshalTypeError].
var (
	// ErrTruncated tells that the pickle ends before its STOP. errors.Is takes it for io.ErrUnexpectedEOF as well.
	ErrTruncated = fmt.Errorf("pickle: truncated: %w", io.ErrUnexpectedEOF)
	// ErrCorrupt tells that the bytes are no pickle that Python would read.
	ErrCorrupt = errors.New("pickle: corrupt")
	// ErrLimit tells that a limit of the Config was reached.
	ErrLimit = errors.New("pickle: limit exceeded")
	// ErrTooLong is the ErrLimit of a pickle that can't be written, as it would be longer than Limits.Size.
	ErrTooLong = fmt.Errorf("%w: Limits.Size", ErrLimit)
	// ErrUnsupported tells that the pickle may be good, and this package can't read it: it is of a protocol to come.
	ErrUnsupported = errors.New("pickle: not supported")
)

// DecodeError tells what is wrong with a pickle, and where.
type DecodeError struct {
	Offset int64 // where the opcode stands, in bytes from the beginning of the data or stream
	Op     Op    // the opcode; 0 where one was expected and the data ended, or if the error is none of an opcode
	Err    error
}

func (e *DecodeError) Error() string {
	where := "pickle: byte " + strconv.FormatInt(e.Offset, 10)
	if e.Op != 0 {
		where += ", " + e.Op.String()
	}
	return where + ": " + withoutPrefix(e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// fault is a message of one of the kinds above.
type fault struct {
	kind error
	text string
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.kind }

func corrupt(format string, args ...any) error {
	return &fault{ErrCorrupt, fmt.Sprintf(format, args...)}
}

func truncated(format string, args ...any) error {
	return &fault{ErrTruncated, fmt.Sprintf(format, args...)}
}

func tooMuch(format string, args ...any) error {
	return &fault{ErrLimit, fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) error {
	return &fault{ErrUnsupported, fmt.Sprintf(format, args...)}
}
