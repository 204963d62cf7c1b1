package object

import (
	linked "container/list"
	"context"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// Everything that blocks waits in the same way, so that the races are thought through once:
//
//  1. A waitList and its waiters are guarded by the mutex of the object they belong to. Nobody sleeps with a mutex in his hands.
//  2. Who grants takes the waiter out of its list, makes the state of the object so that the waiter has what it waited for, and calls grant, all under
//     one hold of the mutex. So what is granted is never free in between: nobody can overtake a waiter.
//  3. A waiter who wakes up, for whatever reason, takes the mutex and calls end. If it was granted something in the meantime, end says so, even if its time is up.
//  4. If its caller is gone by then, end says tooLate, and what was granted must be passed on, under the same hold of the mutex: it is never lost.
//  5. Waiters whose caller is gone, but who have not woken up yet, are never granted anything: pop and live drop them.

// A waiter is one call that waits. in, at and granted belong to the list; the others are the object's.
type waiter struct {
	in      *waitList       // nil before push, and once it was taken out
	at      *linked.Element // its place there
	granted bool            // it was given what it waits for
	ready   chan struct{}   // closed when granted is set

	ctx    context.Context // of the caller
	caller *Caller
	what   string // for people: "Queue.get"
	since  time.Time

	item        py.Value // what a Queue.put brings, or a Queue.get was given
	number      uint64   // of the item that a Queue.get was given, by which it can be put back
	err         error    // why it was woken without getting what it waited for: a Queue's shutdown, a broken Barrier
	n           int      // how often the lock will be held, or the index at a Barrier
	came, until uint64   // of a Condition's waiter, see there
}

// newWaiter announces that the call is about to wait. No mutex may be held, as the server takes some of its own. done must be called when the wait is over.
func newWaiter(c *Call, o Object, what string) (w *waiter, done func()) {
	w = &waiter{ready: make(chan struct{}), caller: c.Caller, what: what, since: time.Now()}
	if c.Caller.Blocking == nil {
		w.ctx = context.Background()
		return w, func() {}
	}
	w.ctx, done = c.Caller.Blocking(o, what)
	return w, done
}

// sleep returns when the waiter was granted something, when its caller is gone, or after lim. The mutex must not be held.
func (w *waiter) sleep(lim limit) {
	if lim == forever {
		select {
		case <-w.ready:
		case <-w.ctx.Done():
		}
		return
	}
	timer := time.NewTimer(time.Duration(lim))
	defer timer.Stop()
	select {
	case <-w.ready:
	case <-w.ctx.Done():
	case <-timer.C:
	}
}

// An outcome is how a wait has ended.
type outcome uint8

const (
	granted outcome = iota // it has what it waited for
	tooLate                // it has, but its caller is gone: pass it on
	gone                   // its caller is gone, and nothing has happened
	expired                // its time is up, and nothing has happened
)

// end is the last thing in a wait: how it has ended. Unless it was granted something it is in no list any more. The mutex must be held.
func (w *waiter) end() outcome {
	w.leave()
	switch left := w.ctx.Err() != nil; {
	case w.granted && left:
		return tooLate
	case w.granted:
		return granted
	case left:
		return gone
	}
	return expired
}

// grant wakes the waiter, which must have been taken out of its list. The mutex must be held.
func (w *waiter) grant() {
	w.granted = true
	close(w.ready)
}

// leave takes the waiter out of the list in which it is.
func (w *waiter) leave() {
	if w.in != nil {
		w.in.Remove(w.at)
		w.in, w.at = nil, nil
	}
}

// A waitList has those who wait for one thing, in the order in which they came. The zero list is empty. All methods take constant time but for
// waiters whose callers are gone, each of which is seen once.
type waitList struct{ linked.List }

// push puts w at the end.
func (l *waitList) push(w *waiter) { w.in, w.at = l, l.PushBack(w) }

// first is the first waiter, nil if there is none.
func (l *waitList) first() *waiter {
	if e := l.Front(); e != nil {
		return e.Value.(*waiter)
	}
	return nil
}

// all yields the waiters in their order. One that is yielded may leave.
func (l *waitList) all(yield func(w *waiter) bool) {
	for e := l.Front(); e != nil; {
		next := e.Next()
		if !yield(e.Value.(*waiter)) {
			return
		}
		e = next
	}
}

// head is the first waiter whose caller is there, nil if there is none.
func (l *waitList) head() *waiter {
	for w := range l.all {
		if w.ctx.Err() == nil {
			return w
		}
		w.leave()
	}
	return nil
}

// pop takes the head out.
func (l *waitList) pop() *waiter {
	w := l.head()
	if w != nil {
		w.leave()
	}
	return w
}

// live is how many waiters there are whose callers are not gone. It takes a time in proportion to their number.
func (l *waitList) live() int {
	for w := range l.all {
		if w.ctx.Err() != nil {
			w.leave()
		}
	}
	return l.Len()
}

// wake grants everybody what prepare makes of him, in their order. The callers may be gone, which is for those who wake only to be told something.
func (l *waitList) wake(prepare func(w *waiter)) {
	for w := l.first(); w != nil; w = l.first() {
		w.leave()
		prepare(w)
		w.grant()
	}
}
