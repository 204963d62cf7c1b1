//go:build linux

package linear

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// rlocks are what a round of TestRLock is about, with the numbers that they guard as in TestLock. Each client has a holder of its own for each lock.
type rlocks struct {
	Locks  []*psync.RLock
	Guards *shm.RawArray[int64]
}

func newRLocks() (o rlocks, err error) {
	if o.Guards, err = shm.NewRawArray[int64](lockKeys); err != nil {
		return o, err
	}
	for range lockKeys {
		l, err := psync.NewRLock()
		if err != nil {
			return o, err
		}
		o.Locks = append(o.Locks, l)
	}
	return o, nil
}

func (o rlocks) close() {
	o.Guards.Close()
	for _, l := range o.Locks {
		l.Close()
	}
}

var rlockWork = register("rlock", func(c *client, o rlocks) error {
	var holders []*psync.Holder
	for _, l := range o.Locks {
		holders = append(holders, l.Holder())
	}
	for c.more(8) { // at most four deep
		key := c.rng.IntN(lockKeys) * c.rng.IntN(2)
		h := holders[key]
		if c.rng.IntN(16) == 0 {
			if err := strayRelease(c, h, key); err != nil {
				return err
			}
			continue
		}
		held, err := enter(c, h, o.Guards, key)
		if err != nil {
			return err
		}
		if !held {
			c.pause()
			continue
		}
		if c.alone && c.rng.IntN(100) == 0 {
			return nil // the process ends with the lock in its hands
		}
		if err := leaveRLock(c, h, o.Guards, key); err != nil {
			return err
		}
	}
	return nil
})

// enter takes the lock, and often takes it again and releases that, so that the depth is 1 when it returns true.
func enter(c *client, h *psync.Holder, guards *shm.RawArray[int64], key int) (held bool, err error) {
	for depth := h.Depth(); ; {
		got, err := takeRLock(c, h, guards, key)
		if err != nil {
			return false, err
		}
		if got {
			depth++
		} else if depth > 0 {
			return false, fmt.Errorf("a holder could not take again what it has")
		}
		if h.Depth() != depth {
			return false, fmt.Errorf("Depth is %d, want %d", h.Depth(), depth)
		}
		c.pause()
		if depth == 0 {
			return false, nil
		}
		for depth > 1 && c.rng.IntN(2) == 0 || depth == 4 {
			r := c.begin(opUnlock, key)
			if err := h.Release(); err != nil {
				return false, unexpected(opUnlock, err)
			}
			r.end(did)
			depth--
		}
		if depth == 1 && c.rng.IntN(2) == 0 || !c.moreInside(depth) {
			for ; depth > 1; depth-- {
				r := c.begin(opUnlock, key)
				h.Unlock()
				r.end(did)
			}
			return true, nil
		}
	}
}

// moreInside reports whether there is room to take the lock once more and release all.
func (c *client) moreInside(depth int) bool { return c.n+depth+2 < len(c.log) }

func takeRLock(c *client, h *psync.Holder, guards *shm.RawArray[int64], key int) (held bool, err error) {
	var rec psync.Recovery
	var r *record
	outermost := h.Depth() == 0
	switch c.rng.IntN(4) {
	case 0:
		r = c.begin(opLock, key)
		h.Lock()
		rec = h.Recovery()
	case 1:
		r = c.begin(opTry, key)
		if !h.TryLock() {
			r.end(refused)
			return false, nil
		}
		rec = h.Recovery()
	case 2:
		ctx, cancel := c.soon()
		defer cancel()
		if !outermost {
			ctx = context.Background()
		}
		r = c.begin(opAcquire, key)
		if rec, err = h.Acquire(ctx); err != nil {
			r.end(expired)
			if ctx.Err() == nil {
				return false, unexpected(opAcquire, err)
			}
			return false, nil
		}
	default:
		r = c.begin(opAcquire, key)
		if rec, err = h.Acquire(context.Background()); err != nil {
			return false, unexpected(opAcquire, err)
		}
	}
	told := culprit(rec)
	if !outermost {
		told = 0 // Recovery goes on to tell who died
		if op(r.op) == opAcquire && rec.Recovered() {
			return false, errors.New("an inner Acquire returned a Recovery")
		}
	}
	r.end(did, told, guard(guards, key).Load())
	return true, nil
}

// leaveRLock releases the outermost.
func leaveRLock(c *client, h *psync.Holder, guards *shm.RawArray[int64], key int) error {
	g := guard(guards, key)
	n := g.Load() + 1
	g.Store(n)
	r := c.begin(opUnlock, key, n)
	if err := h.Release(); err != nil {
		return unexpected(opUnlock, err)
	}
	r.end(did)
	return nil
}

