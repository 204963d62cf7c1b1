package py

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Decimal is a decimal.Decimal: finite, infinite or a NaN. It can't be changed; the zero Decimal is 0.
//
// Its exponent may be as large as Python's, 18 digits. What is done with a Decimal takes time in proportion to its digits, not to its value: none of the
// functions writes the zeros of 1E+999999999 out.
type Decimal struct {
	digits string // of the coefficient, or of a NaN's payload; without leading zeros, so 0 has none
	exp    int64
	form   decimalForm
	neg    bool
}

type decimalForm uint8

const (
	finite decimalForm = iota
	infinite
	quietNaN
	signalingNaN
)

// The exponents that Python's Decimal has on 64-bit platforms: of the first digit at most, of the last one at least.
const (
	maxDecimalExp = 999_999_999_999_999_999
	minDecimalExp = -maxDecimalExp - (maxDecimalExp - 1)
)

// NewDecimal is coefficient * 10**exp. The error is the InvalidOperation that Python raises for an exponent it does not have.
func NewDecimal(coefficient *big.Int, exp int64) (*Decimal, error) {
	digits := coefficient.Text(10)
	neg := strings.HasPrefix(digits, "-")
	return finiteDecimal(neg, strings.TrimPrefix(digits, "-"), exp)
}

func finiteDecimal(neg bool, digits string, exp int64) (*Decimal, error) {
	digits = strings.TrimLeft(digits, "0")
	d := &Decimal{digits: digits, exp: exp, neg: neg}
	if exp < minDecimalExp || exp > maxDecimalExp || d.adjusted() > maxDecimalExp {
		return nil, invalidOperation("InvalidOperation")
	}
	return d, nil
}

// invalidOperation is the exception with which a Decimal refuses; its argument is a list of the class of what is wrong.
func invalidOperation(signal string) error {
	return NewException("decimal.InvalidOperation", NewList(Global{"decimal", signal}))
}

// IsNaN reports whether d is a NaN, quiet or signaling.
func (d *Decimal) IsNaN() bool { return d.form >= quietNaN }

// IsInf reports whether d is infinite, with either sign.
func (d *Decimal) IsInf() bool { return d.form == infinite }

// Sign is -1, 0 or 1 as d is below, equal to or above 0. That of a NaN is 0.
func (d *Decimal) Sign() int {
	switch {
	case d.IsNaN() || d.form == finite && d.digits == "":
		return 0
	case d.neg:
		return -1
	}
	return 1
}

// Parts is what a finite d is made of: its sign, which 0 has as well, the digits of its coefficient without leading zeros ("0" for 0), and the exponent.
// For a NaN the digits are those of its payload.
func (d *Decimal) Parts() (neg bool, digits string, exp int64) {
	if d.digits == "" {
		return d.neg, "0", d.exp
	}
	return d.neg, d.digits, d.exp
}

// adjusted is the exponent of the first digit.
func (d *Decimal) adjusted() int64 { return d.exp + int64(max(len(d.digits), 1)) - 1 }

// Float64 is the nearest float: ±Inf for what is too large.
func (d *Decimal) Float64() float64 {
	switch d.form {
	case infinite:
		return math.Inf(d.Sign())
	case quietNaN, signalingNaN:
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(d.String(), 64) // the only error is that of the range, with ±Inf
	return f
}

// maxRatDigits bounds the numbers that Rat makes: 10**maxRatDigits has 400 kB.
const maxRatDigits = 1_000_000

// Rat is d exactly. The error is Python's OverflowError or ValueError for what is not finite, and a MemoryError for an exponent beyond a million.
func (d *Decimal) Rat() (*big.Rat, error) {
	switch {
	case d.IsInf():
		return nil, OverflowError("cannot convert Infinity to integer ratio")
	case d.IsNaN():
		return nil, ValueError("cannot convert NaN to integer ratio")
	case d.exp > maxRatDigits || d.exp < -maxRatDigits:
		return nil, MemoryError("the exponent %d is too large for a ratio", d.exp)
	}
	c := bigOfDigits(d.digits)
	if d.neg {
		c.Neg(c)
	}
	if d.exp >= 0 {
		return new(big.Rat).SetInt(c.Mul(c, powerOf10(d.exp))), nil
	}
	return new(big.Rat).SetFrac(c, powerOf10(-d.exp)), nil
}

// String is Python's str(d).
func (d *Decimal) String() string {
	var b []byte
	if d.neg {
		b = append(b, '-')
	}
	switch d.form {
	case infinite:
		return string(append(b, "Infinity"...))
	case quietNaN:
		return string(append(append(b, "NaN"...), d.digits...))
	case signalingNaN:
		return string(append(append(b, "sNaN"...), d.digits...))
	}
	_, digits, _ := d.Parts()
	adjusted := d.adjusted()
	switch point := d.exp + int64(len(digits)); { // how many digits stand before the point
	case d.exp > 0 || adjusted < -6:
		b = append(b, digits[0])
		if len(digits) > 1 {
			b = append(append(b, '.'), digits[1:]...)
		}
		b = append(b, 'E')
		if adjusted >= 0 {
			b = append(b, '+')
		}
		b = strconv.AppendInt(b, adjusted, 10)
	case d.exp == 0:
		b = append(b, digits...)
	case point > 0:
		b = append(append(append(b, digits[:point]...), '.'), digits[point:]...)
	default:
		b = append(append(append(b, "0."...), strings.Repeat("0", int(-point))...), digits...)
	}
	return string(b)
}

// compareFinite orders two Decimals that are finite.
func (d *Decimal) compareFinite(e *Decimal) relation {
	sign := d.Sign()
	switch other := e.Sign(); {
	case sign != other:
		return relationOf(sign - other)
	case sign == 0:
		return same
	}
	r := relationOf(strings.Compare(d.digits, e.digits))
	if a, b := d.adjusted(), e.adjusted(); a != b {
		r = less
		if a > b {
			r = greater
		}
	} else if r != same {
		// Zeros at the end don't count.
		r = relationOf(strings.Compare(strings.TrimRight(d.digits, "0"), strings.TrimRight(e.digits, "0")))
	}
	if sign < 0 {
		return r.swapped()
	}
	return r
}

// bigOfDigits reads decimal digits. It halves them, since big.Int reads in quadratic time.
func bigOfDigits(digits string) *big.Int {
	if len(digits) <= 2000 {
		i, _ := new(big.Int).SetString("0"+digits, 10) // digits are all it has
		return i
	}
	low := len(digits) / 2
	high := bigOfDigits(digits[:len(digits)-low])
	high.Mul(high, powerOf10(int64(low)))
	return high.Add(high, bigOfDigits(digits[len(digits)-low:]))
}

func powerOf10(n int64) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
}
