package pythons

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// listEnv names the interpreters to take instead of those that are found.
const listEnv = "MULTIPROC_PYTHONS"

// Python is an interpreter.
type Python struct {
	Path                string
	Major, Minor, Micro int
}

// String is "Python 3.12.1".
func (p Python) String() string { return fmt.Sprintf("Python %d.%d.%d", p.Major, p.Minor, p.Micro) }

// AtLeast reports whether the interpreter's version is major.minor or newer.
func (p Python) AtLeast(major, minor int) bool {
	return p.Major > major || p.Major == major && p.Minor >= minor
}

// Protocol is the highest protocol of pickles that the interpreter reads and writes.
func (p Python) Protocol() int {
	switch {
	case p.AtLeast(3, 8):
		return 5
	case p.AtLeast(3, 4):
		return 4
	case p.AtLeast(3, 0):
		return 3
	default:
		return 2
	}
}

func compare(a, b Python) int {
	return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor), cmp.Compare(a.Micro, b.Micro))
}

// Find is the interpreters of this machine, the oldest first. The first call starts each of them once, which takes some 100 ms.
func Find() []Python { return slices.Clone(find()) }

// Newest is the newest of them; ok is false if there is none.
func Newest() (p Python, ok bool) {
	all := find()
	if len(all) == 0 {
		return p, false
	}
	return all[len(all)-1], true
}

// Require is Find for a test, which is skipped if there is no interpreter, and which fails if one that MULTIPROC_PYTHONS names does not work. With -short three do for many: the oldest, the
// newest, and one between them.
func Require(t testing.TB) []Python {
	t.Helper()
	all := Find()
	if list := os.Getenv(listEnv); list != "" {
		for _, path := range filepath.SplitList(list) {
			if _, err := probe(path); path != "" && err != nil {
				t.Fatalf("%s names %s, which does not work: %v", listEnv, path, err)
			}
		}
	}
	if len(all) == 0 {
		t.Skipf("no Python was found, in PATH or of pyenv; %s can name some", listEnv)
	}
	if testing.Short() {
		all = Few(all)
	}
	return all
}

// Few are at most three of these interpreters: the oldest, the newest, and one in the middle.
func Few(all []Python) []Python {
	if n := len(all); n > 3 {
		return []Python{all[0], all[n/2], all[n-1]}
	}
	return all
}

// Runner is an interpreter of the version major.minor or newer, for a test that runs one beside those that it tests: the newest that Find knows, or else the newest of the machine, whatever
// MULTIPROC_PYTHONS names.
func Runner(major, minor int) (p Python, ok bool) {
	if p, ok = Newest(); ok && p.AtLeast(major, minor) {
		return p, true
	}
	if all := search(""); len(all) > 0 && all[len(all)-1].AtLeast(major, minor) {
		return all[len(all)-1], true
	}
	return Python{}, false
}

var find = sync.OnceValue(func() []Python { return search(os.Getenv(listEnv)) })

// search probes the interpreters in a list of paths, or of the machine.
func search(named string) []Python {
	paths := filepath.SplitList(named)
	if named == "" {
		paths = append(ofPyenv(), inPath()...)
	}
	found := make([]Python, len(paths))
	var probed sync.WaitGroup
	for i, path := range paths {
		probed.Go(func() { found[i], _ = probe(path) })
	}
	probed.Wait()
	found = slices.DeleteFunc(found, func(p Python) bool { return p.Path == "" })
	// Of several with the same version the first stays: those of pyenv, which have Python's own tests, come before the system's, which mostly lack them.
	slices.SortStableFunc(found, compare)
	if named != "" {
		return found
	}
	var out []Python
	for _, p := range found {
		n := len(out)
		switch {
		case n == 0 || out[n-1].Major != p.Major || out[n-1].Minor != p.Minor:
			out = append(out, p)
		case compare(out[n-1], p) < 0:
			out[n-1] = p
		}
	}
	return out
}

// executable matches the names of interpreters: python, python3, python3.12, python.exe.
var executable = regexp.MustCompile(`^python([23](\.\d+)?)?(\.exe)?$`)

func inPath() (paths []string) {
	seen := map[string]bool{}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			// pyenv's shims are scripts that look for the interpreters that ofPyenv has found.
			if !executable.MatchString(e.Name()) || filepath.Base(dir) == "shims" {
				continue
			}
			real, err := filepath.EvalSymlinks(path)
			if err != nil || seen[real] {
				continue
			}
			seen[real] = true
			paths = append(paths, path)
		}
	}
	return paths
}

func ofPyenv() (paths []string) {
	root := os.Getenv("PYENV_ROOT")
	if root == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		root = filepath.Join(home, ".pyenv")
	}
	name := filepath.Join("bin", "python")
	if runtime.GOOS == "windows" {
		name = "python.exe"
	}
	paths, _ = filepath.Glob(filepath.Join(root, "versions", "*", name))
	return paths
}

// probed keeps what has been asked: Require asks again for each test.
var probed sync.Map // path to func() (Python, error)

// probe asks an interpreter for its version. Only CPython counts: the others' pickles are their own affair.
func probe(path string) (Python, error) {
	f, _ := probed.LoadOrStore(path, sync.OnceValues(func() (Python, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		p := Python{Path: path}
		out, err := p.Command(ctx, "-c", "import platform, sys; print('%s %d %d %d' % ((platform.python_implementation(),) + tuple(sys.version_info[:3])))").Output()
		if err != nil {
			return Python{}, err
		}
		if _, err := fmt.Sscanf(strings.TrimSpace(string(out)), "CPython %d %d %d", &p.Major, &p.Minor, &p.Micro); err != nil {
			return Python{}, fmt.Errorf("it says %q", out)
		}
		return p, nil
	}))
	return f.(func() (Python, error))()
}
