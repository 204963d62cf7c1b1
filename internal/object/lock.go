package object

import (
	"fmt"

	"github.com/multiproc-go/multiproc/py"
)

// lock is a shared threading.Lock. Anybody may release it.
type lock struct{ latch latch }

// LockType is the typeid Lock: m.Lock().
var LockType = &Type{
	Name:    "Lock",
	Proxy:   proxy("AcquirerProxy"),
	Exposed: []string{"acquire", "release", "locked"},
	Methods: map[string]Method{
		"acquire": on((*lock).acquire),
		"release": on((*lock).release),
		"locked":  on((*lock).locked),
	},
	New: newLock,
}

var (
	lockNew     = Builtin("lock")
	lockAcquire = Keywords("lock.acquire", "blocking=", "timeout=")
	lockRelease = Builtin("lock.release")
	lockLocked  = Builtin("lock.locked")
)

func newLock(c *Call) (Object, error) {
	if err := lockNew.Parse(c); err != nil {
		return nil, err
	}
	return &lock{}, nil
}

func (l *lock) Type() *Type              { return LockType }
func (l *lock) Value() (py.Value, error) { return notPicklable("_thread.lock") }
func (l *lock) Repr() (string, error)    { return l.latch.repr("_thread.lock", l), nil }
func (l *lock) Holdings() []Holding      { return l.latch.holdings() }

func (l *lock) acquire(c *Call) (py.Value, error) {
	did, _, err := acquireLatch(&l.latch, l, "Lock.acquire", c)
	return did, err
}

func (l *lock) release(c *Call) (py.Value, error) {
	if err := lockRelease.Parse(c); err != nil {
		return nil, err
	}
	return nil, l.latch.release(c)
}

func (l *lock) locked(c *Call) (py.Value, error) {
	if err := lockLocked.Parse(c); err != nil {
		return nil, err
	}
	return l.latch.locked(), nil
}

// acquireLatch is acquire(blocking=True, timeout=-1) of Lock and RLock, for one of these or a Condition.
func acquireLatch(l *latch, o Object, what string, c *Call) (did, again bool, err error) {
	lim := forever
	if len(c.Args) > 0 || c.Kwargs != nil {
		var blocking, timeout py.Value = true, int64(-1)
		if err := lockAcquire.Parse(c, &blocking, &timeout); err != nil {
			return false, false, err
		}
		if lim, err = lockLimit(py.Truth(blocking), timeout); err != nil {
			return false, false, err
		}
	}
	return l.acquire(c, o, what, lim)
}

// notPicklable is the value of an object that has none.
func notPicklable(class string) (py.Value, error) {
	return nil, Unserializable("cannot pickle '%s' object", class)
}

func (l *latch) repr(class string, o Object) string {
	state := "unlocked"
	if l.locked() {
		state = "locked"
	}
	return fmt.Sprintf("<%s %s object at %p>", state, class, o)
}
