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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// holders are a child's holders: one for each lock that it uses.
var holders sync.Map

func holderOf(l *psync.RLock) *psync.Holder {
	h, _ := holders.LoadOrStore(l, l.Holder())
	return h.(*psync.Holder)
}

func init() {
	handleWith("rlock.acquire", func(l *psync.RLock, args []string) (string, error) {
		var r psync.Recovery
		for range num(args, 0) {
			var err error
			if r, err = holderOf(l).Acquire(context.Background()); err != nil {
				return "", err
			}
		}
		out, _ := json.Marshal(r)
		return string(out), nil
	})
	handleWith("rlock.release", func(l *psync.RLock, args []string) (string, error) {
		for range num(args, 0) {
			if err := holderOf(l).Release(); err != nil {
				return "", err
			}
		}
		return "", nil
	})
	handleWith("rlock.close", func(l *psync.RLock, _ []string) (string, error) { return "", l.Close() })
	handleWith("rlock.contend", func(l *psync.RLock, args []string) (string, error) {
		data, err := hex.DecodeString(args[0])
		if err != nil {
			return "", err
		}
		var room shm.RawArray[uint32]
		if err := room.UnmarshalCBOR(data); err != nil {
			return "", err
		}
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for g := range errs {
			wg.Go(func() { errs[g] = contendHolding(l, room.Slice(), uint32(os.Getpid()<<4|g), num(args, 1)) })
		}
		wg.Wait()
		return "", errors.Join(errs...)
	})
	handleWith("rlock.crowd", func(l *psync.RLock, args []string) (string, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		n := num(args, 0)
		return crowdOf(n, n-1, l, cancel, func() error { _, err := l.Holder().Acquire(ctx); return err })
	})
}

// crowdOf starts n goroutines that wait, waits until so many of them queue without a thread, ends their waits, and tells how many threads the process had.
func crowdOf(n, queued int, what fmt.Stringer, end func(), wait func() error) (string, error) {
	var wg sync.WaitGroup
	var failed atomic.Int64
	for range n {
		wg.Go(func() {
			if wait() != nil {
				failed.Add(1)
			}
		})
	}
	for begin := time.Now(); !strings.Contains(what.String(), fmt.Sprintf(", %d more goroutines queue here", queued)); {
		if time.Since(begin) > testproc.Watchdog {
			return "", fmt.Errorf("no crowd: %v", what)
		}
		time.Sleep(time.Millisecond)
	}
	most := threads()
	end()
	wg.Wait()
	return fmt.Sprintf("%d %d", max(most, threads()), failed.Load()), nil
}

// crowdResult checks what a crowd in a child has told.
func crowdResult(t *testing.T, out string, wantFailed int) {
	t.Helper()
	var most, failed int
	fmt.Sscan(out, &most, &failed)
	t.Logf("%d threads", most)
	if most == 0 || most > testproc.MostThreads(40) || failed != wantFailed {
		t.Errorf("%d threads, want at most %d; %d waits failed, want %d", most, testproc.MostThreads(40), failed, wantFailed)
	}
}

func TestRLockThreads(t *testing.T) {
	l := newRLock(t)
	l.Holder().Lock()
	crowdResult(t, testproc.Start(t).Must("rlock.crowd", sent(t, l), crowdSize()), crowdSize())
}

// TestRLockManyHolders: 10,000 goroutines with a holder each, and each gets it.
func TestRLockManyHolders(t *testing.T) {
	l := newRLock(t)
	first := l.Holder()
	first.Lock()
	total := 0
	var wg sync.WaitGroup
	for range crowdSize() {
		wg.Go(func() {
			h := l.Holder()
			h.Lock()
			h.Lock()
			total++
			h.Unlock()
			h.Unlock()
		})
	}
	first.Unlock()
	testproc.Finish(t, "the crowd", wg.Wait)
	if total != crowdSize() {
		t.Errorf("%d, want %d", total, crowdSize())
	}
}

