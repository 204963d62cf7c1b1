package py_test

import (
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// hashables answers with (name, pickle, what hash says, the items of a list) of instances of several classes.
// There is none of a subclass of set, which a pickle does not tell from one of frozenset.
const hashables = `
import argparse, collections, decimal, fractions, functools, pickle, sys, types

class Items(list): pass
class Pairs(dict): pass
class Row(tuple): pass
class Plain(object):
    def __init__(self): self.x = [1]
class Key(dict):
    def __hash__(self): return 1
class KeyItems(list):
    def __hash__(self): return 1

def handle(request):
    values = [collections.deque([1]), collections.deque(), collections.Counter('a'), collections.defaultdict(list, {1: 2}), Items([1, u'b']), Pairs({1: 2}), Row([1]), Plain(), argparse.Namespace(a=1)]
    if sys.version_info[0] > 2:
        values += [types.SimpleNamespace(a=1), collections.ChainMap({}), collections.UserDict(), collections.UserList([1]), collections.UserString('a'), functools.partial(int)]
    answer = []
    for protocol in range(int(request.decode('ascii')) + 1):
        for v in values:
            outcome = ''
            try:
                hash(v)
            except TypeError as e:
                if not isinstance(v, (Items, Pairs)): # their classes might have a __hash__, as far as a pickle tells
                    outcome = 'TypeError: ' + str(e)
            items = list(v) if isinstance(v, list) else None
            answer.append((type(v).__name__, bytearray(pickle.dumps(v, protocol)), outcome, items))
        for v in Key({1: 2}), KeyItems([1]):
            answer.append((type(v).__name__, bytearray(pickle.dumps({v: 1}, protocol)), '', None))
    return pickle.dumps(answer, 2)
`

// TestHashableAsInPython: what can't be a key in Python can't be one here, but for instances of the program's own classes.
func TestHashableAsInPython(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			child := p.Serve(t, pythons.Module{Name: "hashables", Source: hashables})
			protocol := "4"
			if p.Major == 2 {
				protocol = "2"
			}
			reply, err := child.Call([]byte(protocol))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := pickle.Decode(reply)
			if err != nil {
				t.Fatal(err)
			}
			for _, each := range answer.(*py.List).Items {
				parts := each.(py.Tuple)
				name, _ := py.Text(parts[0])
				want, _ := py.Text(parts[2])
				v, err := pickle.Decode(parts[1].(*py.ByteArray).B)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				checkHashable(t, name, v, want)
				if want, isList := parts[3].(*py.List); isList {
					items, ok := v.(*py.Object).ListItems()
					if equal, err := py.Equal(py.NewList(items...), want); !ok || !equal || err != nil {
						t.Errorf("%s has the items %v, %v; want %v", name, items, ok, want)
					}
				} else if o, ok := v.(*py.Object); ok {
					if items, ok := o.ListItems(); ok {
						t.Errorf("%s has the items %v of a list", name, items)
					}
				}
			}
		})
	}
}

// checkHashable takes a value as a key; the keys of a dict are taken for new dicts and sets.
func checkHashable(t *testing.T, name string, v py.Value, want string) {
	t.Helper()
	keys := []py.Value{v}
	if d, ok := v.(*py.Dict); ok {
		keys = nil
		for k := range d.Keys() {
			keys = append(keys, k, py.Tuple{k})
		}
	}
	for _, k := range keys {
		_, inSet := py.NewSet(k)
		for _, err := range []error{py.NewDict().Set(k, nil), inSet} {
			got := ""
			if err != nil {
				got = err.Error()
			}
			if strings.HasPrefix(want, "TypeError: unhashable") != (got != "") || got != "" && !strings.HasSuffix(want, ": '"+py.TypeName(k)+"'") {
				t.Errorf("%s: %q; want %q", name, got, want)
			}
		}
	}
}
