package manager

import (
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestRefs(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	inner, outer := c.create("Box", int64(42)), c.create("Box")
	for _, form := range []py.Value{address, "another name of the same socket", py.Tuple{"localhost", int64(1234)}} {
		c.call(outer, "set", py.NewList(proxyOf(form, "list", inner)))
		v := c.call(outer, "get").(*py.List).Items[0].(*py.Object)
		tok, ok := tokenOf(v.Args[1])
		if !ok || v.Class != rebuildProxy || tok.ident != inner || tok.typeid != "list" {
			t.Fatalf("the proxy came back as %v", v)
		}
		if eq, _ := py.Equal(tok.address, form); !eq {
			t.Errorf("its address was %v, and is %v", form, tok.address)
		}
	}
	if text := c.call(outer, "__str__"); text != "Box([<ListProxy object, typeid 'list' at 0x"+inner+">])" {
		t.Error(text)
	}
	// In protocol 2 with native strings, from Python 2.7, it is the object's value that comes.
	old := newClient(t, address)
	old.protocol = 2
	if v := old.call(outer, "get").(*py.List).Items[0]; !equal(v, py.NewList(int64(42))) {
		t.Errorf("Python 2.7 gets %v", v)
	}
	// The object lives as long as the proxy is stored.
	c.server("decref", inner)
	runtime.GC()
	if v := c.call(inner, "get"); v != int64(42) {
		t.Error(v)
	}
	c.server("decref", inner) // is ignored
	c.server("incref", inner)
	c.server("decref", inner)
	if n := c.server("number_of_objects"); n != int64(1) {
		t.Error("objects:", n)
	}
	// What went out in an answer is pinned until the connection's next request.
	other := newClient(t, address)
	other.call(outer, "get")
	c.call(outer, "set", nil)
	c.call(outer, "get")
	for range 5 {
		runtime.GC()
	}
	if s.table.lookup(inner) == nil {
		t.Error("the object is gone, though a client is about to claim it")
	}
	other.call(outer, "get")
	eventually(t, "the object is freed", func() bool {
		runtime.GC()
		s.table.mu.RLock()
		defer s.table.mu.RUnlock()
		return s.table.entries[inner] == nil
	})
	if kind, v := c.kind(outer, "set", proxyOf(address, "list", inner)); kind != kindTraceback || !strings.HasSuffix(v.(string), "\nKeyError: '"+inner+"'\n") {
		t.Errorf("a proxy of what is gone: %s %v", kind, v)
	}
}

func equal(a, b py.Value) bool { ok, err := py.Equal(a, b); return ok && err == nil }

// TestCycle: objects that contain each other can be looked at, and are freed.
func TestCycle(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	a, b := c.create("Box"), c.create("Box")
	c.call(a, "set", py.NewList(proxyOf(address, "list", b)))
	c.call(b, "set", py.NewList(proxyOf(address, "list", a)))
	old := newClient(t, address)
	old.protocol = 2
	v := old.call(a, "get").(*py.List)
	// Box a's value is a list, in which is the value of b, a list with a list, in which is that of a.
	inB := v.Items[0].(*py.List).Items[0].(*py.List).Items[0].(*py.List)
	if inB.Items[0].(*py.List).Items[0] != v.Items[0] {
		t.Errorf("the cycle came as %v", v)
	}
	old.call(a, "__str__")
	c.server("decref", a)
	c.server("decref", b)
	eventually(t, "the cycle is freed", func() bool {
		runtime.GC()
		s.table.mu.RLock()
		defer s.table.mu.RUnlock()
		return len(s.table.entries) == 0
	})
}

func TestForeignProxies(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	ident := c.create("Box")
	foreign := proxyOf("/elsewhere", "list", "7f0011223344")
	c.call(ident, "set", foreign)
	if v := c.call(ident, "get"); !equal(v, foreign) {
		t.Errorf("it came back as %v", v)
	}
	// Of this address, but none of its idents: from before a restart.
	if kind, v := c.kind(ident, "set", proxyOf(address, "list", "7f0011223344")); kind != kindTraceback {
		t.Error(kind, v)
	}
	_ = s
}

func TestAddresses(t *testing.T) {
	_, address := startedAt(t, Config{}, "tcp", "127.0.0.1:0")
	_, portText, _ := strings.Cut(address, ":")
	port := int64(0)
	for _, d := range portText {
		port = port*10 + int64(d-'0')
	}
	c := newClient(t, address)
	ident := c.create("Box")
	for _, x := range []struct {
		host py.Value
		own  bool
	}{{"127.0.0.1", true}, {"localhost", true}, {py.Str2("localhost"), true}, {"192.0.2.1", false}, {int64(5), false}} {
		kind, v := c.kind(ident, "set", proxyOf(py.Tuple{x.host, port}, "list", "no ident of this server"))
		if own := kind == kindTraceback; own != x.own {
			t.Errorf("%v: %s %v", x.host, kind, v)
		}
	}
	kind, v := c.kind(ident, "iter")
	if kind != kindProxy {
		t.Fatal(kind, v)
	}
	tok, _ := tokenOf(v.(py.Tuple)[1])
	if !equal(tok.address, py.Tuple{"127.0.0.1", port}) || tok.typeid != "Iterator" || !equal(v.(py.Tuple)[0], py.Tuple{"__next__"}) {
		t.Errorf("%v", v)
	}
}

// TestResults: an object that a method has returned lives as long as Python's clients need, and no longer.
func TestResults(t *testing.T) {
	s, address := started(t, Config{Limits: Limits{Results: 3}})
	c := newClient(t, address)
	ident := c.create("Box")
	next := func() string {
		kind, v := c.kind(ident, "iter")
		if kind != kindProxy {
			t.Fatal(kind, v)
		}
		tok, _ := tokenOf(v.(py.Tuple)[1])
		return tok.ident
	}
	claimed := next()
	c.server("incref", claimed)
	c.server("decref", claimed)
	lost := next()
	c.call(ident, "get")
	if s.table.size() != 3 {
		t.Error("objects:", s.table.size())
	}
	c.call(ident, "get")
	c.call(ident, "get")
	if s.table.size() != 2 || s.table.lookup(lost) != nil || s.table.lookup(claimed) == nil {
		t.Error("objects:", s.table.debugInfo())
	}
	half := next()
	c.server("incref", half) // and its decref never comes
	c.call(ident, "get")
	c.call(ident, "get")
	c.call(ident, "get")
	if s.table.lookup(half) == nil {
		t.Error("it was taken from a client that has it")
	}
	unclaimed := next()
	_ = c.conn.Close()
	eventually(t, "the connection is gone", func() bool { return len(s.all()) == 0 })
	if s.table.lookup(unclaimed) != nil {
		t.Error("what nobody has claimed is still there")
	}
	c.conn = nil
	c.server("decref", half)
	if s.table.lookup(half) != nil {
		t.Error("the first reference was not taken back")
	}
	c.conn = c.accept()
	for range 3 {
		_ = c.send(c.conn, c.request(ident, "iter"))
		_, v := c.answer(c.conn)
		tok, _ := tokenOf(v.(py.Tuple)[1])
		c.server("incref", tok.ident)
	}
	if kind, v := c.kind(ident, "iter"); kind != kindError || !py.IsException(v.(*py.Exception), "MemoryError") {
		t.Error(kind, v)
	}
}

// What a Python 2.7 can't be given has an error that says why, and no Go in it.
func TestQueueInsideForPython2(t *testing.T) {
	_, address := started(t, Config{})
	c := newClient(t, address)
	queue, outer := c.create("Queue"), c.create("Box")
	c.call(outer, "set", py.NewList(proxyOf(address, "Queue", queue)))
	c.protocol = 2
	const want = "there is a Queue in it, and Python 2.7 gets copies of what is stored in objects, which a Queue has none of"
	kind, v := c.kind(outer, "get")
	if got, _ := py.Text(v); kind != kindUnserializable || got != want {
		t.Error(kind, v)
	}
	c.protocol = 4
	if kind, v := c.kind(queue, "#GETVALUE"); kind != kindUnserializable || !equal(v, "cannot pickle '_thread.lock' object") {
		t.Error(kind, v)
	}
}

func TestAbstractAddresses(t *testing.T) {
	own := &net.UnixAddr{Name: "@a", Net: "unix"}
	for _, v := range []py.Value{"\x00a", py.Bytes("\x00a"), py.Str2("\x00a")} {
		if !sameAddress(own, v) {
			t.Errorf("%q is not the address", v)
		}
	}
	for _, v := range []py.Value{"a", "\x00b", py.Bytes("@b"), nil} {
		if sameAddress(own, v) {
			t.Errorf("%q is the address", v)
		}
	}
	// Python 3.6 takes no bytes.
	if got := addressValue(own, identity); got != "\x00a" {
		t.Errorf("it is written %q", got)
	}
	if got := addressValue(&net.UnixAddr{Name: "@\xff", Net: "unix"}, identity); got != py.Bytes("\x00\xff") {
		t.Errorf("it is written %q", got)
	}
}
