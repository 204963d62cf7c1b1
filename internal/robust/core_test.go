//go:build linux

package robust

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/errs"
)

func TestOffsets(t *testing.T) {
	for what, v := range map[string][2]uint64{
		"size": {Size, 32}, "word": {offWord, 0}, "busy": {offBusy, 4}, "next": {offNext, 8}, "recoveries": {offRecoveries, 16}, "takeovers": {offTakeovers, 20},
		"waiters": {waiters, 1 << 31}, "handed": {handed, 1 << 30}, "dirty": {Dirty, 1 << 29}, "owner": {ownerMask, 1<<29 - 1},
		"claim's time": {claimShift, 29}, "claim's unit": {1 << claimUnit, 16384},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %d, want %d", what, v[0], v[1])
		}
	}
	// The accessors, against the bytes.
	var b [Size]byte
	at := area()
	c := view(at, member{newCast(), 7})
	*c.word, *c.busy(), *c.next(), *c.recoveries() = 1, 2, 3, 4
	copy(b[:], unsafe.Slice((*byte)(at), Size))
	le := binary.NativeEndian
	if le.Uint32(b[0:]) != 1 || le.Uint32(b[4:]) != 2 || le.Uint64(b[8:]) != 3 || le.Uint32(b[16:]) != 4 || c.Me != 7 {
		t.Errorf("% x", b)
	}
}

func TestAcquireRelease(t *testing.T) {
	_, a, b := pair(t)
	if r := mustAcquire(t, a, 0); r.Recovered() {
		t.Error("recovered a new lock")
	}
	if !a.Held() || b.Held() || wordOf(a) != 1 {
		t.Errorf("word %#x", wordOf(a))
	}
	if a.TryAcquire(0) || b.TryAcquire(0) {
		t.Error("taken twice")
	}
	if err := b.Release(); !errors.Is(err, errs.ErrNotOwner) {
		t.Errorf("another's lock: %v", err)
	}
	if err := a.Release(); err != nil {
		t.Error(err)
	}
	if err := a.Release(); !errors.Is(err, errs.ErrNotOwner) {
		t.Errorf("a free lock: %v", err)
	}
	if !b.TryAcquire(Dirty) || wordOf(b) != Dirty|2 {
		t.Errorf("word %#x", wordOf(b))
	}
	if err := b.Release(); err != nil || wordOf(b) != 0 || b.Busy() != 0 {
		t.Errorf("%v, word %#x", err, wordOf(b))
	}
}

func TestContextFirst(t *testing.T) {
	_, a, _ := pair(t)
	cause := errors.New("because")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	_, err := a.Acquire(ctx, new(handle), 0)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if wordOf(a) != 0 {
		t.Error("a free lock was taken although the context had ended")
	}
}

func TestWaiterGetsIt(t *testing.T) {
	_, a, b := pair(t)
	mustAcquire(t, a, 0)
	done := wait(t, b, bounded(t), new(handle))
	if err := a.Release(); err != nil {
		t.Fatal(err)
	}
	if err := result(t, done); err != nil || !b.Held() {
		t.Errorf("%v, word %#x", err, wordOf(b))
	}
	if err := b.Release(); err != nil || wordOf(b) != 0 {
		t.Errorf("%v, word %#x", err, wordOf(b))
	}
	if n := atomic.LoadUint64(b.next()); n != 0 {
		t.Errorf("a claim is left: %#x", n)
	}
}

