package manager

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

var quiet = slog.New(slog.DiscardHandler)

// TestHostileClients: whatever some clients do, another one notices nothing, and nothing of them is left.
func TestHostileClients(t *testing.T) {
	s, address := started(t, Config{Logger: quiet})
	c := newClient(t, address)
	ident := c.create("list")
	c.call(ident, "append", int64(0))
	before := runtime.NumGoroutine()

	attacks := map[string]func(c *client){
		"silence": func(c *client) { c.dial() },
		"no handshake": func(c *client) {
			nc, err := net.Dial("unix", address)
			if err == nil {
				_, _ = nc.Write([]byte("\x00\x00\x00\x05hello"))
				_ = nc.Close()
			}
		},
		"half a frame": func(c *client) { half(c, c.dial()) },
		"half a served frame": func(c *client) {
			half(c, c.accept())
		},
		"negative length": func(c *client) { raw(c, []byte{0x80, 0, 0, 0}) },
		"huge length": func(c *client) {
			raw(c, []byte{0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		},
		"large length":  func(c *client) { raw(c, []byte{0x3f, 0xff, 0xff, 0xff, 1, 2, 3}) },
		"garbage first": func(c *client) { _ = c.dial().SendBytes(context.Background(), []byte("garbage")) },
		"garbage later": func(c *client) {
			conn := c.accept()
			for range 10 {
				_ = conn.SendBytes(context.Background(), []byte("garbage"))
			}
		},
		"wrong requests": func(c *client) {
			conn := c.accept()
			for _, v := range []py.Value{nil, py.Tuple{}, py.Tuple{ident, "append"}, py.Tuple{ident, "append", nil, nil}, py.Tuple{py.NewList(), "append", py.Tuple{}, py.NewDict()}} {
				if kind, v := c.ask(conn, v); kind != kindTraceback {
					c.t.Error(kind, v)
				}
			}
		},
		"unknown idents": func(c *client) {
			for _, id := range []string{"", "0", strings.Repeat("f", 100_000), "\x00"} {
				if kind, v := c.kind(id, "append", nil); kind != kindTraceback {
					c.t.Error(kind, v)
				}
			}
		},
		"deep pickle": func(c *client) {
			conn := c.accept()
			_ = conn.SendBytes(context.Background(), []byte("\x80\x04"+strings.Repeat("]", 1_000_000)+strings.Repeat("a", 999_999)+"."))
			c.answer(conn)
		},
		"bomb": func(c *client) { // each list has the one before it twice
			conn := c.accept()
			message := "\x80\x02]q\x00("
			for i := range 60 {
				message += "]q" + string(rune(i+1)) + "(h" + string(rune(i)) + "h" + string(rune(i)) + "e"
			}
			_ = conn.SendBytes(context.Background(), []byte(message+"t."))
			c.answer(conn)
		},
		"self-reference": func(c *client) {
			if kind, v := c.kind(ident, "__contains__", proxyOf(address, "list", ident)); kind != kindReturn || v != false {
				c.t.Error(kind, v)
			}
		},
		"leaves a call": func(c *client) {
			q := c.create("Queue")
			_ = c.send(c.accept(), c.request(q, "get"))
		},
		"does not read": func(c *client) {
			conn := c.accept()
			message, err := pickle.Marshal(c.request(ident, "__mul__", int64(1000)))
			if err != nil {
				c.t.Error(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			for conn.SendBytes(ctx, message) == nil {
			}
		},
	}
	var wg sync.WaitGroup
	for name, attack := range attacks {
		wg.Go(func() {
			for range 3 {
				attacker := newClient(t, address)
				attack(attacker)
				attacker.closeAll()
			}
			_ = name
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for n := 0; ; n++ {
		if v := c.call(ident, "__getitem__", int64(0)); v != int64(0) {
			t.Fatal(v)
		}
		select {
		case <-done:
			eventually(t, "only the honest client is left", func() bool { return len(s.all()) == 1 })
			eventually(t, "no goroutines are left", func() bool { return runtime.NumGoroutine() <= before })
			return
		default:
		}
	}
}

// half sends the beginning of a message.
func half(c *client, conn *connection.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = conn.SendBytes(ctx, make([]byte, 100)) // nothing at all
	raw(c, []byte{0, 0, 0, 100, 0x80, 4})
}

// raw sends bytes that are no frame, behind the handshake.
func raw(c *client, b []byte) {
	nc, _, err := c.rawServed()
	if err != nil {
		c.t.Error(err)
		return
	}
	defer nc.Close()
	_, _ = nc.Write(b)
}

// rawServed makes a served connection of which one can write anything.
func (c *client) rawServed() (net.Conn, *connection.Conn, error) {
	nc, err := net.Dial(c.network, c.address)
	if err != nil {
		return nil, nil, err
	}
	conn, err := connection.NewConn(keepOpen{nc}, keyed)
	if err != nil {
		return nc, nil, err
	}
	if err := conn.Authenticate(context.Background(), connection.Client); err != nil {
		return nc, nil, err
	}
	request, err := pickle.Marshal(c.request(nil, "accept_connection", "raw"))
	if err != nil {
		return nc, nil, err
	}
	_, _ = nc.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(request))), request...))
	_, err = conn.RecvBytes(context.Background())
	return nc, conn, err
}

// keepOpen is a net.Conn that its Conn does not close.
type keepOpen struct{ net.Conn }

func (keepOpen) Close() error { return nil }

// TestRandomMessages: no message of a client makes the server do anything but answer, or close the connection.
func TestRandomMessages(t *testing.T) {
	_, address := started(t, Config{Logger: quiet})
	c := newClient(t, address)
	list, dict := c.create("list"), c.create("dict")
	rapid.Check(t, func(rt *rapid.T) {
		method := rapid.SampledFrom([]string{"append", "__getitem__", "__setitem__", "pop", "sort", "update", "get", "items", "__repr__", "#GETVALUE", "nonsense", ""}).Draw(rt, "method")
		ident := rapid.SampledFrom([]string{list, dict, "x"}).Draw(rt, "ident")
		args := py.Tuple(rapid.SliceOfN(rapid.SampledFrom([]py.Value{nil, int64(0), int64(-1), "a", 1.5, py.NewList(), py.Slice{}, proxyOf(address, "list", list), py.Bytes("b")}), 0, 4).Draw(rt, "args"))
		message, err := pickle.Config{Protocol: rapid.IntRange(2, 5).Draw(rt, "protocol")}.Marshal(py.Tuple{ident, method, args, py.NewDict()})
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(0, 3).Draw(rt, "changes") {
			at := rapid.IntRange(0, len(message)-1).Draw(rt, "at")
			message[at] = rapid.Byte().Draw(rt, "byte")
		}
		if c.conn == nil {
			c.conn = c.accept()
		}
		_ = c.conn.SetDeadline(time.Now().Add(patience))
		if err := c.conn.SendBytes(context.Background(), message); err != nil {
			rt.Fatal(err)
		}
		reply, err := c.conn.RecvBytes(context.Background())
		if err != nil {
			rt.Fatalf("%q: %v", message, err)
		}
		if _, err := pickle.Decode(reply); err != nil {
			rt.Fatalf("%q is answered with %q: %v", message, reply, err)
		}
	})
}

// closeAll closes the connections that the client has made.
func (c *client) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

func TestConnectionLimit(t *testing.T) {
	s, address := started(t, Config{Limits: Limits{Connections: 3}, Logger: quiet})
	s.refusal = patience
	c := newClient(t, address)
	for range 3 {
		c.accept()
	}
	kind, v := c.serverKind("dummy")
	if text, _ := py.Text(v); kind != kindTraceback || !strings.HasSuffix(text, "\nMemoryError: the server has 3 connections, which is its limit\n") {
		t.Error(kind, v)
	}
	c.closeAll()
	eventually(t, "there is room", func() bool { return len(s.all()) == 0 })
	c.server("dummy")
}

func TestObjectLimit(t *testing.T) {
	_, address := started(t, Config{Limits: Limits{Objects: 2}})
	c := newClient(t, address)
	a := c.create("list")
	c.create("list")
	if kind, v := c.serverKind("create", "list"); kind != kindTraceback || !strings.HasSuffix(v.(string), "\nMemoryError: the server has 2 objects, which is its limit\n") {
		t.Error(kind, v)
	}
	c.server("decref", a)
	c.create("list")
}

// TestBytesLimit: when the heap is full nothing more is stored, and what is removed makes room.
func TestBytesLimit(t *testing.T) {
	_, address := started(t, Config{Limits: Limits{Bytes: heapNow() + 64<<20}})
	c := newClient(t, address)
	ident := c.create("list")
	chunk := make([]byte, 100<<10) // for which nobody is asked, so that the limit is exceeded
	for i := range chunk {
		chunk[i] = byte(rand.Uint32())
	}
	n := 0
	for ; ; n++ {
		kind, v := c.kind(ident, "append", py.Bytes(chunk))
		if kind == kindError && py.IsException(v.(*py.Exception), "MemoryError") {
			break
		}
		if kind != kindReturn || n > 2000 {
			t.Fatal(n, kind, v)
		}
	}
	if n < 200 {
		t.Errorf("%d times 100 KiB are all it takes", n)
	}
	if v := c.call(ident, "__len__"); v != int64(n) {
		t.Error(v)
	}
	c.call(ident, "__delitem__", py.Slice{})
	c.call(ident, "append", int64(1))
	c.create("list")
}
