package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// minRemoteKey is how many bytes a key needs where other machines can try keys.
const minRemoteKey = 16

// listenAll listens on all addresses, or on the default one, or on none of them.
func listenAll(addresses []string, key authKey, c connection.Config) (all []*connection.Listener, err error) {
	if len(addresses) == 0 {
		def := defaultAddress()
		if filepath.IsAbs(def) {
			if err := makePrivate(filepath.Dir(def)); err != nil {
				return nil, err
			}
		}
		addresses = []string{def}
	}
	defer func() {
		if err != nil {
			for _, l := range all {
				_ = l.Close()
			}
			all = nil
		}
	}()
	for _, address := range addresses {
		l, err := listen(address, c)
		if err != nil {
			return all, err
		}
		all = append(all, l)
		// The listener knows what a host's name has become.
		if err := checkExposure(l.Addr(), len(key.secret), c.Logger); err != nil {
			return all, err
		}
	}
	return all, nil
}

// checkExposure refuses an address that other machines reach unless the key is long enough to withstand them.
func checkExposure(a net.Addr, keyLen int, log *slog.Logger) error {
	tcp, isTCP := a.(*net.TCPAddr)
	switch {
	case isTCP && !tcp.IP.IsLoopback() && keyLen < minRemoteKey:
		return fmt.Errorf("--address %s: other machines reach it, so the key needs at least %d bytes, and has %d: take a longer one, or listen on 127.0.0.1", a, minRemoteKey, keyLen)
	case isTCP && !tcp.IP.IsLoopback():
		log.Warn("other machines reach this address, and what is sent is not encrypted; who can change packets on the way can control clients. A tunnel (ssh, WireGuard) to 127.0.0.1 is safer", "address", a.String())
	case isTCP && tcp.IP.To4() == nil:
		log.Warn("Python's managers connect by IPv4 only; this address is for clients in Go", "address", a.String())
	}
	if file := !isTCP && a.String()[0] != '@'; !file && keyLen < minRemoteKey {
		log.Warn(fmt.Sprintf("every user of this machine can try keys here, and this one has less than %d bytes", minRemoteKey), "address", a.String())
	}
	return nil
}

// listen listens on one address, in the place of a server that was killed if there was one.
func listen(address string, c connection.Config) (*connection.Listener, error) {
	l, err := connection.Listen(network(address), address, c)
	if errors.Is(err, connection.ErrStaleSocket) {
		l, err = replaceStale(address, c)
	}
	if err != nil {
		return nil, explainListen("--address", address, err)
	}
	return l, nil
}

// network makes 0.0.0.0 what it says; without it, Go listens on all addresses of IPv6 as well.
func network(address string) string {
	if ap, err := netip.ParseAddrPort(address); err == nil && ap.Addr().Is4() {
		return "tcp4"
	}
	return ""
}

// lockPatience is how long another server may take to do what replaceStale does.
const lockPatience = 5 * time.Second

// replaceStale removes the file of a socket on which nobody listens any more. Two servers that are started at once must not do that to each other: the second one, having seen the stale file as
// well, would remove the first one's new file. So all of them lock the folder, and look again.
func replaceStale(path string, c connection.Config) (*connection.Listener, error) {
	unlock, err := sys.LockFolder(filepath.Dir(path), lockPatience)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", connection.ErrStaleSocket, err)
	}
	defer unlock()
	l, err := connection.Listen("", path, c)
	if !errors.Is(err, connection.ErrStaleSocket) {
		return l, err
	}
	c.Logger.Info("a server that was killed has left its socket behind; it is removed", "file", path)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return connection.Listen("", path, c)
}

// explainListen says what to do about an error.
func explainListen(flag, address string, err error) error {
	_, _, notTCP := net.SplitHostPort(address)
	file, info := notTCP != nil || strings.ContainsAny(address, `/\`), os.FileInfo(nil)
	if file {
		info, _ = os.Lstat(address)
	}
	hint := ""
	switch {
	case errors.Is(err, connection.ErrStaleSocket):
		hint = "a server that was killed has left this file behind; if no other is being started: rm " + address
	case errors.Is(err, syscall.EADDRINUSE) && info != nil && info.Mode().Type() != os.ModeSocket:
		hint = "there is a file of this name, and it is no socket"
	case errors.Is(err, syscall.EADDRINUSE) && file:
		hint = "another server listens on it: end that one, or choose another address"
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "another process listens on this port: choose another one, or 0 for any that is free"
	case errors.Is(err, fs.ErrNotExist) && file:
		hint = "make the folder first: mkdir -m 700 " + filepath.Dir(address)
	case errors.Is(err, fs.ErrPermission) && file:
		hint = "this user can make no file in the folder " + filepath.Dir(address)
	case errors.Is(err, fs.ErrPermission):
		hint = "ports below 1024 are for the administrator: choose another one"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = "this machine has no such address"
	case errors.Is(err, syscall.EINVAL) && file:
		hint = "choose a shorter path, or an abstract name such as @manager"
	}
	if hint != "" {
		hint = "; " + hint
	}
	return fmt.Errorf("%s %s: %w%s", flag, address, err, hint)
}
