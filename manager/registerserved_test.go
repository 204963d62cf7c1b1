package manager

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

func servedMaths(t testing.TB) (*Server, *maths, *client) {
	t.Helper()
	s, m, address := startedMaths(t, "unix", filepath.Join(t.TempDir(), "s"))
	return s, m, newClient(t, address)
}

// TestContextOfGone: the context of a method ends with its client, and nobody else notices.
func TestContextOfGone(t *testing.T) {
	_, m, c := servedMaths(t)
	single := c.create("Maths", "single")
	c.conn = c.accept()
	other := newClient(t, c.address)
	if err := c.send(c.conn, c.request(single, "wait", int64(1))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return m.waiting.Load() == 1 })
	if v := other.call(single, "add", int64(1), int64(2)); v != int64(3) {
		t.Error(v)
	}
	_ = c.conn.Close()
	eventually(t, "its context ends", func() bool { return m.ended.Load() == 1 })
	// A context that has not ended: the result comes.
	blocked := newClient(t, c.address)
	conn := blocked.accept()
	if err := blocked.send(conn, blocked.request(single, "wait", int64(7))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return m.waiting.Load() == 2 })
	other.call(single, "release")
	if kind, v := blocked.answer(conn); kind != kindReturn || v != int64(7) {
		t.Error(kind, v)
	}
}

// TestContextOfClose: the end of the server ends the contexts, too.
func TestContextOfClose(t *testing.T) {
	s, m, c := servedMaths(t)
	single := c.create("Maths", "single")
	c.conn = c.accept()
	if err := c.send(c.conn, c.request(single, "wait", int64(1))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return m.waiting.Load() == 1 })
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if m.ended.Load() != 1 {
		t.Error("the server is closed, and the method goes on")
	}
}

