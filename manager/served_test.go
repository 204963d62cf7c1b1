package manager

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

func TestServerRequests(t *testing.T) {
	s, address := started(t, Config{})
	for protocol := 2; protocol <= 5; protocol++ {
		c := newClient(t, address)
		c.protocol = protocol
		if v := c.server("dummy"); v != nil {
			t.Error("dummy", v)
		}
		before := c.server("number_of_objects")
		made := c.server("create", c.str("Box"), "x").(py.Tuple)
		ident, _ := py.Text(made[0])
		if len(made) != 2 || !s.table.owns(ident) || len(made[1].(py.Tuple)) != len(boxType.Exposed) || reflect.TypeOf(made[0]) != reflect.TypeOf(c.str("")) {
			t.Fatalf("create returned %v", made)
		}
		if n := c.server("number_of_objects"); n != before.(int64)+1 {
			t.Error("objects:", n)
		}
		c.server("incref", c.str(ident))
		info, _ := py.Text(c.server("debug_info"))
		if want := "  " + ident + ":       refcount=2\n    Box('x')"; !strings.Contains(info, want) {
			t.Errorf("debug_info is %q", info)
		}
		tok := token{typeid: "Box", address: address}
		if v := c.server("get_methods", tok.value(c.str(ident))).(py.Tuple); len(v) != len(boxType.Exposed) {
			t.Error("get_methods", v)
		}
		c.server("decref", c.str(ident))
		c.server("decref", c.str(ident))
		if n := c.server("number_of_objects"); n != before {
			t.Error("objects:", n)
		}
	}
}

// TestServerRequestsFail: every failure is told as a traceback, whose last line names the exception.
func TestServerRequestsFail(t *testing.T) {
	_, address := started(t, Config{})
	for protocol := 2; protocol <= 5; protocol++ {
		c := newClient(t, address)
		c.protocol = protocol
		for _, x := range []struct {
			request py.Value
			last    string
		}{
			{c.request(nil, "nonsense"), "AssertionError: 'nonsense' unrecognized"},
			{c.request(nil, "create", "nonsense"), "KeyError: 'nonsense'"},
			{c.request(nil, "create"), "TypeError: create() missing 1 required positional argument: 'typeid'"},
			{c.request(nil, "create", "Box", int64(1), int64(2)), "TypeError: Box() takes at most 1 argument (2 given)"},
			{c.request(nil, "incref", "1234"), "KeyError: '1234'"},
			{c.request(nil, "decref", "1234"), "KeyError: '1234'"},
			{c.request(nil, "decref", int64(5)), "KeyError: 5"},
			{c.request(nil, "decref"), "TypeError: decref() takes 1 arguments but 0 were given"},
			{c.request(nil, "get_methods", "x"), "AttributeError: 'str' object has no attribute 'id'"},
			{py.Tuple{"a", "b"}, "ValueError: not enough values to unpack (expected 4, got 2)"},
			{py.Tuple{nil, nil, nil, nil, nil}, "ValueError: too many values to unpack (expected 4)"},
			{int64(5), "TypeError: cannot unpack non-iterable int object"},
			{py.Tuple{nil, int64(1), py.Tuple{}, py.NewDict()}, "TypeError: attribute name must be string, not 'int'"},
			{py.Tuple{nil, c.str("dummy"), int64(1), py.NewDict()}, "TypeError: argument after * must be an iterable, not int"},
			{py.Tuple{nil, c.str("dummy"), py.Tuple{}, nil}, "TypeError: argument after ** must be a mapping, not NoneType"},
		} {
			conn := c.dial()
			kind, v := c.ask(conn, x.request)
			got, ok := py.Text(v)
			if kind != kindTraceback || !ok || !strings.HasPrefix(got, "Traceback (most recent call last):\n") || !strings.HasSuffix(got, "\n"+x.last+"\n") {
				t.Errorf("protocol %d: %v is answered with %s %v", protocol, x.request, kind, v)
			}
			if _, isNative := v.(py.Str2); isNative != (protocol == 2) {
				t.Errorf("protocol %d: the text is a %T", protocol, v)
			}
			if _, err := conn.Recv(context.Background()); err != io.EOF {
				t.Errorf("after the answer: %v", err)
			}
		}
	}
}

