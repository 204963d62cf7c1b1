package connection_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/loglimit"
	"github.com/multiproc-go/multiproc/multiproctest"
)

// TestSilentClients: many clients that say nothing keep nobody out, and those that are too many are closed before their time is over.
func TestSilentClients(t *testing.T) {
	multiproctest.NoLeaks(t)
	places := min(1000, (descriptors(t)-100)*2/5) // there are as many at this end, and half as many clients more
	silent := places * 3 / 2
	begun := time.Now()
	book := &logbook{}
	config := keyed
	config.Logger = book.logger()
	config.MaxHandshakes = places
	config.HandshakeTimeout = 30 * time.Second // of which each has a tenth for sure
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
	early := l.Refused()
	if early == 0 || early > uint64(silent) {
		t.Errorf("%d of %d silent clients were refused, for %d places", early, silent, places)
	}
	book.wait(t, connection.ErrCrowded.Error())
	if n, most := strings.Count(book.String(), connection.ErrCrowded.Error()), loglimit.PerSecond*(int(time.Since(begun)/time.Second)+2); n > most {
		t.Errorf("%d records, not %d", n, most)
	}
	// Who came first is closed while the Listener goes on, and all others with it. They have heard a challenge at most.
	for i, nc := range crowd {
		if i == int(early) {
			l.Close()
		}
		if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		for {
			m, err := hearRaw(nc)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("a silent client is not closed")
			}
			if err != nil {
				break
			}
			if !strings.HasPrefix(m, "#CHALLENGE#") {
				t.Fatalf("a silent client is told %q", m)
			}
		}
		nc.Close()
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
	longer(t, 200*time.Millisecond, func(limit time.Duration) bool {
		book := &logbook{}
		config := keyed
		config.Logger = book.logger()
		config.HandshakeTimeout = limit
		l := listen(t, "unix", "", config)
		defer l.Close()
		nc := raw(t, l)
		if m, err := hearRaw(nc); err != nil {
			return false // its time was over before the server had come to the challenge
		} else if !strings.HasPrefix(m, "#CHALLENGE#{sha256}") {
			t.Errorf("%q", m)
		}
		bytes := 0
		for _, b := range append([]byte{0, 0, 0, 255}, make([]byte, 255)...) {
			if _, err := nc.Write([]byte{b}); err != nil {
				break
			}
			bytes++
			time.Sleep(limit * 3 / 4) // were each byte given the whole time, it would be heard to the end
		}
		if bytes == 4+255 {
			t.Error("it was heard for far longer than it had")
		}
		book.wait(t, "HandshakeTimeout")
		return true
	})
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
	config.HandshakeTimeout = 10 * patience // as in TestBurst
	l := listen(t, "unix", "", config)
	const clients = 10
	done := make(chan error, clients)
	for range clients {
		go func() {
			c, err := connection.Dial(ctx, "unix", l.Addr().String(), keyed)
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
