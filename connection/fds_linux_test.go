package connection_test

import (
	"syscall"
	"testing"
)

// descriptors is how many a process here may have; Go has raised the soft limit to the hard one.
func descriptors(t testing.TB) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Cur, 1<<20))
}
