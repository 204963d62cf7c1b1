package py

import (
	"encoding/binary"
	"math"
	"math/big"
	"unicode/utf16"
)

// appendItem writes a value as an item of an array, with the errors that Python raises if it is none. Their texts follow the conversions that its C code goes through.
func appendItem(dst []byte, typecode byte, v Value) ([]byte, error) {
	t := itemTypes[typecode]
	switch t.kind {
	case signedKind, unsignedKind:
		n, err := intItem(typecode, v)
		return appendWord(dst, n, t.size), err
	case floatKind:
		f, err := floatItem(v)
		if t.size == 4 {
			return appendWord(dst, uint64(math.Float32bits(float32(f))), 4), err
		}
		return appendWord(dst, math.Float64bits(f), 8), err
	case wideKind:
		return appendWide(dst, t.size, v)
	}
	var s string
	switch v := v.(type) {
	case Str2:
		s = string(v)
	case Bytes:
		s = string(v)
	}
	if len(s) != 1 {
		return dst, TypeError("array item must be char")
	}
	return append(dst, s...), nil
}

func appendWord(dst []byte, n uint64, size int) []byte {
	switch size {
	case 1:
		return append(dst, byte(n))
	case 2:
		return binary.NativeEndian.AppendUint16(dst, uint16(n))
	case 4:
		return binary.NativeEndian.AppendUint32(dst, uint32(n))
	}
	return binary.NativeEndian.AppendUint64(dst, n)
}

// intRange is a C type that an int has to fit on its way into an array.
type intRange struct {
	min, max int64
	name     string
}

var (
	shortRange = intRange{math.MinInt16, math.MaxInt16, "signed short integer"}
	intRanges  = intRange{math.MinInt32, math.MaxInt32, "signed integer"}
)

// wayIn are the types that an int goes through, for the typecodes whose first is long.
var wayIn = map[byte][]intRange{
	'b': {shortRange, {math.MinInt8, math.MaxInt8, "signed char"}},
	'B': {{0, math.MaxUint8, "unsigned byte integer"}},
	'h': {shortRange},
	'H': {intRanges, {0, math.MaxUint16, "unsigned short"}},
	'i': {intRanges},
	'l': nil,
}

// intItem is the bits of an int for the typecode.
func intItem(typecode byte, v Value) (uint64, error) {
	n, large, ok := intOf(v)
	if !ok {
		return 0, NoInteger(v)
	}
	negative := n < 0
	longBits := 8 * ItemSize('l')
	switch typecode {
	case 'I', 'L':
		bits, fits := unsigned(n, large, longBits)
		switch {
		case negative:
			return 0, OverflowError("can't convert negative value to unsigned int")
		case !fits:
			return 0, OverflowError("Python int too large to convert to C unsigned long")
		case typecode == 'I' && bits > math.MaxUint32:
			return 0, OverflowError("unsigned int is greater than maximum")
		}
		return bits, nil
	case 'q':
		if large != nil {
			return 0, OverflowError("int too big to convert")
		}
		return uint64(n), nil
	case 'Q':
		bits, fits := unsigned(n, large, 64)
		switch {
		case negative:
			return 0, OverflowError("can't convert negative int to unsigned")
		case !fits:
			return 0, OverflowError("int too big to convert")
		}
		return bits, nil
	}
	if large != nil || n != n<<(64-longBits)>>(64-longBits) {
		return 0, OverflowError("Python int too large to convert to C long")
	}
	for _, r := range wayIn[typecode] {
		if n < r.min {
			return 0, OverflowError("%s is less than minimum", r.name)
		}
		if n > r.max {
			return 0, OverflowError("%s is greater than maximum", r.name)
		}
	}
	return uint64(n), nil
}

// unsigned is an int that is not negative, and whether it has no more than so many bits.
func unsigned(n int64, large *big.Int, bits int) (uint64, bool) {
	if large != nil {
		return large.Uint64(), large.IsUint64() && large.BitLen() <= bits
	}
	return uint64(n), uint64(n)>>(bits-1)>>1 == 0
}

// floatItem is a number as a float.
func floatItem(v Value) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case float32:
		return float64(v), nil
	case *Decimal:
		return v.Float64(), nil
	case *Fraction:
		return v.Float64(), nil
	}
	n, large, ok := intOf(v)
	switch {
	case !ok:
		return 0, TypeError("must be real number, not %s", TypeName(v))
	case large == nil:
		return float64(n), nil
	}
	f, _ := new(big.Float).SetInt(large).Float64()
	if math.IsInf(f, 0) {
		return 0, OverflowError("int too large to convert to float")
	}
	return f, nil
}

// appendWide writes the one character of a str.
func appendWide(dst []byte, size int, v Value) ([]byte, error) {
	s, ok := v.(string)
	if s2, isStr2 := v.(Str2); isStr2 {
		s, ok = s2.Text(), true
	}
	r, n := decodeRune(s)
	if !ok || s == "" || n != len(s) {
		return dst, TypeError("array item must be unicode character")
	}
	if size == 2 && r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendWord(appendWord(dst, uint64(high), 2), uint64(low), 2), nil
	}
	return appendWord(dst, uint64(r), size), nil
}
