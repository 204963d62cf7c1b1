package object

import (
	"fmt"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// barrier is a shared threading.Barrier. Who arrives last lets all others go under one hold of the mutex, and the next ones find it empty: there is no time in which
// one has to wait for the others to leave, as in Python.
//
// A party whose caller is gone before all have arrived does not count. The indices are given when all are there, in their order, so that they are a permutation in any case.
type barrier struct {
	parties int64
	timeout py.Value // of a wait without one

	mu      sync.Mutex
	waiters waitList // empty if it is broken
	broken  bool
}

// BarrierType is the typeid Barrier: m.Barrier(parties[, action[, timeout]]).
var BarrierType = &Type{
	Name:    "Barrier",
	Proxy:   proxy("BarrierProxy"),
	Exposed: []string{"__getattribute__", "wait", "abort", "reset"},
	Methods: map[string]Method{
		"__getattribute__": on((*barrier).getAttribute),
		"wait":             on((*barrier).wait),
		"abort":            on((*barrier).abort),
		"reset":            on((*barrier).reset),
	},
	New: newBarrier,
}

var (
	barrierNew          = Function("Barrier.__init__", "parties", "action=", "timeout=")
	barrierGetAttribute = Slot("__getattribute__", "name")
	barrierWait         = Function("Barrier.wait", "timeout=")
	barrierAbort        = Function("Barrier.abort")
	barrierReset        = Function("Barrier.reset")
)

func newBarrier(c *Call) (Object, error) {
	var parties, action, timeout py.Value
	if err := barrierNew.Parse(c, &parties, &action, &timeout); err != nil {
		return nil, err
	}
	if few, err := compareInt(py.Lt, parties, 1); err != nil {
		return nil, err
	} else if few {
		return nil, py.ValueError("parties must be > 0")
	}
	if action != nil {
		return nil, NeedsPython("Barrier(action=...)")
	}
	n, err := wholeNumber(parties)
	if err != nil {
		return nil, err
	}
	return &barrier{parties: n, timeout: timeout}, nil
}

func brokenBarrier() error { return py.NewException("threading.BrokenBarrierError") }

func (b *barrier) Type() *Type              { return BarrierType }
func (b *barrier) Value() (py.Value, error) { return notPicklable("_thread.lock") }

func (b *barrier) Repr() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return fmt.Sprintf("<threading.Barrier at %p: broken>", b), nil
	}
	return fmt.Sprintf("<threading.Barrier at %p: waiters=%d/%d>", b, b.waiters.live(), b.parties), nil
}

func (b *barrier) Holdings() []Holding {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waiters.appendTo(nil)
}

func (b *barrier) getAttribute(c *Call) (py.Value, error) {
	var v py.Value
	if err := barrierGetAttribute.Parse(c, &v); err != nil {
		return nil, err
	}
	name, ok := py.Text(v)
	if !ok {
		return nil, py.TypeError("attribute name must be string, not '%s'", py.TypeName(v))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch name {
	case "parties":
		return b.parties, nil
	case "n_waiting":
		return int64(b.waiters.live()), nil
	case "broken":
		return b.broken, nil
	}
	return nil, py.AttributeError("'Barrier' object has no attribute '%s'", name)
}

func (b *barrier) wait(c *Call) (py.Value, error) {
	var timeout py.Value
	if err := barrierWait.Parse(c, &timeout); err != nil {
		return nil, err
	}
	if timeout == nil {
		timeout = b.timeout
	}
	if index, did, err := b.arrive(nil); did || err != nil {
		return index, err
	}
	lim, err := deadlineLimit(timeout)
	if err != nil {
		return nil, err
	}
	w, done := newWaiter(c, b, "Barrier.wait")
	defer done()
	if index, did, err := b.arrive(w); did || err != nil {
		return index, err
	}
	w.sleep(lim)

	b.mu.Lock()
	defer b.mu.Unlock()
	switch w.end() {
	case granted:
		if w.err != nil {
			return nil, w.err
		}
		return int64(w.n), nil
	case expired:
		b.destroy(true)
		return nil, brokenBarrier()
	}
	// If it was granted the others have passed with it, before it was gone: nothing can be taken back.
	return nil, ErrGone
}

// arrive lets all go if the caller is the last one, and returns his index. Else w waits, unless it is nil.
func (b *barrier) arrive(w *waiter) (index py.Value, last bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return nil, false, brokenBarrier()
	}
	// Only when all seem to be there it is worth looking whether they all are.
	if int64(b.waiters.Len())+1 >= b.parties && int64(b.waiters.live())+1 >= b.parties {
		n := 0
		b.waiters.wake(func(w *waiter) { w.n, n = n, n+1 })
		return int64(n), true, nil
	}
	if w != nil {
		b.waiters.push(w)
	}
	return nil, false, nil
}

// destroy sends away all who wait. The mutex must be held.
func (b *barrier) destroy(broken bool) {
	b.broken = broken
	b.waiters.wake(func(w *waiter) { w.err = brokenBarrier() })
}

func (b *barrier) abort(c *Call) (py.Value, error) {
	if err := barrierAbort.Parse(c); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.destroy(true)
	return nil, nil
}

func (b *barrier) reset(c *Call) (py.Value, error) {
	if err := barrierReset.Parse(c); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.destroy(false)
	return nil, nil
}
