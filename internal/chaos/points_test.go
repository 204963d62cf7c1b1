//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/debug"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// everything is a worker that passes as many of the named points as can be: it contends for a lock, gives up, takes over from the dead, makes, sends, receives and
// frees objects. Record makes it return how often it passed each.
type everything struct {
	Record bool
	Lock   *psync.Lock
	Pair   *shm.Value[pair]
	Cargo  cargo
}

type passes struct {
	Points map[string]int
	Cargo  cargo
}

var doEverything = registerEverything()

func registerEverything() *multiproc.Func[everything, passes] {
	die := multiproc.Register("chaos-die-holding", func(ctx context.Context, task everything) (int, error) {
		task.Lock.Lock()
		killpoint.Arm("die", 1)
		return 0, task.Pair.Update(func(p *pair) {
			p.A++
			killpoint.Here("die")
		})
	})
	return multiproc.Register("chaos-everything", func(ctx context.Context, task everything) (passes, error) {
		if task.Record {
			killpoint.Record()
		}
		if err := task.Cargo.check(); err != nil {
			return passes{}, err
		}
		quiet := multiproc.WithEnv(killpoint.Env + "=")
		p, err := die.Start(ctx, everything{Lock: task.Lock, Pair: task.Pair}, quiet, multiproc.WithStartTimeout(watchdog))
		if err != nil {
			return passes{}, err
		}
		for gaveUp := 0; gaveUp < 5 && ctx.Err() == nil; { // the contender holds the lock most of the time
			short, cancel := context.WithTimeout(ctx, 300*time.Microsecond)
			if _, err := task.Lock.Acquire(short); err == nil {
				task.Lock.Unlock()
			} else {
				gaveUp++
			}
			cancel()
		}
		for range 50 {
			task.Lock.Lock()
			time.Sleep(20 * time.Microsecond)
			task.Lock.Unlock()
		}
		err = task.Pair.Update(func(p *pair) { p.A++; p.B++ })
		if errors.Is(err, shm.ErrOwnerDied) {
			err = task.Pair.Repair(func(p *pair) { p.B = p.A })
		}
		if err != nil {
			return passes{}, err
		}
		rng := rand.New(rand.NewPCG(7, 7))
		for range 3 {
			c, err := newCargo(2, rng)
			if err != nil {
				return passes{}, err
			}
			back, err := relay.Start(ctx, c, quiet, multiproc.WithStartTimeout(watchdog))
			if err != nil {
				return passes{}, err
			}
			c.close()
			if got, err := back.Wait(ctx); err == nil {
				got.close()
			}
		}
		<-p.Done()
		task.Cargo.close()
		out, err := newCargo(1, rng)
		if err != nil {
			return passes{}, err
		}
		if task.Record {
			return passes{killpoint.Recorded(), out}, nil
		}
		return passes{nil, out}, nil
	})
}

// TestKillAtEveryPoint kills a process at each named point that its work passes, and checks that the lock goes on, that the Value can be used, and
// that the memory comes back.
func TestKillAtEveryPoint(t *testing.T) {
	lock, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	value, err := shm.NewValue(pair{})
	if err != nil {
		t.Fatal(err)
	}
	defer value.Close()
	contend, stop := context.WithCancel(t.Context())
	contender := make(chan struct{})
	go func() { // so that the worker's ways are the slow ones
		defer close(contender)
		for contend.Err() == nil {
			lock.Lock()
			time.Sleep(2 * time.Millisecond) // long enough for claims and hand-overs
			lock.Unlock()
			time.Sleep(50 * time.Microsecond)
		}
	}()
	defer func() { stop(); <-contender }()

	run := func(env string, record bool) (passes, error) {
		c, err := newCargo(2, rand.New(rand.NewPCG(1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		p, err := doEverything.Start(t.Context(), everything{record, lock, value, c}, multiproc.WithEnv(env), multiproc.WithStartTimeout(watchdog))
		if err != nil {
			return passes{}, err
		}
		wait(t, p.Done(), "a worker with "+env)
		return p.Wait(t.Context())
	}
	must := []string{"lock.waiting", "lock.acquired", "lock.claimed", "lock.given-up", "lock.taken-over", "unlock.released", "arena.allocated",
		"arena.created", "arena.cell-added", "arena.cell-dropped", "arena.attaching", "arena.sending", "arena.freeing", "arena.large-reserved", "arena.large-freeing",
		"family.reserve"}
	points := testproc.Meet(t, 1, must, func() map[string]int {
		res, err := run(killpoint.Env+"=", true)
		if err != nil {
			t.Fatal(err)
		}
		res.Cargo.close()
		return res.Points
	})
	for _, p := range []string{"family.arrive", "arena.received"} { // passed before the recording begins
		points[p]++
	}
	baseline := settle(t, arena.Census{})
	baseline.Bytes += slack
	deaths := 0
	for _, point := range slices.Sorted(maps.Keys(points)) {
		for _, n := range []int{1, 1 + points[point]/2} {
			dead := false
			kill := func() bool {
				res, err := run(fmt.Sprintf("%s=%s:%d", killpoint.Env, point, n), false)
				if err == nil {
					res.Cargo.close() // this time it did not come there so often
				} else {
					dead = true
					var exit *multiproc.ExitError
					var start *multiproc.StartError
					if !(errors.As(err, &exit) && exit.SignalName == "SIGKILL") && !errors.As(err, &start) {
						t.Errorf("%s:%d: %v", point, n, err)
					}
				}
				within(t, "the lock after a death at "+point, func(ctx context.Context) {
					if _, err := lock.Acquire(ctx); err != nil {
						t.Errorf("after a death at %s: %v", point, err)
						return
					}
					lock.Unlock()
				})
				if _, err := value.Load(); err != nil {
					if !errors.Is(err, shm.ErrOwnerDied) {
						t.Errorf("after a death at %s: %v", point, err)
					}
					if err := value.Repair(func(p *pair) { p.B = p.A }); err != nil {
						t.Errorf("after a death at %s: repair: %v", point, err)
					}
				}
				settle(t, baseline)
				return dead
			}
			if n == 1 && slices.Contains(must, point) { // a single run need not come there
				testproc.Eventually(t, "killed at "+point, kill)
			} else {
				kill()
			}
			if dead {
				deaths++
			}
		}
	}
	t.Logf("%d deaths at %d points", deaths, len(points))
	if deaths < len(points) {
		t.Errorf("only %d deaths at %d points", deaths, len(points))
	}
}

// settle waits until the family holds at most so many objects and bytes (zero: whatever it holds once nothing changes any more).
func settle(t *testing.T, most arena.Census) arena.Census {
	t.Helper()
	last := arena.Census{}
	if debug.Has("quarantine") && most.Bytes > 0 {
		most.Bytes = 1 << 40 // freed memory is kept on purpose
	}
	for end := time.Now().Add(watchdog); ; time.Sleep(5 * time.Millisecond) {
		c, err := arena.Count()
		if err != nil {
			t.Fatal(err)
		}
		if most.Bytes > 0 && c.Objects <= most.Objects && c.Bytes <= most.Bytes || most.Bytes == 0 && c == last {
			return c
		}
		if time.Now().After(end) {
			t.Fatalf("the family holds %d objects in %d KiB, expected at most %d in %d", c.Objects, c.Bytes>>10, most.Objects, most.Bytes>>10)
		}
		last = c
	}
}

// slack is for what is kept for the next objects: the arena keeps one empty slab of 64 KiB for each size class, and there are 34 classes.
const slack = 4 << 20
