// Package sys is the only door to the Linux system calls that shared memory, waiting and processes need.
// Each call is a thin function with Go types; policy lives in the packages above. On other systems every
// function returns an error that wraps errors.ErrUnsupported.
package sys

import (
	"fmt"
	"io/fs"
)

// ErrEnded: the process has ended and waits to be reaped.
var ErrEnded = fmt.Errorf("the process has ended: %w", fs.ErrNotExist)

// HugePage is the size of a huge page, and the alignment of every mapping made here.
const HugePage = 2 << 20
