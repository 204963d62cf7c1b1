//go:build linux

package psync_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// sent is a lock as a test's request carries it.
func sent(t testing.TB, h interface{ MarshalCBOR() ([]byte, error) }) string {
	t.Helper()
	data, err := h.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(data)
}

// theirs are a child's locks, by their encoded form.
var theirs struct {
	sync.Mutex
	m map[string]*psync.Lock
}

func arrived(arg string) (*psync.Lock, error) {
	theirs.Lock()
	defer theirs.Unlock()
	if l := theirs.m[arg]; l != nil {
		return l, nil
	}
	data, err := hex.DecodeString(arg)
	if err != nil {
		return nil, err
	}
	l := new(psync.Lock)
	if err := l.UnmarshalCBOR(data); err != nil {
		return nil, err
	}
	if theirs.m == nil {
		theirs.m = map[string]*psync.Lock{}
	}
	theirs.m[arg] = l
	return l, nil
}

// withLock makes an operation of a child on a lock.
func withLock(op string, fn func(l *psync.Lock, args []string) (string, error)) {
	testproc.Handle(op, func(args []string) (string, error) {
		l, err := arrived(args[0])
		if err != nil {
			return "", err
		}
		return fn(l, args[1:])
	})
}

var laps atomic.Int64

func init() {
	withLock("lock", func(l *psync.Lock, _ []string) (string, error) {
		l.Lock()
		r, _ := json.Marshal(l.Recovery())
		return string(r), nil
	})
	withLock("unlock", func(l *psync.Lock, _ []string) (string, error) { l.Unlock(); return "", nil })
	withLock("try", func(l *psync.Lock, _ []string) (string, error) { return strconv.FormatBool(l.TryLock()), nil })
	withLock("string", func(l *psync.Lock, _ []string) (string, error) { return l.String(), nil })
	withLock("close", func(l *psync.Lock, _ []string) (string, error) { return "", l.Close() })
	withLock("hammer", func(l *psync.Lock, _ []string) (string, error) {
		for range 4 {
			go func() {
				for {
					l.Lock()
					laps.Add(1)
					l.Unlock()
				}
			}()
		}
		return "", nil
	})
	testproc.Handle("laps", func([]string) (string, error) { return fmt.Sprint(laps.Load()), nil })
	testproc.Handle("crowd", crowd)
	testproc.Handle("contend", contendHere)
}

func recovery(t *testing.T, out string) (r psync.Recovery) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHolderKilled(t *testing.T) {
	l := newLock(t)
	for i := range uint32(3) {
		p := testproc.Start(t)
		p.Must("lock", sent(t, l))
		if l.TryLock() {
			t.Fatal("taken from the living")
		}
		if s, want := l.String(), fmt.Sprintf("psync.Lock(held by child (pid %d))", p.PID()); s != want {
			t.Errorf("%s, want %s", s, want)
		}
		p.Kill()
		r, err := l.Acquire(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		if !r.Recovered() || r.PID != p.PID() || r.Name != "child" || r.Updating || r.Count != i+1 || l.Recovery() != r {
			t.Errorf("%+v, %+v", r, l.Recovery())
		}
		l.Unlock()
		if l.Recovery().Recovered() {
			t.Error("recovered after Unlock")
		}
		if r, err := l.Acquire(bounded(t)); err != nil || r.Recovered() {
			t.Errorf("the next one: %v, %v", r, err)
		}
		l.Unlock()
	}
}

// TestHolderKilledAmongWaiters: goroutines of two processes wait when the holder is killed; one of them is told, and each gets its turn.
func TestHolderKilledAmongWaiters(t *testing.T) {
	l := newLock(t)
	holder, other := testproc.Start(t), testproc.Start(t)
	holder.Must("lock", sent(t, l))
	var told atomic.Int32
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			r, err := l.Acquire(bounded(t))
			if err != nil {
				t.Error(err)
				return
			}
			if r.Recovered() {
				told.Add(1)
			}
			l.Unlock()
		})
	}
	wg.Go(func() {
		if recovery(t, other.Must("lock", sent(t, l))).Recovered() {
			told.Add(1)
		}
		other.Must("unlock", sent(t, l))
	})
	testproc.Eventually(t, "waiters", func() bool { return strings.Contains(l.String(), "has waited") })
	holder.Kill()
	testproc.Finish(t, "waiters of the dead", wg.Wait)
	if told.Load() != 1 {
		t.Errorf("%d were told", told.Load())
	}
}

