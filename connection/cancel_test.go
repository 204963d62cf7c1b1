package connection_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/multiproctest"
)

func TestDeadlines(t *testing.T) {
	c, nc := loose(t, connection.Config{})
	if err := c.SetRecvDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := c.RecvBytes(ctx); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	}
	// A context that ends does not touch the deadline, and the other way round.
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if err := c.SetRecvDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RecvBytes(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	sayRaw(t, nc, "m")
	if m, err := c.RecvBytes(ctx); string(m) != "m" || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	// A deadline that is set while somebody waits.
	done := make(chan error)
	go func() {
		_, err := c.RecvBytes(ctx)
		done <- err
	}()
	time.Sleep(5 * time.Millisecond)
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if err := c.SendBytes(ctx, []byte("m")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	// None of this has broken anything.
	if err := c.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := c.SendBytes(ctx, []byte("m")); err != nil {
		t.Error(err)
	}
	if m, err := hearRaw(nc); m != "m" || err != nil {
		t.Errorf("%q, %v", m, err)
	}
}

// TestCancelledRecv: whenever the contexts of receivers end, no byte of what comes in bits is lost.
func TestCancelledRecv(t *testing.T) {
	multiproctest.NoLeaks(t)
	c, nc := loose(t, connection.Config{})
	want := messages()
	goOn := make(chan struct{}) // closed when a call was cancelled at message 3, of which a part had come
	go func() {
		var text []byte
		for _, m := range want {
			text = binary.BigEndian.AppendUint32(text, uint32(len(m)))
			text = append(text, m...)
		}
		for i, n := 0, 1; i < len(text); i += n {
			n = min(n*3+1, 50_000, len(text)-i)
			if _, err := nc.Write(text[i : i+n]); err != nil {
				return
			}
			if i > 1000 {
				<-goOn
			}
			if i < 100_000 {
				time.Sleep(200 * time.Microsecond)
			}
		}
	}()
	cancelled, inside := 0, false
	defer func() {
		if !inside {
			close(goOn)
		}
	}()
	for i, m := range want {
		for {
			short, cancel := context.WithTimeout(ctx, time.Duration(50+cancelled*37%300)*time.Microsecond)
			var got []byte
			var err error
			if cancelled%2 == 0 {
				got, err = c.RecvBytes(short)
			} else {
				got = make([]byte, len(m))
				_, err = c.RecvBytesInto(short, got)
			}
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				if cancelled++; i == 3 && !inside {
					inside = true
					close(goOn)
				}
				continue
			}
			if err != nil || !bytes.Equal(got, m) {
				t.Fatalf("message %d after %d cancelled calls: %d bytes of %d, %v", i, cancelled, len(got), len(m), err)
			}
			break
		}
	}
}

// TestCancelledSend: a Send that has not begun leaves no trace; one that has written a part breaks the connection, for both ends.
func TestCancelledSend(t *testing.T) {
	multiproctest.NoLeaks(t)
	server, client := pair(t, "unix", connection.Config{})
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := client.SendBytes(ended, []byte("no")); !errors.Is(err, context.Canceled) || errors.Is(err, connection.ErrBroken) {
		t.Error(err)
	}
	if err := client.SendBytes(ctx, []byte("yes")); err != nil {
		t.Error(err)
	}
	if m, err := server.RecvBytes(ctx); string(m) != "yes" || err != nil {
		t.Errorf("%q, %v", m, err)
	}

	begun, cancel := context.WithCancel(ctx)
	go func() {
		if _, err := server.Poll(-1); err != nil {
			t.Error(err)
		}
		cancel()
	}()
	err := client.SendBytes(begun, make([]byte, 64<<20))
	if !errors.Is(err, context.Canceled) || !errors.Is(err, connection.ErrBroken) {
		t.Error(err)
	}
	for range 2 {
		if err := client.SendBytes(ctx, nil); !errors.Is(err, connection.ErrBroken) || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "context canceled") {
			t.Error(err)
		}
		if _, err := client.RecvBytes(ctx); !errors.Is(err, connection.ErrBroken) {
			t.Error(err)
		}
	}
	if _, err := server.RecvBytes(ctx); !errors.Is(err, connection.ErrBroken) {
		t.Errorf("the other end: %v", err)
	}
}

// TestFullSend: a Send that finds no room at all, and is cancelled, leaves the connection as it is.
func TestFullSend(t *testing.T) {
	server, client := pair(t, "unix", connection.Config{})
	m := make([]byte, 1000)
	sent := 0
	for {
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		err := client.SendBytes(short, m)
		cancel()
		if errors.Is(err, connection.ErrBroken) {
			t.Skip("the kernel had room for a part of the last message")
		}
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sent++
	}
	for range sent {
		if got, err := server.RecvBytes(ctx); len(got) != len(m) || err != nil {
			t.Fatal(len(got), err)
		}
	}
	if ready, err := server.Poll(0); ready || err != nil {
		t.Error("the cancelled message has come", ready, err)
	}
	if err := client.SendBytes(ctx, m); err != nil {
		t.Error(err)
	}
}
