package connection

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/loglimit"
)

// report counts and logs the clients that a Listener refuses.
type report struct {
	log   *loglimit.Logger
	count atomic.Uint64
}

// refused logs a client that was not authenticated. One that has said nothing wrong and went away is of no interest to most.
func (r *report) refused(at net.Addr, c *Conn, err error) {
	r.count.Add(1)
	level := slog.LevelWarn
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || gone(err) { // io.EOF: in the handshake of TLS
		level = slog.LevelDebug
	}
	var a *AuthenticationError
	if errors.As(err, &a) {
		err = a.Err
	}
	reason := err.Error()
	if errors.Is(err, ErrWrongKey) {
		// Python's clients connect to the server of a proxy that was in a message with this key, and not with their manager's.
		reason += " (or the client's process has not set its own: current_process().authkey)"
	}
	attrs := []any{"listener", at.String(), "peer", peerName(c.RemoteAddr()), "reason", reason}
	if errors.Is(err, ErrMD5) {
		allows := MD5Always
		if isLocal(c.LocalAddr(), c.RemoteAddr()) {
			allows = MD5Local // less is enough
		}
		attrs = append(attrs, "setting", "Config.MD5 is "+c.config.MD5.String()+"; "+allows.String()+" allows it")
	}
	r.log.Log(level, "connection: client refused", attrs...)
}

// trouble logs that the system gives no more clients for now.
func (r *report) trouble(at net.Addr, err error) {
	r.log.Warn("connection: can't accept", "listener", at.String(), "reason", err.Error())
}
