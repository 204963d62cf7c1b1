package rules

import (
	"go/ast"
	"go/build/constraint"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unsafeName matches the files that may import unsafe: layout_unsafe.go, futex_unsafe_linux.go.
var unsafeName = regexp.MustCompile(`_unsafe(_[a-z0-9]+)*\.go$`)

// TestUnsafeIsNamed: who looks for what can corrupt memory finds it by the names of the files. Tests are free.
func TestUnsafeIsNamed(t *testing.T) {
	for _, f := range goFiles(t, false) {
		has := slices.Contains(f.imports(), "unsafe")
		switch named := unsafeName.MatchString(f.path); {
		case has && !named:
			t.Errorf("%s imports unsafe: move the lines that need it into a file named *_unsafe.go, as an accessor with a safe type, and write there why it is right", f.path)
		case named && !has:
			t.Errorf("%s is named for unsafe and does not import it: rename it", f.path)
		}
		if strings.Contains(string(f.text), "\n//go:link"+"name ") {
			t.Errorf("%s links to a name of another package, which any release of Go may take away", f.path)
		}
	}
}

// Packages whose functions enter the kernel, and the names that only look like calls: conversions.
var systemPackages = map[string][]string{
	"golang.org/x/sys/unix": {"Signal", "Errno"},
	"syscall":               {"Signal", "Errno"},
}

// TestSystemCallsAreConfined: raw system calls are in *_linux.go files of internal packages, with Go types around them; everything else is portable and can be read
// without the manual of the kernel. Constants and types may be used where the file's platform has them. Tests are free.
func TestSystemCallsAreConfined(t *testing.T) {
	for _, f := range goFiles(t, false) {
		linux := strings.HasSuffix(f.path, "_linux.go")
		if !linux && f.localName("golang.org/x/sys/unix") != "" {
			t.Errorf("%s imports golang.org/x/sys/unix: move what needs it into a *_linux.go file with an other.go or *_other.go (//go:build !linux) beside it", f.path)
		}
		if linux && strings.HasPrefix(f.path, "internal/") {
			continue
		}
		for imp, conversions := range systemPackages {
			name := f.localName(imp)
			if name == "" {
				continue
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == name && !slices.Contains(conversions, sel.Sel.Name) {
					t.Errorf("%s: %s.%s is a system call: call it from a *_linux.go file of a small internal package (internal/sys, internal/spawn)", f.at(call.Pos()), name, sel.Sel.Name)
				}
				return true
			})
		}
	}
}

// testHelpers are packages that only tests import, some of them on Linux only. They have to compile everywhere, which the cross-builds show, and need no stand-ins.
var testHelpers = []string{"internal/testproc"}

// TestPlatformsHaveStandIns: a package with *_linux.go files has a file for everything else, so that it compiles there and returns errors.ErrUnsupported.
func TestPlatformsHaveStandIns(t *testing.T) {
	for pkg, files := range packages(t) {
		linux, other := "", false
		for _, f := range files {
			if strings.HasSuffix(f.path, "_linux.go") {
				linux = f.path
			}
			if f.base() == "other.go" || strings.HasSuffix(f.path, "_other.go") {
				if !elsewhere(f) {
					t.Errorf("%s should begin with //go:build !linux, or have another name", f.path)
				}
				other = true
			}
		}
		if linux != "" && !other && !slices.Contains(testHelpers, pkg) {
			t.Errorf("package %s has %s and neither other.go nor *_other.go for the other platforms", pkg, linux)
		}
	}
}

// elsewhere reports whether a file is built where GOOS is not linux, and only there.
func elsewhere(f *file) bool {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) || c.Pos() > f.ast.Package {
				continue
			}
			expr, err := constraint.Parse(c.Text)
			return err == nil && !expr.Eval(func(tag string) bool { return tag == "linux" }) &&
				expr.Eval(func(tag string) bool { return tag == "darwin" || tag == "unix" })
		}
	}
	return false
}
