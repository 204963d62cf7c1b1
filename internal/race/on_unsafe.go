//go:build race

package race

import (
	"runtime"
	"unsafe"
)

// Enabled reports whether the race detector is compiled in.
const Enabled = true

// Acquire: what happened before the last Release on addr happens before what follows. addr must point into the Go heap.
func Acquire(addr *uint32) { runtime.RaceAcquire(unsafe.Pointer(addr)) }

// Release: what came before happens before what follows a later Acquire on addr.
func Release(addr *uint32) { runtime.RaceReleaseMerge(unsafe.Pointer(addr)) }
