package pickle

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// pyDict makes a dict of keys and values in turn.
func pyDict(kv ...py.Value) *py.Dict {
	d := py.NewDict()
	for i := 0; i < len(kv); i += 2 {
		if err := d.Set(kv[i], kv[i+1]); err != nil {
			panic(err)
		}
	}
	return d
}

func pySet(elems ...py.Value) *py.Set {
	s, err := py.NewSet(elems...)
	if err != nil {
		panic(err)
	}
	return s
}

func pyFrozenSet(elems ...py.Value) *py.FrozenSet {
	s, err := py.NewFrozenSet(elems...)
	if err != nil {
		panic(err)
	}
	return s
}

func pyDecimal(text string) *py.Decimal {
	d, err := py.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

// instanceOf is an instance as Python writes one of its own classes.
func instanceOf(class string, kv ...py.Value) *py.Object {
	module, name, _ := strings.Cut(class, ".")
	return &py.Object{Form: py.Made, Class: py.Global{Module: module, Name: name}, Args: py.Tuple{}, Built: len(kv) > 0, State: stateOf(kv)}
}

func stateOf(kv []py.Value) py.Value {
	if len(kv) == 0 {
		return nil
	}
	return pyDict(kv...)
}

func bigPow(x, n int64) *big.Int { return new(big.Int).Exp(big.NewInt(x), big.NewInt(n), nil) }

func TestAssign(t *testing.T) {
	mail := "x@y.z"
	someList := py.NewList(int64(1))
	for _, c := range []struct {
		in   py.Value
		want any // a value of the type that is assigned to
	}{
		{true, true},
		{int64(-7), -7},
		{int64(-128), int8(-128)},
		{int64(255), uint8(255)},
		{7, 7},
		{uint8(7), int16(7)},
		{new(big.Int).SetUint64(math.MaxUint64), uint64(math.MaxUint64)},
		{0.5, 0.5},
		{0.1, float32(0.1)},
		{math.Inf(1), float32(math.Inf(1))},
		{int64(1 << 53), float64(1 << 53)},
		{bigPow(2, 100), math.Ldexp(1, 100)},
		{int64(3), celsius(3)},
		{pyDecimal("0.1"), 0.1},
		{pyDecimal("-Infinity"), math.Inf(-1)},
		{&py.Fraction{Num: big.NewInt(1), Den: big.NewInt(4)}, 0.25},
		{2 + 1i, 2 + 1i},
		{0.5, complex64(0.5)},
		{"grün", "grün"},
		{py.Str2("old"), "old"},
		{pyDecimal("1.50"), "1.50"},
		{py.UUID{1}, "01000000-0000-0000-0000-000000000000"},
		{py.Bytes("ab"), []byte("ab")},
		{&py.ByteArray{B: []byte("ab")}, []byte("ab")},
		{py.Str2("ab"), []byte("ab")},
		{py.NewList(int64(1), int64(255)), []byte{1, 255}},
		{py.Bytes("abc"), [3]byte{'a', 'b', 'c'}},
		{py.Bytes("ab"), [2]octet{'a', 'b'}},
		{py.Bytes("ab"), []octet{'a', 'b'}},
		{&py.ByteArray{B: []byte("ab")}, []octet{'a', 'b'}},
		{py.Bytes(""), [0]byte{}},
		{py.UUID{7}, json16{7}},
		{"x", json16x("x")},
		{py.NewList(int64(1), int64(2)), []int{1, 2}},
		{py.Tuple{int64(1), int64(2)}, [2]int{1, 2}},
		{pySet(int64(1)), []int{1}},
		{pyFrozenSet("a"), []string{"a"}},
		{py.NewList(), []int{}},
		{nil, []int(nil)},
		{mustArray('d', 1.5, 2.5), []float64{1.5, 2.5}},
		{mustArray('b', int64(-1)), []int{-1}},
		{&py.Object{Class: py.Global{Module: "collections", Name: "deque"}, Args: py.Tuple{py.Tuple{}}, Items: []py.Value{int64(1)}}, []int{1}},
		{&py.Object{Class: py.Global{Module: "collections", Name: "deque"}, Args: py.Tuple{}}, []int{}},
		{py.NewList(int64(1), "a", nil), []any{int64(1), "a", nil}},
		{pyDict("a", int64(1)), map[string]int{"a": 1}},
		{pyDict(int64(1), nil), map[int]*int{1: nil}},
		{pyDict(py.Tuple{int64(1), int64(2)}, "x"), map[[2]int]string{{1, 2}: "x"}},
		{pyDict("a", pyDict("b", int64(1))), map[any]map[string]any{"a": {"b": int64(1)}}},
		{pySet("a", "b"), map[string]struct{}{"a": {}, "b": {}}},
		{pyFrozenSet(int64(1)), map[int]struct{}{1: {}}},
		{&py.Object{Class: py.Global{Module: "collections", Name: "defaultdict"}, Args: py.Tuple{py.Global{Module: "builtins", Name: "int"}}}, map[string]int{}},
		{&py.Object{Class: py.Global{Module: "collections", Name: "Counter"}, Args: py.Tuple{pyDict("a", int64(2))}}, map[string]int{"a": 2}},
		{&py.Object{Class: py.Global{Module: "m", Name: "MyDict"}, Pairs: []py.Pair{{Key: "a", Value: int64(2)}}}, map[string]int{"a": 2}},
		{nil, map[string]int(nil)},
		{pyDict("name", "Ann", "mail", "x@y.z", "other", 1.5), person{Name: "Ann", Mail: &mail}},
		{pyDict("name", nil, "age", nil, "mail", nil, "tags", nil), person{}},
		{pyDict("ID", int64(1), "Name", "x", "Street", "Elm"), employee{base: base{ID: 1}, Address2: &Address2{"Elm"}, Name: "x"}},
		{instanceOf("m.Person", "name", "Ann", "tags", py.Tuple{"a"}), person{Name: "Ann", Tags: []string{"a"}}},
		{instanceOf("m.Person"), person{}},
		{&py.Object{Class: py.Global{Module: "m", Name: "P"}, Built: true, State: py.Tuple{nil, pyDict("name", "slot")}}, person{Name: "slot"}},
		{&py.Object{Class: py.Global{Module: "m", Name: "P"}, Built: true, State: py.Tuple{pyDict("name", "own", "age", int64(1)), pyDict("name", "slot")}}, person{Name: "slot", Age: 1}},
		{py.NewException("m.Failure", "text"), struct {
			Args []string `pickle:"args"`
		}{[]string{"text"}}},
		{&py.Exception{Args: py.Tuple{}, State: pyDict("code", int64(3))}, struct {
			Code int `pickle:"code"`
		}{3}},
		{py.Tuple{int64(1), int64(2)}, pair{X: 1, Y: 2}},
		{py.NewList(int64(1), int64(2)), pair{X: 1, Y: 2}},
		{pyDict("X", int64(1)), pair{X: 1}},
		{&py.Object{Form: py.Made, Class: py.Global{Module: "m", Name: "Point"}, Args: py.Tuple{int64(1), int64(2)}}, pair{X: 1, Y: 2}},
		{"x@y.z", &mail},
		{nil, (*string)(nil)},
		{int64(5), *big.NewInt(5)},
		{bigPow(10, 30), bigPow(10, 30)},
		{int64(5), big.NewRat(5, 1)},
		{pyDecimal("0.25"), big.NewRat(1, 4)},
		{0.25, big.NewRat(1, 4)},
		{&py.Fraction{Num: big.NewInt(1), Den: big.NewInt(3)}, big.NewRat(1, 3)},
		{0.5, new(big.Float).SetPrec(64).SetFloat64(0.5)},
		{pyDecimal("0.5"), new(big.Float).SetPrec(64).SetFloat64(0.5)},
		{py.DateTime{Year: 2024, Month: 1, Day: 2, Hour: 3, Microsecond: 4, TZ: py.TimeZone{}}, time.Date(2024, 1, 2, 3, 0, 0, 4000, time.UTC)},
		{py.DateTime{Year: 2024, Month: 1, Day: 2}, time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)},
		{py.Date{Year: 2024, Month: 1, Day: 2}, time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)},
		{py.TimeDelta{Days: -1, Seconds: 86399}, -time.Second},
		{int64(3), 3 * time.Second},
		{-0.25, -250 * time.Millisecond},
		{"tue", weekday(1)},
		{int64(1), weekday(1)},
		{"::1", netip.MustParseAddr("::1")},
		{py.Str2("::1"), netip.MustParseAddr("::1")},
		{pyDict("mon", int64(1)), map[weekday]int{0: 1}},
		{py.Tuple{"n", int64(3)}, byPointer{3}},
		{py.Tuple{"n", int64(3)}, &byPointer{3}},
		{py.NewList(py.Tuple{"n", int64(3)}), []*byPointer{{3}}},
		{someList, someList},
		{py.Ellipsis, py.Ellipsis},
		{py.Tuple{1}, py.Tuple{1}},
		{py.Date{Year: 1}, struct{ py.Date }{py.Date{Year: 1}}.Date},
		{pyDict("V", py.Bytes("x")), struct{ V py.Bytes }{"x"}},
	} {
		to := reflect.New(reflect.TypeOf(c.want))
		if err := Assign(c.in, to.Interface()); err != nil {
			t.Errorf("%s into %T: %v", reprOf(t, c.in), c.want, err)
			continue
		}
		if got := to.Elem().Interface(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s into %T is %#v, want %#v", reprOf(t, c.in), c.want, got, c.want)
		}
	}
}

