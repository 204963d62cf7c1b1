package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestNamespace(t *testing.T) {
	o, err := NamespaceType.New(&Call{Kwargs: dictOf(t, "b", int64(1), "_hidden", nil)})
	if err != nil {
		t.Fatal(err)
	}
	checkCalls(t, o, []callCase{
		{"repr", nil, "Namespace(b=1)"},
		{"__setattr__", py.Tuple{"a", "x"}, "None"},
		{"__setattr__", py.Tuple{py.Str2("ab"), ints(1)}, "None"},
		{"__setattr__", py.Tuple{int64(1), "x"}, "TypeError: attribute name must be string, not 'int'"},
		{"__setattr__", py.Tuple{"x"}, "TypeError:  expected 2 arguments, got 1"},
		{"repr", nil, "Namespace(a='x', ab=[1], b=1)"},
		{"__getattribute__", py.Tuple{"a"}, "'x'"},
		{"__getattribute__", py.Tuple{"_hidden"}, "None"},
		{"__getattribute__", py.Tuple{"q"}, "AttributeError: 'Namespace' object has no attribute 'q'"},
		{"__getattribute__", py.Tuple{int64(1)}, "TypeError: attribute name must be string, not 'int'"},
		{"__getattribute__", nil, "TypeError: expected 1 argument, got 0"},
		{"__delattr__", py.Tuple{"a"}, "None"},
		{"__delattr__", py.Tuple{"a"}, "AttributeError: 'Namespace' object has no attribute 'a'"},
	})
	checkValue(t, o, "multiprocessing.managers.Namespace(b=1, _hidden=None, ab=[1])")
	if _, err := NamespaceType.New(&Call{Args: py.Tuple{int64(1)}}); err == nil || err.Error() != "TypeError: Namespace.__init__() takes 1 positional argument but 2 were given" {
		t.Error(err)
	}
}
