package object

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// whims are clients that vanish at any moment: each gets numbered steps to make until it has made them all.
func whims(clients, steps int, seed uint64, step func(a *actor, rng *rand.Rand, n int) *actor) {
	var wg sync.WaitGroup
	for i := range clients {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() {
			a := newActor("a")
			for n := range steps {
				if a = step(a, rng, n); a.ctx.Err() != nil {
					a.Gone()
					a = newActor("a")
				}
			}
			a.Gone()
		})
	}
	wg.Wait()
}

// TestMutualExclusion: at most as many are inside as there are permits, whoever vanishes while waiting, or while holding, and at the end all permits are there.
func TestMutualExclusion(t *testing.T) {
	for _, c := range []struct {
		typ     *Type
		permits int64
		owned   bool // who vanishes need not release
		reclaim bool
	}{
		{LockType, 1, false, false}, {LockType, 1, true, true}, {RLockType, 1, true, false}, {ConditionType, 1, true, false},
		{SemaphoreType, 3, false, false}, {BoundedSemaphoreType, 2, true, true},
	} {
		var o Holder
		if c.permits > 1 {
			o = makeHolder(t, c.typ, c.permits)
		} else {
			o = makeHolder(t, c.typ)
		}
		var inside, times atomic.Int64
		guarded := 0
		whims(8, 600, 4, func(a *actor, rng *rand.Rand, n int) *actor {
			a.Reclaim = c.reclaim
			if rng.IntN(3) == 0 {
				go a.vanish()
			}
			var did any
			var err error
			if rng.IntN(3) == 0 {
				did, err = a.call(o, "acquire", true, rng.Float64()/1000)
			} else {
				did, err = a.call(o, "acquire")
			}
			if err != nil && err != ErrGone {
				t.Error(err)
			}
			if err != nil || did != true {
				return a
			}
			times.Add(1)
			if n := inside.Add(1); n > c.permits {
				t.Errorf("%s: %d are inside", c.typ.Name, n)
			}
			if c.permits == 1 {
				guarded++ // the race detector looks here
			}
			inside.Add(-1)
			if c.owned && rng.IntN(8) == 0 {
				a.vanish() // and Gone releases it
			} else if a.undo != nil && rng.IntN(8) == 0 {
				a.undo()
			} else if _, err := a.call(o, "release"); err != nil {
				t.Errorf("%s: release: %v", c.typ.Name, err)
			}
			return a
		})
		last := newActor("last")
		for range c.permits {
			last.do(t, "True", o, "acquire", false)
		}
		if (c.typ != RLockType && c.typ != ConditionType) || c.permits > 1 {
			last.do(t, "False", o, "acquire", false)
		}
		if n := len(waiting(o)); n > 0 || times.Load() < 100 {
			t.Errorf("%s: %d wait at the end; it was acquired %d times", c.typ.Name, n, times.Load())
		}
	}
}

// TestNoNotificationIsLost: there is one notification for each token, and clients that take tokens vanish all the time. Those who stay get the rest: if one notification went with somebody
// who is gone, a token would be left, and the others would wait for ever.
func TestNoNotificationIsLost(t *testing.T) {
	const tokens, stay = 3000, 3
	for _, typ := range []*Type{nil, LockType, RLockType} {
		o := makeObject(t, ConditionType).(*condition)
		if typ != nil {
			o = conditionOn(t, makeObject(t, typ))
		}
		there, taken := 0, 0 // guarded by the lock
		take := func(a *actor) (ok bool) {
			if _, err := a.call(o, "acquire"); err != nil {
				return false
			}
			for there == 0 && taken < tokens {
				if _, err := a.call(o, "wait"); err != nil {
					return false
				}
			}
			if there > 0 {
				there--
				if taken++; taken == tokens {
					a.call(o, "notify_all")
				}
			}
			ok = taken < tokens
			if _, err := a.call(o, "release"); err != nil {
				t.Errorf("release: %v", err)
			}
			return ok
		}
		var wg sync.WaitGroup
		for range stay {
			wg.Go(func() {
				for a := newActor("stays"); take(a); {
				}
			})
		}
		wg.Go(func() {
			whims(3, 1500, 5, func(a *actor, rng *rand.Rand, n int) *actor {
				go a.vanish()
				take(a)
				a.vanish()
				return a
			})
		})
		producer := newActor("producer")
		for range tokens {
			producer.do(t, "True", o, "acquire")
			there++
			producer.do(t, "None", o, "notify")
			producer.do(t, "None", o, "release")
		}
		wg.Wait()
		if taken != tokens || there != 0 {
			t.Errorf("%d of %d tokens were taken", taken, tokens)
		}
		if hs := o.Holdings(); len(hs) > 0 {
			t.Errorf("left: %v", hs)
		}
	}
}
