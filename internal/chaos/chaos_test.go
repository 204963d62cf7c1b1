//go:build linux

package chaos

import (
	"context"
	"flag"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/multiproctest"
)

var (
	duration = flag.Duration("chaos.duration", 3*time.Second, "how long each chaos test kills")
	seed     = flag.Uint64("chaos.seed", 0, "seed of the kills; 0: from the clock")
	workers  = flag.Int("chaos.workers", 6, "processes that are alive at a time")
)

// watchdog is generous: it only turns a hang into a failure.
const watchdog = 2 * time.Minute

func TestMain(m *testing.M) { multiproctest.Main(m) }

// victim is a worker that may be killed.
type victim interface {
	PID() int
	Kill() error
	Done() <-chan struct{}
}

// mayhem keeps slots filled with workers and kills a random one every few milliseconds until the duration is over, and enough of the work was done: the workers may be slower
// than their killer. Now and then it stops one for a while instead. It returns the number of kills.
func mayhem(t *testing.T, slots int, start func(slot int) victim, enough func() bool) (kills int) {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", s)
	rng := rand.New(rand.NewPCG(s, 1))
	alive := make([]victim, slots)
	for i := range alive {
		alive[i] = start(i)
	}
	var resumed sync.WaitGroup
	for begin := time.Now(); ; {
		if took := time.Since(begin); took > *duration && enough() || took > *duration+watchdog {
			break
		}
		time.Sleep(time.Duration(rng.IntN(int(8 * time.Millisecond))))
		i := rng.IntN(slots)
		if rng.IntN(10) == 0 {
			pid := alive[i].PID()
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			pause := time.Duration(rng.IntN(int(20 * time.Millisecond)))
			v := alive[i]
			resumed.Go(func() {
				time.Sleep(pause)
				select {
				case <-v.Done():
				default:
					_ = syscall.Kill(pid, syscall.SIGCONT)
				}
			})
			continue
		}
		if err := alive[i].Kill(); err != nil {
			t.Fatalf("kill worker %d: %v", i, err)
		}
		kills++
		wait(t, alive[i].Done(), "the end of a killed worker")
		alive[i] = start(i)
	}
	resumed.Wait()
	for _, v := range alive {
		_ = v.Kill()
		wait(t, v.Done(), "the end of the last workers")
	}
	return kills + slots
}

func wait(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(watchdog):
		t.Fatalf("waited %v for %s", watchdog, what)
	}
}

// within runs f under the watchdog.
func within(t *testing.T, what string, f func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	wait(t, done, what)
}
