package bench

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The scripts are files of their own, not strings, so that a Python reader can
// judge whether they do the work the way Python does it best. Their names begin
// with bench_ because an array.py beside them would hide Python's own module.
//
//go:embed py/*.py
var scripts embed.FS

// Start runs one of the scripts below py ("lock" is py/bench_lock.py) as a helper.
//
// The scripts are written to a temporary folder, because a spawned Python
// child imports its parent's main module by its file; Close removes it.
func (p *Python) Start(ctx context.Context, script string) (*Script, error) {
	dir, err := os.MkdirTemp("", "multiproc-bench-")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, scripts); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	// -E and PYTHONPATH aside: what the user has set may slow Python down or
	// change what is measured. -B: the folder is thrown away.
	cmd := exec.Command(p.Path, "-E", "-B", filepath.Join(dir, "py", "bench_"+script+".py"))
	h, err := StartHelper(ctx, fmt.Sprintf("%s's %s.py", p.Label(), script), cmd)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &Script{Helper: h, dir: dir}, nil
}

// Script is a helper that runs one of the embedded Python scripts.
type Script struct {
	*Helper
	dir string
}

// Close ends the script and removes its folder.
func (s *Script) Close() error {
	err := s.Helper.Close()
	if e := os.RemoveAll(s.dir); err == nil {
		err = e
	}
	return err
}

// Scripts are the scripts of one row, one for each interpreter of an Env.
type Scripts []*Script

// StartAll starts the script once for each interpreter the env has.
func (env *Env) StartAll(ctx context.Context, script string) (Scripts, error) {
	var all Scripts
	for _, p := range env.Pythons {
		s, err := p.Start(ctx, script)
		if err != nil {
			all.Close()
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Close closes all of them and returns the first error.
func (all Scripts) Close() error {
	var first error
	for _, s := range all {
		if err := s.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// PythonCases returns a case for each script of all, which was started by
// StartAll: its key is key, its label names the interpreter and what it does.
func (env *Env) PythonCases(all Scripts, key, what string, request any) []Case {
	var cases []Case
	for i, s := range all {
		cases = append(cases, Case{
			Key: key, Label: env.Pythons[i].Label() + " " + what, Round: s.Round(request),
		})
	}
	return cases
}
