package connection_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/multiproctest"
)

// loose is the two ends of a connection that has no key, one of them without the code that is tested.
func loose(t testing.TB, config connection.Config) (*connection.Conn, net.Conn) {
	t.Helper()
	l := listen(t, "unix", "", config)
	nc := raw(t, l)
	return accept(t, l), nc
}

func TestBytes(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			multiproctest.NoLeaks(t)
			server, client := pair(t, network, keyed)
			if server.Digest() != "sha256" || client.Digest() != "sha256" {
				t.Errorf("digests %q, %q", server.Digest(), client.Digest())
			}
			go func() {
				for {
					m, err := server.RecvBytes(ctx)
					if err == nil {
						err = server.SendBytes(ctx, m)
					}
					if err != nil {
						server.Close()
						return
					}
				}
			}()
			for _, m := range messages() {
				if err := client.SendBytes(ctx, m); err != nil {
					t.Fatal(err)
				}
				if got, err := client.RecvBytes(ctx); err != nil || got == nil || !bytes.Equal(got, m) {
					t.Fatalf("%d bytes came back as %d, %v", len(m), len(got), err)
				}
				if err := client.SendBytes(ctx, m); err != nil {
					t.Fatal(err)
				}
				buf := make([]byte, len(m)+3)
				if n, err := client.RecvBytesInto(ctx, buf); err != nil || !bytes.Equal(buf[:n], m) {
					t.Fatalf("%d bytes came back as %d, %v", len(m), n, err)
				}
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBufferTooShort: the message is in the error, and the next one is received.
func TestBufferTooShort(t *testing.T) {
	server, client := pair(t, "unix", connection.Config{})
	for _, size := range []int{1, 10, 100_000, 3 << 20} {
		m := bytes.Repeat([]byte("m"), size)
		for range 2 {
			go client.SendBytes(ctx, m)
			n, err := server.RecvBytesInto(ctx, make([]byte, size-1))
			var short *connection.BufferTooShortError
			if n != 0 || !errors.As(err, &short) || !errors.Is(err, io.ErrShortBuffer) || short.Len != size-1 || !bytes.Equal(short.Message, m) {
				t.Fatalf("%d: %d, %v", size, n, err)
			}
		}
		go client.SendBytes(ctx, m)
		if n, err := server.RecvBytesInto(ctx, make([]byte, size)); n != size || err != nil {
			t.Fatalf("%d: %d, %v", size, n, err)
		}
	}
}

// TestEnd: io.EOF between messages, ErrBroken inside one; the first for ever, and Close is still to be called.
func TestEnd(t *testing.T) {
	c, nc := loose(t, connection.Config{})
	sayRaw(t, nc, "last")
	nc.Close()
	if m, err := c.RecvBytes(ctx); string(m) != "last" || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	for range 2 {
		if _, err := c.RecvBytes(ctx); err != io.EOF {
			t.Error(err)
		}
		if ready, err := c.Poll(0); !ready || err != nil {
			t.Error(ready, err)
		}
	}
	if c.Closed() {
		t.Error("it says it is closed")
	}
	if err := c.SendBytes(ctx, make([]byte, 100)); err == nil {
		t.Error("a message was sent to nobody")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}

	for _, text := range []string{"\x00", "\x00\x00\x00\x05", "\x00\x00\x00\x05abcd", "\xff\xff\xff\xff\x00", "\x00\x10\x00\x00abc"} {
		c, nc := loose(t, connection.Config{})
		if _, err := io.WriteString(nc, text); err != nil {
			t.Fatal(err)
		}
		nc.Close()
		_, err := c.RecvBytes(ctx)
		if !errors.Is(err, connection.ErrBroken) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := c.RecvBytes(ctx); !errors.Is(err, connection.ErrBroken) {
			t.Errorf("%q, again: %v", text, err)
		}
		if err := c.SendBytes(ctx, nil); !errors.Is(err, connection.ErrBroken) || !c.Closed() {
			t.Errorf("%q, then sending: %v", text, err)
		}
	}
}

func TestMaxFrame(t *testing.T) {
	c, nc := loose(t, connection.Config{MaxFrame: 1000})
	sayRaw(t, nc, strings.Repeat("m", 1000))
	if m, err := c.RecvBytes(ctx); len(m) != 1000 || err != nil {
		t.Error(len(m), err)
	}
	sayRaw(t, nc, strings.Repeat("m", 1001))
	_, err := c.RecvBytes(ctx)
	var large *connection.FrameTooLargeError
	if !errors.As(err, &large) || large.Size != 1001 || large.Limit != 1000 || !errors.Is(err, connection.ErrBroken) {
		t.Error(err)
	}
	if _, err := hearRaw(nc); err == nil {
		t.Error("the connection goes on")
	}
}

// TestClose: who waits, in whatever, gets ErrClosed, and so do later calls.
func TestClose(t *testing.T) {
	multiproctest.NoLeaks(t)
	server, client := pair(t, "tcp", connection.Config{})
	var wait sync.WaitGroup
	calls := []func() error{
		func() error { _, err := server.RecvBytes(ctx); return err },
		func() error { _, err := server.RecvBytesInto(ctx, nil); return err },
		func() error { _, err := server.Recv(ctx); return err },
		func() error { var v int; return server.RecvInto(ctx, &v) },
		func() error { _, err := server.Poll(-1); return err },
		func() error { _, err := server.PollContext(ctx); return err },
		func() error {
			for {
				if err := server.SendBytes(ctx, make([]byte, 1<<20)); err != nil {
					return err
				}
			}
		},
		func() error {
			for {
				if err := server.SendBytes(ctx, make([]byte, 1000)); err != nil {
					return err
				}
			}
		},
	}
	for i, call := range calls {
		wait.Go(func() {
			if err := call(); !errors.Is(err, connection.ErrClosed) {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	time.Sleep(10 * time.Millisecond) // not needed: it only makes it likely that they wait
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	wait.Wait()
	for i, call := range calls {
		if err := call(); !errors.Is(err, connection.ErrClosed) {
			t.Errorf("call %d, later: %v", i, err)
		}
	}
	if err := server.Close(); !errors.Is(err, connection.ErrClosed) || !server.Closed() {
		t.Error(err)
	}
	if _, err := server.Poll(0); !errors.Is(err, connection.ErrClosed) {
		t.Error(err)
	}
	if err := server.SetDeadline(time.Now()); !errors.Is(err, connection.ErrClosed) {
		t.Error(err)
	}
	client.Close()
}

func TestPoll(t *testing.T) {
	c, nc := loose(t, connection.Config{})
	for _, timeout := range []time.Duration{0, time.Millisecond} {
		if ready, err := c.Poll(timeout); ready || err != nil {
			t.Error(timeout, ready, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if ready, err := c.PollContext(ended); ready || err != nil {
		t.Error(ready, err)
	}
	sayRaw(t, nc, "one")
	sayRaw(t, nc, "two")
	for _, want := range []string{"one", "two"} {
		for _, timeout := range []time.Duration{-1, patience, 0} {
			if ready, err := c.Poll(timeout); !ready || err != nil {
				t.Error(timeout, ready, err)
			}
		}
		if m, err := c.RecvBytes(ctx); string(m) != want || err != nil {
			t.Errorf("%q, %v", m, err)
		}
	}
	if ready, err := c.Poll(0); ready || err != nil {
		t.Error(ready, err)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		nc.Close()
	}()
	if ready, err := c.Poll(-1); !ready || err != nil {
		t.Error("at the end:", ready, err)
	}
	if _, err := c.RecvBytes(ctx); err != io.EOF {
		t.Error(err)
	}
}

// TestPollFinds: a message that has come is never missed by a Poll that does not wait.
func TestPollFinds(t *testing.T) {
	c, nc := loose(t, connection.Config{})
	for range 1000 {
		sayRaw(t, nc, "m") // on a unix socket it has come when this returns
		if ready, err := c.Poll(0); !ready || err != nil {
			t.Fatal(ready, err)
		}
		if _, err := c.RecvBytes(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPollEnded: a message that has come is found however little time there is to look for it.
func TestPollEnded(t *testing.T) {
	c, nc := loose(t, connection.Config{})
	ended, cancel := context.WithCancel(ctx)
	cancel()
	sayRaw(t, nc, "one")
	sayRaw(t, nc, "two")
	for range 2 {
		if ready, err := c.Poll(1); !ready || err != nil {
			t.Error(ready, err)
		}
		if ready, err := c.PollContext(ended); !ready || err != nil {
			t.Error(ready, err)
		}
		if _, err := c.RecvBytes(ctx); err != nil { // the first also reads the second into the buffer
			t.Fatal(err)
		}
	}
}

// TestManyUsers: messages of many goroutines come whole, each once, and those of one in their order.
func TestManyUsers(t *testing.T) {
	server, client := pair(t, "unix", connection.Config{})
	const users, each = 8, 100
	var send, recv sync.WaitGroup
	for u := range users {
		send.Go(func() {
			for i := range each {
				m := bytes.Repeat([]byte{byte(u), byte(i)}, 1+(u*each+i)*977%30_000)
				if err := client.SendBytes(ctx, m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var mu sync.Mutex
	seen := map[[2]byte]bool{}
	for range users {
		recv.Go(func() {
			for {
				m, err := server.RecvBytes(ctx)
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				id := [2]byte{m[0], m[1]}
				if seen[id] || !bytes.Equal(m, bytes.Repeat(id[:], len(m)/2)) {
					t.Errorf("%v came twice, or mixed with another", id)
				}
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	send.Wait()
	client.Close()
	recv.Wait()
	if len(seen) != users*each {
		t.Errorf("%d of %d messages came", len(seen), users*each)
	}
}
