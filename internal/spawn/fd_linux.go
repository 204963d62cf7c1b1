package spawn

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// SocketPair makes a stream socket between two processes: this one's end, and the descriptor for the child's, to be closed after Start.
func SocketPair() (*os.File, int, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, -1, os.NewSyscallError("socketpair", err)
	}
	return os.NewFile(uintptr(fds[0]), "control"), fds[1], nil
}

// Pipe makes a pipe that this process reads: its end, and the descriptor to write to, to be closed after Start.
// The writing end blocks, since any program may get it.
func Pipe() (*os.File, int, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, -1, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return nil, -1, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fds[0]), "pipe"), fds[1], nil
}

// Scratch makes a nameless file in memory, for bytes that must outlive the process that writes them.
func Scratch() (int, error) {
	fd, err := unix.MemfdCreate("multiproc-crash", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // Linux before 6.3
		fd, err = unix.MemfdCreate("multiproc-crash", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	return fd, nil
}

// ReadScratch returns the first bytes of a scratch file, at most limit.
func ReadScratch(fd int, limit int) []byte {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Size == 0 {
		return nil
	}
	b := make([]byte, min(st.Size, int64(limit)))
	n, err := unix.Pread(fd, b, 0)
	if err != nil {
		return nil
	}
	return b[:n]
}

// Null opens the null device for reading.
func Null() (int, error) {
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return fd, os.NewSyscallError("open "+os.DevNull, err)
}

// Close closes a descriptor.
func Close(fd int) {
	if fd >= 0 {
		unix.Close(fd)
	}
}

// ready reads what is there at once; n is -1 when there is nothing.
func ready(raw syscall.RawConn, p []byte) (n int, err error) {
	rerr := raw.Read(func(fd uintptr) bool {
		for {
			n, err = unix.Read(int(fd), p)
			if err != unix.EINTR {
				return true
			}
		}
	})
	switch {
	case rerr != nil:
		return 0, rerr
	case err == unix.EAGAIN:
		return -1, nil
	case err != nil:
		return 0, err
	}
	return n, nil
}
