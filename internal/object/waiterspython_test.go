package object

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// A script is calls of one object by one caller, and their outcomes as Python has them, one a line.
type script struct {
	typ   *Type
	class string // in Python
	init  py.Tuple
	calls []callCase
}

// call1 is a call with its outcome; keywords are written as a last argument of type kw.
func call1(method, want string, args ...py.Value) callCase { return callCase{method, args, want} }

const (
	textEmpty    = "queue.Empty"
	textFull     = "queue.Full"
	textShutOff  = "queue.ShutDown"
	textBroken   = "threading.BrokenBarrierError"
	textTooFar   = "OverflowError: timestamp out of range for platform time_t"
	textTooLarge = "OverflowError: timestamp too large to convert to C PyTime_t"
	textNegative = "ValueError: timeout value must be a non-negative number"
	textBoth     = "ValueError: can't specify a timeout for a non-blocking call"
	textSemBoth  = "ValueError: can't specify timeout for non-blocking acquire"
	textBelow    = "ValueError: 'timeout' must be a non-negative number"
	textNotLess  = "TypeError: '<' not supported between instances of 'str' and 'int'"
	textNotMore  = "TypeError: '>' not supported between instances of 'str' and 'int'"
	textNotSum   = "TypeError: unsupported operand type(s) for +: 'float' and 'str'"
)

