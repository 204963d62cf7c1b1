package monitor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/manager/monitor"
	"github.com/multiproc-go/multiproc/py"
)

// TestHealth: 200 only while clients are accepted.
func TestHealth(t *testing.T) {
	idle, err := manager.NewServer(manager.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, monitor.Handler(idle), "/healthz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "not serving") {
		t.Errorf("not serving yet: %d %s", status, body)
	}
	x := newSite(t, manager.Config{})
	// A client that does not read its answer keeps the server from its end.
	big := x.create(x.dial(), "list", []any{py.Bytes(make([]byte, 8<<20))})
	slow := x.raw("slow")
	if err := slow.Send(ctx, py.Tuple{big.Ident(), "#GETVALUE", py.Tuple{}, py.NewDict()}); err != nil {
		t.Fatal(err)
	}
	x.eventually("the answer is being sent", func() bool {
		return x.server.Stats().BytesOut > 8<<20
	})
	down := make(chan error, 1)
	go func() { down <- x.server.Shutdown(ctx) }()
	x.eventually("the server is draining", func() bool {
		status, body := x.get("/healthz")
		return status == http.StatusServiceUnavailable && strings.HasPrefix(body, "draining")
	})
	if _, body := x.get("/metrics"); !strings.Contains(body, "\nmultiproc_manager_serving 0\n") {
		t.Error("a server that is draining counts as serving")
	}
	if _, err := slow.RecvBytes(ctx); err != nil {
		t.Error(err)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
	if status, body := x.get("/healthz"); status != http.StatusServiceUnavailable || body != "closed\n" {
		t.Errorf("closed: %d %s", status, body)
	}
}

// TestIndex: what is listed is there; nothing else is, and nothing can be changed.
func TestIndex(t *testing.T) {
	x := newSite(t, manager.Config{})
	_, index := x.get("/")
	for line := range strings.Lines(index) {
		path, _, _ := strings.Cut(line, " ")
		if status, body := x.get(path); status != http.StatusOK || body == "" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := x.get("/nothing"); status != http.StatusNotFound {
		t.Errorf("/nothing: %d", status)
	}
	w := httptest.NewRecorder()
	x.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/debug/objects", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

// stuck is the answer to somebody who does not read.
type stuck struct {
	http.ResponseWriter
	begun, free chan struct{}
}

func (s stuck) Write(b []byte) (int, error) {
	s.begun <- struct{}{}
	<-s.free
	return len(b), nil
}

// TestFewAtOnce: who asks for everything again and again, and does not read it, does not make the server work on more and more of it.
func TestFewAtOnce(t *testing.T) {
	x := newSite(t, manager.Config{})
	s := stuck{begun: make(chan struct{}), free: make(chan struct{})}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			mine := s
			mine.ResponseWriter = httptest.NewRecorder()
			x.handler.ServeHTTP(mine, httptest.NewRequest(http.MethodGet, "/debug/objects", nil))
		})
		<-s.begun
	}
	if status, body := x.get("/metrics"); status != http.StatusServiceUnavailable || !strings.Contains(body, "too many") {
		t.Errorf("the fifth: %d %s", status, body)
	}
	if status, _ := x.get("/healthz"); status != http.StatusOK {
		t.Errorf("health: %d", status)
	}
	close(s.free)
	all.Wait()
	if status, _ := x.get("/metrics"); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
}

// timed is an answer whose connection can have a deadline.
type timed struct {
	http.ResponseWriter
	deadline time.Time
}

func (w *timed) SetWriteDeadline(t time.Time) error { w.deadline = t; return nil }

// TestNotReadForEver: who does not read gives the place back, so that it can't keep Prometheus out.
func TestNotReadForEver(t *testing.T) {
	x := newSite(t, manager.Config{})
	for _, path := range []string{"/metrics", "/debug/objects", "/debug/clients"} {
		w := &timed{ResponseWriter: httptest.NewRecorder()}
		x.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if left := time.Until(w.deadline); left <= 0 || left > 5*time.Minute {
			t.Errorf("%s may be written until %v", path, w.deadline)
		}
	}
}

