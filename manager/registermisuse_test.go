package manager

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// knot is a user's object that returns itself, and does what it should not.
type knot struct {
	name string
	held []any
}

func (k *knot) Self() *knot                 { return k }
func (k *knot) Put(v any)                   { k.held = append(k.held, v) }
func (k *knot) Add(v any)                   { k.held = append(k.held, v) }
func (k *knot) Take(o *Object) string       { return o.Typeid() }
func (k *knot) NilMap() map[string]int      { return nil }
func (k *knot) NilSlice() []int             { return nil }
func (k *knot) Panic()                      { panic(k.name) }
func (k *knot) MarshalPickle() (any, error) { panic("MarshalPickle") }
func (k *knot) String() string              { panic("String") }
func (k *knot) Swallow(v *poison) bool      { return v != nil }
func (k *knot) Waits(ctx context.Context, end string) (*poison, error) {
	<-ctx.Done()
	panic(end)
}
func (k *knot) Poisoned(context.Context) *poison { return &poison{} }
func (k *knot) Endless() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
		panic("it was stopped")
	}
}

// poison can be neither read nor written.
type poison struct{ _ int }

func (*poison) UnmarshalPickle(py.Value) error { panic("UnmarshalPickle") }
func (*poison) MarshalPickle() (any, error)    { panic("MarshalPickle") }

var noLog = Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}

func withKnot(t *testing.T, config Config, options ...RegisterOption) (*Server, *knot, *client) {
	t.Helper()
	s, address := started(t, config)
	k := &knot{name: "k"}
	options = append(options, MethodToTypeid(map[string]string{"self": "Knot", "nil_map": "dict", "nil_slice": "list", "endless": "Iterator"}))
	if err := s.Register("Knot", func() *knot { return k }, options...); err != nil {
		t.Fatal(err)
	}
	return s, k, newClient(t, address)
}

// TestObjectsOfTheirOwnType: the result of a method that has the typeid of its own object is that object, for Go as for clients.
func TestObjectsOfTheirOwnType(t *testing.T) {
	s, _, c := withKnot(t, noLog)
	o := newObject(t, s, "Knot")
	again, ok := mustCall(t, o, "self").(*Object)
	if !ok || again.Ident() != o.Ident() || c.create("Knot") != o.Ident() {
		t.Error("one pointer has several idents:", again, o)
	}
	for _, method := range []string{"nil_map", "nil_slice"} {
		if v, ok := mustCall(t, o, method).(*Object); !ok || mustCall(t, v, "__len__") != int64(0) {
			t.Error(method, v)
		}
	}
}

// TestFullHeapAndOwnTypes: what a user's method does with its arguments is its own affair, also when it is called as a built-in one that stores.
func TestFullHeapAndOwnTypes(t *testing.T) {
	s, k, c := withKnot(t, noLog)
	own, list := c.create("Knot"), c.create("list")
	s.heap.limit = 1
	s.heap.full.Store(true)
	if kind, v := c.kind(list, "append", int64(1)); kind != kindError {
		t.Error("there is no limit:", kind, v)
	}
	for _, method := range []string{"put", "add"} {
		if kind, v := c.kind(own, method, int64(1)); kind != kindReturn {
			t.Error(method, kind, v)
		}
	}
	if len(k.held) != 2 {
		t.Error(k.held)
	}
}

// TestWordsForObjects: a registered callable that returns an *Object does not give its name to all that take one.
func TestWordsForObjects(t *testing.T) {
	s, _, _ := withKnot(t, noLog)
	list := newObject(t, s, "list")
	if err := s.Register("get_list", func() *Object { return list }); err != nil {
		t.Fatal(err)
	}
	_, err := newObject(t, s, "Knot").Call(t.Context(), "take", 3)
	if err == nil || !strings.Contains(err.Error(), "expected a proxy, got int 3") {
		t.Error(err)
	}
}

// TestForeignObjects: an Object of another server is told at once, and not by a KeyError at a client.
func TestForeignObjects(t *testing.T) {
	s, _, c := withKnot(t, noLog)
	other, err := NewServer(noLog)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	foreign := newObject(t, other, "list")
	if err := s.Register("get_foreign", func() *Object { return foreign }); err != nil {
		t.Fatal(err)
	}
	if kind, v := c.serverKind("create", "get_foreign"); kind != kindTraceback || !strings.Contains(v.(string), "another server") {
		t.Error(kind, v)
	}
	if _, err := s.New("get_foreign"); err == nil {
		t.Error("there is an Object of two servers")
	}
	list := newObject(t, s, "list", []any{[]any{foreign}})
	if err := s.Register("get_list", func() *Object { return list }); err != nil {
		t.Fatal(err)
	}
	if kind, v := c.kind(c.create("get_list"), "__getitem__", int64(0)); kind != kindUnserializable || !strings.Contains(v.(string), "another server") {
		t.Error(kind, v)
	}
	if _, err := newObject(t, s, "list").Call(t.Context(), "append", foreign); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Error(err)
	}
}

