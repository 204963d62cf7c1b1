package connection_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
)

//go:embed testdata/peer.py
var peerSource string

var (
	ctx    = context.Background()
	key    = []byte("the key of the tests")
	keyed  = connection.Config{Key: key, Logger: slog.New(slog.DiscardHandler), HandshakeTimeout: patience}
	unique atomic.Int64
)

// patience is for what must come; it only bounds how long a failing test takes.
const patience = time.Minute

// python is a Python that does what tests ask.
type python struct {
	t testing.TB
	c *pythons.Child
}

func startPython(t *testing.T, p pythons.Python) *python {
	return &python{t, p.Serve(t, pythons.Module{Name: "peer", Source: peerSource})}
}

// answer is what a Python answers.
type answer struct {
	Error, Text, Trace string
	Address            string
	Said               []string
	End                string
	Times              []float64
}

type ask map[string]any

func (a ask) with(more ask) ask {
	out := ask{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// call waits for the answer. It may be called by other goroutines than the test's.
func (p *python) call(a ask) answer {
	request, err := json.Marshal(a)
	if err != nil {
		p.t.Error(err)
	}
	var out answer
	reply, err := p.c.Call(request)
	if err == nil {
		err = json.Unmarshal(reply, &out)
	}
	if err != nil {
		p.t.Errorf("%v: %v", a, err)
		out.Error = "lost"
	}
	return out
}

func (p *python) begin(a ask) <-chan answer {
	out := make(chan answer, 1)
	go func() { out <- p.call(a) }()
	return out
}

func hexKey(k []byte) string { return hex.EncodeToString(k) }

// networks are the kinds of addresses that a Python has here.
func networks(p pythons.Python) []string {
	switch {
	case runtime.GOOS == "windows":
		return []string{"tcp"}
	case runtime.GOOS == "linux" && p.AtLeast(3, 8):
		return []string{"tcp", "unix", "abstract"}
	default:
		return []string{"tcp", "unix"}
	}
}

// place is an address of the kind on which somebody can listen, and the network's name for package connection.
func place(t *testing.T, kind string) (network, address string) {
	switch kind {
	case "tcp":
		return "tcp", "127.0.0.1:0"
	case "abstract":
		return "unix", fmt.Sprintf("@multiproc-connection-%d-%d", time.Now().UnixNano(), unique.Add(1))
	default:
		return "unix", filepath.Join(t.TempDir(), "s")
	}
}

// at is where a listener listens, as Python's end is told.
func at(kind string, l *connection.Listener) ask {
	if kind == "tcp" {
		return ask{"network": "tcp", "address": l.Addr().String()}
	}
	return ask{"network": "unix", "address": l.Addr().String()}
}

func listen(t testing.TB, network, address string, c connection.Config) *connection.Listener {
	t.Helper()
	l, err := connection.Listen(network, address, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func accept(t testing.TB, l *connection.Listener) *connection.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := l.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func dial(t testing.TB, l *connection.Listener, c connection.Config) *connection.Conn {
	t.Helper()
	conn, err := connection.Dial(ctx, l.Addr().Network(), l.Addr().String(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// pair is two ends of one connection.
func pair(t testing.TB, network string, c connection.Config) (server, client *connection.Conn) {
	t.Helper()
	l := listen(t, network, "", c)
	client = dial(t, l, c)
	return accept(t, l), client
}

// raw connects to a listener and does nothing else.
func raw(t testing.TB, l *connection.Listener) net.Conn {
	t.Helper()
	nc, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return nc
}

// sayRaw and hearRaw are frames, by other code than what is tested.
func sayRaw(t testing.TB, nc net.Conn, payload string) {
	t.Helper()
	n := len(payload)
	if _, err := io.WriteString(nc, string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})+payload); err != nil {
		t.Fatal(err)
	}
}

func hearRaw(nc net.Conn) (string, error) {
	var head [4]byte
	if _, err := io.ReadFull(nc, head[:]); err != nil {
		return "", err
	}
	payload := make([]byte, int(head[0])<<24|int(head[1])<<16|int(head[2])<<8|int(head[3]))
	_, err := io.ReadFull(nc, payload)
	return string(payload), err
}

// logbook keeps the records of a logger.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// wait waits for a text in the log.
func (l *logbook) wait(t testing.TB, text string) {
	t.Helper()
	eventually(t, func() bool { return strings.Contains(l.String(), text) }, func() string { return fmt.Sprintf("no %q in the log:\n%s", text, l) })
}

func eventually(t testing.TB, ok func() bool, what func() string) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what())
		}
	}
}

// longer calls f, which depends on a time limit of the program, with ever longer limits until it reports that the machine was fast enough. The last limit is no shorter than patience.
func longer(t testing.TB, limit time.Duration, f func(limit time.Duration) bool) {
	t.Helper()
	for ; !f(limit); limit *= 4 {
		if limit >= patience {
			t.Fatalf("not within %v either", limit)
		}
	}
}
