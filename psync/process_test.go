//go:build linux

package psync_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
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
