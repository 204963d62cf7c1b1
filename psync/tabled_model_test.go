//go:build linux

package psync_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

// TestConditionModel compares a condition with a list of who waits: a notification wakes as many as it says, and a cancelled wait ends with its context's error.
func TestConditionModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newCondition(t, nil)
		handles := []*psync.Condition{c, twin[psync.Condition](t, c)}
		type waiter struct {
			cancel context.CancelFunc
			out    <-chan error
		}
		waiting := map[int]waiter{}
		next := 0
		// quiesce takes those who have returned out of the list.
		quiesce := func(want int) {
			testproc.Eventually(t, "the woken to return", func() bool {
				for id, w := range waiting {
					select {
					case err := <-w.out:
						if err != nil {
							rt.Fatalf("woken with %v", err)
						}
						w.cancel()
						delete(waiting, id)
					default:
					}
				}
				return len(waiting) <= want
			})
			if len(waiting) != want {
				rt.Fatalf("%d wait, want %d", len(waiting), want)
			}
			if n, g := c.Counts(); n != want || g != 0 {
				rt.Fatalf("%d are counted, %d granted; %d wait", n, g, want)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"wait": func(rt *rapid.T) {
				ctx, cancel := context.WithCancel(context.Background())
				waiting[next] = waiter{cancel, waits(t, handles[rapid.IntRange(0, 1).Draw(rt, "handle")], ctx)}
				next++
			},
			"notify": func(rt *rapid.T) {
				n := rapid.IntRange(-1, 4).Draw(rt, "n")
				want := len(waiting) - n
				if n < 0 || want < 0 {
					want = 0
				}
				notify(t, handles[rapid.IntRange(0, 1).Draw(rt, "handle")], n)
				quiesce(want)
			},
			"cancel": func(rt *rapid.T) {
				for id, w := range waiting {
					w.cancel()
					if err := returned(t, w.out); !errors.Is(err, context.Canceled) {
						rt.Fatalf("cancelled: %v", err)
					}
					delete(waiting, id)
					break
				}
			},
		})
		notify(t, c, -1)
		quiesce(0)
		settled(t, c)
		for _, h := range handles {
			h.Close()
		}
	})
}

// TestBarrierModel compares a barrier with how many have come, and whether it is broken.
func TestBarrierModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		parties := rapid.IntRange(1, 4).Draw(rt, "parties")
		b := newBarrier(t, parties)
		handles := []*psync.Barrier{b, twin[psync.Barrier](t, b)}
		type waiter struct {
			cancel context.CancelFunc
			out    <-chan came
		}
		var waiting []waiter
		broken := psync.BreakReason(0)
		all := func(reason psync.BreakReason) {
			for i, w := range waiting {
				c := ended(t, w.out)
				if reason == 0 && (c.err != nil || c.index != i) {
					rt.Fatalf("party %d: %+v", i, c)
				} else if reason != 0 {
					brokenBy(t, c.err, reason, 0)
				}
				w.cancel()
			}
			waiting = nil
		}
		pick := func(rt *rapid.T) *psync.Barrier { return handles[rapid.IntRange(0, 1).Draw(rt, "handle")] }
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				if b.Waiting() != len(waiting) || b.Broken() != (broken != 0) {
					rt.Fatalf("%v; %d wait, broken %d", b, len(waiting), broken)
				}
			},
			"come": func(rt *rapid.T) {
				ctx, cancel := context.WithCancel(context.Background())
				if broken == 0 && len(waiting) < parties-1 {
					waiting = append(waiting, waiter{cancel, comes(t, pick(rt), ctx)})
					return
				}
				defer cancel()
				i, err := pick(rt).Wait(ctx)
				if broken != 0 {
					brokenBy(t, err, broken, 0)
				} else if i != parties-1 || err != nil {
					rt.Fatalf("the last: %d, %v", i, err)
				} else {
					all(0)
				}
			},
			"leave": func(rt *rapid.T) {
				if len(waiting) == 0 {
					return
				}
				i := rapid.IntRange(0, len(waiting)-1).Draw(rt, "who")
				waiting[i].cancel()
				if c := ended(t, waiting[i].out); !errors.Is(c.err, context.Canceled) {
					rt.Fatalf("%+v", c)
				}
				waiting = append(waiting[:i], waiting[i+1:]...)
				broken = psync.BrokenByContext
				all(broken)
			},
			"abort": func(rt *rapid.T) {
				if err := pick(rt).Abort(); err != nil {
					rt.Fatal(err)
				}
				if broken == 0 {
					broken = psync.BrokenByAbort
					all(broken)
				}
			},
			"reset": func(rt *rapid.T) {
				if err := pick(rt).Reset(); err != nil {
					rt.Fatal(err)
				}
				all(psync.BrokenByReset)
				broken = 0
			},
		})
		_ = b.Abort()
		for _, w := range waiting {
			ended(t, w.out)
			w.cancel()
		}
		for _, h := range handles {
			h.Close()
		}
	})
}

// scribbleRow writes over some of the bytes: noise, zeros, ones, or what looks like a row of this process.
func scribbleRow(rnd *rand.Rand, mem []byte, me uint64) {
	for range 1 + rnd.IntN(4) {
		at := rnd.IntN(len(mem)/8) * 8
		v := rnd.Uint64()
		switch rnd.IntN(4) {
		case 0:
			v = 0
		case 1:
			v = 1<<64 - 1
		case 2:
			v = me<<35 | v&(1<<35-1)
		}
		binary.LittleEndian.PutUint64(mem[at:], v)
	}
}

// scribbled runs the uses of an object while its bytes are written over: each has to end, and none may panic.
func scribbled(t *testing.T, mem []byte, me uint64, seed uint64, use ...func(ctx context.Context)) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 3))
	var stop atomic.Bool
	var wg sync.WaitGroup
	for _, fn := range use {
		wg.Go(func() {
			for !stop.Load() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
				fn(ctx)
				cancel()
			}
		})
	}
	for range 40 {
		scribbleRow(rnd, mem, me)
		time.Sleep(200 * time.Microsecond)
	}
	stop.Store(true)
	testproc.Finish(t, fmt.Sprintf("uses of a scribbled object, seed %d", seed), wg.Wait)
}

func TestConditionScribbled(t *testing.T) {
	n := uint64(40)
	if testing.Short() {
		n = 8
	}
	for seed := range n {
		c := newCondition(t, nil)
		l := c.Locker()
		wait := func(ctx context.Context) {
			l.Lock()
			defer l.Unlock()
			_ = c.Wait(ctx)
		}
		scribbled(t, c.Bytes()[:psync.CondSize], uint64(c.Me()), seed, wait, wait, wait, func(context.Context) {
			l.Lock()
			_ = c.Notify(1 + int(seed%3))
			_ = c.NotifyAll()
			l.Unlock()
			_ = c.String()
		})
		clear(c.Bytes()) // an arena's objects end as they began
		c.Close()
	}
}

func TestBarrierScribbled(t *testing.T) {
	n := uint64(40)
	if testing.Short() {
		n = 8
	}
	for seed := range n {
		b := newBarrier(t, 2, psync.WithAction(counted))
		wait := func(ctx context.Context) { _, _ = b.Wait(ctx) }
		scribbled(t, b.Bytes()[:psync.BarSize], uint64(b.Me()), seed, wait, wait, wait, func(context.Context) {
			_ = b.String()
			_, _ = b.Waiting(), b.Broken()
			if seed%3 == 0 {
				_ = b.Abort()
			}
			_ = b.Reset()
		})
		clear(b.Bytes())
		b.Close()
	}
}
