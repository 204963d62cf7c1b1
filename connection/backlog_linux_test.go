package connection_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
)

// listenShort is a unix socket with room for two clients, which is what Python's Listener has by default.
func listenShort(t *testing.T) net.Listener {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: filepath.Join(t.TempDir(), "s")}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	l, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestBacklog: a Go client waits for a listener of a unix socket that has no room for it, as a Python client does.
func TestBacklog(t *testing.T) {
	l := listenShort(t)
	const clients = 20
	done := make(chan error, clients)
	for range clients {
		go func() {
			c, err := connection.Dial(ctx, "unix", l.Addr().String(), connection.Config{})
			if err == nil {
				err = c.Close()
			}
			done <- err
		}()
	}
	time.Sleep(5 * time.Millisecond)
	for range clients {
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		nc.Close()
	}
	for range clients {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
