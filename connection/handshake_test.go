package connection_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
)

// oldServer is what Python <= 3.11 does with a client, over any connection.
func oldServer(nc net.Conn) error {
	m := strings.Repeat("c", 20)
	sayTo(nc, "#CHALLENGE#"+m)
	h := hmac.New(md5.New, key)
	h.Write([]byte(m))
	if a, err := hearRaw(nc); err != nil || a != string(h.Sum(nil)) {
		return fmt.Errorf("got %q, %v", a, err)
	}
	sayTo(nc, "#WELCOME#")
	c, err := hearRaw(nc)
	if err != nil {
		return err
	}
	h.Reset()
	h.Write([]byte(strings.TrimPrefix(c, "#CHALLENGE#")))
	sayTo(nc, string(h.Sum(nil)))
	if w, err := hearRaw(nc); w != "#WELCOME#" {
		return fmt.Errorf("got %q, %v", w, err)
	}
	return nil
}

// sayTo is sayRaw to a peer that may have gone.
func sayTo(nc net.Conn, payload string) {
	_, _ = nc.Write(append([]byte{0, 0, 0, byte(len(payload))}, payload...))
}

// address is a connection that claims to be between two addresses.
type addressed struct {
	net.Conn
	local, remote net.Addr
}

func (a addressed) LocalAddr() net.Addr  { return a.local }
func (a addressed) RemoteAddr() net.Addr { return a.remote }

func tcp(address string) net.Addr {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		panic(err)
	}
	return a
}

// TestMD5Policy: to whom this end answers with MD5, by the addresses of the connection.
func TestMD5Policy(t *testing.T) {
	unix := &net.UnixAddr{Name: "", Net: "unix"}
	for _, c := range []struct {
		local, remote net.Addr
		isLocal       bool
	}{
		{tcp("127.0.0.1:5"), tcp("127.0.0.1:6"), true},
		{tcp("127.0.0.1:5"), tcp("127.9.9.9:6"), true},
		{tcp("[::1]:5"), tcp("[::1]:6"), true},
		{tcp("10.0.0.1:5"), tcp("10.0.0.1:6"), true},
		{tcp("10.0.0.1:5"), tcp("10.0.0.2:6"), false},
		{tcp("[2001:db8::1]:5"), tcp("[2001:db8::2]:6"), false},
		{tcp("[fe80::1]:5"), tcp("8.8.8.8:6"), false},
		{unix, unix, true},
		{&net.TCPAddr{Port: 5}, &net.TCPAddr{Port: 6}, false},
	} {
		for _, policy := range []connection.MD5Policy{connection.MD5Local, connection.MD5Always, connection.MD5Never} {
			config := keyed
			config.MD5 = policy
			here, there := net.Pipe()
			conn, err := connection.NewConn(addressed{here, c.local, c.remote}, config)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- oldServer(there) }()
			err = conn.Authenticate(ctx, connection.Client)
			if policy == connection.MD5Always || policy == connection.MD5Local && c.isLocal {
				if e := <-done; err != nil || e != nil {
					t.Errorf("%v, %v to %v: %v, %v", policy, c.local, c.remote, err, e)
				}
			} else if !errors.Is(err, connection.ErrMD5) || !strings.Contains(err.Error(), "Python <= 3.11") || !strings.Contains(err.Error(), "Config.MD5") {
				t.Errorf("%v, %v to %v: %v", policy, c.local, c.remote, err)
			}
			conn.Close()
			there.Close()
		}
	}
}

