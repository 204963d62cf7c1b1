package manager

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestGoneInEachCall: a client goes in the midst of each kind of call that waits. The call has had no effect for the others.
func TestGoneInEachCall(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	// leave makes another client's calls, of which the last waits, and lets it go then.
	leave := func(ident string, calls ...py.Tuple) {
		t.Helper()
		other := newClient(t, address)
		conn := other.accept()
		for i, call := range calls {
			if i < len(calls)-1 {
				if kind, v := other.ask(conn, call); kind != kindReturn {
					t.Fatal(kind, v)
				}
			} else if err := other.send(conn, call); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "the call waits", func() bool { return waits(s) == 1 })
		_ = conn.Close()
		eventually(t, "the client is gone", func() bool { return waits(s) == 0 && len(s.all()) == 1 })
	}
	c.server("dummy")
	c.conn = c.accept()

	queue := c.create("Queue", int64(1))
	leave(queue, c.request(queue, "get"))
	c.call(queue, "put", "item")
	if v := c.call(queue, "qsize"); v != int64(1) {
		t.Error("an item was taken:", v)
	}
	leave(queue, c.request(queue, "put", "another"))
	if v := c.call(queue, "get"); v != "item" || c.call(queue, "empty") != true {
		t.Error("an item was put", v)
	}

	for _, typeid := range []string{"Lock", "Semaphore", "BoundedSemaphore", "RLock"} {
		lock := c.create(typeid)
		c.call(lock, "acquire")
		leave(lock, c.request(lock, "acquire"))
		c.call(lock, "release")
		if v := c.call(lock, "acquire", false); v != true {
			t.Errorf("%s was acquired", typeid)
		}
	}

	condition := c.create("Condition")
	leave(condition, c.request(condition, "acquire"), c.request(condition, "wait", nil))
	if v := c.call(condition, "acquire", false); v != true {
		t.Error("the condition is locked")
	}
	c.call(condition, "notify")
	c.call(condition, "release")
	// What was acquired, and not waited for, is released as well.
	other := newClient(t, address)
	rlock := c.create("RLock")
	other.call(rlock, "acquire")
	other.call(condition, "acquire")
	if v := c.call(rlock, "acquire", false); v != false {
		t.Error("the RLock has no owner")
	}
	other.closeAll()
	eventually(t, "what a client owned is released", func() bool {
		return c.call(rlock, "acquire", false) == true && c.call(condition, "acquire", false) == true
	})

	event := c.create("Event")
	leave(event, c.request(event, "wait", nil))

	barrier := c.create("Barrier", int64(2))
	leave(barrier, c.request(barrier, "wait", nil))
	if v := c.call(barrier, "__getattribute__", "n_waiting"); v != int64(0) {
		t.Error("a party that is gone counts:", v)
	}
}
