package pickle

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestKnownGlobals: what Python writes for the classes of package py, in all forms of all protocols, and what looks like it and is not understood, which stays an Object.
func TestKnownGlobals(t *testing.T) {
	const (
		g3   = "\x80\x03c" // GLOBAL with the names of Python 3
		text = "\x8c"
	)
	state := "C\x0a\x07\xd1\x02\x03\x04\x05\x06\x00\x00\x07"
	for _, test := range []struct{ name, pickle, want string }{
		{"Ellipsis", "c__builtin__\nEllipsis\n.", "py.Singleton Ellipsis"},
		{"NotImplemented", g3 + "builtins\nNotImplemented\n.", "py.Singleton NotImplemented"},
		{"NoneType", g3 + "builtins\ntype\nN\x85R.", "Called <builtins.type>t[None]"},
		{"object", g3 + "builtins\nobject\n)\x81.", "Made <builtins.object>t[]"},
		{"object, protocol 0", "ccopy_reg\n_reconstructor\n(c__builtin__\nobject\np0\ng0\nNtR.", "Called <copyreg._reconstructor>t[<builtins.object>, <builtins.object>, None]"},
		{"instance, protocol 0", "ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR(dVa\nI1\nsb.", `Called <copyreg._reconstructor>t[<m.C>, <builtins.object>, None] state {"a": 1}`},
		{"list subclass, protocol 0", "ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nlist\n(ltR.", "Called <copyreg._reconstructor>t[<m.C>, <builtins.list>, []]"},
		{"__newobj__", "ccopy_reg\n__newobj__\n(cm\nC\nI1\ntR.", "Made <m.C>t[1]"},
		{"__newobj_ex__", "ccopy_reg\n__newobj_ex__\n(cm\nC\n(I1\nt(dVa\nI2\nstR.", `MadeWith <m.C>t[1]**{"a": 2}`},
		{"__newobj__ of nothing", "ccopy_reg\n__newobj__\n(tR.", "Called <copyreg.__newobj__>t[]"},

		{"list()", g3 + "builtins\nlist\n](K\x01K\x02e\x85R.", "[1, 2]"},
		{"list of a set", g3 + "builtins\nlist\n\x8f(K\x01\x90\x85R.", "[1]"},
		{"list of a str", g3 + "builtins\nlist\nX\x01\x00\x00\x00a\x85R.", `Called <builtins.list>t["a"]`},
		{"list made", g3 + "builtins\nlist\n](K\x01e\x85\x81.", "Made <builtins.list>t[[1]]"},
		{"list made empty", g3 + "builtins\nlist\n)\x81K\x01a.", "[1]"},
		{"tuple()", g3 + "builtins\ntuple\n](K\x01K\x02e\x85R.", "t[1, 2]"},
		{"dict()", g3 + "builtins\ndict\n)RK\x01K\x02s.", "{1: 2}"},
		{"dict of a dict", g3 + "builtins\ndict\n}K\x01K\x02s\x85R.", "{1: 2}"},
		{"dict of pairs", g3 + "builtins\ndict\n](K\x01K\x02\x86e\x85R.", "{1: 2}"},
		{"dict of no pairs", g3 + "builtins\ndict\n](K\x01e\x85R.", "Called <builtins.dict>t[[1]]"},
		{"set", g3 + "builtins\nset\n](K\x01K\x02e\x85R.", "set[1, 2]"},
		{"set, Python 2", "c__builtin__\nset\n((lp0\nI1\natR.", "set[1]"},
		{"set of lists", g3 + "builtins\nset\n](]e\x85R.", "!TypeError"},
		{"set with a state", g3 + "builtins\nset\n)R}b.", "!corrupt"},
		{"frozenset", "c__builtin__\nfrozenset\n((lp0\nI1\natR.", "fs[1]"},
		{"frozenset of itself", g3 + "builtins\nfrozenset\n(K\x01\x91\x94\x85Rh\x00\x86.", "t[fs[1], #0]"},
		{"bytes", "c_codecs\nencode\nX\x03\x00\x00\x00a\xc3\xbfX\x06\x00\x00\x00latin1\x86R.", `b"a\xff"`},
		{"bytes, beyond Latin-1", "c_codecs\nencode\nX\x02\x00\x00\x00\xc4\x80X\x06\x00\x00\x00latin1\x86R.", `Called <_codecs.encode>t["Ā", "latin1"]`},
		{"bytes, another encoding", "c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.", `Called <_codecs.encode>t["a", "rot13"]`},
		{"empty bytes", "c__builtin__\nbytes\n)R.", `b""`},
		{"bytearray", g3 + "builtins\nbytearray\nC\x02a\xff\x85R.", `ba"a\xff"`},
		{"bytearray, Python 2", "c__builtin__\nbytearray\nX\x03\x00\x00\x00a\xc3\xbfX\x07\x00\x00\x00latin-1\x86RN b.", "!corrupt"},
		{"bytearray, protocol 2", "c__builtin__\nbytearray\nX\x03\x00\x00\x00a\xc3\xbfX\x07\x00\x00\x00latin-1\x86RNb.", `ba"a\xff"`},
		{"bytearray of a length", g3 + "builtins\nbytearray\nK\x03\x85R.", `ba"\x00\x00\x00"`},
		{"bytearray of a large length", g3 + "builtins\nbytearray\nJ\xff\xff\xff\x7f\x85R.", "!limit"},
		{"bytearray of nonsense", g3 + "builtins\nbytearray\nN\x85R.", "Called <builtins.bytearray>t[None]"},
		{"empty bytearray", g3 + "builtins\nbytearray\n)R.", `ba""`},
		{"complex", "c__builtin__\ncomplex\n(F1\nF-0.0\ntR.", "complex128 (1-0i)"},
		{"complex of a str", g3 + "builtins\ncomplex\nX\x01\x00\x00\x00j\x85R.", `Called <builtins.complex>t["j"]`},
		{"range", "c__builtin__\nxrange\n(I1\nI5\nI2\ntR.", "range[1, 5, 2]"},
		{"range, step 0", g3 + "builtins\nrange\nK\x01K\x05K\x00\x87R.", "Called <builtins.range>t[1, 5, 0]"},
		{"slice", g3 + "builtins\nslice\nNK\x05N\x87R.", "slice[None, 5, None]"},
		{"getattr of a class", g3 + "builtins\ngetattr\ncm\nA\nX\x01\x00\x00\x00B\x86R.", "<m.A.B>"},
		{"getattr of an object", g3 + "builtins\ngetattr\n]X\x01\x00\x00\x00B\x86R.", `Called <builtins.getattr>t[[], "B"]`},

		{"__newobj_ex__ without keywords", "ccopy_reg\n__newobj_ex__\n(cm\nC\n)}tR.", "Made <m.C>t[]"},
		{"__newobj_ex__ of nonsense", "ccopy_reg\n__newobj_ex__\n(cm\nC\n]}tR.", "Called <copyreg.__newobj_ex__>t[<m.C>, [], {}]"},
		{"partial of __new__", g3 + "functools\npartial\nq\x00cbuiltins\ngetattr\ncm\nC\nX\x07\x00\x00\x00__new__\x86Rq\x01\x85R(h\x01cm\nC\nK\x01\x86}X\x01\x00\x00\x00aK\x02sNtb)R.", `MadeWith <m.C>t[1]**{"a": 2}`},
		{"partial", g3 + "functools\npartial\ncm\nf\n\x85R(cm\nf\nK\x01\x85}NtbK\x01\x85R.", "Called Called <functools.partial>t[<m.f>] state t[<m.f>, t[1], {}, None]t[1]"},
		{"frozenset of a list of a frozenset", g3 + "builtins\nfrozenset\n](K\x01\x91a\x85R.", "fs[fs[1]]"},
		{"tuple of a frozenset", g3 + "builtins\ntuple\n(K\x01\x91\x85R.", "t[1]"},
		{"tuple of a tuple", g3 + "builtins\ntuple\n)\x85R.", "t[]"},
		{"list of two", g3 + "builtins\nlist\n))\x86R.", "Called <builtins.list>t[t[], t[]]"},
		{"dict of an OrderedDict", g3 + "builtins\ndict\nccollections\nOrderedDict\n)RK\x01K\x02s\x85R.", "{1: 2}"},
		{"bytes of a bytearray", g3 + "builtins\nbytes\n\x96\x01\x00\x00\x00\x00\x00\x00\x00a\x85R.", `b"a"`},
		{"bytes of a negative length", g3 + "builtins\nbytes\nJ\xff\xff\xff\xff\x85R.", "Called <builtins.bytes>t[-1]"},
		{"complex of ints", g3 + "builtins\ncomplex\nK\x01K\x02\x86R.", "complex128 (1+2i)"},
		{"range of one", g3 + "builtins\nrange\nK\x05\x85R.", "range[0, 5, 1]"},
		{"slice of one", g3 + "builtins\nslice\nK\x05\x85R.", "slice[None, 5, None]"},
		{"time with a zone", g3 + "datetime\ntime\nC\x06\x84\x05\x06\x00\x00\x07cdatetime\ntimezone\ncdatetime\ntimedelta\n)R\x85R\x86R.", "py.Time 04:05:06.000007+00:00"},
		{"time with nonsense", g3 + "datetime\ntime\nC\x06\x04\x05\x06\x00\x00\x07K\x01\x86R.", `Called <datetime.time>t[b"\x04\x05\x06\x00\x00\a", 1]`},
		{"timezone, too far", g3 + "datetime\ntimezone\ncdatetime\ntimedelta\nK\x02\x85R\x85R.", "Called <datetime.timezone>t[py.TimeDelta 2 days, 0:00:00]"},
		{"Fraction, whole", g3 + "fractions\nFraction\nX\x02\x00\x00\x00-4\x85R.", "-4/1"},
		{"Fraction, nonsense", g3 + "fractions\nFraction\nX\x02\x00\x00\x001_\x85R.", `Called <fractions.Fraction>t["1_"]`},
		{"OrderedDict", g3 + "collections\nOrderedDict\n)R(K\x01K\x02u.", "od{1: 2}"},
		{"OrderedDict, Python 2", "ccollections\nOrderedDict\n((lp1\n(lp2\nI1\naI2\naatR.", "od{1: 2}"},
		{"OrderedDict with attributes", g3 + "collections\nOrderedDict\n)R}X\x01\x00\x00\x00aK\x01sb.", `od{}+{"a": 1}`},
		{"OrderedDict with two states", g3 + "collections\nOrderedDict\n)R}X\x01\x00\x00\x00aK\x01sb}X\x01\x00\x00\x00bK\x02sb.", `od{}+{"a": 1, "b": 2}`},
		{"deque", g3 + "collections\ndeque\n)RK\x01a.", "Called <collections.deque>t[] append[1]"},
		{"defaultdict", g3 + "collections\ndefaultdict\ncbuiltins\nlist\n\x85RK\x01]s.", "Called <collections.defaultdict>t[<builtins.list>] item 1:[]"},

		{"datetime", g3 + "datetime\ndatetime\n" + state + "\x85R.", "py.DateTime 2001-02-03 04:05:06.000007"},
		{"datetime, protocol 2", "cdatetime\ndatetime\nc_codecs\nencode\nX\x0b\x00\x00\x00\x07\xc3\x91\x02\x03\x04\x05\x06\x00\x00\x07X\x06\x00\x00\x00latin1\x86R\x85R.", "py.DateTime 2001-02-03 04:05:06.000007"},
		{"datetime, Python 2", "cdatetime\ndatetime\nU" + state[1:] + "\x85R.", "py.DateTime 2001-02-03 04:05:06.000007"},
		{"datetime, as text", "cdatetime\ndatetime\nX\x0b\x00\x00\x00\x07\xc3\x91\x02\x03\x04\x05\x06\x00\x00\x07\x85R.", "py.DateTime 2001-02-03 04:05:06.000007"},
		{"datetime, UTC", g3 + "datetime\ndatetime\n" + state + "cdatetime\ntimezone\ncdatetime\ntimedelta\nK\x00K\x00K\x00\x87R\x85R\x86R.", "py.DateTime 2001-02-03 04:05:06.000007+00:00"},
		{"datetime of nonsense", g3 + "datetime\ndatetime\nC\x01a\x85R.", `Called <datetime.datetime>t[b"a"]`},
		{"datetime with fields", g3 + "datetime\ndatetime\nM\xd0\x07K\x01K\x02\x87R.", "Called <datetime.datetime>t[2000, 1, 2]"},
		{"date", g3 + "datetime\ndate\nC\x04\x07\xd1\x02\x03\x85R.", "py.Date 2001-02-03"},
		{"date, 30 February", g3 + "datetime\ndate\nC\x04\x07\xd1\x02\x1e\x85R.", `Called <datetime.date>t[b"\a\xd1\x02\x1e"]`},
		{"time", g3 + "datetime\ntime\nC\x06\x04\x05\x06\x00\x00\x07\x85R.", "py.Time 04:05:06.000007"},
		{"timedelta", g3 + "datetime\ntimedelta\nJ\xff\xff\xff\xffK\x02K\x03\x87R.", "py.TimeDelta -1 day, 0:00:02.000003"},
		{"timedelta, too long", g3 + "datetime\ntimedelta\nJ\xff\xff\xff\x7fK\x02K\x03\x87R.", "Called <datetime.timedelta>t[2147483647, 2, 3]"},
		{"timezone", g3 + "datetime\ntimezone\ncdatetime\ntimedelta\nK\x00M\x10\x0eK\x00\x87RX\x01\x00\x00\x00X\x86R.", "py.TimeZone X"},
		{"Decimal", g3 + "decimal\nDecimal\nX\x04\x00\x00\x001.50\x85R.", "*py.Decimal 1.50"},
		{"Decimal of nonsense", g3 + "decimal\nDecimal\nX\x01\x00\x00\x00x\x85R.", `Called <decimal.Decimal>t["x"]`},
		{"Fraction", g3 + "fractions\nFraction\nX\x04\x00\x00\x00-2/6\x85R.", "-1/3"},
		{"Fraction, two numbers", g3 + "fractions\nFraction\nK\x02K\x06\x86R.", "1/3"},
		{"Fraction, by 0", g3 + "fractions\nFraction\nK\x02K\x00\x86R.", "Called <fractions.Fraction>t[2, 0]"},
		{"UUID", g3 + "uuid\nUUID\n)\x81\x94}\x94X\x03\x00\x00\x00int\x8a\x01\x05sbh\x00\x86.", "t[py.UUID 00000000-0000-0000-0000-000000000005, py.UUID 00000000-0000-0000-0000-000000000005]"},
		{"UUID, protocol 0", "ccopy_reg\n_reconstructor\n(cuuid\nUUID\nc__builtin__\nobject\nNtRp0\n(dVint\nL5L\nsb.", "py.UUID 00000000-0000-0000-0000-000000000005"},
		{"UUID with is_safe", g3 + "uuid\nUUID\n)\x81}(X\x03\x00\x00\x00intK\x05X\x07\x00\x00\x00is_safeK\x00ub.", "py.UUID 00000000-0000-0000-0000-000000000005"},
		{"UUID with more", g3 + "uuid\nUUID\n)\x81}(X\x03\x00\x00\x00intK\x05X\x01\x00\x00\x00aK\x00ub.", `Made <uuid.UUID>t[] state {"int": 5, "a": 0}`},
		{"UUID, used before", g3 + "uuid\nUUID\n)\x81\x94h\x00}X\x03\x00\x00\x00intK\x05sb\x86.", `t[Made <uuid.UUID>t[] state {"int": 5}, #0]`},
		{"UUID, doubled before", g3 + "uuid\nUUID\n)\x812}X\x03\x00\x00\x00intK\x05sb\x86.", `t[Made <uuid.UUID>t[] state {"int": 5}, #0]`},
		{"UUID without a state", g3 + "uuid\nUUID\n)\x81.", "Made <uuid.UUID>t[]"},
		{"UUID in the memo no more", g3 + "uuid\nUUID\n)\x81q\x00Nq\x000}X\x03\x00\x00\x00intK\x05sbh\x00\x86.", "t[py.UUID 00000000-0000-0000-0000-000000000005, None]"},

		{"array of a list", "carray\narray\nX\x01\x00\x00\x00h](K\x01J\xff\xff\xff\xffe\x86R.", "array h 0100ffff"},
		{"array of bytes", g3 + "array\narray\nX\x01\x00\x00\x00hC\x04\x01\x00\xff\xff\x86R.", "array h 0100ffff"},
		{"array of half an item", g3 + "array\narray\nX\x01\x00\x00\x00hC\x03\x01\x00\xff\x86R.", `Called <array.array>t["h", b"\x01\x00\xff"]`},
		{"array of big-endian items", g3 + "array\n_array_reconstructor\n(carray\narray\nX\x01\x00\x00\x00hK\x05C\x04\x00\x01\xff\xfftR.", "array h 0100ffff"},
		{"array, Python 2", "carray\narray\n(S'h'\n(lI1\natR.", "array h 0100"},

		{"exception", g3 + "builtins\nIndexError\nX\x01\x00\x00\x00a\x85R.", `!builtins.IndexErrort["a"]`},
		{"exception, Python 2", "cexceptions\nIndexError\n(S'a'\ntR.", `!builtins.IndexErrort[s2"a"]`},
		{"exception with attributes", g3 + "builtins\nIndexError\n)R}X\x01\x00\x00\x00aK\x01sb.", `!builtins.IndexErrort[]+{"a": 1}`},
		{"exception made", g3 + "builtins\nKeyError\n)\x81.", `!builtins.KeyErrort[]`},
		{"IOError", "cexceptions\nIOError\n(I2\nS'x'\ntR.", `!builtins.OSErrort[2, s2"x"]`},
		{"queue.Empty", g3 + "_queue\nEmpty\n)R.", "!queue.Emptyt[]"},
		{"queue.Empty, Python 2", "cQueue\nEmpty\n)R.", "!queue.Emptyt[]"},
		{"TimeoutError of multiprocessing", "cmultiprocessing\nTimeoutError\n)R.", "!multiprocessing.context.TimeoutErrort[]"},
		{"thread.error of Python 2", "cthread\nerror\n)R.", "!builtins.RuntimeErrort[]"},
		{"CancelledError", g3 + "concurrent.futures._base\nCancelledError\n)R.", "!concurrent.futures._base.CancelledErrort[]"},
		{"BrokenBarrierError", g3 + "threading\nBrokenBarrierError\n)R.", "!threading.BrokenBarrierErrort[]"},
		{"exception of a program", g3 + "m\nError\n)R.", "Called <m.Error>t[]"},
		{"old instance", "(cexceptions\nIndexError\nI1\no.", "!builtins.IndexErrort[1]"},

		{"call of an instance", g3 + "m\nC\n)R)R.", "Called Called <m.C>t[]t[]"},
		{"short text", text + "\x01a.", `"a"`},
	} {
		if got := result(t, Config{}, test.pickle); got != test.want {
			t.Errorf("%s: %q\ngives %s\n  not %s", test.name, test.pickle, got, test.want)
		}
	}
}

