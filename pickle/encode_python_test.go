package pickle

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// classes are those of the objects in the tests.
var classes = pythons.Module{Name: "classes", Source: `
class C(object): pass
class Old: pass
class OldArgs:
    def __init__(self, *args): self.args = args
class L(list): pass
class D(dict): pass
class S(set): pass
class K(object):
    def __new__(cls, *args, **kw):
        self = object.__new__(cls)
        self.made = args, sorted(kw.items())
        return self
class Outer(object):
    class Inner(object): pass
class Key(object):
    def __init__(self, *args): self.args = args
class T(object):
    def __init__(self, x): self.x = x
def ident(x): return x
`}

// reads unpickles in all ways that a Python has, and evaluates an expression on v, the result.
var reads = pythons.Module{Name: "reads", Source: `
import array, classes, collections, datetime, decimal, fractions, io, math, os, pickle, pickletools, sys, uuid
P2 = sys.version_info[0] == 2
if P2:
    import cPickle
    text = unicode
    loads = [cPickle.loads, pickle.loads, lambda b: cPickle.load(io.BytesIO(b))]
else:
    text = str
    loads = [pickle.loads, pickle._loads, lambda b: pickle.load(io.BytesIO(b))]

def same(a, b):
    return type(a) is type(b) and a == b and repr(a) == repr(b)

class ByID:
    """An unpickler for persistent references."""
    @staticmethod
    def load(data):
        if P2:
            u = cPickle.Unpickler(io.BytesIO(data))
            u.persistent_load = lambda i: ("ref", i)
        else:
            class U(pickle.Unpickler):
                def persistent_load(self, i): return ("ref", i)
            u = U(io.BytesIO(data))
        return u.load()

def handle(request):
    check, data = request.split(b"\n", 1)
    check = check.decode("utf-8")
    if check.startswith("ID "):
        ways, check = [ByID.load], check[3:]
    else:
        ways = loads
    for load in ways:
        v = load(data)
        env = dict(globals(), v=v)
        if not eval(check, env):
            try: shown = repr(v)
            except Exception as e: shown = repr(e)
            return shown[:1000].encode("utf-8") or b"?"
    if not P2:
        pickletools.dis(data, out=io.StringIO())
    return b""
`}

