//go:build linux

package robust

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/park"
)

// cast plays the members of a family: who is alive is the test's to say.
type cast struct {
	mu      sync.Mutex
	dead    map[family.Ident]bool
	watches map[family.Ident][]func()
}

func newCast() *cast {
	return &cast{dead: map[family.Ident]bool{}, watches: map[family.Ident][]func(){}}
}

// kill makes a member dead and tells who watches it.
func (c *cast) kill(id family.Ident) {
	c.mu.Lock()
	c.dead[id] = true
	fns := c.watches[id]
	delete(c.watches, id)
	c.mu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

// member is one process's view of the cast. Idents from 1 to 99 exist.
type member struct {
	*cast
	self family.Ident
}

func (m member) Self() family.Ident { return m.self }
func (m member) Alive(id family.Ident) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return id > 0 && id < 100 && !m.dead[id]
}
func (m member) Peer(id family.Ident) (family.Peer, bool) {
	return family.Peer{PID: 1000 + int(id), Name: "member"}, id > 0 && id < 100
}
func (m member) Watch(id family.Ident, fn func()) *family.Watch {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead[id] {
		go fn()
	} else {
		m.watches[id] = append(m.watches[id], fn)
	}
	return &family.Watch{}
}

// handle is what a goroutine waits through.
type handle struct {
	mu     sync.Mutex
	closed bool
	kicks  map[*park.Kick]bool
}

func (h *handle) Closed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}
func (h *handle) AddKick(k *park.Kick) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kicks == nil {
		h.kicks = map[*park.Kick]bool{}
	}
	h.kicks[k] = true
	if h.closed {
		k.Set()
	}
}
func (h *handle) RemoveKick(k *park.Kick) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.kicks, k)
}
func (h *handle) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for k := range h.kicks {
		k.Set()
	}
}

// area is a lock's shared bytes.
func area() unsafe.Pointer { return unsafe.Pointer(new([Size / 8]uint64)) }

func view(at unsafe.Pointer, m Members) *Core {
	c := new(Core)
	c.Init(at, m)
	return c
}

// pair is one lock seen by two processes.
func pair(t *testing.T) (members *cast, a, b *Core) {
	t.Helper()
	members = newCast()
	at := area()
	return members, view(at, member{members, 1}), view(at, member{members, 2})
}

func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func mustAcquire(t *testing.T, c *Core, dirty uint32) Recovery {
	t.Helper()
	r, err := c.Acquire(bounded(t), new(handle), dirty)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wordOf(c *Core) uint32 { return atomic.LoadUint32(c.word) }

// wait starts an Acquire and returns when it sleeps.
func wait(t *testing.T, c *Core, ctx context.Context, h *handle) chan error {
	t.Helper()
	before := wordOf(c)
	done := make(chan error, 1)
	go func() {
		_, err := c.Acquire(ctx, h, 0)
		done <- err
	}()
	eventually(t, "a waiter", func() bool { return wordOf(c)&waiters != 0 || before&waiters != 0 })
	return done
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func result(t *testing.T, done chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatal("hangs")
		return nil
	}
}

// claimed waits until a process has put its claim into the lock.
func claimed(t *testing.T, c *Core, id family.Ident) {
	t.Helper()
	eventually(t, "a claim", func() bool { return claimant(atomic.LoadUint64(c.next())) == id })
}
