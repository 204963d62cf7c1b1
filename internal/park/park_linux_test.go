package park

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

func TestMain(m *testing.M) { testproc.Main(m) }

// words maps n words of shared memory, a cache line each.
func words(t testing.TB, n int) []*uint32 {
	t.Helper()
	f, err := sys.NewMemory("park", int64(n)*64)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mem, err := sys.Map(int(f.Fd()), 0, n*64)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { settle(t); sys.Unmap(mem) })
	out := make([]*uint32, n)
	for i := range out {
		out[i] = (*uint32)(unsafe.Pointer(&mem[i*64]))
	}
	return out
}

// settle waits until no sleeper watches a word any more.
func settle(t testing.TB) {
	testproc.Eventually(t, "all sleepers retired", func() bool {
		sleepers.mu.Lock()
		defer sleepers.mu.Unlock()
		return len(sleepers.list) == 0
	})
}

// ways runs a test on every path that a wait can take.
func ways(t *testing.T, test func(t *testing.T)) {
	for _, way := range []struct {
		name           string
		shared, forced bool
	}{
		{"direct", false, false},
		{"shared", true, false},
		{"direct without futex_waitv", false, true},
		{"shared without futex_waitv", true, true},
	} {
		t.Run(way.name, func(t *testing.T) {
			if way.shared { // as if MaxDirect others slept
				direct.Add(MaxDirect)
				defer direct.Add(-MaxDirect)
			}
			waitv.forced.Store(way.forced)
			defer waitv.forced.Store(false)
			test(t)
			settle(t)
		})
	}
}

// waitFor waits like a caller does: until the word has changed, whatever the reason of each return.
func waitFor(word *uint32, val uint32, k *Kick) {
	for atomic.LoadUint32(word) == val && !k.IsSet() {
		Wait(word, val, k, Forever)
	}
}

func TestWait(t *testing.T) {
	ways(t, func(t *testing.T) {
		word, k := words(t, 1)[0], NewKick()
		t.Run("differs already", func(t *testing.T) {
			if Wait(word, 1, k, Forever) {
				t.Error("timed out")
			}
		})
		t.Run("no time", func(t *testing.T) {
			if !Wait(word, 0, k, 0) {
				t.Error("not timed out")
			}
		})
		t.Run("some time", func(t *testing.T) {
			start := time.Now()
			if !Wait(word, 0, k, 3*time.Millisecond) {
				t.Error("not timed out")
			}
			if d := time.Since(start); d < 3*time.Millisecond {
				t.Errorf("timed out after %v", d)
			}
		})
		t.Run("longer than the backstop", func(t *testing.T) {
			start := time.Now()
			for !Wait(word, 0, k, Backstop+20*time.Millisecond) {
				if time.Since(start) > testproc.Watchdog {
					t.Fatal("never times out")
				}
			}
		})
		t.Run("woken", func(t *testing.T) {
			done := make(chan struct{})
			go func() { waitFor(word, 0, k); close(done) }()
			time.Sleep(time.Millisecond)
			atomic.StoreUint32(word, 1)
			Wake(word, 1)
			testproc.Finish(t, "a woken wait", func() { <-done })
			atomic.StoreUint32(word, 0)
		})
		t.Run("changed but not woken", func(t *testing.T) { // its waker was killed in between
			done := make(chan struct{})
			go func() { waitFor(word, 0, k); close(done) }()
			time.Sleep(5 * time.Millisecond)
			atomic.StoreUint32(word, 1)
			testproc.Finish(t, "the backstop", func() { <-done })
			atomic.StoreUint32(word, 0)
		})
		t.Run("kicked before", func(t *testing.T) {
			k.Set()
			k.Set()
			if Wait(word, 0, k, Forever) {
				t.Error("timed out")
			}
			if !k.IsSet() {
				t.Error("the kick did not stay set")
			}
			k.Reset()
			if k.IsSet() {
				t.Error("the kick stayed set")
			}
			if !Wait(word, 0, k, time.Millisecond) {
				t.Log("returned early after Reset: allowed")
			}
		})
		t.Run("kicked during", func(t *testing.T) {
			done := make(chan struct{})
			go func() { waitFor(word, 0, k); close(done) }()
			time.Sleep(2 * time.Millisecond)
			k.Set()
			testproc.Finish(t, "a kicked wait", func() { <-done })
			k.Reset()
		})
	})
}

