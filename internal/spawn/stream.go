package spawn

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	noDeadline time.Time
	past       = time.Unix(1, 0)
)

// ErrDrained: the writer is dead and all that it has written was read, but somebody else holds the other end open.
var ErrDrained = errors.New("multiproc: the writer is dead and its data was read")

// Stream reads what a child writes to a pipe or socket. End of file alone can't tell that the child is done, as
// programs that it has started may have inherited the other end and live on. But once the child is dead, everything
// that it wrote is in the kernel's buffer: Finish makes Read return what is left there, and then ErrDrained.
type Stream struct {
	*os.File
	raw      syscall.RawConn
	finished atomic.Bool
	draining bool // only Read's
}

// NewStream takes f over.
func NewStream(f *os.File) (*Stream, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &Stream{File: f, raw: raw}, nil
}

// Finish says that the child is dead. It does not block; it may be called while Read blocks.
func (s *Stream) Finish() {
	s.finished.Store(true)
	s.SetReadDeadline(past)
}

// Resume returns to reading until the end of file, after ErrDrained.
func (s *Stream) Resume() {
	s.finished.Store(false)
	s.draining = false
}

// Read is io.Reader's, for one goroutine.
func (s *Stream) Read(p []byte) (int, error) {
	if !s.draining {
		n, err := s.File.Read(p)
		if !errors.Is(err, os.ErrDeadlineExceeded) || !s.finished.Load() {
			return n, err
		}
		s.SetReadDeadline(noDeadline)
		s.draining = true
	}
	n, err := ready(s.raw, p)
	switch {
	case err != nil:
		return 0, err
	case n < 0:
		return 0, ErrDrained
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}
