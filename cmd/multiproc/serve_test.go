package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/manager"
)

// paste reads the block for Python up to a line that begins so, and takes the # away from code in comments.
func paste(t *testing.T, r *bufio.Reader, last string) string {
	t.Helper()
	block := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%v behind\n%s", err, block)
		}
		if strings.HasPrefix(line, " ") {
			t.Errorf("Python would not take %q", line)
		}
		if code := strings.TrimPrefix(line, "# import"); code != line {
			line = "import" + code
		}
		block += line
		if strings.HasPrefix(line, last) {
			return block
		}
	}
}

// useManager is a program that goes on where the pasted lines end. The objects in others need the key of the process.
const useManager = `
l = m.list([m.list([1, 2]), 3])
if len(l) != 2 or l[0][1] != 2 or m.dict(a=1)['a'] != 1:
    raise Exception(repr(l))
print("works")
`

// What is printed works when it is pasted.
func TestPasteWithMadeKey(t *testing.T) {
	withKey(t, "")
	for _, args := range [][]string{{"--address", socket(t)}, {"--address", "127.0.0.1:0"}} {
		s := serve(t, 1, args...)
		block := paste(t, s.out, "# export ")
		for _, p := range pythons.Require(t) {
			if out, err := p.Run(block+useManager, nil); err != nil || strings.TrimSpace(string(out)) != "works" {
				t.Errorf("%v with\n%s%s\n%v", p, block, out, err)
			}
		}
		key := regexp.MustCompile(`(?m)^# export MULTIPROC_AUTHKEY=(.+)$`).FindStringSubmatch(block)
		if key == nil || len(key[1]) < 32 {
			t.Fatalf("there is no key in\n%s", block)
		}
		if _, err := s.dial(key[1]).NumberOfObjects(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// A key that the user has is not shown, and the lines for Python tell where to find it.
func TestPasteWithGivenKey(t *testing.T) {
	withKey(t, testKey)
	file := keyFile(t, testKey+"\n", 0o600)
	for _, args := range [][]string{nil, {"--authkey-file", file}} {
		s := serve(t, 2, append(args, "--address", "127.0.0.1:0", "--address", socket(t))...)
		s.dial(testKey)
		s.says("# import multiprocessing")
		block := paste(t, bufio.NewReader(strings.NewReader(s.stderr.String()[strings.Index(s.stderr.String(), "# To connect"):])), "import multiprocessing")
		if p, ok := pythons.Newest(); ok {
			if out, err := p.Run(block+useManager, nil); err != nil || strings.TrimSpace(string(out)) != "works" {
				t.Errorf("%v with\n%s%s\n%v", p, block, out, err)
			}
		}
		if host, port, err := net.SplitHostPort(s.addresses[0]); err != nil || host != "127.0.0.1" || port == "0" {
			t.Errorf("it listens on %s", s.addresses[0])
		}
		s.signal(syscall.SIGTERM)
		if rest := s.rest(); s.code() != 0 || rest != "" || strings.Contains(s.stderr.String(), testKey) {
			t.Errorf("exit code %d, stdout %q, stderr:\n%s", s.code(), rest, &s.stderr)
		}
		gone(t, s.addresses[1])
	}
}

// keyFile makes a file.
func keyFile(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestServeRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	live := socket(t)
	ln, err := net.Listen("unix", live)
	if err != nil {
		t.Skip("no unix sockets here:", err)
	}
	defer ln.Close()
	unix := runtime.GOOS != "windows"
	for _, tc := range []struct {
		name, key string
		args      []string
		code      int
		want      string
		possible  bool
	}{
		{"short key for all", "fifteen bytes..", []string{"--address", "0.0.0.0:0"}, 1, "the key needs at least 16 bytes, and has 15", true},
		{"short key for a port of all", "fifteen bytes..", []string{"--address", ":0"}, 1, "the key needs at least 16 bytes", true},
		{"second address", "fifteen bytes..", []string{"--address", "127.0.0.1:0", "--address", "[::]:0"}, 1, "--address", true},
		{"port", testKey, []string{"--address", taken.Addr().String()}, 1, "or 0 for any that is free", true},
		{"no port", testKey, []string{"--address", "localhost:99999"}, 1, "no port from 0 to 65535", true},
		{"no such host", testKey, []string{"--address", "256.256.256.256:0"}, 1, "256.256.256.256", true},
		{"empty address", testKey, []string{"--address", ""}, 2, "HOST:PORT, /path.sock or @abstract is expected", true},
		{"bare host", testKey, []string{"--address", "127.0.0.1"}, 2, "write 127.0.0.1:5000 for a port, ./127.0.0.1 for a socket's file", true},
		{"bare name", testKey, []string{"--address", "127.0.0.1:0", "--address", "foo"}, 2, "--address foo: it has no port", true},
		{"folder", testKey, []string{"--address", "/does/not/exist"}, 1, "mkdir -m 700 /does/not", unix},
		{"file", testKey, []string{"--address", os.Args[0]}, 1, "it is no socket", unix},
		{"live", testKey, []string{"--address", live}, 1, "another server listens on it", unix},
		{"long path", testKey, []string{"--address", "/tmp/" + strings.Repeat("x", 120)}, 1, "choose a shorter path", unix},
		{"http", testKey, []string{"--address", "127.0.0.1:0", "--http", "0.0.0.0:0"}, 1, "allow it with --http-remote", true},
		{"http port", testKey, []string{"--address", "127.0.0.1:0", "--http", taken.Addr().String()}, 1, "or 0 for any that is free", true},
		{"http-remote", testKey, []string{"--http-remote"}, 2, "no meaning without --http", true},
		{"grace", testKey, []string{"--grace", "-1s"}, 2, "can't be negative", true},
		{"no duration", testKey, []string{"--grace", "foo"}, 2, "such as 10s", true},
		{"objects", testKey, []string{"--max-objects", "0"}, 2, "at least 1", true},
		{"bytes", testKey, []string{"--max-bytes", "many"}, 2, "such as 100000, 64KiB", true},
		{"md5", testKey, []string{"--allow-md5", "yes"}, 2, "local|always|never", true},
		{"argument", testKey, []string{"x"}, 2, "multiproc: serve takes no arguments", true},
		{"open key file", "", []string{"--authkey-file", keyFile(t, "secret", 0o640)}, 1, "chmod 600", unix},
		{"public key file", "", []string{"--authkey-file", keyFile(t, "secret", 0o604)}, 1, "chmod 600", unix},
		{"empty key file", testKey, []string{"--authkey-file", keyFile(t, "\n", 0o600)}, 1, "is empty", true},
		{"missing key file", testKey, []string{"--authkey-file", "/does/not/exist"}, 1, "base64 > /does/not/exist", true},
		{"large key file", testKey, []string{"--authkey-file", keyFile(t, strings.Repeat("x", 70_000), 0o600)}, 1, "that is no key", true},
	} {
		if !tc.possible {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			withKey(t, tc.key)
			stdout, stderr, code := command(t, append([]string{"serve"}, tc.args...)...)
			if code != tc.code || stdout != "" || !strings.Contains(stderr, tc.want) || strings.Contains(stderr, "secret") {
				t.Errorf("exit code %d, stdout %q, stderr:\n%s", code, stdout, stderr)
			}
		})
	}
	t.Run("empty variable", func(t *testing.T) {
		t.Setenv(keyEnv, "")
		if _, stderr, code := command(t, "serve"); code != 1 || !strings.Contains(stderr, "is set, but empty") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
}

func TestServeEndedByClient(t *testing.T) {
	withKey(t, testKey)
	path := socket(t)
	s := serve(t, 1, "--address", path, "--log-format", "json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := s.dial(testKey).ShutdownServer(context.Background()); err != nil {
		t.Fatal(err)
	}
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	gone(t, path)
	for line := range strings.Lines(s.stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("with --log-format json it says %q", line)
		}
	}

	s = serve(t, 1, "--address", path, "--keep-running")
	var remote *manager.RemoteError
	if err := s.dial(testKey).ShutdownServer(context.Background()); !errors.As(err, &remote) {
		t.Errorf("with --keep-running a client gets %v", err)
	}
	if _, err := s.dial(testKey).NumberOfObjects(context.Background()); err != nil {
		t.Error(err)
	}
}
