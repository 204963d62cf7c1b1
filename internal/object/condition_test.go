package object

import (
	"slices"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// conditionOn is a condition of a lock.
func conditionOn(t *testing.T, o Object) *condition {
	t.Helper()
	return makeObject(t, ConditionType, refTo(o)).(*condition)
}

func TestConditionIsFirstComeFirstServed(t *testing.T) {
	o, as := makeObject(t, ConditionType).(*condition), newActors(6)
	var outs []<-chan string
	for _, a := range as[:5] {
		a.do(t, "True", o, "acquire")
		a.do(t, "True", o, "acquire")
		outs = append(outs, a.start(t, o, "wait"))
	}
	master := as[5]
	master.do(t, "True", o, "acquire")
	master.do(t, "None", o, "notify", int64(2))
	as[2].vanish()
	expect(t, outs[2], goneText)
	master.do(t, "None", o, "notify_all")
	for _, out := range outs[:2] {
		undecided(t, out)
	}
	if got, want := waiting(o), []string{"actor 0", "actor 1", "actor 3", "actor 4"}; !slices.Equal(got, want) {
		t.Errorf("%v wait, want %v", got, want)
	}
	master.do(t, "None", o, "release")
	for _, i := range []int{0, 1, 3, 4} {
		expect(t, outs[i], "True")
		if got, want := holding(o), []string{as[i].Name + " 2"}; !slices.Equal(got, want) {
			t.Errorf("held by %v, want %v", got, want)
		}
		as[i].do(t, "None", o, "release")
		as[i].do(t, "None", o, "release")
	}
	master.do(t, "True", o, "acquire")
}

// TestConditionsOfOneLock: each has its own waiters, and the lock is one.
func TestConditionsOfOneLock(t *testing.T) {
	for _, typ := range []*Type{LockType, RLockType, ConditionType} {
		t.Run(typ.Name, func(t *testing.T) {
			l, as := makeHolder(t, typ), newActors(4)
			empty, full := conditionOn(t, l), conditionOn(t, l)
			as[0].do(t, "True", empty, "acquire")
			out0 := as[0].start(t, empty, "wait")
			as[1].do(t, "True", l, "acquire")
			out1 := as[1].start(t, full, "wait")
			as[2].do(t, "True", full, "acquire")
			as[3].do(t, "False", l, "acquire", false)
			as[2].do(t, "None", full, "notify")
			as[2].do(t, "None", l, "release")
			expect(t, out1, "True")
			undecided(t, out0)
			as[1].do(t, "None", empty, "notify_all")
			as[1].do(t, "None", full, "release")
			expect(t, out0, "True")
			as[0].do(t, "None", l, "release")
		})
	}
}

// TestConditionTakesLocksOnly: what has no latch is refused with a clear text.
func TestConditionTakesLocksOnly(t *testing.T) {
	for want, v := range map[string]py.Value{
		"TypeError: a Condition takes a Lock, an RLock or another Condition, not a Queue": refTo(makeObject(t, QueueType)),
		"AttributeError: 'str' object has no attribute 'acquire'":                         "lock",
	} {
		if _, err := ConditionType.New(&Call{Args: py.Tuple{v}}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestNotifyOfTheVanished: a notification goes on to somebody who was waiting for it, and to nobody else.
func TestNotifyOfTheVanished(t *testing.T) {
	o, as := makeObject(t, ConditionType).(*condition), newActors(4)
	wait := func(a *actor) <-chan string {
		t.Helper()
		a.do(t, "True", o, "acquire")
		return a.start(t, o, "wait")
	}
	master := as[3]
	out0, out1 := wait(as[0]), wait(as[1])
	master.do(t, "True", o, "acquire")
	master.do(t, "None", o, "notify")
	as[0].vanish() // between the notification and the lock
	expect(t, out0, goneText)
	master.do(t, "None", o, "release")
	expect(t, out1, "True")
	as[1].do(t, "None", o, "release")

	out1 = wait(as[1])
	master.do(t, "True", o, "acquire")
	master.do(t, "None", o, "notify")
	master.do(t, "None", o, "release")
	expect(t, out1, "True")
	undo := as[1].undo
	as[1].do(t, "None", o, "release")
	out2 := wait(as[2]) // after that notification
	undo()
	undecided(t, out2)
	master.do(t, "True", o, "acquire")
	master.do(t, "None", o, "notify")
	master.do(t, "None", o, "release")
	expect(t, out2, "True")
}

// TestVanishedWaiterHoldsNothing: nobody gets the lock on behalf of who is gone, wherever he was.
func TestVanishedWaiterHoldsNothing(t *testing.T) {
	o, as := makeObject(t, ConditionType).(*condition), newActors(2)
	as[0].do(t, "True", o, "acquire")
	as[0].do(t, "False", o, "wait", 0.0)
	out := as[0].start(t, o, "wait")
	as[0].vanish()
	expect(t, out, goneText)
	as[0].Gone()
	next := newActor("next")
	next.do(t, "True", o, "acquire")
	next.do(t, "None", o, "notify_all")
	next.do(t, "None", o, "release")
	if hs := o.Holdings(); len(hs) > 0 {
		t.Errorf("left: %v", hs)
	}
}

// TestUndoOfWait: the lock goes on, and so does the notification.
func TestUndoOfWait(t *testing.T) {
	o, as := conditionOn(t, makeObject(t, LockType)), newActors(3)
	var outs []<-chan string
	for _, a := range as[:2] {
		a.do(t, "True", o, "acquire")
		outs = append(outs, a.start(t, o, "wait"))
	}
	as[2].do(t, "True", o, "acquire")
	as[2].do(t, "None", o, "notify")
	as[2].do(t, "None", o, "release")
	expect(t, outs[0], "True")
	as[0].undo()
	expect(t, outs[1], "True")
	as[1].do(t, "None", o, "release")
}
