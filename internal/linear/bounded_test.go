//go:build linux

package linear

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/psync"
)

// bounded are what a round of TestBoundedSemaphore is about.
type bounded struct {
	Semaphores []*psync.BoundedSemaphore
}

var boundedMax = [...]int{4, 1}

func newBounded() (o bounded, err error) {
	for _, n := range boundedMax {
		s, err := psync.NewBoundedSemaphore(n)
		if err != nil {
			return o, err
		}
		o.Semaphores = append(o.Semaphores, s)
	}
	return o, nil
}

func (o bounded) close() {
	for _, s := range o.Semaphores {
		s.Close()
	}
}

var boundedWork = register("bounded", func(c *client, o bounded) error {
	var has [len(boundedMax)]int
	mode := c.rng.IntN(modes)
	for c.more(1) {
		key := 0
		if c.rng.IntN(4) == 0 {
			key = 1
		}
		s := o.Semaphores[key]
		switch c.rng.IntN(10) {
		case 0:
			r := c.begin(opHeld, key)
			r.end(did, int64(s.Held()))
		case 1, 2, 3, 4:
			n := min(has[key], 1+c.rng.IntN(2))
			if n == 0 && c.rng.IntN(8) == 0 {
				n = 1 // which must be refused, unless another client here has some
			}
			if n > 0 {
				ok, err := giveBack(c, s, key, n)
				if err != nil {
					return err
				}
				if ok || n <= has[key] {
					has[key] = max(0, has[key]-n)
				}
			}
		default:
			n := 1
			if key == 0 && c.rng.IntN(3) == 0 {
				n = 2
			}
			got, err := take(c, s, key, n, mode == waiting)
			if err != nil {
				return err
			}
			if got {
				has[key] += n
			}
		}
		c.pause()
	}
	return nil // with whatever it has: the process's end gives it back
})

func giveBack(c *client, s *psync.BoundedSemaphore, key, n int) (bool, error) {
	r := c.begin(opRelease, key, int64(n))
	switch err := s.ReleaseN(n); {
	case err == nil:
		r.end(did)
		return true, nil
	case errors.Is(err, psync.ErrNotOwner):
		r.end(refused)
		return false, nil
	default:
		return false, unexpected(opRelease, err)
	}
}

// boundedState is who holds how many.
type boundedState struct {
	Held [64]uint8 // by process
	Free int
}

func boundedModel(max int) model[boundedState] {
	return model[boundedState]{
		init: boundedState{Free: max},
		step: func(s boundedState, in call, out result) []boundedState {
			n, held := int(in.In[0]), int(s.Held[in.Proc])
			switch in.Op {
			case opAcquire, opTry:
				switch {
				case (out.Open || out.Verdict == did) != (s.Free >= n):
					return nil
				case out.Verdict == did:
					s.Free -= n
					s.Held[in.Proc] += uint8(n)
				}
				return []boundedState{s}
			case opRelease:
				switch {
				case (out.Open || out.Verdict == did) != (held >= n):
					return nil
				case out.Verdict == did:
					s.Free += n
					s.Held[in.Proc] -= uint8(n)
				}
				return []boundedState{s}
			case opHeld:
				if !out.Open && out.Out[0] == int64(held) {
					return []boundedState{s}
				}
			case opCount:
				if !out.Open && out.Out[0] == int64(s.Free) {
					return []boundedState{s}
				}
			}
			return nil
		},
		death: func(s boundedState, proc int) []boundedState {
			s.Free += int(s.Held[proc])
			s.Held[proc] = 0
			return []boundedState{s}
		},
	}
}

func boundedParts(events []event) []part {
	// Value is asked only when nobody else is there: it adds up what it reads one after the other, and so may tell what never was.
	// Permits that are on their way from one process to another are nowhere; and whoever tries does not wait for who moves them.
	x := excuse{tries: []op{opTry}, others: []op{opAcquire, opTry}}
	return split(x.apply(events), len(boundedMax), func(key int) porcupine.Model { return boundedModel(boundedMax[key]).porcupine() })
}

