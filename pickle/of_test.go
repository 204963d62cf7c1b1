package pickle

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

type (
	person struct {
		Name  string   `pickle:"name"`
		Age   int      `pickle:"age,omitempty"`
		Mail  *string  `pickle:"mail"`
		Tags  []string `pickle:"tags,omitempty"`
		Notes string   `pickle:"-"`
		cache int
	}
	base struct {
		ID   int
		Name string
	}
	employee struct {
		base
		*Address2
		Name  string
		Since time.Time `pickle:",omitzero"`
	}
	Address2 struct{ Street string }
	pair     struct {
		_    struct{} `pickle:",tuple"`
		X, Y int
	}
	celsius float64
	weekday int
	octet   byte
	hidden  struct{ secret int }
	badTag  struct {
		A int `pickle:"a,omitemty"`
	}
	twoNames struct {
		A int `pickle:"x"`
		B int `pickle:"x"`
	}
	byPointer struct{ n int }
	failing   struct{}
	codeError struct{ code int }
)

func (w weekday) MarshalText() ([]byte, error) { return []byte([]string{"mon", "tue"}[w]), nil }
func (w *weekday) UnmarshalText(text []byte) error {
	switch string(text) {
	case "mon":
		*w = 0
	case "tue":
		*w = 1
	default:
		return fmt.Errorf("no day %q", text)
	}
	return nil
}

func (b *byPointer) MarshalPickle() (py.Value, error) { return py.Tuple{"n", b.n}, nil }
func (b *byPointer) UnmarshalPickle(v py.Value) error {
	t, ok := v.(py.Tuple)
	if !ok || len(t) != 2 {
		return errors.New("want a pair")
	}
	return Assign(t[1], &b.n)
}

var errFailing = errors.New("it fails")

func (failing) MarshalPickle() (py.Value, error) { return nil, errFailing }
func (*failing) UnmarshalPickle(py.Value) error  { return errFailing }
func (e *codeError) Error() string               { return fmt.Sprint("code ", e.code) }

func mustOf(t testing.TB, v any) py.Value {
	t.Helper()
	out, err := Of(v)
	if err != nil {
		t.Fatalf("Of(%T): %v", v, err)
	}
	return out
}

