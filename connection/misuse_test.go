package connection_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/pickle"
)

// TestClosedIsNets: a server's loop asks for net.ErrClosed, and one over several packages of this module for theirs.
func TestClosedIsNets(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0", keyed)
	c := dial(t, l, keyed)
	for name, closed := range map[string]func() error{
		"listener": func() error { l.Close(); _, err := l.Accept(ctx); return err },
		"conn":     func() error { c.Close(); _, err := c.Recv(ctx); return err },
	} {
		err := closed()
		for _, is := range []error{connection.ErrClosed, net.ErrClosed, errs.ErrClosed} {
			if !errors.Is(err, is) {
				t.Errorf("%s: %v is not %v", name, err, is)
			}
		}
		if errors.Is(err, connection.ErrBroken) {
			t.Error(name, err)
		}
	}
}

// TestOneKey: who has none is told so by the first message.
func TestOneKey(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0", keyed)
	c := dial(t, l, connection.Config{})
	if v, err := c.Recv(ctx); err == nil || !strings.Contains(err.Error(), "Config.Key is nil") {
		t.Error(v, err)
	}
	var n int
	server, client := pair(t, "tcp", keyed)
	if err := server.SendBytes(ctx, []byte("#CHALLENGE#")); err != nil {
		t.Fatal(err)
	}
	if err := client.RecvInto(ctx, &n); err == nil || strings.Contains(err.Error(), "Config.Key is nil") {
		t.Error(err)
	}
}

func TestNoProtocol(t *testing.T) {
	for _, protocol := range []int{-1, 1, 6} {
		if l, err := connection.Listen("tcp", "127.0.0.1:0", connection.Config{Pickle: pickle.Config{Protocol: protocol}}); err == nil {
			l.Close()
			t.Errorf("protocol %d is taken", protocol)
		}
	}
}

// TestOpenListenerWarns: without a key, on an address that others reach.
func TestOpenListenerWarns(t *testing.T) {
	for _, c := range []struct {
		address string
		key     []byte
		warns   bool
	}{{":0", nil, true}, {":0", key, false}, {"127.0.0.1:0", nil, false}} {
		var book logbook
		l, err := connection.Listen("tcp", c.address, connection.Config{Key: c.key, Logger: book.logger()})
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if warns := strings.Contains(book.String(), "without a key"); warns != c.warns {
			t.Errorf("%q: %q", c.address, book.String())
		}
	}
}
