package manager

import (
	"testing"

	"github.com/multiproc-go/multiproc/multiproctest"
)

// TestMain fails the run when the tests leave sockets or goroutines behind.
func TestMain(m *testing.M) { multiproctest.Main(m) }
