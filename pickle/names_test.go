package pickle

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// compatPickle prints the tables of a Python 3: which one, then module and name before and after.
const compatPickle = `
import _compat_pickle as c
for k, v in c.IMPORT_MAPPING.items(): print("in", k, "-", v, "-")
for k, v in c.NAME_MAPPING.items(): print("in", *(k + v))
for k, v in c.REVERSE_IMPORT_MAPPING.items(): print("out", k, "-", v, "-")
for k, v in c.REVERSE_NAME_MAPPING.items(): print("out", *(k + v))
`

// TestNamesArePythons compares the tables with those of each Python 3, both ways: each of its entries is here, and here is none that no version has.
func TestNamesArePythons(t *testing.T) {
	to3, to2 := nameTables()
	known := map[string]bool{}
	asked := false
	for _, p := range pythons.Require(t) {
		if p.Major < 3 {
			continue
		}
		asked = true
		out, err := p.Run(compatPickle, nil)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
			f := strings.Fields(lines.Text())
			known[strings.Join(f[:3], " ")] = true
			table := to3
			if f[0] == "out" {
				table = to2
			}
			if f[2] == "-" {
				if got := table.modules[f[1]]; got != f[3] {
					t.Errorf("%v, %s: module %s is %s, here %q", p, f[0], f[1], f[3], got)
				}
			} else if got := table.globals[py.Global{Module: f[1], Name: f[2]}]; got.Module != f[3] || got.Name != f[4] {
				t.Errorf("%v, %s: %s.%s is %s.%s, here %v", p, f[0], f[1], f[2], f[3], f[4], got)
			}
		}
	}
	if !asked {
		t.Skip("there is no Python 3")
	}
	for _, d := range []struct {
		name  string
		table *nameTable
	}{{"in", to3}, {"out", to2}} {
		for m := range d.table.modules {
			// Removed in 3.13; asking only that one must not fail.
			if !known[d.name+" "+m+" -"] && m != "Tix" && m != "tkinter.tix" {
				t.Errorf("%s: no Python renames module %s", d.name, m)
			}
		}
		for g := range d.table.globals {
			if !known[d.name+" "+g.Module+" "+g.Name] {
				t.Errorf("%s: no Python moves %s.%s", d.name, g.Module, g.Name)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ old, new string }{
		{"__builtin__.xrange", "builtins.range"},
		{"__builtin__.set", "builtins.set"},
		{"exceptions.KeyError", "builtins.KeyError"},
		{"copy_reg._reconstructor", "copyreg._reconstructor"},
		{"Queue.Empty", "queue.Empty"},
		{"thread.error", "_thread.error"},
		{"multiprocessing.TimeoutError", "multiprocessing.context.TimeoutError"},
		{"multiprocessing.managers.RebuildProxy", "multiprocessing.managers.RebuildProxy"},
		{"collections.OrderedDict", "collections.OrderedDict"},
		{"datetime.datetime", "datetime.datetime"},
	} {
		old, new := parseGlobal(c.old), parseGlobal(c.new)
		if m, n := name2to3(old.Module, old.Name); m != new.Module || n != new.Name {
			t.Errorf("%s is %s.%s in Python 3, not %s", c.old, m, n, c.new)
		}
		if m, n := name3to2(new.Module, new.Name); m != old.Module || n != old.Name {
			t.Errorf("%s is %s.%s in Python 2, not %s", c.new, m, n, c.old)
		}
	}
}