func scripts() []script {
	inf, nan, huge := math.Inf(1), math.NaN(), new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil)
	latch := func(typ *Type, class, name, stray string, again string) []script {
		return []script{{typ, class, nil, []callCase{
			call1("release", "RuntimeError: "+stray),
			call1("acquire", "True"),
			call1("acquire", again, false),
			call1("acquire", again, true, int64(0)),
			call1("acquire", again, true, 1e-9),
			call1("acquire", textNegative, true, int64(-5)),
			call1("acquire", textBoth, false, int64(1)),
			call1("acquire", textBoth, false, 0.0),
			call1("acquire", again, false, int64(-1)),
			call1("acquire", "ValueError: Invalid value NaN (not a number)", true, nan),
			call1("acquire", textTooFar, true, inf),
			call1("acquire", textTooLarge, true, huge),
			call1("acquire", "TypeError: 'NoneType' object cannot be interpreted as an integer", true, nil),
			call1("acquire", "TypeError: 'str' object cannot be interpreted as an integer", false, "x"),
			call1("acquire", "TypeError: acquire() takes at most 2 arguments (3 given)", int64(1), int64(2), int64(3)),
			call1("release", "TypeError: "+name+".release() takes no arguments (1 given)", int64(1)),
			call1("release", "None"),
		}}}
	}
	all := latch(LockType, "threading.Lock", "lock", "release unlocked lock", "False")
	all = append(all, latch(RLockType, "threading.RLock", "RLock", "cannot release un-acquired lock", "True")...)
	all = append(all, latch(ConditionType, "threading.Condition", "RLock", "cannot release un-acquired lock", "True")...)
	return append(all, []script{
		{LockType, "threading.Lock", nil, []callCase{
			call1("acquire", "True", "x"), call1("release", "None"), call1("acquire", "True", nil), call1("release", "None"),
			call1("release", "RuntimeError: release unlocked lock"),
		}},
		{RLockType, "threading.RLock", nil, []callCase{
			call1("acquire", "True"), call1("acquire", "True"), call1("release", "None"), call1("release", "None"),
			call1("release", "RuntimeError: cannot release un-acquired lock"),
		}},
		{SemaphoreType, "threading.Semaphore", py.Tuple{int64(-1)}, []callCase{call1("", "ValueError: semaphore initial value must be >= 0")}},
		{SemaphoreType, "threading.Semaphore", py.Tuple{"x"}, []callCase{call1("", textNotLess)}},
		{BoundedSemaphoreType, "threading.BoundedSemaphore", py.Tuple{int64(1), int64(2)}, []callCase{
			call1("", "TypeError: BoundedSemaphore.__init__() takes from 1 to 2 positional arguments but 3 were given"),
		}},
		{SemaphoreType, "threading.Semaphore", nil, []callCase{
			call1("acquire", textSemBoth, false, int64(1)), call1("acquire", "True", false, nil), call1("acquire", "False", false), call1("acquire", "False", true, int64(0)),
			call1("acquire", "False", true, int64(-5)), call1("acquire", "False", true, -inf), call1("acquire", textNotSum, true, "x"), call1("acquire", textTooFar, true, inf),
			call1("acquire", textTooLarge, true, huge), call1("acquire", "False", nil), call1("release", "ValueError: n must be one or more", int64(0)), call1("release", textNotLess, "x"),
			call1("release", "None", int64(2)), call1("acquire", "True", true, "x"), call1("acquire", "True", true, -1.0), call1("acquire", "False", true, 0.001),
			call1("acquire", "TypeError: Semaphore.acquire() takes from 1 to 3 positional arguments but 4 were given", int64(1), int64(2), int64(3)),
		}},
		{BoundedSemaphoreType, "threading.BoundedSemaphore", py.Tuple{int64(2)}, []callCase{
			call1("release", "ValueError: Semaphore released too many times"), call1("acquire", "True"), call1("release", "ValueError: Semaphore released too many times", int64(2)),
			call1("release", "None", true), call1("release", "ValueError: Semaphore released too many times"), call1("release", "ValueError: n must be one or more", false),
		}},
		{ConditionType, "threading.Condition", py.Tuple{int64(5)}, []callCase{call1("", "AttributeError: 'int' object has no attribute 'acquire'")}},
		{ConditionType, "threading.Condition", nil, []callCase{
			call1("wait", "RuntimeError: cannot wait on un-acquired lock"), call1("notify", "RuntimeError: cannot notify on un-acquired lock"),
			call1("notify_all", "RuntimeError: cannot notify on un-acquired lock"), call1("acquire", "True"), call1("wait", "False", int64(0)), call1("wait", "False", int64(-1)),
			call1("wait", "False", 0.001), call1("wait", textNotMore, "x"), call1("wait", textTooFar, inf), call1("wait", textTooLarge, huge), call1("wait", "False", -inf),
			call1("notify", "None"), call1("notify", "None", "x"), call1("notify_all", "None"), call1("notify", "None", int64(-1)),
			call1("wait", "TypeError: Condition.wait() takes from 1 to 2 positional arguments but 3 were given", int64(1), int64(2)),
			call1("notify_all", "TypeError: Condition.notify_all() takes 1 positional argument but 2 were given", int64(1)),
			call1("release", "None"), call1("release", "RuntimeError: cannot release un-acquired lock"),
		}},
		{EventType, "threading.Event", nil, []callCase{
			call1("is_set", "False"), call1("wait", "False", int64(0)), call1("wait", "False", int64(-1)), call1("wait", "False", 0.001), call1("wait", textNotMore, "x"),
			call1("wait", textTooFar, 1e300), call1("set", "None"), call1("wait", "True"), call1("wait", "True", "x"), call1("is_set", "True"), call1("clear", "None"),
			call1("is_set", "False"), call1("set", "TypeError: Event.set() takes 1 positional argument but 2 were given", int64(1)),
		}},
		{BarrierType, "threading.Barrier", py.Tuple{int64(0)}, []callCase{call1("", "ValueError: parties must be > 0")}},
		{BarrierType, "threading.Barrier", nil, []callCase{call1("", "TypeError: Barrier.__init__() missing 1 required positional argument: 'parties'")}},
		{BarrierType, "threading.Barrier", py.Tuple{int64(1)}, []callCase{
			call1("wait", "0"), call1("wait", "0", "x"), call1("wait", "0", int64(0)), call1("__getattribute__", "1", "parties"), call1("__getattribute__", "0", "n_waiting"),
			call1("__getattribute__", "False", "broken"), call1("abort", "None"), call1("__getattribute__", "True", "broken"), call1("wait", textBroken), call1("reset", "None"),
			call1("wait", "0"), call1("__getattribute__", "AttributeError: 'Barrier' object has no attribute 'x'", "x"),
			call1("__getattribute__", "TypeError: attribute name must be string, not 'int'", int64(5)), call1("__getattribute__", "TypeError: expected 1 argument, got 0"),
		}},
		{BarrierType, "threading.Barrier", py.Tuple{int64(2), nil, 0.001}, []callCase{
			call1("wait", textNotSum, "x"), call1("wait", textTooFar, inf), call1("__getattribute__", "False", "broken"), call1("wait", textBroken), call1("__getattribute__", "True", "broken"),
			call1("reset", "None"), call1("wait", textBroken, int64(-1)), call1("reset", "None"), call1("__getattribute__", "0", "n_waiting"),
		}},
		{QueueType, "queue.Queue", py.Tuple{int64(1), int64(2)}, []callCase{call1("", "TypeError: Queue.__init__() takes from 1 to 2 positional arguments but 3 were given")}},
		{QueueType, "queue.Queue", nil, []callCase{
			call1("get", textEmpty, false), call1("get", textEmpty, false, "x"), call1("get", textEmpty, true, int64(0)), call1("get", textBelow, true, int64(-1)), call1("get", textNotLess, true, "x"),
			call1("get", textEmpty, true, 0.001), call1("get", textTooFar, true, inf), call1("get", textTooFar, true, huge), call1("get", textEmpty, nil), call1("get_nowait", textEmpty),
			call1("put", "None", "a", true, int64(-1)), call1("put", "None", "b", true, "x"), call1("put_nowait", "None", int64(3)), call1("qsize", "3"), call1("full", "False"),
			call1("get", textBelow, true, int64(-1)), call1("get", textNotLess, true, "x"), call1("get", "'a'", true, inf), call1("get", "'b'", true, nan), call1("empty", "False"),
			call1("get", "3"), call1("empty", "True"), call1("task_done", "None"), call1("task_done", "None"), call1("task_done", "None"), call1("join", "None"),
			call1("task_done", "ValueError: task_done() called too many times"), call1("put", "TypeError: Queue.put() missing 1 required positional argument: 'item'"),
			call1("get", "TypeError: Queue.get() takes from 1 to 3 positional arguments but 4 were given", int64(1), int64(2), int64(3)),
			call1("get_nowait", "TypeError: Queue.get_nowait() takes 1 positional argument but 2 were given", int64(1)),
		}},
		{JoinableQueueType, "queue.Queue", py.Tuple{int64(1)}, []callCase{
			call1("put", "None", nil, true, inf), call1("full", "True"), call1("put", textFull, int64(1), false), call1("put", textFull, int64(1), false, int64(-1)), call1("put", textFull, int64(1), true, int64(0)),
			call1("put", textBelow, int64(1), true, int64(-1)), call1("put", textNotLess, int64(1), true, "x"), call1("put", textFull, int64(1), true, 0.001), call1("put", textTooFar, int64(1), true, inf),
			call1("put_nowait", textFull, int64(1)), call1("get", "None"), call1("put", textBelow, int64(1), true, int64(-1)),
		}},
		{QueueType, "queue.Queue", py.Tuple{1.5}, []callCase{call1("put", "None", int64(1)), call1("put", "None", int64(1)), call1("put", textFull, int64(1), false), call1("full", "True")}},
		{QueueType, "queue.Queue", py.Tuple{int64(2)}, []callCase{
			call1("put", "None", int64(1)), call1("put", "None", int64(2)), call1("shutdown", "None"), call1("put", textShutOff, int64(1)), call1("put", textShutOff, int64(1), true, "x"),
			call1("get", "1"), call1("get_nowait", "2"), call1("get", textShutOff), call1("get", textShutOff, false), call1("get", textShutOff, true, int64(-1)), call1("task_done", "None"),
			call1("task_done", "None"), call1("task_done", "ValueError: task_done() called too many times"),
		}},
		{QueueType, "queue.Queue", nil, []callCase{
			call1("put", "None", int64(1)), call1("put", "None", int64(2)), call1("put", "None", int64(3)), call1("get", "1"), call1("shutdown", "None", true), call1("qsize", "0"),
			call1("get", textShutOff), call1("task_done", "None"), call1("task_done", "ValueError: task_done() called too many times"), call1("join", "None"), call1("shutdown", "None"),
		}},
	}...)
}