func TestObjectRequests(t *testing.T) {
	_, address := started(t, Config{Logger: slog.New(slog.DiscardHandler)})
	for protocol := 2; protocol <= 5; protocol++ {
		c := newClient(t, address)
		c.protocol = protocol
		ident := c.create("Box")
		big := strings.Repeat("x", 100_000)
		for _, v := range []py.Value{
			nil, true, false, int64(0), int64(255), int64(256), int64(65535), int64(65536), int64(-1), int64(1 << 31), int64(-1 << 31), int64(-1<<31 - 1), int64(1 << 62), int64(-1 << 63),
			1.5, "", "text", "ä", strings.Repeat("y", 255), strings.Repeat("y", 256), big, py.Bytes("\x00\xff"), py.Bytes(""), py.Bytes(big),
			py.NewList(int64(1), "a"), py.Tuple{py.Tuple{}},
		} {
			if back := c.call(ident, "set", v); back != nil {
				t.Fatal(back)
			}
			if got := c.call(ident, "get"); !reflect.DeepEqual(got, v) {
				t.Errorf("protocol %d: %.100v came back as %.100v", protocol, v, got)
			}
		}
		c.call(ident, "set", int64(7))
		for _, x := range []struct {
			method string
			kind   string
			want   py.Value
		}{
			{"__str__", kindReturn, c.str("Box(7)")},
			{"__repr__", kindReturn, c.str("Box(7)")},
			{"#GETVALUE", kindReturn, py.NewList(int64(7))},
		} {
			if kind, v := c.kind(ident, x.method); kind != x.kind || !reflect.DeepEqual(v, x.want) {
				t.Errorf("%s: %s %#v", x.method, kind, v)
			}
		}
		if kind, v := c.kind(ident, "fail", "why"); kind != kindError || !py.IsException(v.(*py.Exception), "queue.Empty") || v.(*py.Exception).Args[0] != c.str("why") {
			t.Errorf("fail: %s %v", kind, v)
		}
		kind, v := c.kind(ident, "nonsense")
		if got, _ := py.Text(v); kind != kindTraceback || !strings.Contains(got, "AttributeError: ") || !strings.HasSuffix(got, "\nKeyError: 'nonsense'\n") {
			t.Errorf("nonsense: %s %v", kind, v)
		}
		kind, v = c.kind("1234", "get")
		if got, _ := py.Text(v); kind != kindTraceback || !strings.HasSuffix(got, "\nKeyError: '1234'\n") {
			t.Errorf("an unknown ident: %s %v", kind, v)
		}
		c.call(ident, "set", nil)
		if kind, v := c.kind(ident, "#GETVALUE"); kind != kindUnserializable {
			t.Errorf("#GETVALUE: %s %v", kind, v)
		}
		kind, v = c.kind(ident, "panic")
		if got, _ := py.Text(v); kind != kindTraceback || !strings.HasSuffix(got, "\nSystemError: internal error of the server: a bug\n") {
			t.Errorf("panic: %s %v", kind, v)
		}
		if v := c.call(ident, "get"); v != nil {
			t.Error("after a panic", v)
		}
	}
}

