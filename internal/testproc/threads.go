package testproc

import "runtime"

// MostThreads makes of a bound that holds on two processors one that holds on this machine: Go's runtime may start one more thread for each further processor.
func MostThreads(onTwo int) int { return onTwo - 2 + max(2, runtime.GOMAXPROCS(0)) }
