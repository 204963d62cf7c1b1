package multiproc

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEverySentinelTravels: errors.Is finds each of the module's errors in what a worker returns.
func TestEverySentinelTravels(t *testing.T) {
	sentinels, err := os.ReadFile("internal/errs/errs.go")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("remote.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^\t(Err[A-Za-z]+) += errors\.New`).FindAllSubmatch(sentinels, -1)
	if len(names) < 10 {
		t.Fatalf("only %d found", len(names))
	}
	for _, n := range names {
		if !strings.Contains(string(table), "errs."+string(n[1])+"}") {
			t.Errorf("%s is not in wellKnown", n[1])
		}
	}
}
