//go:build linux

package chaos

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

var lockInTurns = multiproc.Register("chaos-turns", func(ctx context.Context, l lineage) (int, error) {
	for ctx.Err() == nil {
		l.Lock.Lock()
		time.Sleep(50 * time.Microsecond)
		l.Lock.Unlock()
	}
	return 0, nil
})

// stoppedClaimant returns a lock that nobody holds, and that was handed to a process that is stopped.
func stoppedClaimant(t *testing.T) *psync.Lock {
	t.Helper()
	l, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := shm.NewValue(0)
	if err != nil {
		t.Fatal(err)
	}
	l.Lock()
	p, err := lockInTurns.Start(t.Context(), lineage{Lock: l, PID: pid}, multiproc.WithGrace(0), multiproc.WithStartTimeout(watchdog))
	if err != nil {
		t.Fatal(err)
	}
	testproc.Eventually(t, "a claim", func() bool { return strings.Contains(l.String(), "has waited") })
	testproc.StopPID(t, p.PID())
	l.Unlock()
	t.Cleanup(func() {
		_ = p.Kill()
		wait(t, p.Done(), "the stopped worker's end")
		l.Close()
		pid.Close()
	})
	return l
}

// TestStoppedClaimantDelaysOnce: a process that is stopped while it waits costs the others one backstop, not one for each turn.
func TestStoppedClaimantDelaysOnce(t *testing.T) {
	l := stoppedClaimant(t)
	turns := 0
	within(t, "a thousand turns", func(ctx context.Context) {
		for ; turns < 1000; turns++ { // at a quarter of a second each these would take four minutes
			if _, err := l.Acquire(ctx); err != nil {
				return
			}
			l.Unlock()
		}
	})
	if turns != 1000 {
		t.Errorf("%d turns", turns)
	}
}

// TestTryLockPassesOverTheStopped: who only tries gets a lock that nobody holds as well.
func TestTryLockPassesOverTheStopped(t *testing.T) {
	l := stoppedClaimant(t)
	for end := time.Now().Add(watchdog); !l.TryLock(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(l)
		}
	}
	l.Unlock()
}

var count = multiproc.Register("chaos-count", func(_ context.Context, vs []*shm.Value[int64]) (int, error) { return len(vs), nil })

// TestManyHandlesOfOneLock: thousands of values in one message may share a lock.
func TestManyHandlesOfOneLock(t *testing.T) {
	l, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	vs := make([]*shm.Value[int64], 6000)
	for i := range vs {
		if vs[i], err = shm.NewValue(int64(i), shm.WithLock(l)); err != nil {
			t.Fatal(err)
		}
		defer vs[i].Close()
	}
	p, err := count.Start(t.Context(), vs, multiproc.WithStartTimeout(watchdog))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.Wait(t.Context()); n != len(vs) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

var forgetful = multiproc.Register("chaos-forgetful", func(ctx context.Context, l lineage) (int, error) {
	l.Lock.Lock()
	if err := l.PID.Store(1); err != nil {
		return 0, err
	}
	pid := l.PID
	l = lineage{} // nobody will mention the lock again
	for ctx.Err() == nil {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if n, _ := pid.Load(); n == 2 {
			return 0, nil
		}
	}
	return 0, nil
})

// TestForgottenLockStaysHeld: a lock that is held is not given up because its handle was collected; the holder's end is what frees it.
func TestForgottenLockStaysHeld(t *testing.T) {
	l, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	step, err := shm.NewValue(0)
	if err != nil {
		t.Fatal(err)
	}
	defer step.Close()
	p, err := forgetful.Start(t.Context(), lineage{Lock: l, PID: step}, multiproc.WithStartTimeout(watchdog))
	if err != nil {
		t.Fatal(err)
	}
	testproc.Eventually(t, "a holder", func() bool { n, _ := step.Load(); return n == 1 })
	for range 100 { // as many collections there
		if l.TryLock() {
			t.Fatal("the lock was given up")
		}
		time.Sleep(time.Millisecond)
	}
	if err := step.Store(2); err != nil {
		t.Fatal(err)
	}
	within(t, "the lock", func(ctx context.Context) {
		if rec, err := l.Acquire(ctx); err != nil || rec.PID != p.PID() {
			t.Errorf("%v, %v", rec, err)
		}
	})
	l.Unlock()
	wait(t, p.Done(), "the worker")
}

// TestCloseInsideUpdate: closing a value while another goroutine changes it does not let the change reach somebody else's memory.
func TestCloseInsideUpdate(t *testing.T) {
	for i := range 20 {
		v, err := shm.NewValue(int64(1))
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			_ = v.Locker() // a second handle, which Close closes as well
		}
		in, out, done := make(chan bool), make(chan bool), make(chan error)
		go func() { done <- v.Update(func(p *int64) { close(in); <-out; *p = 99 }) }()
		<-in
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		var others []*shm.Value[int64]
		for range 2000 {
			x, err := shm.NewValue(int64(7))
			if err != nil {
				t.Fatal(err)
			}
			others = append(others, x)
		}
		close(out)
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, x := range others {
			if n, err := x.Load(); n != 7 || err != nil {
				t.Fatalf("another value was changed: %d, %v", n, err)
			}
			x.Close()
		}
	}
}

// TestCloseInsideLargeUpdate: the same for an object with a mapping of its own, which must not go away under the change.
func TestCloseInsideLargeUpdate(t *testing.T) {
	a, err := shm.NewArray[byte](80 << 20)
	if err != nil {
		t.Fatal(err)
	}
	in, done := make(chan bool), make(chan error)
	go func() {
		done <- a.Update(func(s []byte) {
			close(in)
			for i := 0; i < len(s); i += 64 {
				s[i]++
			}
		})
	}()
	<-in
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestViewsLeftToTheCollector: dropped views don't keep an array whose raw memory was handed out from being freed by Close.
func TestViewsLeftToTheCollector(t *testing.T) {
	before := settle(t, arena.Census{})
	before.Bytes += slack
	for range 20 {
		a, err := shm.NewRawArray[byte](1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			v, err := a.View(0, 10)
			if err != nil {
				t.Fatal(err)
			}
			_ = v.At(0)
		}
		_ = a.Slice()
		a.Close()
	}
	stop := make(chan bool)
	var collector sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
				time.Sleep(5 * time.Millisecond)
			}
		}
	})
	settle(t, before)
	close(stop)
	collector.Wait()
}
