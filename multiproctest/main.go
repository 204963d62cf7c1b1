package multiproctest

import (
	"fmt"
	"os"
	"testing"

	"github.com/multiproc-go/multiproc"
)

// Main is a whole TestMain: it makes a worker of the process if it is one, runs the tests, and fails the run, after tests that passed, when
// they have left child processes, descriptors, shared objects or files in /dev/shm behind. It does not return.
func Main(m *testing.M) {
	multiproc.Main()
	before := look()
	code := m.Run()
	if code == 0 {
		if leaks := before.compare(patience); leaks != "" {
			fmt.Fprintf(os.Stderr, "multiproctest: the tests passed, but left behind: %s\n", leaks)
			code = 1
		}
	}
	os.Exit(code)
}

// NoLeaks fails the test when, after its end and all later cleanups, it has left behind what it found not there when NoLeaks was called. What is still on its
// way out (a worker that was killed a moment ago) is waited for. Tests that run in parallel see each other's; use it in those that do not.
func NoLeaks(t testing.TB) {
	t.Helper()
	before := look()
	t.Cleanup(func() {
		if leaks := before.compare(patience); leaks != "" {
			t.Errorf("multiproctest: the test left behind: %s", leaks)
		}
	})
}
