package spawn

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// first is the lowest descriptor that a worker inherits beyond the standard ones.
const first = 3

// CloseInheritedOnExec keeps every descriptor that this worker got from its parent to itself: programs that it executes
// must not hold its lifeline open.
func CloseInheritedOnExec() {
	if unix.CloseRange(first, ^uint(0), unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	// Linux before 5.11: they come without a gap.
	for fd := uintptr(first); ; fd++ {
		if _, err := unix.FcntlInt(fd, unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
			return
		}
	}
}

// KillSelf ends this process at once, as kill -9 does.
func KillSelf() {
	unix.Kill(os.Getpid(), unix.SIGKILL)
	select {}
}

// KeepFileLimit makes RLIMIT_NOFILE, which the parent has set, this process's own wish: package syscall otherwise gives the programs that it
// executes the limit it found at its start.
func KeepFileLimit() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil {
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
	}
}
