package object

import "github.com/multiproc-go/multiproc/py"

// rlock is a shared threading.RLock: a Caller owns it, and may acquire it again. If the owner is gone it goes to the next.
type rlock struct{ latch latch }

// RLockType is the typeid RLock: m.RLock().
var RLockType = &Type{
	Name:    "RLock",
	Proxy:   proxy("AcquirerProxy"),
	Exposed: []string{"acquire", "release", "locked"},
	Methods: map[string]Method{
		"acquire": on((*rlock).acquire),
		"release": on((*rlock).release),
		"locked":  on((*rlock).locked),
	},
	New: newRLock,
}

var (
	rlockNew     = Builtin("RLock")
	rlockRelease = Builtin("RLock.release")
	rlockLocked  = Builtin("RLock.locked")
)

func newRLock(c *Call) (Object, error) {
	if err := rlockNew.Parse(c); err != nil {
		return nil, err
	}
	return &rlock{latch{reentrant: true}}, nil
}

func (l *rlock) Type() *Type              { return RLockType }
func (l *rlock) Value() (py.Value, error) { return notPicklable("_thread.RLock") }
func (l *rlock) Repr() (string, error)    { return l.latch.repr("_thread.RLock", l), nil }
func (l *rlock) Holdings() []Holding      { return l.latch.holdings() }

func (l *rlock) acquire(c *Call) (py.Value, error) {
	did, again, err := acquireLatch(&l.latch, l, "RLock.acquire", c)
	return acquired(did, again, c), err
}

// acquired is the result of an RLock's acquire, which is 1 in Python 2 if the caller had it already.
func acquired(did, again bool, c *Call) py.Value {
	if again && c.Python2 {
		return int64(1)
	}
	return did
}

func (l *rlock) release(c *Call) (py.Value, error) {
	if err := rlockRelease.Parse(c); err != nil {
		return nil, err
	}
	return nil, l.latch.release(c)
}

func (l *rlock) locked(c *Call) (py.Value, error) {
	if err := rlockLocked.Parse(c); err != nil {
		return nil, err
	}
	return l.latch.locked(), nil
}
