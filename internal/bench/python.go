package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// Python is a CPython interpreter that was found to work.
type Python struct {
	Path    string `json:"path"`    // what to execute
	Version string `json:"version"` // "3.12.1"

	version [3]int
}

// Label names the interpreter in the table: "CPython 3.12.1".
func (p *Python) Label() string { return "CPython " + p.Version }

// probe prints what FindPythons needs to know. It imports what the scripts
// import, because distributions strip modules and builds lack semaphores.
const probe = `
import json, os, sys
import multiprocessing, multiprocessing.sharedctypes
multiprocessing.get_context("spawn").Lock()
json.dump({"version": sys.version_info[:3], "name": sys.implementation.name,
           "path": os.path.realpath(sys.executable)}, sys.stdout)
`

// probeTimeout is generous: a cold interpreter on a slow disk takes seconds.
const probeTimeout = time.Minute

var pythonName = regexp.MustCompile(`^python3(\.\d+)?(\.exe)?$`)

// FindPythons returns the working CPython 3 interpreters on PATH, newest
// first, each once, however many names lead to it. None is not an error. It
// starts each candidate once.
func FindPythons(ctx context.Context) []*Python {
	var found []*Python
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !pythonName.MatchString(e.Name()) {
				continue
			}
			// A name on PATH may be a version manager's shim that refuses to
			// run, or a broken link: only what answers counts.
			p, err := ProbePython(ctx, filepath.Join(dir, e.Name()))
			if err != nil || slices.ContainsFunc(found, func(q *Python) bool { return q.Path == p.Path }) {
				continue
			}
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b *Python) int {
		return slices.CompareFunc(b.version[:], a.version[:], cmp.Compare)
	})
	return found
}

// ProbePython starts the interpreter at path, a file or a name on PATH, and
// returns what it says of itself, or why it is of no use.
func ProbePython(ctx context.Context, path string) (*Python, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-c", probe)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			return nil, fmt.Errorf("%s: %w: %s", path, err, exit.Stderr)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var answer struct {
		Version [3]int
		Name    string
		Path    string
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return nil, fmt.Errorf("%s doesn't answer like a Python: %w", path, err)
	}
	if answer.Name != "cpython" {
		return nil, fmt.Errorf("%s is %s; the comparison is with CPython", path, answer.Name)
	}
	v := answer.Version
	if v[0] != 3 || v[1] < 8 {
		return nil, fmt.Errorf("%s is Python %d.%d; 3.8 or newer is needed", path, v[0], v[1])
	}
	return &Python{
		Path: answer.Path, Version: fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]), version: v,
	}, nil
}
