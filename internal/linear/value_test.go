//go:build linux

package linear

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// values are what a round of TestValue is about: a pair with the lock of its own, two that share a lock, and a number.
type values struct {
	Pairs  []*shm.Value[pair]
	Shared []*psync.Lock // of pairs 1 and 2
	Number *shm.Value[int64]
}

// pair is whole when A == B.
type pair struct{ A, B int64 }

const (
	valueKeys = 4
	numberKey = 3
)

func newValues() (o values, err error) {
	l, err := psync.NewLock()
	if err != nil {
		return o, err
	}
	o.Shared = []*psync.Lock{l}
	for key := range numberKey {
		var opts []shm.Option
		if key > 0 {
			opts = append(opts, shm.WithLock(l))
		}
		v, err := shm.NewValue(pair{}, opts...)
		if err != nil {
			return o, err
		}
		o.Pairs = append(o.Pairs, v)
	}
	o.Number, err = shm.NewValue(int64(0))
	return o, err
}

func (o values) close() {
	for _, v := range o.Pairs {
		v.Close()
	}
	o.Shared[0].Close()
	o.Number.Close()
}

var valueWork = register("value", func(c *client, o values) error {
	for c.more(1) {
		key := []int{0, 0, 0, 1, 2, numberKey}[c.rng.IntN(6)]
		x := 1 + c.rng.Int64N(1<<40) // whoever reads it knows who wrote it
		var err error
		if key == numberKey {
			err = callNumber(c, o.Number, x)
		} else {
			err = callPair(c, o.Pairs[key], key, x)
		}
		if err != nil {
			return err
		}
		c.pause()
	}
	return nil
})

func callPair(c *client, v *shm.Value[pair], key int, x int64) error {
	var saw pair
	var err error
	var r *record
	write := func(p *pair) {
		saw = *p
		setWord(&p.A, x)
		c.linger()
		setWord(&p.B, x)
	}
	switch c.rng.IntN(8) {
	case 0, 1:
		r = c.begin(opLoad, key)
		saw, err = v.Load()
	case 2:
		r = c.begin(opStore, key, x)
		err = v.Store(pair{x, x})
		saw = pair{}
	case 3, 4, 5:
		r = c.begin(opUpdate, key, x)
		err = v.Update(write)
	case 6:
		ctx, cancel := c.soon()
		defer cancel()
		r = c.begin(opUpdate, key, x)
		if err = v.UpdateContext(ctx, write); err != nil && ctx.Err() != nil && !errors.Is(err, shm.ErrOwnerDied) {
			r.end(expired)
			return nil
		}
	default:
		if c.rng.IntN(4) == 0 {
			return panicInside(c, v, key, x)
		}
		r = c.begin(opRepair, key, x)
		err = v.Repair(write)
	}
	if !finish(r, err, saw.A, saw.B) {
		return unexpected(op(r.op), err)
	}
	if err != nil && c.rng.IntN(2) == 0 && c.more(1) { // or rounds would soon be nothing but refusals
		r := c.begin(opRepair, key, -x)
		x = -x
		if err := v.Repair(write); !finish(r, err, saw.A, saw.B) {
			return unexpected(opRepair, err)
		}
	}
	return nil
}

// panicInside leaves the value half-written, and lives.
func panicInside(c *client, v *shm.Value[pair], key int, x int64) (err error) {
	r := c.begin(opPanic, key, x)
	var saw pair
	inside := false
	defer func() {
		if inside {
			recover()
			err = nil
			r.end(did, saw.A, saw.B)
		}
	}()
	err = v.Update(func(p *pair) {
		inside = true
		saw = *p
		setWord(&p.A, x)
		panic("half-way")
	})
	if !finish(r, err) {
		return unexpected(opPanic, err)
	}
	return nil
}

func callNumber(c *client, v *shm.Value[int64], x int64) error {
	var saw int64
	var err error
	var r *record
	switch c.rng.IntN(6) {
	case 0:
		r = c.begin(opLoad, numberKey)
		saw, err = v.Load()
	case 1:
		r = c.begin(opStore, numberKey, x)
		err = v.Store(x)
	case 2:
		r = c.begin(opRepair, numberKey, x)
		err = v.Repair(func(n *int64) { saw = *n; *n = x })
	default:
		r = c.begin(opAdd, numberKey, x)
		saw, err = shm.Add(v, x)
	}
	if !finish(r, err, saw, saw) {
		return unexpected(op(r.op), err)
	}
	return nil
}

// linger makes it likelier to be killed here.
func (c *client) linger() {
	switch c.rng.IntN(8) {
	case 0, 1:
		for range c.rng.IntN(20_000) {
			runtime.KeepAlive(c)
		}
	case 2:
		time.Sleep(time.Duration(c.rng.Int64N(int64(200 * time.Microsecond))))
	}
}

// setWord is a store that the compiler neither drops nor moves.
func setWord(p *int64, x int64) { atomic.StoreInt64(p, x) }

var pidOf = regexp.MustCompile(`\(pid (\d+)\)`)

