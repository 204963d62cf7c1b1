package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/py"
)

// listeningLines are what a program that has started this one waits for: a line for each address.
func listeningLines(all []*connection.Listener) string {
	var b strings.Builder
	for _, l := range all {
		fmt.Fprintf(&b, "listening on %s\n", l.Addr())
	}
	return b.String()
}

// forPython is what to paste into Python to connect: three lines, and comments, none of them indented, since Python would not take that. It is empty if no address is one for Python.
func forPython(all []*connection.Listener, key authKey) string {
	address, comment := "", ""
	for _, l := range all {
		if address, comment = pythonAddress(l.Addr()); address != "" {
			break
		}
	}
	if address == "" {
		return ""
	}
	secret, needsOS := key.python()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# To connect from Python:")
	if needsOS {
		line("import os")
	}
	line("from multiprocessing.managers import SyncManager")
	line("m = SyncManager(address=%s, authkey=%s)", address, secret)
	line("m.connect()")
	if comment != "" {
		line("# %s", comment)
	}
	line("# Before shared objects are put into others, as in m.list([m.dict()]), or given to a Pool, in each process:")
	line("# import multiprocessing; multiprocessing.current_process().authkey = %s", secret)
	if key.made {
		line("# For `multiproc ls` and `multiproc call`:")
		line("# export %s=%s", keyEnv, key.secret)
	}
	return b.String()
}

// pythonAddress is an address as Python writes it; "" if it can't connect to it.
func pythonAddress(a net.Addr) (text, comment string) {
	tcp, ok := a.(*net.TCPAddr)
	switch {
	case ok && tcp.IP.IsUnspecified():
		return pyTuple("127.0.0.1", tcp.Port), "On another machine, write this one's name in the place of 127.0.0.1."
	case ok && tcp.IP.To4() == nil:
		return "", ""
	case ok:
		return pyTuple(tcp.IP.String(), tcp.Port), ""
	}
	var v py.Value
	if name, ok := strings.CutPrefix(a.String(), "@"); ok {
		if v = "\x00" + name; !utf8.ValidString(name) {
			v = py.Bytes("\x00" + name) // which Python takes from 3.9 on
		}
	} else if path, err := filepath.Abs(a.String()); err == nil { // Python may run elsewhere
		v = path
	}
	text, err := py.Repr(v)
	if err != nil {
		return "", ""
	}
	return text, ""
}

func pyTuple(host string, port int) string { return "('" + host + "', " + strconv.Itoa(port) + ")" }
