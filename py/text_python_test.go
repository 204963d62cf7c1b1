package py

import (
	"math/big"
	"testing"
)

// dictOf, setOf and so on are values for tables, which can't fail.
func dictOf(kv ...Value) *Dict {
	d := NewDict()
	for i := 0; i < len(kv); i += 2 {
		if err := d.Set(kv[i], kv[i+1]); err != nil {
			panic(err)
		}
	}
	return d
}

func orderedOf(kv ...Value) *OrderedDict { return &OrderedDict{Dict: *dictOf(kv...)} }

func setOf(elems ...Value) *Set {
	s, err := NewSet(elems...)
	if err != nil {
		panic(err)
	}
	return s
}

func frozenOf(elems ...Value) *FrozenSet {
	s, err := NewFrozenSet(elems...)
	if err != nil {
		panic(err)
	}
	return s
}

func arrayOf(typecode byte, items ...Value) *Array {
	a, err := NewArray(typecode, NewList(items...))
	if err != nil {
		panic(err)
	}
	return a
}

func parsedDecimal(text string) *Decimal {
	d, err := ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

func bigOfText(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 0)
	if !ok {
		panic(text)
	}
	return n
}

func loop() *List {
	l := NewList(int64(1))
	l.Append(l)
	return l
}

func tupleLoop() Tuple {
	l := NewList()
	t := Tuple{l}
	l.Append(t)
	return t
}

func dictLoop() *Dict {
	d := NewDict()
	if err := d.Set(int64(1), NewList(d)); err != nil {
		panic(err)
	}
	return d
}

func exc(class string, args ...Value) *Exception { return NewException(class, args...) }

var hour = TimeDelta{Seconds: 3600}

