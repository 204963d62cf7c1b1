//go:build linux

package multiproc

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
)

// leakChecked runs the tests and fails if they leave descriptors, goroutines or child processes.
func leakChecked(m *testing.M) int {
	family.Home() // what lives as long as the process
	before := descriptors()
	code := m.Run()
	if code != 0 {
		return code
	}
	var leaks []string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if leaks = leaked(before); len(leaks) == 0 {
			return 0
		}
	}
	fmt.Fprintf(os.Stderr, "leaked:\n\t%s\n", strings.Join(leaks, "\n\t"))
	return 1
}

func leaked(before map[string]string) (leaks []string) {
	for fd, target := range descriptors() {
		if before[fd] != target && !strings.HasPrefix(target, "anon_inode:[event") {
			leaks = append(leaks, "descriptor "+fd+" "+target)
		}
	}
	threads, _ := filepath.Glob("/proc/self/task/*/children") // each lists the children that it has started
	for _, thread := range threads {
		kids, _ := os.ReadFile(thread)
		for _, kid := range strings.Fields(string(kids)) {
			leaks = append(leaks, "process "+kid)
		}
	}
	buf := make([]byte, 1<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "multiproc.(*process)") || strings.Contains(g, "multiproc.(*output)") {
			leaks = append(leaks, g)
		}
	}
	return leaks
}

func descriptors() map[string]string {
	fds := map[string]string{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && !strings.HasPrefix(target, "/proc/") {
			fds[e.Name()] = target
		}
	}
	return fds
}
