package manager

import "github.com/multiproc-go/multiproc/internal/object"

// An order has the entries of a table in the order in which they were made, so that somebody can look at a million of them without keeping all others out: a walk takes the lock for some entries at
// a time, and remembers where it is.
//
// An entry that is removed keeps its next. As entries are only ever added at the end, who stands on one that is gone finds from there whatever was behind it, through others that are gone perhaps.
// All of it is guarded by the table's mutex.
type order struct{ first, last *entry }

func (o *order) push(e *entry) {
	if e.prev = o.last; e.prev != nil {
		e.prev.next = e
	} else {
		o.first = e
	}
	o.last = e
}

func (o *order) remove(e *entry) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		o.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		o.last = e.prev
	}
	e.prev = nil
}

// stride is how many entries a walk looks at under one hold of the lock: some microseconds.
const stride = 256

// walk yields the objects and their counts, the oldest first: all that are there from its beginning to its end, and perhaps others. Those that only containers hold have the count 0. No lock is
// held while it yields.
func (t *table) walk(yield func(node *object.Node, count int) bool) {
	some := make([]holding, 0, stride)
	t.mu.RLock()
	at := t.order.first
	t.mu.RUnlock()
	for at != nil {
		some = some[:0]
		t.mu.RLock()
		for n := 0; at != nil && n < stride; n, at = n+1, at.next {
			node := at.node
			if node == nil {
				node = at.weak.Value()
			}
			if node != nil {
				some = append(some, holding{node, at.count})
			}
		}
		t.mu.RUnlock()
		for _, h := range some {
			if !yield(h.node, h.count) {
				return
			}
		}
	}
}

// known is how many entries there are, and made how many objects there have ever been.
func (t *table) known() (known int, made uint64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.entries), t.next
}