// TestPanicsAreContained: whatever a user's code does, only its own call is concerned.
func TestPanicsAreContained(t *testing.T) {
	_, _, c := servedMaths(t)
	ident := c.create("Maths", "me")
	other := newClient(t, c.address)
	for _, x := range []struct{ how, kind, class string }{{"panic", kindError, "RuntimeError"}, {"nil", kindError, "RuntimeError"}, {"own", kindError, "RuntimeError"}} {
		kind, v := c.kind(ident, "fail", x.how)
		if e, ok := v.(*py.Exception); kind != x.kind || !ok || e.Class.Name != x.class {
			t.Errorf("%s: %s %v", x.how, kind, v)
		}
	}
	if kind, v := c.kind(ident, "strange"); kind != kindUnserializable {
		t.Error(kind, v)
	}
	if kind, v := c.serverKind("create", "Maths", "panic"); kind != kindTraceback || !strings.HasSuffix(v.(string), "\nRuntimeError: panic: a bug\n") {
		t.Error(kind, v)
	}
	goner := newClient(t, c.address)
	conn := goner.accept()
	if err := goner.send(conn, goner.request(ident, "fail", "goexit")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Recv(t.Context()); err == nil {
		t.Error("there is an answer of a goroutine that has ended")
	}
	for _, c := range []*client{c, other} {
		if v := c.call(ident, "add", int64(1), int64(2)); v != int64(3) {
			t.Error(v)
		}
	}
}

// TestTypeidsAreLookedUp: a typeid may come later than the method that returns objects of it.
func TestTypeidsAreLookedUp(t *testing.T) {
	s, _, c := servedMaths(t)
	if err := s.Register("Early", func() *maker { return &maker{} }, MethodToTypeid(map[string]string{"make": "Late", "wrong": "list"})); err != nil {
		t.Fatal(err)
	}
	early := c.create("Early")
	kind, v := c.kind(early, "make")
	if e, ok := v.(*py.Exception); kind != kindError || !ok || !strings.Contains(e.Error(), "'Late'") || !strings.Contains(e.Error(), "Register") {
		t.Error(kind, v)
	}
	if kind, v = c.kind(early, "wrong"); kind != kindError || !strings.Contains(v.(*py.Exception).Error(), "of which no object of the typeid 'list' can be made") {
		t.Error(kind, v)
	}
	if err := s.Register("Late", (*maths)(nil), mathsOptions()[0], MethodToTypeid(map[string]string{"squares": "Iterator", "broken": "Iterator"})); err != nil {
		t.Fatal(err)
	}
	kind, v = c.kind(early, "make")
	if kind != kindProxy {
		t.Fatal(kind, v)
	}
	token, ok := tokenOf(v.(py.Tuple)[1])
	if !ok || token.typeid != "Late" {
		t.Fatal(v)
	}
	c.server("incref", token.ident)
	c.server("decref", token.ident)
	if v := c.call(token.ident, "name"); v != "late" {
		t.Error(v)
	}
	if kind, v := c.serverKind("create", "Late"); kind != kindTraceback {
		t.Error(kind, v)
	}
}

type maker struct{ _ int }

func (*maker) Make() *maths { return newMaths("late") }
func (*maker) Wrong() int   { return 1 }

type customer struct {
	Name string `pickle:"name"`
}

type shop struct{ _ int }

func (*shop) Older(c *customer) *customer { return &customer{"old " + c.Name} }
func (*shop) All(cs []any) (names []string) {
	for _, c := range cs {
		names = append(names, c.(*customer).Name)
	}
	return names
}

// TestOwnClasses: arguments and results are instances of the classes in Config.Registry; what is stored in the server's own objects stays what it was.
func TestOwnClasses(t *testing.T) {
	r := pickle.NewRegistry()
	pickle.RegisterClass[customer](r, "shop", "Customer")
	s, address := started(t, Config{Registry: r})
	if err := s.Register("Shop", func() *shop { return &shop{} }); err != nil {
		t.Fatal(err)
	}
	attributes := py.NewDict()
	attributes.SetStr("name", "Ann")
	ann := &py.Object{Form: py.Made, Class: py.Global{Module: "shop", Name: "Customer"}, Built: true, State: attributes}
	c := newClient(t, address)
	o, ok := c.call(c.create("Shop"), "older", ann).(*py.Object)
	if !ok || o.ClassName() != "shop.Customer" {
		t.Fatal(o)
	}
	if name, _ := o.Attr("name"); name != "old Ann" {
		t.Error(o)
	}
	if names, err := py.Repr(c.call(c.create("Shop"), "all", py.NewList(ann, o))); names != "['Ann', 'old Ann']" {
		t.Error(names, err)
	}
	list := c.create("list")
	c.call(list, "append", ann)
	if o, ok := c.call(list, "pop").(*py.Object); !ok || o.ClassName() != "shop.Customer" {
		t.Error(o)
	}
}

// TestConcurrentClients is for the race detector: clients of one object, of their own ones, and registrations.
func TestConcurrentClients(t *testing.T) {
	s, _, c := servedMaths(t)
	var wg sync.WaitGroup
	single := c.create("Maths", "single")
	for i := range 8 {
		wg.Go(func() {
			c := newClient(t, c.address)
			own := c.create("Maths", "own")
			for n := range 50 {
				if v := c.call(single, "add", int64(n), int64(i)); v != int64(n+i) {
					t.Error(v)
				}
				if v := c.call(own, "other", proxyOf(c.address, "Maths", single)); v != "single" {
					t.Error(v)
				}
				if kind, v := c.kind(own, "fail", "panic"); kind != kindError {
					t.Error(kind, v)
				}
				if kind, v := c.kind(single, "peer_object"); kind != kindProxy {
					t.Error(kind, v)
				}
			}
		})
		wg.Go(func() {
			if err := s.Register("Own"+string(rune('A'+i)), func() *fooBar { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := s.Register("OwnA", func() *fooBar { return nil }); err == nil {
		t.Error("a typeid was registered twice")
	}
}
