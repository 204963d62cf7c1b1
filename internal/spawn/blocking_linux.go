package spawn

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Blocking reads and writes a descriptor without the runtime's poller, whatever the descriptor's mode. A worker uses it until its
// function runs: setting the poller up takes 40 us, which can go on beside the function.
type Blocking int

// Read is io.Reader's.
func (fd Blocking) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(fd), p)
		switch {
		case err == unix.EAGAIN:
			fd.wait(unix.POLLIN)
		case err == unix.EINTR:
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Write is io.Writer's.
func (fd Blocking) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := unix.Write(int(fd), p[done:])
		switch {
		case err == unix.EAGAIN:
			fd.wait(unix.POLLOUT)
		case err == unix.EINTR:
		case err != nil:
			return done, os.NewSyscallError("write", err)
		default:
			done += n
		}
	}
	return done, nil
}

// wait blocks until the event, or until reading or writing would tell of an error.
func (fd Blocking) wait(event int16) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: event}}
	unix.Poll(fds, -1)
}