type unexported struct{ Street string }

// json16x is text in Python, and not bytes, because it says so itself.
type json16x string

func (x *json16x) UnmarshalText(b []byte) error { *x = json16x(b); return nil }

func mustArray(code byte, items ...py.Value) *py.Array {
	a, err := py.NewArray(code, py.NewList(items...))
	if err != nil {
		panic(err)
	}
	return a
}

func TestAssignInterfaces(t *testing.T) {
	e := py.ValueError("bad")
	var err error
	if e2 := Assign(e, &err); e2 != nil || err != error(e) {
		t.Errorf("an exception into an error is %v, %v", err, e2)
	}
	if e2 := Assign(nil, &err); e2 != nil || err != nil {
		t.Errorf("None into an error is %v, %v", err, e2)
	}
	if e2 := Assign("text", &err); e2 == nil {
		t.Errorf("a str into an error is %v", err)
	}
	var v any = "old"
	l := py.NewList()
	if e2 := Assign(l, &v); e2 != nil || v != any(l) {
		t.Errorf("a list into an any is %v, %v", v, e2)
	}
	// What an any had before is not written to.
	if e2 := Assign(int64(3), &v); e2 != nil || v != any(int64(3)) || len(l.Items) != 0 {
		t.Errorf("an int into an any is %v, %v", v, e2)
	}
	var d py.Dict
	if e2 := Assign(pyDict("a", int64(1)), &d); e2 != nil || d.Len() != 1 {
		t.Errorf("a dict into a py.Dict has %d entries, %v", d.Len(), e2)
	}
	var pd *py.Dict
	if e2 := Assign(pyDict("a", int64(1)), &pd); e2 != nil || pd.Len() != 1 {
		t.Errorf("a dict into a *py.Dict has %d entries, %v", pd.Len(), e2)
	}
}

