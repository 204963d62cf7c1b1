package bench

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// pythons are searched for once: a version manager's shims are slow to refuse.
var pythons = sync.OnceValue(func() []*Python { return FindPythons(context.Background()) })

// anyPython returns the newest interpreter, or skips the test.
func anyPython(t *testing.T) *Python {
	t.Helper()
	found := pythons()
	if len(found) == 0 {
		t.Skip("no python3 on PATH")
	}
	return found[0]
}

func TestFindPythonsOrdersAndDeduplicates(t *testing.T) {
	p := anyPython(t)
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege")
	}
	dir := t.TempDir()
	for _, name := range []string{"python3", "python3.99", "python3-config"} {
		if err := os.Symlink(p.Path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "python3.7"), []byte("#!/bin/sh\necho no such version >&2\nexit 127\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+filepath.Join(dir, "absent"))
	found := FindPythons(t.Context())
	if len(found) != 1 || found[0].Path != p.Path || found[0].Version != p.Version {
		t.Errorf("found %+v, want %s once", found, p.Path)
	}
}

func TestNoPython(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if found := FindPythons(t.Context()); len(found) != 0 {
		t.Errorf("found %+v on an empty PATH", found)
	}
	if _, err := ProbePython(t.Context(), "python3"); err == nil {
		t.Error("no error for a python3 that isn't there")
	}
}

// Every script answers with a cost that can be, twice, and ends when asked to.
func TestScripts(t *testing.T) {
	p := anyPython(t)
	for script, ask := range map[string]map[string]any{
		"lock":    {"form": "with", "n": 100},
		"contend": {"form": "with", "seconds": 0.01},
		"value":   {"n": 100},
		"array":   {"n": 1000},
		"start":   {"n": 1},

		"semaphore": {"kind": "bounded", "form": "with", "n": 100},
		"event":     {"n": 100},
		"condition": {"form": "with", "n": 100},
		"channel":   {"n": 5},
		"queue":     {"item": "dict", "n": 20},
		"pingpong":  {"kind": "simple", "n": 5},

		"pickle":     {"what": "dict", "size": 100, "work": "decode", "n": 5},
		"connection": {"work": "both", "size": 1 << 20, "n": 2},
	} {
		t.Run(script, func(t *testing.T) {
			s, err := p.Start(t.Context(), script)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				sample, err := s.Ask(t.Context(), ask)
				// From a picosecond to a minute: a unit that is wrong is caught, a
				// slow machine is not.
				if err != nil || sample.PerOp < 1e-3 || sample.PerOp > 60e9 {
					t.Errorf("sample %+v, %v", sample, err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
				t.Errorf("the script's folder is still there: %v", err)
			}
		})
	}
}

func TestScriptErrorsNameTheirCause(t *testing.T) {
	p := anyPython(t)
	s, err := p.Start(t.Context(), "lock")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Ask(t.Context(), map[string]any{"form": "sideways", "n": 1}); err == nil || !strings.Contains(err.Error(), "KeyError") {
		t.Errorf("error %v, want Python's KeyError", err)
	}
	// Where two processes work, one that fails doesn't leave the script waiting for the other.
	pair, err := p.Start(t.Context(), "queue")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pair.Ask(t.Context(), map[string]any{"item": "none", "n": 1}); err == nil || !strings.Contains(err.Error(), "KeyError") {
		t.Errorf("error %v, want the KeyError of a child", err)
	}
	// The script was killed for that; its children, which have its output as well, end with it.
	if err := pair.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Start(t.Context(), "absent"); err == nil || !strings.Contains(err.Error(), "absent.py") {
		t.Errorf("error %v, want one that names the script", err)
	}
}
