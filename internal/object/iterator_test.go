package object

import (
	"errors"
	"iter"
	"runtime"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func iterate(t *testing.T, o Object) Object {
	t.Helper()
	return mustInvoke(t, o, "__iter__").(Object)
}

func TestDictIterator(t *testing.T) {
	d := makeObject(t, DictType, dictOf(t, "a", int64(1), "b", int64(2), "c", int64(3)))
	it := iterate(t, d)
	checkCalls(t, it, []callCase{
		{"__next__", py.Tuple{nil}, "TypeError: expected 0 arguments, got 1"},
		{"__next__", nil, "'a'"},
		{"next", nil, "'b'"},
	})
	value, err := it.Value()
	if got := outcomeOf(value, err); got != "iter(['c'])" {
		t.Errorf("the value is %s", got)
	}
	checkCalls(t, it, []callCase{
		{"__next__", nil, "'c'"},
		{"__next__", nil, "StopIteration"},
		{"__next__", nil, "StopIteration"},
	})
	for _, name := range []string{"send", "throw", "close"} {
		if it.Type().Methods[name] != nil {
			t.Errorf("it has %s", name)
		}
	}

	it = iterate(t, d)
	mustInvoke(t, it, "__next__")
	mustInvoke(t, d, "__setitem__", "d", nil)
	size := "RuntimeError: dictionary changed size during iteration"
	checkCalls(t, it, []callCase{{"__next__", nil, size}, {"__next__", nil, size}})
	if _, err := it.Value(); err == nil || err.Error() != size {
		t.Errorf("the value: %v", err)
	}

	it = iterate(t, d)
	mustInvoke(t, it, "__next__")
	mustInvoke(t, d, "popitem")
	mustInvoke(t, d, "__setitem__", "e", nil)
	mustInvoke(t, d, "__setitem__", "a", "a new value is no change of the keys")
	checkCalls(t, it, []callCase{{"__next__", nil, "'b'"}, {"__next__", nil, "'c'"}, {"__next__", nil, "'e'"}, {"__next__", nil, "StopIteration"}})
}

func TestSetIterator(t *testing.T) {
	s := makeObject(t, SetType, "ab")
	it := iterate(t, s)
	checkCalls(t, it, []callCase{{"__next__", nil, "'a'"}})
	mustInvoke(t, s, "add", "c")
	checkCalls(t, it, []callCase{{"__next__", nil, "RuntimeError: Set changed size during iteration"}})
	if text, err := it.Repr(); err != nil || !strings.HasPrefix(text, "<set_iterator object at 0x") {
		t.Errorf("%s, %v", text, err)
	}
}

// counting is a sequence of so many ints, with an error behind them if it is not nil, that tells its end.
func counting(n int64, failed error, ended *bool) iter.Seq2[py.Value, error] {
	return func(yield func(py.Value, error) bool) {
		defer func() { *ended = true }()
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if failed != nil {
			yield(nil, failed)
		}
	}
}

func TestGenerator(t *testing.T) {
	value := py.ValueError("no")
	for name, c := range map[string]struct {
		n     int64
		err   error
		calls []callCase
	}{
		"all": {2, nil, []callCase{
			{"__next__", py.Tuple{nil}, "TypeError: expected 0 arguments, got 1"},
			{"__next__", nil, "0"}, {"next", nil, "1"}, {"__next__", nil, "StopIteration"}, {"send", py.Tuple{nil}, "StopIteration"},
		}},
		"send": {9, nil, []callCase{
			{"send", nil, "TypeError: generator.send() takes exactly one argument (0 given)"},
			{"send", py.Tuple{"x"}, "TypeError: can't send non-None value to a just-started generator"},
			{"send", py.Tuple{nil}, "0"}, {"send", py.Tuple{"x"}, "1"}, {"close", nil, "None"}, {"__next__", nil, "StopIteration"},
		}},
		"throw": {9, nil, []callCase{
			{"throw", nil, "TypeError: throw expected at least 1 argument, got 0"},
			{"throw", py.Tuple{int64(5)}, "TypeError: exceptions must be classes or instances deriving from BaseException, not int"},
			{"__next__", nil, "0"},
			{"throw", py.Tuple{value, int64(1)}, "TypeError: instance exception may not have a separate value"},
			{"throw", py.Tuple{value}, "ValueError: no"},
			{"throw", py.Tuple{builtin("KeyError"), "k"}, "KeyError: 'k'"},
			{"throw", py.Tuple{builtin("OSError"), py.Tuple{int64(2), "x"}}, "OSError: [Errno 2] x"},
			{"throw", py.Tuple{builtin("ValueError"), value}, "ValueError: no"},
			{"throw", py.Tuple{builtin("ValueError")}, "ValueError"},
			{"__next__", nil, "StopIteration"}, {"close", nil, "None"},
		}},
		"close": {9, nil, []callCase{{"close", py.Tuple{nil}, "TypeError: generator.close() takes no arguments (1 given)"}, {"__next__", nil, "0"}, {"close", nil, "None"}, {"close", nil, "None"}}},
		"error": {1, value, []callCase{{"__next__", nil, "0"}, {"__next__", nil, "ValueError: no"}, {"__next__", nil, "StopIteration"}}},
	} {
		t.Run(name, func(t *testing.T) {
			ended := false
			checkCalls(t, NewIterator(counting(c.n, c.err, &ended)), c.calls)
			if !ended {
				t.Error("the sequence has not ended")
			}
		})
	}
	ended := false
	g := NewIterator(counting(3, nil, &ended))
	if _, err := g.Value(); !errors.Is(err, ErrUnserializable) {
		t.Errorf("the value: %v", err)
	}
	mustInvoke(t, g, "__next__")
	checkCalls(t, makeObject(t, ListType, refTo(g)), []callCase{{"repr", nil, "[1, 2]"}})
}

// TestGeneratorIsBusy: as in Python a second call does not wait for the first.
func TestGeneratorIsBusy(t *testing.T) {
	inside, goOn := make(chan struct{}), make(chan struct{})
	g := NewIterator(func(yield func(py.Value, error) bool) {
		close(inside)
		<-goOn
		yield("x", nil)
	})
	first := make(chan string)
	go func() { first <- outcomeOf(invoke(g, "__next__")) }()
	<-inside
	checkCalls(t, g, []callCase{
		{"__next__", nil, "ValueError: generator already executing"},
		{"send", py.Tuple{nil}, "ValueError: generator already executing"},
		{"close", nil, "ValueError: generator already executing"},
	})
	close(goOn)
	if got := <-first; got != "'x'" {
		t.Error(got)
	}
}

// TestGeneratorIsCollected: a sequence that nobody reads to its end is ended when its iterator is garbage.
func TestGeneratorIsCollected(t *testing.T) {
	ended := make(chan struct{})
	func() {
		g := NewIterator(func(yield func(py.Value, error) bool) {
			defer close(ended)
			for yield(nil, nil) {
			}
		})
		mustInvoke(t, g, "__next__")
	}()
	eventually(t, "the sequence ends", func() bool {
		runtime.GC()
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
}
