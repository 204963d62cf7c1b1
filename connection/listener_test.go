package connection_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/multiproctest"
)

// met checks that a client can connect.
func met(t *testing.T, l *connection.Listener, network, address string) {
	t.Helper()
	client, err := connection.Dial(ctx, network, address, keyed)
	if err != nil {
		t.Fatalf("%q %q: %v", network, address, err)
	}
	server := accept(t, l)
	if err := client.SendBytes(ctx, []byte(address)); err != nil {
		t.Error(err)
	}
	if m, err := server.RecvBytes(ctx); string(m) != address || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	if got := client.RemoteAddr().String(); got != l.Addr().String() {
		t.Errorf("the client is connected with %q, not %q", got, l.Addr())
	}
	if got, want := l.LastAccepted(), server.RemoteAddr(); got == nil || got.String() != want.String() {
		t.Errorf("accepted last: %v, not %v", got, want)
	}
	client.Close()
	server.Close()
}

func TestAddresses(t *testing.T) {
	multiproctest.NoLeaks(t)
	dir := t.TempDir()
	abstract := fmt.Sprintf("multiproc-test-%d", time.Now().UnixNano())
	for _, c := range []struct {
		network, address string
		dial             [][2]string // the address of Addr if there is none
	}{
		{"", "127.0.0.1:0", nil},
		{"tcp", "localhost:0", nil},
		{"tcp4", ":0", nil},
		{"tcp6", "[::1]:0", nil},
		{"", "[::1]:0", nil},
		{"tcp", "", nil},
		{"tcp6", "", nil},
		{"unix", "", nil},
		{"", "", nil},
		{"", filepath.Join(dir, "a"), [][2]string{{"", filepath.Join(dir, "a")}, {"unix", filepath.Join(dir, "a")}}},
		{"unix", filepath.Join(dir, "b:5"), [][2]string{{"", filepath.Join(dir, "b:5")}}},
		{"", "@" + abstract, [][2]string{{"", "@" + abstract}, {"", "\x00" + abstract}, {"unix", "\x00" + abstract}}},
		{"", "\x00" + abstract + "2", [][2]string{{"unix", "@" + abstract + "2"}}},
		{"", "@" + abstract + ":5", [][2]string{{"", "@" + abstract + ":5"}}},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			l, err := connection.Listen(c.network, c.address, keyed)
			if err != nil {
				switch {
				case strings.Contains(c.address, abstract) && runtime.GOOS != "linux":
					if !errors.Is(err, errors.ErrUnsupported) {
						t.Error(err)
					}
				case strings.Contains(c.address, "::1") || c.network == "tcp6":
					t.Skip("no IPv6:", err)
				default:
					t.Error(err)
				}
				return
			}
			defer l.Close()
			if c.dial == nil {
				c.dial = [][2]string{{"", l.Addr().String()}}
				if host, port, err := net.SplitHostPort(l.Addr().String()); err == nil && host == "0.0.0.0" {
					c.dial = nil
					_ = port
				}
			}
			for _, d := range c.dial {
				met(t, l, d[0], d[1])
			}
		})
	}
}

func TestNoAddresses(t *testing.T) {
	for _, c := range []struct {
		network, address string
		want             error
	}{
		{"", `\\.\pipe\name`, errors.ErrUnsupported},
		{"pipe", "name", errors.ErrUnsupported},
		{"pipe", "", errors.ErrUnsupported},
		{"udp", "127.0.0.1:0", errors.ErrUnsupported},
		{"unix", "a\x00b", nil},
		{"", "@" + strings.Repeat("x", 108), nil},
		{"unix", filepath.Join(t.TempDir(), "no", "such"), os.ErrNotExist},
		{"unix", filepath.Join(t.TempDir(), strings.Repeat("x", 200)), nil},
		{"tcp", "127.0.0.1:99999", nil},
		{"", "localhost:99999", nil},
		{"", "localhost:x", nil},
		{"", "a:b:1", nil},
	} {
		if l, err := connection.Listen(c.network, c.address, keyed); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("listen %q %q: %v", c.network, c.address, err)
			if err == nil {
				l.Close()
			}
		} else if len(c.address) > 180 && !strings.Contains(err.Error(), "too long") {
			t.Error(err)
		} else if !strings.HasPrefix(err.Error(), "connection: ") || strings.Count(err.Error(), "connection: ") > 1 {
			t.Errorf("listen %q %q: %v", c.network, c.address, err)
		}
		if _, err := connection.Dial(ctx, c.network, c.address, keyed); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("dial %q %q: %v", c.network, c.address, err)
		}
	}
	if _, err := connection.Dial(ctx, "", filepath.Join(t.TempDir(), "none"), keyed); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := connection.Dial(ended, "tcp", "127.0.0.1:1", keyed); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSocketFile: its permissions, and who removes it.
func TestSocketFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits of files")
	}
	path := filepath.Join(t.TempDir(), "s")
	l := listen(t, "unix", path, keyed)
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A live one is nobody else's, and asking is no client.
	_, err = connection.Listen("unix", path, keyed)
	if !errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, connection.ErrStaleSocket) {
		t.Error(err)
	}
	met(t, l, "unix", path)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}

	// One that was replaced stays.
	l = listen(t, "unix", path, keyed)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other := listen(t, "unix", path, keyed)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	met(t, other, "unix", path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Error("after the file was removed:", err)
	}

	// One whose owner was killed is named as such, and left where it is.
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	if _, err = connection.Listen("unix", path, keyed); !errors.Is(err, connection.ErrStaleSocket) || !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}

	// What is no socket is left alone.
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = connection.Listen("unix", path, keyed); !errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, connection.ErrStaleSocket) {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); string(text) != "text" {
		t.Error(err)
	}
}

// TestSocketDirectory: the directory of a socket that has chosen its own goes with it.
func TestSocketDirectory(t *testing.T) {
	l := listen(t, "unix", "", keyed)
	dir := filepath.Dir(l.Addr().String())
	if info, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Error(info, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestListenerClose(t *testing.T) {
	multiproctest.NoLeaks(t)
	l := listen(t, "tcp", "", keyed)
	if l.LastAccepted() != nil {
		t.Error("accepted before any client")
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := l.Accept(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	silent, waiting := raw(t, l), dial(t, l, keyed)
	done := make(chan error, 3)
	first := accept(t, l)
	for range 3 {
		go func() {
			_, err := l.Accept(ctx)
			done <- err
		}()
	}
	time.Sleep(5 * time.Millisecond)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for range 3 {
		if err := <-done; !errors.Is(err, connection.ErrClosed) {
			t.Error(err)
		}
	}
	if err := l.Close(); !errors.Is(err, connection.ErrClosed) {
		t.Error(err)
	}
	if _, err := l.Accept(ctx); !errors.Is(err, connection.ErrClosed) {
		t.Error(err)
	}
	if _, err := hearRaw(silent); err == nil {
		if m, err := hearRaw(silent); err == nil {
			t.Errorf("a silent client is told %q", m)
		}
	}
	// What was accepted stays.
	if err := first.SendBytes(ctx, []byte("m")); err != nil {
		t.Error(err)
	}
	if m, err := waiting.RecvBytes(ctx); string(m) != "m" || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	first.Close()
	waiting.Close()
	silent.Close()
}

// TestNotAccepted: clients that Accept has not returned are closed with the listener.
func TestNotAccepted(t *testing.T) {
	l := listen(t, "unix", "", keyed)
	c := dial(t, l, keyed)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.RecvBytes(ctx); err == nil {
		t.Error("somebody has sent a message")
	}
}

// TestForeignListener: one that its user closes ends the Listener with its error.
func TestForeignListener(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := connection.NewListener(ln, keyed)
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if _, err := l.Accept(ctx); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"there"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: secret}, pool
}

// TestTLS: two Go programs, with TLS below.
func TestTLS(t *testing.T) {
	multiproctest.NoLeaks(t)
	cert, pool := certificate(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := connection.NewListener(ln, keyed)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nc, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "there"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := connection.NewConn(nc, keyed)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Authenticate(ctx, connection.Client); err != nil {
		t.Fatal(err)
	}
	server := accept(t, l)
	if ready, err := server.Poll(0); ready || err != nil {
		t.Error(ready, err)
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := server.RecvBytes(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	for _, n := range []int{0, 10, 100_000, 5 << 20} {
		done := make(chan error, 1)
		go func() { done <- client.SendBytes(ctx, make([]byte, n)) }()
		if m, err := server.RecvBytes(ctx); len(m) != n || err != nil {
			t.Fatal(len(m), err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	server.Close()
}
