package connection

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// recordsPerSecond bounds what clients can make a Listener write.
const recordsPerSecond = 20

// report logs the clients that a Listener refuses.
type report struct {
	log *slog.Logger

	mu      sync.Mutex
	second  time.Time // when it began
	written int       // in it
	omitted int       // since the last record
}

// refused logs a client that was not authenticated. One that has said nothing wrong and went away is of no interest to most.
func (r *report) refused(at net.Addr, c *Conn, err error) {
	level := slog.LevelWarn
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || gone(err) { // io.EOF: in the handshake of TLS
		level = slog.LevelDebug
	}
	var a *AuthenticationError
	if errors.As(err, &a) {
		err = a.Err
	}
	attrs := []any{"listener", at.String(), "peer", peerName(c.RemoteAddr()), "reason", err.Error()}
	if errors.Is(err, ErrMD5) {
		allows := MD5Always
		if isLocal(c.LocalAddr(), c.RemoteAddr()) {
			allows = MD5Local // less is enough
		}
		attrs = append(attrs, "setting", "Config.MD5 is "+c.config.MD5.String()+"; "+allows.String()+" allows it")
	}
	r.write(level, "connection: client refused", attrs)
}

// trouble logs that the system gives no more clients for now.
func (r *report) trouble(at net.Addr, err error) {
	r.write(slog.LevelWarn, "connection: can't accept", []any{"listener", at.String(), "reason", err.Error()})
}

func (r *report) write(level slog.Level, message string, attrs []any) {
	if !r.log.Enabled(context.Background(), level) {
		return
	}
	r.mu.Lock()
	if now := time.Now(); now.Sub(r.second) >= time.Second {
		r.second, r.written = now, 0
	}
	if r.written >= recordsPerSecond {
		r.omitted++
		r.mu.Unlock()
		return
	}
	r.written++
	omitted := r.omitted
	r.omitted = 0
	r.mu.Unlock()
	if omitted > 0 {
		attrs = append(attrs, "omitted", omitted)
	}
	r.log.Log(context.Background(), level, message, attrs...)
}