// TestBadRequests: the connection stays in step.
func TestBadRequests(t *testing.T) {
	_, address := started(t, Config{})
	c := newClient(t, address)
	ident := c.create("Box", int64(1))
	conn := c.accept()
	for _, message := range []string{"garbage", "\x80", "\x80\x04", "\x80\x04.", "\x80\x04N.", "\x80\xff.", "\x80\x02]q\x00.", "cos\nsystem\n(S'id'\ntR.", strings.Repeat("(", 5000)} {
		if err := conn.SendBytes(context.Background(), []byte(message)); err != nil {
			t.Fatal(err)
		}
		if kind, v := c.answer(conn); kind != kindTraceback {
			t.Errorf("%.20q: %s %v", message, kind, v)
		}
		if kind, v := c.ask(conn, c.request(ident, "get")); kind != kindReturn || v != int64(1) {
			t.Errorf("after %.20q: %s %v", message, kind, v)
		}
	}
	if err := conn.SendBytes(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RecvBytes(context.Background()); err != io.EOF {
		t.Errorf("after an empty message: %v", err)
	}
}

// TestPipeline: requests that are sent ahead are answered in their order, those behind one that waits as well.
func TestPipeline(t *testing.T) {
	_, address := started(t, Config{Limits: Limits{Pending: 8}})
	c := newClient(t, address)
	ident, gate := c.create("Box", int64(0)), c.create("Box")
	conn := c.accept()
	const n = 50
	for i := range n {
		_ = c.send(conn, c.request(ident, "set", int64(i)))
		if i == n/4 {
			_ = c.send(conn, c.request(gate, "wait"))
		}
		_ = c.send(conn, c.request(ident, "get"))
	}
	eventually(t, "the call waits", func() bool { return c.call(ident, "get") == int64(n/4) })
	time.Sleep(10 * watchDelay) // for the watcher to read ahead, which must change nothing
	c.call(gate, "release")
	for i := range n {
		if kind, v := c.answer(conn); kind != kindReturn || v != nil {
			t.Fatal(kind, v)
		}
		if i == n/4 {
			if kind, v := c.answer(conn); kind != kindReturn || v != true {
				t.Fatal(kind, v)
			}
		}
		if kind, v := c.answer(conn); kind != kindReturn || v != int64(i) {
			t.Fatal(i, kind, v)
		}
	}
}

// waits tells how many calls wait.
func waits(s *Server) (n int) {
	for _, x := range s.all() {
		if x.watch.present.Load() != nil {
			n++
		}
	}
	return n
}

func TestWaitIsGivenUp(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	ident := c.create("Box")
	for _, pipelined := range []int{0, 1, 5} {
		conn := c.accept()
		_ = c.send(conn, c.request(ident, "wait"))
		for range pipelined {
			_ = c.send(conn, c.request(ident, "get"))
		}
		eventually(t, "the call waits", func() bool { return waits(s) == 1 })
		_ = conn.Close()
		eventually(t, "the connection is gone", func() bool { return waits(s) == 0 && len(s.all()) <= 1 })
	}
	// Two waits, one after the other, with the client's end behind requests that were read ahead in the first.
	conn := c.accept()
	other := c.create("Box")
	_ = c.send(conn, c.request(ident, "wait"))
	_ = c.send(conn, c.request(other, "wait"))
	eventually(t, "the call waits", func() bool { return waits(s) == 1 })
	c.call(ident, "release")
	eventually(t, "the second call waits", func() bool {
		for _, x := range s.all() {
			if w := x.watch.present.Load(); w != nil && w.ident == other {
				return true
			}
		}
		return false
	})
	_ = conn.Close()
	eventually(t, "the connection is gone", func() bool { return waits(s) == 0 })
}

// TestUndo: a call that has waited, and whose client went as it ended, is undone or given up, over both kinds of sockets.
func TestUndo(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			s, address := startedAt(t, Config{}, network, place(t, network))
			c := newClient(t, address)
			c.server("dummy")
			const calls = 50
			var undone uint64
			for range calls {
				ident := c.create("Box")
				b := s.table.lookup(ident).Object.(*box)
				conn := c.accept()
				_ = c.send(conn, c.request(ident, "wait"))
				eventually(t, "the call waits", func() bool { return waits(s) == 1 })
				_ = conn.Close()
				close(b.open)
				eventually(t, "the connection is gone", func() bool { return len(s.all()) == 0 })
				if n := b.undone.Load(); n > 1 {
					t.Fatalf("undone %d times", n)
				} else if ended := b.ended.Load(); ended != n {
					t.Fatalf("of %d calls that have ended %d were undone", ended, n)
				}
				undone += uint64(b.undone.Load())
				c.server("decref", ident)
			}
			if st := s.Stats(); st.Undone != undone || st.Undone+st.GivenUp != calls {
				t.Errorf("of %d calls, %d of which were undone, %d count as undone and %d as given up", calls, undone, st.Undone, st.GivenUp)
			}
		})
	}
}

