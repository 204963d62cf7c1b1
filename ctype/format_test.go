package ctype

import (
	"math"
	"math/big"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

var formats = map[string]format{"binary64": binary64, "extended80": extended80, "binary128": binary128}

// width is the number of bits of a word of f.
func (f format) width() int { return f.sigBits() + f.expBits + 1 }

// genWord draws words with all exponents alike, and with exponents near the ends
// and significands near a tie more often than chance would.
func genWord(f format) *rapid.Generator[uint128] {
	return rapid.Custom(func(t *rapid.T) uint128 {
		w := uint128{rapid.Uint64().Draw(t, "hi"), rapid.Uint64().Draw(t, "lo")}.low(f.sigBits())
		if cut := rapid.IntRange(0, f.sigBits()).Draw(t, "cut"); rapid.Bool().Draw(t, "few bits") {
			w = w.shr(cut).shl(cut)
		}
		exp := rapid.OneOf(
			rapid.IntRange(0, f.maxExp()),
			rapid.IntRange(0, 3),
			rapid.IntRange(f.maxExp()-2, f.maxExp()),
			rapid.IntRange(f.bias()-1100, f.bias()+1100),
		).Draw(t, "exp")
		w = w.or(uint128{lo: uint64(min(max(exp, 0), f.maxExp()))}.shl(f.sigBits()))
		if rapid.Bool().Draw(t, "neg") {
			w = w.or(oneBit(f.width() - 1))
		}
		return w
	})
}

// Go's own conversions are the oracle for binary64.
func TestBinary64AgreesWithGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := math.Float64frombits(genWord(binary64).Draw(t, "x").lo)
		n := binary64.decode(uint128{lo: math.Float64bits(x)})
		if math.IsNaN(x) {
			if n.class != nan {
				t.Fatalf("%v: %+v", x, n)
			}
			return
		}
		if got := n.big(53); got.Cmp(big.NewFloat(x)) != 0 || got.Signbit() != math.Signbit(x) {
			t.Fatalf("%v was decoded as %v", x, got)
		}
	})
}

// A value of any format is rounded to float64 as math/big rounds it.
func TestNarrowingAgreesWithBig(t *testing.T) {
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := f.decode(genWord(f).Draw(t, "x"))
				got := math.Float64frombits(binary64.encode(n).lo)
				if n.class == nan {
					if !math.IsNaN(got) {
						t.Fatalf("%+v became %v", n, got)
					}
					return
				}
				want, _ := n.big(128).Float64()
				if math.Float64bits(got) != math.Float64bits(want) {
					t.Fatalf("%+v became %v, want %v", n, got, want)
				}
			})
		})
	}
}

// What was decoded is encoded again as the same word, but for the words that have
// a second spelling: signalling NaNs, and the pseudo-denormals and invalid
// operands of x87.
func TestRoundTrip(t *testing.T) {
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				w := genWord(f).Draw(t, "x")
				n := f.decode(w)
				again := f.encode(n)
				if n2 := f.decode(again); n2.class != n.class || n2.neg != n.neg || n.class == finite && n2 != n {
					t.Fatalf("%+v became %+v", n, n2)
				}
				exp := w.shr(f.sigBits()).low(f.expBits)
				canonical := n.class != nan || w.bit(f.prec-2)
				if f.explicit && w.bit(f.prec-1) == exp.isZero() && !(exp.isZero() && w.low(f.prec).isZero()) {
					canonical = false
				}
				if canonical && again != w {
					t.Fatalf("%x became %x", w, again)
				}
				if f.encode(f.decode(again)) != again {
					t.Fatalf("%x is not stable", again)
				}
			})
		})
	}
}

// The value halfway between two neighbours goes to the even one, and a hair to
// either side decides, for normal numbers and denormals and at their border.
func TestRoundsToNearestEven(t *testing.T) {
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				below := f.encode(f.decode(genWord(f).Draw(t, "x"))).low(f.width() - 1)
				n := f.decode(below)
				above := below.inc()
				if f.explicit && below.low(f.prec-1) == oneBit(f.prec-1).minusOne() {
					// The neighbour has the next exponent; its first bit is stored.
					exp := below.shr(f.sigBits()).inc()
					above = exp.shl(f.sigBits()).or(oneBit(f.prec - 1))
				}
				m := f.decode(above)
				if n.class > finite || m.class != finite {
					return
				}
				const prec = 400
				x, y := n.big(prec), m.big(prec)
				mid := new(big.Float).SetPrec(prec).Add(x, y)
				mid.SetMantExp(mid, -1)
				even := below
				if below.bit(0) {
					even = above
				}
				hair := new(big.Float).SetPrec(prec).SetMantExp(big.NewFloat(1), mid.MantExp(nil)-300)
				low := new(big.Float).SetPrec(prec).Sub(mid, hair)
				high := new(big.Float).SetPrec(prec).Add(mid, hair)
				for _, c := range []struct {
					x    *big.Float
					want uint128
				}{{x, below}, {low, below}, {mid, even}, {high, above}, {y, above}} {
					if got := f.encode(fromBig(c.x)); got != c.want {
						t.Fatalf("between %x and %x: %v became %x, want %x", below, above, c.x, got, c.want)
					}
				}
			})
		})
	}
}

