package connection

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// sockets are the two ends of a connection, and the quick way to the first one.
func sockets(t *testing.T, network string) (s *socket, mine, other net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if other, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if mine, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mine.Close(); other.Close() })
	if s = newSocket(mine); s == nil {
		t.Skip("with the race detector, and on other systems than Linux, the net.Conn is used itself")
	}
	return s, mine, other
}

// Whatever goes wrong, the error is the one that the net.Conn gives, word for word.
func TestSocketErrorsAreThoseOfTheConn(t *testing.T) {
	block := make([]byte, 8<<10)
	for _, network := range []string{"unix", "tcp"} {
		for name, x := range map[string]struct {
			prepare func(mine, other net.Conn)
			want    error
			call    func(c io.ReadWriter) (int, error)
		}{
			"end of file":           {func(_, other net.Conn) { other.Close() }, io.EOF, func(c io.ReadWriter) (int, error) { return c.Read(block) }},
			"read when closed":      {func(mine, _ net.Conn) { mine.Close() }, net.ErrClosed, func(c io.ReadWriter) (int, error) { return c.Read(block) }},
			"write when closed":     {func(mine, _ net.Conn) { mine.Close() }, net.ErrClosed, func(c io.ReadWriter) (int, error) { return c.Write(block) }},
			"read after deadline":   {func(mine, _ net.Conn) { mine.SetDeadline(past) }, os.ErrDeadlineExceeded, func(c io.ReadWriter) (int, error) { return c.Read(block) }},
			"write after deadline":  {func(mine, _ net.Conn) { mine.SetDeadline(past) }, os.ErrDeadlineExceeded, func(c io.ReadWriter) (int, error) { return c.Write(block) }},
			"write to nobody":       {func(mine, _ net.Conn) { half(mine).CloseWrite() }, syscall.EPIPE, func(c io.ReadWriter) (int, error) { return c.Write(block) }},
			"nothing to be read":    {func(net.Conn, net.Conn) {}, nil, func(c io.ReadWriter) (int, error) { return c.Read(nil) }},
			"nothing to be written": {func(net.Conn, net.Conn) {}, nil, func(c io.ReadWriter) (int, error) { return c.Write(nil) }},
		} {
			s, mine, other := sockets(t, network)
			x.prepare(mine, other)
			_, got := x.call(s)
			_, want := x.call(mine)
			if !errors.Is(got, x.want) {
				t.Errorf("%s, %s: %v, want %v", network, name, got, x.want)
			}
			if got != nil && want != nil && got.Error() != want.Error() {
				t.Errorf("%s, %s: %v, and the conn's own is %v", network, name, got, want)
			}
		}
	}
}

type halves interface{ CloseWrite() error }

func half(c net.Conn) halves { return c.(halves) }

// What waits for the other end ends with a Close, as the net.Conn's would.
func TestSocketReadIsEndedByClose(t *testing.T) {
	s, mine, _ := sockets(t, "unix")
	ended := make(chan error)
	go func() {
		_, err := s.Read(make([]byte, 10))
		ended <- err
	}()
	mine.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want net.ErrClosed", err)
	}
}

// A Write for which there is no room waits for it; nothing is lost, doubled or exchanged.
func TestSocketWaitsForRoom(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		s, _, other := sockets(t, network)
		const n = 1000
		go func() {
			defer half(s.nc).CloseWrite()
			for i := range n {
				if _, err := s.Write(bytes.Repeat([]byte{byte(i)}, small)); err != nil {
					t.Errorf("%s: block %d: %v", network, i, err)
					return
				}
			}
		}()
		back := newSocket(other)
		got := make([]byte, small)
		for i := range n {
			if _, err := io.ReadFull(back, got); err != nil {
				t.Fatalf("%s: block %d: %v", network, i, err)
			}
			if !bytes.Equal(got, bytes.Repeat([]byte{byte(i)}, small)) {
				t.Fatalf("%s: block %d is another", network, i)
			}
		}
		if _, err := back.Read(got); err != io.EOF {
			t.Errorf("%s: %v, want io.EOF", network, err)
		}
	}
}

// A Write that a deadline cuts says how much it has written: whether the connection can go on depends on it.
func TestSocketCountsWhatItHasWritten(t *testing.T) {
	s, mine, other := sockets(t, "unix")
	written := 0
	for {
		mine.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := s.Write(make([]byte, small-1))
		written += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	mine.Close()
	if n, err := io.Copy(io.Discard, other); err != nil || n != int64(written) {
		t.Errorf("%d bytes have come of %d, %v", n, written, err)
	}
}

func TestSocketAllocatesNothing(t *testing.T) {
	s, _, other := sockets(t, "unix")
	back, b := newSocket(other), make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := s.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(back, b); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("a message allocates %v times", n)
	}
}

func TestNoSocket(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if newSocket(a) != nil {
		t.Error("a pipe is a socket")
	}
}
