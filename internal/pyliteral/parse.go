package pyliteral

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// A SyntaxError says why a text is no literal.
type SyntaxError struct {
	Offset int // in bytes, of what is wrong
	What   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s, at byte %d", e.What, e.Offset) }

// maxDepth is how deep brackets may be nested.
const maxDepth = 200

// Parse is the value of a literal. White space around it and between its parts does not count. The error is a *SyntaxError, or the TypeError of a key that is none.
func Parse(text string) (py.Value, error) {
	p := parser{text: text}
	if !utf8.ValidString(text) {
		return nil, p.fail("it is not UTF-8")
	}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.peek() == ',' { // a tuple without brackets
		items := py.Tuple{v}
		if v, err = p.tuple(items, 0, endOfText); err != nil {
			return nil, err
		}
	}
	if p.at < len(text) {
		return nil, p.fail("more follows than one literal")
	}
	return v, nil
}

// parser goes through a text once.
type parser struct {
	text string
	at   int
}

// endOfText is what peek returns behind the last byte.
const endOfText = -1

func (p *parser) peek() int {
	if p.at < len(p.text) {
		return int(p.text[p.at])
	}
	return endOfText
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r\f", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take goes behind a byte, and what space follows, if it is the next one.
func (p *parser) take(c byte) bool {
	if p.peek() != int(c) {
		return false
	}
	p.at++
	p.space()
	return true
}

func (p *parser) fail(what string, args ...any) error {
	return &SyntaxError{p.at, fmt.Sprintf(what, args...)}
}

// value reads one value, depth brackets deep.
func (p *parser) value(depth int) (py.Value, error) {
	if depth > maxDepth {
		return nil, p.fail("brackets are nested more than %d deep", maxDepth)
	}
	switch c := p.peek(); {
	case c == endOfText:
		return nil, p.fail("there is no value")
	case c == '[':
		p.take('[')
		items, err := p.items(nil, depth+1, ']')
		return &py.List{Items: items}, err
	case c == '(':
		return p.parenthesis(depth)
	case c == '{':
		return p.braces(depth)
	case isDigit(c), c == '.' && p.at+1 < len(p.text) && isDigit(int(p.text[p.at+1])), c == '-', c == '+':
		return p.sum()
	case p.startsText():
		return p.texts()
	}
	for name, v := range constants {
		if rest, ok := strings.CutPrefix(p.text[p.at:], name); ok && (rest == "" || !isNamePart(rest[0])) {
			p.at += len(name)
			return v(), nil
		}
	}
	return nil, p.fail("this is the beginning of no literal")
}

// constants are the values that have names.
var constants = map[string]func() py.Value{
	"None": func() py.Value { return nil }, "True": func() py.Value { return true }, "False": func() py.Value { return false },
	"...": func() py.Value { return py.Ellipsis }, "set()": func() py.Value { s, _ := py.NewSet(); return s },
}

func isDigit(c int) bool { return '0' <= c && c <= '9' }

func isNamePart(c byte) bool {
	return c == '_' || c >= 0x80 || isDigit(int(c)) || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// items reads values with commas between them, behind those that are there, up to the bracket that closes them.
func (p *parser) items(items []py.Value, depth int, closing int) ([]py.Value, error) {
	for {
		if p.peek() == closing {
			if closing != endOfText {
				p.at++
			}
			return items, nil
		}
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		p.space()
		if !p.take(',') && p.peek() != closing {
			return nil, p.unclosed(closing)
		}
	}
}

func (p *parser) unclosed(closing int) error {
	if closing == endOfText {
		return p.fail("a comma is expected")
	}
	return p.fail("a comma or %q is expected", rune(closing))
}

// tuple reads what follows the first item of a tuple, from the comma on.
func (p *parser) tuple(first py.Tuple, depth int, closing int) (py.Value, error) {
	p.take(',')
	items, err := p.items(first, depth, closing)
	return py.Tuple(items), err
}

// parenthesis reads a tuple, or a value in parentheses.
func (p *parser) parenthesis(depth int) (py.Value, error) {
	p.take('(')
	if p.peek() == ')' {
		p.at++
		return py.Tuple{}, nil
	}
	v, err := p.value(depth + 1)
	if err != nil {
		return nil, err
	}
	p.space()
	switch p.peek() {
	case ')':
		p.at++
		return v, nil
	case ',':
		return p.tuple(py.Tuple{v}, depth+1, ')')
	}
	return nil, p.unclosed(')')
}

// braces reads a dict or a set.
func (p *parser) braces(depth int) (py.Value, error) {
	p.take('{')
	d := py.NewDict()
	for n := 0; ; n++ {
		if p.peek() == '}' {
			p.at++
			return d, nil
		}
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.space()
		if n == 0 && p.peek() != ':' {
			return p.set(key, depth)
		}
		if !p.take(':') {
			return nil, p.fail("a colon is expected behind a key")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if err := d.Set(key, v); err != nil {
			return nil, err
		}
		p.space()
		if !p.take(',') && p.peek() != '}' {
			return nil, p.unclosed('}')
		}
	}
}

// set reads what follows the first element of a set.
func (p *parser) set(first py.Value, depth int) (py.Value, error) {
	items := []py.Value{first}
	if !p.take(',') && p.peek() != '}' {
		return nil, p.unclosed('}')
	}
	items, err := p.items(items, depth+1, '}')
	if err != nil {
		return nil, err
	}
	return py.NewSet(items...)
}
