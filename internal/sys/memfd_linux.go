package sys

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mfdNoexecSeal is MFD_NOEXEC_SEAL (Linux 6.3): the memory can never be executed as a program.
const mfdNoexecSeal = 0x8

// NewMemory makes anonymous shared memory of a fixed logical size. It costs no memory until it is reserved or
// touched, has no name in any file system, and is gone with its last descriptor and mapping. Its seals keep every
// holder from truncating it, so a mapping can never fault because a peer shrank the file.
func NewMemory(name string, size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|mfdNoexecSeal)
	if errors.Is(err, unix.EINVAL) { // a kernel that does not know the flag
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), name)
	if err := unix.Ftruncate(fd, size); err != nil {
		file.Close()
		return nil, fmt.Errorf("size shared memory to %d bytes (is RLIMIT_FSIZE, `ulimit -f`, set?): %w", size, err)
	}
	if err := seal(fd, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		file.Close()
		return nil, fmt.Errorf("seal shared memory: %w", err)
	}
	return file, nil
}

func seal(fd int, seals int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
	return err
}

// Sealed reports whether nobody can change the file's size any more.
func Sealed(fd int) bool {
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	return err == nil && seals&(unix.F_SEAL_SHRINK|unix.F_SEAL_GROW) == unix.F_SEAL_SHRINK|unix.F_SEAL_GROW
}

// Reserve gives the range memory now, so that touching it later can't fail. New pages are zero.
func Reserve(fd int, off, n int64) error {
	for {
		err := unix.Fallocate(fd, 0, off, n)
		if err != unix.EINTR {
			return err
		}
	}
}

// Discard takes the range's memory back at once, in every process; it reads as zero afterwards.
func Discard(fd int, off, n int64) error {
	for {
		err := unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
		if err != unix.EINTR {
			return err
		}
	}
}

// Resident is the memory that the file holds, in bytes.
func Resident(fd int) (int64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, err
	}
	return st.Blocks * 512, nil
}

// Size is the file's logical size.
func Size(fd int) (int64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, err
	}
	return st.Size, nil
}

// CloseOnExec keeps the descriptor out of programs that this process runs.
func CloseOnExec(fd int) { unix.CloseOnExec(fd) }