func TestAssignErrors(t *testing.T) {
	type inner struct {
		Age  uint8 `pickle:"age"`
		When time.Time
	}
	type outer struct {
		Users []map[string]inner `pickle:"users"`
		Point pair
		Err   error
	}
	nested := func(v py.Value) py.Value { return pyDict("users", py.NewList(pyDict(), pyDict("ann", v))) }
	for _, c := range []struct {
		in   py.Value
		to   any
		want string
	}{
		{"x", new(int), "pickle: Python's str into Go's int"},
		{nil, new(int), "pickle: Python's NoneType into Go's int: there is no value; a pointer could be nil"},
		{3.0, new(int), "pickle: Python's float into Go's int"},
		{true, new(int), "pickle: Python's bool into Go's int"},
		{int64(1), new(bool), "pickle: Python's int into Go's bool"},
		{int64(300), new(uint8), "pickle: Python's int into Go's uint8: 300 does not fit"},
		{int64(-1), new(uint), "pickle: Python's int into Go's uint: -1 does not fit"},
		{bigPow(2, 64), new(int64), "pickle: Python's int into Go's int64: 18446744073709551616 does not fit"},
		{bigPow(2, 1000), new(uint64), "pickle: Python's int into Go's uint64: a number of 1001 bits does not fit"},
		{int64(1<<53 + 1), new(float64), "pickle: Python's int into Go's float64: 9007199254740993 is no float64 exactly"},
		{int64(math.MaxInt64), new(float64), "pickle: Python's int into Go's float64: 9223372036854775807 is no float64 exactly"},
		{int64(1<<24 + 1), new(float32), "pickle: Python's int into Go's float32: 16777217 does not fit"},
		{1e300, new(float32), "pickle: Python's float into Go's float32: 1e+300 does not fit"},
		{pyDecimal("1e400"), new(float64), "pickle: Python's decimal.Decimal into Go's float64: it does not fit"},
		{py.Bytes("x"), new(string), "pickle: Python's bytes into Go's string: bytes are no text; []byte takes them"},
		{py.Str2("\xff"), new(string), "pickle: Python's str into Go's string: its bytes are not UTF-8"},
		{"x", new([]byte), "pickle: Python's str into Go's []uint8: text is no bytes"},
		{"x", new([]string), "pickle: Python's str into Go's []string"},
		{pyDict("a", int64(1)), new([]string), "pickle: Python's dict into Go's []string: a dict has no order of its own"},
		{py.Tuple{int64(1)}, new([2]int), "pickle: Python's tuple into Go's [2]int: its length is 1"},
		{py.Bytes("x"), new([2]byte), "pickle: Python's bytes into Go's [2]uint8: its length is 1"},
		{py.NewList(), new(map[string]int), "pickle: Python's list into Go's map[string]int"},
		{pyDict(int64(1), int64(1)), new(map[string]int), "pickle: .keys()[1]: Python's int into Go's string"},
		{pyDict(py.Tuple{}, int64(1)), new(map[any]int), "pickle: .keys()[tuple]: Python's tuple into Go's interface {}: Go can't have it as a key"},
		{pyDict("a", "b"), new(map[string]int), "pickle: ['a']: Python's str into Go's int"},
		{nested(pyDict("age", int64(300))), new(outer), "pickle: .users[1]['ann'].age: Python's int into Go's uint8: 300 does not fit"},
		{nested(pyDict("age", "x")), new(*outer), "pickle: .users[1]['ann'].age: Python's str into Go's uint8"},
		{nested(pyDict("When", "x")), new(outer), `pickle: .users[1]['ann'].When: Python's str into Go's time.Time`},
		{nested(nil), new(outer), "pickle: .users[1]['ann']: Python's NoneType into Go's pickle.inner: there is no value; a pointer could be nil"},
		{pyDict("Point", py.Tuple{int64(1), int64(2), int64(3)}), new(outer), "pickle: .Point: Python's tuple into Go's pickle.pair: it has 3 parts, and the struct 2"},
		{pyDict("Err", "x"), new(outer), "pickle: .Err: Python's str into Go's error"},
		{py.Tuple{}, new(inner), "pickle: Python's tuple into Go's pickle.inner"},
		{instanceOf("m.Color"), new(int), "pickle: Python's Color into Go's int: it is an instance of m.Color; a method UnmarshalPickle or Registry.Construct makes it something else"},
		{&py.Object{Class: py.Global{Module: "m", Name: "Color"}, Args: py.Tuple{int64(1)}}, new(inner),
			`pickle: Python's Color into Go's pickle.inner: its parts have no names in the pickle; the tag pickle:",tuple" on a blank field takes them by position, and RegisterClass makes them fields`},
		{pyDict("Street", "Elm"), new(struct{ *unexported }), "pickle: .Street: Python's str into Go's *pickle.unexported: the embedded pointer is nil, and of an unexported type"},
		{"wed", new(weekday), `pickle: Python's str into Go's pickle.weekday: no day "wed"`},
		{"x", new(failing), "pickle: Python's str into Go's pickle.failing: it fails"},
		{py.NewList(int64(1)), new([]byPointer), "pickle: [0]: Python's int into Go's pickle.byPointer: want a pair"},
		{int64(1), new(func()), "pickle: Python's int into Go's func(): there is nothing like it in Python"},
		{int64(1), new(badTag), `pickle: Python's int into Go's pickle.badTag: the tag of field A has the unknown option "omitemty"`},
		{int64(1), new(py.Bytes), "pickle: Python's int into Go's py.Bytes"},
		{py.NewList(), new(*py.Dict), "pickle: Python's list into Go's *py.Dict"},
		{py.NewList(), new(py.Dict), "pickle: Python's list into Go's py.Dict"},
		{int64(math.MaxInt64), new(time.Duration), "pickle: Python's int into Go's time.Duration: 9223372036854775807 does not fit"},
		{math.NaN(), new(time.Duration), "pickle: Python's float into Go's time.Duration: NaN does not fit"},
		{py.TimeDelta{Days: 999_999_999}, new(time.Duration), "pickle: Python's datetime.timedelta into Go's time.Duration: it does not fit"},
		{py.DateTime{Year: 1, Month: 1, Day: 1, TZ: instanceOf("my.Zone")}, new(time.Time), "pickle: Python's datetime.datetime into Go's time.Time: ValueError: the rules of the time zone of 0001-01-01 00:00:00[<my.Zone object>] are not known"},
		{math.NaN(), new(big.Rat), "pickle: Python's float into Go's big.Rat: NaN is not finite"},
		{pyDecimal("1e999999"), new(big.Rat), "pickle: Python's decimal.Decimal into Go's big.Rat: it is not finite, or its exponent is too large"},
		{pyDecimal("1e999999"), new(big.Float), "pickle: Python's decimal.Decimal into Go's big.Float: it is not a number, or its exponent is too large"},
	} {
		err := Assign(c.in, c.to)
		if err == nil {
			t.Errorf("%s into %T is no error", reprOf(t, c.in), c.to)
			continue
		}
		if err.Error() != c.want {
			t.Errorf("%s into %T: %v\nwant %s", reprOf(t, c.in), c.to, err, c.want)
		}
		if e := (*UnmarshalTypeError)(nil); !errors.As(err, &e) {
			t.Errorf("%T is no UnmarshalTypeError", err)
		}
	}
	if err := Assign("x", new(failing)); !errors.Is(err, errFailing) {
		t.Errorf("%v does not wrap the method's own error", err)
	}
	for _, to := range []any{nil, 3, (*int)(nil), (*any)(nil), (*string)(nil)} {
		if err := Assign("x", to); err == nil || !strings.Contains(err.Error(), "needs a pointer that is not nil") {
			t.Errorf("Assign to %#v: %v", to, err)
		}
	}
}

