package py

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// laughs is a value of n levels, each of which has the one below ten times.
func laughs(n int) Value {
	var v Value = "ha"
	for range n {
		l := NewList()
		for range 10 {
			l.Append(v)
		}
		v = l
	}
	return v
}

func nested(depth int) Value {
	l := NewList()
	for range depth - 1 {
		l = NewList(l)
	}
	return l
}

func TestTextIsLimited(t *testing.T) {
	for name, v := range map[string]Value{
		"shared lists": laughs(100),
		"a str":        strings.Repeat("\x00", 1<<20),
		"bytes":        Bytes(strings.Repeat("\x00", 1<<20)),
		"bytearray":    &ByteArray{make([]byte, 1<<20)},
		"a dict":       dictOf("k", laughs(50)),
		"an exception": exc("ValueError", laughs(50), int64(1)),
		"an array":     &Array{'b', make([]byte, 1<<20)},
		"an object":    &Object{Class: Global{"m", "C"}, Built: true, State: laughs(50)},
		"its class":    &Object{Class: &Object{Class: Global{"m", "C"}, Args: Tuple{laughs(50)}}},
		"persistent":   &Persistent{laughs(50)},
		"a slice":      Slice{laughs(50), nil, nil},
	} {
		for what, text := range map[string]func(Value, int) (string, error){"ReprLimit": ReprLimit, "StrLimit": StrLimit} {
			if s, ok := v.(string); ok && what == "StrLimit" {
				if got, err := text(v, 10); got != s || err != nil {
					t.Errorf("a str is its own str at no cost: %v", err)
				}
				continue
			}
			if got, err := text(v, 1<<20); !IsException(err, "MemoryError") || got != "" {
				t.Errorf("%s of %s: %d bytes, %v; want MemoryError", what, name, len(got), err)
			}
		}
	}
}

// TestTextFitsItsLimit: the longest text that is allowed is made, one byte less is not enough.
func TestTextFitsItsLimit(t *testing.T) {
	for _, v := range []Value{nil, int64(-12), 1.5, "a\n", strings.Repeat("é", pieceSize), Bytes(strings.Repeat("\xff", pieceSize+1)), NewList(int64(1), "b"), Tuple{nil}, dictOf("a", setOf())} {
		want, err := Repr(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ReprLimit(v, len(want)); got != want || err != nil {
			t.Errorf("%.100s: %v with a limit of just its length", want, err)
		}
		if got, err := ReprLimit(v, len(want)-1); !IsException(err, "MemoryError") {
			t.Errorf("%.100s: %.100s, %v with a limit of one less than its length", want, got, err)
		}
		prefix := []byte("before ")
		if got, err := AppendRepr(prefix, v, len(want)); string(got) != "before "+want || err != nil {
			t.Errorf("AppendRepr: %.100s, %v", got, err)
		}
		if got, err := AppendRepr(prefix, v, len(want)-1); string(got) != "before " || err == nil {
			t.Errorf("AppendRepr above its limit leaves %.100s, %v", got, err)
		}
	}
}

func TestTextOfDeepValues(t *testing.T) {
	want := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	if got, err := Repr(nested(MaxDepth)); got != want || err != nil {
		t.Errorf("%d levels: %.20s, %v", MaxDepth, got, err)
	}
	if _, err := Repr(nested(MaxDepth + 1)); !IsException(err, "RecursionError") {
		t.Errorf("%d levels: %v, want RecursionError", MaxDepth+1, err)
	}
	// An exception can be its own argument.
	e := exc("ValueError", nil)
	e.Args[0] = e
	if _, err := Str(e); !IsException(err, "RecursionError") {
		t.Errorf("str of an exception with itself: %v, want RecursionError", err)
	}
	var o Value
	for range 2 * MaxDepth {
		o = &Object{Class: o}
	}
	if _, err := Repr(o); !IsException(err, "RecursionError") {
		t.Errorf("repr of an object whose class is an object, and so on: %v, want RecursionError", err)
	}
}

// TestTextOfCyclesAtAnyDepth: a cycle is found among a few containers and among many.
func TestTextOfCyclesAtAnyDepth(t *testing.T) {
	for _, depth := range []int{1, nearby - 1, nearby, nearby + 1, 3 * nearby} {
		for up := range depth {
			var chain []*List
			for range depth {
				l := NewList()
				if n := len(chain); n > 0 {
					chain[n-1].Append(l)
				}
				chain = append(chain, l)
			}
			inner := chain[depth-1]
			inner.Append(chain[depth-1-up])
			inner.Append(NewList()) // the path is as it was
			inner.Append(chain[0])
			got, err := Repr(chain[0])
			if want := strings.Repeat("[", depth) + "[...], [], [...]" + strings.Repeat("]", depth); got != want || err != nil {
				t.Fatalf("depth %d, %d up: %s, %v; want %s", depth, up, got, err, want)
			}
		}
	}
}

// TestWideBelowDeep: what is at the bottom of a deep value does not pay for the depth with each of its parts.
func TestWideBelowDeep(t *testing.T) {
	wide := NewList()
	for range 300_000 {
		wide.Append(NewList())
	}
	v := wide
	for range MaxDepth - 2 {
		v = NewList(v)
	}
	if got, err := Repr(v); err != nil || len(got) != 2*(MaxDepth-1)+4*300_000-2 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestTextOfLongInts(t *testing.T) {
	for digits := range 3 {
		digits += maxIntDigits - 1
		n := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits-1)), nil)
		for _, n := range []*big.Int{n, new(big.Int).Neg(n), new(big.Int).Sub(new(big.Int).Mul(n, big.NewInt(10)), big.NewInt(1))} {
			got, err := Repr(n)
			if digits <= maxIntDigits && (got != n.String() || err != nil) || digits > maxIntDigits && !IsException(err, "ValueError") {
				t.Errorf("%d digits: %.20s, %v", digits, got, err)
			}
		}
	}
	huge := new(big.Int).Lsh(big.NewInt(1), 1<<24)
	if _, err := Repr(NewList(huge)); !IsException(err, "ValueError") {
		t.Errorf("2**2**24: %v, want ValueError", err)
	}
	if _, err := Str(&Fraction{huge, big.NewInt(1)}); !IsException(err, "ValueError") {
		t.Errorf("Fraction(2**2**24): %v, want ValueError", err)
	}
}

