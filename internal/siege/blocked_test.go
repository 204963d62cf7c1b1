//go:build linux

package siege

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// A trap is a kind of call that blocks. Two clients are in it; the first is killed, then what they wait for happens once: the second one must get it, as if the first had never been there.
type trap struct {
	name   string
	typeid string
	args   []py.Value
	before func(c *citizen, ident string) // what makes it block
	source string                         // of both clients: `o` is the object; it has to say "got" and the result, when it has it
	free   func(c *citizen, ident string) // makes one of those who wait go on
	got    string                         // what the second client gets
	after  func(c *citizen, ident string) // what is left
	python int                            // the oldest major version that has it
}

func acquireFirst(c *citizen, ident string) { c.want(true, ident, "acquire") }
func release(c *citizen, ident string)      { c.want(nil, ident, "release") }

// isFree checks that nobody holds a lock.
func isFree(c *citizen, ident string) {
	c.t.Helper()
	c.want(true, ident, "acquire", false)
	c.want(nil, ident, "release")
}

func isEmpty(c *citizen, ident string) { c.want(int64(0), ident, "qsize") }

func notifyOne(c *citizen, ident string) {
	c.want(true, ident, "acquire")
	c.want(nil, ident, "notify", int64(1))
	c.want(nil, ident, "release")
}

func lockTrap(typeid string) trap {
	return trap{
		name: typeid + ".acquire", typeid: typeid, before: acquireFirst, free: release, got: "True", after: isFree,
		source: "r = o.acquire(); o.release(); say('got', r)",
	}
}

var traps = []trap{
	{
		name: "Queue.get", typeid: "Queue", source: "say('got', o.get())", got: "7",
		free: func(c *citizen, ident string) { c.want(nil, ident, "put", int64(7)) }, after: isEmpty,
	},
	{
		name: "Queue.get with a timeout", typeid: "Queue", source: "say('got', o.get(True, 3600))", got: "7",
		free: func(c *citizen, ident string) { c.want(nil, ident, "put", int64(7)) }, after: isEmpty,
	},
	{
		name: "Queue.put", typeid: "Queue", args: []py.Value{int64(1)}, source: "say('got', o.put(tag))", got: "None",
		before: func(c *citizen, ident string) { c.want(nil, ident, "put", "first") },
		free:   func(c *citizen, ident string) { c.want("first", ident, "get") },
		after: func(c *citizen, ident string) {
			if v, _ := c.call(ident, "get").(string); v != "second" {
				c.t.Errorf("%q was put, expected what the second client puts", v)
			}
			isEmpty(c, ident)
		},
	},
	{
		name: "JoinableQueue.join", typeid: "JoinableQueue", source: "say('got', o.join())", got: "None",
		before: func(c *citizen, ident string) { c.want(nil, ident, "put", int64(1)); c.want(int64(1), ident, "get") },
		free:   func(c *citizen, ident string) { c.want(nil, ident, "task_done") }, after: isEmpty,
	},
	lockTrap("Lock"), lockTrap("RLock"), lockTrap("Semaphore"), lockTrap("BoundedSemaphore"), lockTrap("Condition"),
	{
		name: "Condition.wait", typeid: "Condition", source: "o.acquire(); o.wait(); o.release(); say('got', 'it')", got: "it",
		free: notifyOne, after: isFree,
	},
	{
		name: "Condition.wait with a timeout", typeid: "Condition", source: "o.acquire(); o.wait(3600); o.release(); say('got', 'it')", got: "it",
		free: notifyOne, after: isFree,
	},
	{
		name: "Condition.wait_for", typeid: "Condition", python: 3, free: notifyOne, after: isFree, got: "True",
		source: "n = iter([False, True]); o.acquire(); r = o.wait_for(lambda: next(n)); o.release(); say('got', r)",
	},
	{
		name: "Event.wait", typeid: "Event", source: "say('got', o.wait())", got: "True",
		free: func(c *citizen, ident string) { c.want(nil, ident, "set") },
	},
	{
		name: "Barrier.wait", typeid: "Barrier", args: []py.Value{int64(3)}, python: 3, source: "say('got', o.wait())", got: "0", // the first who is there
		free: func(c *citizen, ident string) {
			var both sync.WaitGroup
			for i := range 2 {
				both.Go(func() {
					p := newPeer(&town{address: c.address}, fmt.Sprint("party ", i))
					defer p.close()
					if v, err := p.try(ident, "wait"); err != nil || v == int64(0) {
						c.t.Errorf("a party got %v, %v", v, err)
					}
				})
			}
			both.Wait()
		},
		after: func(c *citizen, ident string) { c.want(int64(0), ident, "__getattribute__", "n_waiting") },
	},
}

// ways are how a client can go.
var ways = []string{"killed", "stopped, then killed"}

// TestKilledInCall kills clients of every Python in every kind of call that blocks.
func TestKilledInCall(t *testing.T) {
	s := build(t, townConfig)
	kills := make([]atomic.Int64, len(traps))
	each(t, s, func(t *testing.T, z *zygote, n int) {
		c := s.citizen(t, "citizen")
		for i, x := range traps {
			if z.Major < x.python {
				continue
			}
			way := ways[(i+n)%len(ways)]
			t.Run(fmt.Sprintf("%s/%s", x.name, way), func(t *testing.T) {
				x.spring(t, s, &citizen{c.peer, t}, z, way)
				kills[i].Add(1)
			})
		}
	})
	for i := range traps {
		t.Logf("%-32s %d clients killed", traps[i].name, kills[i].Load())
	}
}

func (x trap) spring(t *testing.T, s *town, c *citizen, z *zygote, way string) {
	ident := c.create(x.typeid, x.args...)
	if x.before != nil {
		x.before(c, ident)
	}
	source := "o = at('{typeid}', '{ident}'); tag = '{tag}'; wire(o); say('calls'); " + x.source
	enter := func(name string, waiting int) *pyClient {
		p := z.run(t, s, source, "typeid", x.typeid, "ident", ident, "tag", name)
		p.expect("calls")
		eventually(t, fmt.Sprintf("%d clients wait", waiting), func() bool { return s.waiting(ident) == waiting })
		return p
	}
	victim := enter("first", 1)
	second := enter("second", 2)
	victim.goes(way)
	eventually(t, "the killed client waits no more", func() bool { return s.waiting(ident) == 1 && !s.has(victim.tag) })
	x.free(c, ident)
	second.expect("got", x.got)
	if x.after != nil {
		x.after(c, ident)
	}
	second.finish()
	if n := s.waiting(ident); n != 0 {
		t.Errorf("%d still wait", n)
	}
	if _, err := c.server("decref", ident); err != nil {
		t.Error(err)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
