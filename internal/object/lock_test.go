package object

import (
	"fmt"
	"slices"
	"testing"
)

func TestLockIsHandedOnInOrder(t *testing.T) {
	for _, typ := range []*Type{LockType, RLockType, ConditionType, SemaphoreType, BoundedSemaphoreType} {
		t.Run(typ.Name, func(t *testing.T) {
			o := makeHolder(t, typ)
			as := newActors(5)
			as[0].do(t, "True", o, "acquire")
			var outs []<-chan string
			for _, a := range as[1:] {
				outs = append(outs, a.start(t, o, "acquire"))
			}
			if got := waiting(o); !slices.Equal(got, []string{"actor 1", "actor 2", "actor 3", "actor 4"}) {
				t.Errorf("waiting: %v", got)
			}
			newActor("late").do(t, "False", o, "acquire", false)
			as[2].vanish()
			expect(t, outs[1], goneText)
			as[0].do(t, "None", o, "release")
			newActor("late").do(t, "False", o, "acquire", false)
			for _, i := range []int{1, 3, 4} {
				expect(t, outs[i-1], "True")
				as[i].do(t, "None", o, "release")
			}
			newActor("late").do(t, "True", o, "acquire", false)
		})
	}
}

func TestLockHoldings(t *testing.T) {
	for _, c := range []struct {
		typ   *Type
		depth int
		want  []string
	}{{LockType, 1, []string{"actor 0 1"}}, {RLockType, 3, []string{"actor 0 3"}}, {ConditionType, 2, []string{"actor 0 2"}}, {SemaphoreType, 1, nil}} {
		o, as := makeHolder(t, c.typ), newActors(2)
		if got := o.Holdings(); len(got) != 0 {
			t.Errorf("%s: %v is held by %v", c.typ.Name, got, got)
		}
		for range c.depth {
			as[0].do(t, "True", o, "acquire")
		}
		out := as[1].start(t, o, "acquire")
		hs := o.Holdings()
		if got := holding(o); !slices.Equal(got, c.want) {
			t.Errorf("%s: held by %v, want %v", c.typ.Name, got, c.want)
		}
		last := hs[len(hs)-1]
		if last.What != c.typ.Name+".acquire" || last.Since.Before(hs[0].Since) || last.Since.Before(started) {
			t.Errorf("%s: %+v", c.typ.Name, hs)
		}
		as[1].vanish()
		expect(t, out, goneText)
	}
}

// TestVanishedHolder: an RLock is released in any case, whatever its depth, a Lock and a Semaphore if they are reclaimed.
func TestVanishedHolder(t *testing.T) {
	for _, typ := range []*Type{LockType, RLockType, ConditionType, SemaphoreType, BoundedSemaphoreType} {
		for _, reclaim := range []bool{false, true} {
			t.Run(fmt.Sprint(typ.Name, reclaim), func(t *testing.T) {
				o, as := makeHolder(t, typ), newActors(2)
				as[0].Reclaim, as[1].Reclaim = reclaim, reclaim
				owned := typ == RLockType || typ == ConditionType
				as[0].do(t, "True", o, "acquire")
				if owned {
					as[0].do(t, "True", o, "acquire")
				}
				out := as[1].start(t, o, "acquire")
				as[0].vanish()
				if n := as[0].Gone(); n == 1 != (owned || reclaim) {
					t.Errorf("%d objects were released", n)
				}
				if !owned && !reclaim {
					undecided(t, out)
					newActor("anybody").do(t, "None", o, "release")
				}
				expect(t, out, "True")
				as[1].Gone()
				want := "True"
				if !owned && !reclaim {
					want = "False"
				}
				newActor("next").do(t, want, o, "acquire", false)
			})
		}
	}
}