// TestNames: a name that can't be written anywhere is refused at once.
func TestNames(t *testing.T) {
	s, _, _ := withKnot(t, noLog)
	if err := s.Register("\xff", func() *maker { return nil }, Exposed("make")); err == nil {
		t.Error("a typeid is no UTF-8")
	}
}

// TestPanicsEverywhere: wherever a user's code panics, the client gets an error, and nothing is left of the call. All are counted.
func TestPanicsEverywhere(t *testing.T) {
	s, _, c := withKnot(t, noLog)
	ident := c.create("Knot")
	calls := 0
	for _, x := range []struct {
		method string
		args   []py.Value
	}{
		{"panic", nil}, {"swallow", []py.Value{int64(1)}}, {"poisoned", nil}, {"__str__", nil}, {"#GETVALUE", nil},
	} {
		calls++
		if kind, v := c.kind(ident, x.method, x.args...); kind != kindError || !strings.Contains(v.(*py.Exception).Error(), "panic: ") {
			t.Error(x.method, kind, v)
		}
		for _, info := range s.Clients() {
			if info.Doing == DoingWaiting {
				t.Error("it still waits after", x.method)
			}
		}
		if n := s.Stats().Panics; n != uint64(calls) {
			t.Errorf("%s: %d panics are counted, of %d", x.method, n, calls)
		}
	}
	if text, ok := c.server("debug_info").(string); !ok || !strings.Contains(text, ident) {
		t.Error(text)
	}
	waiting := newClient(t, c.address)
	conn := waiting.accept()
	if err := waiting.send(conn, waiting.request(ident, "waits", "the end")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return s.Stats().Waiting == 1 })
	_ = conn.Close()
	eventually(t, "it is over", func() bool { return s.Stats().Waiting == 0 })
	// An iterator that nobody wants any more, whose code panics as it is stopped.
	kind, v := c.kind(ident, "endless")
	if kind != kindProxy {
		t.Fatal(kind, v)
	}
	it, _ := tokenOf(v.(py.Tuple)[1])
	c.server("incref", it.ident)
	c.server("decref", it.ident)
	if v := c.call(it.ident, "__next__"); v != int64(0) {
		t.Error(v)
	}
	if v := c.call(it.ident, "close"); v != nil {
		t.Error(v)
	}
}

// TestIteratorsEndWithTheServer: one that a client has not read to its end, and not given back, does not keep its goroutine for ever.
func TestIteratorsEndWithTheServer(t *testing.T) {
	ended := make(chan struct{})
	func() {
		s, c := func() (*Server, *client) { s, _, c := withKnot(t, noLog); return s, c }()
		seq := func(yield func(int) bool) {
			defer close(ended)
			for i := 0; yield(i); i++ {
			}
		}
		if err := s.Register("Count", func() iter.Seq[int] { return seq }); err != nil {
			t.Fatal(err)
		}
		ident := c.create("Count")
		if v := c.call(ident, "__next__"); v != int64(0) {
			t.Error(v)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "its code returns", func() bool {
		runtime.GC()
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
}

// TestIteratorThatDoesNotEnd: one whose code hangs when it is stopped keeps nothing else from being collected.
func TestIteratorThatDoesNotEnd(t *testing.T) {
	s, _, c := withKnot(t, noLog)
	stopped, free := make(chan struct{}), make(chan struct{})
	defer close(free)
	if err := s.Register("Stuck", func() iter.Seq[int] {
		return func(yield func(int) bool) {
			yield(1)
			close(stopped)
			<-free
		}
	}); err != nil {
		t.Fatal(err)
	}
	stuck := c.create("Stuck")
	c.call(stuck, "__next__")
	c.server("decref", stuck)
	c.kind(stuck, "__next__") // so that the connection has let go of it
	eventually(t, "it is stopped", func() bool {
		runtime.GC()
		select {
		case <-stopped:
			return true
		default:
			return false
		}
	})
	list := newObject(t, s, "list")
	ident := list.Ident()
	_ = list.Close()
	eventually(t, "the list is forgotten", func() bool {
		runtime.GC()
		s.table.mu.RLock()
		defer s.table.mu.RUnlock()
		return s.table.entries[ident] == nil
	})
}

// total takes a list.
type total struct{ _ int }

func (*total) Of(values []int) int { return len(values) }

// TestRoomForCopies: a proxy in the place of a list is a copy of it, for which there has to be room.
func TestRoomForCopies(t *testing.T) {
	config := noLog
	config.Limits.Bytes = heapNow() + 48<<20
	s, _, c := withKnot(t, config)
	if err := s.Register("Total", func() *total { return &total{} }); err != nil {
		t.Fatal(err)
	}
	sum, small, large := c.create("Total"), newObject(t, s, "list", []int{1}), newObject(t, s, "list", make([]int, 1_500_000))
	if v := c.call(sum, "of", proxyOf(c.address, "list", small.Ident())); v != int64(1) {
		t.Error(v)
	}
	kind, v := c.kind(sum, "of", proxyOf(c.address, "list", large.Ident()))
	runtime.KeepAlive([]*Object{small, large})
	if e, ok := v.(*py.Exception); kind != kindError || !ok || !e.IsA("MemoryError") {
		t.Error(kind, v)
	}
}
