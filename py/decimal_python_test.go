package py

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

// decimalTexts are texts of which some are numbers, and many nearly.
func decimalTexts() []string {
	texts := strings.Split("0|-0|+0|00|0.0|-0.00|1|12.50|.5|5.|.|-|+|--1|+-1|1e5|1E+5|1e-7|123e-9|0.000001|0.0000001|0.00000010|1e|1e+|1e1.0|e5|.e5|1.e5|0e5|0e-5|0e-7|-0e3|1e6|1_0|_1|1__0_|1_e_5|"+
		"inf|-Inf|INFINITY|infinit|inf1|i_nf|nan|-NaN|sNaN|NaN0|nan007|-snan12|nan1_2|nan-1|nan 1|na|snan|NaNx|"+
		"1 2|\t1\n| 1 |\x1c1\x1f|\x851|\u00a01\u2003|\ufeff1|1\u200b|+ 1|1\x00|\x00|0x1|1j|1,5|1L|١٢.٣e٤|𝟙𝟚|１|²|½|ⅷ|ınf|ſnan|İnf|é|\U0010ffff|"+
		"1e999999999999999999|9.99e999999999999999999|10e999999999999999999|0e999999999999999999|0e1000000000000000000|0.0e1000000000000000000|1e1000000000000000000|"+
		"1e-1999999999999999997|1e-1999999999999999998|0e-1999999999999999997|0e-1999999999999999998|10e-1999999999999999998|1e-99999999999999999999999|1e99999999999999999999999|"+
		"1e9223372036854775807|1e9223372036854775808|1e-9223372036854775808|1e-9223372036854775809|1e0000000000000000000000000000000001|0.1e4000000000000000000|"+
		"||   |123456789012345678901234567890.123456789", "|")
	texts = append(texts, strings.Repeat("9", 100), "0."+strings.Repeat("0", 100)+"1", "1"+strings.Repeat("0", 3000)+"e-3000")
	r := rand.New(rand.NewPCG(7, 8))
	const alphabet = "0123456789000111..eE+-_ naifsNt"
	for range 2000 {
		b := make([]byte, r.IntN(12))
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		texts = append(texts, string(b))
	}
	for range 1000 {
		texts = append(texts, fmt.Sprintf("%d.%dE%d", r.Int64()>>r.IntN(63), r.Uint64()>>r.IntN(63), r.IntN(40)-20))
	}
	return texts
}

// fractionTexts are so for fractions.
func fractionTexts() []string {
	texts := strings.Split("1/2|-3/6|+1/2|0/5|1/0|-7/0|1 / 2|1/ 2|1\n/\t2|/2|1/|1//2|1/-2|1/2/3|1/2e1|1_0/3|1__0/3|_1/3|1/3_|1.5|.5|5.|.|1.5e3|1.5E-3|1e5/3|1._5|1_.5|1e_5|1.e5|+1.e-2|1_0.0_1e1_0|"+
		"-.5|nan|inf|0x1/2|١/٢|١.٥| 1/2 |\u30001/2\n|1 2|1e|1e+|e5|'|\"|a\nb|", "|")
	r := rand.New(rand.NewPCG(9, 10))
	const alphabet = "0123456789000111../eE+-_ "
	for range 2000 {
		b := make([]byte, r.IntN(9))
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		texts = append(texts, string(b))
	}
	return texts
}

// TestParseLikePython reads the texts of decimals and fractions, and writes what it has read.
func TestParseLikePython(t *testing.T) {
	for _, p := range python3(t, 6) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			check := func(class string, texts []string, parse func(text string) (fmt.Stringer, error)) {
				exprs := make([]string, len(texts))
				for i, text := range texts {
					exprs[i] = class + "(" + quoted(t, text) + ")"
				}
				for i, want := range evaluate(exprs) {
					if strings.HasPrefix(want.Err, "ValueError: Exceeds the limit") {
						continue // only the text of the number does
					}
					got, err := parse(texts[i])
					if err != nil {
						if text := shortError(err); text != want.Err {
							t.Errorf("%s: %s, want %q, %s", exprs[i], text, want.Str, want.Err)
						}
					} else if got.String() != want.Str {
						t.Errorf("%s: %s, want %q, %s", exprs[i], got, want.Str, want.Err)
					}
				}
			}
			check("decimal.Decimal", decimalTexts(), func(text string) (fmt.Stringer, error) { return ParseDecimal(text) })
			if p.AtLeast(3, 12) {
				check("fractions.Fraction", fractionTexts(), func(text string) (fmt.Stringer, error) { return ParseFraction(text) })
			}
		})
	}
}

