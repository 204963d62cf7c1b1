package manager

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// newObject makes an object for Go code.
func newObject(t testing.TB, s *Server, typeid string, args ...any) *Object {
	t.Helper()
	o, err := s.New(typeid, args...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// mustCall is Call for what can't fail.
func mustCall(t testing.TB, o *Object, method string, args ...any) py.Value {
	t.Helper()
	v, err := o.Call(t.Context(), method, args...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestObject(t *testing.T) {
	s, m, err := mathsServer()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newObject(t, s, "list", []string{"a"})
	mustCall(t, l, "append", map[string]int{"x": 1})
	if text := mustCall(t, l, "__str__"); text != "['a', {'x': 1}]" {
		t.Error(text)
	}
	if v, err := As[[]any](l.Call(t.Context(), "#GETVALUE")); err != nil || len(v) != 2 {
		t.Error(v, err)
	}
	if n, err := As[int](l.Call(t.Context(), "__len__")); n != 2 || err != nil {
		t.Error(n, err)
	}
	d, err := As[map[string]int](newObject(t, s, "dict", map[string]int{"a": 1}, Keywords{"b": 2}).Call(t.Context(), "copy", Keywords{}))
	if len(d) != 2 || d["b"] != 2 || err != nil {
		t.Error(d, err)
	}
	if l.Typeid() != "list" || l.Ident() == "" || len(l.Exposed()) < 10 || l.String() != fmt.Sprintf("<ListProxy object, typeid 'list' at 0x%s>", l.Ident()) {
		t.Error(l.Typeid(), l.Ident(), l.Exposed(), l)
	}

	// Objects in others come back as themselves, and results that are objects as new ones.
	mustCall(t, l, "append", l)
	if v, ok := mustCall(t, l, "__getitem__", -1).(*Object); !ok || v.Ident() != l.Ident() {
		t.Error(v)
	}
	mustCall(t, l, "append", []any{map[string]*Object{"me": l}})
	var deep []map[string]*Object
	if err := pickle.Assign(mustCall(t, l, "pop"), &deep); err != nil || deep[0]["me"].Ident() != l.Ident() || mustCall(t, deep[0]["me"], "__len__") != int64(3) {
		t.Error(deep, err)
	}
	var none *Object
	if err := pickle.Assign(int64(1), &none); err == nil {
		t.Error("an int is an Object")
	}
	it, ok := mustCall(t, newObject(t, s, "dict", map[string]int{"k": 1}), "__iter__").(*Object)
	if !ok || mustCall(t, it, "__next__") != "k" {
		t.Error(it)
	}
	if squares, ok := mustCall(t, newObject(t, s, "Maths", "single"), "squares", 3).(*Object); !ok || mustCall(t, squares, "__next__") != int64(0) {
		t.Error(squares)
	}
	if q := newObject(t, s, "get_queue"); q.Ident() != m.queue.Ident() || q.Typeid() != "Queue" {
		t.Error(q)
	}

	for _, x := range []struct {
		err  error
		want any
	}{
		{second(l.Call(t.Context(), "pop", 99)), &py.Exception{Class: py.IndexError("").Class}},
		{second(l.Call(t.Context(), "nothing")), &py.Exception{Class: py.AttributeError("").Class}},
		{second(l.Call(canceled(), "pop")), context.Canceled},
	} {
		if !errors.Is(x.err, x.want.(error)) {
			t.Errorf("%v is not %v", x.err, x.want)
		}
	}
	var encode *pickle.EncodeError
	if _, err := l.Call(t.Context(), "append", func() {}); !errors.As(err, &encode) {
		t.Error(err)
	}
	for _, typeid := range []string{"nothing", "Iterator"} {
		if _, err := s.New(typeid); err == nil {
			t.Error("there is an object of the typeid", typeid)
		}
	}
	if _, err := s.New("list", 1); !errors.Is(err, &py.Exception{Class: py.TypeError("").Class}) {
		t.Error(err)
	}
	_ = l.Close()
	if _, err := l.Call(t.Context(), "pop"); !errors.Is(err, ErrClosed) || l.Ident() != "" || l.Typeid() != "" || l.Exposed() != nil {
		t.Error(err)
	}
}

func second(_ py.Value, err error) error { return err }

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestObjectLives: an object is there as long as its Object, whatever clients do; then it goes.
func TestObjectLives(t *testing.T) {
	s, address := started(t, Config{})
	l := newObject(t, s, "list", []int{1})
	if err := s.Register("get_list", func() *Object { return l }); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, address)
	ident := c.create("get_list")
	if ident != l.Ident() || ident != c.create("get_list") || s.table.size() != 1 {
		t.Fatal("a singleton has several idents")
	}
	c.call(ident, "append", int64(2))
	c.server("decref", ident)
	c.server("decref", ident)
	runtime.GC()
	if s.table.size() != 0 || c.create("get_list") != ident || mustCall(t, l, "__len__") != int64(2) {
		t.Error("it is gone though the server has it")
	}
	c.server("decref", ident)
	_ = l.Close()
	if kind, _ := c.serverKind("create", "get_list"); kind != kindTraceback {
		t.Error("a closed Object is given away:", kind)
	}
	eventually(t, "it is forgotten", func() bool {
		runtime.GC()
		return s.table.lookup(ident) == nil
	})
}

// TestObjectWaits: a call that waits ends with its context or the server, and calls of one Object don't wait for each other.
func TestObjectWaits(t *testing.T) {
	s, err := NewServer(Config{})
	if err != nil {
		t.Fatal(err)
	}
	q := newObject(t, s, "Queue")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := q.Call(ctx, "get"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	wait := func(n int) {
		eventually(t, "they wait", func() bool {
			for o := range s.Objects() {
				if o.Ident == q.Ident() {
					return len(o.Waiters) == n
				}
			}
			return false
		})
	}
	wait(1)
	cancel()
	wg.Wait()
	wg.Go(func() {
		if v, err := As[int](q.Call(t.Context(), "get")); v != 1 || err != nil {
			t.Error(v, err)
		}
	})
	wait(1)
	mustCall(t, q, "put", 1)
	wg.Wait()
	wg.Go(func() {
		if _, err := q.Call(t.Context(), "get"); !errors.Is(err, ErrServerClosed) {
			t.Error(err)
		}
	})
	wait(1)
	_ = s.Close()
	wg.Wait()
	mustCall(t, q, "put", 2)
	if v := mustCall(t, q, "get"); v != int64(2) {
		t.Error("it can't be used after the server's end:", v)
	}
}

// TestOwner: locks belong to an Owner, and to nobody without one.
func TestOwner(t *testing.T) {
	s, err := NewServer(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lock := newObject(t, s, "RLock")
	if _, err := lock.Call(t.Context(), "acquire"); err == nil {
		t.Error("an RLock was acquired by nobody")
	}
	me, other := s.Owner("me"), s.Owner("other")
	for range 2 {
		if ok, err := As[bool](me.Call(t.Context(), lock, "acquire")); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if ok, err := As[bool](other.Call(t.Context(), lock, "acquire", false)); ok || err != nil {
		t.Error(ok, err)
	}
	for o := range s.Objects() {
		if o.Ident == lock.Ident() && (len(o.Holders) != 1 || o.Holders[0].Client != "me") {
			t.Error(o.Holders)
		}
	}
	done := make(chan error)
	go func() {
		_, err := other.Call(t.Context(), lock, "acquire")
		done <- err
	}()
	if err := me.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := me.Call(t.Context(), lock, "acquire"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := other.Call(t.Context(), lock, "release"); err != nil {
		t.Error(err)
	}
	plain := newObject(t, s, "Lock")
	mustCall(t, plain, "acquire")
	mustCall(t, plain, "release")

	elsewhere, err := NewServer(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	if _, err := other.Call(t.Context(), newObject(t, elsewhere, "Lock"), "acquire"); err == nil {
		t.Error("an Owner has called an object of another server")
	}
	<-other.turn
	if _, err := other.Call(canceled(), lock, "acquire"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	other.turn <- struct{}{}
	_ = other.Close()
}
