package connection_test

import (
	"os"
	"testing"

	"github.com/multiproc-go/multiproc/multiproctest"
)

// TestMain fails the run when the tests leave sockets or goroutines behind.
func TestMain(m *testing.M) {
	if os.Getenv(fipsEnv) != "" {
		os.Exit(m.Run())
	}
	multiproctest.Main(m)
}
