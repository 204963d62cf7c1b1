package pickle

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// stockModule has classes whose instances come in unusual forms. "dump N" and an expression is answered with a pickle of its value; an expression of v and a pickle with what it is in Python.
var stockModule = pythons.Module{Name: "stock", Source: `
import collections, pickle, sys
Place = collections.namedtuple('Place', 'street number')
class Named(collections.namedtuple('Named', 'street number')):
    pass
class Base(object):
    def __init__(self, x): self.x = x
class L(list): pass
class D(dict): pass
class I(int): pass
class S(type(u'')): pass
class Refused(Exception):
    def __init__(self, code, msg):
        Exception.__init__(self, code, msg)
        self.code, self.msg = code, msg
class Text(object):
    def __init__(self, text): self.text = text
def with_attribute(v):
    v.note = u'n'
    return v
if sys.version_info >= (3, 4):
    import enum, pathlib
    class Color(enum.Enum):
        RED = 1
        GREEN = 2
    class Perm(enum.IntFlag if sys.version_info >= (3, 6) else enum.IntEnum):
        R = 4
        W = 2
    class Size(str, enum.Enum):
        SMALL = 's'
if sys.version_info >= (3, 10):
    import dataclasses
    Frozen = dataclasses.make_dataclass('Frozen', ['street', 'number'], frozen=True, slots=True)
    Frozen.__module__ = 'stock'
def handle(request):
    what, data = request.split(b'\n', 1)
    what = what.decode()
    if what.startswith('dump '):
        return pickle.dumps(eval(data.decode()), int(what[5:]))
    return repr(eval(what, globals(), {'v': pickle.loads(data)})).replace("u'", "'").encode()
`}

type (
	stockPlace struct {
		_      struct{} `pickle:",tuple"`
		Street string   `pickle:"street"`
		Number int      `pickle:"number"`
	}
	stockFrozen struct {
		Street string `pickle:"street"`
		Number int    `pickle:"number"`
	}
	stockBase struct {
		X int `pickle:"x"`
	}
	stockRefused struct {
		Code int    `pickle:"code"`
		Msg  string `pickle:"msg"`
	}
	stockText struct {
		Text string `pickle:"text"`
	}
	stockI struct {
		N int `pickle:"n"`
	}
	stockItems struct {
		A int `pickle:"a"`
	}
	stockColor int
	stockPerm  uint16
	stockSize  string
)

func (stockRefused) Error() string                 { return "refused" }
func (*stockText) Error() string                   { return "text" }
func (stockText) MarshalText() ([]byte, error)     { return []byte("txt"), nil }
func (*stockText) UnmarshalText(text []byte) error { return errors.New("not this way") }
func (stockColor) MarshalText() ([]byte, error)    { return []byte("a color"), nil }

func stockRegistry() *Registry {
	r := NewRegistry()
	RegisterClass[stockPlace](r, "stock", "Place", "street", "number")
	RegisterClass[stockFrozen](r, "stock", "Frozen", "street", "number")
	RegisterClass[stockBase](r, "stock", "Base")
	RegisterClass[stockRefused](r, "stock", "Refused", "code", "msg")
	RegisterClass[stockText](r, "stock", "Text")
	RegisterClass[stockI](r, "stock", "I", "n")
	RegisterEnum[stockColor](r, "stock", "Color")
	RegisterEnum[stockPerm](r, "stock", "Perm")
	RegisterEnum[stockSize](r, "stock", "Size")
	return r
}

