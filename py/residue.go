package py

import (
	"crypto/rand"
	"math"
	"math/big"
	"math/bits"
	"sync"
)

// field is the arithmetic modulo a prime p, 2^60 < p <= 2^61-1. Every rational number but those with a multiple of p as denominator has a residue there, and all numeric types can
// find theirs without making the number exact in another type: that of 1E+999999999 takes a microsecond.
//
// Python hashes numbers so, modulo 2^61-1. Whoever knows the modulus can make as many ints with the same hash as he likes; here it is a secret of the process.
type field struct {
	p uint64
	// powers has 2^(64*i + lowestExp) by i: what a float's exponent is made of.
	powers [35]uint64
}

// lowestExp is at most the exponent that a 53-bit mantissa has in the smallest float, and 64*35 is more than all the exponents from there on.
const lowestExp = -1152

func newField(p uint64) *field {
	f := &field{p: p}
	f.powers[0] = f.pow(f.inverse(2), -lowestExp)
	for i := range f.powers[1:] {
		f.powers[i+1] = f.mul(f.powers[i], f.reduce(1, 0))
	}
	return f
}

// secretField is the field of this process.
var secretField = sync.OnceValue(func() *field {
	for {
		// The bits of a 61-bit prime; the top one makes it larger than 2^60. This fails only where the system has no random numbers, and then Go ends the process.
		p, err := rand.Prime(rand.Reader, 61)
		if err == nil && p.Bit(60) == 1 {
			return newField(p.Uint64())
		}
	}
})

// reduce is the residue of hi*2^64 + lo.
func (f *field) reduce(hi, lo uint64) uint64 { return bits.Rem64(hi, lo, f.p) }

func (f *field) mul(a, b uint64) uint64 { return f.reduce(bits.Mul64(a, b)) }

func (f *field) pow(base, n uint64) uint64 {
	result := uint64(1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			result = f.mul(result, base)
		}
		base = f.mul(base, base)
	}
	return result
}

// inverse is 1/n, 0 for a multiple of p.
func (f *field) inverse(n uint64) uint64 { return f.pow(n%f.p, f.p-2) }

// number is the residue of a finite number, with the sign of the number. For ints below 2^60 it is the number itself. For a fraction that has no residue it is math.MaxInt64.
func (f *field) number(n *number) int64 {
	var r uint64
	negative := false
	switch n.kind {
	case smallInt:
		negative = n.small < 0
		r = magnitude(n.small) % f.p
	case largeInt:
		negative = n.large.Sign() < 0
		r = f.big(n.large)
	case floating:
		negative = n.float < 0
		r = f.float(n.float)
	case ratio:
		num, den := n.ratio.parts()
		negative = num.Sign() < 0
		inverse := f.inverse(f.big(den))
		if inverse == 0 {
			r = math.MaxInt64
			break
		}
		r = f.mul(f.big(num), inverse)
	case decimal:
		negative = n.dec.neg
		r = f.decimal(n.dec)
	}
	if negative {
		return -int64(r)
	}
	return int64(r)
}

// big is the residue of the absolute value.
func (f *field) big(i *big.Int) (r uint64) {
	words := i.Bits()
	for n := len(words) - 1; n >= 0; n-- {
		if bits.UintSize == 64 {
			r = f.reduce(r, uint64(words[n]))
		} else {
			r = f.reduce(r>>32, r<<32|uint64(words[n]))
		}
	}
	return r
}

// float is the residue of the absolute value of a finite float.
func (f *field) float(x float64) uint64 {
	fraction, exp := math.Frexp(math.Abs(x))
	m := uint64(math.Ldexp(fraction, 53))
	shift := uint(exp - 53 - lowestExp)
	return f.mul(f.reduce(bits.Mul64(m, 1<<(shift%64))), f.powers[shift/64])
}

// decimal is the residue of the absolute value of a finite Decimal.
func (f *field) decimal(d *Decimal) (r uint64) {
	const step = 18 // digits that fit a word together
	for digits := d.digits; digits != ""; {
		part := digits[:min(step, len(digits))]
		digits = digits[len(part):]
		value, unit := uint64(0), uint64(1)
		for _, c := range []byte(part) {
			value, unit = 10*value+uint64(c-'0'), 10*unit
		}
		r = (f.mul(r, unit%f.p) + value%f.p) % f.p
	}
	switch {
	case d.exp > 0:
		return f.mul(r, f.pow(10, uint64(d.exp)))
	case d.exp < 0:
		return f.mul(r, f.pow(f.inverse(10), uint64(-d.exp)))
	}
	return r
}
