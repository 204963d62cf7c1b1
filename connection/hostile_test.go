package connection_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/multiproctest"
)

// TestSilentClients: thousands of clients that say nothing keep nobody out, and those that are too many are closed before their time is over.
func TestSilentClients(t *testing.T) {
	multiproctest.NoLeaks(t)
	const silent = 2000
	book := &logbook{}
	config := keyed
	config.Logger = book.logger()
	config.MaxHandshakes = 400
	config.HandshakeTimeout = 5 * time.Second // of which each has a tenth for sure
	l := listen(t, "tcp", "", config)
	crowd := make([]net.Conn, silent)
	for i := range crowd {
		crowd[i] = raw(t, l)
	}
	config.HandshakeTimeout = patience
	done := make(chan error, 1)
	go func() {
		c, err := connection.Dial(ctx, "tcp", l.Addr().String(), config)
		if err == nil {
			err = c.Close()
		}
		done <- err
	}()
	accept(t, l).Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	book.wait(t, connection.ErrCrowded.Error())
	// All are closed, sooner or later, having heard a challenge at most.
	for _, nc := range crowd {
		for {
			m, err := hearRaw(nc)
			if err != nil {
				break
			}
			if !strings.HasPrefix(m, "#CHALLENGE#") {
				t.Fatalf("a silent client is told %q", m)
			}
		}
		nc.Close()
	}
	if n := strings.Count(book.String(), "refused"); n > 500 {
		t.Errorf("%d records", n)
	}
	if n := l.Refused(); n == 0 || n > silent {
		t.Errorf("%d of %d silent clients were refused", n, silent)
	}
	l.Close()
}

// TestBurst: many honest clients at once are all served, however few places there are.
func TestBurst(t *testing.T) {
	multiproctest.NoLeaks(t)
	config := keyed
	config.MaxHandshakes = 10
	config.HandshakeTimeout = 10 * patience // slow clients of a busy machine are not to be taken for silent ones
	l := listen(t, "unix", "", config)
	const clients = 300
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			config := keyed
			config.HandshakeTimeout = patience
			c, err := connection.Dial(ctx, "unix", l.Addr().String(), config)
			if err == nil {
				err = c.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range clients {
		accept(t, l).Close()
	}
	wait.Wait()
	l.Close()
}

// TestSlowBytes: a client that sends a byte now and then has no more time than one that sends none.
func TestSlowBytes(t *testing.T) {
	multiproctest.NoLeaks(t)
	book := &logbook{}
	config := keyed
	config.Logger = book.logger()
	config.HandshakeTimeout = 50 * time.Millisecond
	l := listen(t, "unix", "", config)
	nc := raw(t, l)
	if m, err := hearRaw(nc); !strings.HasPrefix(m, "#CHALLENGE#{sha256}") {
		t.Errorf("%q, %v", m, err)
	}
	bytes := 0
	for _, b := range append([]byte{0, 0, 0, 255}, make([]byte, 255)...) {
		if _, err := nc.Write([]byte{b}); err != nil {
			break
		}
		bytes++
		time.Sleep(10 * time.Millisecond)
	}
	if bytes == 4+255 {
		t.Error("it was heard for far longer than it had")
	}
	book.wait(t, "HandshakeTimeout")
	l.Close()
}

// TestNoReaders: a client that does not read what it is told does not hold the handshake up either.
func TestNoReaders(t *testing.T) {
	here, there := net.Pipe() // has no buffer: a write waits for its reader
	defer there.Close()
	config := keyed
	config.HandshakeTimeout = 20 * time.Millisecond
	c, err := connection.NewConn(here, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Authenticate(ctx, connection.Server); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestUnaccepted: when nobody calls Accept, clients wait; none is lost.
func TestUnaccepted(t *testing.T) {
	config := keyed
	config.MaxHandshakes = 3
	config.HandshakeTimeout = patience
	l := listen(t, "unix", "", config)
	const clients = 10
	done := make(chan error, clients)
	for range clients {
		go func() {
			c, err := connection.Dial(ctx, "unix", l.Addr().String(), config)
			if err == nil {
				err = c.SendBytes(ctx, []byte("m"))
				defer c.Close()
			}
			done <- err
		}()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for range clients {
		c := accept(t, l)
		if m, err := c.RecvBytes(ctx); string(m) != "m" || err != nil {
			t.Errorf("%q, %v", m, err)
		}
		c.Close()
	}
	for range clients - 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
