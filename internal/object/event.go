package object

import (
	"fmt"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// event is a shared threading.Event.
type event struct {
	mu      sync.Mutex
	set     bool
	waiters waitList // empty if it is set
}

// EventType is the typeid Event: m.Event().
var EventType = &Type{
	Name:    "Event",
	Proxy:   proxy("EventProxy"),
	Exposed: []string{"is_set", "set", "clear", "wait"},
	Methods: map[string]Method{
		"is_set": on((*event).isSet),
		"set":    on((*event).setIt),
		"clear":  on((*event).clear),
		"wait":   on((*event).wait),
	},
	New: newEvent,
}

var (
	eventNew   = Function("Event.__init__")
	eventIsSet = Function("Event.is_set")
	eventSet   = Function("Event.set")
	eventClear = Function("Event.clear")
	eventWait  = Function("Event.wait", "timeout=")
)

func newEvent(c *Call) (Object, error) {
	if err := eventNew.Parse(c); err != nil {
		return nil, err
	}
	return &event{}, nil
}

func (e *event) Type() *Type              { return EventType }
func (e *event) Value() (py.Value, error) { return notPicklable("_thread.lock") }

func (e *event) Repr() (string, error) {
	state := "unset"
	if e.peek() {
		state = "set"
	}
	return fmt.Sprintf("<threading.Event at %p: %s>", e, state), nil
}

func (e *event) Holdings() []Holding {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.waiters.appendTo(nil)
}

func (e *event) peek() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.set
}

func (e *event) isSet(c *Call) (py.Value, error) {
	if err := eventIsSet.Parse(c); err != nil {
		return nil, err
	}
	return e.peek(), nil
}

func (e *event) setIt(c *Call) (py.Value, error) {
	if err := eventSet.Parse(c); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.set = true
	e.waiters.wake(func(*waiter) {})
	return nil, nil
}

func (e *event) clear(c *Call) (py.Value, error) {
	if err := eventClear.Parse(c); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.set = false
	return nil, nil
}

// wait is true also for those whom a set has woken and who come too late to see it, because of a clear.
func (e *event) wait(c *Call) (py.Value, error) {
	var timeout py.Value
	if err := eventWait.Parse(c, &timeout); err != nil {
		return nil, err
	}
	if e.peek() {
		return true, nil
	}
	lim, err := waitLimit(timeout)
	if err != nil || lim == 0 {
		return false, err
	}
	w, done := newWaiter(c, e, "Event.wait")
	defer done()
	e.mu.Lock()
	if e.set {
		e.mu.Unlock()
		return true, nil
	}
	e.waiters.push(w)
	e.mu.Unlock()
	w.sleep(lim)

	e.mu.Lock()
	defer e.mu.Unlock()
	switch w.end() {
	case granted:
		return true, nil
	case expired:
		return false, nil
	}
	return nil, ErrGone
}