// TestReleasedByOthers: what another caller has released is not released again when its holder is gone.
func TestReleasedByOthers(t *testing.T) {
	for _, typ := range []*Type{LockType, SemaphoreType, BoundedSemaphoreType} {
		o, as := makeHolder(t, typ), newActors(3)
		for _, a := range as {
			a.Reclaim = true
		}
		as[0].do(t, "True", o, "acquire")
		as[1].do(t, "None", o, "release")
		as[2].do(t, "True", o, "acquire")
		as[0].Gone()
		as[1].Gone()
		newActor("next").do(t, "False", o, "acquire", false)
		as[2].Gone()
		newActor("next").do(t, "True", o, "acquire", false)
	}
}

// TestSignalsAreNotReclaimed: who has taken what others have released holds nothing.
func TestSignalsAreNotReclaimed(t *testing.T) {
	o, as := makeHolder(t, SemaphoreType, int64(0)), newActors(2)
	as[0].Reclaim = true
	for range 3 {
		as[1].do(t, "None", o, "release")
		as[0].do(t, "True", o, "acquire")
	}
	as[0].Gone()
	as[1].do(t, "False", o, "acquire", false)
	if got := holding(o); len(got) > 0 {
		t.Errorf("%v still hold permits", got)
	}
}

// TestUndoOfLock: a lock that nobody has heard of is free again, unless it has gone on in the meantime.
func TestUndoOfLock(t *testing.T) {
	for _, typ := range []*Type{LockType, RLockType, ConditionType, SemaphoreType, BoundedSemaphoreType} {
		for _, reclaim := range []bool{false, true} {
			o, as := makeHolder(t, typ), newActors(3)
			as[1].Reclaim = reclaim
			as[0].do(t, "True", o, "acquire")
			out := as[1].start(t, o, "acquire")
			as[0].do(t, "None", o, "release")
			expect(t, out, "True")
			as[1].undo()
			as[1].Gone()
			as[2].do(t, "True", o, "acquire", false)
			as[0].do(t, "False", o, "acquire", false)
		}
	}
	o, as := makeHolder(t, LockType), newActors(3)
	as[0].do(t, "True", o, "acquire")
	out := as[1].start(t, o, "acquire")
	as[0].do(t, "None", o, "release")
	expect(t, out, "True")
	as[0].do(t, "None", o, "release")
	as[2].do(t, "True", o, "acquire")
	as[1].undo()
	as[0].do(t, "False", o, "acquire", false)
}

func TestTenThousandWaiters(t *testing.T) {
	const n = 10_000
	for _, typ := range []*Type{LockType, SemaphoreType} {
		o, first := makeHolder(t, typ), newActor("first")
		first.do(t, "True", o, "acquire")
		list := &waitList{}
		hold := func() func() { return func() {} }
		switch o := o.(type) {
		case *lock:
			list, hold = &o.latch.waiters, func() func() { o.latch.mu.Lock(); return o.latch.mu.Unlock }
		case *semaphore:
			list, hold = &o.waiters, func() func() { o.mu.Lock(); return o.mu.Unlock }
		}
		order := make(chan int, n)
		for i := range n {
			a := newActor("a")
			go func() {
				a.call(o, "acquire")
				order <- i
				a.call(o, "release")
			}()
			eventually(t, "it waits", func() bool { defer hold()(); return list.Len() == i+1 })
		}
		if got := len(waiting(o)); got != n {
			t.Errorf("%s: %d wait", typ.Name, got)
		}
		first.do(t, "None", o, "release")
		for i := range n {
			if got := <-order; got != i {
				t.Fatalf("%s: number %d got it after %d others", typ.Name, got, i)
			}
		}
	}
}

// TestUndoWithoutWaiting: what was acquired at once is given back as well if its client was gone before the answer, for nobody else could: it is in no table of what the caller owns.
func TestUndoWithoutWaiting(t *testing.T) {
	for _, typ := range []*Type{LockType, SemaphoreType, BoundedSemaphoreType} {
		o, as := makeHolder(t, typ), newActors(2)
		as[0].do(t, "True", o, "acquire")
		undo := as[0].undo
		if undo == nil {
			t.Errorf("%s: there is no way back", typ.Name)
			continue
		}
		next := as[1].start(t, o, "acquire")
		undo()
		expect(t, next, "True")
	}
}
