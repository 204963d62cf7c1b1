//go:build !linux

package sys

import "time"

// LockFolder is not possible here yet.
func LockFolder(string, time.Duration) (unlock func(), err error) { return nil, ErrPlatform }