func strayRelease(c *client, h *psync.Holder, key int) error {
	r := c.begin(opStray, key)
	switch err := h.Release(); {
	case err == nil:
		r.end(did)
	case errors.Is(err, psync.ErrNotOwner):
		r.end(refused)
	default:
		return unexpected(opStray, err)
	}
	return nil
}

func rlockParts(events []event) []part {
	return split(lockExcuse.apply(events), lockKeys, func(int) porcupine.Model { return lockModel(true).porcupine() })
}

func TestRLock(t *testing.T) {
	run(t, &kind[rlocks]{
		name:   "RLock",
		work:   rlockWork,
		calls:  100,
		points: []string{"lock.", "unlock.", "rlock."},
		fresh:  newRLocks,
		shut:   rlocks.close,
		parts:  rlockParts,
		states: func(o rlocks) string { return fmt.Sprint(o.Locks) },
		probe: func(c *client, o rlocks) error {
			for key, l := range o.Locks {
				h := l.Holder()
				r := c.begin(opTry, key)
				if !h.TryLock() {
					r.end(refused)
					continue
				}
				r.end(did, culprit(h.Recovery()), guard(o.Guards, key).Load())
				if err := leaveRLock(c, h, o.Guards, key); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func TestRLockModel(t *testing.T) {
	take := func(proc int, from, to int64, died, n int64) event {
		return by(proc, from, to, opLock, gave(died, n))
	}
	leave := func(proc int, from, to int64, n int64) event { return by(proc, from, to, opUnlock, gave(), n) }
	inner := func(proc int, from, to int64) event { return by(proc, from, to, opUnlock, gave()) }
	of := func(client int, e event) event { e.Client = client; return e }
	tell(t, rlockParts, []story{
		{"again and again", true, []event{take(1, 0, 1, 0, 0), take(1, 2, 3, 0, 0), by(2, 3, 20, opLock, gave(0, 1)), inner(1, 4, 5), by(3, 6, 7, opTry, not(refused)), leave(1, 8, 9, 1), leave(2, 21, 22, 2)}},
		{"released too early", false, []event{take(1, 0, 1, 0, 0), take(1, 2, 3, 0, 0), inner(1, 4, 5), by(2, 6, 7, opTry, gave(0, 0)), leave(1, 8, 9, 1)}},
		{"released too late", false, []event{take(1, 0, 1, 0, 0), take(1, 2, 3, 0, 0), inner(1, 4, 5), leave(1, 6, 7, 1), by(2, 8, 9, opTry, not(refused))}},
		{"two holders of a process", false, []event{of(1, take(1, 0, 1, 0, 0)), of(2, take(1, 2, 3, 0, 0)), of(1, leave(1, 4, 5, 1)), of(2, leave(1, 6, 7, 2))}},
		{"two holders of a process, in turns", true, []event{of(1, take(1, 0, 1, 0, 0)), of(2, by(1, 2, 3, opTry, not(refused))), of(1, leave(1, 4, 5, 1)), of(2, take(1, 2, 7, 0, 1))}},
		{"a holder that can't re-enter", false, []event{take(1, 0, 1, 0, 0), by(1, 2, 3, opTry, not(refused)), leave(1, 4, 5, 1)}},
		{"killed deep inside", true, []event{take(1, 0, 1, 0, 0), take(1, 2, 3, 0, 0), killed(1, 4, opLock), died(1, 5, 9), take(2, 6, 8, 1, 0), take(2, 10, 11, 0, 0)}},
		{"killed deep inside, and only one level is freed", false, []event{take(1, 0, 1, 0, 0), take(1, 2, 3, 0, 0), died(1, 5, 9), by(2, 10, 11, opTry, not(refused))}},
		{"killed inside, and the inner Lock is told too", false, []event{take(1, 0, 1, 0, 0), died(1, 5, 9), take(2, 6, 8, 1, 0), take(2, 10, 11, 1, 0)}},
		{"killed in an inner Unlock, and it is free without a word", false, []event{take(1, 0, 1, 0, 0), take(1, 2, 3, 0, 0), killed(1, 4, opUnlock), died(1, 5, 9), take(2, 10, 11, 0, 0)}},
		{"killed in the outermost Unlock", true, []event{take(1, 0, 1, 0, 0), killed(1, 4, opUnlock, 1), died(1, 5, 9), take(2, 6, 8, 0, 1)}},
		{"a stray Release", true, []event{take(1, 0, 1, 0, 0), of(2, by(1, 2, 3, opStray, not(refused))), leave(1, 4, 5, 1)}},
		{"a stray Release that releases", false, []event{take(1, 0, 1, 0, 0), of(2, by(1, 2, 3, opStray, gave())), leave(1, 4, 5, 1)}},
	})
}
