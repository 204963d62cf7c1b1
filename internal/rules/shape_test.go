package rules

import (
	"go/ast"
	"path"
	"strings"
	"testing"
)

const (
	// maxLines is where a file has become more than one concept. Most have 80 to 350 lines.
	maxLines = 450
	// maxReadme is what a newcomer reads before he tries something.
	maxReadme = 200
	// smallPackage: a package of so few files may have its documentation in the one named for it, or in its only file.
	smallPackage = 3
)

func TestFilesAreShort(t *testing.T) {
	for _, f := range files(t) {
		if f.isGo() && f.lines() > maxLines {
			t.Errorf("%s has %d lines, more than %d: it is more than one concept, so split it by concepts", f.path, f.lines(), maxLines)
		}
		if f.path == "README.md" && f.lines() >= maxReadme {
			t.Errorf("README.md has %d lines, not below %d: move what a newcomer can do without to docs/", f.lines(), maxReadme)
		}
	}
}

// TestPackagesAreDocumented: the essay on a package is in doc.go, where everybody looks for it.
func TestPackagesAreDocumented(t *testing.T) {
	for pkg, files := range packages(t) {
		var where *file
		for _, f := range files {
			if f.ast.Doc == nil || strings.TrimSpace(f.ast.Doc.Text()) == "" {
				continue
			}
			if where != nil {
				t.Errorf("package %s is documented in %s and in %s: go doc would join the two", pkg, where.base(), f.base())
			}
			where = f
		}
		name := files[0].ast.Name.Name
		switch {
		case where == nil:
			t.Errorf("package %s has no documentation: write doc.go", pkg)
		case name == "main":
			if !strings.HasPrefix(where.ast.Doc.Text(), "Command ") {
				t.Errorf("%s: the comment of a command begins with \"Command %s\"", where.path, path.Base(pkg))
			}
		default:
			named := where.base() == path.Base(pkg)+".go" && len(files) <= smallPackage
			if where.base() != "doc.go" && !named {
				t.Errorf("package %s is documented in %s: move it to doc.go", pkg, where.base())
			}
			if !strings.HasPrefix(where.ast.Doc.Text(), "Package "+name+" ") {
				t.Errorf("%s: the comment begins with \"Package %s\"", where.path, name)
			}
		}
	}
}

// TestPublicPackagesHaveExamples: the first thing to copy is a function that the tests run.
func TestPublicPackagesHaveExamples(t *testing.T) {
	examples := map[string]bool{}
	for _, f := range goFiles(t, true) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.isTest() && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Example") {
				examples[f.dir()] = true
			}
		}
	}
	for pkg, files := range packages(t) {
		if isPublic(pkg, files) && !examples[pkg] {
			t.Errorf("package %s has no Example function: add example_test.go with the smallest useful program", pkg)
		}
	}
}

func isPublic(pkg string, files []*file) bool {
	return files[0].ast.Name.Name != "main" && !strings.HasPrefix(pkg, "internal/") && !strings.HasPrefix(pkg, "examples/")
}

// TestPackagesAreInTheArchitecture: ARCHITECTURE.md names every package.
func TestPackagesAreInTheArchitecture(t *testing.T) {
	text := ""
	for _, f := range files(t) {
		if f.path == "ARCHITECTURE.md" {
			text = string(f.text)
		}
	}
	for pkg := range packages(t) {
		if pkg != "." && !strings.Contains(text, "`"+pkg+"`") {
			t.Errorf("ARCHITECTURE.md does not say what package `%s` is for", pkg)
		}
	}
}
