//go:build linux

package linear

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// locks are what a round of TestLock is about. Each lock guards a number that its holder reads first and then sets to one more, with two plain accesses: so a
// history says in which order the holders came.
type locks struct {
	Locks  []*psync.Lock
	Guards *shm.RawArray[int64]
}

const lockKeys = 2

func newLocks() (o locks, err error) {
	if o.Guards, err = shm.NewRawArray[int64](lockKeys); err != nil {
		return o, err
	}
	for range lockKeys {
		l, err := psync.NewLock()
		if err != nil {
			return o, err
		}
		o.Locks = append(o.Locks, l)
	}
	return o, nil
}

func (o locks) close() {
	o.Guards.Close()
	for _, l := range o.Locks {
		l.Close()
	}
}

// culprit is whom a recovery names, as results have it.
func culprit(rec psync.Recovery) int64 {
	switch {
	case !rec.Recovered():
		return 0
	case rec.PID == 0:
		return someone
	}
	return int64(rec.PID)
}

var lockWork = register("lock", func(c *client, o locks) error {
	for c.more(2) {
		key := c.rng.IntN(lockKeys) * c.rng.IntN(2) // the first one more often
		l := o.Locks[key]
		if c.alone && c.rng.IntN(16) == 0 {
			if err := strayUnlock(c, l, key); err != nil {
				return err
			}
			continue
		}
		held, err := takeLock(c, l, o.Guards, key)
		if err != nil {
			return err
		}
		if held {
			c.pause()
			if c.alone && c.rng.IntN(100) == 0 {
				return nil // the process ends with the lock in its hands
			}
			leaveLock(c, l, o.Guards, key)
		}
		c.pause()
	}
	return nil
})

func takeLock(c *client, l *psync.Lock, guards *shm.RawArray[int64], key int) (held bool, err error) {
	var rec psync.Recovery
	var r *record
	switch c.rng.IntN(4) {
	case 0:
		r = c.begin(opLock, key)
		l.Lock()
		rec = l.Recovery()
	case 1:
		r = c.begin(opTry, key)
		if !l.TryLock() {
			r.end(refused)
			return false, nil
		}
		rec = l.Recovery()
	case 2:
		ctx, cancel := c.soon()
		defer cancel()
		r = c.begin(opAcquire, key)
		if rec, err = l.Acquire(ctx); err != nil {
			r.end(expired)
			if ctx.Err() == nil {
				return false, unexpected(opAcquire, err)
			}
			return false, nil
		}
	default:
		r = c.begin(opAcquire, key)
		if rec, err = l.Acquire(context.Background()); err != nil {
			return false, unexpected(opAcquire, err)
		}
	}
	r.end(did, culprit(rec), guard(guards, key).Load())
	if again := l.Recovery(); again != rec {
		return true, fmt.Errorf("Recovery has changed from %v to %v while the lock was held", rec, again)
	}
	return true, nil
}

func leaveLock(c *client, l *psync.Lock, guards *shm.RawArray[int64], key int) {
	g := guard(guards, key)
	n := g.Load() + 1
	g.Store(n)
	r := c.begin(opUnlock, key, n)
	l.Unlock()
	r.end(did)
}

// strayUnlock releases what this process does not hold.
func strayUnlock(c *client, l *psync.Lock, key int) (err error) {
	r := c.begin(opStray, key)
	defer func() {
		switch e, _ := recover().(error); {
		case e == nil:
			r.end(did)
		case errors.Is(e, psync.ErrNotOwner):
			r.end(refused)
		default:
			err = unexpected(opStray, e)
		}
	}()
	l.Unlock()
	return nil
}

// lockState is a lock, of a round of TestLock or of TestRLock. Processes are numbered by holderOf.
type lockState struct {
	Proc     int   // who holds it, 0: nobody
	Owner    int   // what of that process does: any of it, or one Holder, which is one client
	Depth    int   // how often
	Reserved bool  // for that process, which has not entered
	Died     int   // whom the next holder will be told of
	N        int64 // the number that the lock guards
}

// holderOf is how a state names a process: the number of the test's own is 0.
func holderOf(proc int) int { return proc + 1 }

