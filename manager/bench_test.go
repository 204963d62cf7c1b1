package manager

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// BenchmarkServed measures whole requests over a unix socket, and beside them an echo of messages of the same lengths, which does nothing: the difference is what the server costs.
func BenchmarkServed(b *testing.B) {
	_, address := started(b, Config{})
	c := newClient(b, address)
	list, dict := c.create("list"), c.create("dict")
	c.conn = c.accept()
	c.call(list, "append", int64(0))
	c.call(dict, "__setitem__", "key", int64(1))
	for _, x := range []struct {
		name    string
		request py.Tuple
	}{
		{"append", c.request(list, "append", int64(1))},
		{"getitem", c.request(list, "__getitem__", int64(0))},
		{"get", c.request(dict, "get", "key", nil)},
		{"setitem", c.request(dict, "__setitem__", "key", int64(2))},
	} {
		message, err := pickle.Marshal(x.request)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(x.name, func(b *testing.B) { exchange(b, c.accept(), message) })
		b.Run(x.name+"/answer", func(b *testing.B) { answered(b, message) })
	}
	echo := echoServer(b)
	for _, n := range []int{64} {
		b.Run("echo", func(b *testing.B) { exchange(b, newClient(b, echo).dial(), make([]byte, n)) })
	}
}

// exchange sends a message and waits for the answer.
func exchange(b *testing.B, conn *connection.Conn, message []byte) {
	ctx := context.Background()
	buf := make([]byte, 4<<10)
	b.ReportAllocs()
	for b.Loop() {
		if err := conn.SendBytes(ctx, message); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.RecvBytesInto(ctx, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// answered measures what a request costs besides the system calls.
func answered(b *testing.B, message []byte) {
	s, err := NewServer(Config{})
	if err != nil {
		b.Fatal(err)
	}
	x := alone(b, s)
	var r request
	if err := r.parse(&x.replier.config, message); err != nil {
		b.Fatal(err)
	}
	// The ident of the message is another server's: make it this one's.
	typeid := "dict"
	if r.method == "append" || r.method == "__getitem__" {
		typeid = "list"
	}
	x.request = request{protocol: 4, method: "create", args: py.Tuple{typeid}}
	made, err := x.create()
	if err != nil {
		b.Fatal(err)
	}
	ident := made.(py.Tuple)[0]
	if typeid == "list" {
		first, _ := pickle.Marshal(py.Tuple{ident, "append", py.Tuple{int64(1)}, py.NewDict()})
		x.answer(first, false)
	}
	message, _ = pickle.Marshal(py.Tuple{ident, r.method, r.args, py.NewDict()})
	b.ReportAllocs()
	for b.Loop() {
		reply := x.answer(message, false)
		if reply == nil {
			b.Fatal("no answer")
		}
		x.account(len(message), len(reply))
		x.forget()
	}
}

// alone is a session whose connection nobody uses.
func alone(b *testing.B, s *Server) *session {
	nobody, other := net.Pipe()
	conn, err := connection.NewConn(nobody, connection.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(); _ = other.Close() })
	x := newSession(s, conn)
	x.serve("bench")
	return x
}

// echoServer sends back what it gets.
func echoServer(b testing.TB) (address string) {
	l, err := connection.Listen("unix", filepath.Join(b.TempDir(), "echo"), keyed)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buf := make([]byte, 4<<10)
				for {
					n, err := conn.RecvBytesInto(context.Background(), buf)
					if err == io.EOF || err != nil {
						return
					}
					if conn.SendBytes(context.Background(), buf[:n]) != nil {
						return
					}
				}
			}()
		}
	}()
	b.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// BenchmarkLookup is the look-up of an object by its ident, from one goroutine and from all.
func BenchmarkLookup(b *testing.B) {
	t := newTable(1 << 20)
	var idents []string
	for range 1000 {
		ident, err := t.add(&box{}, false, settled)
		if err != nil {
			b.Fatal(err)
		}
		idents = append(idents, ident)
	}
	b.Run("one", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if t.lookup(idents[i%len(idents)]) == nil {
				b.Fatal("not found")
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for i := 0; p.Next(); i++ {
				if t.lookup(idents[i%len(idents)]) == nil {
					b.Error("not found")
				}
			}
		})
	})
}
