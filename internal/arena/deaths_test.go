//go:build linux

package arena

import (
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// TestOnDeaths: each death after the call sets the kick, until stop.
func TestOnDeaths(t *testing.T) {
	h := made(t, 16)
	defer h.Close()
	h.Ref() // there is a sweeper
	p := testproc.Start(t)
	k := park.NewKick()
	stop := OnDeaths(k)
	for range 3 {
		p.Bury()
		testproc.Eventually(t, "told of a death", k.IsSet)
		p = testproc.Start(t)
		// Death and burial may be told of one by one.
		testproc.Eventually(t, "silence", func() bool {
			k.Reset()
			time.Sleep(20 * time.Millisecond)
			return !k.IsSet()
		})
	}
	stop()
	k.Reset() // of news that came late
	other := park.NewKick()
	defer OnDeaths(other)()
	p.Bury()
	testproc.Eventually(t, "the other is told", other.IsSet)
	if k.IsSet() {
		t.Error("told after stop")
	}
}

// TestOnDeathsMeanwhile: calls and stops at the moment of a death.
func TestOnDeathsMeanwhile(t *testing.T) {
	h := made(t, 16)
	defer h.Close()
	h.Ref()
	p := testproc.Start(t)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			k := park.NewKick()
			for {
				select {
				case <-done:
					return
				default:
				}
				stop := OnDeaths(k)
				if k.IsSet() {
					k.Reset()
				}
				stop()
				k.Reset()
				if k.IsSet() {
					t.Error("touched after stop")
				}
			}
		})
	}
	p.Bury()
	for range 200 {
		kickAll()
	}
	close(done)
	testproc.Finish(t, "the callers", wg.Wait)
	mourners.mu.Lock()
	defer mourners.mu.Unlock()
	if len(mourners.m) != 0 {
		t.Errorf("%d kicks left", len(mourners.m))
	}
}