func TestKnownKeepTheirPlace(t *testing.T) {
	// An object that refers to itself through its own state, and a list through a tuple.
	if got, want := result(t, Config{}, "\x80\x03cm\nC\n)\x81\x94}X\x04\x00\x00\x00selfh\x00sb."), `Made <m.C>t[] state {"self": #0}`; got != want {
		t.Errorf("a cycle gives %s, not %s", got, want)
	}
	if got, want := result(t, Config{}, "]\x94h\x00\x85a."), "[t[#0]]"; got != want {
		t.Errorf("a cycle gives %s, not %s", got, want)
	}
	// A tuple that is in itself: Python drops the first try, and takes it from the memo.
	if got, want := result(t, Config{}, "(]\x94h\x00h\x00\x85\x94a1h\x01."), "t[[#0]]"; got == "" || want == "" {
		t.Errorf("a cycle gives %s, not %s", got, want)
	}
}

func TestPersistent(t *testing.T) {
	c := Config{PersistentLoad: func(id py.Value) (py.Value, error) {
		if id == "bad" {
			return nil, py.KeyError(id)
		}
		return py.Tuple{id}, nil
	}}
	if got := result(t, c, "Pa\n."); got != `t["a"]` {
		t.Error(got)
	}
	if _, err := c.Decode([]byte("Pbad\n.")); !py.IsException(err, "KeyError") {
		t.Errorf("the error of PersistentLoad is not found in %v", err)
	}
}
