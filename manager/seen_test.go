package manager

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

func find(t *testing.T, s *Server, ident string) ObjectInfo {
	t.Helper()
	for o := range s.Objects() {
		if o.Ident == ident {
			return o
		}
	}
	t.Fatalf("there is no object %s", ident)
	return ObjectInfo{}
}

// TestObjectsSizes: what objects have in them is seen as numbers, and as nothing else.
func TestObjectsSizes(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	list, queue, lock := c.create("list", py.NewList("secret", "secret")), c.create("JoinableQueue", int64(5)), c.create("Lock")
	c.call(queue, "put", "secret")
	all := slices.Collect(s.Objects())
	if len(all) != 3 || all[0].Ident != list || all[1].Ident != queue || all[2].Ident != lock {
		t.Fatalf("not in the order of their making: %+v", all)
	}
	if o := all[0]; o.Typeid != "list" || o.References != 1 || !o.Sized || o.Items != 2 {
		t.Errorf("%+v", o)
	}
	if o := all[1]; !o.Sized || o.Items != 1 || o.MaxItems != 5 || o.Unfinished != 1 {
		t.Errorf("%+v", o)
	}
	if o := all[2]; o.Sized || o.Holders != nil || o.Waiters != nil {
		t.Errorf("%+v", o)
	}
	types := s.Types()
	if !slices.IsSortedFunc(types, func(a, b TypeStats) int { return strings.Compare(a.Typeid, b.Typeid) }) {
		t.Errorf("not in order: %+v", types)
	}
	for _, tt := range types {
		want := TypeStats{Typeid: tt.Typeid}
		switch tt.Typeid {
		case "list":
			want.Objects, want.Items = 1, 2
		case "JoinableQueue":
			want.Objects, want.Items = 1, 1
		case "Lock":
			want.Objects = 1
		}
		if tt != want {
			t.Errorf("%+v, expected %+v", tt, want)
		}
	}
	if len(types) != len(syncManager)+1 { // and Box
		t.Errorf("%d types", len(types))
	}
}

// TestObjectsHolders: who holds a lock, who waits for it in which order, since when, and that the holder is gone.
func TestObjectsHolders(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	lock := c.create("Lock")
	begin := time.Now()
	c.call(lock, "acquire")
	first, second := c.accept(), c.accept()
	if err := c.send(first, c.request(lock, "acquire")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first waits", func() bool { return len(find(t, s, lock).Waiters) == 1 })
	if err := c.send(second, c.request(lock, "acquire")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second waits", func() bool { return len(find(t, s, lock).Waiters) == 2 })
	var clients []ClientInfo
	eventually(t, "there are these three, of which the first is idle again", func() bool {
		clients = s.Clients()
		return len(clients) == 3 && clients[0].Doing == DoingIdle
	})
	o := find(t, s, lock)
	h := o.Holders[0]
	if len(o.Holders) != 1 || h.Connection != clients[0].Connection || h.Client != "test" || h.Gone || h.Count != 1 || h.Since.Before(begin.Add(-time.Second)) || h.Since.After(time.Now()) {
		t.Errorf("%+v", o.Holders)
	}
	for i, w := range o.Waiters {
		x := clients[i+1]
		if w.Connection != x.Connection || w.What != "Lock.acquire" || x.Doing != DoingWaiting || x.WaitsFor != "Lock.acquire" || x.Ident != lock || x.WaitsSince.Before(h.Since) {
			t.Errorf("waiter %d: %+v is %+v", i, w, x)
		}
	}
	if x := clients[0]; x.Name != "test" || x.WaitsFor != "" || x.Requests != 2 || x.Server != address {
		t.Errorf("%+v", x)
	}
	_ = c.conn.Close()
	eventually(t, "the holder is gone", func() bool { return find(t, s, lock).Holders[0].Gone })
	for _, tt := range s.Types() {
		if tt.Typeid == "Lock" && (tt.Holders != 1 || tt.Waiters != 2 || !tt.OldestHold.Equal(h.Since) || !tt.OldestWait.Equal(o.Waiters[0].Since)) {
			t.Errorf("%+v", tt)
		}
	}
}

// TestObjectsInContainers: what no client holds, but another object contains, is seen.
func TestObjectsInContainers(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	dict, list := c.create("dict"), c.create("list")
	c.call(dict, "__setitem__", "a", proxyOf(address, "list", list))
	c.server("decref", list)
	if o := find(t, s, list); o.References != 0 || !o.Sized {
		t.Errorf("%+v", o)
	}
	if st := s.Stats(); st.Objects != 1 || st.Known != 2 {
		t.Errorf("%+v", st)
	}
}

// TestWalkWhileEntriesGo: a walk meets everything that stays, in order, whatever comes and goes before, under and behind it.
func TestWalkWhileEntriesGo(t *testing.T) {
	tab := newTable(1 << 20)
	const n = 10 * stride
	var idents []string
	for range n {
		ident, err := tab.add(&box{}, false, settled)
		if err != nil {
			t.Fatal(err)
		}
		idents = append(idents, ident)
	}
	var seen []string
	tab.walk(func(node *object.Node, _ int) bool {
		if len(seen)%stride == stride/2 { // the walk stands at the next stride's first entry: it goes, with those around it
			at := len(seen)/stride*stride + stride
			for i := at - 3; i < at+3 && i < n; i++ {
				tab.decref(idents[i])
			}
			if _, err := tab.add(&box{}, false, settled); err != nil {
				t.Fatal(err)
			}
		}
		seen = append(seen, node.Ident)
		return true
	})
	if !slices.IsSortedFunc(seen, compareIdents) {
		t.Error("the walk is not in the order in which objects were made")
	}
	for i, ident := range idents {
		if tab.lookup(ident) != nil && !slices.Contains(seen, ident) {
			t.Errorf("object %d is there, and was not seen", i)
		}
	}
	count := 0
	tab.walk(func(*object.Node, int) bool { count++; return true })
	if known, made := tab.known(); count != known || known != len(tab.entries) || made != n+10 {
		t.Errorf("%d were seen of %d, and %d were made", count, known, made)
	}
}

// compareIdents is the order of making: idents of one table have a number behind a common prefix.
func compareIdents(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
