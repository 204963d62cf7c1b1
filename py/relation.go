package py

import (
	"cmp"
	"math"
	"math/big"
)

// relation is how two values stand to each other. Of two that are unordered none of <, <=, ==, >= and > is true: a NaN and a number, {1} and {2}.
type relation int8

const (
	less relation = iota - 1
	same
	greater
	unordered
)

// relationOf is the relation that a negative, zero or positive number stands for.
func relationOf(sign int) relation { return relation(cmp.Compare(sign, 0)) }

// swapped is the relation of the two in the other order.
func (r relation) swapped() relation {
	if r == unordered {
		return r
	}
	return -r
}

// then is the relation of two pairs of which r is that of the first parts.
func (r relation) then(next relation) relation {
	if r == same {
		return next
	}
	return r
}

func relationOfFloats(a, b float64) relation {
	switch {
	case a < b:
		return less
	case a > b:
		return greater
	case a == b:
		return same
	}
	return unordered
}

// compareNumbers orders any two numbers by their exact values, whatever their types. Neither may be imaginary. A NaN that is a Decimal, or that is compared with one, has no
// order, which is Python's InvalidOperation; if only equality is asked for, a quiet one is simply unequal.
func compareNumbers(a, b *number, equality bool) (relation, error) {
	if a.kind > b.kind {
		r, err := compareNumbers(b, a, equality)
		return r.swapped(), err
	}
	switch b.kind {
	case smallInt:
		return relation(cmp.Compare(a.small, b.small)), nil
	case largeInt:
		return relationOf(a.big().Cmp(b.large)), nil
	case floating:
		switch a.kind {
		case smallInt:
			return compareIntFloat(a.small, b.float), nil
		case largeInt:
			return compareBigFloat(a.large, b.float), nil
		}
		return relationOfFloats(a.float, b.float), nil
	case ratio:
		return compareRatio(a, b.ratio), nil
	}
	return compareDecimal(a, b.dec, equality)
}

// compareIntFloat compares exactly: a float can't hold all of the ints.
func compareIntFloat(i int64, f float64) relation {
	switch {
	case math.IsNaN(f):
		return unordered
	case f >= 1<<63:
		return less
	case f < -1<<63:
		return greater
	}
	whole := math.Trunc(f)
	return relation(cmp.Compare(i, int64(whole))).then(relationOfFloats(whole, f))
}

// compareBigFloat does so for an int beyond int64. A float of its size is a whole number.
func compareBigFloat(i *big.Int, f float64) relation {
	switch {
	case math.IsNaN(f):
		return unordered
	case math.IsInf(f, 0), i.BitLen() > 1024, math.Abs(f) < 1<<62:
		if math.IsInf(f, 1) || !math.IsInf(f, -1) && i.Sign() < 0 {
			return less
		}
		return greater
	}
	whole, _ := new(big.Float).SetFloat64(f).Int(nil)
	return relationOf(i.Cmp(whole))
}

// compareRatio compares an int, a float or a fraction with a fraction.
func compareRatio(a *number, b *Fraction) relation {
	bNum, bDen := b.parts()
	if a.kind != floating {
		num, den := a.ratioParts()
		return compareProducts(num, bDen, bNum, den)
	}
	if math.IsNaN(a.float) || math.IsInf(a.float, 0) {
		return relationOfFloats(a.float, 0)
	}
	f := new(big.Rat).SetFloat64(a.float)
	return compareProducts(f.Num(), bDen, bNum, f.Denom())
}

func (n *number) ratioParts() (num, den *big.Int) {
	if n.kind == ratio {
		return n.ratio.parts()
	}
	return n.big(), big.NewInt(1)
}

// compareProducts compares a*b with c*d.
func compareProducts(a, b, c, d *big.Int) relation {
	return relationOf(new(big.Int).Mul(a, b).Cmp(new(big.Int).Mul(c, d)))
}

