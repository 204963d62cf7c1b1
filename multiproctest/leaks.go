package multiproctest

import (
	"fmt"
	"runtime"
	"sort"
	"strings"
	"time"
)

// patience is how long what is about to go may take. It only bounds how long a failing test takes.
const patience = 30 * time.Second

// sight is what can be left behind.
type sight struct {
	goroutines int
	fds        map[string]int // what they refer to
	children   map[int]string // pid to name
	names      map[string]bool
	objects    int
	mappings   int
}

// compare waits until no more is there than before, and returns what there still is too much.
func (before sight) compare(patience time.Duration) string {
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		runtime.GC() // handles that were dropped, not closed
		leaks := before.less(look())
		if leaks == "" || time.Now().After(end) {
			return leaks
		}
	}
}

// less names what now has and before had not.
func (before sight) less(now sight) string {
	var leaks []string
	for pid, name := range now.children {
		if _, ok := before.children[pid]; !ok {
			leaks = append(leaks, fmt.Sprintf("child process %d (%s)", pid, name))
		}
	}
	for what, n := range now.fds {
		if more := n - before.fds[what]; more > 0 {
			leaks = append(leaks, fmt.Sprintf("%d descriptors of %s", more, what))
		}
	}
	for name := range now.names {
		if !before.names[name] {
			leaks = append(leaks, "/dev/shm/"+name)
		}
	}
	if more := now.objects - before.objects; more > 0 {
		leaks = append(leaks, fmt.Sprintf("%d shared objects (a handle not closed, whose raw memory was handed out, or a worker that still runs)", more))
	}
	if more := now.mappings - before.mappings; more > 0 {
		leaks = append(leaks, fmt.Sprintf("%d mappings of large shared objects", more))
	}
	// The library keeps one sweeper and a few watches for as long as the process lives.
	if more := now.goroutines - before.goroutines - ownGoroutines; more > 0 {
		leaks = append(leaks, fmt.Sprintf("%d goroutines:\n%s", more, stacks()))
	}
	sort.Strings(leaks)
	return strings.Join(leaks, "; ")
}

// ownGoroutines is how many of the library's goroutines may outlive what started them.
const ownGoroutines = 4

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}
