package manager

import (
	"runtime"
	"testing"

	"github.com/multiproc-go/multiproc/internal/object"
)

// TestClaimsOfOneObject: several clients are about to claim one object; whoever does so or not, exactly the references are left that clients have.
func TestClaimsOfOneObject(t *testing.T) {
	tab := newTable(10)
	o := &box{}
	ident, _ := tab.add(o, true, 1)
	for c := claim(2); c <= 3; c++ {
		if again, _ := tab.add(o, true, c); again != ident {
			t.Fatal("one object has two idents")
		}
	}
	take := func() { tab.incref(ident); tab.decref(ident) }
	take() // by the second one: the first claim is settled by it
	if !tab.expire(ident, 1, false) || tab.entries[ident].count != 3 {
		t.Error("a claim that is settled is taken back")
	}
	if !tab.expire(ident, 2, false) || tab.entries[ident].count != 2 {
		t.Error("a claim of nobody is not taken back")
	}
	tab.incref(ident)
	if tab.expire(ident, 3, false) || tab.entries[ident].count != 3 {
		t.Error("a claim is taken back while somebody claims it")
	}
	if !tab.expire(ident, 3, true) || tab.entries[ident].count != 2 || tab.entries[ident].claims != nil {
		t.Error("a claim of somebody who is gone is not taken back")
	}
	tab.decref(ident)
	tab.decref(ident)
	if tab.lookup(ident) != nil || tab.size() != 0 {
		t.Error("it is there though nobody holds it")
	}
}

// pointing is an Object that is made anew for what it stands for.
type pointing struct {
	box
	at uintptr
}

func (p *pointing) Identity() uintptr { return p.at }

// TestIdentity: Objects for one thing are one, those for nothing are not, and nobody finds one that the collector has freed.
func TestIdentity(t *testing.T) {
	tab := newTable(10)
	a, _ := tab.add(&pointing{at: 1}, true, settled)
	b, _ := tab.add(&pointing{at: 1}, true, settled)
	c, _ := tab.add(&pointing{at: 2}, true, settled)
	d, _ := tab.add(&pointing{}, true, settled)
	e, _ := tab.add(&pointing{}, true, settled)
	if a != b || a == c || d == e {
		t.Error(a, b, c, d, e)
	}
	node, err := tab.keep(&pointing{at: 1}, true)
	if err != nil || node.Ident != a || tab.size() != 4 {
		t.Error(node, err, tab.size())
	}
	tab.decref(a)
	tab.decref(a)
	// No client holds it, but we do.
	if again, _ := tab.add(&pointing{at: 1}, true, settled); again != a {
		t.Error("it has another ident, though it is there")
	}
	tab.decref(a)
	if again, err := tab.keep(&pointing{at: 1}, true); err != nil || again != node || tab.size() != 3 {
		t.Error(again, err, tab.size())
	}
	runtime.KeepAlive(node)
	node = nil
	var found *object.Node
	eventually(t, "it is forgotten", func() bool {
		runtime.GC()
		tab.mu.RLock()
		defer tab.mu.RUnlock()
		return tab.entries[a] == nil && len(tab.singles) == 1
	})
	if found, err = tab.keep(&pointing{at: 1}, true); err != nil || found.Ident == a {
		t.Error("an ident was used again", err)
	}
	runtime.KeepAlive(found)
}
