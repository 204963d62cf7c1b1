package psync

import (
	"sync"

	"github.com/multiproc-go/multiproc/internal/arena"
)

// door is how a handle's slow paths and its Close keep out of each other's way: whoever uses the memory holds use shared, and Close, which has ended all waits, takes it before the memory
// may go. A goroutine must not enter twice: a Close between the two would wait for the first, and the second for Close.
type door struct {
	handle *arena.Handle // the object's: who is inside keeps the door from being collected, and it this
	use    sync.RWMutex
}

// enter begins a use of the memory, which use.RUnlock ends; false: the handle was closed.
func (d *door) enter() bool {
	d.use.RLock()
	if d.handle.Closed() {
		d.use.RUnlock()
		return false
	}
	return true
}