// lockModel is a lock that either a process owns, once, or one of its clients, again and again.
func lockModel(reentrant bool) model[lockState] {
	enter := func(s lockState, me, owner int, out result) []lockState {
		switch mine := reentrant && s.Proc == me && s.Owner == owner; {
		case out.Open && s.Proc == 0:
			held, reserved := s, s
			held.Proc, held.Owner, held.Depth, held.Died = me, owner, 1, 0
			reserved.Proc, reserved.Reserved = me, true
			return []lockState{held, reserved}
		case out.Open:
			return nil // to re-enter has no effect that others see
		case out.Verdict == refused:
			if s.Proc != 0 && !mine {
				return []lockState{s}
			}
		case s.N != out.Out[1]:
		case s.Proc == 0 && tells(s.Died, out.Out[0]):
			return []lockState{{Proc: me, Owner: owner, Depth: 1, N: s.N}}
		case mine && out.Out[0] == 0:
			s.Depth++
			return []lockState{s}
		}
		return nil
	}
	return model[lockState]{
		step: func(s lockState, in call, out result) []lockState {
			me, owner := holderOf(in.Proc), 0
			if reentrant {
				owner = in.Client
			}
			mine := s.Proc == me && s.Owner == owner
			switch in.Op {
			case opLock, opTry, opAcquire:
				return enter(s, me, owner, out)
			case opUnlock:
				inner, n := in.In[0] == 0, in.In[0]
				switch {
				case !mine || inner != (s.Depth > 1):
				case !inner && s.N == n-1:
					return []lockState{{N: n}}
				case inner:
					s.Depth--
					return []lockState{s}
				}
			case opStray:
				if !out.Open && (out.Verdict == refused) != mine {
					return []lockState{s}
				}
			}
			return nil
		},
		death: func(s lockState, proc int) []lockState {
			switch {
			case s.Proc != holderOf(proc):
				return []lockState{s}
			case s.Reserved:
				return []lockState{{Died: s.Died, N: s.N}}
			}
			return []lockState{{Died: s.Proc, N: s.N}, {Died: s.Proc, N: s.N + 1}}
		},
	}
}

// tells reports whether a recovery names whom the state says.
func tells(died int, named int64) bool {
	return died == 0 && named == 0 || died != 0 && (named == someone || named != 0 && holderOf(int(named)) == died)
}

// lockExcuse: a lock is handed to who has waited for a millisecond.
var lockExcuse = excuse{tries: []op{opTry}, others: []op{opLock, opAcquire}, after: claimed, lost: true}

func lockParts(events []event) []part {
	return split(lockExcuse.apply(events), lockKeys, func(int) porcupine.Model { return lockModel(false).porcupine() })
}

func TestLock(t *testing.T) {
	run(t, &kind[locks]{
		name:   "Lock",
		work:   lockWork,
		calls:  100,
		points: []string{"lock.", "unlock."},
		fresh:  newLocks,
		shut:   locks.close,
		parts:  lockParts,
		states: func(o locks) string { return fmt.Sprint(o.Locks) },
		probe: func(c *client, o locks) error {
			for key, l := range o.Locks {
				r := c.begin(opTry, key)
				if !l.TryLock() {
					r.end(refused)
					continue
				}
				r.end(did, culprit(l.Recovery()), guard(o.Guards, key).Load())
				leaveLock(c, l, o.Guards, key)
			}
			return nil
		},
	})
}