func TestWaiterGivesUp(t *testing.T) {
	_, a, b := pair(t)
	mustAcquire(t, a, 0)
	ctx, cancel := context.WithCancelCause(context.Background())
	done := wait(t, b, ctx, new(handle))
	claimed(t, b, 2)
	cause := errors.New("because")
	cancel(cause)
	if err := result(t, done); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if n := atomic.LoadUint64(b.next()); n != 0 {
		t.Errorf("the claim of one who gave up: %#x", n)
	}
	if err := a.Release(); err != nil || wordOf(a) != 0 {
		t.Errorf("%v, word %#x", err, wordOf(a))
	}

	mustAcquire(t, a, 0)
	short, cancel2 := context.WithTimeout(context.Background(), 3*time.Millisecond)
	defer cancel2()
	if _, err := b.Acquire(short, new(handle), 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestCloseEndsTheWait(t *testing.T) {
	_, a, b := pair(t)
	mustAcquire(t, a, 0)
	h := new(handle)
	first, second := wait(t, b, context.Background(), h), wait(t, b, context.Background(), h)
	h.close()
	for _, done := range []chan error{first, second} {
		if err := result(t, done); !errors.Is(err, errs.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := b.Acquire(context.Background(), h, 0); !errors.Is(err, errs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestHolderDies(t *testing.T) {
	for _, dirty := range []uint32{0, Dirty} {
		members, a, b := pair(t)
		mustAcquire(t, a, dirty)
		done := wait(t, b, bounded(t), new(handle))
		members.kill(1)
		if err := result(t, done); err != nil {
			t.Fatal(err)
		}
		r := b.Recovery()
		if !r.Recovered() || r.PID != 1001 || r.Name != "member" || r.Updating != (dirty != 0) || r.Count != 1 {
			t.Errorf("%+v", r)
		}
		if (b.Busy() != 0) != (dirty != 0) {
			t.Errorf("busy: %v, died changing: %v", b.Busy(), dirty != 0)
		}
		if wordOf(b)&Dirty != 0 {
			t.Error("the dead holder's dirty bit is left")
		}
		if !strings.Contains(r.String(), "1001") {
			t.Error(r.String())
		}
		if err := b.Release(); err != nil || wordOf(b) != 0 || b.Recovery().Recovered() {
			t.Errorf("%v, word %#x, %v", err, wordOf(b), b.Recovery())
		}
	}
	if s := (Recovery{}).String(); s != "no recovery" {
		t.Error(s)
	}
}

func TestTryAfterDeath(t *testing.T) {
	members, a, b := pair(t)
	mustAcquire(t, a, Dirty)
	if b.TryAcquire(0) {
		t.Fatal("taken from the living")
	}
	members.kill(1)
	if !b.TryAcquire(Dirty) || b.Recovery().PID != 1001 || b.Busy() == 0 || wordOf(b)&Dirty == 0 {
		t.Errorf("%v, word %#x", b.Recovery(), wordOf(b))
	}
}

// TestCountWraps: the number of recoveries is shared memory, and zero means none.
func TestCountWraps(t *testing.T) {
	members, a, b := pair(t)
	mustAcquire(t, a, 0)
	atomic.StoreUint32(a.recoveries(), 1<<32-1)
	members.kill(1)
	if r := mustAcquire(t, b, 0); !r.Recovered() {
		t.Errorf("%+v", r)
	}
}

func TestAbandon(t *testing.T) {
	_, a, b := pair(t)
	a.Abandon() // not held: nothing happens
	mustAcquire(t, b, 0)
	a.Abandon()
	if !b.Held() {
		t.Error("another's lock was released")
	}
	b.Abandon()
	if wordOf(b) != 0 || b.Busy() != 0 {
		t.Errorf("word %#x", wordOf(b))
	}
	mustAcquire(t, b, Dirty)
	done := wait(t, a, bounded(t), new(handle))
	b.Abandon()
	if err := result(t, done); err != nil || a.Busy() == 0 {
		t.Errorf("%v, busy %v", err, a.Busy())
	}
}

// TestExclusion: goroutines of two processes, with contexts that end at any moment, never meet inside.
func TestExclusion(t *testing.T) {
	_, a, b := pair(t)
	n := 1500
	if testing.Short() {
		n = 200
	}
	inside, total, gaveUp := 0, 0, atomic.Int32{}
	var wg sync.WaitGroup
	for g := range 6 {
		c := a
		if g%2 == 1 {
			c = b
		}
		wg.Go(func() {
			for i := range n {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%7)*50*time.Microsecond+time.Microsecond)
				if i%7 == 0 {
					ctx = context.Background()
				}
				_, err := c.Acquire(ctx, new(handle), 0)
				cancel()
				if err != nil {
					gaveUp.Add(1)
					continue
				}
				if inside++; inside != 1 {
					t.Error("two inside")
				}
				total++
				if i%100 == 0 {
					time.Sleep(100 * time.Microsecond)
				}
				inside--
				if err := c.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if total+int(gaveUp.Load()) != 6*n {
		t.Errorf("%d inside, %d gave up", total, gaveUp.Load())
	}
	if w := wordOf(a); w != 0 {
		t.Errorf("word %#x", w)
	}
	if c := atomic.LoadUint64(a.next()); c != 0 {
		t.Errorf("a claim is left: %#x", c)
	}
}