// compareDecimal compares any number with a Decimal.
func compareDecimal(a *number, b *Decimal, equality bool) (relation, error) {
	nan := b.IsNaN() || a.kind == floating && math.IsNaN(a.float) || a.kind == decimal && a.dec.IsNaN()
	if nan {
		signals := b.form == signalingNaN || a.kind == decimal && a.dec.form == signalingNaN
		if signals || !equality {
			return unordered, invalidOperation("InvalidOperation")
		}
		return unordered, nil
	}
	if inf, other := infinity(a), infinity(&number{kind: decimal, dec: b}); inf != 0 || other != 0 {
		return relation(cmp.Compare(inf, other)), nil
	}
	switch a.kind {
	case decimal:
		return a.dec.compareFinite(b), nil
	case ratio:
		// b = c * 10**e, so compare num with c*den * 10**e.
		num, den := a.ratio.parts()
		c := bigOfDigits(b.digits)
		c.Mul(c, den)
		return decimalOf(num).compareFinite(&Decimal{digits: digitsOf(c), exp: b.exp, neg: b.neg}), nil
	case floating:
		return compareFloatDecimal(a.float, b), nil
	}
	i := a.big()
	if r, ok := compareMagnitude(float64(i.BitLen()), i.Sign(), b); ok {
		return r, nil
	}
	return decimalOf(i).compareFinite(b), nil
}

// infinity is 1 or -1 for an infinite number, 0 for others.
func infinity(n *number) int {
	switch {
	case n.kind == floating && math.IsInf(n.float, 0):
		return int(math.Copysign(1, n.float))
	case n.kind == decimal && n.dec.IsInf():
		return n.dec.Sign()
	}
	return 0
}

// compareMagnitude decides by the sizes alone, if they are clearly different: writing a large number out as a decimal takes long. bits is the length of the
// other number.
func compareMagnitude(bits float64, sign int, d *Decimal) (r relation, ok bool) {
	if sign != d.Sign() {
		return relationOf(sign - d.Sign()), true
	}
	if sign == 0 {
		return same, true
	}
	// The error is relative, and large only where the exponent is.
	const perDigit = math.Log2E * math.Ln10
	difference := bits - float64(d.adjusted())*perDigit
	if math.Abs(difference) <= 8+bits*1e-9 {
		return same, false
	}
	r = less
	if (difference > 0) == (sign > 0) {
		r = greater
	}
	return r, true
}

func compareFloatDecimal(f float64, d *Decimal) relation {
	sign := int(relationOfFloats(f, 0))
	fraction, exp := math.Frexp(f)
	if r, ok := compareMagnitude(float64(exp), sign, d); ok {
		return r
	}
	// f = m * 2**e, and 2**-n is 5**n * 10**-n, so it has a decimal form.
	m, e := big.NewInt(int64(math.Ldexp(fraction, 53))), int64(exp-53)
	if e >= 0 {
		return decimalOf(m.Lsh(m, uint(e))).compareFinite(d)
	}
	m.Mul(m, new(big.Int).Exp(big.NewInt(5), big.NewInt(-e), nil))
	exact := decimalOf(m)
	exact.exp = e
	return exact.compareFinite(d)
}

func decimalOf(i *big.Int) *Decimal { return &Decimal{digits: digitsOf(i), neg: i.Sign() < 0} }

// digitsOf is the absolute value as a Decimal has it: "" for 0.
func digitsOf(i *big.Int) string {
	if i.Sign() == 0 {
		return ""
	}
	return new(big.Int).Abs(i).Text(10)
}

// equalNumbers is a == b for any two numbers.
func equalNumbers(a, b *number) (bool, error) {
	if a.kind == imaginary || b.kind == imaginary {
		return a.kind == b.kind && a.float == b.float && a.imag == b.imag, nil
	}
	r, err := compareNumbers(a, b, true)
	return r == same, err
}
