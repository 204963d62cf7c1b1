package object

import (
	"fmt"
	"math"
	"math/big"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// semaphore is a shared threading.Semaphore or BoundedSemaphore. A permit that is released goes directly to who has waited longest.
type semaphore struct {
	initial int64
	bounded bool

	mu      sync.Mutex
	value   int64 // the permits that are there; 0 if anybody waits
	waiters waitList
	owners  permits
}

// SemaphoreType is the typeid Semaphore: m.Semaphore([value]).
var SemaphoreType = &Type{
	Name:    "Semaphore",
	Proxy:   proxy("AcquirerProxy"),
	Exposed: []string{"acquire", "release", "locked"},
	Methods: semaphoreMethods,
	New:     func(c *Call) (Object, error) { return newSemaphore(c, semaphoreNew, false) },
}

// BoundedSemaphoreType is the typeid BoundedSemaphore: m.BoundedSemaphore([value]).
var BoundedSemaphoreType = &Type{
	Name:    "BoundedSemaphore",
	Proxy:   proxy("AcquirerProxy"),
	Exposed: []string{"acquire", "release", "locked"},
	Methods: semaphoreMethods,
	New:     func(c *Call) (Object, error) { return newSemaphore(c, boundedNew, true) },
}

var (
	semaphoreMethods = map[string]Method{
		"acquire": on((*semaphore).acquire),
		"release": on((*semaphore).release),
		"locked":  on((*semaphore).locked),
	}
	semaphoreNew     = Function("Semaphore.__init__", "value=")
	semaphoreAcquire = Function("Semaphore.acquire", "blocking=", "timeout=")
	semaphoreRelease = Function("Semaphore.release", "n=")
	semaphoreLocked  = Function("Semaphore.locked")
	boundedNew       = Function("BoundedSemaphore.__init__", "value=")
	boundedRelease   = Function("BoundedSemaphore.release", "n=")
)

func newSemaphore(c *Call, args *Signature, bounded bool) (Object, error) {
	var value py.Value = int64(1)
	if err := args.Parse(c, &value); err != nil {
		return nil, err
	}
	if less, err := compareInt(py.Lt, value, 0); err != nil {
		return nil, err
	} else if less {
		return nil, py.ValueError("semaphore initial value must be >= 0")
	}
	n, err := wholeNumber(value)
	if err != nil {
		return nil, err
	}
	return &semaphore{initial: n, value: n, bounded: bounded}, nil
}

// wholeNumber is an int as an int64, the nearest one if it is beyond. Python takes floats for the numbers of permits and of notifications too, to no good.
func wholeNumber(v py.Value) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case int:
		return int64(v), nil
	case *big.Int:
		if v.Sign() < 0 {
			return math.MinInt64, nil
		}
		return math.MaxInt64, nil
	}
	return 0, py.NoInteger(v)
}

func (s *semaphore) Type() *Type {
	if s.bounded {
		return BoundedSemaphoreType
	}
	return SemaphoreType
}

// name is that of the type. The methods can't use Type, as that has them in it.
func (s *semaphore) name() string {
	if s.bounded {
		return "BoundedSemaphore"
	}
	return "Semaphore"
}

func (s *semaphore) Value() (py.Value, error) { return notPicklable("_thread.lock") }

func (s *semaphore) Repr() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bounded {
		return fmt.Sprintf("<threading.BoundedSemaphore at %p: value=%d/%d>", s, s.value, s.initial), nil
	}
	return fmt.Sprintf("<threading.Semaphore at %p: value=%d>", s, s.value), nil
}

func (s *semaphore) Holdings() []Holding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiters.appendTo(s.owners.holdings())
}

func (s *semaphore) acquire(c *Call) (py.Value, error) {
	var blocking, timeout py.Value = true, nil
	if err := semaphoreAcquire.Parse(c, &blocking, &timeout); err != nil {
		return nil, err
	}
	wait := py.Truth(blocking)
	if !wait && timeout != nil {
		return nil, py.ValueError("can't specify timeout for non-blocking acquire")
	}
	if s.try(c) {
		return true, nil
	}
	if !wait {
		return false, nil
	}
	lim, err := deadlineLimit(timeout)
	if err != nil || lim == 0 {
		return false, err
	}
	return s.wait(c, lim)
}