func TestTextOfStringsThatAreNoText(t *testing.T) {
	for s, want := range map[string]string{
		"\xff\x80x":              `'\udcff\udc80x'`,
		"\xed\xa0x":              `'\udced\udca0x'`,
		"\xed\xa0\x80\xf0\x9f":   `'\ud800\udcf0\udc9f'`,
		"\xc0\x80\xe2\x82":       `'\udcc0\udc80\udce2\udc82'`,
		"\xef\xbf\xbd":           `'` + "\uFFFD" + `'`,
		"\xf4\x90\x80\x80\u20ac": `'\udcf4\udc90\udc80\udc80€'`,
	} {
		if got, err := Repr(s); got != want || err != nil {
			t.Errorf("%q: %s, %v; want %s", s, got, err, want)
		}
		if got, err := Str(s); got != s || err != nil {
			t.Errorf("str changes %q to %q, %v", s, got, err)
		}
	}
}

// TestLongStringsInPieces: a text that is written in pieces is the same as in one.
func TestLongStringsInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]string{"a", "é", "€", "😀", "\xed\xa0\x80", "\xff", "\xe2\x82", "'", "\x00"}).Draw(t, "unit")
		s := rapid.StringN(0, 3, -1).Draw(t, "before") + strings.Repeat(unit, pieceSize*rapid.IntRange(1, 3).Draw(t, "n")/len(unit)) + rapid.StringN(0, 5, -1).Draw(t, "after")
		if got, err := Repr(s); err != nil || got != string(appendQuoted(nil, s)) {
			t.Fatalf("a str of %d bytes, of %q: %v", len(s), unit, err)
		}
		if got, err := Repr(Bytes(s)); err != nil || got != "b"+string(appendBytes(nil, s)) {
			t.Fatalf("%d bytes, of %q: %v", len(s), unit, err)
		}
	})
}

func TestTextOfPython2(t *testing.T) {
	for _, c := range []struct {
		v         Value
		repr, str string
	}{
		{Str2("it's"), `"it's"`, "it's"},
		{Str2("caf\xc3\xa9"), `'caf\xc3\xa9'`, "café"},
		{Str2("\xe9\xc3\xa9"), `'\xe9\xc3\xa9'`, "\xed\xb3\xa9é"},
		{&Array{'c', []byte("a\n\xff")}, `array('c', 'a\n\xff')`, `array('c', 'a\n\xff')`},
		{&Array{Typecode: 'c'}, `array('c')`, `array('c')`},
		{exc("KeyError", Str2("k")), `KeyError('k')`, `'k'`},
	} {
		if got, err := Repr(c.v); got != c.repr || err != nil {
			t.Errorf("%s, %v; want %s", got, err, c.repr)
		}
		if got, err := Str(c.v); got != c.str || err != nil {
			t.Errorf("%s, %v; want %s", got, err, c.str)
		}
	}
}

