package connection

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// place is an address that was understood: what package net wants for it.
type place struct {
	network string // unix, tcp, tcp4 or tcp6
	address string // of an abstract socket: with @ in front
}

func (p place) abstract() bool { return p.network == "unix" && strings.HasPrefix(p.address, "@") }

var (
	errPipe = fmt.Errorf("connection: named pipes of Windows are not supported yet; use TCP on localhost: %w", errors.ErrUnsupported)

	errAbstract = fmt.Errorf("connection: abstract sockets (\"@name\") exist on Linux only: %w", errors.ErrUnsupported)
)

// parse finds out what an address is. Without a network it goes by the address's looks, as Python does:
//
//	\\server\pipe\name    named pipe
//	@name, \0name         abstract socket
//	host:port             TCP; the port is a number, the host has no /
//	all else              path of a unix socket; one without a / must have no colon
func parse(network, address string) (place, error) {
	switch network {
	case "":
		switch {
		case strings.HasPrefix(address, `\\`):
			return place{}, errPipe
		case isHostPort(address):
			return place{"tcp", address}, nil
		case strings.Contains(address, ":") && !strings.ContainsAny(address[:1], "@\x00") && !strings.ContainsAny(address, `/\`):
			// A socket of that name in the working directory is hardly what is meant.
			return place{}, fmt.Errorf("connection: %q has a colon, but behind it no port from 0 to 65535; for a unix socket of that name use %q", address, "./"+address)
		}
		return parseUnix(address)
	case "unix":
		return parseUnix(address)
	case "tcp", "tcp4", "tcp6":
		return place{network, address}, nil
	case "pipe":
		return place{}, errPipe
	default:
		return place{}, fmt.Errorf("connection: there is no network %q; there are unix, tcp, tcp4, tcp6, and \"\" for what the address looks like: %w", network, errors.ErrUnsupported)
	}
}

func parseUnix(address string) (place, error) {
	if name, ok := strings.CutPrefix(address, "\x00"); ok {
		address = "@" + name
	}
	p := place{"unix", address}
	switch {
	case p.abstract() && runtime.GOOS != "linux":
		return place{}, errAbstract
	case strings.ContainsRune(address, 0) && !p.abstract():
		return place{}, fmt.Errorf("connection: the path %q has a NUL in it", address)
	case p.abstract() && len(address) > maxAbstract:
		return place{}, fmt.Errorf("connection: the abstract name has %d bytes, at most %d are possible", len(address)-1, maxAbstract-1)
	}
	return p, nil
}

// maxAbstract is what the kernel has for the name of an abstract socket, with its @. Paths are left to the system, whose limit differs.
const maxAbstract = 108

// explain adds to an error of the system what it means for this address.
func (p place) explain(err error) error {
	if p.network == "unix" && !p.abstract() && errors.Is(err, syscall.EINVAL) && len(p.address) > 100 {
		return fmt.Errorf("%w (a path of %d bytes is too long for a unix socket)", err, len(p.address))
	}
	return err
}

func isHostPort(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.ContainsAny(host, `/\`) || strings.HasPrefix(host, "@") || strings.HasPrefix(host, "\x00") {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// arbitrary chooses an address where none was given, as Python does: a socket in a new directory that is nobody else's, or a free port of this machine.
func arbitrary(network string) (p place, cleanup func() error, err error) {
	switch network {
	case "tcp", "tcp4":
		return place{network, "127.0.0.1:0"}, nil, nil
	case "tcp6":
		return place{network, "[::1]:0"}, nil, nil
	case "":
		if runtime.GOOS == "windows" { // where Python has no unix sockets
			return place{"tcp", "127.0.0.1:0"}, nil, nil
		}
	}
	dir, err := os.MkdirTemp("", "multiproc-")
	if err != nil {
		return place{}, nil, fmt.Errorf("connection: a directory for the socket: %w", err)
	}
	return place{"unix", filepath.Join(dir, "socket")}, func() error { return os.Remove(dir) }, nil
}