// contendHolding is contend with an RLock: some rounds to some depth, alone inside. The rooms are contend's.
func contendHolding(l *psync.RLock, room []uint32, tag uint32, rounds int) error {
	rnd := rand.New(rand.NewPCG(uint64(tag), 1))
	h := l.Holder()
	for i := range rounds {
		timeout := time.Duration(rnd.IntN(4000)) * time.Microsecond
		if i%3 == 0 {
			timeout = testproc.Watchdog
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		r, err := h.Acquire(ctx)
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
		depth := rnd.IntN(3)
		for range depth {
			h.Lock()
		}
		if i%8 == 0 {
			time.Sleep(time.Duration(rnd.IntN(2500)) * time.Microsecond)
		}
		for range depth {
			h.Unlock()
		}
		if !atomic.CompareAndSwapUint32(&room[0], tag, 0) {
			atomic.AddUint32(&room[1], 1)
		}
		if err := h.Release(); err != nil {
			return err
		}
	}
	return nil
}

func TestRLockBetweenProcesses(t *testing.T) {
	l := newRLock(t)
	p := testproc.Start(t)
	h := l.Holder()
	h.Lock()
	c := p.Go("rlock.acquire", sent(t, l), 3)
	testproc.Eventually(t, "the child's wait", func() bool { return strings.Contains(l.String(), "has waited") })
	h.Lock()
	h.Unlock()
	if strings.Contains(l.String(), "held by child") {
		t.Error("an inner Unlock has released it")
	}
	h.Unlock()
	c.Must()
	for range 3 {
		if h.TryLock() {
			t.Fatal("taken before the child's last release")
		}
		p.Must("rlock.release", sent(t, l))
	}
	if _, err := p.Call("rlock.release", sent(t, l)); err == nil {
		t.Error("a fourth release")
	}
	isFree(t, l)
	p.Must("rlock.acquire", sent(t, l), 2)
	p.Must("rlock.close", sent(t, l))
	isFree(t, l)
}

func TestRLockHolderKilled(t *testing.T) {
	for _, depth := range []int{1, 5} {
		l := newRLock(t)
		p := testproc.Start(t)
		p.Must("rlock.acquire", sent(t, l), depth)
		h := l.Holder()
		if h.TryLock() {
			t.Fatal("taken from the living")
		}
		p.Kill()
		r, err := h.Acquire(bounded(t))
		if err != nil || r.PID != p.PID() || r.Name != "child" || h.Recovery() != r {
			t.Errorf("%+v, %v; %+v", r, err, h.Recovery())
		}
		if other := l.Holder().Recovery(); other.Recovered() {
			t.Errorf("a holder that does not have it was told: %v", other)
		}
		if inner, err := h.Acquire(bounded(t)); err != nil || inner.Recovered() {
			t.Errorf("the inner Acquire was told as well: %v, %v", inner, err)
		}
		h.Unlock()
		if h.Recovery() != r {
			t.Errorf("%+v after the inner Unlock", h.Recovery())
		}
		h.Unlock()
		if h.Recovery().Recovered() {
			t.Error("recovered after the outermost Unlock")
		}
		if r, err := h.Acquire(bounded(t)); err != nil || r.Recovered() {
			t.Errorf("the next one: %v, %v", r, err)
		}
		h.Unlock()
	}
}

func TestRLockWaiterKilled(t *testing.T) {
	l := newRLock(t)
	p := testproc.Start(t)
	h := l.Holder()
	h.Lock()
	p.Go("rlock.acquire", sent(t, l), 2)
	testproc.Eventually(t, "the child's wait", func() bool { return strings.Contains(l.String(), "has waited") })
	p.Kill()
	h.Unlock()
	if r, err := h.Acquire(bounded(t)); err != nil || r.Recovered() {
		t.Errorf("%v, %v: it was never inside", r, err)
	}
	h.Unlock()
}

func TestRLockStoppedHolderKeepsIt(t *testing.T) {
	l := newRLock(t)
	p := testproc.Start(t)
	p.Must("rlock.acquire", sent(t, l), 2)
	p.Stop()
	h := l.Holder()
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	if r, err := h.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v: taken from the living", r, err)
	}
	p.Continue()
	p.Must("rlock.release", sent(t, l), 2)
	h.Lock()
	h.Unlock()
}

// TestRLockKilled kills a contender at the points of Lock and Unlock, and at random moments. The survivors are never two inside, and never wait for ever.
func TestRLockKilled(t *testing.T) {
	l := newRLock(t)
	room, err := shm.NewRawArray[uint32](2)
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	points := []string{"lock.acquired", "lock.claimed", "lock.given-up", "lock.waiting", "unlock.handed", "unlock.released", ""}
	kills := 4
	if testing.Short() {
		kills = 1
	}
	for _, point := range points {
		for i := range kills {
			victim := testproc.Start(t)
			if point != "" {
				victim.Arm(point, 1+3*i)
			}
			c := victim.Go("rlock.contend", sent(t, l), sent(t, room), 200)
			var wg sync.WaitGroup
			for g := range 2 {
				wg.Go(func() {
					if err := contendHolding(l, room.Slice(), uint32(os.Getpid()<<4|g), 40); err != nil {
						t.Error(err)
					}
				})
			}
			if point == "" {
				time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
				victim.Kill()
			}
			if _, err := c.Wait(); err != nil && !errors.Is(err, testproc.ErrGone) {
				t.Errorf("%s: %v", point, err)
			}
			testproc.Finish(t, "contenders of one killed at "+point, wg.Wait)
			victim.Bury()
			if n := atomic.LoadUint32(&room.Slice()[1]); n != 0 {
				t.Fatalf("two were inside %d times, after a kill at %q", n, point)
			}
			h := l.Holder()
			if _, err := h.Acquire(bounded(t)); err != nil {
				t.Fatal(err)
			}
			atomic.StoreUint32(&room.Slice()[0], 0)
			h.Unlock()
		}
	}
}
