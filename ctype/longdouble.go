package ctype

import (
	"encoding/binary"
	"math"
	"math/big"
)

// LongDouble holds the bytes of C's long double, Python's c_longdouble. Its size
// and format are the platform's: see the package comment. The zero value is 0.
//
// Bytes beyond the number (the last 6 of 16 on amd64) are written as zero and
// ignored when read; C may leave anything in them, so compare values, not bytes.
type LongDouble [longDoubleSize]byte

// FromFloat64 returns x as a long double. It is exact: every format here has room
// for each float64. A signalling NaN becomes quiet.
func FromFloat64(x float64) LongDouble {
	n := binary64.decode(uint128{lo: math.Float64bits(x)})
	return fromWord(longDoubleFormat.encode(n))
}

// Float64 returns the float64 nearest to x; of two equally near, the even one.
// What is beyond float64 becomes infinite, what is too small becomes a denormal
// or zero of x's sign. NaNs stay NaNs.
func (x LongDouble) Float64() float64 {
	return math.Float64frombits(binary64.encode(x.number()).lo)
}

// FromBig returns the long double nearest to x; of two equally near, the even
// one. What is too large becomes infinite.
func FromBig(x *big.Float) LongDouble {
	return fromWord(longDoubleFormat.encode(fromBig(x)))
}

// Big returns x without loss, or false if x is a NaN, which big.Float lacks. The
// precision of the result is that of the format: 53, 64 or 113 bits.
func (x LongDouble) Big() (*big.Float, bool) {
	n := x.number()
	if n.class == nan {
		return nil, false
	}
	return n.big(uint(longDoubleFormat.prec)), true
}

// IsNaN reports whether x is not a number. On x87 that includes bytes that the
// processor itself refuses.
func (x LongDouble) IsNaN() bool { return x.number().class == nan }

// String returns a decimal that reads back as x, mostly the shortest one: "0.1",
// "NaN", "+Inf" or "-Inf". It takes microseconds for numbers of everyday size and
// some 10 milliseconds at the ends of the range, whose decimals are long.
func (x LongDouble) String() string {
	f, ok := x.Big()
	if !ok {
		return "NaN"
	}
	s := f.Text('g', -1)
	// math/big takes both neighbours of x to be equally far, which is wrong for
	// powers of two: what it finds for those may lie nearer to the lower neighbour.
	back, _, err := big.ParseFloat(s, 10, f.Prec(), big.ToNearestEven)
	if err == nil && back.Cmp(f) == 0 {
		return s
	}
	return f.Text('g', longDoubleFormat.decimals())
}

func (x LongDouble) number() number { return longDoubleFormat.decode(x.word()) }

// fromBig takes x apart, keeping 128 bits. If there are more, the last one is set
// to say so: no format has as many, so it only tips the balance in rounding.
func fromBig(x *big.Float) number {
	n := number{neg: x.Signbit()}
	if x.IsInf() {
		n.class = infinite
		return n
	}
	if x.Sign() == 0 {
		return n
	}
	n.class = finite
	var mant big.Float
	mant.SetMode(big.ToZero).SetPrec(128).Set(x)
	exact := mant.Acc() == big.Exact
	n.exp = mant.MantExp(&mant)
	i, _ := mant.SetMantExp(&mant, 128).Int(nil)
	var buf [16]byte
	i.FillBytes(buf[:]) // the magnitude; the sign is in n
	n.sig.hi = binary.BigEndian.Uint64(buf[:8])
	n.sig.lo = binary.BigEndian.Uint64(buf[8:])
	if !exact {
		n.sig.lo |= 1
	}
	return n
}

// big is the inverse of fromBig for anything but a NaN.
func (n number) big(prec uint) *big.Float {
	f := new(big.Float).SetPrec(prec)
	switch n.class {
	case infinite:
		return f.SetInf(n.neg)
	case finite:
		var buf [16]byte
		binary.BigEndian.PutUint64(buf[:8], n.sig.hi)
		binary.BigEndian.PutUint64(buf[8:], n.sig.lo)
		f.SetInt(new(big.Int).SetBytes(buf[:]))
		f.SetMantExp(f, n.exp-128)
	}
	if n.neg {
		f.Neg(f)
	}
	return f
}
