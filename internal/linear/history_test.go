//go:build linux

package linear

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// op is a method, or what else can happen.
type op uint32

const (
	opNone op = iota
	opDeath
	opLock
	opTry
	opAcquire
	opUnlock
	opStray // a release of what the caller does not hold
	opLoad
	opStore
	opUpdate
	opPanic // an Update whose function panics half-way
	opRepair
	opAdd
	opRelease
	opCount
	opPut
	opTryPut
	opGet
	opTryGet
	opLen
	opHeld
	opShut
)

var opNames = [...]string{"none", "death", "Lock", "try", "Acquire", "Unlock", "stray Unlock", "Load", "Store", "Update", "panic in Update", "Repair", "Add", "Release", "Value",
	"Put", "TryPut", "Get", "TryGet", "Len", "Held", "Close"}

func (o op) String() string { return opNames[o] }

// verdict is how a call ended.
type verdict uint32

const (
	did      verdict = iota
	refused          // false, ErrNotOwner, ErrFull, ErrEmpty: the method's way to say that it could not
	expired          // the context ended: no effect
	poisoned         // ErrOwnerDied
	shut             // ErrClosed
)

var verdictNames = [...]string{"", "refused", "expired", "ErrOwnerDied", "ErrClosed"}

// record is one call in shared memory, where it survives its caller. Only the caller writes it, and the test reads it when he is dead.
//
//	call     monotonic ns before the call; 0: no record. Written after what is called, and before it is.
//	ret      ns after it; 0: it has not returned. Written after what came of it.
//	op, key  what was called, and on which object
//	in, out  arguments and results, which the models interpret
type record struct {
	call, ret atomic.Int64
	op        uint32
	key       uint32
	in        [2]int64
	out       [2]int64
	verdict   uint32
	_         uint32
}

// control is what the test tells the workers of a round.
type control struct{ run, stop atomic.Uint32 }

// client is one goroutine of a worker, or of the test, that calls and records.
type client struct {
	ctx   context.Context // ends when the round stops
	rng   *rand.Rand
	ctl   *control
	log   []record
	n     int
	alone bool          // no other client calls in its process
	pace  time.Duration // the longest pause between two calls
}

// more reports whether there is time, and room for n more calls.
func (c *client) more(n int) bool { return c.ctl.stop.Load() == 0 && c.n+n <= len(c.log) }

// begin records that a call begins.
func (c *client) begin(o op, key int, in ...int64) *record {
	r := &c.log[c.n]
	c.n++
	r.op, r.key = uint32(o), uint32(key)
	copy(r.in[:], in)
	r.call.Store(sys.Monotonic())
	return r
}

// end records how it ended.
func (r *record) end(v verdict, out ...int64) {
	now := sys.Monotonic()
	copy(r.out[:], out)
	r.verdict = uint32(v)
	r.ret.Store(now)
}

// pause lets others go on, or not.
func (c *client) pause() {
	if c.pace == 0 {
		return
	}
	d := time.Duration(c.rng.Int64N(int64(c.pace)))
	if d > 20*time.Microsecond {
		time.Sleep(d)
		return
	}
	for end := sys.Monotonic() + int64(d); sys.Monotonic() < end; {
		runtime.KeepAlive(c)
	}
}

// soon is a context for a call that waits: mostly a short one, so that some waits are given up.
func (c *client) soon() (context.Context, context.CancelFunc) {
	most := []time.Duration{50 * time.Microsecond, time.Millisecond, 4 * time.Millisecond, time.Hour}[c.rng.IntN(4)]
	return context.WithTimeout(c.ctx, time.Duration(c.rng.Int64N(int64(most))))
}

// call is the input of a history's operation.
type call struct {
	Op     op
	Proc   int // 0 is the test's own process
	Client int
	Key    int // -1: every object
	In     [2]int64
}

// result is its output.
type result struct {
	Open    bool // the caller was killed: nothing is known
	Verdict verdict
	Out     [2]int64
}

// event is an operation of a history.
type event struct {
	call
	result
	from, to int64
}

func (e event) overlaps(o event) bool { return e.from <= o.to && o.from <= e.to }

func (e event) String() string {
	return fmt.Sprintf("%9d %9d process %d client %d: %s", e.from, e.to, e.Proc, e.Client, describe(e.call, e.result))
}

func describe(in call, out result) string {
	switch {
	case in.Op == opDeath:
		return fmt.Sprintf("death of %d", in.Proc)
	case out.Open:
		return fmt.Sprintf("%d: %v%v of %d -> killed", in.Proc, in.Op, in.In, in.Key)
	}
	return fmt.Sprintf("%d: %v%v of %d -> %s%v", in.Proc, in.Op, in.In, in.Key, verdictNames[out.Verdict], out.Out)
}

// settle gives open calls their end, when the death of their process is known, or that of the history; it orders the events by their begin, and counts time from
// the first.
func settle(events []event) []event {
	var last, first int64
	known := map[int]int64{}
	for i, e := range events {
		last = max(last, e.from, e.to)
		if i == 0 || e.from < first {
			first = e.from
		}
		if e.Op == opDeath {
			known[e.Proc] = e.to
		}
	}
	out := make([]event, 0, len(events))
	for _, e := range events {
		if e.Open {
			e.to = cmp.Or(known[e.Proc], last)
		}
		e.from, e.to = e.from-first, e.to-first
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b event) int { return cmp.Compare(a.from, b.from) })
	return out
}

const (
	// claimed is how long one waits until an object is reserved for him.
	claimed = time.Millisecond
	// passedOver is how long it stays reserved for a process that does not come.
	passedOver = 250 * time.Millisecond
)

// excuse says which refusals a history can't judge: a call of tries is refused also when the object is kept for, or by, somebody whom the history shows only as one who calls
// one of the others at the same time.
type excuse struct {
	tries, others []op
	// after is how long that call must have gone on to be a reason, or one whose caller was killed before and left its mark.
	after time.Duration
	// lost: it is a reason only where the history can't show that the object was kept for the caller: he gave up, was passed over later because he did not come
	// in time, or is one of several in his process, for which it was kept.
	lost bool
}

// apply leaves out what can't be judged, and the calls whose context ended, which have no effect.
func (x excuse) apply(events []event) []event {
	crowd := map[int]map[int]bool{}
	for _, e := range events {
		if crowd[e.Proc] == nil {
			crowd[e.Proc] = map[int]bool{}
		}
		if e.Op != opDeath {
			crowd[e.Proc][e.Client] = true
		}
	}
	var suspects []event
	for _, e := range events {
		lost := !e.Open && e.Verdict == expired || time.Duration(e.to-e.from) >= passedOver || len(crowd[e.Proc]) > 1
		if slices.Contains(x.others, e.Op) && (lost || !x.lost) {
			suspects = append(suspects, e)
		}
	}
	return slices.DeleteFunc(slices.Clone(events), func(e event) bool {
		switch {
		case e.Open:
			return false
		case e.Verdict == expired:
			return true
		case e.Verdict != refused || !slices.Contains(x.tries, e.Op):
			return false
		}
		waits, long := false, false
		for _, s := range suspects {
			if s.Key == e.Key && s.Client != e.Client && s.from <= e.to {
				waits = waits || s.overlaps(e)
				long = long || time.Duration(e.to-s.from) >= x.after && (s.overlaps(e) || s.Open)
			}
		}
		return waits && long
	})
}