func TestOwnedIsReleased(t *testing.T) {
	book := &logbook{}
	s, address := started(t, Config{Logger: book.logger()})
	c := newClient(t, address)
	ident := c.create("Box")
	freed := make(chan struct{})
	s.table.lookup(ident).Object.(*box).freed = func() { close(freed) }
	c.call(ident, "own")
	_ = c.conn.Close()
	select {
	case <-freed:
	case <-time.After(patience):
		t.Fatal("what the client owned was not released")
	}
	eventually(t, "that was logged, with the client", func() bool {
		return strings.Contains(book.String(), "not released its locks") && strings.Contains(book.String(), "client=test")
	})
}

func TestShutdown(t *testing.T) {
	for name, stop := range map[string]func(s *Server, c *client) error{
		"Close":    func(s *Server, _ *client) error { return s.Close() },
		"Shutdown": func(s *Server, _ *client) error { return s.Shutdown(context.Background()) },
		"client":   func(s *Server, c *client) error { c.server("shutdown"); <-s.ended; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s, address := started(t, Config{})
			c := newClient(t, address)
			ident := c.create("Box", int64(1))
			idleConn, waitingConn := c.accept(), c.accept()
			_ = c.send(waitingConn, c.request(ident, "wait"))
			eventually(t, "the call waits", func() bool { return waits(s) == 1 })
			if err := stop(s, c); err != nil {
				t.Fatal(err)
			}
			for _, conn := range []*connection.Conn{idleConn, waitingConn} {
				if _, err := conn.RecvBytes(context.Background()); err == nil {
					t.Error("the connection goes on")
				}
			}
			if len(s.all()) != 0 {
				t.Error("there are sessions left")
			}
			if _, err := connection.Dial(context.Background(), "unix", address, keyed); err == nil {
				t.Error("the server still listens")
			}
		})
	}
}

// TestShutdownDrains: what is being done is answered.
func TestShutdownDrains(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	ident := c.create("Box")
	b := s.table.lookup(ident).Object.(*box)
	conn := c.accept()
	_ = c.send(conn, c.request(ident, "work"))
	eventually(t, "the call runs", b.working.Load)
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	eventually(t, "it drains", s.draining.Load)
	select {
	case err := <-done:
		t.Fatal("Shutdown has not waited:", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(b.open)
	if kind, v := c.answer(conn); kind != kindReturn || v != "done" {
		t.Error(kind, v)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestKeepRunning(t *testing.T) {
	_, address := started(t, Config{KeepRunning: true})
	c := newClient(t, address)
	if kind, v := c.serverKind("shutdown"); kind != kindTraceback {
		t.Error(kind, v)
	}
	c.server("dummy")
}

func TestServeEndsWithItsContext(t *testing.T) {
	s, err := NewServer(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := connection.Listen("tcp", "127.0.0.1:0", keyed)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Serve(ctx, l); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFastReplies(t *testing.T) {
	// What is written without the encoder has to mean the same as with it.
	for protocol := 2; protocol <= 5; protocol++ {
		w := replier{config: pickle.Config{Registry: pickle.NewRegistry()}}
		for _, v := range []py.Value{nil, true, false, int64(1 << 40), int64(-1 << 40), 2.5, "a", py.Bytes("b")} {
			for _, python2 := range []bool{false, protocol == 2} {
				r := &request{protocol: protocol, python2: python2}
				got, err := pickle.Decode(w.result(r, v))
				if err != nil {
					t.Fatal(err)
				}
				kind, _ := py.Text(got.(py.Tuple)[0])
				if kind != kindReturn || !reflect.DeepEqual(got.(py.Tuple)[1], v) {
					t.Errorf("protocol %d: %v is answered with %v", protocol, v, got)
				}
			}
		}
	}
}
