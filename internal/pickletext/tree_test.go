package pickletext

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func text(t *testing.T, v py.Value, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteValue(&b, v, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func dict(t *testing.T, pairs ...py.Value) *py.Dict {
	t.Helper()
	d := py.NewDict()
	for i := 0; i < len(pairs); i += 2 {
		if err := d.Set(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func global(module, name string) py.Global { return py.Global{Module: module, Name: name} }

func TestValues(t *testing.T) {
	set, _ := py.NewSet(int64(1), "a")
	frozen, _ := py.NewFrozenSet(int64(2))
	none, _ := py.NewSet()
	job := global("app", "Job")
	for _, tc := range []struct {
		v    py.Value
		want string
	}{
		{nil, "None"},
		{int64(-7), "-7"},
		{new(big.Int).Lsh(big.NewInt(1), 70), "1180591620717411303424"},
		{1.5, "1.5"},
		{"it's", `"it's"`},
		{"a\x1b[31m", `'a\x1b[31m'`},
		{py.Bytes("\x00a"), `b'\x00a'`},
		{&py.ByteArray{B: []byte("ab")}, `bytearray(b'ab')`},
		{py.Tuple{}, "()"},
		{py.Tuple{int64(1)}, "(1,)"},
		{py.NewList(), "[]"},
		{py.NewList(py.NewList(true), nil), "[[True], None]"},
		{dict(t), "{}"},
		{dict(t, "a", int64(1), py.Tuple{int64(2), "b"}, 0.5), "{'a': 1, (2, 'b'): 0.5}"},
		{set, "{1, 'a'}"},
		{none, "set()"},
		{frozen, "frozenset({2})"},
		{py.Slice{Start: nil, Stop: int64(3), Step: nil}, "slice(None, 3, None)"},
		{py.Range{Start: int64(0), Stop: int64(9), Step: int64(2)}, "range(0, 9, 2)"},
		{py.DateTime{Year: 2024, Month: 2, Day: 29, TZ: py.TimeZone{}}, "datetime.datetime(2024, 2, 29, 0, 0, tzinfo=datetime.timezone.utc)"},
		{py.DateTime{Year: 2024, Month: 2, Day: 29, TZ: &py.Object{Class: job}}, "datetime.datetime(2024, 2, 29, 0, 0, 0, 0, fold=0, tzinfo=app.Job())"},
		{py.Time{Hour: 1, Fold: 1, TZ: &py.Object{Class: job}}, "datetime.time(1, 0, 0, 0, fold=1, tzinfo=app.Job())"},
		{py.Date{Year: 2024, Month: 2, Day: 29}, "datetime.date(2024, 2, 29)"},
		{&py.Persistent{ID: "node-7"}, "persistent('node-7')"},
		{global("os", "system"), "os.system"},
		{global("app", "f.<locals>.g"), "app.f.<locals>.g"},
		{global("app\x1b", "f"), `global('app\x1b', 'f')`},
		{global("", ""), "global('', '')"},

		{&py.Exception{Class: global("builtins", "KeyError"), Args: py.Tuple{"x"}}, "KeyError('x')"},
		{&py.Exception{Class: global("app", "Oops"), State: dict(t, "code", int64(3))}, "app.Oops() {.code = 3}"},

		{&py.Object{Class: global("os", "system"), Args: py.Tuple{"ls"}}, "os.system('ls')"},
		{&py.Object{Form: py.Made, Class: job}, "new app.Job()"},
		{&py.Object{Form: py.MadeWith, Class: job, Args: py.Tuple{int64(1)}, Kwargs: dict(t, "x", int64(2), "a b", nil)}, "new app.Job(1, x=2, 'a b'=None)"},
		{&py.Object{Form: py.Classic, Class: job}, "instance app.Job"},
		{&py.Object{Form: py.Classic, Class: job, Args: py.Tuple{int64(1)}}, "instance app.Job(1)"},
		{&py.Object{Form: py.Extension, Args: py.Tuple{int64(240)}}, "extension(240)"},
		{&py.Object{Class: &py.Object{Class: global("builtins", "getattr"), Args: py.Tuple{job, "make"}}}, "(builtins.getattr(app.Job, 'make'))()"},
		{&py.Object{Class: global("copyreg", "_reconstructor"), Args: py.Tuple{job, global("builtins", "object"), nil}, Built: true, State: dict(t, py.Str2("a"), int64(1))}, "new app.Job() {.a = 1}"},
		{&py.Object{Class: global("copyreg", "__newobj__"), Args: py.Tuple{job, int64(1)}}, "new app.Job(1)"},
		{&py.Object{Form: py.Made, Class: job, Built: true, State: dict(t, "a", int64(1), "b", py.NewList())}, "new app.Job() {.a = 1, .b = []}"},
		{&py.Object{Form: py.Made, Class: job, Built: true, State: dict(t, "a b", int64(1))}, "new app.Job() {state = {'a b': 1}}"},
		{&py.Object{Form: py.Made, Class: job, Built: true, State: dict(t)}, "new app.Job() {state = {}}"},
		{&py.Object{Form: py.Made, Class: job, Built: true}, "new app.Job() {state = None}"},
		{&py.Object{Form: py.Made, Class: job, Built: true, State: py.Tuple{nil, dict(t, "slot", int64(1))}}, "new app.Job() {.slot = 1}"},
		{&py.Object{Form: py.Made, Class: job, Built: true, State: py.Tuple{dict(t, "a", int64(1)), dict(t, "slot", int64(2))}}, "new app.Job() {.a = 1, .slot = 2}"},
		{&py.Object{Form: py.Made, Class: job, Built: true, State: py.Tuple{int64(1), int64(2)}, Later: []py.Value{int64(3)}}, "new app.Job() {state = (1, 2), state = 3}"},
		{&py.Object{Form: py.Made, Class: job, Items: []py.Value{int64(1), int64(2)}}, "new app.Job() {extend [1, 2]}"},
		{&py.Object{Class: job, Args: py.Tuple{int64(0)}, Items: []py.Value{int64(1)}, Added: true, Pairs: []py.Pair{{Key: "k", Value: int64(2)}}}, "app.Job(0) {add 1, ['k'] = 2}"},
	} {
		if got := text(t, tc.v, DefaultOptions); got != tc.want+"\n" {
			t.Errorf("%#v is\n%swant\n%s", tc.v, got, tc.want)
		}
	}
}

// A value that is small in a pickle and doubles with every byte is printed in no time.
func TestLaughs(t *testing.T) {
	var list, tuple, slice, zone py.Value
	for range 100 {
		list = py.NewList(list, list)
		tuple = py.Tuple{tuple, tuple}
		slice = py.Slice{Start: slice, Stop: slice, Step: slice}
		zone = &py.Object{Class: global("app", "Zone"), Args: py.Tuple{py.Time{TZ: zone}, py.Time{TZ: zone}}}
	}
	for name, v := range map[string]py.Value{"list": list, "tuple": tuple, "slice": slice, "zone": zone} {
		if got := text(t, v, DefaultOptions.All()); len(got) > 1<<17 {
			t.Errorf("%s takes %d bytes", name, len(got))
		}
	}
}

func TestSharedValuesAndCycles(t *testing.T) {
	list := py.NewList(int64(1))
	again := py.Tuple{list, list}
	itself := py.NewList()
	itself.Items = []py.Value{itself, int64(2)}
	state := dict(t, "a", int64(1))
	object := &py.Object{Form: py.Made, Class: global("app", "Job"), Built: true, State: state}
	for _, tc := range []struct {
		v    py.Value
		want string
	}{
		{again, "(&1 [1], *1)"},
		{py.NewList(again, again, list), "[&1 (&2 [1], *2), *1, *2]"},
		{itself, "&1 [*1, 2]"},
		{py.NewList(py.Tuple{}, py.Tuple{}), "[(), ()]"},
		{py.NewList("shared", "shared"), "['shared', 'shared']"},
		// A dict of attributes that others refer to is not taken apart.
		{py.Tuple{object, state}, "(new app.Job() {state = &1 {'a': 1}}, *1)"},
	} {
		if got := text(t, tc.v, DefaultOptions); got != tc.want+"\n" {
			t.Errorf("%s, want\n%s", got, tc.want)
		}
	}
	state.Set("self", object)
	if got, want := text(t, object, DefaultOptions), "&1 new app.Job() {.a = 1, .self = *1}\n"; got != want {
		t.Errorf("%swant\n%s", got, want)
	}
}

// An anchor that was given on a line that proved too long is given again, with the same number.
func TestAnchorsOfBrokenLines(t *testing.T) {
	list := py.NewList(int64(1))
	got := text(t, py.NewList(list, strings.Repeat("x", 30), list), Options{Width: 20})
	if want := "[\n  &1 [1],\n  '" + strings.Repeat("x", 30) + "',\n  *1,\n]\n"; got != want {
		t.Errorf("%swant\n%s", got, want)
	}
}

func TestLongLinesAreBroken(t *testing.T) {
	object := &py.Object{
		Form: py.Made, Class: global("app", "Job"), Args: py.Tuple{"first", "second"},
		Built: true, State: dict(t, "name", "Ada Lovelace", "tags", py.NewList("engine", "notes"), "numbers", py.NewList(ints(12)...)),
	}
	got := text(t, dict(t, "job", object, py.Tuple{int64(1), int64(2)}, py.NewList()), Options{Width: 30})
	const want = `{
  'job': new app.Job(
    'first', 'second',
  ) {
    .name = 'Ada Lovelace',
    .tags = [
      'engine', 'notes',
    ],
    .numbers = [
      0, 1, 2, 3, 4, 5, 6, 7,
      8, 9, 10, 11,
    ],
  },
  (1, 2): [],
}
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func ints(n int) []py.Value {
	all := make([]py.Value, n)
	for i := range all {
		all[i] = int64(i)
	}
	return all
}

func TestCuts(t *testing.T) {
	o := Options{Width: 80, Depth: 2, Items: 3, Chars: 4}
	large := new(big.Int).Lsh(big.NewInt(0xabcd), 5000)
	for _, tc := range []struct {
		v    py.Value
		want string
	}{
		{"äöüß", "'äöüß'"},
		{"äöüßé", "'äöüß'... (5 characters)"},
		{py.Bytes("12345"), "b'1234'... (5 bytes)"},
		{py.Bytes("\x00\x00"), `b'\x00'... (2 bytes)`},
		{"\xed\xa0\x80a", `'\ud800'... (2 characters)`},
		{"a\x1b", `'a'... (2 characters)`},
		{&py.ByteArray{B: []byte("12345")}, "bytearray(b'1234')... (5 bytes)"},
		{large, "0xabcd... (5016 bits)"},
		{new(big.Int).Neg(large), "-0xabcd... (5016 bits)"},
		{py.NewList(ints(3)...), "[0, 1, 2]"},
		{py.NewList(ints(5)...), "[0, 1, 2, ... (2 more)]"},
		{py.NewList(py.NewList(py.NewList(int64(1), int64(2)), py.NewList())), "[[[... (2)], []]]"},
	} {
		if got := text(t, tc.v, o); got != tc.want+"\n" {
			t.Errorf("%swant\n%s", got, tc.want)
		}
	}
	if got, want := text(t, py.NewList(ints(500)...), Options{Width: 20, Items: 8}), "[\n  0, 1, 2, 3, 4, 5,\n  6, 7,\n  ... (492 more)\n]\n"; got != want {
		t.Errorf("%swant\n%s", got, want)
	}
	all := text(t, py.NewList(ints(500)...), DefaultOptions.All())
	if !strings.Contains(all, " 499,\n]") || strings.Contains(all, "more") {
		t.Errorf("not all of it:\n%s", all)
	}
}

// A value as deep as there are is printed, with lines that stay in bounds.
func TestDeepValues(t *testing.T) {
	var v py.Value = int64(1)
	for range py.MaxDepth {
		v = py.NewList(v)
	}
	got := text(t, v, DefaultOptions.All())
	if n := strings.Count(got, "["); n != py.MaxDepth {
		t.Errorf("%d brackets", n)
	}
	if got := text(t, v, DefaultOptions); !strings.Contains(got, "[... (1)]") {
		t.Errorf("%s", got)
	}
}
