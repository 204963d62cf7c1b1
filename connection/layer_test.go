package connection_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/multiproctest"
)

// tlsPair is two ends of TLS over TCP. Only when they use it do they make TLS's own handshake.
func tlsPair(t *testing.T) (server, client *tls.Conn) {
	t.Helper()
	cert, pool := certificate(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	there, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	here, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); there.Close() })
	return tls.Server(here, &tls.Config{Certificates: []tls.Certificate{cert}}), tls.Client(there, &tls.Config{RootCAs: pool, ServerName: "there"})
}

func over(t *testing.T, nc net.Conn) *connection.Conn {
	t.Helper()
	c, err := connection.NewConn(nc, connection.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestCancelledTLSSend: a record of TLS that was cut can't be taken back, even when nothing of the message counts as written. So the Send breaks the connection, and the other end finds out.
func TestCancelledTLSSend(t *testing.T) {
	multiproctest.NoLeaks(t)
	here, there := tlsPair(t)
	server, client := over(t, here), over(t, there)
	done := make(chan error, 1)
	go func() { done <- server.SendBytes(ctx, nil) }()
	if _, err := client.RecvBytes(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	m := make([]byte, 10_000) // copied behind its header, so it is one Write
	for end := time.Now().Add(patience); ; {
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		err := client.SendBytes(short, m)
		cancel()
		if err == nil {
			continue
		}
		if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, connection.ErrBroken) && time.Now().Before(end) {
			continue // the time was over before it had begun, on a busy machine
		}
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, connection.ErrBroken) {
			t.Error(err)
		}
		break
	}
	if err := client.SendBytes(ctx, m); !errors.Is(err, connection.ErrBroken) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("later:", err)
	}
	if !client.Closed() {
		t.Error("the other end waits for the rest of a record that can't come")
	}
}

// TestTLSHandshakeEnds: a Send ends with its context also while TLS's own handshake waits for the other end, which is reading.
func TestTLSHandshakeEnds(t *testing.T) {
	multiproctest.NoLeaks(t)
	_, there := tlsPair(t)
	client := over(t, there)
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- client.SendBytes(short, []byte("m")) }()
	select {
	case err := <-done:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	case <-time.After(patience):
		client.Close()
		t.Errorf("the context did not end it; Close did: %v", <-done)
	}
}

// TestTLSHandshakeGoesOn: calls that end before TLS's own handshake does it no harm.
func TestTLSHandshakeGoesOn(t *testing.T) {
	multiproctest.NoLeaks(t)
	here, there := tlsPair(t)
	server, client := over(t, here), over(t, there)
	for _, timeout := range []time.Duration{0, 5 * time.Millisecond} {
		if ready, err := server.Poll(timeout); ready || err != nil {
			t.Error(ready, err)
		}
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	if _, err := server.RecvBytes(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	done := make(chan error, 1)
	go func() { done <- client.SendBytes(ctx, []byte("m")) }()
	if m, err := server.RecvBytes(ctx); string(m) != "m" || err != nil {
		t.Errorf("%q, %v", m, err)
		server.Close()
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestTLSGone: a client that comes and goes, as those that only look whether a server is there, is no reason to warn. One that speaks no TLS is.
func TestTLSGone(t *testing.T) {
	multiproctest.NoLeaks(t)
	cert, _ := certificate(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	book := &logbook{}
	config := keyed
	config.Logger = book.logger()
	l, err := connection.NewListener(ln, config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	raw(t, l).Close()
	book.wait(t, "client refused")
	if strings.Contains(book.String(), "level=WARN") {
		t.Error(book)
	}
	sayRaw(t, raw(t, l), "#CHALLENGE#")
	book.wait(t, "level=WARN")
}
