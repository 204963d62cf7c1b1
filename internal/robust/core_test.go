//go:build linux

package robust

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/errs"
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

func TestOffsets(t *testing.T) {
	for what, v := range map[string][2]uint64{
		"size": {Size, 32}, "word": {offWord, 0}, "busy": {offBusy, 4}, "next": {offNext, 8}, "recoveries": {offRecoveries, 16},
		"waiters": {waiters, 1 << 31}, "handed": {handed, 1 << 30}, "dirty": {Dirty, 1 << 29}, "owner": {ownerMask, 1<<29 - 1},
		"claim's time": {claimShift, 29}, "claim's unit": {1 << claimUnit, 16384},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %d, want %d", what, v[0], v[1])
		}
	}
	// The accessors, against the bytes.
	var b [Size]byte
	at := area()
	c := view(at, member{newCast(), 7})
	*c.word, *c.busy(), *c.next(), *c.recoveries() = 1, 2, 3, 4
	copy(b[:], unsafe.Slice((*byte)(at), Size))
	le := binary.NativeEndian
	if le.Uint32(b[0:]) != 1 || le.Uint32(b[4:]) != 2 || le.Uint64(b[8:]) != 3 || le.Uint32(b[16:]) != 4 || c.Me != 7 {
		t.Errorf("% x", b)
	}
}

func TestAcquireRelease(t *testing.T) {
	_, a, b := pair(t)
	if r := mustAcquire(t, a, 0); r.Recovered() {
		t.Error("recovered a new lock")
	}
	if !a.Held() || b.Held() || wordOf(a) != 1 {
		t.Errorf("word %#x", wordOf(a))
	}
	if a.TryAcquire(0) || b.TryAcquire(0) {
		t.Error("taken twice")
	}
	if err := b.Release(); !errors.Is(err, errs.ErrNotOwner) {
		t.Errorf("another's lock: %v", err)
	}
	if err := a.Release(); err != nil {
		t.Error(err)
	}
	if err := a.Release(); !errors.Is(err, errs.ErrNotOwner) {
		t.Errorf("a free lock: %v", err)
	}
	if !b.TryAcquire(Dirty) || wordOf(b) != Dirty|2 {
		t.Errorf("word %#x", wordOf(b))
	}
	if err := b.Release(); err != nil || wordOf(b) != 0 || b.Busy() {
		t.Errorf("%v, word %#x", err, wordOf(b))
	}
}

func TestContextFirst(t *testing.T) {
	_, a, _ := pair(t)
	cause := errors.New("because")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	_, err := a.Acquire(ctx, new(handle), 0)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if wordOf(a) != 0 {
		t.Error("a free lock was taken although the context had ended")
	}
}

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

func TestWaiterGetsIt(t *testing.T) {
	_, a, b := pair(t)
	mustAcquire(t, a, 0)
	done := wait(t, b, bounded(t), new(handle))
	if err := a.Release(); err != nil {
		t.Fatal(err)
	}
	if err := result(t, done); err != nil || !b.Held() {
		t.Errorf("%v, word %#x", err, wordOf(b))
	}
	if err := b.Release(); err != nil || wordOf(b) != 0 {
		t.Errorf("%v, word %#x", err, wordOf(b))
	}
	if n := atomic.LoadUint64(b.next()); n != 0 {
		t.Errorf("a claim is left: %#x", n)
	}
}

