package py

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

// picker makes random values and the expressions with which Python makes the same.
type picker struct {
	*rand.Rand
	plain func(r rune) bool // whether Go and this Python agree on the character
}

func (s picker) float() (string, float64) {
	bits := s.Uint64()
	switch s.IntN(4) {
	case 0: // numbers with few digits
		bits = math.Float64bits(float64(s.IntN(100000)) * math.Pow10(s.IntN(40)-22))
	case 1: // around the places where the form changes
		edge := []float64{1e-5, 1e-4, 1e-3, 1, 1e15, 1e16, 1e17, 1e22, math.MaxFloat64, 5e-324}[s.IntN(10)]
		bits = math.Float64bits(edge) + s.Uint64N(7) - 3
	}
	f := math.Float64frombits(bits)
	if math.IsNaN(f) {
		f = math.NaN()
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], math.Float64bits(f))
	return "__import__('struct').unpack('>d', bytes.fromhex('" + hex.EncodeToString(b[:]) + "'))[0]", f
}

func (s picker) rune() rune {
	for {
		var r rune
		switch s.IntN(6) {
		case 0, 1, 2:
			r = rune(s.IntN(0x80))
		case 3:
			r = rune(s.IntN(0x800))
		case 4:
			r = rune(s.IntN(0x10000))
		default:
			r = rune(s.IntN(0x110000))
		}
		if s.plain(r) {
			return r
		}
	}
}

func (s picker) text() (string, string) {
	var numbers []string
	var text []byte
	for range s.IntN(30) {
		r := s.rune()
		numbers = append(numbers, strconv.Itoa(int(r)))
		text = appendRune(text, r)
	}
	return "''.join(map(chr, [" + strings.Join(numbers, ", ") + "]))", string(text)
}

func (s picker) bytes() (string, string) {
	b := make([]byte, s.IntN(30))
	for i := range b {
		b[i] = byte(s.Uint32())
		if s.IntN(2) == 0 {
			b[i] = `'"\ab`[s.IntN(5)]
		}
	}
	return "bytes.fromhex('" + hex.EncodeToString(b) + "')", string(b)
}

func (s picker) delta() (string, TimeDelta) {
	d, err := NewTimeDelta(s.Int64N(1e9)-5e8, s.Int64N(1e9)*s.Int64N(2), (s.Int64N(1e12)-5e11)*s.Int64N(2))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("datetime.timedelta(%d, %d, %d)", d.Days, d.Seconds, d.Microseconds), d
}

func (s picker) zone() (string, Value) {
	switch s.IntN(4) {
	case 0:
		return "None", nil
	case 1:
		return "datetime.timezone.utc", TimeZone{}
	}
	seconds := s.Int64N(2*86399+1) - 86399
	if s.IntN(2) == 0 {
		seconds = seconds / 900 * 900
	}
	offset, err := NewTimeDelta(0, seconds, 0)
	if err != nil {
		panic(err)
	}
	expr := fmt.Sprintf("datetime.timezone(datetime.timedelta(seconds=%d)", seconds)
	if s.IntN(2) == 0 {
		return expr + ")", TimeZone{Offset: offset}
	}
	return expr + ", 'N')", TimeZone{Offset: offset, Name: "N"}
}

func (s picker) clock() Time {
	t := Time{Hour: s.IntN(24), Minute: s.IntN(60), Fold: s.IntN(2)}
	if s.IntN(2) == 0 {
		t.Second = s.IntN(60)
	}
	if s.IntN(2) == 0 {
		t.Microsecond = s.IntN(1e6)
	}
	return t
}

// date is any day, up to the 28th.
func (s picker) date() Date { return Date{1 + s.IntN(9999), 1 + s.IntN(12), 1 + s.IntN(28)} }

func (s picker) moment() (string, Value) {
	d, t := s.date(), s.clock()
	if t.Second == 0 && t.Microsecond == 0 && s.IntN(5) == 0 {
		return fmt.Sprintf("datetime.date(%d, %d, %d)", d.Year, d.Month, d.Day), d
	}
	zone, tz := s.zone()
	t.TZ = tz
	parts := fmt.Sprintf("%d, %d, %d, %d, fold=%d, tzinfo=%s)", t.Hour, t.Minute, t.Second, t.Microsecond, t.Fold, zone)
	if s.IntN(2) == 0 {
		return "datetime.time(" + parts, t
	}
	return fmt.Sprintf("datetime.datetime(%d, %d, %d, %s", d.Year, d.Month, d.Day, parts), Combine(d, t)
}

// value is any of them, or a container of some.
func (s picker) value(depth int) (string, Value) {
	switch n := s.IntN(14); {
	case n == 0:
		return s.float()
	case n == 1:
		expr, f := s.float()
		expr2, f2 := s.float()
		return "complex(" + expr + ", " + expr2 + ")", complex(f, f2)
	case n == 2:
		return s.text()
	case n == 3:
		expr, b := s.bytes()
		return expr, Bytes(b)
	case n == 4:
		expr, b := s.bytes()
		return "bytearray(" + expr + ")", &ByteArray{[]byte(b)}
	case n == 5:
		return s.delta()
	case n <= 7:
		return s.moment()
	case n == 8 || depth == 0:
		i := s.Int64() >> s.IntN(64)
		return fmt.Sprintf("(%d)", i), i
	}
	var exprs []string
	var values []Value
	for range s.IntN(4) {
		expr, v := s.value(depth - 1)
		exprs, values = append(exprs, expr), append(values, v)
	}
	inner := strings.Join(exprs, ", ")
	switch s.IntN(3) {
	case 0:
		return "[" + inner + "]", NewList(values...)
	case 1:
		return "tuple([" + inner + "])", Tuple(values)
	}
	d := NewDict()
	var pairs []string
	for i, expr := range exprs {
		if err := d.Set(int64(i), values[i]); err != nil {
			panic(err)
		}
		pairs = append(pairs, fmt.Sprintf("%d: %s", i, expr))
	}
	return "{" + strings.Join(pairs, ", ") + "}", d
}

func TestRandomTextsAreThoseOfPython(t *testing.T) {
	for _, p := range python3(t, 7) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			s := picker{rand.New(rand.NewPCG(1, 2)), agreement(t, p)}
			for range 10 {
				var exprs []string
				var values []Value
				for range 100 {
					expr, v := s.value(3)
					exprs, values = append(exprs, expr), append(values, v)
				}
				for i, a := range evaluate(exprs) {
					a.check(t, exprs[i], values[i])
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// agreement tells of each character whether Go and a Python agree that it is printable, or not. If both know the same version of Unicode they agree on all.
func agreement(t *testing.T, p pythons.Python) func(r rune) bool {
	t.Helper()
	out, err := p.Run("import sys, unicodedata; sys.stdout.write(unicodedata.unidata_version + ' ' + ''.join('01'[chr(c).isprintable()] for c in range(0x110000)))", nil)
	if err != nil {
		t.Fatal(err)
	}
	version, bits, _ := strings.Cut(string(out), " ")
	if len(bits) != unicode.MaxRune+1 {
		t.Fatalf("Python knows %d characters", len(bits))
	}
	same := func(r rune) bool { return strconv.IsPrint(r) == (bits[r] == '1') }
	differ := 0
	for r := range rune(unicode.MaxRune + 1) {
		if !same(r) {
			differ++
		}
	}
	t.Logf("Unicode %s and Go's %s differ in %d characters", version, unicode.Version, differ)
	if differ > 0 && version == unicode.Version {
		t.Errorf("Python and Go, both of Unicode %s, differ in %d characters", version, differ)
	}
	return same
}
