package arena

import (
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/sys"
)

const (
	// memoryMargin is left to others: a reservation that takes the very last page makes the kernel kill somebody.
	memoryMargin = 32 << 20
	// reserveStep bounds one fallocate: a signal makes the call undo its work and start over, so a long one might never end.
	reserveStep = 64 << 20
	// A look at the memory left is good for checkEvery or checkBytes, whichever ends first.
	checkEvery = 50 * time.Millisecond
	checkBytes = 8 << 20
)

type reserveCheck struct {
	at    time.Time
	bytes uint64
}

// freeMemory can be replaced by a test.
var freeMemory = sys.FreeMemory

// reserve gives a range its memory, about 0.2 ms for each MiB, or fails with ErrNoMemory and leaves nothing behind. Called with mu held; a long reservation gives it up meanwhile.
func (a *Arena) reserve(off, n uint64) error {
	c := &a.checked
	c.bytes += n
	if now := time.Now(); c.bytes > checkBytes || now.Sub(c.at) > checkEvery {
		free := freeMemory()
		if int64(n) > free.Available-memoryMargin {
			return fmt.Errorf("%w: %s wanted, %s left by %s (%s are kept free)", errs.ErrNoMemory, mib(n), mib(uint64(max(free.Available, 0))), free.Limit, mib(memoryMargin))
		}
		*c = reserveCheck{at: now}
	}
	if n > reserveStep { // it takes a while, and the range is this process's own: let others allocate meanwhile
		a.mu.Unlock()
		defer a.mu.Lock()
	}
	for done := uint64(0); done < n; done += reserveStep {
		if err := sys.Reserve(a.f.FD(), int64(off+done), int64(min(reserveStep, n-done))); err != nil {
			a.discard(off, n)
			return fmt.Errorf("%w: reserve %s: %w", errs.ErrNoMemory, mib(n), err)
		}
	}
	return nil
}

func mib(n uint64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20)
}

func residentBytes(f *family.Family) (int64, error) { return sys.Resident(f.FD()) }