func TestLockModel(t *testing.T) {
	take := func(proc int, from, to int64, died, n int64) event {
		return by(proc, from, to, opLock, gave(died, n))
	}
	leave := func(proc int, from, to int64, n int64) event { return by(proc, from, to, opUnlock, gave(), n) }
	tell(t, lockParts, []story{
		{"in turns", true, []event{take(1, 0, 1, 0, 0), take(2, 0, 5, 0, 1), leave(1, 2, 3, 1), by(3, 2, 4, opTry, not(refused)), leave(2, 6, 7, 2)}},
		{"two inside", false, []event{take(1, 0, 1, 0, 0), take(2, 2, 3, 0, 0), leave(1, 4, 5, 1), leave(2, 6, 7, 2)}},
		{"a lost update", false, []event{take(1, 0, 1, 0, 0), leave(1, 2, 3, 1), take(2, 4, 5, 0, 0), leave(2, 6, 7, 1)}},
		{"a free lock that can't be had", false, []event{take(1, 0, 1, 0, 0), leave(1, 2, 3, 1), by(2, 4, 5, opTry, not(refused))}},
		{"the same, and perhaps it was reserved", true, []event{take(1, 0, 1, 0, 0), by(3, 1, 6*ms, opAcquire, not(expired)), leave(1, 2, 3, 1), by(2, 4*ms, 5*ms, opTry, not(refused))}},
		{"the same, too soon", false, []event{take(1, 0, 1, 0, 0), by(3, 1, 6, opAcquire, not(expired)), leave(1, 2, 3, 1), by(2, 4, 5, opTry, not(refused))}},
		{"killed inside", true, []event{take(1, 0, 1, 0, 0), died(1, 2, 6), take(2, 3, 5, 1, 0), leave(2, 7, 8, 1)}},
		{"killed inside, after its work", true, []event{take(1, 0, 1, 0, 0), died(1, 2, 6), take(2, 3, 5, 1, 1)}},
		{"killed inside, and nobody is told", false, []event{take(1, 0, 1, 0, 0), died(1, 2, 6), take(2, 3, 5, 0, 0)}},
		{"killed inside, and another is blamed", false, []event{take(1, 0, 1, 0, 0), died(3, 1, 2), died(1, 2, 6), take(2, 3, 5, 3, 0)}},
		{"killed inside, twice told", false, []event{take(1, 0, 1, 0, 0), died(1, 2, 6), take(2, 3, 5, 1, 0), leave(2, 7, 8, 1), take(3, 9, 10, 1, 1)}},
		{"taken from the living", false, []event{take(1, 0, 1, 0, 0), take(2, 3, 5, 1, 0), died(1, 6, 7)}},
		{"not free though the death is known", false, []event{take(1, 0, 1, 0, 0), died(1, 2, 6), by(2, 7, 8, opTry, not(refused))}},
		{"killed on its way in", true, []event{killed(1, 0, opLock), died(1, 1, 6), take(2, 3, 5, 0, 0), leave(2, 7, 8, 1)}},
		{"killed just inside", true, []event{killed(1, 0, opLock), died(1, 1, 6), take(2, 3, 5, 1, 0), leave(2, 7, 8, 1)}},
		{"killed when it was handed the lock", true, []event{killed(1, 0, opLock), by(2, 1, 2, opTry, not(refused)), died(1, 3, 6), take(2, 7, 8, 0, 0)}},
		{"an effect after the death", false, []event{killed(1, 0, opLock), died(1, 1, 6), take(2, 7, 8, 0, 0), leave(2, 9, 10, 1), take(3, 11, 12, 1, 1)}},
		{"killed in Unlock, before", true, []event{take(1, 0, 1, 0, 0), killed(1, 2, opUnlock, 1), died(1, 3, 6), take(2, 4, 5, 1, 1)}},
		{"killed in Unlock, after", true, []event{take(1, 0, 1, 0, 0), killed(1, 2, opUnlock, 1), died(1, 3, 6), take(2, 4, 5, 0, 1)}},
		{"killed in Unlock, and its work is lost", false, []event{take(1, 0, 1, 0, 0), killed(1, 2, opUnlock, 1), died(1, 3, 6), take(2, 4, 5, 0, 0)}},
		{"a stray Unlock", true, []event{take(1, 0, 1, 0, 0), by(2, 2, 3, opStray, not(refused)), leave(1, 4, 5, 1)}},
		{"a stray Unlock that releases", false, []event{take(1, 0, 1, 0, 0), by(2, 2, 3, opStray, gave()), leave(1, 4, 5, 1)}},
	})
}

// guard is a number that a lock guards. The accesses are atomic for the compiler's sake only: one at a time reads and writes.
func guard(guards *shm.RawArray[int64], key int) guarded { return guarded{&guards.Slice()[key]} }

type guarded struct{ p *int64 }

func (g guarded) Load() int64   { return atomic.LoadInt64(g.p) }
func (g guarded) Store(x int64) { atomic.StoreInt64(g.p, x) }
