package arena

import (
	"sync"

	"github.com/multiproc-go/multiproc/internal/park"
)

// mourners are the kicks of goroutines that wait for something that a death may change: a permit that comes back, a barrier that breaks, the end of a pipe.
var mourners = struct {
	mu sync.Mutex
	m  map[*park.Kick]struct{}
}{m: map[*park.Kick]struct{}{}}

// OnDeaths sets the kick at every death and burial in the family from now on, until stop is called, which returns when the kick is touched no
// more. Look at the shared state after the call: a death before it is not told. It costs a microsecond, and needs no thread besides the sweeper, which runs in
// every process that has sent or received a handle; without one there is nobody else who could die.
func OnDeaths(k *park.Kick) (stop func()) {
	mourners.mu.Lock()
	defer mourners.mu.Unlock()
	mourners.m[k] = struct{}{}
	return func() {
		mourners.mu.Lock()
		defer mourners.mu.Unlock()
		delete(mourners.m, k)
	}
}

func kickAll() {
	mourners.mu.Lock()
	defer mourners.mu.Unlock()
	for k := range mourners.m {
		k.Set()
	}
}

// mourned reports whether anybody here waits for something that a death may change.
func mourned() bool {
	mourners.mu.Lock()
	defer mourners.mu.Unlock()
	return len(mourners.m) > 0
}
