package py

import (
	"math"
	"math/big"
	"strings"
)

// Fraction is a fractions.Fraction. The zero Fraction is 0.
type Fraction struct {
	Num, Den *big.Int // in lowest terms, Den > 0
}

// parts are the numerator and the denominator, which must not be changed.
func (f *Fraction) parts() (num, den *big.Int) {
	num, den = f.Num, f.Den
	if num == nil {
		num = new(big.Int)
	}
	if den == nil {
		den = big.NewInt(1)
	}
	return num, den
}

// NewFraction is num/den in lowest terms; 0 as a denominator is a ZeroDivisionError. It takes neither of the two over.
func NewFraction(num, den *big.Int) (*Fraction, error) {
	if den.Sign() == 0 {
		return nil, ZeroDivisionError("Fraction(%v, 0)", num)
	}
	r := new(big.Rat).SetFrac(num, den)
	return &Fraction{r.Num(), r.Denom()}, nil
}

// ParseFraction is fractions.Fraction(text), of texts like "-3/7", "1_000" and "1.5e3", as Python 3.12 and newer read them. What is none is a ValueError, and a number of more
// than a million digits a MemoryError.
func ParseFraction(text string) (*Fraction, error) {
	s, ok := plainNumber(text)
	if !ok {
		return nil, errFraction(text)
	}
	s, neg := cutSign(s)
	num, den, isRatio := strings.Cut(s, "/")
	shift := int64(0)
	if isRatio {
		num, den = strings.TrimRightFunc(num, isSpace), strings.TrimLeftFunc(den, isSpace)
		if !groupedDigits(num) || !groupedDigits(den) {
			return nil, errFraction(text)
		}
	} else {
		if num, shift, ok = pointAndExponent(s); !ok {
			return nil, errFraction(text)
		}
		den = "1"
	}
	num, den = strings.ReplaceAll(num, "_", ""), strings.ReplaceAll(den, "_", "")
	if len(num) > maxRatDigits || len(den) > maxRatDigits || shift > maxRatDigits || shift < -maxRatDigits {
		return nil, MemoryError("a fraction of more than %d digits", maxRatDigits)
	}
	n, d := bigOfDigits(num), bigOfDigits(den)
	if shift >= 0 {
		n.Mul(n, powerOf10(shift))
	} else {
		d.Mul(d, powerOf10(-shift))
	}
	if neg {
		n.Neg(n)
	}
	return NewFraction(n, d)
}

func errFraction(text string) error {
	quoted, err := Repr(text)
	if err != nil {
		return err
	}
	return ValueError("Invalid literal for Fraction: %s", quoted)
}

// pointAndExponent reads "1", "1.5", ".5", "1." with an exponent behind it or not: the number is digits * 10**shift.
func pointAndExponent(s string) (digits string, shift int64, ok bool) {
	s, exponent, hasExponent := cutExponent(s)
	whole, fraction, hasPoint := strings.Cut(s, ".")
	// One of the two may be missing, but not both, and neither the whole number without a point.
	if whole == "" && (!hasPoint || fraction == "") || whole != "" && !groupedDigits(whole) || fraction != "" && !groupedDigits(fraction) {
		return "", 0, false
	}
	fraction = strings.ReplaceAll(fraction, "_", "")
	if hasExponent {
		exponent, negative := cutSign(exponent)
		if !groupedDigits(exponent) {
			return "", 0, false
		}
		exponent = strings.TrimLeft(strings.ReplaceAll(exponent, "_", ""), "0")
		// 18 digits fit; more are too many anyway.
		shift = math.MaxInt32
		if len(exponent) <= 18 {
			shift = bigOfDigits(exponent).Int64()
		}
		if negative {
			shift = -shift
		}
	}
	return whole + fraction, shift - int64(len(fraction)), true
}

// groupedDigits reports whether s is digits, with single underscores between them or not.
func groupedDigits(s string) bool {
	return s != "" && s[0] != '_' && s[len(s)-1] != '_' && !strings.Contains(s, "__") && allDigits(strings.ReplaceAll(s, "_", ""))
}

// Rat is the fraction as a big.Rat of its own.
func (f *Fraction) Rat() *big.Rat { return new(big.Rat).SetFrac(f.parts()) }

// Float64 is the nearest float: ±Inf for what is too large.
func (f *Fraction) Float64() float64 {
	nearest, _ := f.Rat().Float64()
	return nearest
}

// String is Python's str(f): "3/7", or "3" for a whole number.
func (f *Fraction) String() string {
	num, den := f.parts()
	if den.IsInt64() && den.Int64() == 1 {
		return num.String()
	}
	return num.String() + "/" + den.String()
}

// numberKind has the kinds of numbers in the order in which comparing looks at them: a comparison of two kinds is made by the latter one's rules.
type numberKind uint8

const (
	noNumber numberKind = iota
	smallInt
	largeInt
	floating
	ratio
	decimal
	imaginary // a complex whose imaginary part is not 0
)

// number is a number of any type, taken apart.
type number struct {
	kind  numberKind
	small int64    // of smallInt
	large *big.Int // of largeInt, which is beyond int64
	float float64  // of floating; the real part of imaginary
	imag  float64
	ratio *Fraction
	dec   *Decimal
}

// numberOf takes a value apart; the kind is noNumber if it is none.
func numberOf(v Value) number {
	switch v := v.(type) {
	case int64:
		return number{kind: smallInt, small: v}
	case float64:
		return number{kind: floating, float: v}
	case float32:
		return number{kind: floating, float: float64(v)}
	case complex128:
		if imag(v) == 0 {
			return number{kind: floating, float: real(v)}
		}
		return number{kind: imaginary, float: real(v), imag: imag(v)}
	case complex64:
		return numberOf(complex128(v))
	case *Decimal:
		return number{kind: decimal, dec: v}
	case *Fraction:
		return number{kind: ratio, ratio: v}
	}
	if small, large, ok := intOf(v); ok {
		if large != nil {
			return number{kind: largeInt, large: large}
		}
		return number{kind: smallInt, small: small}
	}
	return number{}
}

// big is an int of either kind as a large one.
func (n *number) big() *big.Int {
	if n.kind == largeInt {
		return n.large
	}
	return big.NewInt(n.small)
}
