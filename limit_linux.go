package multiproc

import "golang.org/x/sys/unix"

// noFile is the limit that the Go runtime treats specially.
const noFile = unix.RLIMIT_NOFILE
