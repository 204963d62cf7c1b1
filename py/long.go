package py

import (
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// isLong reports whether a number is left out of the hash of an Object, since it would take long: it is 2**512 or more, or has more than longPlaces digits behind the point. That is a matter of
// its value and not of its type, or an int and a Decimal that are equal would have different hashes. Only a Decimal of thousands of digits is long whatever they are.
func isLong(v Value) bool {
	switch v := v.(type) {
	case *big.Int:
		return v.BitLen() > longBits
	case float64:
		return isLongFloat(v)
	case complex128:
		return imag(v) == 0 && isLongFloat(real(v))
	case *Fraction:
		num, den := v.parts()
		// There are as many places as there are factors 2 or 5; with other factors no other type has the number.
		twos := int(den.TrailingZeroBits())
		fives := int(math.Ceil(float64(den.BitLen()-twos-1) / math.Log2(5)))
		if max(twos, fives) > longPlaces {
			return true
		}
		return num.BitLen() > longBits && new(big.Int).Quo(num, den).BitLen() > longBits
	case *Decimal:
		return v.isLong()
	}
	return false
}

const (
	longBits   = 512
	longPlaces = 160
	// longDigits is how many digits a Decimal may be written with to be looked at.
	longDigits = 1300
)

// longest is 2**512, and where its first digit stands.
var (
	longest         = new(big.Int).Lsh(big.NewInt(1), longBits).String()
	longestAdjusted = int64(len(longest) - 1)
)

func isLongFloat(f float64) bool {
	if f == 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return false
	}
	fraction, exp := math.Frexp(f) // fraction * 2**53 is an int
	places := 53 - exp - bits.TrailingZeros64(uint64(math.Ldexp(math.Abs(fraction), 53)))
	return exp > longBits || places > longPlaces
}

func (d *Decimal) isLong() bool {
	switch adjusted := d.adjusted(); {
	case d.form != finite || d.digits == "":
		return false
	case len(d.digits) > longDigits || adjusted > longestAdjusted:
		return true
	case adjusted == longestAdjusted && d.digits >= longest:
		return true
	}
	zeros := len(d.digits) - len(strings.TrimRight(d.digits, "0"))
	return -d.exp-int64(zeros) > longPlaces
}
