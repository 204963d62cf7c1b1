//go:build linux

package siege

import (
	"fmt"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// A grip is something that a client holds when it is killed.
type grip struct {
	name   string
	typeid string
	over   string // the typeid of a lock that is the argument
	source string // how the client gets hold of `o`
	// kept: it stays held unless the server has Config.Reclaim.
	kept bool
}

var grips = []grip{
	{name: "RLock", typeid: "RLock", source: "o.acquire()"},
	{name: "RLock, three times", typeid: "RLock", source: "o.acquire(); o.acquire(); o.acquire(); o.acquire(); o.release()"},
	{name: "Condition", typeid: "Condition", source: "o.acquire()"},
	{name: "Condition of an RLock", typeid: "Condition", over: "RLock", source: "o.acquire()"},
	{name: "Condition, after a wait", typeid: "Condition", source: "o.acquire(); o.wait(0.001)"},
	{name: "Lock", typeid: "Lock", source: "o.acquire()", kept: true},
	{name: "Condition of a Lock", typeid: "Condition", over: "Lock", source: "o.acquire()", kept: true},
	{name: "Semaphore", typeid: "Semaphore", source: "o.acquire()", kept: true},
	{name: "BoundedSemaphore", typeid: "BoundedSemaphore", source: "o.acquire()", kept: true},
}

// TestKilledHolding kills clients of every Python that hold something, and looks who gets it next.
func TestKilledHolding(t *testing.T) {
	for _, reclaim := range []bool{false, true} {
		t.Run(fmt.Sprintf("reclaim=%v", reclaim), func(t *testing.T) {
			s := build(t, manager.Config{Reclaim: reclaim})
			each(t, s, func(t *testing.T, z *zygote, n int) {
				c := s.citizen(t, "citizen")
				for i, g := range grips {
					if !g.kept && reclaim {
						continue // it makes no difference to these
					}
					way := ways[(i+n)%len(ways)]
					t.Run(fmt.Sprintf("%s/%s", g.name, way), func(t *testing.T) {
						g.lose(t, s, &citizen{c.peer, t}, z, way, g.kept && !reclaim)
					})
				}
			})
		})
	}
}

func (g grip) lose(t *testing.T, s *town, c *citizen, z *zygote, way string, stays bool) {
	var args []py.Value
	if g.over != "" {
		args = append(args, proxyOf(s, g.over, c.create(g.over)))
	}
	ident := c.create(g.typeid, args...)
	victim := z.run(t, s, "o = at('{typeid}', '{ident}'); {source}; say('holds'); time.sleep(3600)", "typeid", g.typeid, "ident", ident, "source", g.source)
	victim.expect("holds")
	c.want(false, ident, "acquire", false)
	next := z.run(t, s, "o = at('{typeid}', '{ident}'); wire(o); say('calls'); o.acquire(); say('got'); o.release()", "typeid", g.typeid, "ident", ident)
	next.expect("calls")
	eventually(t, "the next one waits", func() bool { return s.waiting(ident) == 1 })
	victim.goes(way)
	eventually(t, "the killed client is gone", func() bool { return !s.has(victim.tag) })
	if stays {
		// As with Python's server: it stays held, until somebody else releases it.
		c.want(false, ident, "acquire", false)
		if n := s.waiting(ident); n != 1 {
			t.Errorf("%d wait", n)
		}
		c.want(nil, ident, "release")
	}
	next.expect("got")
	next.finish()
	isFree(c, ident)
}

// proxyOf is a proxy as Python writes it.
func proxyOf(s *town, typeid, ident string) py.Value {
	module := func(name string) py.Global { return py.Global{Module: "multiprocessing.managers", Name: name} }
	token := &py.Object{Form: py.Made, Class: module("Token"), Built: true, State: py.Tuple{typeid, s.address, ident}}
	return &py.Object{Form: py.Called, Class: module("RebuildProxy"), Args: py.Tuple{module("AcquirerProxy"), token, "pickle", py.NewDict()}}
}

// TestNotifyPassedOn kills waiters of a Condition that are notified at the moment of their death: as long as they could not know it, somebody else has to be woken.
func TestNotifyPassedOn(t *testing.T) {
	s := build(t, townConfig)
	c := s.citizen(t, "citizen")
	for _, z := range hatch(t) {
		t.Run(z.String(), func(t *testing.T) {
			c := &citizen{c.peer, t}
			ident := c.create("Condition")
			source := "o = at('Condition', '{ident}'); o.acquire(); say('calls'); o.wait(); say('got'); o.release()"
			enter := func(n int) *pyClient {
				p := z.run(t, s, source, "ident", ident)
				p.expect("calls")
				eventually(t, "it waits", func() bool { return s.waiting(ident) == n })
				return p
			}
			victim, second := enter(1), enter(2)
			c.want(true, ident, "acquire")
			c.want(nil, ident, "notify", int64(1)) // it waits for the lock now
			victim.kill()
			eventually(t, "the killed client is gone", func() bool { return !s.has(victim.tag) })
			c.want(nil, ident, "release")
			second.expect("got")
			second.finish()
			isFree(c, ident)
		})
	}
}

// TestAnsweredThenKilled: a client that is stopped has been answered, as far as the server can know. What was in the answer is the client's: an item dies with it, which is the only one that can be lost; a lock
// that has an owner comes back.
func TestAnsweredThenKilled(t *testing.T) {
	s := build(t, townConfig)
	c := s.citizen(t, "citizen")
	for _, z := range hatch(t) {
		t.Run(z.String(), func(t *testing.T) {
			c := &citizen{c.peer, t}
			stopped := func(typeid, ident, call string) *pyClient {
				p := z.run(t, s, "o = at('{typeid}', '{ident}'); wire(o); say('calls'); {call}", "typeid", typeid, "ident", ident, "call", call)
				p.expect("calls")
				eventually(t, "it waits", func() bool { return s.waiting(ident) == 1 })
				p.stop()
				return p
			}
			queue := c.create("Queue")
			victim := stopped("Queue", queue, "o.get()")
			for i := range 3 {
				c.want(nil, queue, "put", int64(i))
			}
			eventually(t, "the first item is on its way", func() bool { return s.waiting(queue) == 0 })
			victim.kill()
			eventually(t, "the killed client is gone", func() bool { return !s.has(victim.tag) })
			c.want(int64(1), queue, "get")
			c.want(int64(2), queue, "get")
			isEmpty(c, queue)

			lock := c.create("RLock")
			c.want(true, lock, "acquire")
			victim = stopped("RLock", lock, "o.acquire()")
			c.want(nil, lock, "release")
			c.want(false, lock, "acquire", false)
			victim.kill()
			eventually(t, "the killed client is gone", func() bool { return !s.has(victim.tag) })
			isFree(c, lock)

			condition := c.create("Condition")
			victim = stopped("Condition", condition, "o.acquire(); o.wait()")
			notifyOne(c, condition)
			c.want(false, condition, "acquire", false)
			victim.kill()
			eventually(t, "the killed client is gone", func() bool { return !s.has(victim.tag) })
			isFree(c, condition)
		})
	}
}

// TestReferencesOfTheKilled: what a killed client has not given back stays, as with Python's server, but for what it has not even claimed.
func TestReferencesOfTheKilled(t *testing.T) {
	s := build(t, townConfig)
	c := s.citizen(t, "citizen")
	dict := c.create("dict", py.NewList(py.Tuple{int64(1), int64(2)}))
	for _, z := range hatch(t) {
		t.Run(z.String(), func(t *testing.T) {
			c := &citizen{c.peer, t}
			before := c.objects()
			kept := z.run(t, s, "a = [m.list() for _ in range(5)]; say('made'); time.sleep(3600)")
			kept.expect("made")
			if n := c.objects(); n != before+5 {
				t.Errorf("%d objects, expected %d", n, before+5)
			}
			kept.kill()
			// A proxy that was unpickled has no manager, and can't make a proxy of what the server returns: Python's server has a leak there.
			source := `
d = at('dict', '{ident}')
for _ in range(5):
    try:
        d._callmethod('__iter__')
    except AttributeError:
        pass
say('called')
time.sleep(3600)`
			unclaimed := z.run(t, s, source, "ident", dict)
			unclaimed.expect("called")
			unclaimed.kill()
			eventually(t, "both are gone", func() bool { return !s.has(kept.tag) && !s.has(unclaimed.tag) })
			eventually(t, "what was not claimed is gone", func() bool { return c.objects() == before+5 })

			leaver := z.run(t, s, "a = [m.list() for _ in range(5)]; d = m.dict({1: 2}); say('made'); del a, d")
			leaver.expect("made")
			leaver.finish()
			eventually(t, "who leaves gives back what it has", func() bool { return c.objects() == before+5 })
		})
	}
}

// TestKilledInFrame kills clients that have sent a part of a large request, or received a part of a large answer.
func TestKilledInFrame(t *testing.T) {
	s := build(t, townConfig)
	c := s.citizen(t, "citizen")
	const large = 8 << 20
	list := c.create("list", py.NewList(strings.Repeat("x", large)))
	for i, z := range hatch(t) {
		way := ways[i%len(ways)]
		t.Run(z.String()+"/"+way, func(t *testing.T) {
			c := &citizen{c.peer, t}
			fill := []string{"ident", list, "size", fmt.Sprint(large)}
			sender := z.run(t, s, `
o = at('list', '{ident}')
os.write(wire(o).fileno(), struct.pack('!i', {size}) + b'x' * 100000)
say('sent')
time.sleep(3600)`, fill...)
			sender.expect("sent")
			sender.goes(way)
			receiver := z.run(t, s, `
o = at('list', '{ident}')
w = wire(o)
w.send(('{ident}', '__getitem__', (0,), {}))
n = len(os.read(w.fileno(), 1000))
say('received', n > 0)
time.sleep(3600)`, fill...)
			receiver.expect("received", "True")
			c.want(int64(1), list, "__len__")
			receiver.goes(way)
			eventually(t, "both are gone", func() bool { return !s.has(sender.tag) && !s.has(receiver.tag) })
			c.want(int64(1), list, "__len__")
		})
	}
	s.isQuiet(t, 1)
}