// readings are values, and what Python must find in them.
func readings(t testing.TB) []reading {
	l := py.NewList()
	d := mustDict(t, "self", nil)
	fillDict(t, d, "self", d)
	c := func(name string) py.Global { return py.Global{Module: "classes", Name: name} }
	self := &py.Object{Form: py.Made, Class: c("C"), Built: true}
	self.State = mustDict(t, "me", self, "list", py.NewList(self))
	arg := &py.Object{Class: c("T")}
	arg.Args = py.Tuple{py.NewList(1, arg)}
	arg.Built, arg.State = true, mustDict(t, "y", 2)
	key := &py.Object{Form: py.Made, Class: c("C"), Built: true}
	fs := mustFrozenSet(t, key)
	key.State = mustDict(t, "set", fs)
	set := mustSet(t)
	elem := &py.Object{Form: py.Made, Class: c("C"), Built: true, State: mustDict(t, "set", set)}
	if _, err := set.Add(elem); err != nil {
		t.Fatal(err)
	}
	sl := py.NewList()
	slice := py.Value(py.Slice{Start: sl, Stop: nil, Step: nil})
	sl.Items = []py.Value{slice}
	od := &py.OrderedDict{State: mustDict(t, "x", 1)}
	fillDict(t, &od.Dict, "b", 1, "a", 2)
	many := py.NewList()
	for i := range 2500 {
		many.Items = append(many.Items, int64(i))
	}
	manyKeys := py.NewDict()
	for i := range 2001 {
		fillDict(t, manyKeys, i, float64(i))
	}
	elems := make([]py.Value, 1001)
	for i := range elems {
		elems[i] = i
	}
	long := strings.Repeat("0123456789abcdef", 5000)
	date := py.Value(py.Date{Year: 2024, Month: 2, Day: 29})
	utc := py.Value(py.TimeZone{})
	zone := &py.Object{Class: c("ident"), Args: py.Tuple{py.TimeZone{Offset: py.TimeDelta{Days: -1, Seconds: 3600}, Name: "x"}}}
	dec := func(s string) *py.Decimal {
		d, err := py.ParseDecimal(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	var memo []py.Value // more than 256 places in the memo
	for i := range 300 {
		x := py.NewList(i)
		memo = append(memo, x, x)
	}
	return []reading{
		{v: nil, check: "v is None"},
		{v: py.Tuple{true, false}, check: "v == (True, False) and v[0] is True"},
		{v: py.NewList(0, 255, 256, 65535, 65536, -1, math.MaxInt32, math.MinInt32), check: "same(v, [0, 255, 256, 65535, 65536, -1, 2**31-1, -2**31])"},
		{v: py.NewList(int64(1<<31), int64(math.MinInt64), int64(math.MaxInt64), uint64(math.MaxUint64)), check: "v == [2**31, -2**63, 2**63-1, 2**64-1]"},
		{v: new(big.Int).Lsh(big.NewInt(-1), 5000), check: "v == -2**5000"},
		{v: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 5000), big.NewInt(1)), check: "v == 2**5000 - 1"},
		{v: py.NewList(1.5, math.Copysign(0, -1), math.Inf(1), math.NaN(), math.SmallestNonzeroFloat64), check: "v[0] == 1.5 and math.copysign(1, v[1]) == -1 and v[2] == float('inf') and v[3] != v[3] and v[4] == 5e-324"},
		{v: "aé€\U0001f600\x00", check: "same(v, b'a\\xc3\\xa9\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80\\x00'.decode('utf-8'))"},
		{v: "\xed\xa0\x80x\xed\xbf\xbf", check: "len(v) == 3 and ord(v[0]) == 0xd800 and ord(v[2]) == 0xdfff"},
		{v: long, check: "same(v, text('0123456789abcdef') * 5000)"},
		{v: py.NewList(long, 1, py.Bytes(long), long), check: "v[0] == v[3] and v[0] is v[3] and v[1] == 1 and v[2] == v[0].encode('ascii')"},
		{v: py.Bytes("\x00\x7f\x80\xff"), check: "same(v, b'\\x00\\x7f\\x80\\xff')"},
		{v: py.Bytes(""), check: "same(v, b'')"},
		{v: py.Bytes("x"), check: "same(v, b'x')"},
		{v: py.Bytes(strings.Repeat("\xff\x00", 100_000)), check: "same(v, b'\\xff\\x00' * 100000)"},
		{v: py.Tuple{py.Bytes("ab"), py.Bytes("cd"), py.Bytes("")}, check: "same(v, (b'ab', b'cd', b''))"},
		{v: py.Str2("abc"), check: "same(v, 'abc')"},
		{v: py.Str2("\xff"), check: "same(v, b'\\xff')", python2: true},
		{v: py.Str2("\xff"), check: "same(v, b'\\xff')", from: 3},
		{v: py.Str2(strings.Repeat("x", 70_000)), check: "same(v, 'x' * 70000)"},
		{v: &py.ByteArray{B: []byte("\x00\xff")}, check: "same(v, bytearray(b'\\x00\\xff'))"},
		{v: &py.ByteArray{}, check: "same(v, bytearray())"},
		{v: &py.ByteArray{B: []byte(strings.Repeat("\x80", 70_000))}, check: "same(v, bytearray(b'\\x80' * 70000))"},
		{v: py.NewList(py.Tuple{}, py.Tuple{1}, py.Tuple{1, 2}, py.Tuple{1, 2, 3}, py.Tuple{1, 2, 3, 4}), check: "same(v, [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)])"},
		{v: py.NewList(l, l, l), check: "v[0] is v[1] is v[2] and v == [[], [], []]"},
		{v: d, check: "v['self'] is v"},
		{v: many, check: "v == list(range(2500))"},
		{v: manyKeys, check: "v == dict((i, float(i)) for i in range(2001)) and (P2 or list(v) == list(range(2001)))"},
		{v: py.NewList(memo...), check: "all(v[i] is v[i+1] and v[i] == [i//2] for i in range(0, 600, 2))"},
		{v: mustSet(t, elems...), check: "same(v, set(range(1001)))"},
		{v: mustFrozenSet(t, elems...), check: "same(v, frozenset(range(1001)))"},
		{v: py.NewList(mustSet(t), mustFrozenSet(t), mustSet(t, "a"), mustFrozenSet(t, mustFrozenSet(t))), check: "v == [set(), frozenset(), set(['a']), frozenset([frozenset()])]"},
		{v: loop(), check: "type(v) is tuple and v[0][0] is v and v[1] == 1 and len(v[0]) == 1"},
		{v: set, check: "len(v) == 1 and list(v)[0].set is v"},
		{v: fs, check: "len(v) == 1 and list(v)[0].set is v"},

		{v: self, check: "v.me is v and v.list[0] is v and type(v) is classes.C"},
		{v: arg, check: "type(v) is classes.T and v.x[0] == 1 and v.x[1] is v and v.y == 2 and len(v.x) == 2"},
		{v: &py.Object{Form: py.Made, Class: c("L"), Items: elems, Built: true, State: mustDict(t, "x", 1)}, check: "type(v) is classes.L and v == list(range(1001)) and v.x == 1"},
		{v: &py.Object{Form: py.Made, Class: c("D"), Pairs: []py.Pair{{Key: 1, Value: 2}, {Key: 3, Value: 4}}}, check: "type(v) is classes.D and v == {1: 2, 3: 4}"},
		{v: &py.Object{Form: py.MadeWith, Class: c("K"), Args: py.Tuple{1}, Kwargs: mustDict(t, "a", 2, "b", 3)}, check: "type(v) is classes.K and v.made == ((1,), [('a', 2), ('b', 3)])"},
		{v: &py.Object{Form: py.MadeWith, Class: c("K"), Args: py.Tuple{1}}, check: "v.made == ((1,), [])"},
		{v: &py.Object{Form: py.Classic, Class: c("Old"), Built: true, State: mustDict(t, "x", 1)}, check: "v.__class__ is classes.Old and v.x == 1"},
		{v: &py.Object{Form: py.Classic, Class: c("OldArgs"), Args: py.Tuple{1, 2}}, check: "v.args == (1, 2)"},
		{v: c("C"), check: "v is classes.C"},
		{v: c("Outer.Inner"), check: "v is classes.Outer.Inner"},
		{v: py.NewList(c("Outer.Inner"), c("Outer.Inner")), check: "v[0] is v[1] is classes.Outer.Inner"},
		{v: py.Tuple{py.Global{Module: "builtins", Name: "KeyError"}, py.Global{Module: "queue", Name: "Empty"}, py.Global{Module: "copyreg", Name: "_reconstructor"}, py.Global{Module: "builtins", Name: "set"}},
			check: "v == (KeyError, __import__('Queue' if P2 else 'queue').Empty, __import__('copy_reg' if P2 else 'copyreg')._reconstructor, set)"},
		{v: &py.Persistent{ID: py.Tuple{1, "x"}}, check: "ID v == ('ref', (1, 'x'))"},

		{v: py.NewException("KeyError", "k", 1), check: "type(v) is KeyError and v.args == ('k', 1)"},
		{v: &py.Exception{Class: py.Global{Module: "builtins", Name: "ValueError"}, State: mustDict(t, "note", 1)}, check: "type(v) is ValueError and v.args == () and v.note == 1"},
		{v: py.OSError(2, "x"), check: "isinstance(v, OSError) and v.args == (2, 'x')"},
		{v: od, check: "type(v) is collections.OrderedDict and list(v.items()) == [('b', 1), ('a', 2)] and v.x == 1"},
		{v: &py.OrderedDict{}, check: "same(v, collections.OrderedDict())"},

		{v: py.NewList(date, date), check: "same(v, [datetime.date(2024, 2, 29)] * 2) and v[0] is v[1]"},
		{v: py.Date{Year: 255, Month: 12, Day: 31}, check: "same(v, datetime.date(255, 12, 31))"},
		{v: py.DateTime{Year: 9999, Month: 12, Day: 31, Hour: 23, Minute: 59, Second: 58, Microsecond: 999999}, check: "same(v, datetime.datetime(9999, 12, 31, 23, 59, 58, 999999))"},
		{v: py.DateTime{Year: 2024, Month: 3, Day: 1, Fold: 1}, check: "same(v, datetime.datetime(2024, 3, 1, fold=1)) and v.fold == 1", from: 4},
		{v: py.DateTime{Year: 2024, Month: 3, Day: 1, Fold: 1}, check: "v == datetime.datetime(2024, 3, 1)"},
		{v: py.DateTime{Year: 2024, Month: 3, Day: 1, TZ: utc}, check: "same(v, datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc))", python3: true},
		{v: py.DateTime{Year: 2024, Month: 3, Day: 1, TZ: zone}, check: "same(v, datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-23), 'x')))", python3: true},
		{v: py.Time{Hour: 23, Minute: 1, Second: 2, Microsecond: 3}, check: "same(v, datetime.time(23, 1, 2, 3))"},
		{v: py.Time{Hour: 23, Fold: 1, TZ: utc}, check: "v.fold == 1 and v.tzinfo is datetime.timezone.utc", from: 4},
		{v: py.TimeDelta{Days: -999999999, Seconds: 86399, Microseconds: 999999}, check: "same(v, datetime.timedelta(-999999999, 86399, 999999))"},
		{v: py.TimeZone{Offset: py.TimeDelta{Seconds: 3600}, Name: "x"}, check: "same(v, datetime.timezone(datetime.timedelta(hours=1), 'x'))", python3: true},
		{v: dec("-1.50E+3"), check: "same(v, decimal.Decimal('-1.50E+3'))"},
		{v: py.NewList(dec("-0"), dec("Infinity"), dec("-sNaN12")), check: "repr(v) == repr([decimal.Decimal('-0'), decimal.Decimal('Infinity'), decimal.Decimal('-sNaN12')])"},
		{v: &py.Fraction{Num: bigInt(t, "-123456789012345678901234567890"), Den: big.NewInt(7)}, check: "same(v, fractions.Fraction(-123456789012345678901234567890, 7))"},
		{v: py.NewList(py.UUID{0xff, 15: 1}, py.UUID{}), check: "v[0] == uuid.UUID('ff000000-0000-0000-0000-000000000001') and v[1].int == 0 and str(v[1])[:2] == '00'"},
		{v: 1.5 - 0i, check: "same(v, complex(1.5, 0.0))"},
		{v: py.Range{Start: int64(1), Stop: int64(10), Step: int64(3)}, check: "list(v) == [1, 4, 7] and type(v) is (xrange if P2 else range)"},
		{v: py.Range{Start: int64(0), Stop: bigInt(t, "1000000000000000000000"), Step: int64(-1)}, check: "v == range(0, 10**21, -1)", python3: true},
		{v: py.NewList(py.Slice{Start: 1, Stop: nil, Step: "x"}, slice), check: "v[0] == slice(1, None, 'x') and v[1].start[0] is v[1]"},
		{v: py.NewList(py.Ellipsis, py.NotImplemented, py.Ellipsis), check: "v[0] is Ellipsis and v[1] is NotImplemented and v[2] is Ellipsis"},
		{v: array(t, 'i', 1, -2), check: "same(v, array.array('i', [1, -2]))"},
		{v: array(t, 'd', 1.5), check: "same(v, array.array('d', [1.5]))"},
		{v: array(t, 'B'), check: "same(v, array.array('B'))"},
		{v: array(t, 'L', uint64(math.MaxUint32)), check: "same(v, array.array('L', [2**32 - 1]))"},
		{v: array(t, 'q', -5), check: "same(v, array.array('q', [-5]))", python3: true},
		{v: array(t, 'u', "a", "€"), check: "same(v, array.array('u', b'a\\xe2\\x82\\xac'.decode('utf-8')))"},
		{v: py.NewList(array(t, 'h', 1), array(t, 'h', 2)), check: "v == [array.array('h', [1]), array.array('h', [2])]"},
	}
}