func TestTryLockFindsTheDead(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	p.Must("lock", sent(t, l))
	p.Kill()
	testproc.Eventually(t, "TryLock", l.TryLock)
	if r := l.Recovery(); r.PID != p.PID() {
		t.Errorf("%+v", r)
	}
	l.Unlock()
}

// waiting starts a wait in the child, long enough that it has put its claim into the lock.
func waiting(t *testing.T, l *psync.Lock, p *testproc.Proc) *testproc.Call {
	t.Helper()
	c := p.Go("lock", sent(t, l))
	testproc.Eventually(t, "the child's wait", func() bool {
		return strings.Contains(l.String(), fmt.Sprintf("; child (pid %d) has waited", p.PID()))
	})
	return c
}

func TestWaiterKilled(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	l.Lock()
	waiting(t, l, p)
	p.Kill()
	l.Unlock()
	r, err := l.Acquire(bounded(t))
	if err != nil || r.Recovered() {
		t.Errorf("%v, %v: it was never inside", r, err)
	}
	l.Unlock()
}

// TestHandedToTheStopped: the lock is handed to a process that is stopped; after a while others take it, and it gets its turn when it goes on.
func TestHandedToTheStopped(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	l.Lock()
	c := waiting(t, l, p)
	p.Stop()
	l.Unlock()
	if l.TryLock() {
		t.Error("overtaken at once")
	}
	if s := l.String(); !strings.Contains(s, "handed to child") {
		t.Error(s)
	}
	if r, err := l.Acquire(bounded(t)); err != nil || r.Recovered() {
		t.Errorf("%v, %v", r, err)
	}
	p.Continue()
	l.Unlock()
	if r := recovery(t, c.Must()); r.Recovered() {
		t.Errorf("%+v", r)
	}
	p.Must("unlock", sent(t, l))
}

// TestHandedToTheKilled: nobody but a TryLock now and then is there when a process dies that the lock was handed to.
func TestHandedToTheKilled(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	l.Lock()
	waiting(t, l, p)
	p.Stop()
	l.Unlock()
	p.Kill()
	testproc.Eventually(t, "TryLock", l.TryLock)
	if r := l.Recovery(); r.Recovered() {
		t.Errorf("it was never inside: %+v", r)
	}
	l.Unlock()
}

func TestStoppedHolderKeepsIt(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	p.Must("lock", sent(t, l))
	p.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	if r, err := l.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v: taken from the living", r, err)
	}
	p.Continue()
	p.Must("unlock", sent(t, l))
	l.Lock()
	l.Unlock()
}

// TestUnlockOfAnothers: handing over between processes is a semaphore's work.
func TestUnlockOfAnothers(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	p.Must("lock", sent(t, l))
	if err := panics(t, l.Unlock); !errors.Is(err, psync.ErrNotOwner) {
		t.Errorf("got %v", err)
	}
	p.Must("unlock", sent(t, l))
	l.Lock()
	l.Unlock()
}

func TestCloseReleases(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	p.Must("lock", sent(t, l))
	p.Must("close", sent(t, l))
	if r, err := l.Acquire(bounded(t)); err != nil || r.Recovered() {
		t.Errorf("%v, %v", r, err)
	}
	l.Unlock()
}

// TestFairness: a process that asks now and then gets its turn from one whose goroutines take the lock all the time.
func TestFairness(t *testing.T) {
	l := newLock(t)
	p := testproc.Start(t)
	p.Must("hammer", sent(t, l))
	n := 200
	if testing.Short() {
		n = 40
	}
	for range n {
		if _, err := l.Acquire(bounded(t)); err != nil {
			t.Fatal(err)
		}
		l.Unlock()
	}
	if got := p.Must("laps"); got == "0" {
		t.Error("the child made no progress")
	}
	p.Kill()
	if _, err := l.Acquire(bounded(t)); err != nil {
		t.Fatal(err)
	}
	l.Unlock()
}

