package py

import (
	"math"
	"math/big"
	"strconv"
)

// maxIntDigits is how long an int's text may be, as in Python 3.11 and newer: making it takes more than linear time.
const maxIntDigits = 4300

// appendInt writes an int that may be large. Above maxIntDigits it is Python's ValueError.
func appendInt(dst []byte, i *big.Int) ([]byte, error) {
	// 10^4300 has 14,285 bits.
	if i.BitLen() > 14_285 {
		return dst, errIntDigits()
	}
	start := len(dst)
	dst = i.Append(dst, 10)
	digits := len(dst) - start
	if i.Sign() < 0 {
		digits--
	}
	if digits > maxIntDigits {
		return dst[:start], errIntDigits()
	}
	return dst, nil
}

func errIntDigits() error {
	return ValueError("Exceeds the limit (%d digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit", maxIntDigits)
}

// appendFloat writes the repr of a float: the shortest digits that are read as the same float.
func appendFloat(dst []byte, f float64) []byte {
	start := len(dst)
	dst = appendPart(dst, f)
	for _, c := range dst[start:] {
		switch c {
		case '.', 'e', 'n', 'i': // a point, an exponent, nan, inf
			return dst
		}
	}
	return append(dst, ".0"...)
}

// appendPart writes a float as a part of a complex: without ".0".
func appendPart(dst []byte, f float64) []byte {
	switch abs := math.Abs(f); {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case abs >= 1e16 || abs < 1e-4 && abs != 0:
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendComplex writes the repr of a complex: "1j", "(1+2j)", "(-0-1j)".
func appendComplex(dst []byte, c complex128) []byte {
	re, im := real(c), imag(c)
	if re == 0 && !math.Signbit(re) {
		return append(appendPart(dst, im), 'j')
	}
	dst = appendPart(append(dst, '('), re)
	if math.IsNaN(im) || !math.Signbit(im) {
		dst = append(dst, '+')
	}
	return append(appendPart(dst, im), "j)"...)
}
