package pickle

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// The arguments of protocol 0 are lines of text.

// intLine is INT: a number as in a Python program, or 00 and 01 for False and True.
func (m *machine) intLine() error {
	b, err := m.in.line()
	if err != nil {
		return err
	}
	switch string(b) {
	case "00":
		m.push(false)
		return nil
	case "01":
		m.push(true)
		return nil
	}
	return m.pushInt(b)
}

// longLine is LONG: a number with an L behind it, as Python 2 writes it.
func (m *machine) longLine() error {
	b, err := m.in.line()
	if err != nil {
		return err
	}
	return m.pushInt(bytes.TrimSuffix(b, []byte("L")))
}

func (m *machine) pushInt(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > maxDigits {
		return tooMuch("a number of %d digits; more than %d are not read in decimal", len(b), maxDigits)
	}
	if len(b) < 19 {
		if i, err := strconv.ParseInt(string(b), 0, 64); err == nil {
			m.push(m.int(i))
			return nil
		}
	}
	if err := m.spendDigits(len(b)); err != nil {
		return err
	}
	i, ok := new(big.Int).SetString(string(b), 0)
	if !ok {
		return corrupt("%s is not an int", excerpt(b))
	}
	m.push(py.Int(i))
	return m.charge(costSmall + len(b))
}

// pythonNaN is float('nan'), which has another bit pattern than Go's.
const pythonNaN = 0x7ff8 << 48

// floatLine is FLOAT.
func (m *machine) floatLine() error {
	b, err := m.in.line()
	if err != nil {
		return err
	}
	text := string(b)
	// Go also reads hexadecimal and underscores.
	if strings.ContainsAny(text, "xXpP_") {
		return corrupt("%s is not a float", excerpt(b))
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return corrupt("%s is not a float", excerpt(b))
	}
	if f != f {
		f = math.Float64frombits(pythonNaN)
	}
	m.push(f)
	return m.charge(8)
}

// excerpt quotes the beginning of a text, for messages.
func excerpt(b []byte) string {
	const most = 40
	if len(b) > most {
		return strconv.Quote(string(b[:most])) + "..."
	}
	return strconv.Quote(string(b))
}

// memoLine reads the number of an entry of the memo.
func (m *machine) memoLine() (int, error) {
	b, err := m.in.line()
	if err != nil {
		return 0, err
	}
	i, err := strconv.Atoi(string(bytes.TrimSpace(b)))
	if err != nil || i < 0 || i > math.MaxInt/2 {
		return 0, corrupt("%s is not a number of the memo", excerpt(b))
	}
	return i, nil
}

func (m *machine) putLine() error {
	i, err := m.memoLine()
	if err != nil {
		return err
	}
	return m.put(i)
}

func (m *machine) getLine() error {
	i, err := m.memoLine()
	if err != nil {
		return err
	}
	return m.get(i)
}

// stringLine is STRING: a str of Python 2 as in a program, with its quotes and escapes.
func (m *machine) stringLine() error {
	b, err := m.in.line()
	if err != nil {
		return err
	}
	if n := len(b); n < 2 || b[0] != b[n-1] || b[0] != '\'' && b[0] != '"' {
		return corrupt("%s is not in quotes", excerpt(b))
	}
	if err := m.charge(len(b) + costString); err != nil {
		return err
	}
	s, err := unescape(b[1 : len(b)-1])
	if err != nil {
		return err
	}
	m.push(py.Str2(s))
	return nil
}

// simpleEscapes has what one character after a backslash stands for. A backslash before any other character stands for itself.
var simpleEscapes = map[byte]string{
	'\n': "", '\\': "\\", '\'': "'", '"': "\"", 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// unescape is what stands between the quotes of a string in Python 2.
func unescape(b []byte) (string, error) {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return stringOf(append(out, b...)), nil
		}
		out = append(out, b[:i]...)
		if b = b[i+1:]; len(b) == 0 {
			return "", corrupt("the string ends with a backslash")
		}
		c := b[0]
		if s, ok := simpleEscapes[c]; ok {
			out, b = append(out, s...), b[1:]
			continue
		}
		switch {
		case c == 'x':
			if len(b) < 3 {
				return "", corrupt(`\x without two hexadecimal digits in the string`)
			}
			n, err := strconv.ParseUint(string(b[1:3]), 16, 8)
			if err != nil {
				return "", corrupt(`\x without two hexadecimal digits in the string`)
			}
			out, b = append(out, byte(n)), b[3:]
		case '0' <= c && c <= '7':
			n := 0
			for i := 0; i < 3 && len(b) > 0 && '0' <= b[0] && b[0] <= '7'; i++ {
				n = n<<3 | int(b[0]-'0')
				b = b[1:]
			}
			out = append(out, byte(n))
		default:
			out, b = append(out, '\\', c), b[1:]
		}
	}
	return stringOf(out), nil
}

// unicodeLine is UNICODE: text in Latin-1, with \u and \U for what that does not have.
func (m *machine) unicodeLine() error {
	b, err := m.in.line()
	if err != nil {
		return err
	}
	if err := m.charge(2*len(b) + costString); err != nil {
		return err
	}
	s, err := rawUnicode(b)
	if err != nil {
		return err
	}
	m.push(s)
	return nil
}

// rawUnicode decodes Python's raw-unicode-escape, in which only \u and \U mean anything, and a backslash after a backslash begins nothing.
func rawUnicode(b []byte) (string, error) {
	out := make([]byte, 0, len(b)+len(b)/8)
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c != '\\' || i+1 == len(b) {
			out = utf8.AppendRune(out, rune(c))
			continue
		}
		i++
		digits := 0
		switch b[i] {
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		default:
			out = utf8.AppendRune(append(out, '\\'), rune(b[i]))
			continue
		}
		if len(b)-i-1 < digits {
			return "", corrupt(`\%c with less than %d hexadecimal digits in the string`, b[i], digits)
		}
		n, err := strconv.ParseUint(string(b[i+1:i+1+digits]), 16, 32)
		if err != nil {
			return "", corrupt(`\%c with less than %d hexadecimal digits in the string`, b[i], digits)
		}
		if n > utf8.MaxRune {
			return "", corrupt(`\U%08x in the string is beyond the last character`, n)
		}
		out = appendAny(out, rune(n))
		i += digits
	}
	return stringOf(out), nil
}

// appendAny appends a character; surrogates are written like all others from U+0800 on.
func appendAny(out []byte, r rune) []byte {
	if 0xd800 <= r && r < 0xe000 {
		return append(out, 0xed, 0x80|byte(r>>6&0x3f), 0x80|byte(r&0x3f))
	}
	return utf8.AppendRune(out, r)
}