// crowd: 1,000 goroutines wait for the locks in args (as many as there are, in turn); the result is how many threads the process had at most.
func crowd(args []string) (string, error) {
	const n = 1000
	threads := func() int {
		tasks, _ := os.ReadDir("/proc/self/task")
		return len(tasks)
	}
	locks := make([]*psync.Lock, len(args))
	for i, arg := range args {
		l, err := arrived(arg)
		if err != nil {
			return "", err
		}
		locks[i] = l
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := locks[i%len(locks)].Acquire(ctx); err == nil {
				locks[i%len(locks)].Unlock()
			}
		})
	}
	most := 0
	for range 60 {
		most = max(most, threads())
		time.Sleep(2 * time.Millisecond)
	}
	cancel()
	wg.Wait()
	return fmt.Sprint(max(most, threads())), nil
}

func TestThreads(t *testing.T) {
	for _, c := range []struct{ locks, most int }{{1, 32}, {1000, 64}} {
		t.Run(fmt.Sprint(c.locks), func(t *testing.T) {
			var args []any
			for range c.locks {
				l := newLock(t)
				l.Lock()
				args = append(args, sent(t, l))
			}
			var n int
			fmt.Sscan(testproc.Start(t).Must("crowd", args...), &n)
			t.Logf("%d threads", n)
			if n == 0 || n > c.most {
				t.Errorf("%d threads, want at most %d", n, c.most)
			}
		})
	}
}

// TestManyOnOneLock: 10,000 goroutines, each gets it.
func TestManyOnOneLock(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	l := newLock(t)
	l.Lock()
	total := 0
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			l.Lock()
			total++
			l.Unlock()
		})
	}
	for range 100 {
		runtime.Gosched()
	}
	l.Unlock()
	testproc.Finish(t, "the crowd", wg.Wait)
	if total != n {
		t.Errorf("%d, want %d", total, n)
	}
}

// contend uses a lock in every way for some rounds, and looks whether anybody else is inside.
//
//	room[0]  who is inside
//	room[1]  how often two were
func contend(l *psync.Lock, room []uint32, tag uint32, rounds int) error {
	rnd := rand.New(rand.NewPCG(uint64(tag), 1))
	for i := range rounds {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(4000))*time.Microsecond)
		if i%3 == 0 {
			cancel()
			ctx, cancel = context.WithTimeout(context.Background(), testproc.Watchdog)
		}
		r, err := l.Acquire(ctx)
		cancel()
		if err != nil {
			if i%3 == 0 {
				return err
			}
			continue
		}
		if before := atomic.SwapUint32(&room[0], tag); before != 0 && !r.Recovered() {
			atomic.AddUint32(&room[1], 1)
		}
		if i%8 == 0 {
			time.Sleep(time.Duration(rnd.IntN(2500)) * time.Microsecond)
		}
		if !atomic.CompareAndSwapUint32(&room[0], tag, 0) {
			atomic.AddUint32(&room[1], 1)
		}
		l.Unlock()
	}
	return nil
}

// contendHere is what a child does: args are the lock, the room, the rounds of each of four goroutines, and whether to list the kill points met.
func contendHere(args []string) (string, error) {
	l, err := arrived(args[0])
	if err != nil {
		return "", err
	}
	data, err := hex.DecodeString(args[1])
	if err != nil {
		return "", err
	}
	var room shm.RawArray[uint32]
	if err := room.UnmarshalCBOR(data); err != nil {
		return "", err
	}
	rounds, _ := strconv.Atoi(args[2])
	if len(args) > 3 {
		killpoint.Record()
	}
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for g := range errs {
		wg.Go(func() { errs[g] = contend(l, room.Slice(), uint32(os.Getpid()<<4|g), rounds) })
	}
	wg.Wait()
	if len(args) > 3 {
		points, _ := json.Marshal(killpoint.Recorded())
		return string(points), errors.Join(errs...)
	}
	return "", errors.Join(errs...)
}

