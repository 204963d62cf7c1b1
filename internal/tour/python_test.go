package tour

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc"
)

var (
	noPython = func() (python3, error) { return python3{}, errors.New("it is not here") }
	dialIll  = multiproc.Register("test.manager.ask", func(context.Context, place) (sums, error) {
		return sums{Add: 3, Mul: 3}, nil
	})
)

// poorMaths can't multiply.
type poorMaths struct{}

func (poorMaths) Add(a, b int) int { return a + b }
func (poorMaths) Mul(a, b int) int { return a + b }

func newPoorMaths() *poorMaths { return &poorMaths{} }

func TestManagerCanBeWrong(t *testing.T) {
	s, out := run(t, managed{newPoorMaths, askMaths, noPython}.program())
	if s.wrong != 1 || !strings.Contains(out, "WRONG: the Go client") || !strings.Contains(out, "left out: it is not here.") {
		t.Error(out)
	}
	if s, out := run(t, managed{newManaged().make, dialIll, noPython}.program()); s.wrong != 1 {
		t.Error(out)
	}
	if _, err := findPython(); err != nil {
		t.Skip(err)
	}
	if s, out := run(t, managed{newPoorMaths, askMaths, findPython}.program()); s.wrong != 2 || !strings.Contains(out, "WRONG: the Python client") {
		t.Error(out)
	}
}

// TestGuestsCanBeWrong: each check of the program python can fail, and a script that fails is told.
func TestGuestsCanBeWrong(t *testing.T) {
	if s, out := run(t, guests{shareScript, noPython}.program()); s.wrong != 0 || !strings.Contains(out, "Left out: it is not here.") {
		t.Error(out)
	}
	if _, err := findPython(); err != nil {
		t.Skip(err)
	}
	for name, x := range map[string]struct{ old, by, says string }{
		"a number is kept":    {"taken.append((me, n))", "n == 7 or taken.append((me, n))", "WRONG: each number"},
		"a number comes back": {"taken.append((me, n))", "taken.append((me, n or 1))", "WRONG: each number"},
		"a step is left out":  {"counter.value += 1", "counter.value += (me, _) != (1, 2)", "WRONG: the count"},
		"nothing is put":      {"numbers.put('survivor')", "numbers.put('somebody else')", "WRONG: what was put"},
		"nobody is killed":    {"os.kill(waiter.pid, signal.SIGKILL)", "numbers.put(1)", "WRONG: what was put"},
		"it ends early":       {"say(waiter=waiter.pid)", "os.kill(waiter.pid, signal.SIGKILL); sys.exit('had enough')", "had enough"},
		"it says nonsense":    {"say(waiter=waiter.pid)", "print('nonsense', flush=True)", "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(shareScript, x.old) {
				t.Fatal("the script has changed")
			}
			script := strings.Replace(shareScript, x.old, x.by, 1)
			if !strings.Contains(x.says, "count") { // it need not be right there
				script = strings.Replace(script, "STEPS = 4, 200, 50, 40", "STEPS = 4, 200, 1, 1", 1)
			}
			s, out := run(t, guests{script, findPython}.program())
			if s.wrong == 0 || !strings.Contains(out, x.says) {
				t.Errorf("want it to be found wrong with %q:\n%s", x.says, out)
			}
		})
	}
}

// TestPythonIsLeftOut: what is called python3 and is none of use.
func TestPythonIsLeftOut(t *testing.T) {
	for name, x := range map[string]struct{ script, says string }{
		"none":       {"", "there is no python3 in PATH"},
		"broken":     {"echo no such module >&2; exit 1", "no such module"},
		"too old":    {"echo 3.5.9", "Python 3.5.9, and not 3.6 or newer"},
		"not Python": {"echo hello", "not 3.6 or newer"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if x.script != "" {
				if err := os.WriteFile(filepath.Join(dir, "python3"), []byte("#!/bin/sh\n"+x.script+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", dir)
			if p, err := lookForPython(); err == nil || !strings.Contains(err.Error(), x.says) {
				t.Errorf("%v, %v; want %q", p, err, x.says)
			}
		})
	}
}
