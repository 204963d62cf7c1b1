package connection

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"
)

// deaf is a net.Conn to a peer that says a fixed text, whatever it hears.
type deaf struct{ io.Reader }

func (deaf) Write(p []byte) (int, error)      { return len(p), nil }
func (deaf) Close() error                     { return nil }
func (deaf) LocalAddr() net.Addr              { return &net.UnixAddr{Net: "unix"} }
func (deaf) RemoteAddr() net.Addr             { return &net.UnixAddr{Net: "unix"} }
func (deaf) SetDeadline(time.Time) error      { return nil }
func (deaf) SetReadDeadline(time.Time) error  { return nil }
func (deaf) SetWriteDeadline(time.Time) error { return nil }

// FuzzHandshake: nothing that a peer without the key says makes it authenticated, or this end panic.
func FuzzHandshake(f *testing.F) {
	frame := func(s string) []byte { return frameOf([]byte(s), false) }
	f.Add(true, bytes.Join([][]byte{frame("0123456789abcdef"), frame(challengePrefix + "01234567890123456789"), frame(welcome)}, nil))
	f.Add(false, bytes.Join([][]byte{frame(challengePrefix + "{sha256}" + string(make([]byte, 40))), frame(welcome), frame("{sha256}" + string(make([]byte, 32)))}, nil))
	f.Add(false, bytes.Join([][]byte{frame(challengePrefix + "{md5}" + string(make([]byte, 40))), frame(failure)}, nil))
	f.Add(true, []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 'x'})
	f.Fuzz(func(t *testing.T, server bool, text []byte) {
		c, err := NewConn(deaf{bytes.NewReader(text)}, Config{Key: []byte("key"), MD5: MD5Always, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		role := Client
		if server {
			role = Server
		}
		if err := c.Authenticate(context.Background(), role); err == nil || !c.Closed() {
			t.Fatalf("%v authenticated %q", role, text)
		}
	})
}
