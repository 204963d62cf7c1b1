package rules

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func documents(t *testing.T) []*file {
	t.Helper()
	var out []*file
	for _, f := range files(t) {
		if path.Ext(f.path) == ".md" {
			out = append(out, f)
		}
	}
	return out
}

// testName matches a function that a document names as its witness, with the directory of its package: `psync.TestLock`, `multiproc.TestResult` for the root.
var testName = regexp.MustCompile("`(?:([a-z][a-z/]*)\\.)?((?:Test|Fuzz|Benchmark|Example)[A-Z]?[A-Za-z0-9_]*)`")

// TestNamedTestsExist: a guarantee that names a test which is gone is no guarantee.
func TestNamedTestsExist(t *testing.T) {
	have := map[string]bool{}
	for _, f := range goFiles(t, true) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.isTest() && fn.Recv == nil {
				dir := f.dir()
				if dir == "." {
					dir = path.Base(module)
				}
				have[fn.Name.Name] = true
				have[dir+"."+fn.Name.Name] = true
			}
		}
	}
	for _, f := range documents(t) {
		for _, m := range testName.FindAllStringSubmatch(string(f.text), -1) {
			name := strings.Trim(m[0], "`")
			if !have[name] && name != "TestMain" && name != "Example" {
				t.Errorf("%s names %s, and no test file has a function of that name", f.path, name)
			}
		}
	}
}

// link matches the target of a markdown link, code what only looks like one: T[int](x).
var (
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// TestLinksLeadSomewhere checks the links between files of the repository; those to the web are left alone.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, f := range documents(t) {
		for _, m := range link.FindAllSubmatch(code.ReplaceAll(f.text, nil), -1) {
			target, _, _ := strings.Cut(string(m[1]), "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, f.dir(), filepath.FromSlash(target))); err != nil {
				t.Errorf("%s links to %s: %v", f.path, m[1], err)
			}
		}
	}
}

// TestReadmeProgramIsTheExample: the program that the README shows is a file that is compiled and run.
func TestReadmeProgramIsTheExample(t *testing.T) {
	example, err := os.ReadFile(filepath.Join(root, "examples", "counter", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, program, found := strings.Cut(string(example), "\npackage main\n")
	if !found {
		t.Fatal("examples/counter/main.go has no package clause")
	}
	for _, f := range documents(t) {
		if f.path == "README.md" {
			if !strings.Contains(string(f.text), "```go\npackage main\n"+program+"```") {
				t.Error("README.md does not show the program of examples/counter/main.go, from its package clause to its end, word for word")
			}
			return
		}
	}
	t.Error("there is no README.md")
}

// private matches places that exist on one person's machine only.
var private = regexp.MustCompile(`(?m)(?:^|[\s"'` + "`" + `(=:,])/(?:work|root|private|Users/[A-Za-z]+|home/[a-z][a-z0-9]*|tmp/spec)/`)

func TestNoPrivatePaths(t *testing.T) {
	for _, f := range files(t) {
		for _, at := range private.FindAllIndex(f.text, -1) {
			line := 1 + strings.Count(string(f.text[:at[1]]), "\n")
			t.Errorf("%s:%d mentions %q, a place on somebody's own machine", f.path, line, strings.TrimSpace(string(f.text[at[0]:at[1]])))
		}
	}
}
