package main

import (
	"bufio"
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// pythonServer is a server of CPython's with a type that has one object. It listens on TCP.
const pythonServer = `
import sys, threading
from multiprocessing.managers import SyncManager
try:
    from queue import Queue
except ImportError:
    from Queue import Queue
class M(SyncManager):
    pass
q = Queue()
M.register('get_queue', callable=lambda: q)
s = M(address=('127.0.0.1', 0), authkey=sys.argv[1].encode()).get_server()
sys.stdout.write("%s:%d\n" % s.address)
sys.stdout.flush()
s.serve_forever()
`

// servePython starts the server and returns its address.
func servePython(t *testing.T, p pythons.Python) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := p.Command(ctx, "-c", pythonServer, testKey)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// callCase is a command line and what it is to print.
type callCase struct {
	args           []string
	stdout, stderr string // "" is nothing; a part of it on stderr
	code           int
}

func run1(t *testing.T, tc callCase) {
	t.Helper()
	stdout, stderr, code := command(t, tc.args...)
	if code != tc.code || stdout != tc.stdout || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
		t.Errorf("%q exits with %d\n%s\n%s\nwant %d\n%s\n%s", tc.args, code, stdout, stderr, tc.code, tc.stdout, tc.stderr)
	}
}

// The two commands do the same with a server in Go, with CPython's, and with that of Python 2.
func TestCallAndLs(t *testing.T) {
	withKey(t, testKey)
	servers := map[string]func(t *testing.T) string{
		"Go": func(t *testing.T) string { return serve(t, 1, "--address", "127.0.0.1:0").addresses[0] },
	}
	for _, p := range pythons.Find() {
		if p.Major == 2 || p == newest(t) {
			servers[p.String()] = func(t *testing.T) string { return servePython(t, p) }
		}
	}
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			address := start(t)
			run1(t, callCase{args: []string{"ls", "--timeout", "1m", address}, stdout: "No client holds an object.\n"})
			run1(t, callCase{args: []string{"ls", "--timeout", "1m", "--json", address}, stdout: "[]\n"})
			ctx := context.Background()
			c, err := manager.Dial(ctx, "", address, connection.Config{Key: []byte(testKey)})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			l, err := c.Create(ctx, "list", py.NewList(int64(1), "\x1b[31m\u009b"))
			if err != nil {
				t.Fatal(err)
			}
			id := l.Ident()
			call := func(args ...string) []string { return append([]string{"call", address}, args...) }
			for _, tc := range []callCase{
				{args: call(id, "pop"), stdout: `'\x1b[31m\x9b'` + "\n"},
				{args: call(id, "append", "{'a': 1}")},
				{args: call(id, "append", "hello")},
				{args: call(id, "append", "--", "a=b")},
				{args: call(id[2:], "__getitem__", "-1"), stdout: "'a=b'\n"},
				{args: call(id[:len(id)-1], "#GETVALUE"), stdout: "[1, {'a': 1}, 'hello', 'a=b']\n"},
				{args: append([]string{"call", "--json"}, call(id, "#GETVALUE")[1:]...), stdout: `[1,{"a":1},"hello","a=b"]` + "\n"},
				{args: append([]string{"call", "--json"}, call(id, "reverse")[1:]...), stdout: "null\n"},
				{args: call(id, "__getitem__", "9"), stderr: "multiproc: IndexError: list index out of range\n", code: 1},
				{args: call(id, "nope"), stderr: `the object has no method "nope"`, code: 1},
				{args: call("Nope", "nope"), stderr: "nor one of the server's types", code: 1},
				{args: call("list", "__len__"), stdout: "0\n"},
				{args: call("Queue", "get", "timeout=0.01"), stderr: "Empty", code: 1},
				{args: append([]string{"call", "--timeout", "50ms"}, call("Queue", "get")[1:]...), stderr: "multiproc: no answer within 50ms", code: 1},
			} {
				run1(t, tc)
			}
			if stdout, stderr, code := command(t, "ls", "--timeout", "1m", address); code != 0 || stderr != "" || !strings.Contains(stdout, "IDENT") || !strings.Contains(stdout, id) || !strings.Contains(strings.ReplaceAll(stdout, "u'", "'"), "['a=b', 'hello', {'a': 1}, 1]") { // Python 2's reprs have the u

				t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
			}
			var listed []held
			if stdout, _, _ := command(t, "ls", "--timeout", "1m", "--json", address); json.Unmarshal([]byte(stdout), &listed) != nil {
				t.Errorf("no JSON: %s", stdout)
			}
			// A Queue that was given up may still be there, in CPython's server.
			if i := len(listed); i < 1 {
				t.Errorf("%d objects", i)
			}
			if name != "Go" {
				run1(t, callCase{args: call("get_queue", "put", "('x', 2)")})
				run1(t, callCase{args: call("get_queue", "get"), stdout: "('x', 2)\n"})
			}
			t.Setenv(keyEnv, "another key")
			run1(t, callCase{args: []string{"ls", "--timeout", "1m", address}, stderr: "the keys differ", code: 1})
		})
	}
}