// TestPythonInstances reads what instances of the unusual kinds are in each protocol, into variables of all types that take them, and writes those that are registered.
func TestPythonInstances(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			child := p.Serve(t, stockModule)
			for protocol := range p.Protocol() + 1 {
				none, all := Config{}, Config{Registry: stockRegistry(), Protocol: max(protocol, 2)}
				dump := func(expr string) []byte {
					t.Helper()
					data, err := child.Call(fmt.Appendf(nil, "dump %d\n%s", protocol, expr))
					if err != nil {
						t.Fatal(err)
					}
					return data
				}
				// reads checks what a variable of to's type gets.
				reads := func(c Config, expr string, to any, want string) {
					t.Helper()
					data := dump(expr)
					if err := c.Unmarshal(data, to); err != nil {
						t.Errorf("protocol %d: %s into %T: %v\n%q", protocol, expr, to, err, data)
					} else if got := strings.TrimPrefix(fmt.Sprintf("%+v", to), "&"); got != want {
						t.Errorf("protocol %d: %s into %T is %s, want %s", protocol, expr, to, got, want)
					}
				}
				// becomes checks what Decode gives, and what is written of it again.
				becomes := func(expr string, want py.Value, check, inPython string) {
					t.Helper()
					data := dump(expr)
					v, err := all.Decode(data)
					if err != nil {
						t.Errorf("protocol %d: %s: %v\n%q", protocol, expr, err, data)
						return
					}
					if !reflect.DeepEqual(v, want) {
						t.Errorf("protocol %d: %s is %#v, want %#v", protocol, expr, v, want)
					}
					back, err := all.Marshal(v)
					if err != nil {
						t.Fatal(err)
					}
					text, err := child.Call(append([]byte(check+"\n"), back...))
					if err != nil || string(text) != inPython {
						t.Errorf("protocol %d: %s is written so that %s is %s, %v; want %s", protocol, expr, check, text, err, inPython)
					}
				}
				refuses := func(c Config, expr string, to any, want string) {
					t.Helper()
					err := c.Unmarshal(dump(expr), to)
					if err == nil || err.Error() != want {
						t.Errorf("protocol %d: %s into %T: %v\nwant %s", protocol, expr, to, err, want)
					}
				}

				for _, class := range []string{"Place", "Named"} {
					reads(none, class+"(u'Elm', 5)", new(stockPlace), "{_:{} Street:Elm Number:5}")
					reads(none, class+"(1, 2)", new([]int), "[1 2]")
					reads(none, class+"(1, 2)", new([2]int), "[1 2]")
				}
				becomes("Place(u'Elm', 5)", &stockPlace{Street: "Elm", Number: 5}, "(type(v) is Place, tuple(v))", "(True, ('Elm', 5))")
				becomes("Base(5)", &stockBase{5}, "(type(v) is Base, v.x)", "(True, 5)")
				becomes("Refused(5, u'm')", &stockRefused{5, "m"}, "(type(v) is Refused, v.code, v.msg)", "(True, 5, 'm')")
				becomes("Text(u't')", &stockText{"t"}, "(type(v) is Text, v.text)", "(True, 't')")
				becomes("I(5)", &stockI{5}, "(type(v) is I, v)", "(True, 5)")

				reads(none, "L([1, 2])", new([]int), "[1 2]")
				reads(none, "with_attribute(L([1, 2]))", new([2]int), "[1 2]")
				reads(none, "D({u'a': 1})", new(map[string]int), "map[a:1]")
				reads(none, "with_attribute(D({u'a': 1}))", new(map[string]int), "map[a:1]")
				reads(none, "D({u'a': 1})", new(stockItems), "{A:1}")
				hint := "; py.Object.EnumValue has the value of an Enum's member, and RegisterEnum, a method UnmarshalPickle or Registry.Construct makes it something else"
				if p.Major > 2 {
					refuses(none, "I(5)", new(int), "pickle: Python's I into Go's int: it is an instance of stock.I"+hint)
					refuses(none, "S(u's')", new(string), "pickle: Python's S into Go's string: it is an instance of stock.S"+hint)
					refuses(none, "[Color.RED]", new([]string), "pickle: [0]: Python's Color into Go's string: it is an instance of stock.Color"+hint)

					var path string
					err := none.Unmarshal(dump("pathlib.PurePosixPath('/a/b')"), &path)
					if err == nil || !strings.HasPrefix(err.Error(), "pickle: Python's PurePosixPath into Go's string: it is an instance of pathlib.") {
						t.Errorf("protocol %d: a path: %v", protocol, err)
					}
					reads(all, "[Color.RED, Color.GREEN]", new([]stockColor), "[1 2]")
					reads(all, "{Color.GREEN: Perm(4), Color.RED: Perm.W}", new(map[stockColor]stockPerm), "map[1:2 2:4]")
					reads(all, "{Size.SMALL}", new(map[stockSize]struct{}), "map[s:{}]")
					becomes("Color.RED", &py.Object{Class: py.Global{Module: "stock", Name: "Color"}, Args: py.Tuple{int64(1)}}, "v", "<Color.RED: 1>")
					refuses(all, "Color.RED", new(stockPerm), "pickle: Python's Color into Go's pickle.stockPerm: it is an instance of stock.Color"+hint)
					data, err := all.Marshal(map[stockColor]any{1: stockPerm(2), 2: []stockSize{"s"}})
					if err != nil {
						t.Fatal(err)
					}
					text, err := child.Call(append([]byte("v == {Color.RED: Perm.W, Color.GREEN: [Size.SMALL]}\n"), data...))
					if err != nil || string(text) != "True" {
						t.Errorf("protocol %d: members are written so that Python has %s, %v", protocol, text, err)
					}
				}
				if p.AtLeast(3, 10) {
					reads(none, "Frozen('Elm', 5)", new(stockPlace), "{_:{} Street:Elm Number:5}")
					becomes("Frozen('Elm', 5)", &stockFrozen{"Elm", 5}, "v", "Frozen(street='Elm', number=5)")
					refuses(none, "Frozen('Elm', 5)", new(stockFrozen), "pickle: Python's Frozen into Go's pickle.stockFrozen: "+
						`its parts have no names in the pickle; the tag pickle:",tuple" on a blank field takes them by position, and RegisterClass makes them fields`)
				}
			}
		})
	}
}
