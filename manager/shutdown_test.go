package manager

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// TestShutdownTogether: any number of Shutdowns and Closes at once all return.
func TestShutdownTogether(t *testing.T) {
	for range 20 {
		s, address := started(t, Config{Logger: quiet})
		c := newClient(t, address)
		ident := c.create("Box")
		conn := c.accept()
		if err := c.send(conn, c.request(ident, "work")); err != nil {
			t.Fatal(err)
		}
		b := s.table.lookup(ident).Object.(*box)
		eventually(t, "it is at work", b.working.Load)
		done := make(chan error)
		for range 3 {
			go func() { done <- s.Shutdown(context.Background()) }()
		}
		eventually(t, "the server drains", s.draining.Load)
		close(b.open)
		for range 3 {
			go func() { done <- s.Close() }()
		}
		for range 6 {
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Fatal("one does not return")
			}
		}
	}
}

// TestShutdownUnread: a client that does not read its answer is waited for no longer than the context says.
func TestShutdownUnread(t *testing.T) {
	s, address := started(t, Config{Logger: quiet})
	c := newClient(t, address)
	ident := c.create("list", py.NewList(py.Bytes(make([]byte, 16<<20))))
	conn := c.accept()
	if err := c.send(conn, c.request(ident, "__getitem__", int64(0))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the answer is on its way", func() bool {
		s.unread.mu.Lock()
		defer s.unread.mu.Unlock()
		return len(s.unread.all) == 1
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if n := len(s.all()); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// TestCloseRefusing: Close ends connections that are one too many as well.
func TestCloseRefusing(t *testing.T) {
	s, address := started(t, Config{Limits: Limits{Connections: 1}, Logger: quiet})
	s.refusal = patience
	c := newClient(t, address)
	c.accept()
	silent := c.dial()
	eventually(t, "it is about to be refused", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.refusing) == 1
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	n := len(s.refusing)
	s.mu.Unlock()
	if n != 0 {
		t.Errorf("%d connections are left", n)
	}
	if _, err := silent.RecvBytes(context.Background()); err == nil {
		t.Error("the connection goes on")
	}
}

// TestCreateUnheard: what was made for a client that has gone meanwhile is freed.
func TestCreateUnheard(t *testing.T) {
	s, address := started(t, Config{})
	begun, goOn := make(chan struct{}), make(chan struct{})
	if err := s.types.add(&object.Type{Name: "Slow", Methods: boxType.Methods, New: func(*object.Call) (object.Object, error) {
		close(begun)
		<-goOn
		return &box{}, nil
	}}); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, address)
	if err := c.send(c.dial(), c.request(nil, "create", "Slow")); err != nil {
		t.Fatal(err)
	}
	<-begun
	c.closeAll()
	close(goOn)
	eventually(t, "the client is forgotten", func() bool { return len(s.all()) == 0 })
	if n := s.table.size(); n != 0 {
		t.Errorf("%d objects are left", n)
	}
}