// newest is the newest Python, or none.
func newest(t *testing.T) pythons.Python {
	t.Helper()
	p, _ := pythons.Newest()
	return p
}

func TestCallErrors(t *testing.T) {
	withKey(t, testKey)
	s := serve(t, 1, "--address", socket(t))
	a := s.addresses[0]
	c := s.dial(testKey)
	for range 7 {
		if _, err := c.Create(context.Background(), "dict"); err != nil {
			t.Fatal(err)
		}
	}
	l, err := c.Create(context.Background(), "Lock")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []callCase{
		{args: []string{"call", a, l.Ident()[:3], "x"}, stderr: "8 objects have names that begin or end with", code: 1},
		{args: []string{"call", a, "", "x"}, stderr: "OBJECT is empty", code: 1},
		{args: []string{"call", a, l.Ident()}, stderr: "takes an ADDRESS, an OBJECT and a METHOD", code: 2},
		{args: []string{"call", a, l.Ident(), "acquire", "--json"}, stderr: "flags stand before ADDRESS", code: 2},
		{args: []string{"call", a, l.Ident(), "acquire", "x=1", "2"}, stderr: "behind a keyword argument", code: 2},
		{args: []string{"call", a, l.Ident(), "acquire", "x=1", "x=2"}, stderr: "two arguments of this name", code: 2},
		{args: []string{"call", a, l.Ident(), "acquire", "\xff"}, stderr: "no text in UTF-8", code: 2},
		{args: []string{"call", a, l.Ident(), "#GETVALUE"}, stderr: "its result has no pickle", code: 1},
		{args: []string{"call", "--json", a, "list", "__mul__", "1"}, stdout: "[]\n"},
		{args: []string{"call", "--json", a, "dict", "setdefault", "1", "b'x'"}, stderr: "its result has no JSON: there is no bytes", code: 1},
		{args: []string{"call", a, "Semaphore", "release", "1", "2", "3"}, stderr: "multiproc: TypeError: ", code: 1},
		{args: []string{"ls", a, a}, stderr: "takes one ADDRESS, not 2", code: 2},
		{args: []string{"ls", "/does/not/exist"}, stderr: "no server listens on /does/not/exist", code: 1},
		{args: []string{"ls", "foo"}, stderr: "ADDRESS foo: it has no port", code: 2},
		{args: []string{"call", "localhost", "list", "x"}, stderr: "write localhost:5000 for a port", code: 2},
		{args: []string{"ls", a + ":x"}, stderr: "multiproc: ", code: 1},
		{args: []string{"__complete", "ls", a, ""}, stdout: ":4\n", stderr: "NoFileComp"},
	} {
		run1(t, tc)
	}
	// The names have to come before the user has lost patience (completeTime), which they need not do each time on a busy machine.
	for end := time.Now().Add(patience); ; {
		stdout, _, _ := command(t, "__complete", "call", a, "")
		if strings.Contains(stdout, l.Ident()+"\t<") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the shell is offered\n%s", stdout)
		}
	}
	withKey(t, "")
	run1(t, callCase{args: []string{"ls", "--timeout", "1m", a}, stderr: "the server's key is needed", code: 1})
}

func TestCallArgs(t *testing.T) {
	for _, tc := range []struct {
		args       []string
		positional []any
		named      map[string]any
	}{
		{nil, nil, nil},
		{[]string{"1", "-2.5", "True", "None", "'a'", "a", ""}, []any{int64(1), -2.5, true, nil, "a", "a", ""}, nil},
		{[]string{"[1", "(a)", "=", "=1", "1=1", "a-b=1"}, []any{"[1", "(a)", "=", "=1", "1=1", "a-b=1"}, nil},
		{[]string{"x", "block=False", "a_1='b=c'", "t="}, []any{"x"}, map[string]any{"block": false, "a_1": "b=c", "t": ""}},
		{[]string{"a=1", "--", "b=2", "--"}, []any{"b=2", "--"}, map[string]any{"a": int64(1)}},
		{[]string{"-5", "-"}, []any{int64(-5), "-"}, nil},
	} {
		positional, named, err := callArgs(tc.args)
		if err != nil || !reflect.DeepEqual(positional, tc.positional) || !reflect.DeepEqual(named, tc.named) {
			t.Errorf("%q: %#v, %#v, %v", tc.args, positional, named, err)
		}
	}
}

func TestParseHeld(t *testing.T) {
	text := "  7f1:       refcount=2\n    [1,\n 2]\n  7f2:       refcount=99999999999999999999\n    x\n  7f3:       refcount=1\n    "
	want := []held{{"7f1", 2, "[1,\n 2]"}, {"7f3", 1, ""}}
	if got := parseHeld(text); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if got := parseHeld("something else"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	var b strings.Builder
	if err := writeHeld(&b, want); err != nil || !strings.Contains(b.String(), `7f1    2           [1,\n 2]`) {
		t.Errorf("%v\n%s", err, &b)
	}
}
