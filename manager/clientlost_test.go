package manager

import (
	"context"
	"errors"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// begun makes a call that blocks in another goroutine.
func begun(ctx context.Context, p *Proxy, method string, args ...any) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := p.Call(ctx, method, args...)
		done <- err
	}()
	return done
}

// within is what comes, which must not take for ever.
func within[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-testContext(t).Done():
		t.Fatal("it never ends: " + what)
	}
	return v
}

// TestServerClosedInCall: our own server ends while a call waits.
func TestServerClosedInCall(t *testing.T) {
	s, address := started(t, Config{})
	c := &caller{t, testContext(t), dialed(t, address)}
	queue := c.create("Queue")
	done := begun(c.ctx, queue, "get")
	eventually(t, "the call waits", func() bool { return waits(s) == 1 })
	_ = s.Close()
	if err := within(t, "the call", done); !errors.Is(err, ErrConnectionLost) {
		t.Error(err)
	}
	if _, err := queue.Call(c.ctx, "qsize"); err == nil {
		t.Error("there is a server")
	}
}

// TestServerKilledInCall: CPython's server is killed while a call waits, and while none does.
func TestServerKilledInCall(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			for name, place := range map[string]string{"unix": t.TempDir() + "/s", "tcp": "0"} {
				server := startCPython(t, p, place)
				c := &caller{t, testContext(t), dialed(t, server.address)}
				other := &caller{t, c.ctx, dialed(t, server.address)}
				queue := c.create("Queue")
				idle := other.create("list")
				other.call(idle, "append", 1)
				c.call(queue, "qsize") // so that the connection is there
				done := begun(c.ctx, queue, "get")
				server.kill()
				if err := within(t, "the call", done); !errors.Is(err, ErrConnectionLost) {
					t.Error(name, err)
				}
				if _, err := idle.Call(c.ctx, "pop"); !errors.Is(err, ErrConnectionLost) {
					t.Error(name, err)
				}
				if _, err := idle.Call(c.ctx, "pop"); err == nil || errors.Is(err, ErrConnectionLost) {
					t.Error("there is no server to send anything to:", err)
				}
				for _, client := range []*Client{c.c, other.c} {
					if err := client.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// TestContextEndsInGet: the item that comes later is still there.
func TestContextEndsInGet(t *testing.T) {
	s, address := started(t, Config{})
	c := &caller{t, testContext(t), dialed(t, address)}
	queue, rlock := c.create("Queue"), c.create("RLock")
	c.call(rlock, "acquire")
	ctx, cancel := context.WithCancel(c.ctx)
	done := begun(ctx, queue, "get")
	eventually(t, "the call waits", func() bool { return waits(s) == 1 })
	behind := begun(ctx, queue, "qsize") // waits for its turn
	cancel()
	if err := within(t, "the call", done); !errors.Is(err, context.Canceled) || errors.Is(err, ErrConnectionLost) {
		t.Error(err)
	}
	if err := within(t, "the call behind it", behind); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	eventually(t, "the call is given up", func() bool { return waits(s) == 0 })
	c.call(queue, "put", "item")
	c.want("1", queue, "qsize")
	c.want("'item'", queue, "get")
	if _, err := rlock.Call(c.ctx, "release"); !py.IsException(err, "RuntimeError") {
		t.Error("the lock is still held:", err)
	}
	if _, err := queue.Call(ctx, "put", "another"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	c.want("0", queue, "qsize")
}

// TestClientClosedInCall: a call that waits, one behind it, and later ones.
func TestClientClosedInCall(t *testing.T) {
	s, address := started(t, Config{})
	c := &caller{t, testContext(t), dialed(t, address)}
	queue := c.create("Queue")
	done := begun(c.ctx, queue, "get")
	eventually(t, "the call waits", func() bool { return waits(s) == 1 })
	behind := begun(c.ctx, queue, "qsize")
	for range 2 {
		if err := c.c.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, d := range []<-chan error{done, behind, begun(c.ctx, queue, "qsize")} {
		if err := within(t, "the call", d); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
	if _, err := c.c.Create(c.ctx, "list"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := c.c.NumberOfObjects(c.ctx); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := queue.Close(); err != nil {
		t.Error(err)
	}
	other := &caller{t, c.ctx, dialed(t, address)}
	other.objects(0)
}

// TestServerIsStartedAgain: the Client goes on, with what the new server has.
func TestServerIsStartedAgain(t *testing.T) {
	place := t.TempDir() + "/s"
	s, address := startedAt(t, Config{}, "unix", place)
	c := &caller{t, testContext(t), dialed(t, address)}
	old := c.create("list")
	c.call(old, "append", 1)
	_ = s.Close()
	startedAt(t, Config{}, "unix", place)
	if _, err := old.Call(c.ctx, "pop"); !errors.Is(err, ErrConnectionLost) {
		t.Error(err)
	}
	var remote *RemoteError
	if _, err := old.Call(c.ctx, "pop"); !errors.As(err, &remote) {
		t.Error(err)
	}
	c.want("0", c.create("list"), "__len__")
	if err := c.c.ShutdownServer(c.ctx); err != nil {
		t.Error(err)
	}
}
