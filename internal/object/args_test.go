package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

var argsSignatures = map[string]*Signature{
	"append":  Builtin("list.append", "object"),
	"reverse": Builtin("list.reverse"),
	"pop":     Builtin("list.pop", "index="),
	"insert":  Builtin("list.insert", "index", "object"),
	"index":   Builtin("list.index", "value", "start=", "stop="),
	"list":    Builtin("list", "iterable="),
	"len":     Slot("__len__"),
	"delitem": Slot("__delitem__", "key"),
	"setitem": UnpackedSlot("__setitem__", "key", "value"),
	"sort":    Keywords("list.sort", "*", "key=", "reverse="),
	"acquire": Keywords("Lock.acquire", "blocking=", "timeout="),
	"encode":  Keywords("encode", "data", "errors="),
	"put":     Function("Queue.put", "item", "block=", "timeout="),
	"qsize":   Function("Queue.qsize"),
	"Barrier": Function("Barrier.__init__", "parties", "action=", "timeout="),
	"Array":   Function("Array", "typecode", "sequence", "lock="),
	"three":   Function("three", "a", "b", "c"),
	"only":    Function("only", "a", "*", "b="),
}

// TestArguments has the texts of Python 3.13, as it gives them for these functions.
func TestArguments(t *testing.T) {
	kw := func(pairs ...py.Value) *py.Dict { return dictOf(t, pairs...) }
	one := int64(1)
	for _, c := range []struct {
		name   string
		args   py.Tuple
		kwargs *py.Dict
		want   string
	}{
		{"append", nil, nil, "TypeError: list.append() takes exactly one argument (0 given)"},
		{"append", py.Tuple{one, one}, nil, "TypeError: list.append() takes exactly one argument (2 given)"},
		{"append", nil, kw("x", one), "TypeError: list.append() takes no keyword arguments"},
		{"append", py.Tuple{one}, kw(), "(1,)"},
		{"reverse", py.Tuple{one}, nil, "TypeError: list.reverse() takes no arguments (1 given)"},
		{"reverse", nil, nil, "()"},
		{"pop", py.Tuple{one, one}, nil, "TypeError: pop expected at most 1 argument, got 2"},
		{"pop", nil, nil, "('-',)"},
		{"insert", py.Tuple{one}, nil, "TypeError: insert expected 2 arguments, got 1"},
		{"index", nil, nil, "TypeError: index expected at least 1 argument, got 0"},
		{"index", py.Tuple{one, one, one, one}, nil, "TypeError: index expected at most 3 arguments, got 4"},
		{"list", py.Tuple{one, one}, nil, "TypeError: list expected at most 1 argument, got 2"},
		{"list", nil, kw("x", one), "TypeError: list() takes no keyword arguments"},
		{"len", py.Tuple{one}, nil, "TypeError: expected 0 arguments, got 1"},
		{"len", nil, kw("x", one), "TypeError: wrapper __len__() takes no keyword arguments"},
		{"delitem", nil, nil, "TypeError: expected 1 argument, got 0"},
		{"setitem", py.Tuple{one}, nil, "TypeError:  expected 2 arguments, got 1"},
		{"sort", py.Tuple{one}, nil, "TypeError: sort() takes no positional arguments"},
		{"sort", nil, kw("x", one), "TypeError: sort() got an unexpected keyword argument 'x'"},
		{"sort", py.Tuple{one, one}, kw("x", one), "TypeError: sort() takes at most 2 arguments (3 given)"},
		{"sort", nil, kw("reverse", true), "('-', True)"},
		{"acquire", py.Tuple{one, one, one}, nil, "TypeError: acquire() takes at most 2 arguments (3 given)"},
		{"acquire", py.Tuple{one}, kw("blocking", one), "TypeError: argument for acquire() given by name ('blocking') and position (1)"},
		{"acquire", nil, kw("timeout", one), "('-', 1)"},
		{"encode", nil, kw("errors", one), "TypeError: encode() missing required argument 'data' (pos 1)"},
		{"put", nil, nil, "TypeError: Queue.put() missing 1 required positional argument: 'item'"},
		{"put", py.Tuple{one, one, one, one}, nil, "TypeError: Queue.put() takes from 2 to 4 positional arguments but 5 were given"},
		{"put", py.Tuple{one}, kw("x", one), "TypeError: Queue.put() got an unexpected keyword argument 'x'"},
		{"put", py.Tuple{one}, kw("item", one), "TypeError: Queue.put() got multiple values for argument 'item'"},
		{"put", nil, kw("timeout", 2.5, "item", one), "(1, '-', 2.5)"},
		{"qsize", py.Tuple{one}, nil, "TypeError: Queue.qsize() takes 1 positional argument but 2 were given"},
		{"Barrier", nil, nil, "TypeError: Barrier.__init__() missing 1 required positional argument: 'parties'"},
		{"Array", nil, nil, "TypeError: Array() missing 2 required positional arguments: 'typecode' and 'sequence'"},
		{"Array", py.Tuple{one, one, one, one}, nil, "TypeError: Array() takes from 2 to 3 positional arguments but 4 were given"},
		{"three", nil, nil, "TypeError: three() missing 3 required positional arguments: 'a', 'b', and 'c'"},
		{"three", nil, kw("b", one), "TypeError: three() missing 2 required positional arguments: 'a' and 'c'"},
		{"only", py.Tuple{one, one}, nil, "TypeError: only() takes 1 positional argument but 2 were given"},
		{"only", py.Tuple{one}, kw("b", one), "(1, 1)"},
	} {
		s := argsSignatures[c.name]
		got := make(py.Tuple, len(s.params))
		into := make([]*py.Value, len(s.params))
		for i := range into {
			got[i], into[i] = "-", &got[i]
		}
		if text := outcomeOf(got, s.Parse(&Call{Args: c.args, Kwargs: c.kwargs}, into...)); text != c.want {
			t.Errorf("%s%v %v: %s; want %s", c.name, c.args, c.kwargs, text, c.want)
		}
	}
}

func TestArgumentsAllocateNothing(t *testing.T) {
	s := argsSignatures["put"]
	c := &Call{Args: py.Tuple{int64(1), true}}
	if n := testing.AllocsPerRun(100, func() {
		var item, block, timeout py.Value
		if err := s.Parse(c, &item, &block, &timeout); err != nil || item != int64(1) || block != true {
			t.Error(item, block, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
