package object

import (
	"fmt"
	"math"

	"github.com/multiproc-go/multiproc/py"
)

// condition is a shared threading.Condition. A waiter is first in waiting; notify moves it behind those who wait for the lock, with the lock's depth that it had, so it wakes up
// when it holds the lock again, and the order of the waits is the order of the wake-ups. All of it is guarded by the mutex of the latch.
//
// A notified waiter whose caller is gone passes the notification on, but only to somebody who was waiting when notify was called: it is as if the one who is gone had been
// gone then. For that waiters are numbered, and notified ones know up to whom they were chosen from.
type condition struct {
	latch *latch
	lock  *Ref // whose latch it is; nil: the condition's own RLock

	waiting  waitList
	arrivals uint64 // how many waits there were: a waiter's came is the number before it, its until that at the notify
}

// ConditionType is the typeid Condition: m.Condition([lock]).
var ConditionType = &Type{
	Name:    "Condition",
	Proxy:   proxy("ConditionProxy"),
	Exposed: []string{"acquire", "release", "wait", "notify", "notify_all", "locked"},
	Methods: map[string]Method{
		"acquire":    on((*condition).acquire),
		"release":    on((*condition).release),
		"wait":       on((*condition).wait),
		"notify":     on((*condition).notify),
		"notify_all": on((*condition).notifyAll),
		"locked":     on((*condition).locked),
	},
	New: newCondition,
}

var (
	conditionNew       = Function("Condition.__init__", "lock=")
	conditionWait      = Function("Condition.wait", "timeout=")
	conditionNotify    = Function("Condition.notify", "n=")
	conditionNotifyAll = Function("Condition.notify_all")
	conditionLocked    = Function("Condition.locked")
)

func newCondition(c *Call) (Object, error) {
	var v py.Value
	if err := conditionNew.Parse(c, &v); err != nil {
		return nil, err
	}
	if v == nil {
		return &condition{latch: &latch{reentrant: true}}, nil
	}
	ref, ok := v.(*Ref)
	if !ok {
		return nil, py.AttributeError("'%s' object has no attribute 'acquire'", py.TypeName(v))
	}
	switch o := ref.Node.Object.(type) {
	case *lock:
		return &condition{latch: &o.latch, lock: ref}, nil
	case *rlock:
		return &condition{latch: &o.latch, lock: ref}, nil
	case *condition:
		return &condition{latch: o.latch, lock: ref}, nil
	default:
		return nil, py.TypeError("a Condition takes a Lock, an RLock or another Condition, not a %s", o.Type().Name)
	}
}

func (co *condition) Type() *Type              { return ConditionType }
func (co *condition) Value() (py.Value, error) { return notPicklable("_thread.RLock") }

func (co *condition) Repr() (string, error) {
	co.latch.mu.Lock()
	defer co.latch.mu.Unlock()
	return fmt.Sprintf("<Condition at %p, %d waiting>", co, co.waiting.live()), nil
}

// Holdings are those of the lock, and then those who wait to be notified.
func (co *condition) Holdings() []Holding {
	hs := co.latch.holdings()
	co.latch.mu.Lock()
	defer co.latch.mu.Unlock()
	return co.waiting.appendTo(hs)
}

func (co *condition) acquire(c *Call) (py.Value, error) {
	did, again, err := acquireLatch(co.latch, co, "Condition.acquire", c)
	return acquired(did, again, c), err
}

func (co *condition) release(c *Call) (py.Value, error) {
	args := lockRelease
	if co.latch.reentrant {
		args = rlockRelease
	}
	if err := args.Parse(c); err != nil {
		return nil, err
	}
	return nil, co.latch.release(c)
}

func (co *condition) locked(c *Call) (py.Value, error) {
	if err := conditionLocked.Parse(c); err != nil {
		return nil, err
	}
	return co.latch.locked(), nil
}

