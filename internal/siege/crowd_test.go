//go:build linux

package siege

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
)

// crowdEnv makes the test binary a process that makes connections, and keeps them until it is killed: "number address". A process has few more descriptors than 10,000, so that the two ends are
// two processes.
const crowdEnv = "MULTIPROC_SIEGE_CROWD"

// beCrowd is what that process does. It does not return.
func beCrowd(order string) {
	var n int
	var address string
	if _, err := fmt.Sscan(order, &n, &address); err != nil {
		fmt.Println("order:", err)
		os.Exit(1)
	}
	todo := make(chan int, n)
	for i := range n {
		todo <- i
	}
	close(todo)
	var mu sync.Mutex
	var all []*connection.Conn
	var failed error
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for i := range todo {
				conn, err := connection.Dial(context.Background(), "unix", address, keyed)
				if err == nil {
					_, err = ask(conn, request(nil, "accept_connection", fmt.Sprint("crowd-", i)))
				}
				mu.Lock()
				if err != nil {
					failed = err
				}
				all = append(all, conn)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if failed != nil {
		fmt.Println("failed:", failed)
		os.Exit(1)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends, in whatever way
	for _, conn := range all {
		_ = conn.Close()
	}
	os.Exit(0)
}

// spareFDs are for everything but the crowd.
const spareFDs = 500

// TestCrowd: thousands of connections at once, all of them idle clients, which then vanish together.
func TestCrowd(t *testing.T) {
	n := *crowd
	if testing.Short() {
		n /= 10
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if most := int(limit.Max) - spareFDs; n > most { // Go has raised the soft limit to the hard one
		t.Logf("%d connections instead of %d: a process here may have %d descriptors", most, n, limit.Max)
		n = most
	}
	s := build(t, townConfig)
	s.assault(t, func(h *honest) {
		before := s.figures()
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", crowdEnv, n, s.address))
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || strings.TrimSpace(line) != "ready" {
			t.Errorf("the crowd says %q, %v", line, err)
		}
		eventually(t, fmt.Sprintf("there are %d connections", n+1), func() bool { return s.crowd() == n+1 })
		full := s.figures()
		h.goesOn(t)
		if _, err := h.server("dummy"); err != nil {
			t.Errorf("a newcomer: %v", err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait()
		eventually(t, "the crowd is gone", func() bool { return s.crowd() == 1 })
		t.Logf("%d connections: %d bytes of heap each, and %.2f goroutines", n, (full.heap-before.heap)/int64(n), float64(full.goroutines-before.goroutines)/float64(n))
	})
}
