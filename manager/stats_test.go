package manager

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/loglimit"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// logbook keeps what a server logs, of all levels.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// TestStatsOfRequests: every request is counted once, by how it ended, before its answer is there; and what connections have counted stays when they are gone.
func TestStatsOfRequests(t *testing.T) {
	s, address := started(t, Config{Logger: (&logbook{}).logger()})
	c := newClient(t, address)
	box := c.create("Box")
	c.call(box, "set", int64(1))
	if st := s.Stats(); st.Returned != 3 || st.Raised != 0 || st.Failed != 0 {
		t.Errorf("after create, accept_connection and set: %+v", st)
	}
	c.kind(box, "fail")
	c.kind(box, "nothing")
	c.kind(box, "panic")
	c.kind("0", "get")
	st := s.Stats()
	if st.Returned != 3 || st.Raised != 1 || st.Failed != 3 || st.Panics != 1 {
		t.Errorf("after an exception, two tracebacks and a panic: %+v", st)
	}
	if st.Objects != 1 || st.Known != 1 || st.ObjectsEver != 1 || st.Listeners != 1 || st.Draining || st.Closed || st.Limits.Objects != 1<<20 {
		t.Errorf("%+v", st)
	}
	big := py.Bytes(make([]byte, 1<<20))
	c.call(box, "set", big)
	c.call(box, "get")
	if st := s.Stats(); st.BytesIn < 1<<20 || st.BytesOut < 1<<20 {
		t.Errorf("after 1 MiB in and out: %d and %d bytes", st.BytesIn, st.BytesOut)
	}
	before := s.Stats()
	_ = c.conn.Close()
	eventually(t, "all connections have ended", func() bool { return s.Stats().Connections == 0 })
	after := s.Stats()
	if after.Returned != before.Returned || after.Failed != before.Failed || after.BytesIn < before.BytesIn || after.ConnectionsEver != 2 {
		t.Errorf("the end of a connection changes what it has counted:\n%+v\n%+v", before, after)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); !st.Draining || !st.Closed || st.Listeners != 0 && st.Closed == false {
		t.Errorf("%+v", st)
	}
}

// TestStatsNeverGoBack: connections that come and go while somebody looks are neither missed nor counted twice.
func TestStatsNeverGoBack(t *testing.T) {
	s, address := started(t, Config{})
	const clients, each = 4, 100
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				conn, err := connection.Dial(context.Background(), "unix", address, keyed)
				if err != nil {
					t.Error(err)
					return
				}
				message, _ := pickle.Marshal(py.Tuple{nil, "dummy", py.Tuple{}, py.NewDict()})
				if err := conn.SendBytes(context.Background(), message); err != nil {
					t.Error(err)
				}
				if _, err := conn.RecvBytes(context.Background()); err != nil {
					t.Error(err)
				}
				_ = conn.Close()
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var last Stats
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		st := s.Stats()
		if st.Returned < last.Returned || st.BytesIn < last.BytesIn || st.ConnectionsEver < last.ConnectionsEver || st.Returned > st.ConnectionsEver {
			t.Fatalf("%+v\nthen %+v", last, st)
		}
		last = st
	}
	if last.Returned != clients*each {
		t.Errorf("%d requests were counted, %d were made", last.Returned, clients*each)
	}
}

// TestStatsOfRefusals: what limits and handshakes refuse is counted, and logged without end to nobody's harm.
func TestStatsOfRefusals(t *testing.T) {
	book := &logbook{}
	s, address := started(t, Config{Limits: Limits{Objects: 1, Connections: 1}, Logger: book.logger()})
	s.refusal = patience
	c := newClient(t, address)
	box := c.create("Box")
	eventually(t, "the connection has ended", func() bool { return s.Stats().Connections == 0 })
	// On a busy machine it takes more than one second with so many until there is a record too many in one.
	flood, records := uint64(0), 0
	eventually(t, "a record is left out", func() bool {
		if kind, _ := c.serverKind("create", "Box"); kind != kindTraceback {
			t.Fatalf("a second object: %s", kind)
		}
		eventually(t, "the connection has ended", func() bool { return s.Stats().Connections == 0 })
		flood++
		records = strings.Count(book.String(), "because of a limit") // each is written before the answer is sent
		return uint64(records) < flood
	})
	if st := s.Stats(); st.OverLimit != flood {
		t.Errorf("%d requests over the limit were counted, of %d", st.OverLimit, flood)
	}
	c.call(box, "get") // takes the only place
	if kind, _ := c.serverKind("dummy"); kind != kindTraceback {
		t.Errorf("a second connection: %s", kind)
	}
	wrong := keyed
	wrong.Key = []byte("another key, of some length")
	if _, err := connection.Dial(context.Background(), "unix", address, wrong); err == nil {
		t.Error("a wrong key is good enough")
	}
	eventually(t, "the wrong key was counted", func() bool { return s.Stats().Unauthenticated == 1 })
	if st := s.Stats(); st.Refused != 1 {
		t.Errorf("%+v", st)
	}
	if records < loglimit.PerSecond {
		t.Errorf("of %d records there are %d", flood, records)
	}
}

// TestStatsOfWaiting: who waits is seen, and what becomes of it when he vanishes.
func TestStatsOfWaiting(t *testing.T) {
	book := &logbook{}
	s, address := started(t, Config{Logger: book.logger()})
	c := newClient(t, address)
	queue := c.create("Queue")
	waiter := c.accept()
	if err := c.send(waiter, c.request(queue, "get")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a call waits", func() bool { return s.Stats().Waiting == 1 })
	_ = waiter.Close()
	eventually(t, "it was given up", func() bool { return s.Stats().GivenUp == 1 && s.Stats().Waiting == 0 })
	eventually(t, "that was logged", func() bool { return strings.Contains(book.String(), "given up") })
	if strings.Contains(book.String(), "level=WARN") || strings.Contains(book.String(), "level=ERROR") {
		t.Errorf("a client that goes is nothing to be alarmed about:\n%s", book.String())
	}
}

// BenchmarkAccount is what counting costs each request.
func BenchmarkAccount(b *testing.B) {
	var x session
	for b.Loop() {
		x.account(60, 30)
	}
}
