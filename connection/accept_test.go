package connection_test

import (
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/multiproctest"
)

// script is a listener that accepts the given connections, and then fails again and again.
type script struct {
	conns []net.Conn
	fails error

	once   sync.Once
	closed chan struct{}
}

func (s *script) Accept() (net.Conn, error) {
	select {
	case <-s.closed:
		return nil, net.ErrClosed
	default:
	}
	if len(s.conns) == 0 {
		return nil, s.fails
	}
	nc := s.conns[0]
	s.conns = s.conns[1:]
	return nc, nil
}

func (s *script) Addr() net.Addr { return &net.UnixAddr{Net: "unix", Name: "script"} }

func (s *script) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// noDescriptors is what accept(2) says when a process has no more of them, also while no client waits.
var noDescriptors = &net.OpError{Op: "accept", Net: "unix", Err: os.NewSyscallError("accept4", syscall.EMFILE)}

// TestLastDescriptor: the client that gets the last descriptor has the same time for its handshake as others.
func TestLastDescriptor(t *testing.T) {
	multiproctest.NoLeaks(t)
	config := keyed
	config.HandshakeTimeout = 10 * patience
	here, there := net.Pipe()
	l, err := connection.NewListener(&script{conns: []net.Conn{here}, fails: noDescriptors, closed: make(chan struct{})}, config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := connection.NewConn(there, config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	time.Sleep(50 * time.Millisecond) // as a client on another machine would
	if err := client.Authenticate(ctx, connection.Client); err != nil {
		t.Fatal(err)
	}
	accept(t, l)
}

// TestNoDescriptors: silent clients that hold all descriptors lose them after a tenth of their time.
func TestNoDescriptors(t *testing.T) {
	multiproctest.NoLeaks(t)
	longer(t, time.Second, func(limit time.Duration) bool {
		book := &logbook{}
		config := keyed
		config.Logger = book.logger()
		config.HandshakeTimeout = limit
		here, there := net.Pipe()
		defer there.Close()
		l, err := connection.NewListener(&script{conns: []net.Conn{here}, fails: noDescriptors, closed: make(chan struct{})}, config)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		book.wait(t, "client refused")
		book.wait(t, "can't accept")
		return strings.Contains(book.String(), connection.ErrCrowded.Error()) // else all its time was over before the listener had looked
	})
}
