package doctor

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc"
)

func TestMain(m *testing.M) {
	multiproc.Main()
	os.Exit(m.Run())
}

func TestTrial(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("worker processes need Linux")
	}
	found, err := Trial(t.Context())()
	if err != nil || !strings.Contains(found, "shared number") {
		t.Errorf("%q, %v", found, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := Trial(ctx)(); err == nil {
		t.Errorf("%q from a trial that was given up", found)
	}
}
