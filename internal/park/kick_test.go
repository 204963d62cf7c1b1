//go:build linux

package park

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestSetReturnsThoughTheWaiterGoesOn: without futex_waitv Set wakes until the sleeper is up; one that was up and sleeps for the next thing already must not
// keep it, or the news of one death to several waiters would stop at the first.
func TestSetReturnsThoughTheWaiterGoesOn(t *testing.T) {
	was := waitv.forced.Swap(true)
	defer waitv.forced.Store(was)
	for range 30 {
		word, k := new(uint32), NewKick()
		var stop atomic.Bool
		done := make(chan bool)
		go func() {
			defer close(done)
			for !stop.Load() {
				if k.IsSet() {
					k.Reset()
				}
				Wait(word, 0, k, Forever)
			}
		}()
		time.Sleep(time.Millisecond)
		returned := make(chan bool)
		go func() { k.Set(); close(returned) }()
		select {
		case <-returned:
		case <-time.After(time.Minute):
			t.Fatal("Set has not returned")
		}
		stop.Store(true)
		atomic.StoreUint32(word, 1)
		Wake(word, All)
		k.Set()
		<-done
	}
}
