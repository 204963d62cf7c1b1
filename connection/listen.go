package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// Listen makes a Listener, for clients of Python or Go. The network and the address are those of Dial; an empty address lets it choose one: a socket in a new directory, or a free
// port of 127.0.0.1 for the networks tcp and tcp4. Port 0 is any free port. Addr tells what it has become.
//
// "127.0.0.1:5000" is for this machine only. An address without a host, ":5000", listens on all interfaces: without a Key everybody on the network can connect then, and the Logger is told so.
//
// The file of a unix socket has mode 0600, on Linux from the beginning, so only this user's processes can connect; os.Chmod can change that. An abstract socket has no permissions: every
// process in the same network namespace can connect.
//
// A file that is there already is left alone: if somebody listens on it, or it is no socket, the error wraps syscall.EADDRINUSE, else ErrStaleSocket as well.
func Listen(network, address string, c Config) (*Listener, error) {
	config, err := c.resolved()
	if err != nil {
		return nil, err
	}
	var p place
	var cleanup func() error
	if address == "" && network != "pipe" {
		p, cleanup, err = arbitrary(network)
	} else {
		p, err = parse(network, address)
	}
	if err != nil {
		return nil, err
	}
	var ln net.Listener
	if p.network != "unix" || p.abstract() {
		ln, err = net.Listen(p.network, p.address)
	} else {
		ln, cleanup, err = listenFile(p.address, cleanup)
	}
	if err != nil {
		if cleanup != nil {
			_ = cleanup()
		}
		return nil, fmt.Errorf("connection: %w", p.explain(err))
	}
	if a, ok := ln.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() && config.Key == nil {
		config.Logger.Warn("multiproc connection: listening without a key, so everybody who reaches the address can connect", "address", a.String())
	}
	return newListener(ln, config, cleanup), nil
}

// NewListener takes over a listener that is there already, for example one of crypto/tls, and authenticates its clients. Only net.ErrClosed from its Accept counts as its end: other errors are
// logged, and it is asked again, after a second at most.
func NewListener(ln net.Listener, c Config) (*Listener, error) {
	config, err := c.resolved()
	if err != nil {
		return nil, err
	}
	return newListener(ln, config, nil), nil
}

const socketMode = 0o600

// listenFile listens on a path. The cleanup that it returns removes the file, and then does what the given one does.
func listenFile(path string, then func() error) (net.Listener, func() error, error) {
	lc := net.ListenConfig{Control: func(_, _ string, rc syscall.RawConn) (err error) {
		if e := rc.Control(func(fd uintptr) { err = sys.SocketMode(int(fd), socketMode) }); e != nil {
			return e
		}
		return err
	}}
	ln, err := lc.Listen(context.Background(), "unix", path)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) && stale(path) {
			err = fmt.Errorf("%w: %w", ErrStaleSocket, err)
		}
		return nil, then, err
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false) // it would remove the file of who has replaced ours
	// The directory may change before the file is to be removed.
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	made, err := os.Lstat(path)
	if err == nil && made.Mode().Perm() != socketMode {
		err = os.Chmod(path, socketMode)
	}
	if err != nil {
		_ = os.Remove(path)
		_ = ln.Close()
		return nil, then, err
	}
	return ln, func() error {
		err := removeSame(path, made)
		if then != nil {
			err = errors.Join(err, then())
		}
		return err
	}, nil
}

// removeSame removes a file unless it is gone, or another one by now.
func removeSame(path string, made os.FileInfo) error {
	now, err := os.Lstat(path)
	if err == nil && os.SameFile(now, made) {
		err = os.Remove(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// stale reports whether nobody listens on a socket's file. It asks with a socket of another type, which the kernel refuses for two different reasons; a connection would be a client that
// says nothing, which makes the accept of a Python program fail.
func stale(path string) bool {
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != os.ModeSocket {
		return false
	}
	nc, err := net.Dial("unixgram", path)
	if err == nil {
		_ = nc.Close()
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
