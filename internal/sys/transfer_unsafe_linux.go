package sys

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Transfers reports that ReadNow and WriteNow can be used: on two architectures only kernels from 4.3 on have the calls.
const Transfers = runtime.GOARCH != "386" && runtime.GOARCH != "s390x"

// ReadNow reads into b, which is not empty, from a socket, and never waits: the error is EAGAIN then. Go's scheduler isn't told (RawSyscall), so a call that waited would stop the whole program at the
// next garbage collection. Hence it does not rely on the descriptor's non-blocking mode, which os.File's Fd ends, or another process that has the same socket. There should be little to copy.
// The race detector isn't told either.
func ReadNow(fd uintptr, b []byte) (int, error) { return transfer(unix.SYS_RECVFROM, fd, b) }

// WriteNow is ReadNow for writing.
func WriteNow(fd uintptr, b []byte) (int, error) { return transfer(unix.SYS_SENDTO, fd, b) }

// transfer is one call. The pointer is converted within the call's own arguments, which keeps the memory alive and in its place.
func transfer(call, fd uintptr, b []byte) (int, error) {
	for {
		n, _, e := syscall.RawSyscall6(call, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		switch e {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, errAgain // EAGAIN as an error would be allocated each time
		default:
			return 0, e
		}
	}
}

var errAgain error = syscall.EAGAIN