// owned is nil if the caller may call a method that needs the lock.
func (co *condition) owned(c *Caller, method string) error {
	if !co.latch.held(c) {
		return py.RuntimeError("cannot %s on un-acquired lock", method)
	}
	return nil
}

func (co *condition) wait(c *Call) (py.Value, error) {
	var timeout py.Value
	if err := conditionWait.Parse(c, &timeout); err != nil {
		return nil, err
	}
	l := co.latch
	l.mu.Lock()
	err := co.owned(c.Caller, "wait")
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	lim, err := waitLimit(timeout)
	if err != nil {
		return nil, err
	}
	w, done := newWaiter(c, co, "Condition.wait")
	defer done()

	l.mu.Lock()
	defer l.mu.Unlock()
	if err := co.owned(c.Caller, "wait"); err != nil { // another caller may have released a Lock
		return nil, err
	}
	w.n, w.came = l.depth, co.arrivals
	co.arrivals++
	co.waiting.push(w)
	l.drop(c.Caller)
	l.mu.Unlock()
	w.sleep(lim)
	l.mu.Lock()
	if w.in == &co.waiting && w.ctx.Err() == nil { // its time is up
		w.leave()
		l.join(w)
	}
	if w.in == &l.waiters { // Python has no limit for this part either
		l.mu.Unlock()
		w.sleep(forever)
		l.mu.Lock()
	}

	switch w.end() {
	case granted:
		l.own(c.Caller)
		caller, turn := c.Caller, l.turn
		c.Undo = func() { co.undo(caller, turn, w) }
		if c.Python2 {
			return nil, nil
		}
		return w.until > 0, nil
	case tooLate:
		l.pass()
	}
	co.passOn(w)
	return nil, ErrGone
}

// undo is for a wait of which nobody has heard that it is over.
func (co *condition) undo(c *Caller, turn uint64, w *waiter) {
	co.latch.undo(c, turn)
	co.latch.mu.Lock()
	defer co.latch.mu.Unlock()
	co.passOn(w)
}

// passOn gives the notification of a waiter who can't make use of it to another one. The mutex must be held.
func (co *condition) passOn(w *waiter) {
	if next := co.waiting.head(); next != nil && next.came < w.until {
		co.tell(next, w.until)
	}
}

// tell notifies a waiter, who was one of the first until who came. The mutex must be held.
func (co *condition) tell(w *waiter, until uint64) {
	w.leave()
	w.until = until
	co.latch.join(w)
}

// tellAll notifies the first n waiters. The mutex must be held.
func (co *condition) tellAll(n int64) {
	for ; n > 0; n-- {
		w := co.waiting.head()
		if w == nil {
			return
		}
		co.tell(w, co.arrivals)
	}
}

func (co *condition) notify(c *Call) (py.Value, error) {
	var v py.Value = int64(1)
	if err := conditionNotify.Parse(c, &v); err != nil {
		return nil, err
	}
	co.latch.mu.Lock()
	defer co.latch.mu.Unlock()
	if err := co.owned(c.Caller, "notify"); err != nil {
		return nil, err
	}
	if co.waiting.head() == nil {
		return nil, nil // nobody looks at n
	}
	if some, err := compareInt(py.Gt, v, 0); err != nil || !some {
		return nil, err
	}
	if f, ok := v.(float64); ok {
		v = int64(math.Ceil(min(f, math.MaxInt32)))
	}
	n, err := wholeNumber(v)
	if err != nil {
		return nil, err
	}
	co.tellAll(n)
	return nil, nil
}

func (co *condition) notifyAll(c *Call) (py.Value, error) {
	if err := conditionNotifyAll.Parse(c); err != nil {
		return nil, err
	}
	co.latch.mu.Lock()
	defer co.latch.mu.Unlock()
	if err := co.owned(c.Caller, "notify"); err != nil {
		return nil, err
	}
	co.tellAll(int64(co.waiting.Len()))
	return nil, nil
}