// texts are values and how Python makes them; since is the minor version from which on Python's texts are these.
var texts = []struct {
	expr  string
	value Value
	since int
}{
	{"None", nil, 0},
	{"True", true, 0},
	{"False", false, 0},
	{"...", Ellipsis, 0},
	{"NotImplemented", NotImplemented, 0},
	{"0", int64(0), 0},
	{"-2**63", int64(-1 << 63), 0},
	{"-12", int8(-12), 0},
	{"255", uint8(255), 0},
	{"2**64-1", ^uint64(0), 0},
	{"2**63", bigOfText("0x8000000000000000"), 0},
	{"-10**300", new(big.Int).Neg(new(big.Int).Exp(big.NewInt(10), big.NewInt(300), nil)), 0},
	{"10**4299", new(big.Int).Exp(big.NewInt(10), big.NewInt(4299), nil), 0},
	{"1.5", 1.5, 0},
	{"0.5", float32(0.5), 0},
	{"1e16", 1e16, 0},
	{"9999999999999998.0", 9999999999999998.0, 0},
	{"0.0001", 0.0001, 0},
	{"0.00009999999999999999", 0.00009999999999999999, 0},
	{"1e22", 1e22, 0},
	{"1j", 1i, 0},
	{"complex(1, -2)", 1 - 2i, 0},
	{"''", "", 0},
	{`"it's"`, "it's", 0},
	{`'it\'s "it"'`, `it's "it"`, 0},
	{`'"'`, `"`, 0},
	{`'\\'`, `\`, 0},
	{`'\n\r\t\x00\x1f\x7f\x80\xa0\xad\u2028\u200b\ufeff\ue000\uffff\U0010ffff'`, "\n\r\t\x00\x1f\x7f\u0080\u00a0\u00ad\u2028\u200b\ufeff\ue000\uffff\U0010ffff", 0},
	{`'\xe9\u20ac\U0001f600\u3000'`, "é€😀\u3000", 0},
	{`'\ud800\udfff'`, "\xed\xa0\x80\xed\xbf\xbf", 0},
	{`b''`, Bytes(""), 0},
	{`b'it\'s'`, Bytes("it's"), 0},
	{`b'it\'s "it"'`, Bytes(`it's "it"`), 0},
	{`bytes(bytearray(range(256)))`, Bytes(allBytes()), 0},
	{`bytearray(range(256))`, &ByteArray{[]byte(allBytes())}, 0},
	{`bytearray(b"it's")`, &ByteArray{[]byte("it's")}, 0},
	{`bytearray()`, &ByteArray{}, 0},
	{"()", Tuple{}, 0},
	{"(1,)", Tuple{int64(1)}, 0},
	{"(1, (), [])", Tuple{int64(1), Tuple(nil), NewList()}, 0},
	{"[1, 'a', None]", NewList(int64(1), "a", nil), 0},
	{"(lambda l: l.append(l) or l)([1])", loop(), 0},
	{"(lambda l, t: l.append((t,)) or (l.clear() or l.append(t)) or t)(*(lambda l: (l, (l,)))([]))", tupleLoop(), 0},
	{"(lambda d: d.update({1: [d]}) or d)({})", dictLoop(), 0},
	{"{}", dictOf(), 0},
	{"{1: 'a', (2,): {}}", dictOf(int64(1), "a", Tuple{int64(2)}, dictOf()), 6},
	{"OrderedDict()", orderedOf(), 0},
	{"OrderedDict([('a', 1), (2, [])])", orderedOf("a", int64(1), int64(2), NewList()), 12},
	{"set()", setOf(), 0},
	{"{1}", setOf(int64(1)), 0},
	{"frozenset()", frozenOf(), 0},
	{"frozenset({'a'})", frozenOf("a"), 0},
	{"frozenset({frozenset()})", frozenOf(frozenOf()), 0},
	{"range(3)", Range{int64(0), int64(3), int64(1)}, 0},
	{"range(1, 2**70, -2)", Range{int64(1), bigOfText("0x400000000000000000"), int64(-2)}, 0},
	{"slice(1)", Slice{nil, int64(1), nil}, 0},
	{"slice('a', None, [1])", Slice{"a", nil, NewList(int64(1))}, 0},
	{"array('i', [1, -2])", arrayOf('i', int64(1), int64(-2)), 0},
	{"array('b')", arrayOf('b'), 0},
	{"array('d', [1, 0.1])", arrayOf('d', int64(1), 0.1), 0},
	{"array('f', [0.1])", arrayOf('f', 0.1), 0},
	{"array('Q', [2**64-1])", arrayOf('Q', ^uint64(0)), 0},
	{"array('u', u'a\\xe9\\u20ac\\n')", arrayOf('u', "a", "é", "€", "\n"), 0},
	{"array('w', 'a\\U0001f600')", arrayOf('w', "a", "😀"), 13},
	{"decimal.Decimal('1.50')", parsedDecimal("1.50"), 0},
	{"decimal.Decimal('-1E+10')", parsedDecimal("-1e10"), 0},
	{"decimal.Decimal('NaN')", parsedDecimal("nan"), 0},
	{"fractions.Fraction(-1, 2)", &Fraction{big.NewInt(-1), big.NewInt(2)}, 0},
	{"fractions.Fraction(3)", &Fraction{big.NewInt(3), big.NewInt(1)}, 0},
	{"uuid.UUID('12345678-1234-5678-9abc-def012345678')", UUID{0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78}, 0},
	{"datetime.date(1, 2, 3)", Date{1, 2, 3}, 0},
	{"datetime.time()", Time{}, 0},
	{"datetime.time(1, 2, 3)", Time{Hour: 1, Minute: 2, Second: 3}, 0},
	{"datetime.time(1, 2, 0, 4)", Time{Hour: 1, Minute: 2, Microsecond: 4}, 0},
	{"datetime.time(1, 2, fold=1, tzinfo=datetime.timezone.utc)", Time{Hour: 1, Minute: 2, Fold: 1, TZ: TimeZone{}}, 0},
	{"datetime.datetime(2020, 1, 2)", DateTime{Year: 2020, Month: 1, Day: 2}, 0},
	{"datetime.datetime(2020, 1, 2, 3, 4, 5, 6, fold=1, tzinfo=datetime.timezone.utc)",
		DateTime{Year: 2020, Month: 1, Day: 2, Hour: 3, Minute: 4, Second: 5, Microsecond: 6, Fold: 1, TZ: TimeZone{}}, 0},
	{"datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))", DateTime{Year: 2020, Month: 1, Day: 2, TZ: TimeZone{Offset: hour}}, 7},
	{"datetime.timedelta(0)", TimeDelta{}, 0},
	{"datetime.timedelta(1, 2, 3)", TimeDelta{1, 2, 3}, 7},
	{"datetime.timedelta(-1)", TimeDelta{Days: -1}, 7},
	{"datetime.timedelta(microseconds=1)", TimeDelta{Microseconds: 1}, 7},
	{"datetime.timedelta.min", TimeDelta{Days: -999999999}, 7},
	{"datetime.timezone(datetime.timedelta(0))", TimeZone{}, 0},
	{"datetime.timezone(datetime.timedelta(0), 'UTC')", TimeZone{Name: "UTC"}, 0},
	{"datetime.timezone(datetime.timedelta(seconds=-3661))", TimeZone{Offset: TimeDelta{Days: -1, Seconds: 86400 - 3661}}, 7},
	{"datetime.timezone(datetime.timedelta(microseconds=1), \"it's\")", TimeZone{TimeDelta{Microseconds: 1}, "it's"}, 7},
	{"ValueError()", exc("ValueError"), 0},
	{"ValueError('x')", exc("ValueError", "x"), 7},
	{"ValueError('x', [1])", exc("ValueError", "x", NewList(int64(1))), 0},
	{"KeyError('x')", exc("KeyError", "x"), 7},
	{"KeyError('x', 1)", exc("KeyError", "x", int64(1)), 0},
	{"KeyError()", exc("KeyError"), 0},
	{"ValueError(KeyError('x'))", exc("ValueError", exc("KeyError", "x")), 7},
	{"queue.Empty()", exc("queue.Empty"), 7},
	{"OSError('x')", exc("OSError", "x"), 7},
	{"OSError(2, 'x')", exc("FileNotFoundError", int64(2), "x"), 0},
	{"OSError(2, 'x', 'f')", exc("FileNotFoundError", int64(2), "x", "f"), 0},
	{"OSError(2, 'x', None)", exc("FileNotFoundError", int64(2), "x", nil), 0},
	{"OSError(2, 'x', 'f', None, 'g')", exc("FileNotFoundError", int64(2), "x", "f", nil, "g"), 0},
	{"OSError(1, 2, 3, 4, 5, 6)", exc("OSError", int64(1), int64(2), int64(3), int64(4), int64(5), int64(6)), 0},
	{"BlockingIOError(11, 'x', 5)", exc("BlockingIOError", int64(11), "x", int64(5)), 0},
	{`UnicodeDecodeError('utf-8', b'a\xff', 1, 2, 'bad')`, exc("UnicodeDecodeError", "utf-8", Bytes("a\xff"), int64(1), int64(2), "bad"), 0},
	{`UnicodeDecodeError('utf-8', b'a\xff', 0, 2, 'bad')`, exc("UnicodeDecodeError", "utf-8", Bytes("a\xff"), int64(0), int64(2), "bad"), 0},
	{`UnicodeEncodeError('ascii', u'a\u20ac\'', 1, 2, 'bad')`, exc("UnicodeEncodeError", "ascii", "a€'", int64(1), int64(2), "bad"), 0},
	{`UnicodeEncodeError('ascii', u'a\U0001f600\'', 2, 3, 'bad')`, exc("UnicodeEncodeError", "ascii", "a😀'", int64(2), int64(3), "bad"), 0},
	{`UnicodeEncodeError('ascii', u'a\u20ac', 0, 2, 'bad')`, exc("UnicodeEncodeError", "ascii", "a€", int64(0), int64(2), "bad"), 0},
	{`UnicodeTranslateError(u'a\u20ac', 1, 2, 'bad')`, exc("UnicodeTranslateError", "a€", int64(1), int64(2), "bad"), 0},
	{"SyntaxError('m', ('a/f.py', 3, 4, 't'))", exc("SyntaxError", "m", Tuple{"a/f.py", int64(3), int64(4), "t"}), 0},
	{"SyntaxError('m', (None, 3, 4, 't'))", exc("SyntaxError", "m", Tuple{nil, int64(3), int64(4), "t"}), 0},
	{"SyntaxError('m')", exc("SyntaxError", "m"), 7},
	{"ExceptionGroup('m', [ValueError(1), KeyError(2)])", exc("ExceptionGroup", "m", NewList(exc("ValueError", int64(1)), exc("KeyError", int64(2)))), 11},
	{"ExceptionGroup('m', [ValueError(1)])", exc("ExceptionGroup", "m", NewList(exc("ValueError", int64(1)))), 11},
	{"int", Global{"builtins", "int"}, 0},
	{"OrderedDict", Global{"collections", "OrderedDict"}, 0},
	{"len", Global{"builtins", "len"}, 0},
	{"__import__", Global{"builtins", "__import__"}, 0},
	{"type(None)", &Object{Class: Global{"builtins", "type"}, Args: Tuple{nil}}, 0},
	{"type(...)", &Object{Class: Global{"builtins", "type"}, Args: Tuple{Ellipsis}}, 0},
}

func allBytes() string {
	var b [256]byte
	for i := range b {
		b[i] = byte(i)
	}
	return string(b[:])
}

func TestTextsAreThoseOfPython(t *testing.T) {
	for _, p := range python3(t, 6) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			var exprs []string
			var values []Value
			for _, row := range texts {
				if p.AtLeast(3, row.since) {
					exprs, values = append(exprs, row.expr), append(values, row.value)
				}
			}
			for i, a := range evaluate(exprs) {
				a.check(t, exprs[i], values[i])
			}
		})
	}
}

// TestTextsOfSets: sets of more than one element have an order of their own in Python.
func TestTextsOfSets(t *testing.T) {
	for want, v := range map[string]Value{
		"{3, 1, 'a'}":          setOf(int64(3), int64(1), "a"),
		"frozenset({2, (1,)})": frozenOf(int64(2), Tuple{int64(1)}),
	} {
		if got, err := Repr(v); got != want || err != nil {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}
