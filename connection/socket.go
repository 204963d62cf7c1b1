package connection

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// A socket reads and writes small messages without Go's scheduler being told of the system calls.
//
// Who writes wakes the process at the other end, within the call. Where CPUs are virtual that takes so long (30 us have been measured) that the scheduler believes the call to wait for something: it
// has another thread go on with the other goroutines, and looks every 20 us for more calls of that kind. That cost several switches between threads for each message; a server with one client
// has answered in half the time since they are spared. Nothing is lost: the calls never wait.
type socket struct {
	nc  net.Conn
	raw syscall.RawConn

	// One reads at a time, who has the turn of receiving, and one writes. The functions are made once, for it would cost memory each time.
	in, out               transfer
	tryToRead, tryToWrite func(fd uintptr) bool
}

// A transfer is a Read or a Write under way.
type transfer struct {
	b   []byte // what is left of it
	n   int
	err error
}

// small is how much goes that way. Copying more takes long, in which a garbage collection would wait for it.
const small = 16<<10 + longHeader

// newSocket is nil if the connection is no socket, or where there are no such calls. The race detector has to see what passes through a socket from one goroutine to another, so they
// are not made then.
func newSocket(nc net.Conn) *socket {
	if !sys.Transfers || race.Enabled {
		return nil
	}
	var raw syscall.RawConn
	var err error
	switch nc := nc.(type) {
	case *net.TCPConn:
		raw, err = nc.SyscallConn()
	case *net.UnixConn:
		raw, err = nc.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	s := &socket{nc: nc, raw: raw}
	s.tryToRead, s.tryToWrite = s.readNow, s.writeNow
	return s
}

// Read is the net.Conn's, with its errors and deadlines.
func (s *socket) Read(b []byte) (int, error) {
	if len(b) == 0 || len(b) > small {
		return s.nc.Read(b)
	}
	s.in = transfer{b: b}
	err := s.raw.Read(s.tryToRead)
	n := s.in.n
	if err = s.explain("read", err, s.in.err); err == nil && n == 0 {
		err = io.EOF
	}
	s.in = transfer{}
	return n, err
}

func (s *socket) readNow(fd uintptr) bool {
	t := &s.in
	t.n, t.err = sys.ReadNow(fd, t.b)
	return t.err != syscall.EAGAIN
}

// Write is the net.Conn's, with its errors and deadlines.
func (s *socket) Write(b []byte) (int, error) {
	if len(b) == 0 || len(b) > small {
		return s.nc.Write(b)
	}
	s.out = transfer{b: b}
	err := s.raw.Write(s.tryToWrite)
	n := s.out.n
	err = s.explain("write", err, s.out.err)
	s.out = transfer{}
	return n, err
}

func (s *socket) writeNow(fd uintptr) bool {
	t := &s.out
	for len(t.b) > 0 {
		var n int
		switch n, t.err = sys.WriteNow(fd, t.b); {
		case t.err != nil:
			return t.err != syscall.EAGAIN
		case n == 0:
			t.err = io.ErrUnexpectedEOF // as a net.Conn has it; no kernel does that
			return true
		}
		t.n, t.b = t.n+n, t.b[n:]
	}
	return true
}

// explain makes the errors those that the net.Conn would give: waiting is that of waiting for the descriptor, call that of the system call.
func (s *socket) explain(op string, waiting, call error) error {
	switch {
	case waiting != nil:
		if e, ok := errors.AsType[*net.OpError](waiting); ok {
			waiting = e.Err // what is around it names our means
		}
	case call != nil:
		waiting = os.NewSyscallError(op, call)
	default:
		return nil
	}
	local := s.nc.LocalAddr()
	return &net.OpError{Op: op, Net: local.Network(), Source: local, Addr: s.nc.RemoteAddr(), Err: waiting}
}
