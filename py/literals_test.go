package py

import (
	"math"
	"math/big"
	"strings"
	"testing"
)

func bigInt(t *testing.T, text string) *big.Int {
	t.Helper()
	i, ok := new(big.Int).SetString(text, 0)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return i
}

func mustDecimal(t *testing.T, text string) *Decimal {
	t.Helper()
	d, err := ParseDecimal(text)
	if err != nil {
		t.Fatalf("Decimal(%q): %v", text, err)
	}
	return d
}

func mustFraction(t *testing.T, text string) *Fraction {
	t.Helper()
	f, err := ParseFraction(text)
	if err != nil {
		t.Fatalf("Fraction(%q): %v", text, err)
	}
	return f
}

func mustSet(t *testing.T, elems ...Value) *Set {
	t.Helper()
	s, err := NewSet(elems...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustFrozenSet(t *testing.T, elems ...Value) *FrozenSet {
	t.Helper()
	return mustSet(t, elems...).Freeze()
}

func mustDict(t *testing.T, pairs ...Value) *Dict {
	t.Helper()
	d := NewDict()
	for i := 0; i < len(pairs); i += 2 {
		if err := d.Set(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func mustArray(t *testing.T, typecode byte, items ...Value) *Array {
	t.Helper()
	a, err := NewArray(typecode, NewList(items...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// literals are values of all types but those of datetime, many of them equal to others or close to them.
func literals(t *testing.T) []written {
	values := numbers(t)
	nan := mustDecimal(t, "nan")
	for _, text := range []string{"", "a", "b", "ab", "é", "\xed\xa0\x80", "\uffff", "\U00010000", "\xed\xa0\xbd\xed\xb8\x80", "\U0001f600", "1"} {
		values = append(values, written{quoted(t, text), text})
	}
	return append(values, []written{
		{"None", nil},
		{"...", Ellipsis},
		{"NotImplemented is None or Ellipsis", Ellipsis},
		{"b''", Bytes("")},
		{"b'a'", Bytes("a")},
		{"b'\\xff'", Bytes("\xff")},
		{"bytearray()", &ByteArray{}},
		{"bytearray(b'a')", &ByteArray{[]byte("a")}},
		{"bytearray(b'ab')", &ByteArray{[]byte("ab")}},
		{"()", Tuple{}},
		{"(1,)", Tuple{int64(1)}},
		{"(1.0, 2)", Tuple{1.0, int64(2)}},
		{"(1, 2)", Tuple{int64(1), int64(2)}},
		{"(1, 'a')", Tuple{int64(1), "a"}},
		{"('a', 1)", Tuple{"a", int64(1)}},
		{"((), ())", Tuple{Tuple{}, Tuple{}}},
		{"(1, [])", Tuple{int64(1), NewList()}},
		{"(nan,)", Tuple{math.NaN()}},
		{"(None,)", Tuple{nil}},
		{"[]", NewList()},
		{"[1]", NewList(int64(1))},
		{"[True]", NewList(true)},
		{"[1, 2]", NewList(int64(1), int64(2))},
		{"[1, 'a']", NewList(int64(1), "a")},
		{"[nan]", NewList(math.NaN())},
		{"[1, float('nan')]", NewList(int64(1), math.NaN())},
		{"[Decimal('nan')]", NewList(nan)},
		{"[[]]", NewList(NewList())},
		{"[[1], 2]", NewList(NewList(int64(1)), int64(2))},
		{"[{1}]", NewList(mustSet(t, int64(1)))},
		{"[{2}]", NewList(mustSet(t, int64(2)))},
		{"[{1, 2}]", NewList(mustSet(t, int64(2), int64(1)))},
		{"{}", NewDict()},
		{"{1: 2}", mustDict(t, int64(1), int64(2))},
		{"{True: 2.0}", mustDict(t, true, 2.0)},
		{"{1: []}", mustDict(t, int64(1), NewList())},
		{"{'a': 1, 'b': 2}", mustDict(t, "a", int64(1), "b", int64(2))},
		{"{'b': 2, 'a': 1}", mustDict(t, "b", int64(2), "a", int64(1))},
		{"{'a': 1, 'c': 2}", mustDict(t, "a", int64(1), "c", int64(2))},
		{"{'a': nan}", mustDict(t, "a", math.NaN())},
		{"{nan: 1}", mustDict(t, math.NaN(), int64(1))},
		{"OrderedDict()", &OrderedDict{}},
		{"OrderedDict([('a', 1), ('b', 2)])", &OrderedDict{Dict: *mustDict(t, "a", int64(1), "b", int64(2))}},
		{"OrderedDict([('b', 2), ('a', 1)])", &OrderedDict{Dict: *mustDict(t, "b", int64(2), "a", int64(1))}},
		{"set()", mustSet(t)},
		{"{1}", mustSet(t, int64(1))},
		{"{1.0, 'a'}", mustSet(t, "a", 1.0)},
		{"{'a', True}", mustSet(t, "a", true)},
		{"{1, 2, 3}", mustSet(t, int64(1), int64(2), int64(3))},
		{"{frozenset()}", mustSet(t, mustFrozenSet(t))},
		{"{(1, frozenset({2})), 1}", mustSet(t, Tuple{int64(1), mustFrozenSet(t, int64(2))}, int64(1))},
		{"frozenset()", mustFrozenSet(t)},
		{"frozenset({1})", mustFrozenSet(t, 1.0)},
		{"frozenset({'a', 1})", mustFrozenSet(t, int64(1), "a")},
		{"frozenset({1, 2})", mustFrozenSet(t, int64(2), int64(1))},
		{"frozenset({(1, frozenset({2})), 1})", mustFrozenSet(t, int64(1), Tuple{int64(1), mustFrozenSet(t, 2.0)})},
		{"frozenset(range(100))", rangeSet(t, 0, 100, 1)},
		{"frozenset(map(float, range(99, -1, -1)))", rangeSet(t, 99, -1, -1)},
		{"range(0)", Range{int64(0), int64(0), int64(1)}},
		{"range(3, 1)", Range{int64(3), int64(1), int64(1)}},
		{"range(1, 2)", Range{int64(1), int64(2), int64(1)}},
		{"range(1, 3, 5)", Range{int64(1), int64(3), int64(5)}},
		{"range(0, 3, 2)", Range{int64(0), int64(3), int64(2)}},
		{"range(0, 4, 2)", Range{int64(0), int64(4), int64(2)}},
		{"range(3, -1, -2)", Range{int64(3), int64(-1), int64(-2)}},
		{"range(10**30)", Range{int64(0), bigInt(t, "1"+strings.Repeat("0", 30)), int64(1)}},
		{"slice(1)", Slice{nil, int64(1), nil}},
		{"slice(None, 1.0)", Slice{nil, 1.0, nil}},
		{"slice(1, 2)", Slice{int64(1), int64(2), nil}},
		{"slice(1, 3)", Slice{int64(1), int64(3), nil}},
		{"array('i')", mustArray(t, 'i')},
		{"array('i', [1, 2])", mustArray(t, 'i', int64(1), int64(2))},
		{"array('d', [1, 2])", mustArray(t, 'd', 1.0, 2.0)},
		{"array('d', [1, 3])", mustArray(t, 'd', 1.0, 3.0)},
		{"array('d', [1, nan])", mustArray(t, 'd', 1.0, math.NaN())},
		{"array('f', [1])", mustArray(t, 'f', 1.0)},
		{"array('f', [-0.0])", mustArray(t, 'f', math.Copysign(0, -1))},
		{"array('f', [0.0])", mustArray(t, 'f', 0.0)},
		{"array('u', 'a')", mustArray(t, 'u', "a")},
		{"array('u', 'b')", mustArray(t, 'u', "b")},
		{"array('B', b'ab')", mustArray(t, 'B', int64('a'), int64('b'))},
		{"array('b', [-1])", mustArray(t, 'b', int64(-1))},
		{"array('Q', [2**64 - 1])", mustArray(t, 'Q', bigInt(t, "0xffffffffffffffff"))},
		{"UUID(int=1)", UUID{15: 1}},
		{"UUID(int=256)", UUID{14: 1}},
		{"int", Global{"builtins", "int"}},
		{"len", Global{"builtins", "len"}},
		{"ValueError('a')", NewException("ValueError", "a")},
		{"ValueError('b')", NewException("ValueError", "b")},
		{"queue.Full()", NewException("queue.Full")},
	}...)
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	q, err := Repr(s)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func rangeSet(t *testing.T, from, to, step int64) *FrozenSet {
	s := mustSet(t)
	for i := from; i != to; i += step {
		var v Value = i
		if step < 0 {
			v = float64(i)
		}
		if added, err := s.Add(v); !added || err != nil {
			t.Fatal(added, err)
		}
	}
	return s.Freeze()
}

// numbers are numbers of all types, around the places where one type can't hold what another can.
func numbers(t *testing.T) []written {
	values := []written{
		{"False", false}, {"True", true},
		{"nan", math.NaN()}, {"inf", math.Inf(1)}, {"-inf", math.Inf(-1)}, {"-0.0", math.Copysign(0, -1)},
		{"0.1", 0.1}, {"0.5", 0.5}, {"-1.5", -1.5}, {"5e-324", 5e-324}, {"1.7976931348623157e308", math.MaxFloat64},
		{"2.0**53", float64(1 << 53)}, {"2.0**62", float64(1 << 62)}, {"2.0**63", float64(1 << 63)}, {"-2.0**63", -float64(1 << 63)},
		{"1e22", 1e22}, {"1e23", 1e23}, {"1e16", 1e16}, {"1e300", 1e300},
		{"0j", complex(0, 0)}, {"1+0j", complex(1, 0)}, {"1j", 1i}, {"0.5+0j", complex(0.5, 0)}, {"complex(1, -2)", complex(1, -2)}, {"complex(nan, 0)", complex(math.NaN(), 0)},
		{"complex(0, nan)", complex(0, math.NaN())}, {"complex(inf, 0)", complex(math.Inf(1), 0)},
	}
	for _, i := range []string{"0", "1", "2", "-1", "-2", "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
		"-9223372036854775809", "18446744073709551615", "10000000000000000000000", "99999999999999991611392", "100000000000000000000000", "4611686018427387904",
		"1152921504606846976", "2305843009213693951", "2305843009213693952"} {
		values = append(values, written{i, Int(bigInt(t, i))})
	}
	values = append(values, written{"10**400", Int(bigInt(t, "1"+strings.Repeat("0", 400)))}, written{"-10**400", Int(bigInt(t, "-1"+strings.Repeat("0", 400)))},
		written{"2**1024", new(big.Int).Lsh(big.NewInt(1), 1024)})
	for _, d := range []string{"0", "-0", "0E+5", "1", "1.00", "1E+0", "-1", "2", "0.1", "0.5", "0.50", "-1.5", "1E+22", "1E+23", "1E+16", "1E+400", "-1E+400", "1E-400", "1E+999999999999999999",
		"-1E+999999999999999999", "1E-999999999999999999", "Infinity", "-Infinity", "NaN", "-NaN", "NaN12", "sNaN", "9007199254740993", "9223372036854775807", "9223372036854775807.5",
		"0.1000000000000000055511151231257827021181583404541015625", "0.33333333333333333333333333333333333", "1000000000000000000000", "123456789012345678901234567890"} {
		values = append(values, written{"Decimal('" + d + "')", mustDecimal(t, d)})
	}
	for _, f := range []string{"0", "1", "-1", "1/2", "1/3", "-3/2", "1/10", "9007199254740993/2", "10000000000000000000000", "3602879701896397/36028797018963968", "9223372036854775807/1000"} {
		values = append(values, written{"Fraction('" + f + "')", mustFraction(t, f)})
	}
	return values
}

// moments are the values of datetime's types. The first one is a date, and the last four have a time zone that is not of whole minutes.
func moments(t *testing.T) []written {
	hours := func(n int64) TimeDelta {
		d, err := NewTimeDelta(0, n*3600, 0)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	utc, east, west := TimeZone{}, TimeZone{Offset: hours(1), Name: "east"}, TimeZone{Offset: hours(-23)}
	odd := TimeZone{Offset: TimeDelta{0, 3600, 500000}}
	return []written{
		{"date(2020, 1, 1)", Date{2020, 1, 1}},
		{"1", int64(1)},
		{"datetime(2020, 1, 1)", DateTime{Year: 2020, Month: 1, Day: 1}},
		{"datetime(2020, 1, 1, fold=1)", DateTime{Year: 2020, Month: 1, Day: 1, Fold: 1}},
		{"datetime(2020, 1, 1, 0, 0, 0, 1)", DateTime{Year: 2020, Month: 1, Day: 1, Microsecond: 1}},
		{"datetime(2020, 1, 1, tzinfo=timezone.utc)", DateTime{Year: 2020, Month: 1, Day: 1, TZ: utc}},
		{"datetime(2020, 1, 1, 1, tzinfo=tz(hours=1))", DateTime{Year: 2020, Month: 1, Day: 1, Hour: 1, TZ: east}},
		{"datetime(2020, 1, 1, 1, tzinfo=timezone.utc)", DateTime{Year: 2020, Month: 1, Day: 1, Hour: 1, TZ: utc}},
		{"datetime(2019, 12, 31, 1, tzinfo=tz(hours=-23))", DateTime{Year: 2019, Month: 12, Day: 31, Hour: 1, TZ: west}},
		{"datetime(1, 1, 1, tzinfo=tz(hours=1))", DateTime{Year: 1, Month: 1, Day: 1, TZ: east}},
		{"datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=tz(hours=-23))", DateTime{9999, 12, 31, 23, 59, 59, 999999, 0, west}},
		{"time(0)", Time{}},
		{"time(0, fold=1)", Time{Fold: 1}},
		{"time(1, 2, 3, 4)", Time{Hour: 1, Minute: 2, Second: 3, Microsecond: 4}},
		{"time(0, tzinfo=timezone.utc)", Time{TZ: utc}},
		{"time(1, tzinfo=tz(hours=1))", Time{Hour: 1, TZ: east}},
		{"time(0, 30, tzinfo=tz(hours=1))", Time{Minute: 30, TZ: east}},
		{"time(0, 0, 0, 500000, tzinfo=timezone.utc)", Time{Microsecond: 500000, TZ: utc}},
		{"timedelta(0)", TimeDelta{}},
		{"timedelta(1)", TimeDelta{Days: 1}},
		{"timedelta(-1, 1, 1)", TimeDelta{-1, 1, 1}},
		{"timedelta(-1, 1, 2)", TimeDelta{-1, 1, 2}},
		{"timezone.utc", utc},
		{"tz(hours=1)", east},
		{"timezone(timedelta(hours=1), 'another')", TimeZone{Offset: hours(1), Name: "another"}},
		// Python 3.6 refuses these.
		{"tz(hours=1, milliseconds=500)", odd},
		{"time(1, tzinfo=tz(hours=1, milliseconds=500))", Time{Hour: 1, TZ: odd}},
		{"time(1, 0, 0, 500000, tzinfo=tz(hours=1, milliseconds=500))", Time{Hour: 1, Microsecond: 500000, TZ: odd}},
		{"datetime(2020, 1, 1, 1, 0, 0, 500000, tzinfo=tz(hours=1, milliseconds=500))", DateTime{Year: 2020, Month: 1, Day: 1, Hour: 1, Microsecond: 500000, TZ: odd}},
	}
}
