//go:build linux

package ring

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// twoAsleep are two handles' goroutines asleep at one bell. Both are in the kernel, or about to be, when it returns.
func twoAsleep(t *testing.T, r *Ring, bell uintptr, do func(*Ring) error) chan error {
	t.Helper()
	done := make(chan error, 2)
	for range 2 {
		other := another(t, r)
		before := atomic.LoadUint32(r.a.u32(bell))
		atomic.StoreUint32(r.a.u32(bell), before&^asleep)
		go func() { done <- do(other) }()
		asleepIn(t, r, bell)
	}
	return done
}

// TestStillAsleep: who was woken and has what it came for leaves the bell saying that there may be others (invariant 4).
func TestStillAsleep(t *testing.T) {
	ctx := bounded(t)
	for range 20 {
		r := newRing(t, 2, 512)
		done := twoAsleep(t, r, offGetBell, func(r *Ring) error { return r.Get(ctx, &Out{}) })
		mustPut(t, r, text(4, 1))
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if !r.sleepers(offGetBell) {
			t.Fatal("nobody would wake the second consumer")
		}
		mustPut(t, r, text(4, 1))
		if err := <-done; err != nil {
			t.Fatal(err)
		}

		mustPut(t, r, text(4, 1))
		mustPut(t, r, text(4, 1))
		done = twoAsleep(t, r, offPutBell, func(r *Ring) error { return r.Put(ctx, &Item{Kind: 1, Data: text(4, 1)}) })
		mustGet(t, r, text(4, 1))
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if !r.sleepers(offPutBell) {
			t.Fatal("nobody would wake the second producer")
		}
		mustGet(t, r, text(4, 1))
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		_ = r.Detach()
	}
}

// TestGivenUpWhenWoken: a wake-up that came to one who gives up at that moment goes to somebody else, although the bell does not say any more that anybody is asleep.
func TestGivenUpWhenWoken(t *testing.T) {
	for _, bell := range []uintptr{offGetBell, offPutBell} {
		r := newRing(t, 1, 512)
		if bell == offPutBell {
			mustPut(t, r, text(4, 1))
		}
		ctx, cancel := context.WithCancel(bounded(t))
		done := make(chan error, 1)
		go func() {
			if bell == offPutBell {
				done <- r.Put(ctx, &Item{})
			} else {
				done <- r.Get(ctx, &Out{})
			}
		}()
		asleepIn(t, r, bell)
		cancel()
		// A peer's ring, less the wake: whether it comes before or after the giving up, somebody steps the bell after the last one who was asleep.
		before := atomic.LoadUint32(r.a.u32(bell))
		stepped := before&^asleep + bellStep
		swapped := atomic.CompareAndSwapUint32(r.a.u32(bell), before, stepped)
		testproc.Finish(t, "who gives up", func() {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		now := atomic.LoadUint32(r.a.u32(bell))
		if swapped && before&asleep != 0 && now == stepped {
			t.Errorf("bell %d: %#x, and nobody was woken", bell, now)
		}
	}
}

// TestRestPassedOn: who was woken for one of two items, the second of which found nobody marked as asleep, wakes another for it; and so with room.
func TestRestPassedOn(t *testing.T) {
	ctx := bounded(t)
	for _, bell := range []uintptr{offGetBell, offPutBell} {
		testproc.Eventually(t, fmt.Sprintf("bell %d: the second to be woken by the first", bell), func() bool { // it may wake by itself before
			r := newRing(t, 2, 512)
			defer r.Detach()
			quiet := func(f func()) { // as for a peer that looks at the bell while it is not marked
				p := r.a.u32(bell)
				atomic.StoreUint32(p, atomic.LoadUint32(p)&^asleep+bellStep)
				f()
				f()
			}
			var done chan error
			var stepped uint32
			if bell == offGetBell {
				done = twoAsleep(t, r, bell, func(r *Ring) error { return r.Get(ctx, &Out{}) })
				quiet(func() { mustPut(t, r, text(4, 1)) })
			} else {
				mustPut(t, r, text(4, 1))
				mustPut(t, r, text(4, 1))
				done = twoAsleep(t, r, bell, func(r *Ring) error { return r.Put(ctx, &Item{Kind: 1, Data: text(4, 1)}) })
				quiet(func() { mustGet(t, r, text(4, 1)) })
			}
			stepped = atomic.LoadUint32(r.a.u32(bell)) &^ asleep
			park.Wake(r.a.u32(bell), 1)
			for range 2 {
				testproc.Finish(t, "both sleepers", func() {
					if err := <-done; err != nil {
						t.Error(err)
					}
				})
			}
			return atomic.LoadUint32(r.a.u32(bell))&^asleep != stepped
		})
	}
}
