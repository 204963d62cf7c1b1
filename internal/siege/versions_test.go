//go:build linux

package siege

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"
)

//go:embed testdata/versions.py
var versionsScript string

// inEach runs a script in a client of each Python, one after the other.
func inEach(t *testing.T, s *town, source string, fill ...string) {
	t.Helper()
	for _, z := range hatch(t) {
		t.Run(z.String(), func(t *testing.T) {
			p := z.run(t, s, source, append(fill, "version", fmt.Sprintf("%d.%d", z.Major, z.Minor))...)
			for {
				line := p.line()
				if line[0] == "end" {
					break
				}
				t.Fatalf("%v: %s", z.Python, strings.Join(readable(line), " "))
			}
			z.order("wait", p.tag)
			p.expect("wait")
			p.forget()
		})
	}
}

// TestValuesBetweenVersions: what each Python stores each other one reads, as far as it has such values at all. CPython's own server fails where it can't import what a client sends, or names it as
// the client can't.
func TestValuesBetweenVersions(t *testing.T) {
	s := build(t, townConfig)
	c := s.citizen(t, "citizen")
	box := c.create("dict")
	inEach(t, s, versionsScript+`
d = at('dict', '{box}')
for source in values:
    d['{version} ' + source] = eval(source)
`, "box", box)
	inEach(t, s, versionsScript+`
d = at('dict', '{box}')
n = 0
for key, got in d.items():
    writer, source = key.split(' ', 1)
    if not PY2 and writer == '2.7' and ("b'" in source or source == "''" or 'datetime' in source):
        # The str of 2.7 is text for Python 3 if it is ASCII; and its dates need an encoding.
        continue
    n += 1
    if not same(got, source):
        say('wrong', writer, repr(source)[:40].replace(' ', '_'), type(got).__name__, repr(got)[:40].replace(' ', '_'))
if n < len(values):
    say('few', n)
`, "box", box)
}

// TestExceptionsBetweenVersions: each Python gets the classes that it has itself, though a newer one names them in other modules.
func TestExceptionsBetweenVersions(t *testing.T) {
	s := build(t, townConfig)
	inEach(t, s, `
def raises(kind, f, *args):
    try:
        f(*args)
    except kind as e:
        if type(e) is not kind:
            say('class', type(e).__name__)
    except Exception as e:
        say('instead', kind.__name__, type(e).__name__)
    else:
        say('nothing', kind.__name__)

q = m.Queue(1)
raises(queue.Empty, q.get_nowait)
raises(queue.Empty, q.get, True, 0.001)
q.put(1)
raises(queue.Full, q.put_nowait, 2)
raises(queue.Full, q.put, 2, True, 0.001)
raises(IndexError, m.list().pop)
raises(KeyError, m.dict().pop, 'x')
raises(AttributeError, lambda: m.Namespace().nothing)
raises(ValueError, m.list().remove, 1)
raises(TypeError, m.list([1]).__getitem__, 'x')
raises(managers.RemoteError, m.Array, '?', [1])
if not PY2:
    raises(RuntimeError, m.Lock().release)
    b = m.Barrier(2)
    raises(threading.BrokenBarrierError, b.wait, 0.001)
else:
    raises(threading.ThreadError, m.Lock().release)
`)
}

// TestProxiesBetweenVersions: proxies that are stored in shared objects, Queues among them (which CPython's servers up to 3.8 can't take), are proxies for all others. Python 2.7 has its own way: it gets what they refer to.
func TestProxiesBetweenVersions(t *testing.T) {
	s := build(t, townConfig)
	c := s.citizen(t, "citizen")
	box, shelf := c.create("dict"), c.create("list")
	before := c.objects()
	inEach(t, s, `
d, l = at('dict', '{box}'), at('list', '{shelf}')
q, inner, ns, lock = m.Queue(), m.list([1, 2]), m.Namespace(x=5), m.Lock()
inner.append(m.dict({'deep': 1}))
q.put('from {version}')
d['{version}'] = [q, inner, ns, lock, m.Event(), m.Value('i', 7), m.Array('i', [1, 2, 3])] if not PY2 else [inner, m.Value('i', 7)]
l.append(q if not PY2 else inner)
`, "box", box, "shelf", shelf)
	if n := c.objects(); n != before {
		t.Errorf("%d objects that clients hold, expected %d", n, before)
	}
	inEach(t, s, `
d, l = at('dict', '{box}'), at('list', '{shelf}')
def check(what, ok):
    if not ok:
        say('wrong', what)
if PY2:
    check('keys', '2.7' in d.keys())
    inner, value = d['2.7']
    check('a list', inner[:2] == [1, 2])
    check('length', len(l) > 0)
else:
    for key in d.keys():
        if key == '2.7':
            inner, value = d[key]
        else:
            q, inner, ns, lock, event, value, numbers = d[key]
            check('get', q.get(True, 10) == 'from ' + key)
            q.put('from ' + key)
            check('namespace', ns.x == 5)
            with lock:
                check('locked', not lock.acquire(False))
            event.set()
            check('event', event.wait(10))
            check('array', numbers[1] == 2 and len(numbers) == 3)
            check('is a proxy', isinstance(inner, managers.ListProxy) and isinstance(inner[2], managers.DictProxy))
            check('deep', inner[2]['deep'] == 1)
            inner[2]['seen by {version}'] = True
        check('a list', inner[0] == 1)
        value.value += 1
    for q in l[:]:
        if not isinstance(q, managers.ListProxy):
            q.put(q.get(True, 10))
`, "box", box, "shelf", shelf)
	// Nobody refers to them any more.
	c.want(nil, box, "clear")
	c.want(nil, shelf, "__delitem__", sliceOfAll)
	eventually(t, "what nobody refers to is gone", func() bool {
		return s.figures().objects == before
	})
}
