//go:build unix

package main

import (
	"os"
	"syscall"
)

// ownedByUser reports whether a file belongs to the user as whom this process acts.
func ownedByUser(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
