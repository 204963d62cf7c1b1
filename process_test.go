//go:build linux

package multiproc

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(leakChecked(m))
}

// watchdog is a context for what takes milliseconds, on a machine that may be busy.
func watchdog(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// slow gives a worker the time that it needs to start on any machine.
var slow = WithStartTimeout(time.Minute)

func mustStart[In, Out any](t testing.TB, f *Func[In, Out], in In, opts ...Option) *Process[Out] {
	t.Helper()
	p, err := f.Start(context.Background(), in, append([]Option{slow}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		p.Wait(context.Background())
	})
	return p
}

func mustWait[Out any](t testing.TB, p *Process[Out]) Out {
	t.Helper()
	out, err := p.Wait(watchdog(t))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var square = Register("square", func(ctx context.Context, x int) (int, error) { return x * x, nil })

func TestResult(t *testing.T) {
	p := mustStart(t, square, 7)
	if got := mustWait(t, p); got != 49 {
		t.Errorf("7 squared is %d", got)
	}
	if got := mustWait(t, p); got != 49 {
		t.Errorf("the second Wait returns %d", got)
	}
	if code, exited := p.ExitCode(); code != 0 || !exited || p.Alive() {
		t.Errorf("exit code %d, exited %v, alive %v", code, exited, p.Alive())
	}
	if !errors.Is(context.Cause(p.Context()), ErrEnded) {
		t.Errorf("cause of the context is %v", context.Cause(p.Context()))
	}
	if !strings.HasPrefix(p.Name(), "square-") || p.PID() == os.Getpid() {
		t.Errorf("name %q, pid %d", p.Name(), p.PID())
	}
	for what, f := range map[string]func() error{"Kill": p.Kill, "Terminate": p.Terminate, "Interrupt": p.Interrupt} {
		if err := f(); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
}
