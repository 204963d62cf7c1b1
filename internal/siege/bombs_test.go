//go:build linux

package siege

import (
	"context"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// doubled is a tuple of which each level has the one below twice: a small pickle, whose text, hash, and comparison with another one would take 2**levels steps.
func doubled(levels int) py.Value {
	var v py.Value = py.Tuple{int64(1), int64(2)}
	for range levels {
		v = py.Tuple{v, v}
	}
	return v
}

// doubledLists is the same of lists.
func doubledLists(levels int) py.Value {
	var v py.Value = py.NewList(int64(1))
	for range levels {
		v = py.NewList(v, v)
	}
	return v
}

// deep is a list in a list in a list ...
func deep(levels int) py.Value {
	v := py.NewList()
	for range levels {
		v = py.NewList(v)
	}
	return v
}

// colliding are n different ints that have one hash in Python.
func colliding(n int) *py.List {
	modulus := new(big.Int).SetUint64(1<<61 - 1)
	l := py.NewList()
	for i := range n {
		l.Items = append(l.Items, new(big.Int).Mul(modulus, big.NewInt(int64(i+8))))
	}
	return l
}

// A bomb is a few bytes that would be much: of memory, or of time. Whatever the answer is, it has to come.
type bomb struct {
	name   string
	typeid string
	args   []py.Value // of the constructor
	calls  []bombCall
}

type bombCall struct {
	method string
	args   []py.Value
}

func calling(method string, args ...py.Value) bombCall { return bombCall{method, args} }

var million12 = py.Range{Start: int64(0), Stop: int64(1_000_000_000_000), Step: int64(1)}

func bombs() []bomb {
	huge := new(big.Int).Lsh(big.NewInt(1), 20_000_000)
	return []bomb{
		{name: "2**60 by doubling, in a list", typeid: "list", calls: []bombCall{
			calling("append", doubled(60)), calling("append", doubled(60)), calling("append", doubledLists(60)), calling("append", doubledLists(60)),
			calling("__repr__"), calling("__getitem__", int64(0)), calling("#GETVALUE"), calling("__contains__", doubled(60)), calling("index", doubledLists(60)), calling("count", doubled(60)), calling("remove", doubledLists(60)),
			calling("sort"), calling("__add__", py.NewList(doubled(60))), calling("extend", doubled(60)), calling("__imul__", int64(3)),
		}},
		{name: "2**60 by doubling, as a key", typeid: "dict", calls: []bombCall{
			calling("__setitem__", doubled(60), int64(1)), calling("__setitem__", doubled(60), int64(2)), calling("get", doubled(60)), calling("__contains__", doubled(60)), calling("setdefault", doubled(60), doubled(60)),
			calling("update", py.NewList(py.Tuple{doubled(60), doubled(60)})), calling("__setitem__", int64(1), doubledLists(60)), calling("copy"), calling("items"),
		}},
		{name: "2**60 by doubling, in a Namespace", typeid: "Namespace", calls: []bombCall{calling("__setattr__", "x", doubledLists(60)), calling("__getattribute__", "x"), calling("#GETVALUE")}},
		{name: "2**60 by doubling, in a Queue", typeid: "Queue", calls: []bombCall{calling("put", doubledLists(60)), calling("get")}},
		{name: "100,000 levels", typeid: "list", calls: []bombCall{calling("append", deep(5000)), calling("append", deep(5000)), calling("__repr__"), calling("index", deep(5000)), calling("__contains__", deep(4999)), calling("sort"), calling("__getitem__", int64(0))}},
		{name: "multiplication", typeid: "list", args: []py.Value{py.NewList(int64(1), int64(2), int64(3))}, calls: []bombCall{
			calling("__mul__", int64(1_000_000_000)), calling("__mul__", int64(1<<62)), calling("__imul__", int64(1_000_000_000_000)), calling("__rmul__", huge), calling("__imul__", huge), calling("__len__"),
		}},
		{name: "ranges", typeid: "list", calls: []bombCall{
			calling("extend", million12), calling("__setitem__", py.Slice{}, million12), calling("append", million12), calling("__contains__", million12), calling("__add__", million12), calling("count", int64(3)), calling("__repr__"),
			calling("__getitem__", py.Slice{Start: int64(-1 << 62), Stop: int64(1 << 62), Step: int64(1 << 62)}), calling("__getitem__", py.Slice{Start: huge, Step: huge}), calling("__delitem__", huge), calling("insert", huge, int64(1)),
		}},
		{name: "a list of 10**12", typeid: "list", args: []py.Value{million12}},
		{name: "a set of 10**12", typeid: "set", args: []py.Value{million12}},
		{name: "a set with 10**12", typeid: "set", calls: []bombCall{calling("update", million12), calling("__contains__", int64(1)), calling("add", doubled(60))}},
		{name: "a dict of 10**12", typeid: "dict", args: []py.Value{million12}},
		{name: "an Array of 10**12", typeid: "Array", args: []py.Value{"d", million12}},
		{name: "an Array of a huge size", typeid: "Array", args: []py.Value{"d", int64(1 << 60)}},
		{name: "huge ints", typeid: "list", calls: []bombCall{calling("append", huge), calling("__repr__"), calling("index", huge), calling("__contains__", 1e300), calling("pop", huge), calling("__getitem__", int64(0))}},
		{name: "a huge int as a key", typeid: "dict", calls: []bombCall{calling("__setitem__", huge, huge), calling("get", huge), calling("__repr__"), calling("pop", huge)}},
		{name: "one hash for 4,000 keys", typeid: "set", calls: []bombCall{calling("update", colliding(4000)), calling("__len__")}},
		{name: "a Semaphore of a huge size", typeid: "Semaphore", args: []py.Value{huge}, calls: []bombCall{calling("acquire"), calling("release", int64(1<<62)), calling("release", int64(1<<62)), calling("release", huge), calling("__repr__")}},
		{name: "a Queue of a huge size", typeid: "Queue", args: []py.Value{huge}, calls: []bombCall{calling("put", int64(1), true, huge), calling("get", true, huge), calling("full")}},
		{name: "a Barrier of a huge size", typeid: "Barrier", args: []py.Value{huge}, calls: []bombCall{calling("__getattribute__", "parties"), calling("__repr__")}},
		{name: "notify of a huge number", typeid: "Condition", calls: []bombCall{calling("acquire"), calling("notify", huge), calling("notify", int64(1<<62)), calling("wait", -1e300), calling("release")}},
		{name: "long names", typeid: "Namespace", calls: []bombCall{calling(strings.Repeat("x", 1<<20)), calling("__getattribute__", strings.Repeat("x", 1<<20)), calling("__setattr__", strings.Repeat("x", 1<<20), int64(1)), calling("__repr__")}},
	}
}

// lengths are pickles that announce more than they have.
var lengths = map[string]string{
	"bytes of 2**62":            "\x80\x04\x8e\x00\x00\x00\x00\x00\x00\x00\x40xyz.",
	"str of 2**62":              "\x80\x04\x8d\x00\x00\x00\x00\x00\x00\x00\x40xyz.",
	"bytes of 4 GiB":            "\x80\x04B\xff\xff\xff\xffxyz.",
	"an int of 2 GiB":           "\x80\x04\x8b\xff\xff\xff\x7fxyz.",
	"an int of a negative size": "\x80\x04\x8b\xff\xff\xff\xffxyz.",
	"a frame of 2**62":          "\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x40N.",
	"memo 2**31":                "\x80\x04Nr\xff\xff\xff\x7f.",
	"memo that is not there":    "\x80\x04j\xff\xff\xff\x7f.",
	"bytearray of 2**62":        "\x80\x05\x96\x00\x00\x00\x00\x00\x00\x00\x40xyz.",
	"a buffer out of band":      "\x80\x05\x97.",
	"many marks":                "\x80\x04" + strings.Repeat("(", 1_000_000) + ".",
	"many dups":                 "\x80\x04N" + strings.Repeat("2", 1_000_000) + ".",
	"a tuple of its own dups":   "\x80\x04)" + strings.Repeat("\x85", 1_000_000) + ".",
	"a persistent id":           "\x80\x04NQ.",
	"an extension":              "\x80\x02\x84\xff\xff\xff\x7f.",
}

// bombBytes is Limits.Bytes above what the test has itself.
const bombBytes = 256 << 20

// TestBombs: the server answers everything, with an exception where it would be too much, and does not take more memory than it may.
func TestBombs(t *testing.T) {
	s := build(t, manager.Config{Limits: manager.Limits{Bytes: heapBytes() + bombBytes}})
	s.assault(t, func(h *honest) {
		start := heapBytes()
		for _, b := range bombs() {
			begun := time.Now()
			p := newPeer(s, b.name)
			v, err := p.server("create", append([]py.Value{b.typeid}, b.args...)...)
			if reasonOf := reason(err); strings.HasPrefix(reasonOf, "broken") || strings.Contains(reasonOf, "SystemError") {
				t.Errorf("%s: create: %s", b.name, reasonOf)
			}
			if err != nil {
				continue
			}
			ident := v.(py.Tuple)[0].(string)
			for _, call := range b.calls {
				why := p.fails(ident, call.method, call.args...)
				if strings.HasPrefix(why, "broken") || strings.Contains(why, "SystemError") {
					t.Errorf("%s: %.40s: %s", b.name, call.method, why)
				}
			}
			if _, err := p.server("decref", ident); err != nil {
				t.Errorf("%s: %v", b.name, err)
			}
			p.close()
			if took := time.Since(begun); took > time.Second {
				t.Logf("%s took %v", b.name, took)
			}
		}
		for name, message := range lengths {
			p := newPeer(s, name)
			if err := p.connect(); err != nil {
				t.Fatal(err)
			}
			if err := p.conn.SendBytes(context.Background(), []byte(message)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := answer(p.conn); !strings.HasPrefix(reason(err), "Traceback") {
				t.Errorf("%s: %v", name, err)
			}
			p.close()
		}
		// The test's own values are in it as well.
		if most := h.peak.Load() - start; most > 2*bombBytes {
			t.Errorf("the heap had %d MiB more than before", most>>20)
		}
	})
}

// TestAmplification: an answer is never much larger than what was sent and stored, unless it is a value that is stored.
func TestAmplification(t *testing.T) {
	s := build(t, townConfig)
	s.assault(t, func(h *honest) {
		long := strings.Repeat("y", 1<<20)
		for _, r := range []py.Value{
			request(long, "append"), request(h.list, long), request(h.list, "append", long, long), request(h.list, "index", long), request(h.dict, "__delitem__", long), request(h.list, "__getitem__", long),
			request(h.dict, "__setitem__", py.NewList(long), int64(1)), long, py.Tuple{long}, py.Tuple{nil, long, py.Tuple{}, py.NewDict()}, py.Tuple{py.NewList(long), "append", py.Tuple{}, py.NewDict()},
		} {
			message := encode(t, r)
			conn, err := h.dial()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ask(conn, request(nil, "accept_connection", "loud")); err != nil {
				t.Fatal(err)
			}
			const times = 20
			for range times {
				if err := conn.SetDeadline(time.Now().Add(watchdog)); err != nil {
					t.Fatal(err)
				}
				if err := conn.SendBytes(context.Background(), message); err != nil {
					t.Fatal(err)
				}
				reply, err := conn.RecvBytes(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if len(reply) > 4*len(message) {
					t.Errorf("%d bytes are answered with %d", len(message), len(reply))
				}
			}
			_ = conn.Close()
		}
	})
}