func (u uint128) minusOne() uint128 {
	lo, borrow := bits.Sub64(u.lo, 1, 0)
	return uint128{u.hi - borrow, lo}
}

func TestOverflow(t *testing.T) {
	for name, f := range formats {
		inf := uint128{lo: uint64(f.maxExp())}.shl(f.sigBits())
		if f.explicit {
			inf = inf.or(oneBit(f.prec - 1))
		}
		// The border is halfway between the largest number and the next power of two.
		top := new(big.Float).SetPrec(400).SetMantExp(big.NewFloat(1), f.bias()+1)
		half := new(big.Float).SetPrec(400).SetMantExp(big.NewFloat(1), f.bias()-f.prec)
		border := new(big.Float).SetPrec(400).Sub(top, half)
		if got := f.encode(fromBig(border)); got != inf {
			t.Errorf("%s: the border became %x, want infinity", name, got)
		}
		border.Sub(border, new(big.Float).SetMantExp(half, -100))
		if got := f.decode(f.encode(fromBig(border))); got.class != finite {
			t.Errorf("%s: just below the border became %+v", name, got)
		}
		if got := f.encode(fromBig(new(big.Float).SetInf(true))); got != inf.or(oneBit(f.width()-1)) {
			t.Errorf("%s: -Inf became %x", name, got)
		}
	}
}

// The words of known values, written from the standards.
func TestKnownWords(t *testing.T) {
	tests := []struct {
		x    float64
		x87  uint128
		b128 uint128
	}{
		{0, uint128{}, uint128{}},
		{math.Copysign(0, -1), uint128{0x8000, 0}, uint128{0x8000 << 48, 0}},
		{1, uint128{0x3fff, 1 << 63}, uint128{0x3fff << 48, 0}},
		{-2, uint128{0xc000, 1 << 63}, uint128{0xc000 << 48, 0}},
		{math.Pi, uint128{0x4000, 0xc90fdaa22168c000}, uint128{0x4000921fb54442d1, 0x8000000000000000}},
		{math.SmallestNonzeroFloat64, uint128{0x3bcd, 1 << 63}, uint128{0x3bcd << 48, 0}},
		{math.MaxFloat64, uint128{0x43fe, 0xfffffffffffff800}, uint128{0x43feffffffffffff, 0xf << 60}},
		{math.Inf(1), uint128{0x7fff, 1 << 63}, uint128{0x7fff << 48, 0}},
		{math.Inf(-1), uint128{0xffff, 1 << 63}, uint128{0xffff << 48, 0}},
		{math.Float64frombits(0x7ff8_0000_0000_0001), uint128{0x7fff, 0xc000000000000800}, uint128{0x7fff8 << 44, 1 << 60}},
	}
	for _, tt := range tests {
		n := binary64.decode(uint128{lo: math.Float64bits(tt.x)})
		if got := extended80.encode(n); got != tt.x87 {
			t.Errorf("%v: x87 %x, want %x", tt.x, got, tt.x87)
		}
		if got := binary128.encode(n); got != tt.b128 {
			t.Errorf("%v: binary128 %x, want %x", tt.x, got, tt.b128)
		}
	}
}

// What the x87 refuses is a NaN; what it takes with a second spelling is a number.
func TestUnusualX87(t *testing.T) {
	tests := []struct {
		name  string
		word  uint128
		class class
	}{
		{"pseudo-denormal", uint128{0, 1<<63 | 5}, finite},
		{"denormal", uint128{0, 5}, finite},
		{"unnormal", uint128{0x3fff, 1 << 62}, nan},
		{"unnormal zero", uint128{0x3fff, 0}, nan},
		{"pseudo-infinity", uint128{0x7fff, 0}, nan},
		{"pseudo-NaN", uint128{0x7fff, 1}, nan},
		{"signalling NaN", uint128{0x7fff, 1<<63 | 1}, nan},
	}
	for _, tt := range tests {
		if got := extended80.decode(tt.word); got.class != tt.class {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	// A pseudo-denormal is the smallest normal number in another spelling.
	if a, b := extended80.decode(uint128{0, 1 << 63}), extended80.decode(uint128{1, 1 << 63}); a != b {
		t.Errorf("%+v, %+v", a, b)
	}
}
