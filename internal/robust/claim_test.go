//go:build linux

package robust

import (
	"testing"
	"testing/quick"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
)

func TestClaimRoundTrip(t *testing.T) {
	check := func(since int64, id uint32) bool {
		since &= 1<<62 - 1
		c := claimOf(since, family.Ident(id)&ownerMask)
		return claimant(c) == family.Ident(id)&ownerMask && c>>claimShift == uint64(since)>>claimUnit&(1<<35-1)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestClaimOrder(t *testing.T) {
	const unit = 1 << claimUnit
	const wrap = int64(1) << (35 + claimUnit) // about 6.5 days
	for _, c := range []struct {
		name string
		a, b int64
		want bool
	}{
		{"same moment", 5 * unit, 5 * unit, false},
		{"same unit", 5 * unit, 5*unit + unit - 1, false},
		{"before", 5 * unit, 6 * unit, true},
		{"after", 6 * unit, 5 * unit, false},
		{"long before", unit, wrap/2 - unit, true},
		{"across the wrap", wrap - unit, wrap + unit, true},
		{"across the wrap, reversed", wrap + unit, wrap - unit, false},
		{"at the wrap", wrap - 1, wrap, true},
		{"after several wraps", 9*wrap - unit, 9 * wrap, true},
	} {
		a, b := claimOf(c.a, 1<<29-1), claimOf(c.b, 1)
		if got := earlier(a, b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		// Who waits does not count.
		if got := earlier(claimOf(c.a, 1), claimOf(c.b, 1<<29-1)); got != c.want {
			t.Errorf("%s, the other way round: %v", c.name, got)
		}
	}
	// Of two different claims of less than half a wrap apart exactly one is earlier.
	check := func(at uint64, apart uint32) bool {
		a, b := claimOf(int64(at>>1), 1), claimOf(int64(at>>1)+int64(apart)+unit, 2)
		return earlier(a, b) && !earlier(b, a)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestStake(t *testing.T) {
	members := newCast()
	at := area()
	lock := view(at, member{members, 1})
	other := view(at, member{members, 2})
	old := claimOf(100<<claimUnit, 1)
	recent := claimOf(200<<claimUnit, 2)
	stake := func(c *Core, claim uint64) *waiter {
		w := &waiter{c: c, claim: claim}
		w.stake()
		return w
	}
	w := stake(other, recent)
	if !w.claimed || *lock.next() != recent {
		t.Fatal("an empty place is taken")
	}
	o := stake(lock, old)
	if !o.claimed || *lock.next() != old {
		t.Error("an earlier claim displaces a later one")
	}
	w.unclaim()
	if *lock.next() != old {
		t.Error("who was displaced has removed another's claim")
	}
	if w = stake(other, recent); w.claimed || *lock.next() != old {
		t.Error("a later claim displaces an earlier one")
	}
	members.kill(1)
	if w = stake(other, recent); !w.claimed || *lock.next() != recent {
		t.Error("a claim of the dead keeps its place")
	}
	w.unclaim()
	w.unclaim()
	if *lock.next() != 0 {
		t.Error("a claim is left")
	}
}

func TestState(t *testing.T) {
	members := newCast()
	c := view(area(), member{members, 1})
	const now = int64(5 * time.Hour)
	if owner, reserved, wait := c.State(now); owner != 0 || reserved || wait != (Waiting{}) {
		t.Errorf("a new lock: %d %v %+v", owner, reserved, wait)
	}
	*c.word = waiters | 2
	*c.next() = claimOf(now-int64(3*time.Second), 3)
	owner, reserved, wait := c.State(now)
	if owner != 2 || reserved || !wait.Somebody || wait.First != 3 || (wait.For-3*time.Second).Abs() > 50*time.Microsecond {
		t.Errorf("%d %v %+v", owner, reserved, wait)
	}
	// A claim from before the clock of claims wrapped.
	*c.next() = claimOf(int64(1)<<(35+claimUnit)-int64(time.Second), 3)
	if _, _, wait := c.State(int64(1)<<(35+claimUnit) + int64(time.Second)); (wait.For - 2*time.Second).Abs() > 50*time.Microsecond {
		t.Errorf("across the wrap: %v", wait.For)
	}
	*c.word = handed | waiters | 3
	if owner, reserved, _ := c.State(now); owner != 3 || !reserved {
		t.Errorf("handed: %d %v", owner, reserved)
	}
	members.kill(3)
	if _, _, wait := c.State(now); wait.First != 0 {
		t.Error("the dead wait")
	}
	for id, want := range map[family.Ident]string{
		1: "this process, member (pid 1001)", 2: "member (pid 1002)", 3: "member (pid 1003, dead)", 500: "a process that is gone",
	} {
		if got := c.Who(id); got != want {
			t.Errorf("%d is %q, want %q", id, got, want)
		}
	}
}