// TestKilledAtEveryPoint kills a contender at every named point of Lock and Unlock that contention meets, several times each. The survivors are never
// two inside, and never wait for ever.
func TestKilledAtEveryPoint(t *testing.T) {
	l := newLock(t)
	room, err := shm.NewRawArray[uint32](2)
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	here := func(rounds int) *sync.WaitGroup {
		var wg sync.WaitGroup
		for g := range 2 {
			wg.Go(func() {
				if err := contend(l, room.Slice(), uint32(os.Getpid()<<4|g), rounds); err != nil {
					t.Error(err)
				}
			})
		}
		return &wg
	}

	// What there is to be killed at. The points of a takeover need somebody who has died.
	points := map[string]int{}
	for range 4 {
		victim, witness := testproc.Start(t), testproc.Start(t)
		victim.Must("lock", sent(t, l))
		c := witness.Go("contend", sent(t, l), sent(t, room), 60, "record")
		wg := here(60)
		time.Sleep(2 * time.Millisecond)
		victim.Kill()
		var met map[string]int
		if err := json.Unmarshal([]byte(c.Must()), &met); err != nil {
			t.Fatal(err)
		}
		testproc.Finish(t, "contenders", wg.Wait)
		for name, n := range met {
			points[name] = max(points[name], n)
		}
	}
	t.Log(points)
	var names []string
	for name := range points {
		if strings.HasPrefix(name, "lock.") || strings.HasPrefix(name, "unlock.") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, must := range []string{"lock.acquired", "lock.claimed", "lock.given-up", "lock.waiting", "unlock.handed", "unlock.released"} {
		if !slices.Contains(names, must) {
			t.Errorf("%s was never met", must)
		}
	}
	for _, must := range []string{"lock.taken-over", "lock.marked-busy"} { // the first only after a death, the second only after one inside an update
		if !slices.Contains(names, must) {
			names = append(names, must)
		}
	}

	kills := 3
	if testing.Short() {
		kills = 1
	}
	killed := map[string]int{}
	for _, name := range names {
		for i := range kills {
			n := 1 + i*points[name]/(2*kills)
			victim, first := testproc.Start(t, testproc.Env(fmt.Sprintf("MULTIPROC_KILLPOINT=%s:%d", name, n))), testproc.Start(t)
			if name == "lock.taken-over" || name == "lock.marked-busy" {
				first.Must("lock", sent(t, l))
			}
			c := victim.Go("contend", sent(t, l), sent(t, room), 80)
			wg := here(40)
			if name == "lock.taken-over" || name == "lock.marked-busy" {
				time.Sleep(2 * time.Millisecond)
			}
			first.Kill()
			if _, err := c.Wait(); errors.Is(err, testproc.ErrGone) {
				killed[name]++
			} else if err != nil {
				t.Errorf("%s:%d: %v", name, n, err)
			}
			testproc.Finish(t, fmt.Sprintf("contenders of one killed at %s:%d", name, n), wg.Wait)
			victim.Bury()
			first.Bury()
			if n := atomic.LoadUint32(&room.Slice()[1]); n != 0 {
				t.Fatalf("two were inside %d times, after a kill at %s", n, name)
			}
			if _, err := l.Acquire(bounded(t)); err != nil {
				t.Fatal(err)
			}
			atomic.StoreUint32(&room.Slice()[0], 0)
			l.Unlock()
		}
	}
	t.Log("killed:", killed)
}

// TestKilledAnywhere kills contenders at random moments.
func TestKilledAnywhere(t *testing.T) {
	l := newLock(t)
	room, err := shm.NewRawArray[uint32](2)
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	kills := 25
	if testing.Short() {
		kills = 5
	}
	for range kills {
		a, b := testproc.Start(t), testproc.Start(t)
		a.Go("contend", sent(t, l), sent(t, room), 100_000)
		b.Go("contend", sent(t, l), sent(t, room), 100_000)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := contend(l, room.Slice(), uint32(os.Getpid()<<4), 30); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
		a.Kill()
		time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
		b.Kill()
		testproc.Finish(t, "the survivor", wg.Wait)
		a.Bury()
		b.Bury()
		if n := atomic.LoadUint32(&room.Slice()[1]); n != 0 {
			t.Fatalf("two were inside %d times", n)
		}
		if _, err := l.Acquire(bounded(t)); err != nil {
			t.Fatal(err)
		}
		atomic.StoreUint32(&room.Slice()[0], 0)
		l.Unlock()
	}
}
