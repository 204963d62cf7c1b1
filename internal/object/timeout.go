package object

import (
	"math"
	"math/big"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// A limit is how long a call may wait: a time.Duration, 0 for not at all, or forever.
type limit time.Duration

const forever limit = -1

// The functions of Python take their timeouts in four ways, which differ in what is an error, in its text, in what less than nothing means, and in whether anybody looks
// at a timeout that turns out not to be needed. A NaN means for ever where Python would try again and again until it has succeeded.

// noSeconds is the TypeError for an instance of a class that is not known here. In Python it may be a number, as numpy's are.
func noSeconds(timeout py.Value) error {
	if _, ok := timeout.(*py.Object); ok {
		return py.TypeError("a timeout must be a number, and the class %s is not known here; pass float(x) instead", py.TypeName(timeout))
	}
	return nil
}

// lockLimit is the timeout of Lock.acquire and RLock.acquire, -1 if it was not given. They refuse what is wrong with it before they look at the lock.
func lockLimit(blocking bool, timeout py.Value) (limit, error) {
	if err := noSeconds(timeout); err != nil {
		return 0, err
	}
	s, ok := secondsOf(timeout)
	if !ok {
		return 0, py.NoInteger(timeout)
	}
	if s.isNaN() {
		return 0, py.ValueError("Invalid value NaN (not a number)")
	}
	d, err := s.duration()
	switch {
	case err != nil:
		return 0, err
	case !blocking && d != -limit(time.Second):
		return 0, py.ValueError("can't specify a timeout for a non-blocking call")
	case !blocking:
		return 0, nil
	case d == -limit(time.Second):
		return forever, nil
	case d < 0:
		return 0, py.ValueError("timeout value must be a non-negative number")
	}
	return d, nil
}

// waitLimit is the timeout of Condition.wait and Event.wait: None, or anything that can be compared with 0.
func waitLimit(timeout py.Value) (limit, error) {
	if timeout == nil {
		return forever, nil
	}
	if err := noSeconds(timeout); err != nil {
		return 0, err
	}
	if more, err := py.Compare(py.Gt, timeout, int64(0)); err != nil || !more {
		return 0, err
	}
	s, ok := secondsOf(timeout)
	if !ok {
		return 0, py.NoInteger(timeout)
	}
	return s.duration()
}

// deadlineLimit is the timeout of Semaphore.acquire and Barrier.wait, who add it to the time before they wait.
func deadlineLimit(timeout py.Value) (limit, error) {
	if timeout == nil {
		return forever, nil
	}
	if err := noSeconds(timeout); err != nil {
		return 0, err
	}
	s, ok := secondsOf(timeout)
	switch {
	case !ok:
		return 0, py.TypeError("unsupported operand type(s) for +: 'float' and '%s'", py.TypeName(timeout))
	case s.isNaN():
		return forever, nil
	case s.f <= 0:
		return 0, nil
	}
	return s.duration()
}

// queueLimit is the timeout of Queue.get and Queue.put. They refuse what is negative, or no number, also if they need not wait, and what is too long only
// when they have to: that is tooLong.
func queueLimit(timeout py.Value) (lim limit, tooLong, err error) {
	if timeout == nil {
		return forever, nil, nil
	}
	if err := noSeconds(timeout); err != nil {
		return 0, nil, err
	}
	if less, err := py.Compare(py.Lt, timeout, int64(0)); err != nil {
		return 0, nil, err
	} else if less {
		return 0, nil, py.ValueError("'timeout' must be a non-negative number")
	}
	s, ok := secondsOf(timeout)
	switch {
	case !ok:
		return 0, nil, py.TypeError("unsupported operand type(s) for +: 'float' and '%s'", py.TypeName(timeout))
	case s.isNaN():
		return forever, nil, nil
	}
	s.whole = false // it is made a float by adding it to the time
	lim, tooLong = s.duration()
	return lim, tooLong, nil
}

// seconds is a number of seconds; whole if it was an int, for which Python has another text.
type seconds struct {
	f     float64
	whole bool
}

func secondsOf(v py.Value) (s seconds, ok bool) {
	switch v := v.(type) {
	case int64:
		return seconds{float64(v), true}, true
	case float64:
		return seconds{v, false}, true
	case bool:
		if v {
			return seconds{1, true}, true
		}
		return seconds{0, true}, true
	case int:
		return seconds{float64(v), true}, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return seconds{f, true}, true
	}
	return seconds{}, false
}

func (s seconds) isNaN() bool { return math.IsNaN(s.f) }

// duration rounds away from 0, as Python does: who asks for any time at all waits. Beyond 292 years it is an OverflowError.
func (s seconds) duration() (limit, error) {
	ns := s.f * 1e9
	switch {
	case ns >= -(1<<63) && ns < 1<<63:
	case s.whole:
		return 0, py.OverflowError("timestamp too large to convert to C PyTime_t")
	default:
		return 0, py.OverflowError("timestamp out of range for platform time_t")
	}
	if ns < 0 {
		return limit(math.Floor(ns)), nil
	}
	return limit(math.Ceil(ns)), nil
}
