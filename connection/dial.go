package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// Dial connects to a Listener, of Python or Go, and authenticates both ends. The network is "unix", "tcp", "tcp4" or "tcp6"; with "" the address's looks decide: host:port is TCP, @name an
// abstract socket of Linux, all else the path of a unix socket, which has no colon unless it has a slash ("./a:b"). It takes up to HandshakeTimeout, or until ctx ends. The errors are the network's, an *AuthenticationError, and one
// that wraps errors.ErrUnsupported for an address that this system has not.
func Dial(ctx context.Context, network, address string, c Config) (*Conn, error) {
	config, err := c.resolved()
	if err != nil {
		return nil, err
	}
	p, err := parse(network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := config.handshakeContext(ctx)
	defer cancel()
	nc, err := connect(ctx, p)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("connection: dial %s: %w", p.address, fromContext(ctx))
		}
		return nil, fmt.Errorf("connection: %w", p.explain(err))
	}
	conn := newConn(nc, config)
	if config.Key != nil {
		if err := conn.authenticate(ctx, Client); err != nil {
			return nil, err
		}
	}
	return conn, nil
}

// connect waits while the listener of a unix socket has no room for another client: that is an error of connect(2), which a blocking Python never sees. Its Listener has
// room for one client, where nothing else was asked for.
func connect(ctx context.Context, p place) (net.Conn, error) {
	var d net.Dialer
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		nc, err := d.DialContext(ctx, p.network, p.address)
		if err == nil || p.network != "unix" || !errors.Is(err, syscall.EAGAIN) {
			return nc, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}