func TestTextOfWhatOnlyPythonKnows(t *testing.T) {
	class := Global{"m", "C"}
	self := &Object{Class: class, Built: true}
	self.State = dictOf("me", self)
	paris := &Object{Class: &Object{Class: Global{"builtins", "getattr"}, Args: Tuple{Global{"zoneinfo", "ZoneInfo"}, "_unpickle"}}, Args: Tuple{"Europe/Paris", int64(1)}}
	for _, c := range []struct {
		v    Value
		want string
	}{
		{&Object{Class: class}, "<m.C object>"},
		{&Object{Form: Made, Class: class, Args: Tuple{int64(1), "a"}}, "m.C(1, 'a')"},
		{&Object{Form: MadeWith, Class: class, Args: Tuple{int64(1)}, Kwargs: dictOf("k", int64(2))}, "m.C(1, k=2)"},
		{&Object{Class: class, Built: true, State: dictOf("x", int64(1), "y", NewList())}, "m.C(x=1, y=[])"},
		{&Object{Class: class, Built: true, State: dictOf()}, "m.C()"},
		{&Object{Class: class, Built: true}, "m.C(__state__=None)"},
		{&Object{Class: class, Built: true, State: Tuple{nil, dictOf("slot", int64(1))}}, "m.C(slot=1)"},
		{&Object{Class: class, Built: true, State: Tuple{int64(1), int64(2)}, Later: []Value{"x"}}, "m.C(__state__=(1, 2), __state__='x')"},
		{&Object{Class: class, Built: true, State: dictOf(int64(1), int64(2))}, "m.C(__state__={1: 2})"},
		{&Object{Class: class, Args: Tuple{Tuple{}, int64(3)}, Items: []Value{int64(1), "a"}}, "m.C((), 3) + [1, 'a']"},
		{&Object{Class: class, Items: []Value{int64(1)}, Added: true}, "m.C() | {1}"},
		{&Object{Class: class, Pairs: []Pair{{"a", int64(1)}, {"b", class}}}, "m.C() + {'a': 1, 'b': <class 'm.C'>}"},
		{&Object{Class: Global{"builtins", "reversed"}, Args: Tuple{NewList()}}, "reversed([])"},
		{&Object{Class: Global{"copyreg", "_reconstructor"}, Args: Tuple{class, Global{"builtins", "object"}, nil}}, "<m.C object>"},
		{&Object{Class: Global{"copyreg", "_reconstructor"}, Args: Tuple{class, Global{"builtins", "int"}, int64(5)}}, "m.C(5)"},
		{&Object{Class: Global{"copyreg", "__newobj__"}, Args: Tuple{class, int64(5)}}, "m.C(5)"},
		{&Object{Form: Extension, Args: Tuple{int64(17)}}, "extension(17)"},
		{self, "m.C(me=m.C(...))"},
		{&Persistent{Tuple{"id", int64(1)}}, "<persistent ('id', 1)>"},
		{Global{"m", "Outer.Inner"}, "<class 'm.Outer.Inner'>"},
		{Global{"builtins", "print"}, "<built-in function print>"},
		{Global{"m", "print"}, "<class 'm.print'>"},
		{&Exception{Class: Global{"m", "Outer.Error"}, Args: Tuple{int64(1)}, State: dictOf("a", int64(1))}, "Error(1)"},
		{paris, "zoneinfo.ZoneInfo(key='Europe/Paris')"},
		{Time{Hour: 1, TZ: paris}, "datetime.time(1, 0, tzinfo=zoneinfo.ZoneInfo(key='Europe/Paris'))"},
	} {
		if got, err := Repr(c.v); got != c.want || err != nil {
			t.Errorf("%s, %v; want %s", got, err, c.want)
		}
	}
	for want, v := range map[string]Value{
		"01:00:00[Europe/Paris]":     Time{Hour: 1, TZ: paris},
		"01:00:00[m.C(me=m.C(...))]": Time{Hour: 1, TZ: self},
		"01:00:00[m.C(1)]":           Time{Hour: 1, TZ: &Object{Class: class, Args: Tuple{int64(1)}}},
	} {
		if got, err := Str(v); got != want || err != nil {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}

func TestTextOfWhatIsNoValue(t *testing.T) {
	for _, v := range []Value{struct{}{}, []Value{}, map[string]int{}, NewList(t)} {
		if got, err := Repr(v); !IsException(err, "TypeError") || got != "" {
			t.Errorf("%T: %q, %v; want TypeError", v, got, err)
		}
	}
}

func TestBuiltinFunctionsAreSorted(t *testing.T) {
	if !slices.IsSorted(builtinFunctions) {
		t.Error("they are looked up by halves")
	}
}

func TestTextOfTheZeroFraction(t *testing.T) {
	repr, err1 := Repr(&Fraction{})
	str, err2 := Str(&Fraction{})
	if repr != "Fraction(0, 1)" || str != "0" || err1 != nil || err2 != nil {
		t.Errorf("%s, %s, %v, %v", repr, str, err1, err2)
	}
}