// finish records how a call of a Value ended. It reports whether that is a way in which it may end.
func finish(r *record, err error, out ...int64) bool {
	switch {
	case err == nil:
		r.end(did, out...)
	case errors.Is(err, shm.ErrOwnerDied):
		pid := int64(someone)
		if m := pidOf.FindStringSubmatch(err.Error()); m != nil {
			pid, _ = strconv.ParseInt(m[1], 10, 64)
		}
		r.end(poisoned, pid)
	default:
		return false
	}
	return true
}

// valueState is a Value. Processes are numbered by holderOf.
type valueState struct {
	A, B   int64
	Half   int // who left it half-written
	Inside int // who will die inside: nobody else gets in until then
}

// valueModel is a pair, or a number, which is a pair of equals that is never half-written in the middle.
var valueModel = model[valueState]{
	step: func(s valueState, in call, out result) []valueState {
		me, x := holderOf(in.Proc), in.In[0]
		now := pair{s.A, s.B}
		then := pair{x, x}
		number := in.Key == numberKey
		if in.Op == opAdd {
			then = pair{s.A + x, s.B + x}
		}
		switch {
		case s.Inside != 0:
			return nil
		case out.Open && s.Half != 0 && in.Op != opRepair:
			s.Inside = me // it was to be refused, and is blamed when it dies with the lock before that
			return []valueState{s}
		case out.Open && in.Op == opLoad:
			return nil
		case out.Open:
			next := []valueState{{A: x, B: s.B, Inside: me}, {A: now.A, B: now.B, Inside: me}, {A: then.A, B: then.B, Inside: me}, {A: then.A, B: then.B}}
			switch {
			case in.Op == opPanic:
				next = append(next[:2], valueState{A: x, B: s.B, Half: me})
			case number:
				next = next[1:]
			case in.Op == opStore:
				next = append(next, valueState{A: s.A, B: x, Inside: me}) // the order of its two stores is the compiler's
			}
			return next
		case out.Verdict == poisoned:
			if s.Half != 0 && in.Op != opRepair && (out.Out[0] == someone || holderOf(int(out.Out[0])) == s.Half) {
				return []valueState{s}
			}
			return nil
		case in.Op == opRepair:
			if saw(out, now) {
				return []valueState{{A: x, B: x}}
			}
			return nil
		case s.Half != 0:
			return nil
		}
		switch in.Op {
		case opLoad:
			if saw(out, now) {
				return []valueState{s}
			}
		case opStore:
			return []valueState{{A: x, B: x}}
		case opAdd:
			if saw(out, then) {
				return []valueState{{A: then.A, B: then.B}}
			}
		case opUpdate:
			if saw(out, now) {
				return []valueState{{A: x, B: x}}
			}
		case opPanic:
			if saw(out, now) {
				return []valueState{{A: x, B: s.B, Half: me}}
			}
		}
		return nil
	},
	death: func(s valueState, proc int) []valueState {
		if s.Inside == holderOf(proc) {
			s.Half, s.Inside = s.Inside, 0
		}
		return []valueState{s}
	},
}

func saw(out result, p pair) bool { return out.Out[0] == p.A && out.Out[1] == p.B }

func valueParts(events []event) []part {
	return split(excuse{}.apply(events), valueKeys, func(int) porcupine.Model { return valueModel.porcupine() })
}

func TestValue(t *testing.T) {
	run(t, &kind[values]{
		name:   "Value",
		work:   valueWork,
		calls:  60,
		points: []string{"lock.", "unlock."},
		fresh:  newValues,
		shut:   values.close,
		parts:  valueParts,
		states: func(o values) string { return fmt.Sprint(o.Pairs, o.Number) },
		probe: func(c *client, o values) error {
			for key, v := range o.Pairs {
				r := c.begin(opLoad, key)
				p, err := v.Load()
				if !finish(r, err, p.A, p.B) {
					return err
				}
				r = c.begin(opRepair, key, 7)
				err = v.Repair(func(q *pair) { p = *q; *q = pair{7, 7} })
				if !finish(r, err, p.A, p.B) {
					return err
				}
			}
			r := c.begin(opLoad, numberKey)
			n, err := o.Number.Load()
			if !finish(r, err, n, n) {
				return err
			}
			l := o.Shared[0]
			_, err = l.Acquire(context.Background())
			if err == nil {
				l.Unlock()
			}
			return err
		},
	})
}

