package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/manager/monitor"
	"github.com/multiproc-go/multiproc/multiproctest"
	"github.com/multiproc-go/multiproc/py"
)

// TestMain fails the run when the tests leave sockets or goroutines behind.
func TestMain(m *testing.M) { multiproctest.Main(m) }

var (
	ctx   = context.Background()
	keyed = connection.Config{Key: []byte("a key for tests, of some length"), Logger: slog.New(slog.DiscardHandler), HandshakeTimeout: patience}
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// A site is a server with clients, and what shows it.
type site struct {
	t       *testing.T
	server  *manager.Server
	address string
	handler http.Handler
}

func newSite(t *testing.T, c manager.Config) *site {
	t.Helper()
	c.Logger = keyed.Logger
	s, err := manager.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := connection.Listen("unix", filepath.Join(t.TempDir(), "s"), keyed)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-done; !errors.Is(err, manager.ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	x := &site{t: t, server: s, address: l.Addr().String(), handler: monitor.Handler(s)}
	x.eventually("the server is serving", func() bool { status, _ := x.get("/healthz"); return status == http.StatusOK })
	return x
}

func get(t *testing.T, h http.Handler, path string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// get asks the handler.
func (x *site) get(path string) (status int, body string) {
	x.t.Helper()
	return get(x.t, x.handler, path)
}

// json asks for a list.
func (x *site) json(path string) (v list) {
	x.t.Helper()
	status, body := x.get(path)
	if status != http.StatusOK {
		x.t.Fatalf("%s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		x.t.Fatalf("%s: %v\n%s", path, err, body)
	}
	return v
}

// list is what users read in the answers.
type list struct {
	Time      time.Time
	Held      int `json:"objects_held"`
	Known     int `json:"objects_known"`
	Truncated string
	Objects   []struct {
		Ident, Typeid    string
		References       int
		Items            *int
		MaxItems         int `json:"max_items"`
		Holders, Waiters []holding
	}
	Connections int
	Clients     []struct {
		Connection uint64
		Client     string
		Since      time.Time
		Seconds    float64
		Requests   int
		Doing      string
		Waits      *holding
	}
}

type holding struct {
	Connection  uint64
	Client      string
	Gone        bool
	What, Ident string
	Count       int
	Since       time.Time
	Seconds     *float64
}

func (x *site) eventually(what string, f func() bool) {
	x.t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			x.t.Fatal("it never happened: " + what)
		}
	}
}

// raw is a client without a Client: a served connection under any name.
func (x *site) raw(name string) *connection.Conn {
	x.t.Helper()
	conn, err := connection.Dial(ctx, "", x.address, keyed)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.Send(ctx, py.Tuple{nil, "accept_connection", py.Tuple{name}, py.NewDict()}); err != nil {
		x.t.Fatal(err)
	}
	if _, err := conn.Recv(ctx); err != nil {
		x.t.Fatal(err)
	}
	return conn
}

func (x *site) dial() *manager.Client {
	x.t.Helper()
	c, err := manager.Dial(ctx, "", x.address, keyed)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (x *site) create(c *manager.Client, typeid string, args ...any) *manager.Proxy {
	x.t.Helper()
	p, err := c.Create(ctx, typeid, args...)
	if err != nil {
		x.t.Fatal(err)
	}
	return p
}

func (x *site) call(p *manager.Proxy, method string, args ...any) {
	x.t.Helper()
	if _, err := p.Call(ctx, method, args...); err != nil {
		x.t.Fatalf("%s: %v", method, err)
	}
}
