package manager

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// TestHalfAhead: of a request that has come in part while the call before it waited, nothing is lost, however that call ends.
func TestHalfAhead(t *testing.T) {
	for _, size := range []int{10, 5_000, 300_000, 3_000_000} {
		s, address := started(t, Config{})
		c := newClient(t, address)
		q, list := c.create("Queue"), c.create("list")
		nc, conn, err := c.rawServed()
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		frame := func(v py.Value) []byte {
			b, err := pickle.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
		}
		text := strings.Repeat("x", size)
		get, next := frame(c.request(q, "get")), frame(c.request(list, "append", text))
		for i, part := range []int{1, 3, 5, len(next) / 2, len(next) - 1} {
			first := append(get[:len(get):len(get)], next[:part]...)
			wrote := make(chan error, 1)
			go func() { _, err := nc.Write(first); wrote <- err }()
			eventually(t, "the call waits", func() bool { return waits(s) == 1 })
			time.Sleep(2 * watchDelay) // so that its client is watched by now, mostly; without that it has to work as well
			if err := <-wrote; err != nil {
				t.Fatal(err)
			}
			c.call(q, "put", int64(i))
			if kind, v := c.answer(conn); kind != kindReturn || v != int64(i) {
				t.Fatal(size, part, kind, v)
			}
			if _, err := nc.Write(next[part:]); err != nil {
				t.Fatal(err)
			}
			if kind, v := c.answer(conn); kind != kindReturn || v != nil {
				t.Fatal(size, part, kind, v)
			}
			if v := c.call(list, "pop"); v != text {
				t.Fatal(size, part)
			}
		}
	}
}

// TestGoneBehindLargeMessage: a client that has sent ahead what is too large to be read is watched like others.
func TestGoneBehindLargeMessage(t *testing.T) {
	limited := keyed
	limited.MaxFrame = 1 << 20
	s, address := startedWith(t, Config{Logger: quiet}, limited, "unix", t.TempDir()+"/s")
	c := newClient(t, address)
	q := c.create("Queue")
	nc, conn, err := c.rawServed()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := c.send(conn, c.request(q, "get")); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Write(append(binary.BigEndian.AppendUint32(nil, 2<<20), "the beginning"...)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call waits", func() bool { return waits(s) == 1 })
	time.Sleep(5 * watchDelay) // so that its beginning was looked at; without that it has to work as well
	_ = nc.Close()
	eventually(t, "the client is forgotten", func() bool { return len(s.all()) == 0 })
	c.call(q, "put", int64(1))
	if v := c.call(q, "get_nowait"); v != int64(1) {
		t.Error(v)
	}
}

// TestSlowConstructor: a client has some time for its first request, and the server any time for the answer.
func TestSlowConstructor(t *testing.T) {
	// The time is longer on the next try if the request was too late for it.
	for limit := 200 * time.Millisecond; ; limit *= 4 {
		s, address := started(t, Config{})
		s.firstRequest = limit
		begun := false
		err := s.types.add(&object.Type{Name: "Slow", Methods: boxType.Methods, New: func(c *object.Call) (object.Object, error) {
			begun = true
			ctx, done := c.Caller.Blocking(&box{}, "Slow")
			defer done()
			select {
			case <-ctx.Done():
				return nil, object.ErrGone
			case <-time.After(2 * limit):
				return &box{}, nil
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, address)
		conn := c.dial()
		_ = c.send(conn, c.request(nil, "create", "Slow"))
		_ = conn.SetRecvDeadline(time.Now().Add(patience + 2*limit))
		v, err := conn.Recv(context.Background())
		if answer, ok := v.(py.Tuple); ok && answer[0] == kindReturn {
			return
		}
		_ = s.Close()
		if begun || limit > patience {
			t.Fatalf("%v, %v; a first request may take %v, the constructor has begun: %v", v, err, limit, begun)
		}
	}
}