type reading struct {
	v                any
	check            string
	from             int // the first protocol
	python2, python3 bool
}

func array(t testing.TB, typecode byte, items ...py.Value) *py.Array {
	t.Helper()
	a, err := py.NewArray(typecode, py.NewList(items...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// rewrite reads a pickle and writes what it has.
func rewrite(protocol int, data []byte) ([]byte, error) {
	v, err := Decode(data)
	if err != nil {
		return nil, err
	}
	return Config{Protocol: protocol}.Marshal(v)
}

// TestPythonReads lets each Python read each value in each protocol that it knows, in all the ways that it has: as it was written first, and as it was written after it had been read here.
func TestPythonReads(t *testing.T) {
	values := readings(t)
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			child := p.Serve(t, classes, reads)
			for _, r := range values {
				if r.python2 && p.Major != 2 || r.python3 && p.Major != 3 {
					continue
				}
				for protocol := max(r.from, 2); protocol <= p.Protocol(); protocol++ {
					data, err := Config{Protocol: protocol}.Marshal(r.v)
					if err != nil {
						t.Errorf("protocol %d, %s: %v", protocol, r.check, err)
						continue
					}
					reply, err := child.Call(append([]byte(r.check+"\n"), data...))
					if err != nil || len(reply) > 0 {
						t.Errorf("protocol %d, %s: got %s %v\n%.300q", protocol, r.check, reply, err, data)
						continue
					}
					again, err := rewrite(protocol, data)
					if err != nil {
						t.Errorf("protocol %d, %s, written again: %v", protocol, r.check, err)
						continue
					}
					reply, err = child.Call(append([]byte(r.check+"\n"), again...))
					if err != nil || len(reply) > 0 {
						t.Errorf("protocol %d, %s, written again: got %s %v\n%.300q", protocol, r.check, reply, err, again)
					}
				}
			}
		})
	}
}