// TestKickRace sets the kick at about the moment when the sleep begins.
func TestKickRace(t *testing.T) {
	ways(t, func(t *testing.T) {
		word, k := words(t, 1)[0], NewKick()
		n := 2000
		if testing.Short() {
			n = 200
		}
		for i := range n {
			done := make(chan struct{})
			go func() {
				for range i % 64 {
					runtime.Gosched()
				}
				k.Set()
				close(done)
			}()
			testproc.Finish(t, "a kicked wait", func() {
				waitFor(word, 0, k)
				<-done
			})
			k.Reset()
		}
	})
}

// TestWakeRace changes and wakes at about the moment when the sleep begins.
func TestWakeRace(t *testing.T) {
	ways(t, func(t *testing.T) {
		w := words(t, 2)
		n := uint32(1000)
		if testing.Short() || !hasWaitv() { // which polls
			n = 50
		}
		testproc.Finish(t, "ping-pong", func() {
			var wg sync.WaitGroup
			wg.Go(func() {
				k := NewKick()
				for i := range n {
					waitFor(w[0], i, k)
					atomic.StoreUint32(w[1], i+1)
					Wake(w[1], 1)
				}
			})
			k := NewKick()
			for i := range n {
				atomic.StoreUint32(w[0], i+1)
				Wake(w[0], 1)
				waitFor(w[1], i, k)
			}
			wg.Wait()
		})
	})
}

// TestManyWaiters: more than may sleep directly, on a word each, woken, kicked and timed out in all orders.
func TestManyWaiters(t *testing.T) {
	for _, forced := range []bool{false, true} {
		t.Run(fmt.Sprintf("futex_waitv=%v", !forced), func(t *testing.T) {
			waitv.forced.Store(forced)
			defer waitv.forced.Store(false)
			n := 700
			if testing.Short() {
				n = 150
			}
			w := words(t, n)
			ks := make([]*Kick, n)
			var wg sync.WaitGroup
			for i := range w {
				ks[i] = NewKick()
				wg.Go(func() {
					if i%4 == 3 {
						for !Wait(w[i], 0, ks[i], time.Duration(i%50)*time.Millisecond) {
						}
						return
					}
					waitFor(w[i], 0, ks[i])
				})
			}
			for i := range w {
				switch i % 4 {
				case 0:
					atomic.StoreUint32(w[i], 1)
					Wake(w[i], 1)
				case 1:
					ks[i].Set()
				case 2:
					atomic.StoreUint32(w[i], 1) // and no wake
				}
			}
			testproc.Finish(t, "all waiters", wg.Wait)
		})
	}
}

// TestWokenOnOneWord: a wake of all reaches direct and shared sleepers on one word.
func TestWokenOnOneWord(t *testing.T) {
	word := words(t, 1)[0]
	var wg sync.WaitGroup
	const n = 3 * MaxDirect
	for range n {
		wg.Go(func() { waitFor(word, 0, NewKick()) })
	}
	time.Sleep(5 * time.Millisecond)
	atomic.StoreUint32(word, 1)
	Wake(word, All)
	testproc.Finish(t, "all waiters", wg.Wait)
}

func TestOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	t.Run("wait", TestWait)
	t.Run("wake", TestWakeRace)
	t.Run("many", TestManyWaiters)
}

func threads() (n int) {
	tasks, _ := os.ReadDir("/proc/self/task")
	return len(tasks)
}

func init() {
	// A thousand goroutines asleep on a word each.
	testproc.Handle("crowd", func([]string) (string, error) {
		const n = 1000
		f, err := sys.NewMemory("park", n*64)
		if err != nil {
			return "", err
		}
		mem, err := sys.Map(int(f.Fd()), 0, n*64)
		if err != nil {
			return "", err
		}
		var wg sync.WaitGroup
		most := 0
		for i := range n {
			wg.Go(func() { waitFor((*uint32)(unsafe.Pointer(&mem[i*64])), 0, NewKick()) })
		}
		for range 50 {
			most = max(most, threads())
			time.Sleep(2 * time.Millisecond)
		}
		for i := range n {
			word := (*uint32)(unsafe.Pointer(&mem[i*64]))
			atomic.StoreUint32(word, 1)
			Wake(word, All)
		}
		wg.Wait()
		return fmt.Sprint(max(most, threads())), nil
	})
}

func TestThreads(t *testing.T) {
	var n int
	fmt.Sscan(testproc.Start(t).Must("crowd"), &n)
	t.Logf("%d threads", n)
	if n > testproc.MostThreads(64) {
		t.Errorf("1,000 waiters on 1,000 words take %d threads", n)
	}
}
