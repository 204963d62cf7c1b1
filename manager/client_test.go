package manager

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A caller makes calls that have to succeed.
type caller struct {
	t   testing.TB
	ctx context.Context
	c   *Client
}

func (c *caller) create(typeid string, args ...any) *Proxy {
	c.t.Helper()
	p, err := c.c.Create(c.ctx, typeid, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

func (c *caller) call(p *Proxy, method string, args ...any) py.Value {
	c.t.Helper()
	v, err := p.Call(c.ctx, method, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

func (c *caller) want(want string, p *Proxy, method string, args ...any) {
	c.t.Helper()
	text, err := py.Repr(c.call(p, method, args...))
	if err != nil || text != want {
		c.t.Errorf("%s.%s%v is %s, %v; not %s", p.Typeid(), method, args, text, err, want)
	}
}

func (c *caller) objects(want int) {
	c.t.Helper()
	if n, err := c.c.NumberOfObjects(c.ctx); n != want || err != nil {
		info, _ := c.c.DebugInfo(c.ctx)
		c.t.Errorf("there are %d objects, %v; not %d\n%s", n, err, want, info)
	}
}

// TestClient is what a Client does with each server.
func TestClient(t *testing.T) {
	forServers(t, func(t *testing.T, address string, python *pythons.Python) {
		python2 := python != nil && python.Major == 2
		client := dialed(t, address)
		c := &caller{t, testContext(t), client}
		switch p := client.link.protocol; {
		case python2 && p != 2, python != nil && !python2 && !python.AtLeast(3, 8) && p != 3, (python == nil || python.AtLeast(3, 8)) && p != 4:
			t.Errorf("it is spoken to in protocol %d", p)
		}
		before, err := client.NumberOfObjects(c.ctx) // Python 2.7 counts one of its own
		if err != nil {
			t.Fatal(err)
		}

		list := c.create("list", []int{1, 2})
		c.call(list, "append", "ä")
		c.call(list, "extend", []float64{1.5})
		if items, err := As[[]any](list.Call(c.ctx, "__getitem__", py.Slice{})); err != nil || len(items) != 4 {
			t.Error(items, err)
		}
		if n, err := As[int](list.Call(c.ctx, "__len__")); n != 4 || err != nil {
			t.Error(n, err)
		}
		if s, err := As[string](list.Call(c.ctx, "pop", 2)); s != "ä" || err != nil {
			t.Errorf("%q, %v", s, err)
		}
		c.want("[1, 2, 1.5]", list, "#GETVALUE")
		if list.Typeid() != "list" || list.Ident() == "" || !slices.Contains(list.Exposed(), "append") {
			t.Error(list.Typeid(), list.Ident(), list.Exposed())
		}
		for _, size := range []int{0, 100, 5_000, 200_000} { // those that need other buffers, and memory of their own
			b := []byte(strings.Repeat("\xff\x00", size))
			c.call(list, "__setitem__", 0, b)
			if got, err := As[[]byte](list.Call(c.ctx, "__getitem__", 0)); string(got) != string(b) || err != nil {
				t.Errorf("%d bytes are %d, %v", len(b), len(got), err)
			}
		}

		dict, err := client.Create(c.ctx, "dict", map[string]int{"a": 1}, Keywords{"b": 2})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := As[map[string]int](dict.Call(c.ctx, "copy")); len(m) != 2 || m["b"] != 2 || err != nil {
			t.Error(m, err)
		}
		c.objects(before + 2)

		queue := c.create("Queue", 1)
		if _, err := queue.Call(c.ctx, "put", "x", Keywords{"timeout": 1}); err != nil {
			t.Error(err)
		}
		if _, err := queue.Call(c.ctx, "put_nowait", 1); !py.IsException(err, "queue.Full") {
			t.Error(err)
		}
		if s, err := As[string](queue.Call(c.ctx, "get")); s != "x" || err != nil {
			t.Error(s, err)
		}
		if _, err := queue.Call(c.ctx, "get", false); !py.IsException(err, "queue.Empty") || !strings.Contains(err.Error(), "Queue.get at "+address) {
			t.Error(err)
		}

		// A result that is an object.
		if python2 {
			list.Close()
		} else {
			it, err := As[*Proxy](dict.Call(c.ctx, "__iter__"))
			if err != nil || it.Typeid() != "Iterator" {
				t.Fatal(it, err)
			}
			c.objects(before + 4)
			c.call(it, "__next__")
			c.call(it, "__next__")
			if _, err := it.Call(c.ctx, "__next__"); !py.IsException(err, "StopIteration") {
				t.Error(err)
			}
			for range 2 {
				if err := errors.Join(it.Close(), list.Close()); err != nil {
					t.Error(err)
				}
			}
		}
		c.objects(before + 2)
		if _, err := list.Call(c.ctx, "pop"); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}

		again, err := client.Attach(c.ctx, dict.Ident())
		if err != nil || !slices.Contains(again.Exposed(), "keys") {
			t.Fatal(again, err)
		}
		if err := dict.Close(); err != nil {
			t.Error(err)
		}
		c.want("2", again, "__len__")
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		other := &caller{t, c.ctx, dialed(t, address)}
		other.objects(before)
	})
}

// TestClientErrors: what servers refuse.
func TestClientErrors(t *testing.T) {
	forServers(t, func(t *testing.T, address string, python *pythons.Python) {
		client := dialed(t, address)
		c := &caller{t, testContext(t), client}
		var remote *RemoteError
		if _, err := client.Create(c.ctx, "nonsense"); !errors.As(err, &remote) || !strings.HasSuffix(err.Error(), "create nonsense at "+address+": KeyError: 'nonsense'") {
			if python == nil || python.Major > 2 { // which writes u'nonsense'
				t.Error(err)
			}
		}
		if _, err := client.Create(c.ctx, "list", 1); !errors.As(err, &remote) || !strings.Contains(err.Error(), "TypeError: 'int' object is not iterable") {
			t.Error(err)
		}
		if _, err := client.Attach(c.ctx, "nothing"); !errors.As(err, &remote) {
			t.Error(err)
		}
		list, lock := c.create("list"), c.create("Lock")
		if _, err := list.Call(c.ctx, "nonsense"); !errors.As(err, &remote) || !strings.Contains(remote.Traceback, "nonsense") {
			t.Error(err)
		}
		if _, err := lock.Call(c.ctx, "#GETVALUE"); !errors.As(err, &remote) || !remote.Unserializable {
			t.Error(err)
		}
		var e *py.Exception
		if _, err := list.Call(c.ctx, "pop"); !errors.As(err, &e) || !strings.HasSuffix(err.Error(), "list.pop at "+address+": IndexError: pop from empty list") {
			t.Error(err)
		}
		var encode *pickle.EncodeError
		if _, err := list.Call(c.ctx, "append", make(chan int)); !errors.As(err, &encode) {
			t.Error(err)
		}
		if _, err := As[string](list.Call(c.ctx, "__len__")); err == nil {
			t.Error("an int is a string")
		}
		if python == nil {
			return
		}
		maths := c.create("Maths")
		c.want("3", maths, "add", 1, 2)
		if _, err := maths.Call(c.ctx, "fail", 1, "x"); !errors.As(err, &e) || e.Class != (py.Global{Module: "__main__", Name: "OwnError"}) || len(e.Args) != 2 {
			t.Error(err)
		}
	})
}

// TestDialFails: no server, another key, and what is not a manager.
func TestDialFails(t *testing.T) {
	ctx := testContext(t)
	_, address := started(t, Config{})
	if _, err := Dial(ctx, "", address+"x", keyed); err == nil || !strings.Contains(err.Error(), address+"x") {
		t.Error(err)
	}
	wrong := keyed
	wrong.Key = []byte("another key, of some length too")
	if _, err := Dial(ctx, "unix", address, wrong); !errors.Is(err, connection.ErrWrongKey) {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Dial(ended, "unix", address, keyed); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestDialWithoutKey: neither end has one.
func TestDialWithoutKey(t *testing.T) {
	s, err := NewServer(Config{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	open := connection.Config{HandshakeTimeout: patience}
	l, err := connection.Listen("unix", t.TempDir()+"/s", open)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), l) }()
	client, err := Dial(testContext(t), "", l.Addr().String(), open)
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{t, testContext(t), client}
	c.want("[b'x']", c.create("list", [][]byte{[]byte("x")}), "#GETVALUE")
	_, _ = client.Close(), s.Close()
	<-done
}

// TestClientRegistry: the program's own classes, as arguments and as results.
func TestClientRegistry(t *testing.T) {
	type point struct{ X, Y int }
	config := keyed
	config.Pickle.Registry = pickle.NewRegistry()
	pickle.RegisterClass[point](config.Pickle.Registry, "shapes", "Point")
	_, address := started(t, Config{})
	c := &caller{t, testContext(t), dialedWith(t, address, config)}
	list := c.create("list")
	c.call(list, "append", point{1, 2})
	if p, err := As[*point](list.Call(c.ctx, "pop")); err != nil || *p != (point{1, 2}) {
		t.Error(p, err)
	}
}

// TestClientIsShared: many goroutines call by one Client, which makes one owner of them.
func TestClientIsShared(t *testing.T) {
	_, address := started(t, Config{})
	client := dialed(t, address)
	c := &caller{t, testContext(t), client}
	list, rlock := c.create("list"), c.create("RLock")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				c.call(list, "append", 1)
				c.want("True", rlock, "acquire")
				if p, err := client.Create(c.ctx, "list"); err != nil || p.Close() != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	c.want("400", list, "__len__")

	other := &caller{t, c.ctx, dialed(t, address)}
	theirs, err := other.c.Attach(c.ctx, rlock.Ident())
	if err != nil {
		t.Fatal(err)
	}
	other.want("False", theirs, "acquire", false)
	if _, err := theirs.Call(c.ctx, "release"); !py.IsException(err, "RuntimeError") {
		t.Error(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	other.want("True", theirs, "acquire") // it was released with the connection
	other.objects(1)
}