// TestPythonReadsBuffers: what TakeBuffer takes is what Python needs for reading.
func TestPythonReadsBuffers(t *testing.T) {
	script := pythons.Module{Name: "buffers", Source: `
import pickle
def handle(request):
    n = int(request[:2])
    v = pickle.loads(request[2 + 2 * n:], buffers=[bytearray(request[2 + 2 * i:4 + 2 * i]) for i in range(n)])
    assert type(v[0]) is memoryview and v[0].readonly and v[0] == b'ab', v
    assert v[1] == bytearray(b'cd') and v[2] is v[1] and v[0] is v[3] and v[4] == b'in band' and v[5] == b'', v
    return b""
`}
	b, ba := py.Bytes("ab"), &py.ByteArray{B: []byte("cd")}
	var taken []byte
	n := 0
	data, err := Config{Protocol: 5, TakeBuffer: func(b []byte) bool {
		if len(b) != 2 {
			return false
		}
		n++
		taken = append(taken, b...)
		return true
	}}.Marshal(py.NewList(b, ba, ba, b, py.Bytes("in band"), py.Bytes("")))
	if err != nil || n != 2 || string(taken) != "abcd" {
		t.Fatalf("%d buffers were taken, %q: %v", n, taken, err)
	}
	for _, p := range pythons.Require(t) {
		if p.Protocol() < 5 {
			continue
		}
		request := append([]byte(fmt.Sprintf("%02d%s", n, taken)), data...)
		if _, err := p.Serve(t, script).Call(request); err != nil {
			t.Error(err)
		}
	}
}
