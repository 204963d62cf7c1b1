package connection_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
)

// eachPython runs a test with each Python and each kind of address that it has.
func eachPython(t *testing.T, f func(t *testing.T, p pythons.Python, py *python, kind string)) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			py := startPython(t, p)
			for _, kind := range networks(p) {
				t.Run(kind, func(t *testing.T) {
					py.t = t
					f(t, p, py, kind)
				})
			}
		})
	}
}

// messages are of the sizes at which something changes: empty, one system call or two in Python, one read or several here.
func messages() [][]byte {
	var out [][]byte
	for _, n := range []int{0, 1, 4091, 4092, 4093, 16384, 16385, 300_000, 3 << 20} {
		m := make([]byte, n)
		for i := range m {
			m[i] = byte(i * 7 >> 3)
		}
		out = append(out, m)
	}
	return out
}

// echoed sends all messages and checks that they come back.
func echoed(t *testing.T, c *connection.Conn) {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for _, m := range messages() {
		if err := c.SendBytes(ctx, m); err != nil {
			t.Fatal(err)
		}
		got, err := c.RecvBytes(ctx)
		if err != nil || !bytes.Equal(got, m) {
			t.Fatalf("%d bytes came back as %d, %v", len(m), len(got), err)
		}
	}
	if _, err := c.RecvBytes(ctx); err != io.EOF {
		t.Fatalf("after the other end was closed: %v", err)
	}
}

// digestOf is with what a Python authenticates itself.
func digestOf(p pythons.Python) string {
	if p.AtLeast(3, 12) {
		return "sha256"
	}
	return "md5"
}

func TestPythonClient(t *testing.T) {
	eachPython(t, func(t *testing.T, p pythons.Python, py *python, kind string) {
		network, address := place(t, kind)
		l := listen(t, network, address, keyed)
		there := at(kind, l)
		done := py.begin(there.with(ask{"op": "client", "do": "echo", "count": len(messages()), "key": hexKey(key)}))
		c := accept(t, l)
		if c.Digest() != digestOf(p) {
			t.Errorf("%v has used %s", p, c.Digest())
		}
		echoed(t, c)
		if a := <-done; a.Error != "" {
			t.Error(a)
		}

		book := &logbook{}
		config := keyed
		config.Logger = book.logger()
		network, address = place(t, kind)
		l = listen(t, network, address, config)
		a := py.call(at(kind, l).with(ask{"op": "client", "do": "echo", "key": hexKey([]byte("another key"))}))
		if a.Error != "AuthenticationError" || a.Text != "digest sent was rejected" {
			t.Errorf("with a wrong key Python says %+v", a)
		}
		book.wait(t, connection.ErrWrongKey.Error())
	})
}

func TestPythonServer(t *testing.T) {
	eachPython(t, func(t *testing.T, p pythons.Python, py *python, kind string) {
		network, address := place(t, kind)
		there := py.call(ask{"op": "listen", "network": network, "address": address, "key": hexKey(key)}).Address
		defer py.call(ask{"op": "close"})

		done := py.begin(ask{"op": "accept", "do": "echo", "count": len(messages())})
		c, err := connection.Dial(ctx, network, there, keyed)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.Digest() != digestOf(p) {
			t.Errorf("%v has used %s", p, c.Digest())
		}
		echoed(t, c)
		if a := <-done; a.Error != "" {
			t.Error(a)
		}

		done = py.begin(ask{"op": "accept", "do": "echo", "count": 1})
		config := keyed
		config.Key = []byte("another key")
		_, err = connection.Dial(ctx, network, there, config)
		var auth *connection.AuthenticationError
		if !errors.As(err, &auth) || !errors.Is(err, connection.ErrWrongKey) {
			t.Errorf("with a wrong key: %v", err)
		}
		if a := <-done; a.Error != "AuthenticationError" || !strings.Contains(a.Text, "digest received was wrong") {
			t.Errorf("with a wrong key Python says %+v", a)
		}

		// No address of the network, and no key.
		done = py.begin(ask{"op": "accept", "do": "echo", "count": 1})
		config = connection.Config{}
		c, err = connection.Dial(ctx, "", there, config)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := c.RecvBytes(ctx); err != nil || !bytes.HasPrefix(m, []byte("#CHALLENGE#")) {
			t.Errorf("got %q, %v", m, err)
		}
		c.Close()
		<-done
	})
}

// kinds of garbage, see peer.py.
var garbage = []string{"random", "empty", "long", "negative", "huge", "huger", "http", "half", "close", "silence"}

// hopeless are those that the other end can only wait for. On a busy machine its time may be up before the Python has come to them, which is an error there.
func hopeless(kind string) bool { return kind == "half" || kind == "silence" }

// TestPythonClientGarbage: whatever a client sends instead of the answer, of its challenge, or of its welcome, it is closed, and hears nothing but #FAILURE#.
func TestPythonClientGarbage(t *testing.T) {
	eachPython(t, func(t *testing.T, p pythons.Python, py *python, kind string) {
		for step := range 3 {
			for _, g := range garbage {
				book := &logbook{}
				config := keyed
				config.Logger = book.logger()
				want := "not speak the handshake"
				if g == "close" {
					want = "closed the connection"
				} else if hopeless(g) {
					want = "HandshakeTimeout"
					config.HandshakeTimeout = 40 * time.Millisecond
				}
				network, address := place(t, kind)
				l := listen(t, network, address, config)
				a := py.call(at(kind, l).with(ask{"op": "bad client", "key": hexKey(key), "step": step, "garbage": g}))
				if a.Error != "" && !hopeless(g) {
					t.Errorf("step %d, %s: %+v", step, g, a)
				}
				for _, said := range a.Said {
					if said != hexKey([]byte("#FAILURE#")) {
						t.Errorf("step %d, %s: it was told %q", step, g, said)
					}
				}
				book.wait(t, want)
				l.Close()
			}
		}
	})
}

