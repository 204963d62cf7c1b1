package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
)

// patience is how long a test waits for what must happen.
const patience = 2 * time.Minute

// testKey is the key of servers in tests, which they have from the environment.
const testKey = "a key for tests, of some length"

// withKey puts the key, or none, into the environment of the commands that the test starts.
func withKey(t *testing.T, key string) {
	t.Helper()
	t.Setenv(keyEnv, key)
	if key == "" {
		os.Unsetenv(keyEnv)
	}
}

// serving is a server that runs as a process.
type serving struct {
	t         *testing.T
	cmd       *exec.Cmd
	out       *bufio.Reader
	addresses []string // that it listens on
	stderr    lockedBuffer
	ended     chan struct{}
}

// lockedBuffer can be read while a process writes to it.
type lockedBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// serve starts a server and waits until it listens on n addresses.
func serve(t *testing.T, n int, args ...string) *serving {
	t.Helper()
	s := &serving{t: t, cmd: exec.Command(os.Args[0], append([]string{"serve"}, args...)...), ended: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), asCommand+"=1")
	s.cmd.Stderr = &s.stderr
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out, s.cmd.Stdout = bufio.NewReader(r), w
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	timeout := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	go func() {
		_ = s.cmd.Wait()
		timeout.Stop()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
		r.Close()
	})
	for range n {
		line, err := s.out.ReadString('\n')
		address, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "listening on ")
		if err != nil || !ok {
			<-s.ended
			t.Fatalf("the line %q instead of \"listening on\": %v\n%s", line, err, &s.stderr)
		}
		s.addresses = append(s.addresses, address)
	}
	return s
}

// signal sends a signal, or skips the test where there are none.
func (s *serving) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Skip("no signals can be sent here, as on Windows:", err)
	}
}

// code waits for the end and is the exit code.
func (s *serving) code() int {
	<-s.ended
	return s.cmd.ProcessState.ExitCode()
}

// rest is what else the server prints up to its end.
func (s *serving) rest() string {
	s.t.Helper()
	text, err := io.ReadAll(s.out)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// says waits for a text on standard error.
func (s *serving) says(text string) {
	s.t.Helper()
	for !strings.Contains(s.stderr.String(), text) {
		select {
		case <-s.ended:
			if !strings.Contains(s.stderr.String(), text) {
				s.t.Fatalf("the server ended without %q:\n%s", text, &s.stderr)
			}
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// dial is a client of the server's first address.
func (s *serving) dial(key string) *manager.Client {
	s.t.Helper()
	c, err := manager.Dial(context.Background(), "", s.addresses[0], connection.Config{Key: []byte(key)})
	if err != nil {
		s.t.Fatalf("%v\n%s", err, &s.stderr)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// socket is a path for a unix socket: short enough, which t.TempDir may not be.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// gone checks that the file of a socket was removed.
func gone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", path, err)
	}
}

// httpAddress is what serve says about --http.
var httpAddress = regexp.MustCompile(`http="?(http://[0-9.:]+)`)

// look asks the server over HTTP.
func (s *serving) look(path string) string {
	s.t.Helper()
	s.says("http://")
	r, err := http.Get(httpAddress.FindStringSubmatch(s.stderr.String())[1] + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s, %v\n%s", path, r.Status, err, text)
	}
	return string(text)
}

// waitsIn waits until a client waits in a method.
func (s *serving) waitsIn(method string) {
	s.t.Helper()
	for !strings.Contains(s.look("/debug/clients?waiting=1"), `"`+method+`"`) {
		time.Sleep(5 * time.Millisecond)
	}
}
