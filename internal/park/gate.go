package park

import (
	"container/list"
	"sync"
)

// Gate lets one goroutine of this process at a time wait for a shared word; the others queue here, in order of arrival, without a thread.
// The zero Gate is open.
type Gate struct {
	mu    sync.Mutex
	held  bool
	queue list.List // of *queued
}

type queued struct {
	k       *Kick
	granted bool
}

// Enter takes the gate, or returns false when the kick is set first.
func (g *Gate) Enter(k *Kick) bool {
	g.mu.Lock()
	if !g.held {
		g.held = true
		g.mu.Unlock()
		return true
	}
	q := &queued{k: k}
	at := g.queue.PushBack(q)
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
			g.queue.Remove(at)
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
	first := g.queue.Front()
	if first == nil {
		g.held = false
		return
	}
	q := g.queue.Remove(first).(*queued)
	q.granted = true
	q.k.signal()
}

// Queued is how many goroutines wait behind the one that has the gate.
func (g *Gate) Queued() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.queue.Len()
}
