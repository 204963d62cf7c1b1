package pickle

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/multiproc-go/multiproc/py"
)

// opTests has every opcode, in what it gives and in what is wrong with it. A want that begins with ! is the kind of the error.
var opTests = map[Op][]struct{ pickle, want string }{
	opMark: {{"(.", "!corrupt"}, {"N(.", "!corrupt"}, {"((Nt.", "t[None]"}},
	opStop: {{".", "!corrupt"}, {"N.", "None"}, {"NI1\n.", "1"}, {"", "!truncated"}, {"N", "!truncated"}},
	opPop: {
		{"NI1\n0.", "None"}, {"N(0.", "None"}, {"0.", "!corrupt"}, {"N(I1\n00.", "None"}, {"N0.", "!corrupt"},
	},
	opPopMark: {{"N(I1\nI2\n1.", "None"}, {"N1.", "!corrupt"}, {"N(1.", "None"}},
	opDup:     {{"]2\x86.", "t[[], #0]"}, {"2.", "!corrupt"}, {"N(2.", "!corrupt"}},
	opFloat: {
		{"F1.5\n.", "f1.5"}, {"F-0.0\n.", "-0.0"}, {"Finf\n.", "f+Inf"}, {"Fnan\n.", "fNaN"}, {"F-inf\n.", "f-Inf"}, {"F1e-400\n.", "f0"},
		{"F1e400\n.", "!corrupt"}, {"F\n.", "!corrupt"}, {"F0x1p3\n.", "!corrupt"}, {"F1_0\n.", "!corrupt"}, {"F1.5", "!truncated"},
	},
	opInt: {
		{"I7\n.", "7"}, {"I-7\n.", "-7"}, {"I00\n.", "false"}, {"I01\n.", "true"}, {"I0\n.", "0"}, {"I1\n.", "1"}, {"I010\n.", "8"}, {"I0x10\n.", "16"},
		{"I9223372036854775807\n.", "9223372036854775807"}, {"I9223372036854775808\n.", "9223372036854775808L"}, {"I-9223372036854775808\n.", "-9223372036854775808"},
		{"I\n.", "!corrupt"}, {"Ix\n.", "!corrupt"}, {"I7L\n.", "!corrupt"}, {"I7", "!truncated"}, {"I7.", "!truncated"},
	},
	opBinInt: {{"J\x00\x00\x00\x80.", "-2147483648"}, {"J\xff\xff\xff\x7f.", "2147483647"}, {"J\x01\x00\x00\x00.", "1"}, {"J\x00\x00.", "!truncated"}},
	opBinInt1: {
		{"K\x00.", "0"}, {"K\xff.", "255"}, {"K", "!truncated"},
	},
	opLong: {
		{"L7L\n.", "7"}, {"L7\n.", "7"}, {"L-9223372036854775809L\n.", "-9223372036854775809L"}, {"LL\n.", "!corrupt"}, {"L7L", "!truncated"},
	},
	opBinInt2:   {{"M\xff\xff.", "65535"}, {"M\x00\x01.", "256"}, {"M\x01", "!truncated"}},
	opNone:      {{"N.", "None"}},
	opPersID:    {{"Pa b\n.", `persistent "a b"`}, {"P\n.", `persistent ""`}, {"P\xff\n.", "!corrupt"}, {"Pa", "!truncated"}},
	opBinPersID: {{"I5\nQ.", "persistent 5"}, {"Q.", "!corrupt"}, {"I5\n(Q.", "!corrupt"}},
	opReduce: {
		{"\x80\x03cm\nf\nK\x01\x85R.", "Called <m.f>t[1]"}, {"\x80\x03cm\nf\n)R.", "Called <m.f>t[]"}, {"cm\nf\n]R.", "!corrupt"}, {"NN)R.", "!corrupt"}, {")R.", "!corrupt"},
	},
	opString: {
		{"S'a\\n\\x41\\101'\n.", `s2"a\nAA"`}, {"S\"it's\"\n.", `s2"it's"`}, {"S'\xff'\n.", `s2"\xff"`}, {"S'\\400\\q\\\\\\''\n.", `s2"\x00\\q\\'"`}, {"S''\n.", `s2""`},
		{"S'a\n.", "!corrupt"}, {"S'\n.", "!corrupt"}, {"Sa\n.", "!corrupt"}, {"S'\\'\n.", "!corrupt"}, {"S'\\x4'\n.", "!corrupt"}, {"S'\\xzz'\n.", "!corrupt"}, {"S'a'", "!truncated"},
	},
	opBinString:      {{"T\x02\x00\x00\x00a\xff.", `s2"a\xff"`}, {"T\xff\xff\xff\xff.", "!corrupt"}, {"T\x02\x00\x00\x00a", "!truncated"}, {"T\x02\x00", "!truncated"}},
	opShortBinString: {{"U\x02a\xff.", `s2"a\xff"`}, {"U\x00.", `s2""`}, {"U\x05a.", "!truncated"}},
	opUnicode: {
		{"Va\\u20ac\\U0001f600\xe9\n.", `"a€😀é"`}, {"V\\ud83d\n.", `"\xed\xa0\xbd"`}, {"V\\\\u0041\\x41\n.", `"\\\\u0041\\x41"`}, {"Va\\\n.", `"a\\"`}, {"V\n.", `""`},
		{"V\\u20\n.", "!corrupt"}, {"V\\uzzzz\n.", "!corrupt"}, {"V\\U00110000\n.", "!corrupt"}, {"Va", "!truncated"},
	},
	opBinUnicode: {
		{"X\x03\x00\x00\x00\xe2\x82\xac.", `"€"`}, {"X\x03\x00\x00\x00\xed\xa0\xbd.", `"\xed\xa0\xbd"`}, {"X\x01\x00\x00\x00\xff.", "!corrupt"}, {"X\x02\x00\x00\x00\xc0\x80.", "!corrupt"},
		{"X\x03\x00\x00\x00\xed\xa0a.", "!corrupt"}, {"X\x04\x00\x00\x00\xf4\x90\x80\x80.", "!corrupt"}, {"X\xff\xff\xff\xffa.", "!truncated"},
		{"X\x07\x00\x00\x00a\xc3\xa9\xed\xb0\x80b.", `"aé\xed\xb0\x80b"`}, {"X\x06\x00\x00\x00a\xc3\xa9\xed\xb0a.", "!corrupt"},
	},
	opAppend: {
		{"]K\x01a.", "[1]"}, {"]2a.", "[#0]"}, {"K\x01a.", "!corrupt"}, {"NK\x01a.", "!corrupt"}, {"](K\x01a.", "!corrupt"}, {"](a.", "!corrupt"}, {")K\x01a.", "!corrupt"},
		{"cm\nC\n)\x81K\x01a.", "Made <m.C>t[] append[1]"},
	},
	opBuild: {
		{"cm\nC\n)\x81}b.", "Made <m.C>t[] state {}"}, {"cm\nC\n)\x81Nb.", "Made <m.C>t[] state None"}, {"cm\nC\n)\x81}b]b.", "Made <m.C>t[] state {} later []"},
		{"]}b.", "!corrupt"}, {"]Nb.", "[]"}, {"}b.", "!corrupt"}, {"]Q}b.", "!corrupt"},
	},
	opGlobal: {
		{"c__builtin__\nxrange\n.", "<builtins.range>"}, {"\x80\x03c__builtin__\nxrange\n.", "<__builtin__.xrange>"}, {"cm\xc3\xa9\nf\n.", "<mé.f>"}, {"cm\nA.B\n.", "<m.A.B>"},
		{"cm\n", "!truncated"}, {"cm", "!truncated"}, {"c\xff\nf\n.", "!corrupt"},
	},
	opDict:      {{"(I1\nI2\nd.", "{1: 2}"}, {"(d.", "{}"}, {"(Nd.", "!corrupt"}, {"d.", "!corrupt"}, {"(]Nd.", "!TypeError"}},
	opEmptyDict: {{"}.", "{}"}},
	opAppends: {
		{"](K\x01K\x02e.", "[1, 2]"}, {"](e.", "[]"}, {"]K\x01e.", "!corrupt"}, {"(K\x01e.", "!corrupt"}, {"](](K\x01ee.", "[[1]]"}, {"N(Ne.", "!corrupt"},
		{"cm\nC\n)R(K\x01K\x02e.", "Called <m.C>t[] append[1, 2]"},
	},
	opGet:        {{"]p7\n0g7\n.", "[]"}, {"g0\n.", "!corrupt"}, {"g-1\n.", "!corrupt"}, {"gx\n.", "!corrupt"}, {"g1", "!truncated"}},
	opBinGet:     {{"]q\x070h\x07.", "[]"}, {"h\x00.", "!corrupt"}, {"h", "!truncated"}, {"Nq\x000h\x00.", "None"}},
	opInst:       {{"(K\x01im\nC\n.", "Classic <m.C>t[1]"}, {"(im\nC\n.", "Classic <m.C>t[]"}, {"im\nC\n.", "!corrupt"}, {"(im\n", "!truncated"}},
	opLongBinGet: {{"]r\x07\x00\x01\x000j\x07\x00\x01\x00.", "[]"}, {"j\x00\x00\x00\x00.", "!corrupt"}, {"j\x00", "!truncated"}},
	opList:       {{"(I1\nI2\nl.", "[1, 2]"}, {"(l.", "[]"}, {"l.", "!corrupt"}},
	opEmptyList:  {{"].", "[]"}},
	opObj: {
		{"(cm\nC\nK\x01o.", "Classic <m.C>t[1]"}, {"(cm\nC\no.", "Classic <m.C>t[]"}, {"(o.", "!corrupt"}, {"o.", "!corrupt"}, {"(NNo.", "!corrupt"},
	},
	opPut:        {{"]p3\n.", "[]"}, {"p0\n.", "!corrupt"}, {"]p-1\n.", "!corrupt"}, {"]px\n.", "!corrupt"}, {"]p99999999999999999999\n.", "!corrupt"}, {"]p1", "!truncated"}},
	opBinPut:     {{"]q\x03.", "[]"}, {"q\x00.", "!corrupt"}, {"]q", "!truncated"}, {"](q\x00.", "!corrupt"}},
	opLongBinPut: {{"]r\x03\x00\x00\x00.", "[]"}, {"r\x00\x00\x00\x00.", "!corrupt"}, {"]r\x00", "!truncated"}},
	opSetItem: {
		{"}K\x01K\x02s.", "{1: 2}"}, {"}K\x01K\x02sI01\nK\x03s.", "{1: 3}"}, {"]K\x01K\x02s.", "!IndexError"}, {"]NaK\x00K\x02s.", "[2]"}, {"NK\x01K\x02s.", "!corrupt"}, {"}K\x01s.", "!corrupt"}, {"K\x01K\x02s.", "!corrupt"}, {"}]Ns.", "!TypeError"},
		{"cm\nC\n)\x81]Ns.", "Made <m.C>t[] item []:None"},
	},
	opTuple:      {{"(K\x01t.", "t[1]"}, {"(t.", "t[]"}, {"t.", "!corrupt"}},
	opEmptyTuple: {{").", "t[]"}},
	opSetItems:   {{"}(K\x01K\x02K\x03K\x04u.", "{1: 2, 3: 4}"}, {"}(u.", "{}"}, {"}(Nu.", "!corrupt"}, {"(NNu.", "!corrupt"}, {"}u.", "!corrupt"}, {"](NNu.", "!TypeError"}, {"N(NNu.", "!corrupt"}},
	opBinFloat:   {{"G\x3f\xf8\x00\x00\x00\x00\x00\x00.", "f1.5"}, {"G\x80\x00\x00\x00\x00\x00\x00\x00.", "-0.0"}, {"G\x3f", "!truncated"}},

	opProto: {{"\x80\x00N.", "None"}, {"\x80\x05N.", "None"}, {"\x80\x06N.", "!unsupported"}, {"\x80", "!truncated"}, {"N\x80\x02.", "None"}},
	opNewObj: {
		{"cm\nC\nK\x01\x85\x81.", "Made <m.C>t[1]"}, {"cm\nC\n]\x81.", "!corrupt"}, {"N)\x81.", "!corrupt"}, {"\x81.", "!corrupt"},
	},
	opExt1:     {{"\x82\x05.", "Extension Nonet[5]"}, {"\x82\x00.", "!corrupt"}, {"\x82", "!truncated"}},
	opExt2:     {{"\x83\x05\x01.", "Extension Nonet[261]"}, {"\x83\x00\x00.", "!corrupt"}, {"\x83\x00", "!truncated"}},
	opExt4:     {{"\x84\x05\x01\x00\x01.", "Extension Nonet[16777477]"}, {"\x84\xff\xff\xff\xff.", "!corrupt"}, {"\x84\x00", "!truncated"}},
	opTuple1:   {{"K\x01\x85.", "t[1]"}, {"\x85.", "!corrupt"}, {"K\x01(\x85.", "!corrupt"}},
	opTuple2:   {{"K\x01K\x02\x86.", "t[1, 2]"}, {"N\x86.", "!corrupt"}},
	opTuple3:   {{"K\x01K\x02K\x03\x87.", "t[1, 2, 3]"}, {"NN\x87.", "!corrupt"}},
	opNewTrue:  {{"\x88.", "true"}},
	opNewFalse: {{"\x89.", "false"}},
	opLong1: {
		{"\x8a\x00.", "0"}, {"\x8a\x01\xff.", "-1"}, {"\x8a\x02\xff\x00.", "255"}, {"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", "-9223372036854775808"},
		{"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00.", "9223372036854775808L"}, {"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\xff.", "-18446744073709551616L"},
		{"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\xff.", "-1"}, {"\x8a\x0a\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00.", "1"}, {"\x8a\x02a.", "!truncated"}, {"\x8a", "!truncated"},
	},
	opLong4: {{"\x8b\x01\x00\x00\x00\x80.", "-128"}, {"\x8b\x00\x00\x00\x00.", "0"}, {"\x8b\xff\xff\xff\xff.", "!corrupt"}, {"\x8b\xff\xff\xff\x7f.", "!truncated"}, {"\x8b\x01", "!truncated"}},

	opBinBytes:      {{"B\x02\x00\x00\x00a\xff.", `b"a\xff"`}, {"B\xff\xff\xff\xff.", "!truncated"}, {"B\x02", "!truncated"}},
	opShortBinBytes: {{"C\x02a\xff.", `b"a\xff"`}, {"C\x00.", `b""`}, {"C\x05a.", "!truncated"}},

	opShortBinUnicode: {{"\x8c\x01a.", `"a"`}, {"\x8c\x00.", `""`}, {"\x8c\x01\xff.", "!corrupt"}, {"\x8c\x05a.", "!truncated"}},
	opBinUnicode8:     {{"\x8d\x01\x00\x00\x00\x00\x00\x00\x00a.", `"a"`}, {"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "!truncated"}, {"\x8d\x00", "!truncated"}},
	opBinBytes8:       {{"\x8e\x01\x00\x00\x00\x00\x00\x00\x00\xff.", `b"\xff"`}, {"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fa.", "!truncated"}},
	opEmptySet:        {{"\x8f.", "set[]"}},
	opAddItems: {
		{"\x8f(K\x01\x88K\x02\x90.", "set[1, 2]"}, {"\x8f(\x90.", "set[]"}, {"\x8f(]\x90.", "!TypeError"}, {"](N\x90.", "!corrupt"}, {"\x8f\x90.", "!corrupt"}, {"(N\x90.", "!corrupt"},
		{"cm\nC\n)\x81(K\x01\x90.", "Made <m.C>t[] add[1]"}, {"cm\nC\n)\x81K\x01a(K\x01\x90.", "!unsupported"}, {"cm\nC\n)\x81(K\x01\x90K\x01a.", "!unsupported"},
	},
	opFrozenSet: {{"(K\x01K\x02\x91.", "fs[1, 2]"}, {"(\x91.", "fs[]"}, {"(]\x91.", "!TypeError"}, {"\x91.", "!corrupt"}},
	opNewObjEx: {
		{"cm\nC\n)}\x8c\x01aNs\x92.", `MadeWith <m.C>t[]**{"a": None}`}, {"cm\nC\n)}\x92.", "Made <m.C>t[]"}, {"cm\nC\n))\x92.", "!corrupt"}, {"cm\nC\n]}\x92.", "!corrupt"}, {")}\x92.", "!corrupt"},
	},
	opStackGlobal: {
		{"\x80\x04\x8c\x01m\x8c\x01f\x93.", "<m.f>"}, {"\x8c\x01mK\x01\x93.", "!corrupt"}, {"\x8c\x01m\x93.", "!corrupt"}, {"U\x01mU\x01f\x93.", "!corrupt"},
	},
	opMemoize: {{"]\x94]\x94h\x00\x87.", "t[[], [], #0]"}, {"N]q\x05]\x94h\x01\x87.", "t[[], [], #1]"}, {"\x94.", "!corrupt"}, {"(\x94.", "!corrupt"}},
	opFrame: {
		{"\x95\x02\x00\x00\x00\x00\x00\x00\x00N.", "None"}, {"\x95\x00\x00\x00\x00\x00\x00\x00\x00N.", "None"}, {"\x95\x01\x00\x00\x00\x00\x00\x00\x00N.", "None"},
		{"\x95\x03\x00\x00\x00\x00\x00\x00\x00N.", "!truncated"}, {"\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", "!truncated"}, {"\x95\x01\x00", "!truncated"},
	},

	opByteArray8:     {{"\x96\x01\x00\x00\x00\x00\x00\x00\x00\xff.", `ba"\xff"`}, {"\x96\x01\x00\x00\x00\x00\x00\x00\x00", "!truncated"}},
	opNextBuffer:     {{"\x97\x97\x86.", `t[ba"one", ba"two"]`}, {"\x97\x97\x97.", "!corrupt"}},
	opReadonlyBuffer: {{"\x97\x98\x97\x86.", `t[b"one", ba"two"]`}, {"\x97\x98\x98.", `b"one"`}, {"N\x98.", "!corrupt"}, {"\x98.", "!corrupt"}},
}

// kinds are the errors of opTests.
var kinds = map[string]error{
	"corrupt": ErrCorrupt, "truncated": ErrTruncated, "unsupported": ErrUnsupported, "limit": ErrLimit,
	"TypeError": py.NewException("TypeError"), "IndexError": py.NewException("IndexError"),
}

func TestOpcodes(t *testing.T) {
	for op := range 256 {
		info, known := Op(op).Info()
		if known != (len(opTests[Op(op)]) > 0) {
			t.Errorf("opcode %#x (%s): known = %v, and there are %d tests of it", op, info.Name, known, len(opTests[Op(op)]))
		}
		if !known {
			if got := result(t, Config{}, "N"+string([]byte{byte(op)})+"."); got != "!corrupt" {
				t.Errorf("opcode %#x, which does not exist: %s", op, got)
			}
		}
		for _, test := range opTests[Op(op)] {
			c := Config{Buffers: [][]byte{[]byte("one"), []byte("two")}}
			if got := result(t, c, test.pickle); got != test.want {
				t.Errorf("%s: %q gives %s, not %s", info.Name, test.pickle, got, test.want)
			}
		}
	}
}

// result is the dump of what a pickle gives, or ! and the kind of the error: the same of data, of a stream, and of a stream that comes byte by byte.
func result(t *testing.T, c Config, pickle string) string {
	t.Helper()
	v, err := c.Decode([]byte(pickle))
	got := describeResult(t, v, err)
	c.Alias = true
	if v, err := c.Decode([]byte(pickle)); describeResult(t, v, err) != got {
		t.Errorf("%q gives %s, and with Alias %s", pickle, got, describeResult(t, v, err))
	}
	for _, r := range []io.Reader{strings.NewReader(pickle), iotest.OneByteReader(strings.NewReader(pickle)), iotest.DataErrReader(strings.NewReader(pickle))} {
		d := c.NewDecoder(r)
		v, err := d.Value()
		if pickle == "" {
			if err != io.EOF {
				t.Errorf("an empty stream gives %v", err)
			}
			continue
		}
		streamed := describeResult(t, v, err)
		if _, err2 := d.Value(); err == nil && err2 != io.EOF {
			streamed = describeResult(t, v, err2)
		}
		if streamed != got {
			t.Errorf("%q gives %s, and as a %T %s (%v)", pickle, got, r, streamed, err)
		}
	}
	return got
}

func describeResult(t *testing.T, v py.Value, err error) string {
	t.Helper()
	if err == nil {
		return dump(v)
	}
	var d *DecodeError
	if !errors.As(err, &d) {
		t.Errorf("the error %v is no *DecodeError", err)
	}
	for name, kind := range kinds {
		if errors.Is(err, kind) {
			if errors.Is(err, io.ErrUnexpectedEOF) != (name == "truncated") {
				t.Errorf("%v: is it io.ErrUnexpectedEOF?", err)
			}
			return "!" + name
		}
	}
	return "!" + err.Error()
}
