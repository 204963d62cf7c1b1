package manager

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/hex"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
)

//go:embed testdata/cpython_server.py
var cpythonServer string

// cpython is a process with CPython's own server.
type cpython struct {
	address string
	cmd     *exec.Cmd
	ended   chan struct{}
}

// kill kills the process, and waits for its end.
func (p *cpython) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// startCPython starts a server, which ends with the test.
func startCPython(t testing.TB, p pythons.Python, place string) *cpython {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &cpython{cmd: p.Command(ctx, "-c", cpythonServer, place, hex.EncodeToString(key)), ended: make(chan struct{})}
	var stderr strings.Builder
	s.cmd.Stderr = &stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	watchdog := time.AfterFunc(patience, cancel)
	line, err := lines.ReadString('\n')
	watchdog.Stop()
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = in.Close()
		cancel()
		<-s.ended
	})
	if err != nil {
		s.kill()
		t.Fatalf("%v does not start: %v\n%s", p, err, stderr.String())
	}
	s.address = strings.TrimSpace(line)
	return s
}

// dialed is a Client, which is closed when the test ends.
func dialed(t testing.TB, address string) *Client {
	t.Helper()
	return dialedWith(t, address, keyed)
}

func dialedWith(t testing.TB, address string, config connection.Config) *Client {
	t.Helper()
	c, err := Dial(testContext(t), "", address, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// testContext ends after the time that a test waits for what must happen.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// forServers runs a test with our own server and with those of all Pythons, over both kinds of sockets.
func forServers(t *testing.T, f func(t *testing.T, address string, python *pythons.Python)) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run("Go/"+network, func(t *testing.T) {
			_, address := startedAt(t, Config{}, network, place(t, network))
			f(t, address, nil)
		})
	}
	for _, p := range pythons.Require(t) {
		for network, place := range map[string]string{"unix": t.TempDir() + "/s", "tcp": "0"} {
			t.Run(p.String()+"/"+network, func(t *testing.T) {
				t.Parallel()
				f(t, startCPython(t, p, place).address, &p)
			})
		}
	}
}
