//go:build linux

package robust

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
)

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
		if b.Recovery().Recovered() || b.Busy() != 0 {
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