func TestWaiterGivesUp(t *testing.T) {
	_, a, b := pair(t)
	mustAcquire(t, a, 0)
	ctx, cancel := context.WithCancelCause(context.Background())
	done := wait(t, b, ctx, new(handle))
	claimed(t, b, 2)
	cause := errors.New("because")
	cancel(cause)
	if err := result(t, done); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if n := atomic.LoadUint64(b.next()); n != 0 {
		t.Errorf("the claim of one who gave up: %#x", n)
	}
	if err := a.Release(); err != nil || wordOf(a) != 0 {
		t.Errorf("%v, word %#x", err, wordOf(a))
	}

	mustAcquire(t, a, 0)
	short, cancel2 := context.WithTimeout(context.Background(), 3*time.Millisecond)
	defer cancel2()
	if _, err := b.Acquire(short, new(handle), 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestCloseEndsTheWait(t *testing.T) {
	_, a, b := pair(t)
	mustAcquire(t, a, 0)
	h := new(handle)
	first, second := wait(t, b, context.Background(), h), wait(t, b, context.Background(), h)
	h.close()
	for _, done := range []chan error{first, second} {
		if err := result(t, done); !errors.Is(err, errs.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := b.Acquire(context.Background(), h, 0); !errors.Is(err, errs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestHolderDies(t *testing.T) {
	for _, dirty := range []uint32{0, Dirty} {
		members, a, b := pair(t)
		mustAcquire(t, a, dirty)
		done := wait(t, b, bounded(t), new(handle))
		members.kill(1)
		if err := result(t, done); err != nil {
			t.Fatal(err)
		}
		r := b.Recovery()
		if !r.Recovered() || r.PID != 1001 || r.Name != "member" || r.Updating != (dirty != 0) || r.Count != 1 {
			t.Errorf("%+v", r)
		}
		if b.Busy() != (dirty != 0) {
			t.Errorf("busy: %v, died changing: %v", b.Busy(), dirty != 0)
		}
		if wordOf(b)&Dirty != 0 {
			t.Error("the dead holder's dirty bit is left")
		}
		if !strings.Contains(r.String(), "1001") {
			t.Error(r.String())
		}
		if err := b.Release(); err != nil || wordOf(b) != 0 || b.Recovery().Recovered() {
			t.Errorf("%v, word %#x, %v", err, wordOf(b), b.Recovery())
		}
	}
	if s := (Recovery{}).String(); s != "no recovery" {
		t.Error(s)
	}
}

func TestTryAfterDeath(t *testing.T) {
	members, a, b := pair(t)
	mustAcquire(t, a, Dirty)
	if b.TryAcquire(0) {
		t.Fatal("taken from the living")
	}
	members.kill(1)
	if !b.TryAcquire(Dirty) || b.Recovery().PID != 1001 || !b.Busy() || wordOf(b)&Dirty == 0 {
		t.Errorf("%v, word %#x", b.Recovery(), wordOf(b))
	}
}

// TestCountWraps: the number of recoveries is shared memory, and zero means none.
func TestCountWraps(t *testing.T) {
	members, a, b := pair(t)
	mustAcquire(t, a, 0)
	atomic.StoreUint32(a.recoveries(), 1<<32-1)
	members.kill(1)
	if r := mustAcquire(t, b, 0); !r.Recovered() {
		t.Errorf("%+v", r)
	}
}

// handedTo makes a lock that is handed to b, which waits but can't take it: the word was written for it, and it is not woken.
func handedTo(c *Core, id family.Ident) { atomic.StoreUint32(c.word, waiters|handed|uint32(id)) }

func TestHandOver(t *testing.T) {
	members := newCast()
	at := area()
	a, b, c := view(at, member{members, 1}), view(at, member{members, 2}), view(at, member{members, 3})
	mustAcquire(t, a, 0)
	first := wait(t, b, bounded(t), new(handle))
	claimed(t, b, 2)
	second := wait(t, c, bounded(t), new(handle))
	time.Sleep(2 * HandOffAfter)
	if got := claimant(atomic.LoadUint64(c.next())); got != 2 {
		t.Errorf("a later claim, of %d, has displaced the earlier one", got)
	}
	if err := a.Release(); err != nil {
		t.Fatal(err)
	}
	// Nobody else may come first, and a asks at once.
	if a.TryAcquire(0) {
		t.Error("overtaken")
	}
	if err := result(t, first); err != nil || !b.Held() {
		t.Fatalf("%v, word %#x", err, wordOf(b))
	}
	if err := b.Release(); err != nil {
		t.Fatal(err)
	}
	if err := result(t, second); err != nil || !c.Held() {
		t.Fatalf("%v, word %#x", err, wordOf(b))
	}
}

func TestHandedToTheDead(t *testing.T) {
	t.Run("acquire", func(t *testing.T) {
		members, a, b := pair(t)
		handedTo(a, 1)
		done := make(chan error, 1)
		go func() { _, err := b.Acquire(bounded(t), new(handle), 0); done <- err }()
		members.kill(1)
		if err := result(t, done); err != nil || !b.Held() {
			t.Errorf("%v, word %#x", err, wordOf(b))
		}
		if b.Recovery().Recovered() || b.Busy() {
			t.Error("it had not been inside: nothing to recover")
		}
	})
	t.Run("try", func(t *testing.T) {
		members, a, b := pair(t)
		handedTo(a, 1)
		if b.TryAcquire(0) {
			t.Error("taken from one who is about to come")
		}
		members.kill(1)
		if !b.TryAcquire(0) || !b.Held() || b.Recovery().Recovered() {
			t.Errorf("word %#x, %v", wordOf(b), b.Recovery())
		}
	})
}

func TestHandedToTheStopped(t *testing.T) {
	_, a, b := pair(t)
	handedTo(a, 1)
	mustAcquire(t, b, 0) // after a Backstop
	if !b.Held() {
		t.Errorf("word %#x", wordOf(b))
	}
	if err := a.Release(); !errors.Is(err, errs.ErrNotOwner) {
		t.Errorf("one whose turn is over: %v", err)
	}
}

func TestHandedIsNotHeld(t *testing.T) {
	_, a, _ := pair(t)
	handedTo(a, 1)
	if a.Held() {
		t.Error("held")
	}
	if err := a.Release(); !errors.Is(err, errs.ErrNotOwner) {
		t.Errorf("got %v", err)
	}
	mustAcquire(t, a, 0)
	if !a.Held() {
		t.Error("not held")
	}
}

// TestGivesUpWhenHanded: a lock that is handed to one who has just gone goes on to the next.
func TestGivesUpWhenHanded(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 50
	}
	members := newCast()
	at := area()
	a, b, c := view(at, member{members, 1}), view(at, member{members, 2}), view(at, member{members, 3})
	for range n {
		mustAcquire(t, a, 0)
		ctx, cancel := context.WithCancel(context.Background())
		leaver := make(chan error, 1)
		go func() { _, err := b.Acquire(ctx, new(handle), 0); leaver <- err }()
		claimed(t, b, 2)
		stayer := make(chan error, 1)
		go func() { _, err := c.Acquire(bounded(t), new(handle), 0); stayer <- err }()
		go cancel()
		if err := a.Release(); err != nil {
			t.Fatal(err)
		}
		if err := result(t, leaver); err == nil {
			if err := b.Release(); err != nil {
				t.Fatal(err)
			}
		}
		if err := result(t, stayer); err != nil {
			t.Fatal(err)
		}
		if err := c.Release(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "free", func() bool { return wordOf(a)&(ownerMask|handed) == 0 })
		atomic.StoreUint64(a.next(), 0)
	}
}

func TestAbandon(t *testing.T) {
	_, a, b := pair(t)
	a.Abandon() // not held: nothing happens
	mustAcquire(t, b, 0)
	a.Abandon()
	if !b.Held() {
		t.Error("another's lock was released")
	}
	b.Abandon()
	if wordOf(b) != 0 || b.Busy() {
		t.Errorf("word %#x", wordOf(b))
	}
	mustAcquire(t, b, Dirty)
	done := wait(t, a, bounded(t), new(handle))
	b.Abandon()
	if err := result(t, done); err != nil || !a.Busy() {
		t.Errorf("%v, busy %v", err, a.Busy())
	}
}

// TestExclusion: goroutines of two processes, with contexts that end at any moment, never meet inside.
func TestExclusion(t *testing.T) {
	_, a, b := pair(t)
	n := 1500
	if testing.Short() {
		n = 200
	}
	inside, total, gaveUp := 0, 0, atomic.Int32{}
	var wg sync.WaitGroup
	for g := range 6 {
		c := a
		if g%2 == 1 {
			c = b
		}
		wg.Go(func() {
			for i := range n {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%7)*50*time.Microsecond+time.Microsecond)
				if i%7 == 0 {
					ctx = context.Background()
				}
				_, err := c.Acquire(ctx, new(handle), 0)
				cancel()
				if err != nil {
					gaveUp.Add(1)
					continue
				}
				if inside++; inside != 1 {
					t.Error("two inside")
				}
				total++
				if i%100 == 0 {
					time.Sleep(100 * time.Microsecond)
				}
				inside--
				if err := c.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if total+int(gaveUp.Load()) != 6*n {
		t.Errorf("%d inside, %d gave up", total, gaveUp.Load())
	}
	if w := wordOf(a); w != 0 {
		t.Errorf("word %#x", w)
	}
	if c := atomic.LoadUint64(a.next()); c != 0 {
		t.Errorf("a claim is left: %#x", c)
	}
}