func TestAssignUnknownFields(t *testing.T) {
	strict := Config{DisallowUnknownFields: true}
	for _, c := range []struct {
		in py.Value
		ok bool
	}{
		{pyDict("name", "x"), true},
		{pyDict(py.Str2("name"), "x"), true},
		{pyDict("name", "x", "nam", "y"), false},
		{pyDict("Notes", "x"), false},
		{pyDict(int64(1), "x"), false},
		{instanceOf("m.P", "nam", "x"), false},
		{&py.Object{Built: true, State: py.Tuple{nil, pyDict("slot", 1)}}, false},
	} {
		err := strict.Assign(c.in, new(person))
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", reprOf(t, c.in), err)
		}
		if err := Assign(c.in, new(person)); err != nil {
			t.Errorf("%s without the option: %v", reprOf(t, c.in), err)
		}
	}
	err := strict.Assign(pyDict("name", "x", "nam", "y"), new(person))
	if want := "pickle: ['nam']: Python's dict into Go's pickle.person: the struct has no such field"; err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// A nil pointer of package py is no value, but programs have such.
func TestAssignOfNilPointers(t *testing.T) {
	for _, v := range []py.Value{(*py.List)(nil), (*py.Dict)(nil), (*py.Set)(nil), (*py.Object)(nil), (*py.Exception)(nil), (*py.Decimal)(nil), (*big.Int)(nil)} {
		items, p, i := []int{1}, new(int), 1
		if err := Assign(v, &items); err != nil || items != nil {
			t.Errorf("%T: %v, %v", v, items, err)
		}
		if err := Assign(v, &p); err != nil || p != nil {
			t.Errorf("%T: %v, %v", v, p, err)
		}
		if err := Assign(v, &i); err == nil {
			t.Errorf("%T is stored in an int", v)
		}
	}
	r := big.NewRat(1, 2)
	if err := Assign(&py.Fraction{}, r); err != nil || r.Sign() != 0 {
		t.Errorf("the zero Fraction is %v, %v", r, err)
	}
}