// TestRoles: two Conns over any net.Conn.
func TestRoles(t *testing.T) {
	a, b := net.Pipe()
	server, err := connection.NewConn(a, keyed)
	if err != nil {
		t.Fatal(err)
	}
	client, err := connection.NewConn(b, keyed)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Authenticate(ctx, connection.Server) }()
	if err := client.Authenticate(ctx, connection.Client); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	go func() { done <- server.SendBytes(ctx, make([]byte, 100_000)) }()
	if m, err := client.RecvBytes(ctx); len(m) != 100_000 || err != nil {
		t.Error(len(m), err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if ready, err := client.Poll(0); ready || err != nil {
		t.Error(ready, err)
	}
	go func() { done <- server.SendBytes(ctx, nil) }()
	eventually(t, func() bool { ready, _ := client.Poll(0); return ready }, func() string { return "Poll never finds it" })
	server.Close()
	client.Close()
	<-done
}

// TestSameRole: both ends wait for the other; the time limit and the context end it.
func TestSameRole(t *testing.T) {
	for _, limit := range []time.Duration{20 * time.Millisecond, 0} {
		a, b := net.Pipe()
		defer b.Close()
		config := keyed
		config.HandshakeTimeout = limit
		c, err := connection.NewConn(a, config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(ctx)
		if limit == 0 {
			time.AfterFunc(20*time.Millisecond, cancel)
		}
		err = c.Authenticate(ctx, connection.Client)
		cancel()
		var auth *connection.AuthenticationError
		want := context.DeadlineExceeded
		if limit == 0 {
			want = context.Canceled
		}
		if !errors.As(err, &auth) || !errors.Is(err, want) {
			t.Error(err)
		}
		if err := c.SendBytes(ctx, nil); err == nil || !c.Closed() {
			t.Error("the connection can be used")
		}
	}
}

// TestReflection: a peer without the key can have no challenge answered by another connection of this process.
func TestReflection(t *testing.T) {
	l := listen(t, "tcp", "", keyed)
	enemy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer enemy.Close()

	// It gets a challenge from the listener, and has a client answer it that has dialed it.
	asked := raw(t, l)
	m, err := hearRaw(asked)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		nc, err := enemy.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		sayTo(nc, m)
		if a, err := hearRaw(nc); err == nil {
			t.Errorf("the client has answered %q", a)
			sayTo(asked, a)
		}
	}()
	_, err = connection.Dial(ctx, "tcp", enemy.Addr().String(), keyed)
	if !errors.Is(err, connection.ErrReflected) {
		t.Error(err)
	}

	// Or has a client that has dialed it answer the challenge of another one that has.
	go func() {
		first, err := enemy.Accept()
		if err != nil {
			return
		}
		defer first.Close()
		sayTo(first, "#CHALLENGE#{sha256}"+strings.Repeat("x", 40))
		if _, err := hearRaw(first); err != nil {
			t.Error(err)
		}
		sayTo(first, "#WELCOME#")
		m, err := hearRaw(first)
		if err != nil {
			t.Error(err)
		}
		second, err := enemy.Accept()
		if err != nil {
			return
		}
		defer second.Close()
		sayTo(second, m)
		if a, err := hearRaw(second); err == nil {
			t.Errorf("the second client has answered %q", a)
		}
	}()
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := connection.Dial(ctx, "tcp", enemy.Addr().String(), keyed)
			done <- err
		}()
	}
	a, b := <-done, <-done
	if a == nil || b == nil || !errors.Is(a, connection.ErrReflected) && !errors.Is(b, connection.ErrReflected) {
		t.Errorf("%v, %v", a, b)
	}

	// It sends a challenge, and the frames that it gets, back on the same connection.
	go func() {
		nc, err := enemy.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		for {
			m, err := hearRaw(nc)
			if err != nil {
				return
			}
			sayTo(nc, m)
		}
	}()
	config := keyed
	config.HandshakeTimeout = 50 * time.Millisecond
	if _, err := connection.Dial(ctx, "tcp", enemy.Addr().String(), config); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that only echoes: %v", err)
	}
	echo := raw(t, l)
	m, err = hearRaw(echo)
	if err != nil {
		t.Fatal(err)
	}
	sayTo(echo, m)
	if a, _ := hearRaw(echo); a != "#FAILURE#" {
		t.Errorf("a client that only echoes is told %q", a)
	}
	echo = raw(t, l)
	m, _ = hearRaw(echo)
	sayTo(echo, strings.TrimPrefix(m, "#CHALLENGE#"))
	if a, _ := hearRaw(echo); a != "#FAILURE#" {
		t.Errorf("a client that echoes the challenge is told %q", a)
	}
}

// TestConfig: what can't be is refused at once, and a key is nowhere printed.
func TestConfig(t *testing.T) {
	for name, c := range map[string]connection.Config{
		"empty key": {Key: []byte{}},
		"policy":    {MD5: 7},
		"timeout":   {HandshakeTimeout: -1},
		"frame":     {MaxFrame: -1},
		"crowd":     {MaxHandshakes: -1},
	} {
		if _, err := connection.Listen("tcp", "", c); err == nil || name == "empty key" && !errors.Is(err, connection.ErrEmptyKey) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := connection.Dial(ctx, "tcp", "127.0.0.1:1", c); err == nil || name == "empty key" && !errors.Is(err, connection.ErrEmptyKey) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := connection.NewConn(nil, c); err == nil {
			t.Error(name)
		}
	}
	c := connection.Config{Key: []byte("secret")}
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{c, &c} {
			if s := fmt.Sprintf(f, v); strings.Contains(s, "secret") || strings.Contains(s, "115") || strings.Contains(s, "73") {
				t.Errorf("%s prints %s", f, s)
			}
		}
	}
}

const fipsEnv = "MULTIPROC_TEST_FIPS"

// TestFIPS runs part of these tests where the standard library refuses MD5, and short keys.
func TestFIPS(t *testing.T) {
	if os.Getenv(fipsEnv) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS$", "-test.v")
		cmd.Env = append(os.Environ(), fipsEnv+"=1", "GODEBUG=fips140=only")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestFIPS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	server, client := pair(t, "tcp", keyed)
	go server.SendBytes(ctx, []byte("m"))
	if m, err := client.RecvBytes(ctx); string(m) != "m" || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	here, there := net.Pipe()
	defer there.Close()
	config := keyed
	config.MD5 = connection.MD5Always
	c, err := connection.NewConn(here, config)
	if err != nil {
		t.Fatal(err)
	}
	go sayTo(there, "#CHALLENGE#"+strings.Repeat("c", 20))
	if err := c.Authenticate(ctx, connection.Client); !errors.Is(err, connection.ErrMD5) || !strings.Contains(err.Error(), "FIPS") {
		t.Error(err)
	}
	l := listen(t, "tcp", "", keyed)
	config.Key = []byte("short")
	if _, err := connection.Dial(ctx, "tcp", l.Addr().String(), config); err == nil || !strings.Contains(err.Error(), "FIPS") {
		t.Error(err)
	}
}

// TestRefusedConn: what comes after a failed Authenticate is told that the connection is closed.
func TestRefusedConn(t *testing.T) {
	here, nc := net.Pipe()
	defer nc.Close()
	c, err := connection.NewConn(here, keyed)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = hearRaw(nc)
		sayTo(nc, "garbage")
		_, _ = hearRaw(nc)
	}()
	if err := c.Authenticate(ctx, connection.Server); !errors.Is(err, connection.ErrHandshake) {
		t.Error(err)
	}
	if _, err := c.RecvBytes(ctx); !errors.Is(err, connection.ErrBroken) || !strings.Contains(err.Error(), connection.ErrHandshake.Error()) {
		t.Error(err)
	}
	if err := c.SendBytes(ctx, nil); !errors.Is(err, connection.ErrBroken) {
		t.Error(err)
	}
}
