// Package lockhook lets package shm make a *psync.Lock of an object's own lock, and find the object behind one, without a public function that
// speaks of internal types. Package psync fills it in.
package lockhook

import "github.com/multiproc-go/multiproc/internal/arena"

var (
	// New returns the *psync.Lock that stands for the lock of the handle's object. The lock owns the handle.
	New func(*arena.Handle) any
	// Handle returns the handle behind a *psync.Lock; it stays the lock's.
	Handle func(any) *arena.Handle
)