// TestDigitsOfAllScripts: the value that this package takes a digit for is Python's.
func TestDigitsOfAllScripts(t *testing.T) {
	all := python3(t, 6)
	p := all[len(all)-1]
	var exprs []string
	var runes []rune
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Nd, r) {
			runes = append(runes, r)
			exprs = append(exprs, fmt.Sprintf("__import__('unicodedata').decimal('\\U%08x', 'unknown')", r))
		}
	}
	compared := 0
	for i, want := range serveEvaluator(t, p)(exprs) {
		if want.Str == "unknown" {
			continue // of a newer Unicode
		}
		compared++
		if got, ok := digitValue(runes[i]); !ok || fmt.Sprint(got) != want.Str {
			t.Errorf("%U is %d, %v, want %s", runes[i], got, ok, want.Str)
		}
	}
	if compared < 500 {
		t.Errorf("only %d digits were compared", compared)
	}
}

func TestDecimals(t *testing.T) {
	if d := (&Decimal{}); d.String() != "0" || d.Sign() != 0 || d.IsNaN() || d.IsInf() {
		t.Errorf("the zero Decimal is %s", d)
	}
	d, err := NewDecimal(big.NewInt(-1200), -1)
	if err != nil || d.String() != "-120.0" || d.Sign() != -1 || d.Float64() != -120 {
		t.Errorf("%v, %v", d, err)
	}
	if neg, digits, exp := d.Parts(); !neg || digits != "1200" || exp != -1 {
		t.Errorf("%v, %s, %d", neg, digits, exp)
	}
	if _, err := NewDecimal(big.NewInt(1), maxDecimalExp+1); !IsException(err, "decimal.InvalidOperation") {
		t.Error(err)
	}
	if neg, digits, _ := mustDecimal(t, "-0.0").Parts(); !neg || digits != "0" {
		t.Errorf("-0.0: %v, %s", neg, digits)
	}
	for text, want := range map[string]string{"1.25": "5/4", "-12E+2": "-1200/1", "0": "0/1"} {
		if r, err := mustDecimal(t, text).Rat(); err != nil || r.String() != want {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	for text, want := range map[string]string{"inf": "OverflowError", "nan": "ValueError", "1E+9999999": "MemoryError", "1E-9999999": "MemoryError"} {
		if _, err := mustDecimal(t, text).Rat(); !IsException(err, want) {
			t.Errorf("%s: %v, want a %s", text, err, want)
		}
	}
	for text, want := range map[string]string{"inf": "+Inf", "-inf": "-Inf", "nan": "NaN", "1E+999999999999": "+Inf", "-1E+400": "-Inf", "1E-999999999999": "0", "0.1": "0.1"} {
		if f := mustDecimal(t, text).Float64(); fmt.Sprint(f) != want {
			t.Errorf("%s: %v, want %s", text, f, want)
		}
	}
}

// TestHugeNumbersAreCheap: an exponent of 18 digits costs nothing, and many digits no more than their number.
func TestHugeNumbersAreCheap(t *testing.T) {
	within(t, func() {
		huge, tiny := mustDecimal(t, "1E+999999999999999999"), mustDecimal(t, "-1E-999999999999999999")
		digits := mustDecimal(t, strings.Repeat("123456789", 20_000))
		others := []Value{huge, tiny, digits, int64(1), 1.5, 1e308, mustFraction(t, "1/3"), new(big.Int).Lsh(big.NewInt(1), 1<<20), big.NewInt(0)}
		for _, a := range others {
			if _, err := Hash(a); err != nil {
				t.Error(err)
			}
			for _, b := range others {
				equal, err := Equal(a, b)
				if err != nil || equal != (a == b) {
					t.Errorf("%.20v == %.20v: %v, %v", a, b, equal, err)
				}
				l, err := Less(a, b)
				g, err2 := Less(b, a)
				if err != nil || err2 != nil || l && g || !l && !g && !equal {
					t.Errorf("%.20v < %.20v: %v, %v; %v, %v", a, b, l, err, g, err2)
				}
			}
		}
		if equal, err := Equal(digits, bigOfDigits(digits.digits)); !equal || err != nil {
			t.Error(equal, err)
		}
		if s := huge.String(); s != "1E+999999999999999999" {
			t.Error(s)
		}
		if _, err := ParseFraction("1e999999999999"); !IsException(err, "MemoryError") {
			t.Error(err)
		}
		if _, err := ParseFraction("1e99999999999999999999999999"); !IsException(err, "MemoryError") {
			t.Error(err)
		}
	})
}

func TestFractions(t *testing.T) {
	f, err := NewFraction(big.NewInt(6), big.NewInt(-4))
	if err != nil || f.String() != "-3/2" || f.Float64() != -1.5 || f.Rat().String() != "-3/2" {
		t.Errorf("%v, %v", f, err)
	}
	if _, err := NewFraction(big.NewInt(1), new(big.Int)); err == nil || err.Error() != "ZeroDivisionError: Fraction(1, 0)" {
		t.Error(err)
	}
}
