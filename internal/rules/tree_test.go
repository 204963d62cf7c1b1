package rules

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// module is the import path of this repository's root package.
const module = "github.com/multiproc-go/multiproc"

// root is the repository, seen from this package's directory, where tests run.
const root = "../.."

// A file is one text file of the repository.
type file struct {
	path string // from the root, with slashes
	text []byte
	ast  *ast.File // of a Go file
	fset *token.FileSet
}

// dir is the directory, "." for the root: the name of a Go file's package in this module.
func (f *file) dir() string  { return path.Dir(f.path) }
func (f *file) base() string { return path.Base(f.path) }
func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }
func (f *file) isGo() bool   { return f.ast != nil }

// lines is how many lines the file has.
func (f *file) lines() int { return bytes.Count(f.text, []byte("\n")) }

// at is a place in the file, for messages.
func (f *file) at(pos token.Pos) string {
	return f.path + ":" + strconv.Itoa(f.fset.Position(pos).Line)
}

// imports are the import paths of a Go file.
func (f *file) imports() []string {
	var out []string
	for _, spec := range f.ast.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		out = append(out, p)
	}
	return out
}

// localName is what the file calls an imported package; "" when it does not import it.
func (f *file) localName(importPath string) string {
	for _, spec := range f.ast.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p == importPath {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return path.Base(importPath)
		}
	}
	return ""
}

// kinds are the files that are text written by people.
var kinds = []string{".go", ".md", ".mod", ".py", ".sh", ".awk", ".yml", ".yaml", ".json", ".txt"}

// tree reads the repository once: all text files of the root module, in the order of their paths.
var tree = sync.OnceValues(func() ([]*file, error) {
	var files []*file
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !d.Type().IsRegular():
			return nil
		case strings.HasPrefix(d.Name(), "bench") && path.Ext(d.Name()) == ".json": // results, see .gitignore
			return nil
		case !slices.Contains(kinds, path.Ext(d.Name())) && path.Dir(rel) != ".ci":
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f := &file{path: rel, text: text, fset: token.NewFileSet()}
		if path.Ext(rel) == ".go" {
			if f.ast, err = parser.ParseFile(f.fset, p, text, parser.ParseComments); err != nil {
				return err
			}
		}
		files = append(files, f)
		return nil
	})
	return files, err
})

func files(t *testing.T) []*file {
	t.Helper()
	fs, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	if len(fs) < 50 {
		t.Fatalf("only %d files were found below %s: the rules look in the wrong place", len(fs), root)
	}
	return fs
}

// goFiles are the Go files, with or without tests.
func goFiles(t *testing.T, tests bool) []*file {
	t.Helper()
	var out []*file
	for _, f := range files(t) {
		if f.isGo() && (tests || !f.isTest()) {
			out = append(out, f)
		}
	}
	return out
}

// packages are the Go files without tests, by directory.
func packages(t *testing.T) map[string][]*file {
	t.Helper()
	out := map[string][]*file{}
	for _, f := range goFiles(t, false) {
		out[f.dir()] = append(out[f.dir()], f)
	}
	return out
}
