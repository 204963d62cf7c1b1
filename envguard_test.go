//go:build linux

package multiproc

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
)

// TestWorkerVariableIsGuarded: a program that is started with the variable that makes workers, not by Start, neither takes itself for a worker
// nor for a root, which would start workers in its turn.
func TestWorkerVariableIsGuarded(t *testing.T) {
	if _, err := guarded.Start(t.Context(), 2, WithEnv("MULTIPROC_WORKER=x")); err == nil || !strings.Contains(err.Error(), "WithEnv") {
		t.Errorf("WithEnv: %v", err)
	}
	for _, v := range []string{"x", "1 3 4 -5", "9 3 4 5", "1 3 4 131073 "} {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), "MULTIPROC_WORKER="+v)
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "unset it") {
			t.Errorf("%q: %v, %s", v, err, out)
		}
	}
}

var guarded = Register("guarded", func(_ context.Context, x int) (int, error) { return x * x, nil })

var deep = Register("deep", func(_ context.Context, x int) (int, error) {
	debug.SetMaxStack(1 << 20)
	var descend func(n int) int
	descend = func(n int) int {
		var pad [64]int
		pad[n%64] = n
		return descend(n+1) + pad[(n+1)%64]
	}
	return descend(x), nil
})

// TestFatalErrorIsNamed: the dump of a fatal error is longer than what is kept of standard error, and the runtime writes its reason in pieces, before the rest.
func TestFatalErrorIsNamed(t *testing.T) {
	p, err := deep.Start(t.Context(), 1, slow, WithStderr(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Wait(t.Context())
	var crash *PanicError
	if !errors.As(err, &crash) || crash.Value != "fatal error: stack overflow" {
		t.Errorf("%v", err)
	}
}
