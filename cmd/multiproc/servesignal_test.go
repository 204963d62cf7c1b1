package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// A call that waits for another client is given up: the end does not take the grace period.
func TestSignalWhileClientsWait(t *testing.T) {
	withKey(t, testKey)
	path := socket(t)
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		s := serve(t, 1, "--address", path, "--grace", "1h", "--http", "127.0.0.1:0")
		c := s.dial(testKey)
		q, err := c.Create(context.Background(), "Queue")
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan error, 1)
		go func() {
			_, err := q.Call(context.Background(), "get")
			got <- err
		}()
		s.waitsIn("Queue.get")
		s.signal(sig)
		if code := s.code(); code != 0 {
			t.Errorf("exit code %d after %v:\n%s", code, sig, &s.stderr)
		}
		if err := <-got; err == nil {
			t.Error("the call has a result")
		}
		gone(t, path)
	}
}

// stuck makes a call that the server can't finish: its answer is larger than what the kernel keeps, and is not read.
func stuck(t *testing.T, s *serving) {
	t.Helper()
	ctx := context.Background()
	big, err := s.dial(testKey).Create(ctx, "list", py.NewList(py.Bytes(strings.Repeat("x", 32<<20))))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connection.Dial(ctx, "", s.addresses[0], connection.Config{Key: []byte(testKey)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.Send(ctx, py.Tuple{nil, "accept_connection", py.Tuple{"stuck"}, py.NewDict()}); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Recv(ctx); err != nil {
		t.Fatal(err)
	}
	if err := conn.Send(ctx, py.Tuple{big.Ident(), "#GETVALUE", py.Tuple{}, py.NewDict()}); err != nil {
		t.Fatal(err)
	}
	if come, err := conn.Poll(-1); err != nil || !come {
		t.Fatal(come, err)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	withKey(t, testKey)
	path := socket(t)
	s := serve(t, 1, "--address", path, "--grace", "1h")
	stuck(t, s)
	s.signal(syscall.SIGTERM)
	s.says("another signal ends it at once")
	// It listens no more from the first signal on: the second one does not leave it much time.
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Lstat(path); os.IsNotExist(err) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s is still there\n%s", path, &s.stderr)
		}
	}
	s.signal(syscall.SIGTERM)
	if code := s.code(); code != 130 || !strings.Contains(s.stderr.String(), "multiproc: ended at once by a second signal") {
		t.Errorf("exit code %d:\n%s", code, &s.stderr)
	}
	gone(t, path)
}

func TestGraceIsOver(t *testing.T) {
	withKey(t, testKey)
	path := socket(t)
	s := serve(t, 1, "--address", path, "--grace", "2s") // time enough for the file of the socket to go
	stuck(t, s)
	s.signal(syscall.SIGTERM)
	if code := s.code(); code != 1 || !strings.Contains(s.stderr.String(), "multiproc: calls were cut off after the grace period of 2s") {
		t.Errorf("exit code %d:\n%s", code, &s.stderr)
	}
	gone(t, path)
}

// What a killed server leaves behind is replaced, by one of several that are started at once.
func TestServeAfterKill(t *testing.T) {
	withKey(t, testKey)
	path := socket(t)
	first := serve(t, 1, "--address", path)
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.code()
	if _, err := os.Lstat(path); err != nil {
		t.Skip("the system removes the sockets of killed processes:", err)
	}
	if runtime.GOOS != "linux" {
		if _, stderr, code := command(t, "serve", "--address", path); code != 1 || !strings.Contains(stderr, "rm "+path) {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		return
	}
	const starters = 4
	type outcome struct {
		code   int
		stderr string
	}
	lost := make(chan outcome, starters)
	for range starters {
		go func() {
			_, stderr, code := command(t, "serve", "--address", path)
			lost <- outcome{code, stderr}
		}()
	}
	// All but one end by themselves, and the one that is left is reached by the path.
	for range starters - 1 {
		if o := <-lost; o.code != 1 || !strings.Contains(o.stderr, "another server listens on it") {
			t.Errorf("exit code %d: %s", o.code, o.stderr)
		}
	}
	c, err := manager.Dial(context.Background(), "", path, connection.Config{Key: []byte(testKey)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.ShutdownServer(context.Background()); err != nil {
		t.Fatal(err)
	}
	if o := <-lost; o.code != 0 {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
	gone(t, path)
}

// Ctrl-C takes a command out of a call that waits, and the item that comes then is not lost.
func TestInterruptCall(t *testing.T) {
	withKey(t, testKey)
	s := serve(t, 1, "--address", socket(t), "--http", "127.0.0.1:0")
	c := s.dial(testKey)
	ctx := context.Background()
	q, err := c.Create(ctx, "Queue")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "call", s.addresses[0], q.Ident(), "get")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timeout.Stop()
	s.waitsIn("Queue.get")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Skip("no signals can be sent here, as on Windows:", err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || errs.String() != "multiproc: interrupted\n" {
		t.Errorf("exit code %d: %s", code, &errs)
	}
	if _, err := q.Call(ctx, "put", 7); err != nil {
		t.Fatal(err)
	}
	if n, err := manager.As[int](q.Call(ctx, "get", true, 60)); n != 7 || err != nil {
		t.Errorf("the item is %d, %v", n, err)
	}
	if _, err := q.Call(ctx, "get_nowait"); !errors.As(err, new(*py.Exception)) {
		t.Errorf("what is left is %v", err)
	}
}
