package py

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseDecimal is decimal.Decimal(text): exact, however many digits there are. White space around it and underscores in it do not count, and the digits of all scripts do.
// The error is Python's InvalidOperation.
func ParseDecimal(text string) (*Decimal, error) {
	s, ok := plainNumber(text)
	if !ok {
		return nil, errDecimalSyntax()
	}
	s = strings.ReplaceAll(s, "_", "")
	d := &Decimal{}
	s, d.neg = cutSign(s)
	if special, rest := specialForm(s); special != finite {
		if rest = strings.TrimLeft(rest, "0"); !allDigits(rest) {
			return nil, errDecimalSyntax()
		}
		d.form, d.digits = special, rest
		return d, nil
	}
	s, exponent, hasExponent := cutExponent(s)
	whole, fraction, _ := strings.Cut(s, ".")
	if whole+fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return nil, errDecimalSyntax()
	}
	exp := int64(0)
	if hasExponent {
		exponent, negative := cutSign(exponent)
		if exponent == "" || !allDigits(exponent) {
			return nil, errDecimalSyntax()
		}
		var err error
		if exp, err = strconv.ParseInt(exponent, 10, 64); err != nil || exp > 4*maxDecimalExp {
			// What is below 4*maxDecimalExp may come into range by the number of digits.
			return nil, invalidOperation("InvalidOperation")
		}
		if negative {
			exp = -exp
		}
	}
	return finiteDecimal(d.neg, whole+fraction, exp-int64(len(fraction)))
}

func errDecimalSyntax() error { return invalidOperation("ConversionSyntax") }

// specialForm recognises infinities and NaNs; rest is what follows a NaN. For an infinity nothing may.
func specialForm(s string) (form decimalForm, rest string) {
	if strings.EqualFold(s, "inf") || strings.EqualFold(s, "infinity") {
		return infinite, ""
	}
	for _, nan := range [...]struct {
		name string
		form decimalForm
	}{{"nan", quietNaN}, {"snan", signalingNaN}} {
		if n := len(nan.name); len(s) >= n && strings.EqualFold(s[:n], nan.name) {
			return nan.form, s[n:]
		}
	}
	return finite, s
}

func cutSign(s string) (rest string, neg bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:], s[0] == '-'
	}
	return s, false
}

func cutExponent(s string) (significand, exponent string, found bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// plainNumber is a text without the white space around it, and with the digits of other scripts as those of ASCII. ok is false if there is anything else that is not
// ASCII, which no number has.
func plainNumber(text string) (s string, ok bool) {
	s = strings.TrimFunc(text, isSpace)
	if isASCII(s) {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r >= utf8.RuneSelf {
			digit, ok := digitValue(r)
			if !ok {
				return "", false
			}
			r = '0' + digit
		}
		b = append(b, byte(r))
	}
	return string(b), true
}

// isSpace reports what Python's str.strip takes away.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

// digitValue is the value of a decimal digit of any script. Unicode has each script's ten in a row, from 0 to 9.
func digitValue(r rune) (rune, bool) {
	for _, rows := range unicode.Nd.R16 {
		if rune(rows.Lo) <= r && r <= rune(rows.Hi) {
			return (r - rune(rows.Lo)) % 10, true
		}
	}
	for _, rows := range unicode.Nd.R32 {
		if rune(rows.Lo) <= r && r <= rune(rows.Hi) {
			return (r - rune(rows.Lo)) % 10, true
		}
	}
	return 0, false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
