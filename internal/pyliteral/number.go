package pyliteral

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// maxDigits is how many decimal digits an int may have: the time to read them is not in proportion to their number.
const maxDigits = 4300

// sum reads a number with its sign, and an imaginary part that may follow it.
func (p *parser) sum() (py.Value, error) {
	v, err := p.signed()
	if err != nil {
		return nil, err
	}
	if _, imaginary := v.(complex128); imaginary {
		return v, nil
	}
	before := p.at
	p.space()
	sign := p.peek()
	if sign != '+' && sign != '-' {
		p.at = before
		return v, nil
	}
	p.at++
	p.space()
	second, err := p.number()
	if err != nil {
		return nil, err
	}
	c, ok := second.(complex128)
	if !ok {
		p.at = before
		return nil, p.fail("only an imaginary number can be added")
	}
	re, err := toFloat(v)
	if err != nil {
		return nil, err
	}
	// As Python does it: a real number minus an imaginary one has no negative zero for its imaginary part, though -0j has.
	re += 0
	if sign == '-' {
		return complex(re, 0-imag(c)), nil
	}
	return complex(re, 0+imag(c)), nil
}

func toFloat(v py.Value) (float64, error) {
	switch v := v.(type) {
	case int64:
		return float64(v), nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		if math.IsInf(f, 0) {
			return 0, py.OverflowError("int too large to convert to float")
		}
		return f, nil
	}
	return v.(float64), nil
}

func (p *parser) signed() (py.Value, error) {
	c := p.peek()
	if c != '-' && c != '+' {
		return p.number()
	}
	p.at++
	p.space()
	v, err := p.number()
	if err != nil || c == '+' {
		return v, err
	}
	switch v := v.(type) {
	case int64:
		return -v, nil // a number without a sign is never the least one
	case *big.Int:
		return integer(new(big.Int).Neg(v)), nil
	case float64:
		return -v, nil
	case complex128:
		return -v, nil
	}
	return v, nil
}

// integer is an int in the form that it has: *big.Int only beyond int64.
func integer(n *big.Int) py.Value {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// number reads a number without a sign.
func (p *parser) number() (py.Value, error) {
	start := p.at
	if p.peek() == '0' && p.at+1 < len(p.text) {
		if base := bases[p.text[p.at+1]|0x20]; base != 0 {
			return p.based(base)
		}
	}
	whole, err := p.digits()
	if err != nil {
		return nil, err
	}
	text, float := whole, false
	if p.peek() == '.' {
		p.at++
		float = true
		fraction := ""
		if isDigit(p.peek()) {
			if fraction, err = p.digits(); err != nil {
				return nil, err
			}
		}
		if whole == "" && fraction == "" {
			return nil, p.fail("a number is expected")
		}
		text += "." + fraction
	}
	if c := p.peek(); whole+text != "" && (c == 'e' || c == 'E') {
		p.at++
		float = true
		text += "e"
		if s := p.peek(); s == '+' || s == '-' {
			text += string(rune(s))
			p.at++
		}
		exponent, err := p.digits()
		if err != nil {
			return nil, err
		}
		if exponent == "" {
			return nil, p.fail("an exponent is expected")
		}
		text += exponent
	}
	imaginary := text != "" && (p.peek() == 'j' || p.peek() == 'J')
	if imaginary {
		p.at++
	}
	switch {
	case text == "":
		return nil, p.fail("a number is expected")
	case p.at < len(p.text) && isNamePart(p.text[p.at]):
		return nil, p.fail("this can't follow a number")
	case float || imaginary:
		f, _ := strconv.ParseFloat(text, 64) // what is too large is infinite, as in Python
		if imaginary {
			return complex(0, f), nil
		}
		return f, nil
	case text[0] == '0' && strings.Trim(text, "0") != "":
		p.at = start
		return nil, p.fail("an int with a 0 in front; octal numbers begin with 0o")
	case len(text) > maxDigits:
		p.at = start
		return nil, p.fail("an int has more than %d digits", maxDigits)
	}
	n, _ := new(big.Int).SetString(text, 10)
	return integer(n), nil
}

// bases are those of a number that begins with 0 and this letter.
var bases = map[byte]int{'x': 16, 'o': 8, 'b': 2}

// based reads a number in another base than ten.
func (p *parser) based(base int) (py.Value, error) {
	p.at += 2
	start := p.at
	for p.at < len(p.text) && isNamePart(p.text[p.at]) {
		p.at++
	}
	digits, ok := joined(strings.TrimPrefix(p.text[start:p.at], "_"))
	if ok && digits != "" {
		if n, ok := new(big.Int).SetString(digits, base); ok {
			return integer(n), nil
		}
	}
	p.at = start
	return nil, p.fail("digits of base %d are expected", base)
}

// digits reads decimal digits, of which there may be none, and leaves out the underscores between them.
func (p *parser) digits() (string, error) {
	start := p.at
	for isDigit(p.peek()) || p.peek() == '_' {
		p.at++
	}
	text, ok := joined(p.text[start:p.at])
	if !ok {
		return "", p.fail("an underscore stands between two digits only")
	}
	return text, nil
}

// joined is digits without the underscores between them; ok is false if one stands elsewhere.
func joined(digits string) (text string, ok bool) {
	if strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") {
		return "", false
	}
	return strings.ReplaceAll(digits, "_", ""), true
}
