package sys

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// PidfdOpen returns a descriptor that stands for one process, whatever becomes of its pid. It is non-blocking, so
// that os.NewFile gives it to the netpoller; it polls readable when the process, all its threads, has ended and its
// memory is torn down.
func PidfdOpen(pid int) (int, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Readable reports whether the descriptor polls readable now.
func Readable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLIN|unix.POLLHUP) != 0
}

// StartTime is when the process began, in clock ticks since boot: with the pid it names a process for good.
// A process that has ended and was not reaped yet is ErrEnded; one that /proc does not show, because it is gone or hidden (hidepid), is fs.ErrNotExist.
func StartTime(pid int) (uint64, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	return parseStartTime(data)
}

// parseStartTime reads field 22 of /proc/PID/stat. The name in field 2 may hold spaces and brackets, so fields count from the last ')'.
func parseStartTime(stat []byte) (uint64, error) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, fmt.Errorf("unexpected form of /proc/PID/stat: %q", stat)
	}
	fields := bytes.Fields(stat[end+1:])
	if len(fields) < 20 {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields after the name, want at least 20", len(fields))
	}
	// A killed process counts as a zombie as soon as its first thread has ended. Others may still be inside a system call that writes to
	// shared memory, so it is gone only when it has no other thread.
	if state, threads := fields[0][0], string(fields[17]); (state == 'Z' || state == 'X') && (threads == "1" || threads == "0") {
		return 0, ErrEnded
	}
	return strconv.ParseUint(string(fields[19]), 10, 64)
}

// Exists reports whether there is a process or a zombie with this pid, also one that /proc hides.
func Exists(pid int) bool { return pid > 0 && unix.Kill(pid, 0) != unix.ESRCH }

// PIDNamespace identifies the pid namespace of this process; 0 when it can't be told.
func PIDNamespace() uint64 {
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &st); err != nil {
		return 0
	}
	return st.Ino
}

// Monotonic is the time since boot in nanoseconds on a clock that all processes of the machine share.
func Monotonic() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

// Random fills b with random bytes. (Package crypto/rand would do so too, but with it every worker's start is 0.2 ms slower: it brings the self-tests of the
// standard library's cryptography along.)
func Random(b []byte) error {
	for len(b) > 0 {
		n, err := unix.Getrandom(b, 0)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("getrandom: %w", err)
		}
		b = b[max(n, 0):]
	}
	return nil
}