// TestProfiles: what go tool pprof fetches.
func TestProfiles(t *testing.T) {
	x := newSite(t, manager.Config{})
	for _, path := range []string{"heap", "goroutine", "allocs", "profile?seconds=1", "trace?seconds=1"} {
		if status, body := x.get("/debug/pprof/" + path); status != http.StatusOK || len(body) < 100 {
			t.Errorf("%s: %d, %d bytes", path, status, len(body))
		}
	}
	if _, body := x.get("/debug/pprof/goroutine?debug=2"); !strings.Contains(body, "goroutine 1 [") {
		t.Errorf("%.200s", body)
	}
	for path, want := range map[string]int{"none": http.StatusNotFound, "cmdline": http.StatusNotFound, "profile?seconds=0": http.StatusBadRequest, "trace?seconds=soon": http.StatusBadRequest} {
		if status, body := x.get("/debug/pprof/" + path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, pattern := http.DefaultServeMux.Handler(httptest.NewRequest(http.MethodGet, "/debug/pprof/heap", nil)); pattern != "" {
		t.Errorf("http.DefaultServeMux has %s: every program that serves it would show profiles", pattern)
	}
}

// TestObjects: who holds a lock and who waits for what, by names, connections and times.
func TestObjects(t *testing.T) {
	x := newSite(t, manager.Config{})
	c := x.dial()
	lock, queue, items := x.create(c, "Lock"), x.create(c, "Queue", 7), x.create(c, "list", []int{1, 2, 3})
	x.call(lock, "acquire")
	x.call(queue, "put", "a secret")
	x.call(items, "append", "another secret")
	waits := x.dial()
	p, err := waits.Attach(ctx, lock.Ident())
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() { _, err := p.Call(ctx, "acquire"); got <- err }()
	x.eventually("a call waits", func() bool { return len(x.json("/debug/objects?waiting=1").Objects) == 1 })

	all := x.json("/debug/objects")
	if len(all.Objects) != 3 || all.Held != 3 || all.Truncated != "" || time.Since(all.Time) > patience {
		t.Fatalf("%+v", all)
	}
	l, q, i := all.Objects[0], all.Objects[1], all.Objects[2]
	if l.Ident != lock.Ident() || l.Typeid != "Lock" || l.Items != nil || len(l.Holders) != 1 || len(l.Waiters) != 1 || l.References != 2 {
		t.Fatalf("%+v", l)
	}
	if h := l.Holders[0]; h.Count != 1 || h.Gone || h.Seconds == nil || *h.Seconds < 0 || h.Since.IsZero() {
		t.Fatalf("%+v", h)
	}
	if w := l.Waiters[0]; w.What != "Lock.acquire" || w.Since.IsZero() || w.Seconds == nil || *w.Seconds > *l.Holders[0].Seconds {
		t.Errorf("%+v", w)
	}
	if *q.Items != 1 || q.MaxItems != 7 || *i.Items != 4 {
		t.Errorf("%+v %+v", q, i)
	}
	clients := x.json("/debug/clients?waiting=1")
	if w := clients.Clients; len(w) != 1 || w[0].Doing != "waiting" || w[0].Waits.What != "Lock.acquire" || w[0].Waits.Ident != lock.Ident() || w[0].Connection != l.Waiters[0].Connection {
		t.Errorf("%+v", clients)
	}
	for path, want := range map[string]int{"?held=1": 1, "?held=0": 2, "?typeid=list": 1, "?ident=" + queue.Ident(): 1, "?ident=none": 0, "?limit=2": 2, "?held=1&typeid=list": 0} {
		if got := x.json("/debug/objects" + path); len(got.Objects) != want || (got.Truncated != "") != (path == "?limit=2") {
			t.Errorf("%s: %+v", path, got)
		}
	}
	for _, path := range []string{"/debug/objects?hold=1", "/debug/objects?held=yes", "/debug/objects?limit=0", "/debug/clients?limit=all", "/debug/clients?ident=1"} {
		if status, body := x.get(path); status != http.StatusBadRequest || body == "" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/debug/objects", "/debug/clients", "/metrics", "/debug/pprof/goroutine?debug=2"} {
		if _, body := x.get(path); strings.Contains(body, "secret") || strings.Contains(body, string(keyed.Key)) {
			t.Errorf("%s shows what is stored:\n%s", path, body)
		}
	}
	x.call(lock, "release")
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// TestHostileName: a client can choose any name for itself. It does no harm.
func TestHostileName(t *testing.T) {
	x := newSite(t, manager.Config{})
	name := "\x1b[2J\u009b2J\"\\\n\r\u2028</script>\u202e\x00\x7f\U000e0001" + strings.Repeat("\U0001f600", 400)
	x.raw(name)
	x.eventually("the client is served", func() bool {
		return len(x.json("/debug/clients").Clients) == 1 && x.json("/debug/clients").Clients[0].Client != ""
	})
	_, body := x.get("/debug/clients")
	for _, r := range body {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%q in the answer:\n%q", r, body)
		}
	}
	if got := x.json("/debug/clients").Clients[0].Client; got != string([]rune(name)[:200]) {
		t.Errorf("%q", got)
	}
	if _, body := x.get("/metrics"); strings.Contains(body, "</script") || strings.Contains(body, "\U0001f600") {
		t.Error("the name is in the metrics")
	}
}