// approach is Dial whose time begins when it is connected: the Python must always get the client that it waits for.
func approach(t *testing.T, network, address string, config connection.Config) error {
	t.Helper()
	nc, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := connection.NewConn(nc, config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.Authenticate(ctx, connection.Client)
}

func TestPythonServerGarbage(t *testing.T) {
	eachPython(t, func(t *testing.T, p pythons.Python, py *python, kind string) {
		network, address := place(t, kind)
		there := py.call(ask{"op": "listen", "network": network, "address": address}).Address
		defer py.call(ask{"op": "close"})
		for step := range 3 {
			for _, g := range garbage {
				config := keyed
				if hopeless(g) {
					config.HandshakeTimeout = 40 * time.Millisecond
				}
				done := py.begin(ask{"op": "bad accept", "key": hexKey(key), "step": step, "garbage": g})
				var err error
				if hopeless(g) {
					err = approach(t, network, there, config)
				} else {
					_, err = connection.Dial(ctx, network, there, config)
				}
				want := connection.ErrHandshake
				switch {
				case g == "close":
					want = io.ErrUnexpectedEOF
				case hopeless(g):
					want = context.DeadlineExceeded
				}
				var auth *connection.AuthenticationError
				if !errors.As(err, &auth) || !errors.Is(err, want) {
					t.Errorf("step %d, %s: %v", step, g, err)
				}
				if a := <-done; a.Error != "" && !hopeless(g) || len(a.Said) > 1 {
					t.Errorf("step %d, %s: %+v", step, g, a)
				}
			}
		}
	})
}

// TestPythonDigests: whatever digest a Python prefers, in its challenge or in its answer.
func TestPythonDigests(t *testing.T) {
	names := []string{"md5", "sha256", "sha384", "sha3_256", "sha3_384"}
	for _, p := range pythons.Require(t) {
		if !p.AtLeast(3, 12) {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			py := startPython(t, p)
			l := listen(t, "tcp", "", keyed)
			for i, name := range names {
				done := py.begin(at("tcp", l).with(ask{"op": "digests", "key": hexKey(key), "challenge": name, "answer": names[(i+2)%5], "count": 1}))
				c := accept(t, l)
				if c.Digest() != names[(i+2)%5] {
					t.Errorf("it has answered with %s, not %s", c.Digest(), names[(i+2)%5])
				}
				if err := c.SendBytes(ctx, []byte("x")); err != nil {
					t.Error(err)
				}
				if a := <-done; a.Error != "" {
					t.Errorf("%s: %+v", name, a)
				}
			}
		})
	}
}

// TestPythonMD5Policy: an old Python is refused where the policy says so, and told what a wrong key is told.
func TestPythonMD5Policy(t *testing.T) {
	eachPython(t, func(t *testing.T, p pythons.Python, py *python, kind string) {
		book := &logbook{}
		config := keyed
		config.Logger = book.logger()
		config.MD5 = connection.MD5Never
		old := !p.AtLeast(3, 12)

		network, address := place(t, kind)
		l := listen(t, network, address, config)
		done := py.begin(at(kind, l).with(ask{"op": "client", "do": "echo", "count": 0, "key": hexKey(key)}))
		if !old {
			accept(t, l)
		}
		if a := <-done; old && (a.Error != "AuthenticationError" || a.Text != "digest sent was rejected") || !old && a.Error != "" {
			t.Errorf("%+v", a)
		}
		if old {
			for _, text := range []string{"Python <= 3.11", "Config.MD5 is MD5Never; MD5Local allows it", "peer="} {
				book.wait(t, text)
			}
		}

		network, address = place(t, kind)
		there := py.call(ask{"op": "listen", "network": network, "address": address, "key": hexKey(key)}).Address
		defer py.call(ask{"op": "close"})
		done = py.begin(ask{"op": "accept", "do": "echo", "count": 0})
		c, err := connection.Dial(ctx, network, there, config)
		if err == nil {
			c.Close()
		}
		if old != errors.Is(err, connection.ErrMD5) || old == (err == nil) {
			t.Errorf("dialing %v with %v: %v", p, config.MD5, err)
		}
		if old && (!strings.Contains(err.Error(), "Python <= 3.11") || !strings.Contains(err.Error(), "MD5Always")) {
			t.Errorf("the error does not help: %v", err)
		}
		<-done
	})
}

// TestPythonHuge sends more than the short header can tell, there and back. It needs 10 GB of memory.
func TestPythonHuge(t *testing.T) {
	if os.Getenv("MULTIPROC_TEST_HUGE") == "" {
		t.Skip("MULTIPROC_TEST_HUGE is not set")
	}
	for _, p := range pythons.Require(t) {
		if !p.AtLeast(3, 8) {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			config := keyed
			config.MaxFrame = 1 << 40
			l := listen(t, "unix", "", config)
			py := startPython(t, p)
			done := py.begin(at("unix", l).with(ask{"op": "client", "do": "echo", "count": 1, "key": hexKey(key)}))
			c := accept(t, l)
			var size uint64 = 1<<31 + 12345 // of a type that also compiles for 32 bits
			m := make([]byte, size)
			for i := 0; i < len(m); i += 4093 {
				m[i] = byte(i / 4093)
			}
			if err := c.SendBytes(ctx, m); err != nil {
				t.Fatal(err)
			}
			got, err := c.RecvBytes(ctx)
			if err != nil || !bytes.Equal(got, m) {
				t.Fatalf("%d bytes came back, %v", len(got), err)
			}
			if a := <-done; a.Error != "" {
				t.Error(a)
			}
		})
	}
}
