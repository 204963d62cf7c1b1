package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers has every package of the module, the lowest first: a package imports packages of lower layers only, so a reader who starts
// at the top never meets a line that depends on what he has not reached yet. ARCHITECTURE.md tells what each is for. A new package is
// entered here, as low as its imports allow.
var layers = [][]string{
	// What knows nothing of processes.
	{"ctype", "internal/debug", "internal/errs", "internal/killpoint", "internal/layout", "internal/loglimit", "internal/pythons", "internal/race", "internal/rules"},
	// System calls.
	{"internal/sys", "internal/spawn"},
	// What speaks with Python. It shares no memory, and nothing below but system calls is used.
	{"py"},
	{"pickle"},
	{"connection", "internal/object", "internal/pickletest", "internal/pickletext", "internal/pyliteral"},
	// The core: who takes part, how one sleeps, the lock, where objects are.
	{"internal/family", "internal/park"},
	{"internal/robust", "internal/testproc"},
	{"internal/arena"},
	// How handles travel.
	{"internal/handle", "internal/lockhook", "internal/control", "internal/await"},
	{"internal/envelope", "internal/ledger", "internal/ring"},
	// What users import.
	{"manager", "psync", "queue"},
	{"shm"},
	{"."},
	{"multiproctest", "manager/monitor"},
	// Programs, and what they are made of.
	{"examples/counter", "examples/wordcount/count", "internal/bench", "internal/bench/starting/empty", "internal/doctor"},
	{"examples/wordcount", "internal/bench/starting", "internal/tour"},
	{"internal/bench/rows", "internal/bench/starting/small"},
	{"cmd/multiproc"},
	// Tests that need all of the above.
	{"internal/chaos", "internal/linear", "internal/siege"},
}

// never are imports that the layers would allow: each of the two is useful, and paid for, without the other.
var never = map[string][]string{
	".": {"psync", "shm"},
}

// core are the packages whose users must not get more modules than coreModules into their programs.
var (
	core        = []string{".", "ctype", "psync", "shm", "queue", "pool", "multiproctest", "py", "pickle", "connection", "manager"}
	coreModules = []string{module, "github.com/fxamacker/cbor/v2", "github.com/x448/float16", "golang.org/x/sys"}
)

func layerOf(pkg string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, pkg) })
}

// local is an import path's name in this module, "" for other modules and the standard library.
func local(importPath string) string {
	if importPath == module {
		return "."
	}
	if p, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return p
	}
	return ""
}

func TestImportsRunDownward(t *testing.T) {
	for pkg, files := range packages(t) {
		rank := layerOf(pkg)
		if rank < 0 {
			t.Errorf("package %s is not in the table of layers: enter it in internal/rules/imports_test.go, as low as its imports allow, and in ARCHITECTURE.md", pkg)
			continue
		}
		for _, f := range files {
			for _, imp := range f.imports() {
				to := local(imp)
				switch {
				case to == "":
				case slices.Contains(never[pkg], to):
					t.Errorf("%s: package %s imports %s; these two are kept apart, so that users of one don't pay for the other", f.path, pkg, to)
				case layerOf(to) >= rank:
					t.Errorf("%s: package %s (layer %d) imports %s (layer %d); imports run downward only. Move what both need into a lower package, or let the upper one fill in a hook (see internal/lockhook)",
						f.path, pkg, rank, to, layerOf(to))
				}
			}
		}
	}
}

// TestLayersExist keeps the table free of packages that are gone. Packages to come may be named in core.
func TestLayersExist(t *testing.T) {
	have := packages(t)
	for _, layer := range layers {
		for _, pkg := range layer {
			if len(have[pkg]) == 0 {
				t.Errorf("the table of layers names %s, which has no Go files", pkg)
			}
		}
	}
}

func TestCoreIsLight(t *testing.T) {
	have := packages(t)
	args := []string{"list", "-deps", "-json=ImportPath,Standard,Module"}
	for _, pkg := range core {
		if len(have[pkg]) > 0 {
			args = append(args, "./"+pkg)
		}
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no go command in PATH")
	}
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Standard   bool
			Module     *struct{ Path string }
		}
		if err := dec.Decode(&p); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Standard || p.Module == nil || slices.Contains(coreModules, p.Module.Path) {
			continue
		}
		t.Errorf("a program that imports the library (%s) would get %s of module %s; only %s may be among the dependencies. `go list -deps` tells who imports it",
			strings.Join(core, ", "), p.ImportPath, p.Module.Path, strings.Join(coreModules[1:], ", "))
	}
}
