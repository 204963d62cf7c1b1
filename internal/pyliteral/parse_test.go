package pyliteral

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// literals are texts that are, or nearly are, literals.
var literals = []string{
	"None", "True", "False", "...", " None ", "Nonex", "none", "", " ", "x", "f(1)", "a.b", "set()", "set(1)", "1 2", "1,", "1, 2", ",", "1,,",
	"0", "00", "0_0", "01", "1_000", "1__0", "_1", "1_", "-1", "+1", "- 1", "--1", "-", "0x1F", "0X_ff", "0x", "0xg", "0o17", "0o8", "0b101", "0b2", "9223372036854775807", "9223372036854775808",
	"-9223372036854775808", "-9223372036854775809", "0xffffffffffffffffffff", strings.Repeat("9", 4300), strings.Repeat("9", 4301), "1x", "1e", "1e+", "1if",
	"1.", ".5", ".", "1.5", "-.5", "1e300", "1E-3", "1e999", "-1e999", "1_0.0_1", "1._5", "1_.5", "0.1", "1.5.2", "00.5", "01.5", "0e0", "-0.0", "5e-324", "1.e1",
	"2j", "-2j", "1+2j", "1-2j", "-1-2j", "1 + 2J", "1.5e3-.5j", "1+2", "1j+2", "1+", "00j", "01j", "-0.0+0j", "1-0j", "1+2j+3j", "1 - -2j",
	"'a'", `"a"`, "'a", "'", "'''a\nb'''", `"""a"b"""`, "'a\nb'", `''`, `''''''`, `'''a'`, "'a' 'b'", `'a' "b" r'c'`, "'a' b'b'", "'a'b", `'a\'b'`, `'\\'`, `'\`, `'\'`,
	`'\n\t\a\b\f\v\r\0\1\12\123\400\777\8'`, `'\x41\u20ac\U0001f600'`, `'\x4'`, `'\xg1'`, `'\U00110000'`, `'\ud83d'`, `'\u12'`, "'é€😀'", "'\\\n'", `'\d'`, `'\N{BULLET}'`, `'\é'`,
	`r'\n'`, `r'\''`, `R"\"`, `u'a'`, `U'a'`, `ur'a'`, `b'a\x00\xff\n\777\400'`, `b'é'`, `b'\u20ac'`, `B"a"`, `br'\n'`, `Rb'\x'`, `bb'a'`, `f'a'`, `b '1'`, `b'\N{x}'`, `b'''a'''`, `rb"""\"""" `,
	"[]", "[1]", "[1,]", "[,]", "[1, 2", "[1 2]", "[1]]", "[[1], [2, [3]]]", "()", "(1)", "(1,)", "(1, 2)", "((1))", "(", ")", "(1,2,)", "('a' 'b')",
	"{}", "{1}", "{1,}", "{1, 2, 2}", "{'a': 1}", "{'a': 1,}", "{'a': 1, 'b': [2, {'c': ()}]}", "{1: 2, True: 3}", "{'a'}", "{'a' 1}", "{'a':}", "{:1}", "{[]: 1}", "{[]}", "{1: 2, 3}", "{1, 2: 3}", "{,}", "{1: 2", "{ }",
	"[None, True, ..., -1, 'x', b'y', {1.5: (2j,)}]", "\t[ 1 ,\n 2 ]\n", "[(),[],{}]", "(-1,)", "[+1]", "[1+2j, 3]", "{1+2j: 'x'}",
}

// knownGaps are literals that Python takes and Parse does not.
var knownGaps = map[string]bool{`'\N{BULLET}'`: true}

func TestLikePython(t *testing.T) {
	const script = `
import ast, sys, warnings
warnings.simplefilter("ignore")
def handle(request):
    try:
        return ascii(ast.literal_eval(request.decode("utf-8").lstrip(" \t\n"))).encode("ascii")
    except Exception as e:
        return b"error"
`
	for _, p := range pythons.Require(t) {
		if !p.AtLeast(3, 11) { // older ones have no limit for digits, or read numbers before letters in their own way
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			child := p.Serve(t, pythons.Module{Name: "literals", Source: script})
			for _, text := range literals {
				want, err := child.Call([]byte(text))
				if err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				got := "error"
				if v, err := Parse(text); err == nil {
					got = asciiRepr(t, v)
				}
				if got != string(want) && !knownGaps[text] {
					t.Errorf("%q is %s, want %s", text, got, want)
				}
			}
		})
	}
}

// asciiRepr is Python's ascii().
func asciiRepr(t testing.TB, v py.Value) string {
	text, err := py.Repr(v)
	if err != nil {
		return "error"
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"[1, 2":                  "a comma or ']' is expected, at byte 5",
		"'abc":                   "the text that begins here has no closing quote, at byte 0",
		"{'a' 1}":                "a comma or '}' is expected, at byte 5",
		"{1: 2, 3}":              "a colon is expected behind a key, at byte 8",
		"hello":                  "this is the beginning of no literal, at byte 0",
		"":                       "there is no value, at byte 0",
		"1 2":                    "more follows than one literal, at byte 2",
		"[\xff]":                 "it is not UTF-8, at byte 0",
		"12ab":                   "this can't follow a number, at byte 2",
		"010":                    "an int with a 0 in front; octal numbers begin with 0o, at byte 0",
		strings.Repeat("[", 300): "brackets are nested more than 200 deep, at byte 201",
	} {
		_, err := Parse(text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
	if _, err := Parse("{[]: 1}"); !py.IsException(err, "TypeError") {
		t.Errorf("a list as a key is %v", err)
	}
}

// What is read has a repr that is read as the same.
func FuzzParse(f *testing.F) {
	for _, text := range literals {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		first, err := py.Repr(v)
		if err != nil || strings.Contains(first, "inf") || strings.Contains(first, "Ellipsis") { // an int with too many digits; and the names that Python has for 1e999 and ...
			return
		}
		again, err := Parse(first)
		if err != nil {
			t.Fatalf("%q is %s, which is none: %v", text, first, err)
		}
		if same, err := py.Equal(v, again); !same || err != nil {
			t.Errorf("%q is %s, and that is %v (%v)", text, first, again, err)
		}
	})
}
