package pickletest

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// A source makes random values. What it makes can be described: see describe_test.go.
type source struct {
	r *rand.Rand
	// two: only what Python 2.7 has.
	two bool
	// plain: no cycles, no instances and nothing else that Python writes with an address, or in no order.
	plain  bool
	budget int
	// pool has containers, also unfinished ones: taken again they are shared, or cycles.
	pool []py.Value
}

func newSource(r *rand.Rand, two, plain bool) *source {
	return &source{r: r, two: two, plain: plain, budget: 2 + r.IntN([]int{4, 20, 80}[r.IntN(3)])}
}

func pick[T any](s *source, from ...T) T { return from[s.r.IntN(len(from))] }

func (s *source) chance(percent int) bool { return s.r.IntN(100) < percent }

// value is any value.
func (s *source) value(depth int) py.Value {
	s.budget--
	switch {
	case len(s.pool) > 0 && !s.plain && s.chance(15):
		return pick(s, s.pool...)
	case s.budget <= 0 || depth > 10 || s.chance(35):
		return s.atom()
	case s.chance(30):
		return s.key(depth)
	case !s.plain && s.chance(25):
		return s.instance(depth)
	}
	return s.container(depth)
}

func (s *source) values(depth int) []py.Value {
	out := make([]py.Value, s.r.IntN(6))
	for i := range out {
		out[i] = s.value(depth)
	}
	return out
}

func (s *source) share(v py.Value) { s.pool = append(s.pool, v) }

// text is a str of some alphabet.
func (s *source) text() string {
	alphabet := []rune(pick(s, "abz_ ", "a\n\r\\'\"\t\x00\x7f", "\u0080\u00e9\u00ff", "\u0100\u20ac\uffff\u2028\u00ad", "\U00010000\U0001f600\U0010ffff\U000e0001"))
	var b strings.Builder
	n := pick(s, 0, 1, 2, 5, 20, 254, 256)
	for range n {
		if !s.two && n < 50 && s.chance(3) {
			b.WriteString(pick(s, "\xed\xa0\x80", "\xed\xb2\x80")) // lone surrogates
			b.WriteByte('.')
			continue
		}
		b.WriteRune(alphabet[s.r.IntN(len(alphabet))])
	}
	return b.String()
}

func (s *source) blob() []byte {
	out := make([]byte, pick(s, 0, 1, 2, 20, 255, 256))
	for i := range out {
		out[i] = byte(s.r.Uint32())
	}
	return out
}

func (s *source) int() py.Value {
	if s.chance(40) {
		return int64(s.r.IntN(300) - 20)
	}
	v := new(big.Int).Lsh(big.NewInt(1), uint(pick(s, 7, 8, 15, 16, 31, 32, 53, 63, 64, 100, 2039, 2040, 2047)))
	v.Add(v, big.NewInt(int64(s.r.IntN(5)-2)))
	if s.chance(50) {
		v.Neg(v)
	}
	return py.Int(v)
}

func (s *source) float() float64 {
	if s.chance(30) {
		if f := math.Float64frombits(s.r.Uint64()); f == f {
			return f
		}
	}
	if !s.plain && s.chance(5) {
		return math.NaN() // which is itself in Python, if it is the same object
	}
	return pick(s, 0, math.Copysign(0, -1), 1, -1, 0.5, 0.1, 1e16, 1e22, 123456789012345680, 1e-5, 1e-4, 5e-324, math.MaxFloat64, 1<<53, 1<<63, math.Inf(1), math.Inf(-1), 300, 2)
}

