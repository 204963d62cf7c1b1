package manager

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A book keeps the references of a server that fails where the test wants it to.
type book struct {
	t     *testing.T
	mu    sync.Mutex
	count map[string]int
	fails func(method, ident string) bool
	get   []byte
}

func (b *book) answer(_ context.Context, method string, args py.Tuple) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch method {
	case "create":
		b.count["queue"] = 1
		return pickled(b.t, kindReturn, py.Tuple{"queue", py.Tuple{"get"}})
	case "get":
		return b.get
	case "incref", "decref":
		ident := args[0].(string)
		if b.fails(method, ident) {
			return nil
		}
		if b.count[ident]++; method == "decref" {
			b.count[ident] -= 2
		}
	}
	return pickled(b.t, kindReturn, nil)
}

func (b *book) left() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, count := range b.count {
		n += count
	}
	return n
}

// opened is a book, and the Proxy of a queue of its server.
func opened(t *testing.T) (*book, *Client, *Proxy) {
	b := &book{t: t, count: map[string]int{}, fails: func(string, string) bool { return false }}
	address := answering(t, b.answer)
	c := dialed(t, address)
	p, err := c.Create(testContext(t), "Queue")
	if err != nil {
		t.Fatal(err)
	}
	one := func(ident string) py.Value {
		tok := token{typeid: "list", address: address}
		return rebuild(py.Global{Module: managersModule, Name: "ListProxy"}, tok.value(ident), py.NewDict())
	}
	b.get = pickled(t, kindReturn, py.NewList(one("a"), one("b"), one("c")))
	return b, c, p
}

// TestHalfClaimed: of a result whose objects can't all be claimed none is left behind.
func TestHalfClaimed(t *testing.T) {
	b, c, p := opened(t)
	b.fails = func(method, ident string) bool { return ident == "c" }
	if v, err := p.Call(testContext(t), "get"); v != nil || err == nil {
		t.Error(v, err)
	}
	if n := b.left(); n != 1 {
		t.Errorf("there are %d references, and one Proxy: %v", n, b.count)
	}
	b.fails = func(string, string) bool { return false }
	if _, err := p.Call(testContext(t), "get"); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil || b.left() != 0 {
		t.Error(err, b.count)
	}
}

// TestAdoptedWithoutDecref: an object that has its reference is there, whatever becomes of the server's first one.
func TestAdoptedWithoutDecref(t *testing.T) {
	b, c, p := opened(t)
	tok := token{typeid: "Iterator", address: "x"}
	b.get = pickled(t, kindProxy, py.Tuple{py.Tuple{"__next__"}, tok.value("it")})
	b.fails = func(method, _ string) bool { return method == "decref" }
	it, err := As[*Proxy](p.Call(testContext(t), "get"))
	if err != nil || it == nil || it.Ident() != "it" || b.left() != 2 {
		t.Fatal(it, err, b.count)
	}
	b.fails = func(string, string) bool { return false }
	if err := c.Close(); err != nil || b.left() != 0 {
		t.Error(err, b.count)
	}
}

// TestDialEnds: a server that has the key and says nothing more.
func TestDialEnds(t *testing.T) {
	address := answering(t, func(ctx context.Context, _ string, _ py.Tuple) []byte {
		<-ctx.Done()
		return nil
	})
	config := keyed
	config.HandshakeTimeout = 100 * time.Millisecond
	done := make(chan error, 1)
	go func() {
		_, err := Dial(context.Background(), "", address, config)
		done <- err
	}()
	if err := within(t, "Dial", done); err == nil {
		t.Error("it is no manager")
	}
}

// rotten panics where it is written.
type rotten struct{}

func (rotten) MarshalPickle() (any, error) { panic("MarshalPickle") }

// TestPanicInArguments: the code that panics is the program's own, which may recover; the Client goes on.
func TestPanicInArguments(t *testing.T) {
	config := keyed
	config.Pickle.Registry = pickle.NewRegistry()
	config.Pickle.Registry.Construct(py.Global{Module: "shop", Name: "Rotten"}, func(py.Tuple, *py.Dict) (py.Value, error) { panic("Construct") })
	_, address := started(t, Config{})
	c := &caller{t, testContext(t), dialedWith(t, address, config)}
	list := c.create("list")
	panics := func(method string, args ...any) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = list.Call(c.ctx, method, args...)
	}
	panics("append", rotten{})
	c.want("0", list, "__len__")
	c.call(list, "append", &py.Object{Form: py.Called, Class: py.Global{Module: "shop", Name: "Rotten"}})
	panics("pop")
	c.want("0", list, "__len__")
}

// TestCreateGivenUp: an object whose client was gone before the constructor had returned is kept for nobody. Over TCP the answer could still be sent.
func TestCreateGivenUp(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere nothing tells that a connection has ended but reading on it")
	}
	s, address := startedAt(t, noLog, "tcp", "127.0.0.1:0")
	begun, free, made := make(chan struct{}), make(chan struct{}), make(chan struct{})
	if err := s.Register("Slow", func() *maker {
		defer close(made)
		close(begun)
		<-free
		return &maker{}
	}, Exposed("wrong")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		<-begun
		cancel()
	}()
	if _, err := dialed(t, address).Create(ctx, "Slow"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	eventually(t, "the end has come to the server", func() bool { all := s.all(); return len(all) == 1 && all[0].conn.HungUp() })
	close(free)
	<-made
	eventually(t, "it is forgotten, and was made", func() bool { _, ever := s.table.known(); return s.table.size() == 0 && ever == 1 })
}
