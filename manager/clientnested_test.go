package manager

import (
	"errors"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// TestNestedProxies: objects in objects, as arguments and as results.
func TestNestedProxies(t *testing.T) {
	forServers(t, func(t *testing.T, address string, python *pythons.Python) {
		c := &caller{t, testContext(t), dialed(t, address)}
		before, err := c.c.NumberOfObjects(c.ctx)
		if err != nil {
			t.Fatal(err)
		}
		inner, outer := c.create("list", []string{"a"}), c.create("list")
		c.call(outer, "append", map[string]any{"inner": inner})
		if python != nil && python.Major == 2 { // which has the objects themselves in its objects
			c.want("[{'inner': ['a']}]", outer, "#GETVALUE")
			return
		}
		if err := inner.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := outer.Call(c.ctx, "append", inner); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		c.objects(before + 1)
		// Each time that it comes it is another Proxy, with a reference of its own.
		var found [2]*Proxy
		for i := range found {
			m, err := As[map[string]*Proxy](outer.Call(c.ctx, "__getitem__", 0))
			if err != nil || m["inner"] == nil {
				t.Fatal(m, err)
			}
			found[i] = m["inner"]
		}
		c.objects(before + 2)
		if found[0] == found[1] || found[0].Ident() != inner.Ident() || found[0].Typeid() != "list" || found[0].PythonType() != "ListProxy" || len(found[0].Exposed()) == 0 {
			t.Error(found)
		}
		if found[0].Close() != nil {
			t.Error("not closed")
		}
		c.call(found[1], "append", "b")
		c.want("['a', 'b']", found[1], "#GETVALUE")
		// It is written as it has come.
		c.call(outer, "append", found[1])
		second, err := As[*Proxy](outer.Call(c.ctx, "pop"))
		if err != nil {
			t.Fatal(err)
		}
		c.want("2", second, "__len__")

		lock := c.create("Lock")
		condition := c.create("Condition", lock)
		c.want("True", condition, "acquire")
		c.want("False", lock, "acquire", false)

		if python == nil || python.AtLeast(3, 9) { // before, CPython can't have proxies of a Queue in other objects
			queue := c.create("Queue")
			c.call(outer, "append", queue)
			c.call(queue, "put", 7)
			again, err := As[*Proxy](outer.Call(c.ctx, "pop"))
			if err != nil || again.PythonType() != "AutoProxy[Queue]" || len(again.Exposed()) != len(queue.Exposed()) {
				t.Fatal(again, err)
			}
			c.want("7", again, "get")
		}
		if err := c.c.Close(); err != nil {
			t.Error(err)
		}
		last := &caller{t, c.ctx, dialed(t, address)}
		last.objects(before)
	})
}

// TestForeignProxy: a proxy of another server's object is a value like any other, and comes back as it was.
func TestForeignProxy(t *testing.T) {
	_, here := started(t, Config{})
	_, there := started(t, Config{})
	c := &caller{t, testContext(t), dialed(t, here)}
	foreign := &caller{t, c.ctx, dialed(t, there)}
	list, theirs := c.create("list"), foreign.create("list")
	c.call(list, "append", theirs)
	v := c.call(list, "pop")
	if o, ok := v.(*py.Object); !ok || o.Class != rebuildProxy {
		t.Fatalf("%T %v", v, v)
	}
	keeper := foreign.create("list")
	foreign.call(keeper, "append", v)
	p, err := As[*Proxy](keeper.Call(c.ctx, "pop"))
	if err != nil || p.Ident() != theirs.Ident() {
		t.Error(p, err)
	}
}
