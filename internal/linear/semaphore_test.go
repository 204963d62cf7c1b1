//go:build linux

package linear

import (
	"context"
	"fmt"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// semaphores are what a round of TestSemaphore is about: one with few permits, and one that is nearly full.
type semaphores struct {
	Semaphores []*psync.Semaphore
	Mode       *shm.RawValue[int64] // of the round
}

var semaphoreBegins = [...]int{3, psync.MaxPermits - 3}

// modes of a round: with waiting, or with calls only that never wait, so that a refusal has one reason only.
const (
	waiting = iota
	trying
	modes
)

var semaphoreRounds int64

func newSemaphores() (o semaphores, err error) {
	semaphoreRounds++
	if o.Mode, err = shm.NewRawValue(semaphoreRounds % modes); err != nil {
		return o, err
	}
	for _, n := range semaphoreBegins {
		s, err := psync.NewSemaphore(n)
		if err != nil {
			return o, err
		}
		o.Semaphores = append(o.Semaphores, s)
	}
	return o, nil
}

func (o semaphores) close() {
	o.Mode.Close()
	for _, s := range o.Semaphores {
		s.Close()
	}
}

// permits is what Semaphore and BoundedSemaphore have in common.
type permits interface {
	Acquire(ctx context.Context) error
	AcquireN(ctx context.Context, n int) error
	TryAcquire() bool
	TryAcquireN(n int) bool
	Release() error
	ReleaseN(n int) error
	Value() int
}

var semaphoreWork = register("semaphore", func(c *client, o semaphores) error {
	mode := o.Mode.Load()
	var has [len(semaphoreBegins)]int
	for c.more(1) {
		key := 0
		if c.rng.IntN(6) == 0 {
			key = 1
		}
		s := o.Semaphores[key]
		var err error
		switch c.rng.IntN(8) {
		case 0:
			r := c.begin(opCount, key)
			r.end(did, int64(s.Value()))
		case 1, 2, 3:
			// Now and then more than this process has: the killed have taken permits along.
			n := min(has[key], 1+c.rng.IntN(2))
			if n == 0 && (key == 1 || c.rng.IntN(4) == 0) {
				n = 1 + c.rng.IntN(2)
			}
			if n > 0 {
				release(c, s, key, n)
				has[key] = max(0, has[key]-n)
			}
		default:
			n := 1 + c.rng.IntN(5)/3
			var got bool
			if got, err = take(c, s, key, n, mode == waiting && key == 0); got {
				has[key] += n
			}
		}
		if err != nil {
			return err
		}
		c.pause()
	}
	return nil
})

// take takes n permits in one of the ways there are.
func take(c *client, s permits, key, n int, wait bool) (bool, error) {
	if !wait || c.rng.IntN(3) == 0 {
		r := c.begin(opTry, key, int64(n))
		var ok bool
		if n == 1 {
			ok = s.TryAcquire()
		} else {
			ok = s.TryAcquireN(n)
		}
		if !ok {
			r.end(refused)
			return false, nil
		}
		r.end(did)
		return true, nil
	}
	ctx, cancel := c.soon()
	defer cancel()
	r := c.begin(opAcquire, key, int64(n))
	var err error
	if n == 1 {
		err = s.Acquire(ctx)
	} else {
		err = s.AcquireN(ctx, n)
	}
	switch {
	case err == nil:
		r.end(did)
		return true, nil
	case ctx.Err() != nil:
		r.end(expired)
		return false, nil
	}
	return false, unexpected(opAcquire, err)
}

func release(c *client, s permits, key, n int) bool {
	r := c.begin(opRelease, key, int64(n))
	var err error
	if n == 1 {
		err = s.Release()
	} else {
		err = s.ReleaseN(n)
	}
	if err != nil {
		r.end(refused)
		return false
	}
	r.end(did)
	return true
}

// semaphoreModel counts permits, which belong to nobody.
func semaphoreModel(begin int) model[int64] {
	return model[int64]{
		init: int64(begin),
		step: func(s int64, in call, out result) []int64 {
			n := in.In[0]
			switch in.Op {
			case opAcquire, opTry:
				if (out.Open || out.Verdict == did) == (s >= n) {
					if out.Verdict == refused {
						return []int64{s}
					}
					return []int64{s - n}
				}
			case opRelease:
				if (out.Open || out.Verdict == did) == (s+n <= psync.MaxPermits) {
					if out.Verdict == refused {
						return []int64{s}
					}
					return []int64{s + n}
				}
			case opCount:
				if !out.Open && out.Out[0] == s {
					return []int64{s}
				}
			}
			return nil
		},
		death: func(s int64, _ int) []int64 { return []int64{s} },
	}
}

func semaphoreParts(events []event) []part {
	x := excuse{tries: []op{opTry}, others: []op{opAcquire}, after: claimed} // then nobody overtakes the waiter
	return split(x.apply(events), len(semaphoreBegins), func(key int) porcupine.Model { return semaphoreModel(semaphoreBegins[key]).porcupine() })
}

func TestSemaphore(t *testing.T) {
	run(t, &kind[semaphores]{
		name:   "Semaphore",
		work:   semaphoreWork,
		calls:  60,
		points: []string{"lock.", "unlock.", "semaphore."},
		fresh:  newSemaphores,
		shut:   semaphores.close,
		parts:  semaphoreParts,
		states: func(o semaphores) string { return fmt.Sprint(o.Semaphores) },
		probe: func(c *client, o semaphores) error {
			for key, s := range o.Semaphores {
				if err := drain(c, s, key); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// drain takes all permits that are said to be there, one try for all but one of them: nobody else is there to wait.
func drain(c *client, s permits, key int) error {
	r := c.begin(opCount, key)
	n := s.Value()
	r.end(did, int64(n))
	for _, n := range []int{1, n - 1, 1} {
		if n < 1 {
			continue
		}
		r := c.begin(opTry, key, int64(n))
		if !s.TryAcquireN(n) {
			r.end(refused)
			continue
		}
		r.end(did)
	}
	r = c.begin(opRelease, key, 1)
	if err := s.Release(); err != nil {
		r.end(refused)
		return nil
	}
	r.end(did)
	// There is one now: it can be had also by who is ready to wait.
	ctx, cancel := context.WithTimeout(c.ctx, watchdog)
	defer cancel()
	r = c.begin(opAcquire, key, 1)
	if err := s.Acquire(ctx); err != nil {
		return unexpected(opAcquire, err)
	}
	r.end(did)
	return nil
}

func TestSemaphoreModel(t *testing.T) {
	acquire := func(proc int, from, to int64, n int64) event { return by(proc, from, to, opAcquire, gave(), n) }
	try := func(proc int, from, to int64, n int64, v verdict) event {
		return by(proc, from, to, opTry, not(v), n)
	}
	post := func(proc int, from, to int64, n int64) event { return by(proc, from, to, opRelease, gave(), n) }
	value := func(proc int, from, to int64, n int64) event { return by(proc, from, to, opCount, gave(n)) }
	nearly := func(e event) event { e.Key = 1; return e }
	tell(t, semaphoreParts, []story{ // it begins with 3
		{"a wait", true, []event{acquire(1, 0, 1, 2), acquire(2, 2, 9, 2), try(3, 3, 4, 2, refused), value(3, 5, 6, 1), post(3, 7, 8, 1), value(3, 10, 11, 0)}},
		{"one too many", false, []event{acquire(1, 0, 1, 2), acquire(2, 2, 3, 2)}},
		{"one lost", false, []event{acquire(1, 0, 1, 2), post(1, 2, 3, 2), try(2, 4, 5, 3, refused)}},
		{"the same, and somebody waits", true, []event{acquire(1, 0, 1, 2), killed(3, 1, opAcquire, 4), post(1, 2, 3, 2), try(2, 4*ms, 5*ms, 3, refused), died(3, 6*ms, 7*ms)}},
		{"the same, and he is dead", false, []event{acquire(1, 0, 1, 2), killed(3, 1, opAcquire, 4), post(1, 2, 3, 2), died(3, 6, 7), try(2, 4*ms, 5*ms, 3, refused)}},
		{"a value from nowhere", false, []event{acquire(1, 0, 1, 2), value(2, 2, 3, 2)}},
		{"killed in Acquire, before", true, []event{killed(1, 0, opAcquire, 2), died(1, 1, 4), value(2, 5, 6, 3)}},
		{"killed in Acquire, after", true, []event{killed(1, 0, opAcquire, 2), died(1, 1, 4), value(2, 5, 6, 1)}},
		{"killed in Acquire, in the middle", false, []event{killed(1, 0, opAcquire, 2), died(1, 1, 4), value(2, 5, 6, 2)}},
		{"killed with a permit, which comes back", false, []event{acquire(1, 0, 1, 2), died(1, 2, 4), value(2, 5, 6, 3)}},
		{"killed with a permit, which does not", true, []event{acquire(1, 0, 1, 2), died(1, 2, 4), value(2, 5, 6, 1)}},
		{"killed in Release", true, []event{acquire(1, 0, 1, 2), killed(1, 2, opRelease, 2), died(1, 3, 4), value(2, 5, 6, 3)}},
		{"an effect after the death", false, []event{acquire(1, 0, 1, 2), killed(1, 2, opRelease, 2), died(1, 3, 4), value(2, 5, 6, 1), value(2, 7, 8, 3)}},
		{"full", true, []event{nearly(post(1, 0, 1, 2)), nearly(by(2, 2, 3, opRelease, not(refused), 2)), nearly(post(1, 4, 5, 1))}},
		{"more than full", false, []event{nearly(post(1, 0, 1, 2)), nearly(post(2, 2, 3, 2))}},
	})
}