// run makes the calls, and returns their outcomes.
func (s script) run(python2 bool) []string {
	a := newActor("a")
	o, err := s.typ.New(&Call{Args: s.init, Caller: a.Caller, Python2: python2})
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, c := range s.calls {
		out = append(out, outcomeOf(o.Type().Methods[c.method](o, &Call{Args: c.args, Caller: a.Caller, Python2: python2})))
	}
	return out
}

// python is the calls as a list of Python.
func (s script) python(t *testing.T) string {
	t.Helper()
	literal := func(args py.Tuple) string {
		text, err := py.Repr(args)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var b strings.Builder
	fmt.Fprintf(&b, "(%s, %s, [", s.class, literal(s.init))
	for _, c := range s.calls {
		fmt.Fprintf(&b, "(%q, %s), ", c.method, literal(c.args))
	}
	b.WriteString("])")
	return b.String()
}

func TestBlockingTypesAsDocumented(t *testing.T) {
	for _, s := range scripts() {
		out := s.run(false)
		for i, c := range s.calls {
			if i >= len(out) || out[i] != c.want {
				t.Errorf("%s%v: call %d, %s%v = %q; want %s", s.class, s.init, i, c.method, c.args, out[min(i, len(out)-1):][:1], c.want)
			}
		}
	}
}

// pythonRunner prints the outcomes of the scripts that it reads, one a line, and an textEmpty line behind each script.
const pythonRunner = `
from __future__ import print_function
import sys, threading, traceback
try:
    import queue
except ImportError:
    import Queue as queue
inf, nan = float('inf'), float('nan')
def text():
    kind, value = sys.exc_info()[:2]
    s = traceback.format_exception_only(kind, value)[-1].strip()
    return s.replace('_queue.', 'queue.') + (' ' if s.endswith(':') else '')
for make, init, calls in eval(sys.stdin.read()):
    try:
        o = make(*init)
    except Exception:
        print(text()); print(); continue
    for method, args in calls:
        try:
            print(repr(getattr(o, method)(*args)))
        except Exception:
            print(text())
    print()
`

// TestBlockingTypesAgainstPython: what the tables say is what Python does.
func TestBlockingTypesAgainstPython(t *testing.T) {
	pythons.Require(t)
	p, _ := pythons.Newest()
	if !p.AtLeast(3, 13) {
		t.Skipf("%s is too old: the texts are those of 3.13", p)
	}
	var source strings.Builder
	all := scripts()
	source.WriteString("[")
	for _, s := range all {
		source.WriteString(s.python(t) + ",\n")
	}
	source.WriteString("]")
	out, err := p.Run(pythonRunner, []byte(source.String()))
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(strings.ReplaceAll(string(out), "\r\n", "\n"), "\n\n")
	for i, s := range all {
		lines := strings.Split(texts[i], "\n")
		for j, c := range s.calls {
			if j >= len(lines) || lines[j] != c.want {
				t.Errorf("%s%v: %s has %s%v = %q; the table says %s", s.class, s.init, p, c.method, c.args, lines[min(j, len(lines)-1)], c.want)
			}
		}
	}
}

func TestPython2Results(t *testing.T) {
	for _, s := range []script{
		{LockType, "Lock", nil, []callCase{call1("release", "thread.error: release unlocked lock"), call1("acquire", "True"), call1("acquire", "False", int64(0))}},
		{RLockType, "RLock", nil, []callCase{call1("acquire", "True", true), call1("acquire", "1"), call1("acquire", "1", int64(0)), call1("release", "None")}},
		{ConditionType, "Condition", nil, []callCase{call1("acquire", "True"), call1("acquire", "1"), call1("wait", "None", int64(0)), call1("notify", "None")}},
		{EventType, "Event", nil, []callCase{call1("wait", "False", int64(0))}},
	} {
		out := s.run(true)
		for i, c := range s.calls {
			if out[i] != c.want {
				t.Errorf("%s: call %d, %s%v = %s; want %s", s.class, i, c.method, c.args, out[i], c.want)
			}
		}
	}
}
