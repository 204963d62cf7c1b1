package manager

import (
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// TestTable compares the table with a model: counts of clients, and Refs that are held.
func TestTable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tab := newTable(1 << 20)
		counts := map[string]int{}
		refs := map[string]*object.Node{}
		var idents []string
		pick := func() string { return rapid.SampledFrom(idents).Draw(rt, "ident") }
		held := func() (n int) {
			for _, c := range counts {
				if c > 0 {
					n++
				}
			}
			return n
		}
		// An object that nobody holds any more is gone at once if there has never been a Ref to it, and otherwise whenever the collector says so.
		referred := map[string]bool{}
		rt.Repeat(map[string]func(*rapid.T){
			"add": func(rt *rapid.T) {
				ident, err := tab.add(&box{}, false, settled)
				if err != nil || counts[ident] != 0 || referred[ident] {
					rt.Fatal("an ident was used again:", ident, err)
				}
				idents = append(idents, ident)
				counts[ident] = 1
			},
			"incref": func(rt *rapid.T) {
				if len(idents) == 0 {
					return
				}
				ident := pick()
				ok := tab.incref(ident)
				if must := counts[ident] > 0 || refs[ident] != nil; must && !ok {
					rt.Fatal("it is gone")
				} else if !must && ok && !referred[ident] {
					rt.Fatal("it should be gone")
				}
				if ok {
					counts[ident]++
				}
			},
			"decref": func(rt *rapid.T) {
				if len(idents) == 0 {
					return
				}
				ident := pick()
				ok := tab.decref(ident)
				if must := counts[ident] > 0 || refs[ident] != nil; must && !ok {
					rt.Fatal("it is gone")
				}
				counts[ident] = max(counts[ident]-1, 0)
			},
			"refer": func(rt *rapid.T) {
				if len(idents) == 0 {
					return
				}
				ident := pick()
				node := tab.refer(ident)
				if must := counts[ident] > 0 || refs[ident] != nil; must && node == nil {
					rt.Fatal("it is gone")
				}
				if node != nil {
					refs[ident], referred[ident] = node, true
				}
			},
			"unrefer": func(rt *rapid.T) {
				if len(idents) > 0 {
					delete(refs, pick())
				}
			},
			"": func(rt *rapid.T) {
				if tab.size() != held() || len(tab.list(math.MaxInt)) != held() {
					rt.Fatalf("%d objects are held, and not %d", tab.size(), held())
				}
				for ident, c := range counts {
					if node := tab.lookup(ident); node == nil && (c > 0 || refs[ident] != nil) || node != nil && c == 0 && !referred[ident] {
						rt.Fatalf("%s with count %d is found: %v", ident, c, node)
					}
				}
			},
		})
	})
}

// TestTableForgets: after a storm of clients nothing is left that nobody holds.
func TestTableForgets(t *testing.T) {
	tab := newTable(1 << 20)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				ident, err := tab.add(&box{}, false, 1)
				if err != nil {
					t.Error(err)
					return
				}
				node := tab.refer(ident)
				tab.incref(ident)
				tab.decref(ident)
				tab.decref(ident)
				if tab.lookup(ident) != node || !tab.incref(ident) || !tab.decref(ident) {
					t.Error("it is gone, though there is a reference")
				}
				runtime.KeepAlive(node)
			}
		})
	}
	wg.Wait()
	eventually(t, "all are forgotten", func() bool {
		runtime.GC()
		tab.mu.RLock()
		defer tab.mu.RUnlock()
		return len(tab.entries) == 0 && tab.held == 0
	})
}

func TestSingle(t *testing.T) {
	tab := newTable(10)
	o := &box{}
	a, _ := tab.add(o, true, settled)
	b, _ := tab.add(o, true, settled)
	if a != b || tab.size() != 1 {
		t.Error("one object has two idents:", a, b)
	}
	tab.decref(a)
	if tab.lookup(a) == nil {
		t.Error("it is gone, though a client holds it")
	}
	tab.decref(a)
	if c, _ := tab.add(o, true, settled); c == a || len(tab.singles) != 1 {
		t.Error("an ident was used again")
	}
}

// TestDebugInfo: it is short however much there is.
func TestDebugInfo(t *testing.T) {
	tab := newTable(1 << 20)
	for range debugObjects {
		if _, err := tab.add(&box{value: int64(1)}, false, settled); err != nil {
			t.Fatal(err)
		}
	}
	if s := tab.debugInfo(); strings.Count(s, "refcount=1\n    Box(1)") != debugObjects || strings.Contains(s, "more") {
		t.Errorf("%.500s", s)
	}
	for range 5 {
		if _, err := tab.add(&box{value: strings.Repeat("x", 1000)}, false, settled); err != nil {
			t.Fatal(err)
		}
	}
	s := tab.debugInfo()
	if strings.Count(s, "refcount=1") != debugObjects || !strings.HasSuffix(s, "\n  ... and 5 more objects") {
		t.Errorf("%.500s", s)
	}
}

// TestDebugInfoCost: a large object is not written to show its beginning.
func TestDebugInfoCost(t *testing.T) {
	tab := newTable(10)
	list, err := object.ListType.New(&object.Call{Args: py.Tuple{py.NewList(strings.Repeat("ä", 32<<20))}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tab.add(list, false, settled); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := tab.debugInfo()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes are allocated", n)
	}
	if !strings.HasSuffix(s, "refcount=1\n    ['"+strings.Repeat("ä", debugText-2)) {
		t.Error(s)
	}
}
