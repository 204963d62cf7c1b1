package pickle

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// mustSet and mustDict build values of tests.
func mustSet(t testing.TB, elems ...py.Value) *py.Set {
	t.Helper()
	s, err := py.NewSet(elems...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustFrozenSet(t testing.TB, elems ...py.Value) *py.FrozenSet {
	t.Helper()
	s, err := py.NewFrozenSet(elems...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mustDict takes keys and values in turn.
func mustDict(t testing.TB, kv ...py.Value) *py.Dict {
	t.Helper()
	d := py.NewDict()
	fillDict(t, d, kv...)
	return d
}

func fillDict(t testing.TB, d *py.Dict, kv ...py.Value) {
	t.Helper()
	for i := 0; i < len(kv); i += 2 {
		if err := d.Set(kv[i], kv[i+1]); err != nil {
			t.Fatal(err)
		}
	}
}

func bigInt(t testing.TB, s string) *big.Int {
	t.Helper()
	i, ok := new(big.Int).SetString(s, 0)
	if !ok {
		t.Fatalf("%q is no integer", s)
	}
	return i
}

// TestEncodedBytes has the bytes that come out, without PROTO and STOP.
func TestEncodedBytes(t *testing.T) {
	shared := py.NewList()
	text := "shared text"
	for _, c := range []struct {
		name     string
		value    any
		protocol int
		want     string
	}{
		{"None", nil, 4, "N"},
		{"True", true, 4, "\x88"},
		{"False", false, 2, "\x89"},
		{"0", int64(0), 4, "K\x00"},
		{"255", int64(255), 4, "K\xff"},
		{"256", int64(256), 4, "M\x00\x01"},
		{"65535", int64(65535), 4, "M\xff\xff"},
		{"65536", int64(65536), 4, "J\x00\x00\x01\x00"},
		{"-1", int64(-1), 4, "J\xff\xff\xff\xff"},
		{"2**31-1", int64(math.MaxInt32), 4, "J\xff\xff\xff\x7f"},
		{"-2**31", int64(math.MinInt32), 4, "J\x00\x00\x00\x80"},
		{"2**31", int64(1 << 31), 4, "\x8a\x05\x00\x00\x00\x80\x00"},
		{"-2**31-1", int64(math.MinInt32 - 1), 4, "\x8a\x05\xff\xff\xff\x7f\xff"},
		{"2**39-1", int64(1<<39 - 1), 4, "\x8a\x05\xff\xff\xff\xff\x7f"},
		{"2**39", int64(1 << 39), 4, "\x8a\x06\x00\x00\x00\x00\x80\x00"},
		{"-2**39", int64(-1 << 39), 4, "\x8a\x05\x00\x00\x00\x00\x80"},
		{"2**63-1", int64(math.MaxInt64), 4, "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"},
		{"-2**63", int64(math.MinInt64), 4, "\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80"},
		{"2**63", uint64(1 << 63), 4, "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00"},
		{"big 2**63", bigInt(t, "0x8000000000000000"), 4, "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00"},
		{"big -2**63-1", bigInt(t, "-0x8000000000000001"), 4, "\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff"},
		{"big -2**71", bigInt(t, "-0x800000000000000000"), 4, "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x80"},
		{"big 7", big.NewInt(7), 4, "K\x07"},
		{"LONG4", new(big.Int).Lsh(big.NewInt(1), 255*8-1), 2, "\x8b\x00\x01\x00\x00" + strings.Repeat("\x00", 254) + "\x80\x00"},
		{"int", 5, 4, "K\x05"}, {"int8", int8(-1), 4, "J\xff\xff\xff\xff"}, {"uint16", uint16(256), 4, "M\x00\x01"}, {"float32", float32(1.5), 4, "G\x3f\xf8\x00\x00\x00\x00\x00\x00"},
		{"-0.0", math.Copysign(0, -1), 4, "G\x80\x00\x00\x00\x00\x00\x00\x00"},

		{"str 4", "abc", 4, "\x8c\x03abc"},
		{"str 3", "abc", 3, "X\x03\x00\x00\x00abc"},
		{"str ''", "", 4, "\x8c\x00"},
		{"str surrogate", "\xed\xa0\x80", 4, "\x8c\x03\xed\xa0\x80"},
		{"str 256", strings.Repeat("a", 256), 3, "X\x00\x01\x00\x00" + strings.Repeat("a", 256)},
		{"bytes 4", py.Bytes("a\xff"), 4, "C\x02a\xff"},
		{"bytes 2", py.Bytes("a\xff"), 2, "c_codecs\nencode\nX\x03\x00\x00\x00a\xc3\xbfX\x06\x00\x00\x00latin1\x86R"},
		{"bytes 2 empty", py.Bytes(""), 2, "c__builtin__\nbytes\n)R"},
		{"Str2 2", py.Str2("a\xff"), 2, "U\x02a\xff"},
		{"Str2 3 ASCII", py.Str2("ab"), 3, "X\x02\x00\x00\x00ab"},
		{"Str2 4", py.Str2("a\xff"), 4, "C\x02a\xff"},
		{"Go bytes", []byte{1, 2}, 4, "C\x02\x01\x02"},
		{"bytearray 5", &py.ByteArray{B: []byte("ab")}, 5, "\x96\x02\x00\x00\x00\x00\x00\x00\x00ab"},
		{"bytearray 4", &py.ByteArray{B: []byte("ab")}, 4, "\x8c\x08builtins\x8c\x09bytearray\x93C\x02ab\x85R"},
		{"bytearray 3", &py.ByteArray{}, 3, "cbuiltins\nbytearray\n)R"},
		{"bytearray 2", &py.ByteArray{B: []byte("\xff")}, 2, "c__builtin__\nbytearray\nX\x02\x00\x00\x00\xc3\xbfX\x07\x00\x00\x00latin-1\x86R"},

		{"()", py.Tuple{}, 4, ")"},
		{"nil tuple", py.Tuple(nil), 4, ")"},
		{"(1,)", py.Tuple{int64(1)}, 4, "K\x01\x85"},
		{"(1,2,3)", py.Tuple{1, 2, 3}, 4, "K\x01K\x02K\x03\x87"},
		{"(1,2,3,4)", py.Tuple{1, 2, 3, 4}, 4, "(K\x01K\x02K\x03K\x04t"},
		{"[]", py.NewList(), 4, "]"},
		{"[1]", py.NewList(1), 4, "]K\x01a"},
		{"[1,2]", py.NewList(1, 2), 4, "](K\x01K\x02e"},
		{"{}", py.NewDict(), 4, "}"},
		{"{1:2}", mustDict(t, 1, 2), 4, "}K\x01K\x02s"},
		{"{1:2,3:4}", mustDict(t, 1, 2, 3, 4), 4, "}(K\x01K\x02K\x03K\x04u"},
		{"set 4", mustSet(t, 1), 4, "\x8f(K\x01\x90"},
		{"set() 4", mustSet(t), 4, "\x8f"},
		{"set 3", mustSet(t, 1, 2), 3, "cbuiltins\nset\n](K\x01K\x02e\x85R"},
		{"set 2", mustSet(t, 1), 2, "c__builtin__\nset\n]K\x01a\x85R"},
		{"frozenset 4", mustFrozenSet(t, 1), 4, "(K\x01\x91"},
		{"frozenset 2", mustFrozenSet(t), 2, "c__builtin__\nfrozenset\n]\x85R"},

		{"a reply", py.Tuple{"#RETURN", nil}, 4, "\x8c\x07#RETURNN\x86"},
		{"a request", py.Tuple{"7f44dcd29b40", "append", py.Tuple{1}, py.NewDict()}, 4, "(\x8c\x0c7f44dcd29b40\x8c\x06appendK\x01\x85}t"},
		{"shared list", py.Tuple{shared, shared, shared}, 4, "]\x94h\x00h\x00\x87"},
		{"shared list 2", py.Tuple{shared, shared}, 2, "]q\x00h\x00\x86"},
		{"shared text", py.Tuple{text, text, text[:6], text[1:]}, 4, "(\x8c\x0bshared text\x94h\x00\x8c\x06shared\x8c\x0ahared textt"},
		{"text and bytes", py.Tuple{text, py.Bytes(text)}, 4, "\x8c\x0bshared textC\x0bshared text\x86"},
		{"one character", py.Tuple{text[:1], text[:1]}, 4, "\x8c\x01s\x8c\x01s\x86"},
		{"zero values", py.Tuple{py.TimeDelta{}, py.UUID{}, 0i}, 3, "cdatetime\ntimedelta\nK\x00K\x00K\x00\x87Rcuuid\nUUID\n)\x81}X\x03\x00\x00\x00intK\x00sbcbuiltins\ncomplex\n" +
			"G" + strings.Repeat("\x00", 8) + "G" + strings.Repeat("\x00", 8) + "\x86R\x87"},
		{"equal numbers", py.Tuple{1, 1}, 4, "K\x01K\x01\x86"},

		{"Global 4", py.Global{Module: "a.b", Name: "C.d"}, 4, "\x8c\x03a.b\x8c\x03C.d\x93"},
		{"Global 3", py.Global{Module: "a.b", Name: "C"}, 3, "ca.b\nC\n"},
		{"Global 3 dots", py.Global{Module: "a.b", Name: "C.d"}, 3, "cbuiltins\ngetattr\nca.b\nC\nX\x01\x00\x00\x00d\x86R"},
		{"Global 2", py.Global{Module: "builtins", Name: "KeyError"}, 2, "cexceptions\nKeyError\n"},
		{"Global twice", py.Tuple{py.Global{Module: "m", Name: "C"}, py.Global{Module: "m", Name: "C"}}, 3, "cm\nC\nq\x00h\x00\x86"},
		{"Ellipsis", py.Ellipsis, 2, "c__builtin__\nEllipsis\n"},

		{"Called", &py.Object{Class: py.Global{Module: "m", Name: "f"}, Args: py.Tuple{1}}, 3, "cm\nf\nK\x01\x85R"},
		{"Made", &py.Object{Form: py.Made, Class: py.Global{Module: "m", Name: "C"}, Built: true, State: mustDict(t, "x", 1)}, 3, "cm\nC\n)\x81}X\x01\x00\x00\x00xK\x01sb"},
		{"Made with all", &py.Object{Form: py.Made, Class: py.Global{Module: "m", Name: "C"}, Items: []py.Value{1, 2}, Pairs: []py.Pair{{Key: 3, Value: 4}}, Built: true, Later: []py.Value{5}}, 3,
			"cm\nC\n)\x81(K\x01K\x02eK\x03K\x04sNbK\x05b"},
		{"added", &py.Object{Class: py.Global{Module: "m", Name: "C"}, Items: []py.Value{1}, Added: true}, 4, "\x8c\x01m\x8c\x01C\x93)R(K\x01\x90"},
		{"MadeWith 4", &py.Object{Form: py.MadeWith, Class: py.Global{Module: "m", Name: "C"}, Kwargs: mustDict(t, "x", 1)}, 4, "\x8c\x01m\x8c\x01C\x93)}\x8c\x01xK\x01s\x92"},
		{"MadeWith 4 nil", &py.Object{Form: py.MadeWith, Class: py.Global{Module: "m", Name: "C"}}, 4, "\x8c\x01m\x8c\x01C\x93)}\x92"},
		{"MadeWith 3", &py.Object{Form: py.MadeWith, Class: py.Global{Module: "m", Name: "C"}, Kwargs: mustDict(t, "x", 1)}, 3,
			"ccopyreg\n__newobj_ex__\ncm\nC\n)}X\x01\x00\x00\x00xK\x01s\x87R"},
		{"MadeWith 3 nil", &py.Object{Form: py.MadeWith, Class: py.Global{Module: "m", Name: "C"}}, 3, "cm\nC\n)\x81"},
		{"Classic", &py.Object{Form: py.Classic, Class: py.Global{Module: "m", Name: "C"}, Args: py.Tuple{1}}, 2, "(cm\nC\nK\x01o"},
		{"EXT1", &py.Object{Form: py.Extension, Args: py.Tuple{int64(255)}}, 2, "\x82\xff"},
		{"EXT2", &py.Object{Form: py.Extension, Args: py.Tuple{int64(256)}}, 4, "\x83\x00\x01"},
		{"EXT4", &py.Object{Form: py.Extension, Args: py.Tuple{int64(65536)}}, 4, "\x84\x00\x00\x01\x00"},
		{"Persistent", &py.Persistent{ID: "id"}, 4, "\x8c\x02idQ"},
		{"nil pointers", py.Tuple{(*py.List)(nil), (*py.Object)(nil), (*big.Int)(nil)}, 4, "NNN\x87"},
		{"exception", py.NewException("KeyError", "k"), 2, "cexceptions\nKeyError\nX\x01\x00\x00\x00k\x85R"},

		{"date", py.Date{Year: 2024, Month: 2, Day: 29}, 3, "cdatetime\ndate\nC\x04\x07\xe8\x02\x1d\x85R"},
		{"datetime fold", py.DateTime{Year: 2024, Month: 2, Day: 29, Microsecond: 65537, Fold: 1}, 4, "\x8c\x08datetime\x8c\x08datetime\x93C\x0a\x07\xe8\x82\x1d\x00\x00\x00\x01\x00\x01\x85R"},
		{"datetime fold 3", py.DateTime{Year: 2024, Month: 2, Day: 29, Fold: 1}, 3, "cdatetime\ndatetime\nC\x0a\x07\xe8\x02\x1d\x00\x00\x00\x00\x00\x00\x85R"},
		{"range 2", py.Range{Start: int64(0), Stop: int64(3), Step: int64(1)}, 2, "c__builtin__\nxrange\nK\x00K\x03K\x01\x87R"},
		{"complex", 1 + 2i, 3, "cbuiltins\ncomplex\nG\x3f\xf0\x00\x00\x00\x00\x00\x00G\x40\x00\x00\x00\x00\x00\x00\x00\x86R"},
		{"uuid", py.UUID{15: 1}, 3, "cuuid\nUUID\n)\x81}X\x03\x00\x00\x00intK\x01sb"},
		{"fraction", &py.Fraction{Num: big.NewInt(1), Den: big.NewInt(3)}, 3, "cfractions\nFraction\nK\x01K\x03\x86R"},
		{"array 2", &py.Array{Typecode: 'b', Data: []byte("a")}, 2, "carray\narray\nU\x01bc_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00latin1\x86R\x86R"},
		{"array 3", &py.Array{Typecode: 'b', Data: []byte("a")}, 3, "carray\n_array_reconstructor\n(carray\narray\nX\x01\x00\x00\x00bK\x01C\x01atR"},
		{"array u 2", &py.Array{Typecode: 'u'}, 2, "carray\narray\nU\x01uX\x00\x00\x00\x00\x86R"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Config{Protocol: c.protocol}.Marshal(c.value)
			want := "\x80" + string(rune(c.protocol)) + c.want + "."
			if err != nil || string(got) != want {
				t.Errorf("got  %q, %v\nwant %q", got, err, want)
			}
		})
	}
}

func TestDefaultProtocol(t *testing.T) {
	got, err := Marshal(nil)
	if err != nil || string(got) != "\x80\x04N." {
		t.Errorf("got %q, %v", got, err)
	}
	for _, p := range []int{-1, 1, 6} {
		if _, err := (Config{Protocol: p}).Marshal(nil); err == nil {
			t.Errorf("protocol %d was written", p)
		}
	}
}

func TestAppendKeepsWhatThereIs(t *testing.T) {
	dst := append(make([]byte, 0, 100), "before"...)
	got, err := Config{}.Append(dst, "x")
	if err != nil || string(got) != "before\x80\x04\x8c\x01x." {
		t.Errorf("got %q, %v", got, err)
	}
	if &got[0] != &dst[0] {
		t.Error("the memory of dst was not used")
	}
	got, err = Config{}.Append(dst, py.NewList(1, "\xff"))
	if err == nil || string(got) != "before" {
		t.Errorf("after an error: got %q, %v", got, err)
	}
}

// loop is a list that contains itself, in a tuple.
func loop() py.Tuple {
	l := py.NewList()
	t := py.Tuple{l, int64(1)}
	l.Items = []py.Value{t}
	return t
}

// TestCycles has the bytes for what contains itself; that Python reads them is tested with Python.
func TestCycles(t *testing.T) {
	list := py.NewList()
	list.Items = []py.Value{list}

	tuple := loop()

	four := py.Tuple{nil, 1, 2, 3}
	l4 := py.NewList(four)
	four[0] = l4

	other := py.Tuple{1, "ab", 2, nil}
	other[3] = py.NewList(other)

	own := &py.Object{Form: py.Made, Class: py.Global{Module: "m", Name: "C"}, Built: true}
	own.State = py.Tuple{own}

	arg := &py.Object{Class: py.Global{Module: "m", Name: "C"}}
	arg.Args = py.Tuple{py.NewList(arg)}

	obj := &py.Object{Form: py.Made, Class: py.Global{Module: "m", Name: "C"}, Built: true}
	inSet := mustFrozenSet(t, obj)
	obj.State = inSet

	for _, c := range []struct {
		name     string
		value    any
		protocol int
		want     string
	}{
		{"list", list, 4, "]\x94h\x00a"},
		{"tuple", tuple, 4, "]\x94h\x00K\x01\x86\x94a0h\x01"},
		{"tuple of 4", four, 4, "(]\x94(h\x00K\x01K\x02K\x03t\x94a1h\x01"},
		{"tuple with a part", other, 4, "(K\x01\x8c\x02ab\x94K\x02]\x94(K\x01h\x00K\x02h\x01t\x94a1h\x02"},
		{"own state", own, 3, "cm\nC\n)\x81q\x00h\x00\x85q\x01b"},
		{"own argument", arg, 3, "cm\nC\nq\x00]q\x01\x85q\x02Rq\x03h\x01h\x03a0"},
		{"frozenset", inSet, 4, "(\x8c\x01m\x8c\x01C\x93)\x81\x94(h\x00\x91\x94b1h\x01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Config{Protocol: c.protocol}.Marshal(c.value)
			want := "\x80" + string(rune(c.protocol)) + c.want + "."
			if err != nil || string(got) != want {
				t.Errorf("got  %q, %v\nwant %q", got, err, want)
			}
		})
	}
}

// TestCycleSize: a tuple that is among its own parts many times does not repeat the others each time.
func TestCycleSize(t *testing.T) {
	const lists, floats = 50, 10_000
	large := py.NewList()
	for range floats {
		large.Items = append(large.Items, 1.5)
	}
	tuple := py.Tuple{large}
	for range lists {
		tuple = append(tuple, py.NewList())
	}
	for _, v := range tuple[1:] {
		l := v.(*py.List)
		l.Items = append(l.Items, tuple)
	}
	for protocol := 2; protocol <= 5; protocol++ {
		data, err := Config{Protocol: protocol}.Marshal(tuple)
		if err != nil || len(data) > 2*floats*9 {
			t.Errorf("%d bytes, %v", len(data), err)
		}
	}
}

// TestImpossible: what no Python can have makes an error, and costs neither the stack nor much time.
func TestImpossible(t *testing.T) {
	tuple := make(py.Tuple, 2)
	tuple[0], tuple[1] = tuple, tuple
	obj := &py.Object{Class: py.Global{Module: "m", Name: "C"}}
	obj.Args = py.Tuple{obj, obj}
	deep := py.NewList()
	for range py.MaxDepth {
		deep = py.NewList(deep)
	}
	for name, v := range map[string]any{"tuple": tuple, "object": obj, "deep": deep} {
		for protocol := 2; protocol <= 5; protocol++ {
			_, err := Config{Protocol: protocol}.Marshal(v)
			if e := (*EncodeError)(nil); !errors.As(err, &e) || !errors.Is(err, ErrLimit) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := (Config{Limits: Limits{Depth: py.MaxDepth + 1}}).Marshal(deep); err != nil {
		t.Errorf("a depth that was allowed: %v", err)
	}
	if _, err := (Config{Limits: Limits{Depth: math.MaxInt}}).Marshal(tuple); !errors.Is(err, ErrLimit) {
		t.Errorf("without a limit of the Config: %v", err)
	}
}

func TestEncodeErrors(t *testing.T) {
	type S struct{ F any }
	bad := "\xff"
	od := &py.OrderedDict{State: mustDict(t, "s", bad)}
	for _, c := range []struct {
		value    any
		protocol int
		path     string
		text     string
	}{
		{bad, 4, "", "not UTF-8"},
		{"\xed\xa0", 4, "", "not UTF-8"},
		{py.NewList(1, mustDict(t, "key", py.Tuple{bad})), 4, "[1]['key'][0]", "not UTF-8"},
		{mustDict(t, 5, bad), 4, "[5]", "not UTF-8"},
		{mustDict(t, bad, 1), 4, ".keys()[0]", "not UTF-8"},
		{mustDict(t, 1.5, bad), 4, "[float]", "not UTF-8"},
		{mustSet(t, 1, bad), 4, "[1]", "not UTF-8"},
		{od, 4, ".state['s']", "not UTF-8"},
		{&py.Object{Class: py.Global{Module: "m", Name: bad}}, 4, ".__class__", "not UTF-8"},
		{&py.Object{Args: py.Tuple{1, bad}}, 4, ".args[1]", "not UTF-8"},
		{&py.Object{Form: py.MadeWith, Kwargs: mustDict(t, "k", bad)}, 4, ".kwargs['k']", "not UTF-8"},
		{&py.Object{Built: true, State: bad}, 4, ".state", "not UTF-8"},
		{&py.Object{Items: []py.Value{bad}}, 4, "[0]", "not UTF-8"},
		{&py.Object{Pairs: []py.Pair{{Key: "k", Value: bad}}}, 4, "['k']", "not UTF-8"},
		{&py.Object{Form: 77}, 4, "", "form"},
		{&py.Object{Form: py.Extension}, 4, "", "code"},
		{&py.Object{Added: true, Items: []py.Value{1}}, 3, "", "protocol 4"},
		{py.NewException("ValueError", bad), 4, ".args[0]", "not UTF-8"},
		{&py.Persistent{ID: bad}, 4, ".id", "not UTF-8"},
		{py.Slice{Stop: bad}, 4, ".stop", "not UTF-8"},
		{py.Range{Start: 1, Stop: "x", Step: 1}, 4, "", "three integers"},
		{py.DateTime{Year: 2024, Month: 13, Day: 1}, 4, "", "month"},
		{py.DateTime{Year: 2024, Month: 1, Day: 1, TZ: &py.Object{Args: py.Tuple{bad}}}, 4, ".tzinfo.args[0]", "not UTF-8"},
		{py.Date{Year: 10000, Month: 1, Day: 1}, 4, "", "year"},
		{py.Time{Hour: 24}, 4, "", "hour"},
		{py.TimeDelta{Seconds: 86400}, 4, "", ""},
		{&py.Fraction{}, 4, "", "numbers"},
		{&py.Array{Typecode: '!'}, 4, "", "typecode"},
		{&py.Array{Typecode: 'h', Data: []byte("a")}, 4, "", "multiple"},
		{py.Singleton("x"), 4, "", "singleton"},
		{py.Global{Module: "m\nn", Name: "C"}, 3, "", "newline"},
		{py.Global{Module: "m", Name: "C\nI1\n"}, 2, "", "newline"},
		{py.Global{Module: "m", Name: "é"}, 2, "", "ASCII"},
		{py.Global{Module: "m", Name: "\xed\xa0\x80"}, 3, "", "UTF-8"},
		{py.Global{Module: "m", Name: strings.Repeat("a.", 1000)}, 3, "", "dots"},
		{py.NewList(1, make(chan int)), 4, "[1]", "chan int"},
		{py.NewList(S{func() {}}), 4, "[0].F", "func()"},
	} {
		t.Run(fmt.Sprintf("%T %s", c.value, c.path), func(t *testing.T) {
			var out bytes.Buffer
			err := Config{Protocol: c.protocol}.NewEncoder(&out).Encode(c.value)
			var e *EncodeError
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Path != c.path || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got path %q, want %q: %v", e.Path, c.path, err)
			}
			if out.Len() > 0 {
				t.Errorf("%q was written before the error", out.Bytes())
			}
		})
	}
}

// TestLongPath: the path of an error from far down is readable.
func TestLongPath(t *testing.T) {
	v := any("\xff")
	for range 5000 {
		v = py.NewList(v)
	}
	_, err := Marshal(v)
	if err == nil || len(err.Error()) > 500 || !strings.Contains(err.Error(), "...") {
		t.Errorf("got %v", err)
	}
}