func TestValueModel(t *testing.T) {
	load := func(proc int, from, to int64, a, b int64) event { return by(proc, from, to, opLoad, gave(a, b)) }
	store := func(proc int, from, to int64, x int64) event { return by(proc, from, to, opStore, gave(), x) }
	update := func(proc int, from, to int64, x, a int64) event { return by(proc, from, to, opUpdate, gave(a, a), x) }
	refuse := func(proc int, from, to int64, o op, who int64) event {
		return by(proc, from, to, o, not(poisoned, who), 9)
	}
	repair := func(proc int, from, to int64, x, a, b int64) event {
		return by(proc, from, to, opRepair, gave(a, b), x)
	}
	number := func(e event) event { e.Key = numberKey; return e }
	tell(t, valueParts, []story{
		{"one after the other", true, []event{store(1, 0, 1, 5), load(2, 2, 3, 5, 5), update(2, 4, 5, 6, 5), load(1, 6, 7, 6, 6)}},
		{"at once", true, []event{store(1, 0, 5, 5), load(2, 1, 2, 0, 0), load(2, 3, 4, 5, 5)}},
		{"a stale read", false, []event{store(1, 0, 1, 5), load(2, 2, 3, 0, 0)}},
		{"back in time", false, []event{store(1, 0, 9, 5), load(2, 1, 2, 5, 5), load(2, 3, 4, 0, 0)}},
		{"a torn read", false, []event{store(1, 0, 9, 5), load(2, 1, 2, 5, 0)}},
		{"a lost update", false, []event{update(1, 0, 5, 1, 0), update(2, 1, 6, 2, 0)}},
		{"a lost addition", false, []event{number(by(1, 0, 5, opAdd, gave(3, 3), 3)), number(by(2, 1, 6, opAdd, gave(4, 4), 4))}},
		{"additions", true, []event{number(by(1, 0, 5, opAdd, gave(7, 7), 3)), number(by(2, 1, 6, opAdd, gave(4, 4), 4))}},
		{"killed in Update, no effect", true, []event{killed(1, 0, opUpdate, 5), died(1, 1, 4), load(2, 5, 6, 0, 0)}},
		{"killed in Update, all of it", true, []event{killed(1, 0, opUpdate, 5), died(1, 1, 4), load(2, 5, 6, 5, 5)}},
		{"killed in Update, half of it", true, []event{killed(1, 0, opUpdate, 5), died(1, 1, 4), refuse(2, 2, 6, opLoad, 1), repair(2, 7, 8, 6, 5, 0), load(3, 9, 10, 6, 6)}},
		{"half of it, which nobody could have written", false, []event{killed(1, 0, opUpdate, 5), died(1, 1, 4), refuse(2, 2, 6, opLoad, 1), repair(2, 7, 8, 6, 0, 5)}},
		{"half of it, and a reader gets it", false, []event{killed(1, 0, opUpdate, 5), died(1, 1, 4), load(2, 5, 6, 5, 0)}},
		{"half of it, and it is forgotten", false, []event{killed(1, 0, opUpdate, 5), died(1, 1, 4), refuse(2, 2, 6, opLoad, 1), load(2, 7, 8, 0, 0)}},
		{"half of it, and another is blamed", false, []event{killed(1, 0, opUpdate, 5), died(3, 0, 1), died(1, 1, 4), refuse(2, 2, 6, opLoad, 3)}},
		{"an effect after the death", false, []event{killed(1, 0, opStore, 5), died(1, 1, 4), load(2, 5, 6, 0, 0), load(2, 7, 8, 5, 5)}},
		{"refused though nobody was inside", false, []event{store(1, 0, 1, 5), died(1, 2, 4), refuse(2, 5, 6, opLoad, 1)}},
		{"refused before the death", false, []event{killed(1, 0, opUpdate, 5), refuse(2, 2, 3, opLoad, 1), died(1, 4, 5)}},
		{"somebody got in before the death", false, []event{killed(1, 0, opUpdate, 5), load(2, 2, 3, 5, 5), died(1, 4, 5), refuse(2, 6, 7, opLoad, 1)}},
		{"killed in Load", true, []event{killed(1, 0, opLoad), died(1, 1, 4), load(2, 5, 6, 0, 0)}},
		{"killed in Load, and refused", false, []event{killed(1, 0, opLoad), died(1, 1, 4), refuse(2, 5, 6, opLoad, 1)}},
		{"killed in Repair", true, []event{by(1, 0, 1, opPanic, gave(0, 0), 5), refuse(2, 2, 3, opLoad, 1), killed(3, 4, opRepair, 6), died(3, 5, 7), refuse(2, 8, 9, opLoad, 3), repair(2, 10, 11, 7, 6, 0), load(1, 12, 13, 7, 7)}},
		{"killed before it was refused", true, []event{by(1, 0, 1, opPanic, gave(0, 0), 5), killed(2, 2, opUpdate, 6), died(2, 3, 4), refuse(3, 5, 6, opLoad, 2), repair(3, 7, 8, 7, 5, 0)}},
		{"the same, in Load", true, []event{killed(1, 0, opUpdate, 6), died(1, 1, 4), killed(2, 2, opLoad), died(2, 3, 5), refuse(3, 6, 7, opLoad, 2), repair(3, 8, 9, 7, 6, 0)}},
		{"killed instead of being refused, and the refusals end", false, []event{by(1, 0, 1, opPanic, gave(0, 0), 5), killed(2, 2, opUpdate, 6), died(2, 3, 4), load(3, 5, 6, 6, 6)}},
		{"a panic that nobody hears of", false, []event{by(1, 0, 1, opPanic, gave(0, 0), 5), load(2, 2, 3, 5, 0)}},
	})
}
