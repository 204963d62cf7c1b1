//go:build linux

package psync_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

// TestRLockModel: against a model of who has the lock and how often, any sequence of calls of three holders, by way of two handles, answers as the model does.
func TestRLockModel(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	rapid.Check(t, func(rt *rapid.T) {
		l := newRLock(t)
		other := twin(t, l)
		holders := []*psync.Holder{l.Holder(), l.Holder(), other.Holder()}
		owner, depth := -1, 0 // the model
		saved := make([]int, len(holders))
		closed := false
		mine := func(i int) bool { return owner == i }
		may := func(i int) bool { return !(closed && i == 2) && (owner == -1 || owner == i) }
		lock := func(i, n int) { owner, depth = i, depth+n }
		pick := func(rt *rapid.T) int { return rapid.IntRange(0, len(holders)-1).Draw(rt, "holder") }
		rt.Repeat(map[string]func(*rapid.T){
			"TryLock": func(rt *rapid.T) {
				i := pick(rt)
				if ok := holders[i].TryLock(); ok != may(i) {
					rt.Fatalf("TryLock of %d: %v", i, ok)
				}
				if may(i) {
					lock(i, 1)
				}
			},
			"Acquire": func(rt *rapid.T) {
				i := pick(rt)
				ctx, cancel := context.Background(), func() {}
				if !may(i) {
					ctx, cancel = context.WithTimeout(ctx, 100*time.Microsecond)
				}
				defer cancel()
				if r, err := holders[i].Acquire(ctx); (err == nil) != may(i) || r.Recovered() {
					rt.Fatalf("Acquire of %d: %v", i, err)
				}
				if may(i) {
					lock(i, 1)
				}
			},
			"AcquireEnded": func(rt *rapid.T) {
				if _, err := holders[pick(rt)].Acquire(ended); err == nil {
					rt.Fatal("acquired with a context that has ended")
				}
			},
			"Release": func(rt *rapid.T) {
				i := pick(rt)
				err := holders[i].Release()
				switch {
				case closed && i == 2:
					if !errors.Is(err, psync.ErrClosed) {
						rt.Fatal(err)
					}
				case mine(i) != (err == nil), err != nil && !errors.Is(err, psync.ErrNotOwner):
					rt.Fatalf("Release of %d: %v", i, err)
				case mine(i):
					if depth--; depth == 0 {
						owner = -1
					}
				}
			},
			"ReleaseAll": func(rt *rapid.T) {
				i := pick(rt)
				want := 0
				if mine(i) {
					want, owner, depth = depth, -1, 0
				}
				if d := holders[i].ReleaseAll(); d != want {
					rt.Fatalf("ReleaseAll of %d: %d, want %d", i, d, want)
				}
				saved[i] = want
			},
			"Reacquire": func(rt *rapid.T) {
				i := pick(rt)
				if saved[i] == 0 || !may(i) {
					return
				}
				if _, err := holders[i].Reacquire(saved[i]); err != nil {
					rt.Fatal(err)
				}
				lock(i, saved[i])
				saved[i] = 0
			},
			"Close": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "whether") != 0 {
					return
				}
				if err := other.Close(); (err == nil) == closed {
					rt.Fatal(err)
				}
				closed = true
				if owner == 2 {
					owner, depth = -1, 0
				}
			},
			"": func(rt *rapid.T) {
				for i, h := range holders {
					want := 0
					if mine(i) {
						want = depth
					}
					if h.Depth() != want {
						rt.Fatalf("holder %d has depth %d, want %d", i, h.Depth(), want)
					}
				}
			},
		})
	})
}

// scribbleWords writes random values over words while use runs again and again, with a context that ends soon. Nothing panics or hangs.
func scribbleWords(t *testing.T, words []*uint32, values func(r *rand.Rand) uint32, use func(ctx context.Context)) {
	t.Helper()
	n := 200
	if testing.Short() {
		n = 30
	}
	var written atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		r := rand.New(rand.NewPCG(1, 2))
		for {
			select {
			case <-stop:
				return
			default:
			}
			atomic.StoreUint32(words[r.IntN(len(words))], values(r))
			written.Add(1)
			time.Sleep(time.Duration(r.IntN(50)) * time.Microsecond)
		}
	}()
	testproc.Finish(t, "uses of scribbled memory", func() {
		for i := 0; i < n || written.Load() < int64(n); i++ {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			use(ctx)
			cancel()
		}
	})
	close(stop)
	<-done
}

// lockWords are scribbles over a lock word: flags, and idents of nobody, of this process, and of some who never were.
func lockWords(me uint32) func(r *rand.Rand) uint32 {
	return func(r *rand.Rand) uint32 {
		return r.Uint32()<<29 | []uint32{0, 0, me, 5, 500, 1<<29 - 1}[r.IntN(6)]
	}
}

func TestRLockScribbled(t *testing.T) {
	l := newRLock(t)
	h := l.Holder()
	h.Lock()
	me := atomic.LoadUint32(l.LockWord())
	h.Unlock()
	scribbleWords(t, []*uint32{l.LockWord()}, lockWords(me), func(ctx context.Context) {
		_ = l.String() + h.String()
		if _, err := h.Acquire(ctx); err == nil {
			if _, err := h.Acquire(ctx); err == nil {
				_ = h.Release()
			}
			h.Recovery()
			_ = h.Release() // ErrNotOwner, perhaps; the depth is 0 all the same
		}
		if h.TryLock() {
			_, _ = h.Reacquire(h.ReleaseAll())
			_ = h.ReleaseAll()
		}
		if h.Depth() != 0 {
			t.Error(h)
		}
	})
	atomic.StoreUint32(l.LockWord(), 0)
	isFree(t, l)
}
