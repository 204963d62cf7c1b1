//go:build linux

package psync_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/psync"
)

// TestLockCloseRaces: a goroutine that is on its way to a lock, spinning and not asleep yet, while the last handle is closed gets ErrClosed, and takes no lock that is made in the same
// place afterwards.
func TestLockCloseRaces(t *testing.T) {
	rounds := 4000
	if testing.Short() {
		rounds = 1000
	}
	for i := range rounds {
		l, err := psync.NewLock()
		if err != nil {
			t.Fatal(err)
		}
		if !l.TryLock() {
			t.Fatalf("round %d: a lock was born held: %v", i, l)
		}
		started, done := make(chan struct{}), make(chan error, 1)
		go func() {
			close(started)
			_, err := l.Acquire(context.Background())
			done <- err
		}()
		<-started
		for end := time.Now().Add(time.Duration(i%16) * time.Microsecond); time.Now().Before(end); {
			runtime.Gosched()
		}
		l.Close()
		if <-done == nil {
			t.Fatalf("round %d: Acquire of a closed lock succeeded", i)
		}
	}
}