func TestBoundedSemaphore(t *testing.T) {
	run(t, &kind[bounded]{
		name:   "BoundedSemaphore",
		work:   boundedWork,
		calls:  50,
		points: []string{"lock.", "unlock.", "bounded."},
		fresh:  newBounded,
		shut:   bounded.close,
		parts:  boundedParts,
		states: func(o bounded) string { return fmt.Sprint(o.Semaphores) },
		probe: func(c *client, o bounded) error {
			for key, s := range o.Semaphores {
				r := c.begin(opCount, key)
				r.end(did, int64(s.Value()))
				r = c.begin(opTry, key, int64(s.Max()))
				if !s.TryAcquireN(s.Max()) {
					r.end(refused)
					continue
				}
				r.end(did)
				if _, err := giveBack(c, s, key, s.Max()); err != nil {
					return err
				}
				// All are there: they can be had also by who is ready to wait.
				ctx, cancel := context.WithTimeout(c.ctx, watchdog)
				r = c.begin(opAcquire, key, 1)
				err := s.Acquire(ctx)
				cancel()
				if err != nil {
					return unexpected(opAcquire, err)
				}
				r.end(did)
			}
			return nil
		},
	})
}

func TestBoundedSemaphoreModel(t *testing.T) {
	acquire := func(proc int, from, to int64, n int64) event { return by(proc, from, to, opAcquire, gave(), n) }
	try := func(proc int, from, to int64, n int64, v verdict) event {
		return by(proc, from, to, opTry, not(v), n)
	}
	post := func(proc int, from, to int64, n int64, v verdict) event {
		return by(proc, from, to, opRelease, not(v), n)
	}
	held := func(proc int, from, to int64, n int64) event { return by(proc, from, to, opHeld, gave(n)) }
	tell(t, boundedParts, []story{ // of 4
		{"a wait", true, []event{acquire(1, 0, 1, 3), acquire(2, 2, 9, 2), post(1, 3, 4, 1, did), held(1, 5, 6, 2), held(2, 10, 11, 2)}},
		{"one too many", false, []event{acquire(1, 0, 1, 3), acquire(2, 2, 3, 2)}},
		{"released by another", false, []event{acquire(1, 0, 1, 3), post(2, 2, 3, 1, did)}},
		{"which is refused", true, []event{acquire(1, 0, 1, 3), post(2, 2, 3, 1, refused)}},
		{"released what was held, and refused", false, []event{acquire(1, 0, 1, 3), post(1, 2, 3, 3, refused)}},
		{"one lost", false, []event{acquire(1, 0, 1, 3), post(1, 2, 3, 3, did), try(2, 4, 5, 4, refused)}},
		{"killed with permits", true, []event{acquire(1, 0, 1, 3), died(1, 2, 6), acquire(2, 3, 5, 4)}},
		{"killed with permits, and all come back before", false, []event{acquire(1, 0, 1, 3), acquire(2, 2, 3, 4), died(1, 4, 6)}},
		{"killed with permits, and none comes back", false, []event{acquire(1, 0, 1, 3), died(1, 2, 6), try(2, 7, 8, 2, refused)}},
		{"killed with permits, and one too many comes back", false, []event{acquire(1, 0, 1, 3), died(1, 2, 6), acquire(2, 7, 8, 4), acquire(3, 9, 10, 1)}},
		{"killed in Acquire", true, []event{killed(1, 0, opAcquire, 3), by(2, 1, 2, opCount, gave(1)), died(1, 3, 6), acquire(2, 7, 8, 4)}},
		{"killed in Release", true, []event{acquire(1, 0, 1, 3), killed(1, 2, opRelease, 1), by(2, 3, 4, opCount, gave(2)), died(1, 5, 6), acquire(2, 7, 8, 4)}},
		{"killed in Release, all or none", false, []event{acquire(1, 0, 1, 3), killed(1, 2, opRelease, 2), by(2, 3, 4, opCount, gave(2)), died(1, 5, 6)}},
		{"an effect after the death", false, []event{killed(1, 0, opAcquire, 3), died(1, 3, 6), try(2, 7, 8, 2, refused)}},
	})
}
