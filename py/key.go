package py

import (
	"math"
	"math/big"
)

// canonicalKey is the key as a table has it: Go's numbers that are taken for Python's become the types that Python's have here.
func canonicalKey(v Value) Value {
	switch v := v.(type) {
	case nil, bool, int64, float64, string, Bytes, Tuple, *Object:
		return v
	case int, int8, int16, int32, uint8, uint16, uint32, uint, uint64, uintptr:
		n, large, _ := intOf(v)
		if large != nil {
			return large
		}
		return n
	case float32:
		return float64(v)
	case complex64:
		return complex128(v)
	}
	return v
}

// isPlain reports whether a canonical key has no parts, so that comparing two of them is cheap and can't fail, and whether it equals no others than such. Python hashes all of them.
func isPlain(key Value) bool {
	switch k := key.(type) {
	case nil, bool, int64, *big.Int, float64, complex128, string, Bytes, Str2, *Fraction, UUID, Global, Singleton, Date, TimeDelta:
		return true
	case *Decimal:
		return !k.IsNaN()
	}
	return false
}

// equalPlain compares two keys of which the second one is plain. The first may be a dead one, which equals none.
func equalPlain(a, b Value) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		switch b := b.(type) {
		case string:
			return a == b
		case Str2:
			return a == string(b) && isASCII(a)
		}
		return false
	case Bytes:
		b, ok := b.(Bytes)
		return ok && a == b
	case Str2:
		switch b := b.(type) {
		case string:
			return string(a) == b && isASCII(b)
		case Str2:
			return a == b
		}
		return false
	case int64:
		if b, ok := b.(int64); ok {
			return a == b
		}
	case UUID, Global, Singleton, Date, TimeDelta:
		return a == b
	case deadKey:
		return false
	}
	x, y := numberOf(a), numberOf(b)
	if x.kind == noNumber || y.kind == noNumber {
		return false
	}
	equal, _ := equalNumbers(&x, &y) // only a signaling NaN makes an error
	return equal
}

// hashPlain is the hash of a plain key.
func hashPlain(key Value) uint64 {
	switch k := key.(type) {
	case nil:
		return hashTag(tagNone)
	case string:
		return hashString(k)
	case Str2:
		return hashString(string(k))
	case Bytes:
		return hashBytes(string(k))
	case int64:
		return hashInt(k)
	case bool:
		if k {
			return hashInt(1)
		}
		return hashInt(0)
	case UUID:
		return mix(hashTag(tagUUID), hashBytes(string(k[:])))
	case Global:
		return mix(hashTag(tagGlobal), mix(hashString(k.Module), hashString(k.Name)))
	case Singleton:
		return mix(hashTag(tagSingleton), hashString(string(k)))
	case Date:
		return mix(hashTag(tagDate), uint64(k.Year)<<16|uint64(k.Month)<<8|uint64(k.Day))
	case TimeDelta:
		return mix(mix(hashTag(tagTimeDelta), uint64(k.Days)), uint64(k.Seconds)<<32|uint64(k.Microseconds))
	}
	n := numberOf(key)
	return hashNumber(&n)
}

// hashNumber hashes numbers that are equal alike, whatever their types. No two NaNs are equal, so each time one has another hash, and many of them are no burden to a table;
// only a Decimal has an identity by which a NaN may be found again.
func hashNumber(n *number) uint64 {
	switch n.kind {
	case smallInt:
		return hashInt(n.small)
	case floating:
		if n.float == math.Trunc(n.float) && math.Abs(n.float) < 1<<60 {
			return hashInt(int64(n.float))
		}
	case imaginary:
		return mix(hashFloat(n.float), hashFloat(n.imag))
	case decimal:
		if n.dec.IsNaN() {
			return hashPointer(n.dec)
		}
	}
	switch {
	case n.kind == floating && math.IsNaN(n.float):
		return hashNothing()
	case infinity(n) != 0:
		return mix(hashTag(tagInfinity), uint64(infinity(n)))
	}
	return hashResidue(secretField().number(n))
}

func hashFloat(f float64) uint64 { return hashNumber(&number{kind: floating, float: f}) }