// atom is a value without parts; all can be keys.
func (s *source) atom() py.Value {
	switch s.r.IntN(14) {
	case 0:
		return nil
	case 1:
		return s.chance(50)
	case 2:
		return s.float()
	case 3:
		return complex(s.float(), s.float())
	case 4, 5:
		if s.two { // where bytes are str: as keys they must not be equal to another one, or to a text
			return py.Bytes("\xff") + py.Bytes(s.blob())
		}
		return py.Bytes(s.blob())
	case 6:
		if s.two {
			return py.Str2("s") + py.Str2(s.blob())
		}
		return py.Str2("abc"[:s.r.IntN(4)])
	case 7:
		if s.two {
			return py.Ellipsis
		}
		return pick(s, py.Ellipsis, py.NotImplemented)
	case 8:
		if s.plain {
			return s.int()
		}
		// Other types of Go's that stand for Python's.
		return pick[py.Value](s, int(-5), uint8(200), uint64(math.MaxUint64), int32(7), float32(0.5), complex64(1i))
	case 9, 10, 11:
		return s.int()
	}
	return s.text()
}

// key is a value that can be a key.
func (s *source) key(depth int) py.Value {
	s.budget--
	if s.budget <= 0 || depth > 8 || s.chance(50) {
		return s.atom()
	}
	switch s.r.IntN(14) {
	case 0, 1, 2:
		out := make(py.Tuple, s.r.IntN(6))
		for i := range out {
			out[i] = s.key(depth + 1)
		}
		return out
	case 3, 4:
		out, err := py.NewFrozenSet(s.elems(depth)...)
		must(err)
		return out
	case 5:
		if s.two {
			return py.Range{Start: int64(3), Stop: int64(3 + 2*s.r.IntN(9)), Step: int64(2)}
		}
		return py.Range{Start: s.int(), Stop: s.int(), Step: pick(s, int64(1), int64(-3))}
	case 6:
		return py.TimeDelta{Days: s.r.IntN(2_000_000) - 1_000_000, Seconds: s.r.IntN(86400), Microseconds: pick(s, 0, 1, 999_999)}
	case 7:
		return s.date()
	case 8:
		return s.time()
	case 9:
		return py.Combine(s.date(), s.time())
	case 10:
		return s.zone()
	case 11:
		d, err := py.ParseDecimal(pick(s, "0", "-0", "1.10", "-1E+400", "1e-7", "NaN", "Infinity", "-Infinity", "123456789012345678901234567890.5", "NaN12", "300", "0.5", "2"))
		must(err)
		return d
	case 12:
		f, err := py.NewFraction(big.NewInt(int64(s.r.IntN(1000)-500)), big.NewInt(int64(1+s.r.IntN(70))))
		must(err)
		return f
	}
	var u py.UUID
	for i := range u {
		u[i] = byte(s.r.Uint32())
	}
	return u
}

func (s *source) elems(depth int) []py.Value {
	most := 6
	if s.plain {
		most = 2 // repr tells the order of a set, which is nobody's business
	}
	out := make([]py.Value, s.r.IntN(most))
	for i := range out {
		out[i] = s.key(depth + 1)
	}
	return out
}

func (s *source) fold() int {
	if !s.two && s.chance(20) {
		return 1
	}
	return 0
}

func (s *source) date() py.Date {
	return py.Date{Year: pick(s, 1, 9999, 255, 256, 1970, 2024), Month: 1 + s.r.IntN(12), Day: 1 + s.r.IntN(28)}
}

func (s *source) time() py.Time {
	t := py.Time{Hour: s.r.IntN(24), Minute: s.r.IntN(60), Second: s.r.IntN(60), Microsecond: pick(s, 0, 1, 255, 65536, 999_999), Fold: s.fold()}
	if !s.two && s.chance(40) {
		t.TZ = s.zone()
	}
	return t
}

// zone is a time zone with an offset below 24 hours, of whole minutes.
func (s *source) zone() py.Value {
	if s.two {
		return s.date()
	}
	minutes := s.r.IntN(2*1439) - 1439
	z := py.TimeZone{Offset: py.TimeDelta{Seconds: minutes * 60}}
	if minutes < 0 {
		z.Offset = py.TimeDelta{Days: -1, Seconds: 86400 + minutes*60}
	}
	if s.chance(20) {
		z.Offset = py.TimeDelta{}
	} else if s.chance(30) {
		z.Name = s.text()
	}
	return z
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func bigInt(n int64) *big.Int { return big.NewInt(n) }
