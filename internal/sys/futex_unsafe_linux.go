package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	futexWake       = 1
	futexWaitBitset = 9
	futexMatchAny   = ^uint32(0)
	futexPrivate    = 128

	futex2Size32  = 2
	futex2Private = 128
)

// WaitVector is one word of a FutexWaitv, in the kernel's layout (struct futex_waitv).
type WaitVector struct {
	val   uint64
	addr  uint64
	flags uint32
	_     uint32
}

// MaxVector is the most words that one FutexWaitv takes.
const MaxVector = 128

// SetShared makes the entry wait for *addr != val, woken by any process.
func (w *WaitVector) SetShared(addr *uint32, val uint32) {
	*w = WaitVector{val: uint64(val), addr: uint64(uintptr(unsafe.Pointer(addr))), flags: futex2Size32}
}

// SetPrivate is SetShared for a word that only this process wakes. The word must outlive the wait: the vector does not keep it alive.
func (w *WaitVector) SetPrivate(addr *uint32, val uint32) {
	*w = WaitVector{val: uint64(val), addr: uint64(uintptr(unsafe.Pointer(addr))), flags: futex2Size32 | futex2Private}
}

// FutexWaitv sleeps until one of the words changes and is woken, or the timeout ends. It goes through the scheduler
// (Syscall, not RawSyscall): with GOMAXPROCS=1 anything else would stop the whole process.
// The results are nil (woken), EAGAIN (a word differs already), ETIMEDOUT, EINTR; ENOSYS or EPERM where it is missing or forbidden.
func FutexWaitv(ws []WaitVector, timeout time.Duration) error {
	var ts *unix.Timespec
	var deadline unix.Timespec
	if timeout >= 0 {
		// The timeout is absolute on the chosen clock.
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &deadline); err != nil {
			return err
		}
		deadline = unix.NsecToTimespec(deadline.Nano() + int64(timeout))
		ts = &deadline
	}
	_, _, e := unix.Syscall6(unix.SYS_FUTEX_WAITV, uintptr(unsafe.Pointer(&ws[0])), uintptr(len(ws)), 0,
		uintptr(unsafe.Pointer(ts)), unix.CLOCK_MONOTONIC, 0)
	if e != 0 {
		return e
	}
	return nil
}

// FutexWait sleeps while *addr == val, at most for the timeout (relative; negative: for ever).
func FutexWait(addr *uint32, val uint32, timeout time.Duration) error {
	var ts *unix.Timespec
	var deadline unix.Timespec
	if timeout >= 0 {
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &deadline); err != nil {
			return err
		}
		deadline = unix.NsecToTimespec(deadline.Nano() + int64(timeout))
		ts = &deadline
	}
	_, _, e := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(addr)), futexWaitBitset, uintptr(val),
		uintptr(unsafe.Pointer(ts)), 0, uintptr(futexMatchAny))
	if e != 0 {
		return e
	}
	return nil
}

// FutexWake wakes at most n sleepers on a shared word and returns how many there were. It never blocks.
func FutexWake(addr *uint32, n int) int {
	r, _, _ := unix.RawSyscall(unix.SYS_FUTEX, uintptr(unsafe.Pointer(addr)), futexWake, uintptr(n))
	return int(int32(r))
}

// FutexWakePrivate is FutexWake for a word set by SetPrivate.
func FutexWakePrivate(addr *uint32, n int) int {
	r, _, _ := unix.RawSyscall(unix.SYS_FUTEX, uintptr(unsafe.Pointer(addr)), futexWake|futexPrivate, uintptr(n))
	return int(int32(r))
}
