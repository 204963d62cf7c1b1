package park

import "sync"

// Gate lets one goroutine of this process at a time wait for a shared word; the others queue here, in order of arrival, without a thread.
// The zero Gate is open.
type Gate struct {
	mu         sync.Mutex
	held       bool
	head, tail *queued
}

type queued struct {
	k          *Kick
	granted    bool
	prev, next *queued
}

// Enter takes the gate, or returns false when the kick is set first.
func (g *Gate) Enter(k *Kick) bool {
	g.mu.Lock()
	if !g.held {
		g.held = true
		g.mu.Unlock()
		return true
	}
	q := &queued{k: k, prev: g.tail}
	if g.tail != nil {
		g.tail.next = q
	} else {
		g.head = q
	}
	g.tail = q
	g.mu.Unlock()
	for {
		if !k.IsSet() {
			<-k.ch
		}
		g.mu.Lock()
		if q.granted {
			g.mu.Unlock()
			return true
		}
		if k.IsSet() {
			g.remove(q)
			g.mu.Unlock()
			return false
		}
		g.mu.Unlock()
	}
}

// Leave passes the gate to the goroutine that has queued longest.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.head
	if q == nil {
		g.held = false
		return
	}
	g.remove(q)
	q.granted = true
	q.k.signal()
}

func (g *Gate) remove(q *queued) {
	if q.prev != nil {
		q.prev.next = q.next
	} else {
		g.head = q.next
	}
	if q.next != nil {
		q.next.prev = q.prev
	} else {
		g.tail = q.prev
	}
	q.prev, q.next = nil, nil
}

// Queued is how many goroutines wait behind the one that has the gate.
func (g *Gate) Queued() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for q := g.head; q != nil; q = q.next {
		n++
	}
	return n
}
