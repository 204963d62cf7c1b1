//go:build linux

package queue_test

import (
	"os"
	"testing"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/multiproctest"
)

// TestMain: the binary runs the tests, or is a child of package testproc, or a worker that an example has started.
func TestMain(m *testing.M) {
	if os.Getenv("MULTIPROC_TESTPROC") != "" {
		testproc.Main(m)
	}
	multiproctest.Main(m)
}
