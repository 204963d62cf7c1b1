//go:build linux

package robust

import (
	"context"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
)

// TestGivingUpPassesTheWakeOn: B is woken, but gives up because its context ends, after D has taken the lock in passing, without the waiters bit. C, who still
// sleeps, must be woken by D's release and not only by the backstop.
func TestGivingUpPassesTheWakeOn(t *testing.T) {
	// Late ones may be the machine's doing, but not in each of three rounds. If none of those were woken that have to be, two of three would be late.
	const trials, rounds = 20, 3
	slow := trials // late in this round
	for n := range trials * rounds {
		if n%trials == 0 {
			if slow <= trials/3 {
				return
			}
			slow = 0
		}
		members, at := newCast(), area()
		c := func(n int) *Core { return view(at, member{members, family.Ident(n)}) }
		holder, claimant, b, waiting, passing := c(1), c(2), c(3), c(4), c(5)
		mustAcquire(t, holder, 0)
		acquire := func(k *Core, ctx context.Context) chan time.Time {
			ch := make(chan time.Time, 1)
			go func() {
				defer close(ch)
				if _, err := k.Acquire(ctx, new(handle), 0); err == nil {
					ch <- time.Now()
				}
			}()
			time.Sleep(4 * time.Millisecond) // asleep, with its claim staked
			return ch
		}
		ctxClaimant, cancelClaimant := context.WithCancel(t.Context())
		ctxB, cancelB := context.WithCancel(t.Context())
		acquire(claimant, ctxClaimant)
		gotB, gotC := acquire(b, ctxB), acquire(waiting, t.Context())
		cancelClaimant()
		time.Sleep(4 * time.Millisecond)
		if err := holder.Release(); err != nil {
			t.Fatal(err)
		}
		took := passing.TryAcquire(0)
		cancelB()
		if took {
			time.Sleep(3 * time.Millisecond)
			if err := passing.Release(); err != nil {
				t.Fatal(err)
			}
		}
		free := time.Now()
		if _, ok := <-gotB; ok {
			_ = b.Release()
		}
		if (<-gotC).Sub(free) > 200*time.Millisecond {
			slow++
		}
	}
	if slow > trials/3 {
		t.Errorf("%d of %d waiters slept on beside a free lock", slow, trials)
	}
}
