package py

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendQuoted writes the repr of a str.
func appendQuoted(dst []byte, s string) []byte {
	q := quoteFor(s)
	dst = append(dst, q)
	dst = appendEscaped(dst, s, q)
	return append(dst, q)
}

// quoteFor is the quote that Python puts around: ' unless that is in the text and " is not.
func quoteFor(s string) byte {
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		return '"'
	}
	return '\''
}

const lowerHex = "0123456789abcdef"

// appendEscaped writes s as it stands between quotes. What str.isprintable() refuses is escaped; Go's tables and Python's can be of different versions of Unicode, so that
// the two may differ in characters that were assigned in between.
func appendEscaped(dst []byte, s string, quote byte) []byte {
	done := 0 // what is before it has been written
	for i := 0; i < len(s); {
		c := s[i]
		if ' ' <= c && c < 0x7f && c != quote && c != '\\' {
			i++
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			if r, size = decodeRune(s[i:]); size > 1 && strconv.IsPrint(r) {
				i += size
				continue
			}
		}
		dst = append(dst, s[done:i]...)
		dst = appendEscape(dst, r)
		i += size
		done = i
	}
	return append(dst, s[done:]...)
}

// appendEscape writes one character that needs an escape.
func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	case '\\', '\'', '"':
		return append(dst, '\\', byte(r))
	}
	return appendNumbered(dst, r)
}

// appendNumbered writes a character by its number.
func appendNumbered(dst []byte, r rune) []byte {
	digits := 2
	switch {
	case r <= 0xff:
		dst = append(dst, `\x`...)
	case r <= 0xffff:
		dst, digits = append(dst, `\u`...), 4
	default:
		dst, digits = append(dst, `\U`...), 8
	}
	for digits--; digits >= 0; digits-- {
		dst = append(dst, lowerHex[r>>(4*digits)&0xf])
	}
	return dst
}

// decodeRune is utf8.DecodeRuneInString, except that it knows the surrogates, which take three bytes, and that a byte which is part of nothing stands for the surrogate that
// Python's "surrogateescape" makes of it.
func decodeRune(s string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(s)
	if r != utf8.RuneError || size != 1 {
		return r, size
	}
	if len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 && s[2]&0xc0 == 0x80 {
		return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return 0xdc00 | rune(s[0]), 1
}

// appendRune is the reverse of decodeRune.
func appendRune(dst []byte, r rune) []byte {
	if isSurrogate(r) {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}

func isSurrogate(r rune) bool { return 0xd800 <= r && r < 0xe000 }

// appendBytes writes the repr of bytes, without the b before it, and of Python 2's str.
func appendBytes(dst []byte, s string) []byte {
	q := quoteFor(s)
	dst = append(dst, q)
	dst = appendEscapedBytes(dst, s, q, q)
	return append(dst, q)
}

// appendEscapedBytes writes bytes as they stand between quotes, with escapes before two of the characters.
func appendEscapedBytes(dst []byte, s string, quote, quote2 byte) []byte {
	done := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if ' ' <= c && c < 0x7f && c != quote && c != quote2 && c != '\\' {
			continue
		}
		dst = append(dst, s[done:i]...)
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c >= 0x7f {
			dst = append(dst, '\\', 'x', lowerHex[c>>4], lowerHex[c&0xf]) // most of binary data
		} else {
			dst = appendEscape(dst, rune(c))
		}
		done = i + 1
	}
	return append(dst, s[done:]...)
}

// Text is the bytes as text: UTF-8 where they are that, and lone surrogates in place of other bytes, as Python 3 has them where it takes names from the system.
func (s Str2) Text() string {
	if utf8.ValidString(string(s)) {
		return string(s)
	}
	var dst []byte
	for rest := string(s); rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		if r == utf8.RuneError && size == 1 {
			dst = appendRune(dst, 0xdc00|rune(rest[0]))
		} else {
			dst = append(dst, rest[:size]...)
		}
		rest = rest[size:]
	}
	return string(dst)
}

// Text is the text of a str, of Python 3 or of Python 2 (see Str2.Text); ok is false for all other values.
func Text(v Value) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Str2:
		return v.Text(), true
	}
	return "", false
}

// pieceSize is how much of a long text is written before its length is looked at.
const pieceSize = 1 << 16

// quoted writes a text between quotes, piece by piece.
func (p *printer) quoted(s string, escape func(dst []byte, piece string) []byte, quote byte) error {
	p.b = append(p.b, quote)
	for len(s) > pieceSize {
		n := pieceSize
		for n > pieceSize-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		p.b = escape(p.b, s[:n])
		s = s[n:]
		if err := p.room(len(s)); err != nil {
			return err
		}
	}
	p.b = append(escape(p.b, s), quote)
	return nil
}

// wanted is as much of a string as can be shown.
func (p *printer) wanted(s string) string {
	if p.cut {
		return start(s, p.max)
	}
	return s
}

func (p *printer) str(s string) error {
	s = p.wanted(s)
	if len(s) <= pieceSize {
		p.b = appendQuoted(p.b, s)
		return nil
	}
	q := quoteFor(s)
	return p.quoted(s, func(dst []byte, piece string) []byte { return appendEscaped(dst, piece, q) }, q)
}

func (p *printer) bytes(s string) error {
	s = p.wanted(s)
	if len(s) <= pieceSize {
		p.b = appendBytes(p.b, s)
		return nil
	}
	q := quoteFor(s)
	return p.quoted(s, func(dst []byte, piece string) []byte { return appendEscapedBytes(dst, piece, q, q) }, q)
}

// byteArray differs from bytes: whatever the quotes are, ' has an escape.
func (p *printer) byteArray(b []byte) error {
	if p.cut {
		b = b[:min(len(b), p.max)]
	}
	s := string(b)
	q := quoteFor(s)
	p.b = append(p.b, "bytearray(b"...)
	if err := p.quoted(s, func(dst []byte, piece string) []byte { return appendEscapedBytes(dst, piece, q, '\'') }, q); err != nil {
		return err
	}
	p.b = append(p.b, ')')
	return nil
}
