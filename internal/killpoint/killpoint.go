// Package killpoint lets a test kill a process at a named line of this library.
//
// The points stand in slow paths only (an uncontended Lock passes none), so they are always compiled in and a
// disarmed one costs a load and a branch.
package killpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Env arms a point from a process's start: "name" or "name:n" for the n-th pass.
const Env = "MULTIPROC_KILLPOINT"

var (
	armed atomic.Bool
	mu    sync.Mutex
	name  string
	left  int
	seen  map[string]int // passes while recording; nil when not
	calls map[string]func()
)

func init() {
	spec, ok := os.LookupEnv(Env)
	if !ok {
		return
	}
	point, count, found := strings.Cut(spec, ":")
	n := 1
	if found {
		if v, err := strconv.Atoi(count); err == nil {
			n = v
		}
	}
	Arm(point, n)
}

// Arm kills this process with SIGKILL at its n-th pass of the point (1 is the next one).
func Arm(point string, n int) {
	mu.Lock()
	defer mu.Unlock()
	name, left = point, n
	armed.Store(true)
}

// Record counts the passes of every point from now on, so that a test can tell which points a piece of work meets.
func Record() {
	mu.Lock()
	defer mu.Unlock()
	seen = map[string]int{}
	armed.Store(true)
}

// Recorded returns the passes since Record and stops recording.
func Recorded() map[string]int {
	mu.Lock()
	defer mu.Unlock()
	out := seen
	seen = nil
	armed.Store(name != "" || len(calls) > 0)
	return out
}

// Call makes every pass of the point call f, until it is called with nil.
func Call(point string, f func()) {
	mu.Lock()
	defer mu.Unlock()
	if calls == nil {
		calls = map[string]func(){}
	}
	if calls[point] = f; f == nil {
		delete(calls, point)
	}
	armed.Store(name != "" || seen != nil || len(calls) > 0)
}

// Here is a named point.
func Here(point string) {
	if armed.Load() {
		pass(point)
	}
}

func pass(point string) {
	mu.Lock()
	if seen != nil {
		seen[point]++
	}
	call := calls[point]
	if point != name {
		mu.Unlock()
		if call != nil {
			call()
		}
		return
	}
	left--
	due := left <= 0
	mu.Unlock()
	if due {
		die()
	}
}

// die never returns: SIGKILL is delivered before the call is over, and the loop covers the other threads' view of it.
func die() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		_ = p.Kill()
	}
	select {}
}
