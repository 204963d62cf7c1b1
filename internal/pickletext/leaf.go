package pickletext

import (
	"fmt"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// leaf is the text of a value that contains no others; ok is false for those that may.
func (o Options) leaf(v py.Value) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return o.str(v), true
	case py.Bytes:
		return o.bytes(string(v), func(s string) py.Value { return py.Bytes(s) }), true
	case py.Str2:
		return o.bytes(string(v), func(s string) py.Value { return py.Str2(s) }), true
	case *big.Int:
		return o.bigInt(v), true
	case py.Global:
		return o.globalText(v), true
	case *py.Decimal, py.TimeZone, py.DateTime, py.Time:
		if !composite(v) {
			return o.cut(repr(o.shortZone(v))), true
		}
	case elided:
		return string(v), true
	}
	if composite(v) {
		return "", false
	}
	return repr(v), true
}

// repr is Python's, or what there is to say if it has none.
func repr(v py.Value) string {
	text, err := py.Repr(v)
	if err != nil {
		return fmt.Sprintf("<%s: %s>", py.TypeName(v), quoted(err.Error()))
	}
	return text
}

// str is the repr of a text, cut between two characters. There may be a reference to it in every second byte of a pickle, so that no more of it is looked at than is shown, and of a very
// long one it is only told how many bytes it has.
func (o Options) str(s string) string {
	if o.Chars <= 0 || len(s) <= o.Chars/longEscape {
		return repr(s)
	}
	left, end := o.Chars, len(s)
	for i, r := range s {
		if isInner(s[i]) { // part of a surrogate, which is none of UTF-8's characters
			continue
		}
		if left -= printed(r); left < 0 {
			end = i
			break
		}
	}
	switch {
	case end == len(s):
		return repr(s)
	case len(s) > mostCounted:
		return fmt.Sprintf("%s... (%d bytes)", repr(s[:end]), len(s))
	}
	chars := 0
	for i := range len(s) {
		if !isInner(s[i]) {
			chars++
		}
	}
	return fmt.Sprintf("%s... (%d characters)", repr(s[:end]), chars)
}

// mostCounted is how long a text, in bytes, is whose characters are counted.
const mostCounted = 8 << 10

// isInner reports whether a byte of a text is not the first one of its character.
func isInner(b byte) bool { return b&0xc0 == 0x80 }

// cut shortens the repr of what has no long texts or numbers in it by itself, but can have one.
func (o Options) cut(text string) string {
	if o.Chars <= 0 || len(text) <= o.Chars+longestTime {
		return text
	}
	end := o.Chars
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:end], len(text))
}

// longestTime is the length of the longest repr of a time and its zone, without the zone's name.
const longestTime = 200

// shortZone is v, a time or a time zone, with the zone's name cut.
func (o Options) shortZone(v py.Value) py.Value {
	switch t := v.(type) {
	case py.DateTime:
		t.TZ = o.shortZone(t.TZ)
		return t
	case py.Time:
		t.TZ = o.shortZone(t.TZ)
		return t
	case py.TimeZone:
		switch name := t.Name.(type) {
		case string:
			t.Name = o.shortName(name)
		case py.Str2:
			t.Name = py.Str2(o.shortName(string(name)))
		}
		return t
	}
	return v
}

func (o Options) shortName(s string) string {
	if o.Chars <= 0 || len(s) <= o.Chars {
		return s
	}
	end := o.Chars
	for end > 0 && isInner(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// bytes is the repr of bytes of some type, cut.
func (o Options) bytes(s string, typed func(string) py.Value) string {
	left := o.Chars
	for i := 0; o.Chars > 0 && i < len(s); i++ {
		r := rune(s[i])
		if r >= utf8.RuneSelf {
			r = utf8.RuneError
		}
		if left -= printed(r); left < 0 {
			return fmt.Sprintf("%s... (%d bytes)", repr(typed(s[:i])), len(s))
		}
	}
	return repr(typed(s))
}

const (
	escape     = len(`\x00`)
	longEscape = len(`\U00000000`)
)

// printed is about how many characters it takes to print one.
func printed(r rune) int {
	if r != utf8.RuneError && strconv.IsPrint(r) {
		return 1
	}
	return escape
}

// longInt is where an int is no longer printed in decimal, which takes time that grows with the square of its length.
const longInt = 4096 // bits

func (o Options) bigInt(i *big.Int) string {
	bits := i.BitLen()
	if bits <= longInt {
		return i.String()
	}
	if o.Chars <= 0 || bits/4 <= o.Chars {
		return fmt.Sprintf("%#x", i)
	}
	cut := new(big.Int).SetBits(i.Bits()) // of i without its sign, and without a copy
	cut = new(big.Int).Rsh(cut, uint(bits-4*o.Chars))
	sign := ""
	if i.Sign() < 0 {
		sign = "-"
	}
	return fmt.Sprintf("%s%#x... (%d bits)", sign, cut, bits)
}
