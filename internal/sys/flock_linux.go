package sys

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// LockFolder locks a folder against all others who call LockFolder for it, and waits up to patience for them. It leaves no file behind, and a process that dies holds it no longer. Whoever
// can read the folder can lock it, and so keep others waiting.
func LockFolder(dir string, patience time.Duration) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	const pause = 5 * time.Millisecond
	for ; ; patience -= pause {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return func() { _ = f.Close() }, nil
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR), patience <= 0:
			_ = f.Close()
			return nil, fmt.Errorf("lock the folder %s: %w", dir, err)
		}
		time.Sleep(pause)
	}
}
