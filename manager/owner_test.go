package manager

import (
	"context"
	"errors"
	"testing"
)

// TestOwnerIsClosedInCall: Close does not wait for somebody who may never come.
func TestOwnerIsClosedInCall(t *testing.T) {
	s, err := NewServer(noLog)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	queue, lock := newObject(t, s, "Queue"), newObject(t, s, "RLock")
	w := s.Owner("w")
	if _, err := w.Call(t.Context(), lock, "acquire"); err != nil {
		t.Fatal(err)
	}
	done, closed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := w.Call(context.Background(), queue, "get")
		done <- err
	}()
	eventually(t, "it waits", func() bool {
		for o := range s.Objects() {
			if len(o.Waiters) > 0 {
				return true
			}
		}
		return false
	})
	go func() { closed <- w.Close() }()
	if err := within(t, "Close", closed); err != nil {
		t.Error(err)
	}
	if err := within(t, "the call", done); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	other := s.Owner("other")
	defer other.Close()
	if ok, err := As[bool](other.Call(t.Context(), lock, "acquire", Keywords{"blocking": false})); !ok || err != nil {
		t.Error("the lock is held:", ok, err)
	}
}
