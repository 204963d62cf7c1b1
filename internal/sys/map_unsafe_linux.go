package sys

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Map maps n bytes of the file at off, shared and writable, at an address that is a multiple of HugePage so that
// huge pages fit. The slice's memory is not the Go heap's: it stays mapped until Unmap, whatever refers to it.
func Map(fd int, off int64, n int) ([]byte, error) {
	// A hole with room for the alignment first, then the file over the aligned part of it.
	room := uintptr(n) + HugePage
	hole, err := unix.MmapPtr(-1, 0, nil, room, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("reserve %d MiB of address space (is RLIMIT_AS, `ulimit -v`, set?): %w", room>>20, err)
	}
	skip := (HugePage - uintptr(hole)%HugePage) % HugePage
	at := unsafe.Add(hole, skip)
	if _, err := unix.MmapPtr(fd, off, at, uintptr(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
		_ = unix.MunmapPtr(hole, room)
		return nil, fmt.Errorf("map %d bytes of shared memory at %d: %w", n, off, err)
	}
	if skip > 0 {
		_ = unix.MunmapPtr(hole, skip)
	}
	if end := (uintptr(n) + 4095) &^ 4095; room-skip > end {
		_ = unix.MunmapPtr(unsafe.Add(at, end), room-skip-end)
	}
	return unsafe.Slice((*byte)(at), n), nil
}

// Unmap ends a mapping that Map made. Touching it afterwards is a fault that no one can catch.
func Unmap(b []byte) error {
	return unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(b)), uintptr(len(b)))
}

// Collapse asks for huge pages under a mapping (Linux 6.1). It is a hint: without it the memory works as well, a little slower.
func Collapse(b []byte) error {
	const madvCollapse = 25
	return unix.Madvise(b, madvCollapse)
}
