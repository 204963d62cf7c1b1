//go:build linux

package chaos

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

type lineage struct {
	Lock *psync.Lock
	Pool *psync.BoundedSemaphore
	PID  *shm.Value[int] // of the youngest, once it holds the lock and the permit
}

var holdForever = multiproc.Register("chaos-hold", func(ctx context.Context, l lineage) (int, error) {
	l.Lock.Lock()
	if err := l.Pool.Acquire(ctx); err != nil {
		return 0, err
	}
	if err := l.PID.Store(syscall.Getpid()); err != nil {
		return 0, err
	}
	<-ctx.Done()
	select {} // holds it until it is killed
})

var parentOfHolder = multiproc.Register("chaos-parent", func(ctx context.Context, l lineage) (int, error) {
	if _, err := holdForever.Start(ctx, l, multiproc.WithDaemon(false), multiproc.WithStartTimeout(watchdog)); err != nil {
		return 0, err
	}
	<-ctx.Done()
	return 0, nil
})

func startLineage(t *testing.T) (l lineage, p *multiproc.Process[int], holder int) {
	t.Helper()
	var err error
	if l.Lock, err = psync.NewLock(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Lock.Close() })
	if l.Pool, err = psync.NewBoundedSemaphore(1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Pool.Close() })
	if l.PID, err = shm.NewValue(0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.PID.Close() })
	if p, err = parentOfHolder.Start(t.Context(), l, multiproc.WithStartTimeout(watchdog)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(watchdog); holder == 0; time.Sleep(time.Millisecond) {
		if holder, err = l.PID.Load(); err != nil || time.Now().After(end) {
			t.Fatalf("no holder: %v", err)
		}
	}
	return l, p, holder
}

// TestRecoveryWhenNobodyReaps: the parent of the dead holder is stopped, so nobody tells of the death; the waiter sees it himself.
func TestRecoveryWhenNobodyReaps(t *testing.T) {
	l, p, holder := startLineage(t)
	if err := syscall.Kill(p.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waiting := make(chan psync.Recovery)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), watchdog)
		defer cancel()
		rec, err := l.Lock.Acquire(ctx)
		if err != nil {
			t.Error(err)
		}
		waiting <- rec
	}()
	time.Sleep(20 * time.Millisecond) // most likely asleep by now; it must not matter
	if err := syscall.Kill(holder, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	rec := <-waiting
	if !rec.Recovered() || rec.PID != holder {
		t.Errorf("recovery is %v, want from pid %d", rec, holder)
	}
	l.Lock.Unlock()
	_ = p.Kill()
	wait(t, p.Done(), "the end of the parent")
}

// TestPermitWhenNobodyReaps: the same for what a death gives back without a lock's waiter to see it. It takes a second or two.
func TestPermitWhenNobodyReaps(t *testing.T) {
	l, p, holder := startLineage(t)
	if err := syscall.Kill(p.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if l.Pool.TryAcquire() {
		t.Fatal("the permit is free while its holder lives")
	}
	if err := syscall.Kill(holder, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	within(t, "the permit of the dead", func(ctx context.Context) {
		if err := l.Pool.Acquire(ctx); err != nil {
			t.Error(err)
		}
	})
	_ = p.Kill()
	wait(t, p.Done(), "the end of the parent")
}

// TestOrphanSwept: a worker that outlives its parent and is killed then has nobody to tell of its death; what it held is swept all the same.
func TestOrphanSwept(t *testing.T) {
	before := settle(t, arena.Census{})
	before.Bytes += slack
	l, p, holder := startLineage(t)
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	wait(t, p.Done(), "the end of the parent")
	if err := syscall.Kill(holder, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	l.Lock.Close()
	l.Pool.Close()
	l.PID.Close()
	settle(t, before)
}
