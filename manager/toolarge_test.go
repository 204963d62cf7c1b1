package manager

import (
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// small is a Listener's Config with a limit for messages.
var small = connection.Config{Key: key, MD5: connection.MD5Always, MaxFrame: 100_000, HandshakeTimeout: patience}

func startedSmall(t *testing.T) string {
	_, address := startedWith(t, Config{Logger: quiet}, small, "unix", filepath.Join(t.TempDir(), "s"))
	return address
}

const tooLargeText = "is larger than the server's limit of 100000"

// TestTooLarge: a message beyond the limit is answered with a MemoryError, and the connection goes on.
func TestTooLarge(t *testing.T) {
	c := newClient(t, startedSmall(t))
	ident := c.create("list")
	for range 3 {
		kind, v := c.kind(ident, "append", py.Bytes(make([]byte, 10_000_000)))
		if e, ok := v.(*py.Exception); kind != kindError || !ok || !e.IsA("MemoryError") || !strings.Contains(e.Error(), tooLargeText) {
			t.Fatal(kind, v)
		}
		c.call(ident, "append", int64(1))
	}
	if v := c.call(ident, "__len__"); v != int64(3) {
		t.Error(v)
	}
	kind, v := c.serverKind("create", "list", py.NewList(py.Bytes(make([]byte, 1_000_000))))
	if s, _ := py.Text(v); kind != kindTraceback || !strings.Contains(s, "\nMemoryError: the message of ") || !strings.Contains(s, tooLargeText) {
		t.Error(kind, v)
	}
}

// TestTooLargeAhead: one that is sent while a call waits does not end that call, and is answered in its turn.
func TestTooLargeAhead(t *testing.T) {
	c := newClient(t, startedSmall(t))
	q := c.create("Queue")
	conn := c.accept()
	if err := c.send(conn, c.request(q, "get")); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() { sent <- c.send(conn, c.request(q, "put", py.Bytes(make([]byte, 10_000_000)))) }()
	eventually(t, "the call waits", func() bool {
		kind, v := c.kind(q, "empty")
		return kind == kindReturn && v == true
	})
	c.call(q, "put", "item")
	if kind, v := c.answer(conn); kind != kindReturn || v != "item" {
		t.Fatal(kind, v)
	}
	if kind, v := c.answer(conn); kind != kindError || !v.(*py.Exception).IsA("MemoryError") {
		t.Fatal(kind, v)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if kind, v := c.ask(conn, c.request(q, "qsize")); kind != kindReturn || v != int64(0) {
		t.Error(kind, v)
	}
}

// TestAbsurdLength: a client that announces more than anybody would read is closed.
func TestAbsurdLength(t *testing.T) {
	c := newClient(t, startedSmall(t))
	nc, conn, err := c.rawServed()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := nc.Write(binary.BigEndian.AppendUint64([]byte{0xff, 0xff, 0xff, 0xff}, maxSkipped+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RecvBytes(context.Background()); err == nil {
		t.Error("it is answered")
	}
}

//go:embed testdata/toolarge.py
var tooLargeScript string

// TestTooLargePython: every Python raises MemoryError, and goes on.
func TestTooLargePython(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			out, err := p.Run(tooLargeScript, nil, startedSmall(t), hex.EncodeToString(key))
			if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "ok") {
				t.Errorf("%s\n%v", out, err)
			}
		})
	}
}

// TestLargeAnswers: an answer that is encoded in several goes is whole, whatever is in it.
func TestLargeAnswers(t *testing.T) {
	var w replier
	asked := 0
	w.room = func(int64) error { asked++; return nil }
	r := &request{protocol: 4}
	want := py.NewList()
	for i := range 3 {
		want.Append(strings.Repeat(string(rune('a'+i)), firstAnswer))
	}
	v, err := pickle.Decode(w.result(r, want))
	if err != nil {
		t.Fatal(err)
	}
	if equal, err := py.Equal(v, py.Tuple{kindReturn, want}); err != nil || !equal || asked != 1 {
		t.Error(equal, err, asked)
	}
	full := py.MemoryError("full")
	w.room = func(int64) error { return full }
	for _, v := range []py.Value{want, py.Bytes(make([]byte, firstAnswer+1))} {
		reply, err := pickle.Decode(w.result(r, v))
		if pair, ok := reply.(py.Tuple); err != nil || !ok || pair[0] != kindError || pair[1].(*py.Exception).Error() != "MemoryError: full" {
			t.Error(reply, err)
		}
	}
}

// TestItemTooLargeToBeAnswered: an item for whose pickle there is no room stays in its queue.
func TestItemTooLargeToBeAnswered(t *testing.T) {
	s, address := started(t, Config{Limits: Limits{Bytes: math.MaxInt64}, Logger: quiet})
	c := newClient(t, address)
	q := c.create("Queue")
	item := py.Bytes(make([]byte, firstAnswer+1))
	c.call(q, "put", item)
	c.call(q, "put", int64(2))
	s.heap.limit = 1
	kind, v := c.kind(q, "get")
	if e, ok := v.(*py.Exception); !ok || kind != kindError || !e.IsA("MemoryError") {
		t.Fatal(kind, v)
	}
	s.heap.limit = math.MaxInt64
	if v, ok := c.call(q, "get").(py.Bytes); !ok || len(v) != len(item) {
		t.Error("another item has come first")
	}
}