func (s *semaphore) try(c *Call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enter(c)
}

// enter takes a permit if there is one. The mutex must be held.
func (s *semaphore) enter(c *Call) bool {
	if s.value == 0 {
		return false
	}
	s.value--
	s.owners.add(c.Caller)
	s.own(c)
	return true
}

// own notes in the caller that it has a permit, which only its own goroutine may do, and how to give it back if the client never hears of it.
func (s *semaphore) own(c *Call) {
	caller := c.Caller
	if caller.Reclaim {
		caller.Own(s)
	}
	c.Undo = func() { s.undo(caller) }
}

func (s *semaphore) wait(c *Call, lim limit) (py.Value, error) {
	w, done := newWaiter(c, s, s.name()+".acquire")
	defer done()
	s.mu.Lock()
	if s.enter(c) {
		s.mu.Unlock()
		return true, nil
	}
	s.waiters.push(w)
	s.mu.Unlock()
	w.sleep(lim)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch w.end() {
	case granted:
		s.own(c)
		return true, nil
	case tooLate:
		s.takeBack(c.Caller)
		return nil, ErrGone
	case gone:
		return nil, ErrGone
	}
	return false, nil
}

func (s *semaphore) undo(c *Caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeBack(c)
}

// takeBack releases a permit of c that nobody has heard of, unless another one has released it. The mutex must be held.
func (s *semaphore) takeBack(c *Caller) {
	if c.Reclaim && !s.owners.has(c) || s.bounded && s.value >= s.initial {
		return
	}
	s.giveBack(c, 1)
	if !s.owners.has(c) {
		c.Disown(s)
	}
}

// giveBack makes n permits of c those of the next ones. The mutex must be held.
func (s *semaphore) giveBack(c *Caller, n int64) {
	s.owners.remove(c, n)
	for ; n > 0; n-- {
		w := s.waiters.pop()
		if w == nil {
			break
		}
		s.owners.add(w.caller)
		w.grant()
	}
	s.value += n
}

func (s *semaphore) release(c *Call) (py.Value, error) {
	n := int64(1)
	if len(c.Args) > 0 || c.Kwargs != nil {
		var err error
		if n, err = s.releaseArg(c); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.bounded && n > s.initial-s.value:
		return nil, py.ValueError("Semaphore released too many times")
	case n > math.MaxInt64-s.value:
		return nil, py.OverflowError("a semaphore has at most 2**63 - 1 permits")
	}
	s.giveBack(c.Caller, n)
	if c.Caller.Reclaim && !s.owners.has(c.Caller) {
		c.Caller.Disown(s)
	}
	return nil, nil
}

// releaseArg is the argument of release(n=1).
func (s *semaphore) releaseArg(c *Call) (int64, error) {
	args := semaphoreRelease
	if s.bounded {
		args = boundedRelease
	}
	var v py.Value = int64(1)
	if err := args.Parse(c, &v); err != nil {
		return 0, err
	}
	if less, err := compareInt(py.Lt, v, 1); err != nil {
		return 0, err
	} else if less {
		return 0, py.ValueError("n must be one or more")
	}
	return wholeNumber(v)
}

func (s *semaphore) locked(c *Call) (py.Value, error) {
	if err := semaphoreLocked.Parse(c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value == 0, nil
}

// Release gives back what c, who is gone, had, as far as permits are missing: who has only taken what others have released, as with a Semaphore(0) that tells of
// events, has nothing that should be there again.
func (s *semaphore) Release(c *Caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.owners.of(c)
	if missing := max(s.initial-s.value, 0); n > missing {
		s.owners.remove(c, n-missing)
		n = missing
	}
	s.giveBack(c, n)
}
