package object

import (
	"runtime"
	"sync"
)

// A Size is how much there is in an object, for people who look at it.
type Size struct {
	Len        int   // items of a list, a dict, a set, an array; in a queue
	Max        int64 // how many a queue takes; 0 for no limit
	Unfinished int64 // of a JoinableQueue: items that have been put and not been done
}

// A Sizer is an object that has a number of items.
type Sizer interface {
	Object
	// Size may be called at any time. It takes a few instructions, and never waits for a method that takes long, as sort does: then ok is false.
	Size() (s Size, ok bool)
}

// tries is how often lockSoon tries. A method of the usual length is over long before.
const tries = 200

// lockSoon locks a mutex unless somebody keeps it for long: a list that is being sorted, or copied.
func lockSoon(mu *sync.Mutex) bool {
	for range tries {
		if mu.TryLock() {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// sized is the Size of an object that len measures under its mutex.
func sized(mu *sync.Mutex, len func() int) (Size, bool) {
	if !lockSoon(mu) {
		return Size{}, false
	}
	defer mu.Unlock()
	return Size{Len: len()}, true
}

// Size is the number of items.
func (l *list) Size() (Size, bool) { return sized(&l.mu, func() int { return len(l.l.Items) }) }

// Size is the number of keys.
func (d *dict) Size() (Size, bool) { return sized(&d.mu, d.d.Len) }

// Size is the number of elements.
func (s *set) Size() (Size, bool) { return sized(&s.mu, s.s.Len) }

// Size is the number of numbers.
func (a *array) Size() (Size, bool) { return sized(&a.mu, func() int { return a.a.Len() }) }

// Size is the number of attributes.
func (n *namespace) Size() (Size, bool) { return sized(&n.mu, n.d.Len) }

// Size is the depth of the queue; its methods are all short.
func (q *queue) Size() (Size, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := Size{Len: q.items.len(), Max: q.max}
	if q.joinable {
		s.Unfinished = q.unfinished
	}
	return s, true
}
