package manager

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"runtime/debug"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// pythonErrors are Go's errors that have a counterpart in Python, with the numbers that OSErrors have there.
var pythonErrors = []struct {
	err   error
	errno int
	class string
}{
	{err: context.DeadlineExceeded, class: "TimeoutError"},
	{err: io.EOF, class: "EOFError"},
	{err: io.ErrUnexpectedEOF, class: "EOFError"},
	{err: fs.ErrNotExist, errno: 2},
	{err: fs.ErrExist, errno: 17},
	{err: fs.ErrPermission, errno: 13},
	{err: errors.ErrUnsupported, class: "NotImplementedError"},
}

// pythonError is the exception for an error of a user's function.
func pythonError(err error) error {
	var e *py.Exception
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, object.ErrUnserializable) {
		return err // which has a kind of reply of its own
	}
	for _, x := range pythonErrors {
		switch {
		case !errors.Is(err, x.err):
		case x.errno != 0:
			return py.OSError(x.errno, err.Error())
		default:
			return py.NewException(x.class, err.Error())
		}
	}
	return py.NewException("RuntimeError", err.Error())
}

// contain is deferred around code of users: a panic is an error of the call, and nothing else. *finished, if finished is not nil, tells the end from runtime.Goexit, which can't be held up.
func (s *Server) contain(name string, finished *bool, err *error) {
	if p := recover(); p != nil {
		s.incidents.panics.Add(1)
		s.log.Error("a registered function has panicked", "function", name, "panic", p, "stack", string(debug.Stack()))
		*err = py.RuntimeError("panic: %v", p)
	} else if finished != nil && !*finished {
		s.log.Error("a registered function has called runtime.Goexit, which ends its client's connection", "function", name)
	}
}
