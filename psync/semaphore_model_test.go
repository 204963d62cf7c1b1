//go:build linux

package psync_test

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/psync"
)

// TestSemaphoreModel: against a number, any sequence of calls by way of two handles answers as the number does.
func TestSemaphoreModel(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(psync.MaxPermits-5, psync.MaxPermits)).Draw(rt, "value")
		s := newSemaphore(t, value)
		handles := []*psync.Semaphore{s, twin(t, s)}
		pick := func(rt *rapid.T) (*psync.Semaphore, int) {
			return handles[rapid.IntRange(0, 1).Draw(rt, "handle")], rapid.OneOf(rapid.IntRange(-1, 6), rapid.IntRange(psync.MaxPermits-2, psync.MaxPermits+2)).Draw(rt, "n")
		}
		check := func(rt *rapid.T, what string, n, delta int, ok, want bool) {
			if ok != want {
				rt.Fatalf("%s %d of %d: %v", what, n, value, ok)
			}
			if ok {
				value += delta
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"Try": func(rt *rapid.T) {
				h, n := pick(rt)
				check(rt, "TryAcquireN", n, -n, h.TryAcquireN(n), n >= 0 && n <= value)
			},
			"Acquire": func(rt *rapid.T) {
				h, n := pick(rt)
				ctx, cancel := context.Background(), func() {}
				if n > value {
					ctx, cancel = context.WithTimeout(ctx, 50*time.Microsecond)
				}
				defer cancel()
				if n == 1 {
					check(rt, "Acquire", n, -n, h.Acquire(ctx) == nil, n <= value)
					return
				}
				check(rt, "AcquireN", n, -n, h.AcquireN(ctx, n) == nil, n >= 0 && n <= value)
			},
			"AcquireEnded": func(rt *rapid.T) {
				h, n := pick(rt)
				check(rt, "AcquireN", n, 0, h.AcquireN(ended, n) == nil, false)
			},
			"Release": func(rt *rapid.T) {
				h, n := pick(rt)
				if n == 1 {
					check(rt, "Release", n, n, h.Release() == nil, value < psync.MaxPermits)
					return
				}
				check(rt, "ReleaseN", n, n, h.ReleaseN(n) == nil, n >= 0 && value+n <= psync.MaxPermits)
			},
			"": func(rt *rapid.T) {
				if s.Value() != value || atomic.LoadUint32(s.Word()) != uint32(value) {
					rt.Fatalf("%v, want %d", s, value)
				}
			},
		})
	})
}

func TestSemaphoreScribbled(t *testing.T) {
	s := newSemaphore(t, 1)
	me := uint32(0)
	if s.Release() == nil {
		go func() { _ = s.AcquireN(bounded(t), 100) }()
		queued(t, s)
		me = atomic.LoadUint32(s.LockWord()) & (1<<29 - 1)
		_ = s.ReleaseN(98)
	}
	words := lockWords(me)
	use := func(ctx context.Context) {
		_ = s.String()
		_ = s.Value()
		_ = s.Release()
		_ = s.Acquire(ctx)
		_ = s.AcquireN(ctx, 5)
		_ = s.TryAcquireN(2)
		_ = s.ReleaseN(psync.MaxPermits)
	}
	anything := func(r *rand.Rand) uint32 {
		return r.Uint32()<<30 | []uint32{0, 1, psync.MaxPermits, r.Uint32() >> 2}[r.IntN(4)]
	}
	scribbleWords(t, []*uint32{s.Word()}, anything, use)
	scribbleWords(t, []*uint32{s.LockWord()}, words, use)
	scribbleWords(t, []*uint32{s.Word(), s.LockWord()}, func(r *rand.Rand) uint32 { return anything(r) ^ words(r) }, use)
	atomic.StoreUint32(s.Word(), 1)
	if err := s.Acquire(bounded(t)); err != nil {
		t.Error(err)
	}
}