func reprOf(t testing.TB, v py.Value) string {
	t.Helper()
	text, err := py.Repr(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestOf(t *testing.T) {
	mail := "x@y.z"
	list := py.NewList(int64(1))
	for _, c := range []struct {
		in   any
		want string
	}{
		{nil, "None"},
		{true, "True"},
		{7, "7"},
		{int8(-7), "-7"},
		{uint16(7), "7"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{uintptr(1), "1"},
		{float32(0.5), "0.5"},
		{celsius(0), "0.0"},
		{math.Copysign(0, -1), "-0.0"},
		{math.Inf(-1), "-inf"},
		{complex64(1 + 2i), "(1+2j)"},
		{"grün", "'grün'"},
		{"\xed\xa0\x80", `'\ud800'`},
		{[]byte("a\xff"), `b'a\xff'`},
		{[3]byte{1, 2, 3}, `b'\x01\x02\x03'`},
		{[]byte(nil), "b''"},
		{[2]octet{1, 2}, `b'\x01\x02'`},
		{&[2]octet{1, 2}, `b'\x01\x02'`},
		{[]octet{1, 2}, `b'\x01\x02'`},
		{[0]byte{}, "b''"},
		{json16{0xab}, `b'\xab\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'`},
		{[]int{1, 2}, "[1, 2]"},
		{[]int(nil), "[]"},
		{[2]string{"a", "b"}, "['a', 'b']"},
		{[]any{1, "a", nil, []any{}}, "[1, 'a', None, []]"},
		{map[string]int{"b": 1, "a": 2, "c": 3}, "{'a': 2, 'b': 1, 'c': 3}"},
		{map[string]any(nil), "{}"},
		{map[int]bool{10: true, 9: false, -1: true}, "{-1: True, 9: False, 10: True}"},
		{map[float64]int{2.5: 1, -1: 2}, "{-1.0: 2, 2.5: 1}"},
		{map[[2]int]string{{2, 1}: "b", {1, 9}: "a"}, "{(1, 9): 'a', (2, 1): 'b'}"},
		{map[any]int{"x": 1, 2: 2, true: 3, uint64(1 << 63): 4}, "{True: 3, 2: 2, 9223372036854775808: 4, 'x': 1}"},
		{map[pair]int{{X: 1, Y: 2}: 3}, "{(1, 2): 3}"},
		{map[byPointer]int{{1}: 1, {2}: 2}, "{('n', 1): 1, ('n', 2): 2}"},
		{map[[1]byte]int{{1}: 1, {2}: 2}, `{b'\x01': 1, b'\x02': 2}`},
		{map[weekday]int{1: 1, 0: 0}, "{'mon': 0, 'tue': 1}"},
		{map[string]struct{}{"b": {}, "a": {}}, "{'a', 'b'}"},
		{map[string]struct{}{}, "set()"},
		{person{Name: "Ann", cache: 1}, "{'name': 'Ann', 'mail': None}"},
		{&person{Name: "Bob", Age: 3, Mail: &mail, Tags: []string{"x"}}, "{'name': 'Bob', 'age': 3, 'mail': 'x@y.z', 'tags': ['x']}"},
		{employee{base: base{1, "inner"}, Name: "outer"}, "{'ID': 1, 'Name': 'outer'}"},
		{employee{Address2: &Address2{"Elm"}}, "{'ID': 0, 'Street': 'Elm', 'Name': ''}"},
		{struct{}{}, "{}"},
		{struct {
			P []int    `pickle:"p,tuple"`
			Q *[2]int  `pickle:"q,tuple"`
			R *person  `pickle:"r,tuple"`
			S [][]byte `pickle:"s,tuple"`
		}{P: []int{1}, Q: &[2]int{1, 2}, R: &person{}}, "{'p': (1,), 'q': (1, 2), 'r': ('', 0, None, []), 's': ()}"},
		{[]pair{{X: 1, Y: 2}}, "[(1, 2)]"},
		{(*int)(nil), "None"},
		{&mail, "'x@y.z'"},
		{big.NewInt(5), "5"},
		{new(big.Int).Lsh(big.NewInt(1), 70), "1180591620717411303424"},
		{(*big.Int)(nil), "None"},
		{*big.NewInt(5), "5"},
		{big.NewRat(6, 4), "Fraction(3, 2)"},
		{big.NewFloat(0.1), "Decimal('0.1')"},
		{new(big.Float).SetInf(true), "Decimal('-Infinity')"},
		{time.Date(2024, 2, 29, 1, 2, 3, 4567, time.UTC), "datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)"},
		{time.Date(2024, 2, 29, 1, 2, 3, 0, time.FixedZone("x", -3600)), "datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=82800)))"},
		{time.Date(2024, 2, 29, 1, 2, 3, 0, time.FixedZone("x", 90000)), "datetime.datetime(2024, 2, 28, 0, 2, 3, tzinfo=datetime.timezone.utc)"},
		{-time.Second, "datetime.timedelta(days=-1, seconds=86399)"},
		{weekday(1), "'tue'"},
		{netip.MustParseAddr("::1"), "'::1'"},
		{byPointer{3}, "('n', 3)"},
		{&byPointer{3}, "('n', 3)"},
		{[]byPointer{{1}}, "[('n', 1)]"},
		{map[string]byPointer{"a": {1}}, "{'a': ('n', 1)}"},
		{(*byPointer)(nil), "None"},
		{io.EOF, "RuntimeError('EOF')"},
		{[]error{&codeError{3}, nil, py.ValueError("bad %d", 1)}, "[RuntimeError('code 3'), None, ValueError('bad 1')]"},
		{list, "[1]"},
		{[]any{list, py.Tuple{"x"}, py.Bytes("b"), py.Ellipsis}, "[[1], ('x',), b'b', Ellipsis]"},
		{[]*py.List{list, nil}, "[[1], None]"},
		{*list, "[1]"},
		{struct{ L py.List }{*list}, "{'L': [1]}"},
		{py.Date{Year: 2024, Month: 1, Day: 2}, "datetime.date(2024, 1, 2)"},
		{struct{ V py.Value }{py.Global{Module: "builtins", Name: "int"}}, "{'V': <class 'int'>}"},
	} {
		v, err := Of(c.in)
		if err != nil {
			t.Errorf("Of(%#v): %v", c.in, err)
			continue
		}
		if got := reprOf(t, v); got != c.want {
			t.Errorf("Of(%#v) is %s, want %s", c.in, got, c.want)
		}
	}
}

// json16 is like the UUID types of other libraries: an array of bytes that is text elsewhere.
type json16 [16]byte

func (json16) MarshalText() ([]byte, error) { return []byte("text"), nil }

func TestOfErrors(t *testing.T) {
	var p any
	p = &p
	type loop *loop
	var l loop
	l = &l
	type list []list
	deep := list{}
	for range 20_000 {
		deep = list{deep}
	}
	for _, c := range []struct {
		in   any
		want string
	}{
		{func() {}, "pickle: can't write value: func(): there is nothing like it in Python"},
		{struct{ Users []map[string]chan int }{[]map[string]chan int{nil, {"x": nil}}}, "pickle: can't write value.Users[1]['x']: chan int: there is nothing like it in Python"},
		{[]any{1, "a\xff"}, "pickle: can't write value[1]: string: it is not UTF-8, and Python's str is text; []byte and py.Bytes are for bytes"},
		{map[string]int{"a\xff": 1}, "pickle: can't write value.keys(): string: it is not UTF-8, and Python's str is text; []byte and py.Bytes are for bytes"},
		{map[any]int{1: 1, 1.0: 2}, "pickle: can't write value[float]: map[interface {}]int: another key of the map is equal to this one in Python"},
		{map[base]int{{}: 1}, "pickle: can't write value.keys(): pickle.base: TypeError: unhashable type: 'dict'"},
		{hidden{secret: 1}, `pickle: can't write value: pickle.hidden: all its fields are unexported, so nothing of it would be written; give it a method MarshalPickle, or leave it out with the tag pickle:"-"`},
		{[]badTag{{}}, `pickle: can't write value[0]: pickle.badTag: the tag of field A has the unknown option "omitemty"`},
		{twoNames{}, `pickle: can't write value: pickle.twoNames: two fields have the name "x"`},
		{struct{ F failing }{}, "pickle: can't write value.F: pickle.failing: it fails"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "pickle: can't write value: time.Time: ValueError: year 10000 is out of range"},
		{p, "pickle: can't write value: *interface {}: it contains itself, which only a list, a dict or an instance can in Python"},
		{l, "pickle: can't write value: pickle.loop: it contains itself, which only a list, a dict or an instance can in Python"},
		{deep, "pickle: can't write value" + strings.Repeat("[0]", 20) + "..." + strings.Repeat("[0]", 20) + ": " + errTooDeep(py.MaxDepth).Error()},
	} {
		v, err := Of(c.in)
		if err == nil {
			t.Errorf("Of(%T) is %v", c.in, v)
			continue
		}
		if err.Error() != c.want {
			t.Errorf("Of(%T): %v\nwant %s", c.in, err, c.want)
		}
		var e *EncodeError
		if !errors.As(err, &e) {
			t.Errorf("Of(%T): %T is no EncodeError", c.in, err)
		}
	}
	_, err := Of([]any{failing{}})
	if !errors.Is(err, errFailing) {
		t.Errorf("%v does not wrap the method's own error", err)
	}
	if e := (*MarshalTypeError)(nil); !errors.As(err, &e) || e.Type != reflect.TypeFor[failing]() {
		t.Errorf("%v has no MarshalTypeError of the type", err)
	}
}

type treeNode struct {
	Name     string
	Next     *treeNode
	Children []*treeNode
	Index    map[string]*treeNode
}

// TestOfIdentity: what is one thing in Go is one thing in Python, and no more than that.
func TestOfIdentity(t *testing.T) {
	n := &treeNode{Name: "a"}
	items := []int{1, 2}
	m := map[string]int{"x": 1}
	arr := &[2]int{1, 2}
	d := mustOf(t, map[string]any{
		"n1": n, "n2": n, "s1": items, "s2": items, "s3": items[:1], "m1": m, "m2": m, "a1": arr, "a2": arr, "v1": *n, "v2": *n,
		"c1": &byPointer{1}, "empty1": []int{}, "empty2": []int{},
	}).(*py.Dict)
	get := func(k string) py.Value {
		v, ok := d.GetStr(k)
		if !ok {
			t.Fatalf("no %s", k)
		}
		return v
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{{"n1", "n2", true}, {"s1", "s2", true}, {"s1", "s3", false}, {"m1", "m2", true}, {"a1", "a2", true}, {"v1", "v2", false}, {"v1", "n1", false}, {"empty1", "empty2", false}} {
		if (get(c.a) == get(c.b)) != c.same {
			t.Errorf("%s and %s are the same: %v, want %v", c.a, c.b, !c.same, c.same)
		}
	}

	// The same custom value is asked once.
	counted := &counter{}
	pairOf := mustOf(t, []any{counted, counted}).(*py.List)
	if counted.calls != 1 || pairOf.Items[0] != pairOf.Items[1] {
		t.Errorf("%d calls of MarshalPickle for one pointer; the values are %v", counted.calls, pairOf.Items)
	}

	// Two temporary values at one address are not the same.
	var temps []any
	for i := range 1000 {
		temps = append(temps, temporary(i))
	}
	for i, v := range mustOf(t, temps).(*py.List).Items {
		if got := v.(*py.List).Items[0]; got != int64(i) {
			t.Fatalf("element %d is %v", i, got)
		}
	}
	empties := []*struct{}{{}, {}}
	if l := mustOf(t, empties).(*py.List); l.Items[0] == l.Items[1] {
		t.Error("pointers to two structs of no size are one dict")
	}
}

type counter struct{ calls int }

func (c *counter) MarshalPickle() (py.Value, error) {
	c.calls++
	return py.NewList(c.calls), nil
}

type temporary int

func (x temporary) MarshalPickle() (py.Value, error) { return []any{int(x)}, nil }

func TestOfCycles(t *testing.T) {
	n := &treeNode{Name: "a"}
	n.Next = n
	n.Children = []*treeNode{n}
	n.Index = map[string]*treeNode{"n": n}
	if got, want := reprOf(t, mustOf(t, n)), "{'Name': 'a', 'Next': {...}, 'Children': [{...}], 'Index': {'n': {...}}}"; got != want {
		t.Errorf("a struct that contains itself is %s, want %s", got, want)
	}
	type list []list
	l := list{nil, nil}
	l[1] = l
	if got, want := reprOf(t, mustOf(t, l)), "[[], [...]]"; got != want {
		t.Errorf("a slice that contains itself is %s, want %s", got, want)
	}
	type dict map[string]dict
	m := dict{}
	m["m"] = m
	if got, want := reprOf(t, mustOf(t, m)), "{'m': {...}}"; got != want {
		t.Errorf("a map that contains itself is %s, want %s", got, want)
	}
	a := []any{nil}
	a[0] = &a
	if got, want := reprOf(t, mustOf(t, &a)), "[[...]]"; got != want {
		t.Errorf("a slice that contains its pointer is %s, want %s", got, want)
	}
	arr := new([1]any)
	arr[0] = arr
	if got, want := reprOf(t, mustOf(t, arr)), "[[...]]"; got != want {
		t.Errorf("an array that contains its pointer is %s, want %s", got, want)
	}
	type ring struct {
		_    struct{} `pickle:",tuple"`
		Next any
	}
	r := &ring{}
	r.Next = r
	if v, err := Of(r); err == nil {
		t.Errorf("a tuple that would have to contain itself is %v", v)
	}
	list2 := &ring{}
	list2.Next = []any{list2}
	if v, err := Of(list2); err == nil {
		t.Errorf("a tuple that would have to be in itself, through a list, is %v", v)
	}
}
