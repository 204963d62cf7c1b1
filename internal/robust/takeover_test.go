//go:build linux

package robust

import "testing"

// TestDiedInside: the death of a holder is told from when it is known until for ever, compared with a count from before it; that of somebody else is not.
func TestDiedInside(t *testing.T) {
	members := newCast()
	at := area()
	a, b := view(at, member{members, 1}), view(at, member{members, 2})
	mustAcquire(t, a, 0)
	since := b.Takeovers()
	members.kill(3)
	if b.DiedInside(since) {
		t.Error("the holder lives")
	}
	members.kill(1)
	if !b.DiedInside(since) {
		t.Error("the dead holder has the lock")
	}
	if !b.TryAcquire(0) || !b.DiedInside(since) {
		t.Error("it was taken over")
	}
	if err := b.Release(); err != nil || !b.DiedInside(since) || b.DiedInside(b.Takeovers()) {
		t.Error("after that")
	}
}
