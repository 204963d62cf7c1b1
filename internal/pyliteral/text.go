package pyliteral

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// prefixes of texts, in small letters: whether it is bytes, and raw.
var prefixes = map[string]struct{ bytes, raw bool }{
	"": {}, "u": {}, "r": {raw: true}, "b": {bytes: true}, "br": {true, true}, "rb": {true, true},
}

// prefix is what stands in front of the quotes of a text that begins here; ok is false if none does.
func (p *parser) prefix() (text string, ok bool) {
	rest := p.text[p.at:]
	i := strings.IndexAny(rest, `'"`)
	if i < 0 || i > 2 {
		return "", false
	}
	_, ok = prefixes[strings.ToLower(rest[:i])]
	return rest[:i], ok
}

func (p *parser) startsText() bool {
	_, ok := p.prefix()
	return ok
}

// texts reads texts that stand behind each other, which are one.
func (p *parser) texts() (py.Value, error) {
	var all []byte
	isBytes := false
	for n := 0; ; n++ {
		prefix, ok := p.prefix()
		if !ok {
			break
		}
		kind := prefixes[strings.ToLower(prefix)]
		if n > 0 && kind.bytes != isBytes {
			return nil, p.fail("bytes and texts can't be joined")
		}
		isBytes = kind.bytes
		p.at += len(prefix)
		var err error
		if all, err = p.quoted(all, kind.bytes, kind.raw); err != nil {
			return nil, err
		}
		p.space()
	}
	if isBytes {
		return py.Bytes(all), nil
	}
	return string(all), nil
}

// quoted appends the text between quotes.
func (p *parser) quoted(to []byte, isBytes, raw bool) ([]byte, error) {
	start := p.at
	quote := p.text[p.at : p.at+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(p.text[p.at:], triple) {
		quote = triple
	}
	p.at += len(quote)
	for {
		rest := p.text[p.at:]
		switch {
		case rest == "", len(quote) == 1 && rest[0] == '\n':
			p.at = start
			return nil, p.fail("the text that begins here has no closing quote")
		case strings.HasPrefix(rest, quote):
			p.at += len(quote)
			return to, nil
		case isBytes && rest[0] >= utf8.RuneSelf:
			return nil, p.fail("bytes have only ASCII characters, and escapes")
		case rest[0] == '\\' && raw && len(rest) > 1:
			to = append(to, rest[:2]...)
			p.at += 2
		case rest[0] == '\\' && !raw:
			var err error
			if to, err = p.escape(to, isBytes); err != nil {
				return nil, err
			}
		default:
			to = append(to, rest[0])
			p.at++
		}
	}
}

// simple escapes are one letter for one byte; a newline stands for nothing.
var simple = map[byte]string{
	'\n': "", '\\': `\`, '\'': `'`, '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// hexDigits is how many follow the letter.
var hexDigits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// escape appends what an escape stands for, which begins here with its backslash.
func (p *parser) escape(to []byte, isBytes bool) ([]byte, error) {
	rest := p.text[p.at+1:]
	if rest == "" {
		return nil, p.fail("nothing follows a backslash")
	}
	c := rest[0]
	if s, ok := simple[c]; ok {
		p.at += 2
		return append(to, s...), nil
	}
	digits, base := 0, 16
	switch {
	case c == 'x', !isBytes && (c == 'u' || c == 'U'):
		digits = hexDigits[c]
		rest = rest[1:]
	case '0' <= c && c <= '7':
		for base = 8; digits < 3 && digits < len(rest) && '0' <= rest[digits] && rest[digits] <= '7'; digits++ {
		}
	case !isBytes && c == 'N':
		return nil, p.fail("names of characters are not known here")
	default: // no escape at all: the backslash stands for itself
		p.at++
		return append(to, '\\'), nil
	}
	if len(rest) < digits {
		return nil, p.fail("%d digits are expected behind \\%c", digits, c)
	}
	n, err := strconv.ParseUint(rest[:digits], base, 32)
	if err != nil {
		return nil, p.fail("%d digits are expected behind \\%c", digits, c)
	}
	if n > utf8.MaxRune {
		return nil, p.fail("there is no character %x", n)
	}
	p.at = len(p.text) - len(rest) + digits
	if isBytes {
		return append(to, byte(n)), nil
	}
	return appendRune(to, rune(n)), nil
}

// appendRune appends a character in UTF-8, also half of a surrogate pair, for which Go has no place there: see package py.
func appendRune(to []byte, r rune) []byte {
	if 0xd800 <= r && r < 0xe000 {
		return append(to, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0xbf, 0x80|byte(r)&0xbf)
	}
	return utf8.AppendRune(to, r)
}
