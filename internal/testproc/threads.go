package testproc

import "runtime"

// MostThreads is how many threads a process may have on this machine that may have so many on one with two processors: Go's runtime starts one for each of them.
func MostThreads(onTwo int) int { return onTwo - 2 + max(2, runtime.GOMAXPROCS(0)) }
