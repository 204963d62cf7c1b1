package py

import (
	"math/big"
	"strconv"
)

// MaxText is the length, in bytes, of the longest text that Repr and Str make. A value of which parts are shared can have a text that is
// exponentially longer than itself.
const MaxText = 256 << 20

// Repr is Python's repr(v), of Python 3.12 and newer where versions differ. Sets have the order of insertion, which Python's have not.
//
// What Python would have to run code for is shown by its parts: an Object as module.Class(args, attribute=value), see AppendRepr. A Global is shown as a class, as
// "<class 'module.Name'>"; whether it is a function can't be known, except of Python's built-in ones.
//
// The errors are those of Python: RecursionError for what is nested deeper than MaxDepth, a ValueError for an int of more than 4,300 digits, and MemoryError
// for a text longer than MaxText.
func Repr(v Value) (string, error) { return ReprLimit(v, MaxText) }

// Str is Python's str(v): a text itself, the message of an exception, "2020-01-01" of a date, and otherwise the same as Repr.
func Str(v Value) (string, error) { return StrLimit(v, MaxText) }

// ReprLimit is Repr with another limit than MaxText, in bytes. A longer text is refused and not cut.
func ReprLimit(v Value, max int) (string, error) {
	b, err := AppendRepr(nil, v, max)
	return string(b), err
}

// StrLimit is Str with another limit than MaxText, in bytes.
func StrLimit(v Value, max int) (string, error) {
	switch s := v.(type) {
	case string:
		return s, nil
	case Str2:
		return s.Text(), nil
	}
	p := printer{max: max}
	if err := p.finish(p.text(v)); err != nil {
		return "", err
	}
	return string(p.b), nil
}

// AppendRepr appends the repr of v, of at most max bytes, to dst, and returns dst alone if there is an error.
//
// An Object is written with the arguments of its constructor, then its attributes, or its state where that is something else than attributes, and behind that its items:
//
//	module.Class(1, 2, key=3, attribute=4) + [5] + {'key': 6}
//	module.Class(__state__=(1, 2))
//	<module.Class object>
func AppendRepr(dst []byte, v Value, max int) ([]byte, error) {
	p := printer{b: dst, start: len(dst), max: max}
	if err := p.finish(p.repr(v)); err != nil {
		return dst, err
	}
	return p.b, nil
}

// ReprStart is the beginning of the repr of v: all of it, or what fits into max bytes. Unlike Repr it takes a time in proportion to max and not to v, and there is no error: where it
// would be, the text ends. In a long text the quotes may be others than in the whole one.
func ReprStart(v Value, max int) string {
	p := printer{max: max, cut: true}
	_ = p.repr(v)
	return start(string(p.b), max)
}

// start is s as far as max bytes, without a part of a character.
func start(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && s[max]&0xc0 == 0x80 {
		max--
	}
	return s[:max]
}

// printer makes one text.
type printer struct {
	b     []byte
	start int  // where in b the text begins
	max   int  // of its length
	cut   bool // the text is wanted as far as max, and what lies behind need not be looked at
	depth int
	path  path // the containers that are being written, in which another look at one is a cycle
}

// room returns an error if n more bytes would be too many.
func (p *printer) room(n int) error {
	if len(p.b)-p.start > p.max-n {
		return MemoryError("the text is longer than %d bytes", p.max)
	}
	return nil
}

func (p *printer) finish(err error) error {
	if err != nil {
		return err
	}
	return p.room(0)
}

// repr writes the repr of v. It looks at the length wherever it has written something that has a part before or behind it, so that the text never becomes
// longer than the limit by more than one item.
func (p *printer) repr(v Value) error {
	switch v := v.(type) {
	case nil:
		p.b = append(p.b, "None"...)
	case bool:
		p.b = appendBool(p.b, v)
	case int64:
		p.b = strconv.AppendInt(p.b, v, 10)
	case float64:
		p.b = appendFloat(p.b, v)
	case string:
		return p.str(v)
	case Bytes:
		p.b = append(p.b, 'b')
		return p.bytes(string(v))
	case *List:
		return p.list(v)
	case Tuple:
		return p.tuple(v)
	case *Dict:
		return p.dict(v)
	default:
		return p.rare(v)
	}
	return nil
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "True"...)
	}
	return append(dst, "False"...)
}

// rare is repr for the types that are met less often.
func (p *printer) rare(v Value) (err error) {
	switch v := v.(type) {
	case *big.Int:
		p.b, err = appendInt(p.b, v)
		return err
	case complex128:
		p.b = appendComplex(p.b, v)
	case Str2:
		return p.bytes(string(v))
	case *ByteArray:
		return p.byteArray(v.B)
	case *OrderedDict:
		return p.orderedDict(v)
	case *Set:
		return p.set(v, "set", v.Len(), v.All())
	case *FrozenSet:
		return p.set(v, "frozenset", v.Len(), v.All())
	case Range:
		return p.rangeOf(v)
	case Slice:
		return p.call("slice", v.Start, v.Stop, v.Step)
	case Singleton:
		p.b = append(p.b, v...)
	case *Array:
		return p.array(v)
	case Date, Time, DateTime, TimeDelta, TimeZone:
		return p.time(v)
	case *Decimal:
		p.b = append(p.b, "Decimal('"...)
		p.b = append(p.b, v.String()...)
		p.b = append(p.b, "')"...)
	case *Fraction:
		num, den := v.parts()
		return p.call("Fraction", num, den)
	case UUID:
		p.b = append(p.b, "UUID('"...)
		p.b = append(p.b, v.String()...)
		p.b = append(p.b, "')"...)
	case *Exception:
		return p.exception(v)
	case Global:
		p.global(v)
	case *Object:
		return p.object(v)
	case *Persistent:
		return p.persistent(v)
	case Foreign:
		p.b = append(p.b, v.PythonRepr()...)
	default:
		return p.goNumber(v)
	}
	return nil
}

// goNumber is repr for the numbers of Go that are taken for Python's.
func (p *printer) goNumber(v Value) error {
	switch v := v.(type) {
	case float32:
		p.b = appendFloat(p.b, float64(v))
		return nil
	case complex64:
		p.b = appendComplex(p.b, complex128(v))
		return nil
	}
	n, large, ok := intOf(v)
	if !ok {
		return TypeError("a %T of Go is no Python value", v)
	}
	if large == nil {
		p.b = strconv.AppendInt(p.b, n, 10)
		return nil
	}
	var err error
	p.b, err = appendInt(p.b, large)
	return err
}

// text writes str(v).
func (p *printer) text(v Value) error {
	switch v := v.(type) {
	case string:
		p.b = append(p.b, v...)
	case Str2:
		p.b = append(p.b, v.Text()...)
	case Date:
		p.b = append(p.b, v.String()...)
	case Time:
		p.b = append(p.b, v.String()...)
	case DateTime:
		p.b = append(p.b, v.String()...)
	case TimeDelta:
		p.b = append(p.b, v.String()...)
	case TimeZone:
		p.b = append(p.b, v.String()...)
	case UUID:
		p.b = append(p.b, v.String()...)
	case *Decimal:
		p.b = append(p.b, v.String()...)
	case *Fraction:
		return p.fraction(v)
	case *Exception:
		return p.message(v)
	default:
		return p.repr(v)
	}
	return nil
}
