package manager

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestHugeNames: what a client calls a method, or an object, does not come back at its full length, nor stay when the request is answered.
func TestHugeNames(t *testing.T) {
	s, address := started(t, Config{Logger: quiet})
	c := newClient(t, address)
	list, huge := c.create("list"), strings.Repeat("x", 1<<20)
	proxy := proxyOf(nil, "list", s.table.prefix+huge)
	for i, ask := range []func() (string, py.Value){
		func() (string, py.Value) { return c.kind(huge, "append", nil) },
		func() (string, py.Value) { return c.kind(list, huge) },
		func() (string, py.Value) { return c.kind(list, "append", proxy) },
		func() (string, py.Value) { return c.serverKind(huge) },
		func() (string, py.Value) { return c.serverKind("create", huge) },
		func() (string, py.Value) { return c.serverKind("incref", huge) },
		func() (string, py.Value) { return c.serverKind("get_methods", proxy.(*py.Object).Args[1]) },
	} {
		kind, v := ask()
		if text, ok := py.Text(v); !ok || kind != kindTraceback || len(text) > 8<<10 {
			t.Errorf("%d: %s, %d bytes", i, kind, len(text))
		}
	}
	x := &session{}
	x.request.method, x.request.ident = huge, huge
	x.forget()
	if len(x.request.method)+len(x.request.ident) > 1<<10 {
		t.Error("an idle connection keeps them")
	}
}

// TestProxyInItself: a proxy that is an argument of its own making is stored, and answered with something.
func TestProxyInItself(t *testing.T) {
	_, address := started(t, Config{Logger: quiet})
	c := newClient(t, address)
	list := c.create("list")
	str := func(s string) string { return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s }
	message := "\x80\x02(" + str(list) + str("append") + // the request
		"cmultiprocessing.managers\nRebuildProxy\n(cmultiprocessing.managers\nListProxy\n" +
		"cmultiprocessing.managers\nToken\n)\x81" + str("list") + "N" + str(list) + "\x87b" + str("pickle") +
		"}q\x00tRq\x01" + // its keywords are 0, the proxy 1
		"h\x00" + str("a") + "h\x01s0" + // and now it is in its keywords
		"\x85}t."
	conn := c.accept()
	if err := conn.SendBytes(context.Background(), []byte(message)); err != nil {
		t.Fatal(err)
	}
	if kind, v := c.answer(conn); kind != kindReturn {
		t.Fatal(kind, v)
	}
	for _, method := range []string{"__str__", "copy", "pop"} {
		kind, _ := c.kind(list, method)
		t.Log(method, kind)
	}
	c.call(list, "append", int64(1))
}
