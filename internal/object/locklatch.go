package object

import (
	"sync"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// A latch is what Lock, RLock and Condition are made of: at most one caller holds it, and it goes directly from hand to hand in the order of those who wait. A Condition
// uses the latch of its lock, and guards its own waiters with the latch's mutex too: so several Conditions of one lock see each other's notifications and releases in one order.
type latch struct {
	reentrant bool // an RLock's: only its owner may release it, and may acquire it again

	mu      sync.Mutex
	depth   int     // how often it is held; of a Lock 0 or 1
	owner   *Caller // who gives it back by being gone: the holder of an RLock, or of any latch that is reclaimed
	holder  string  // the name of who has acquired it last
	id      uint64  // and its number
	since   time.Duration
	turn    uint64 // how often it went from hand to hand
	waiters waitList
}

// started is what the times in objects that are not waiters count from: the time since then is cheaper to get than the time.
var started = time.Now()

func now() time.Duration { return time.Since(started) }

// enter acquires the latch if that needs no waiting. The mutex must be held.
func (l *latch) enter(c *Caller) bool {
	switch {
	case l.depth == 0:
		l.take(c, 1)
		l.own(c)
	case l.reentrant && l.owner == c:
		l.depth++
	default:
		return false
	}
	return true
}

// take makes c the holder of a latch that nobody holds. The mutex must be held.
func (l *latch) take(c *Caller, depth int) {
	l.depth, l.holder, l.id, l.since = depth, c.Name, c.ID, now()
	l.turn++
	if l.reentrant || c.Reclaim {
		l.owner = c
	}
}

// own notes in the caller that it is the owner. Only the caller's own goroutine may do that: not who hands the latch to it.
func (l *latch) own(c *Caller) {
	if l.owner == c {
		c.Own(l)
	}
}

// pass gives the latch to who has waited longest, or nobody. The mutex must be held.
func (l *latch) pass() {
	l.depth, l.owner, l.holder, l.id = 0, nil, "", 0
	if w := l.waiters.pop(); w != nil {
		l.take(w.caller, w.n)
		w.grant()
	}
}

// join puts a waiter who is to hold the latch w.n times behind the others, or gives it to him if it is free. The mutex must be held.
func (l *latch) join(w *waiter) {
	if l.depth > 0 {
		l.waiters.push(w)
		return
	}
	l.take(w.caller, w.n)
	w.grant()
}

// acquire waits until the caller holds the latch, or for lim, then it returns false. again is true if the caller held it before.
func (l *latch) acquire(c *Call, o Object, what string, lim limit) (did, again bool, err error) {
	l.mu.Lock()
	did, again = l.enterNow(c), l.depth > 1
	l.mu.Unlock()
	if did || lim == 0 {
		return did, did && again, nil
	}
	w, done := newWaiter(c, o, what)
	defer done()
	w.n = 1
	l.mu.Lock()
	if l.enterNow(c) {
		l.mu.Unlock()
		return true, false, nil
	}
	l.waiters.push(w)
	l.mu.Unlock()
	w.sleep(lim)

	l.mu.Lock()
	defer l.mu.Unlock()
	switch w.end() {
	case granted:
		l.own(c.Caller)
		l.undoable(c)
		return true, false, nil
	case tooLate:
		l.pass()
		return false, false, ErrGone
	case gone:
		return false, false, ErrGone
	}
	return false, false, nil
}

// enterNow is enter for a call that has not waited. What nobody owns has to be given back by the call itself if its client never hears of it. The mutex must be held.
func (l *latch) enterNow(c *Call) bool {
	if !l.enter(c.Caller) {
		return false
	}
	if l.owner == nil {
		l.undoable(c)
	}
	return true
}

// undoable sets the Undo of the call that holds the latch now. The mutex must be held.
func (l *latch) undoable(c *Call) {
	caller, turn := c.Caller, l.turn
	c.Undo = func() { l.undo(caller, turn) }
}

// undo releases the latch, if it has not been released in the meantime.
func (l *latch) undo(c *Caller, turn uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.depth > 0 && l.turn == turn {
		l.drop(c)
	}
}

// drop gives the latch up, however often it is held. The mutex must be held.
func (l *latch) drop(c *Caller) {
	if l.owner == c {
		c.Disown(l)
	}
	l.pass()
}

// release is one release of the latch, which may be that of another caller unless it is an RLock's.
func (l *latch) release(c *Call) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.reentrant && (l.depth == 0 || l.owner != c.Caller):
		return py.RuntimeError("cannot release un-acquired lock")
	case l.depth == 0 && c.Python2:
		return py.NewException("thread.error", "release unlocked lock")
	case l.depth == 0:
		return py.RuntimeError("release unlocked lock")
	case l.depth > 1:
		l.depth--
	default:
		l.drop(c.Caller)
	}
	return nil
}

// Release gives the latch to the next one if c, who is gone, still owns it.
func (l *latch) Release(c *Caller) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.depth > 0 && l.owner == c {
		l.pass()
	}
}

// locked reports whether anybody holds the latch.
func (l *latch) locked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.depth > 0
}

// held is c's claim to call wait and notify: of a Lock, as in Python, any holder is good.
func (l *latch) held(c *Caller) bool {
	return l.depth > 0 && (!l.reentrant || l.owner == c)
}

func (l *latch) holdings() []Holding {
	l.mu.Lock()
	defer l.mu.Unlock()
	var hs []Holding
	if l.depth > 0 {
		hs = append(hs, Holding{Caller: l.holder, ID: l.id, What: "holds it", Count: l.depth, Since: started.Add(l.since)})
	}
	return l.waiters.appendTo(hs)
}
