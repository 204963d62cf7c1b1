package pickle

import (
	"math"
	"math/big"
	"reflect"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// bigOf is an int of any type that counts as one.
func bigOf(v py.Value) (*big.Int, bool) {
	switch i := v.(type) {
	case int64:
		return big.NewInt(i), true
	case *big.Int:
		return i, i != nil
	case int:
		return big.NewInt(int64(i)), true
	case int8:
		return big.NewInt(int64(i)), true
	case int16:
		return big.NewInt(int64(i)), true
	case int32:
		return big.NewInt(int64(i)), true
	case uint:
		return new(big.Int).SetUint64(uint64(i)), true
	case uint8:
		return new(big.Int).SetUint64(uint64(i)), true
	case uint16:
		return new(big.Int).SetUint64(uint64(i)), true
	case uint32:
		return new(big.Int).SetUint64(uint64(i)), true
	case uint64:
		return new(big.Int).SetUint64(i), true
	case uintptr:
		return new(big.Int).SetUint64(uint64(i)), true
	}
	return nil, false
}

// floatOf is a float of any type that counts as one.
func floatOf(v py.Value) (float64, bool) {
	switch f := v.(type) {
	case float64:
		return f, true
	case float32:
		return float64(f), true
	}
	return 0, false
}

func assignBool(_ *assigner, v py.Value, dst reflect.Value) error {
	b, ok := v.(bool)
	if !ok {
		return mismatch(v, dst, "")
	}
	dst.SetBool(b)
	return nil
}

func tooLarge(v py.Value, dst reflect.Value) error {
	return mismatch(v, dst, digits(v)+" does not fit")
}

func assignInt(_ *assigner, v py.Value, dst reflect.Value) error {
	i, ok := v.(int64)
	if !ok {
		b, isInt := bigOf(v)
		if !isInt {
			return mismatch(v, dst, "")
		}
		if !b.IsInt64() {
			return tooLarge(v, dst)
		}
		i = b.Int64()
	}
	if dst.OverflowInt(i) {
		return tooLarge(v, dst)
	}
	dst.SetInt(i)
	return nil
}

func assignUint(_ *assigner, v py.Value, dst reflect.Value) error {
	i, ok := v.(int64)
	u := uint64(i)
	if !ok {
		b, isInt := bigOf(v)
		if !isInt {
			return mismatch(v, dst, "")
		}
		if !b.IsUint64() {
			return tooLarge(v, dst)
		}
		u = b.Uint64()
	} else if i < 0 {
		return tooLarge(v, dst)
	}
	if dst.OverflowUint(u) {
		return tooLarge(v, dst)
	}
	dst.SetUint(u)
	return nil
}

func assignFloat(a *assigner, v py.Value, dst reflect.Value) error {
	if err := a.repeatNumber(v, dst); err != nil {
		return err
	}
	f, reason, ok := realOf(v)
	if !ok {
		return mismatch(v, dst, reason)
	}
	if dst.Kind() == reflect.Float32 {
		_, isFloat := floatOf(v)
		if dst.OverflowFloat(f) || !isFloat && !isRounded(v) && float64(float32(f)) != f {
			return tooLarge(v, dst)
		}
	}
	dst.SetFloat(f)
	return nil
}

func isRounded(v py.Value) bool {
	switch v.(type) {
	case *py.Decimal, *py.Fraction:
		return true
	}
	return false
}

// realOf is a real number as a float64. An int must be exact: it counts something, and would be another int when it is written back.
func realOf(v py.Value) (f float64, reason string, ok bool) {
	if f, ok := floatOf(v); ok {
		return f, "", true
	}
	if i, ok := v.(int64); ok {
		if f := float64(i); f < math.MaxInt64 && int64(f) == i {
			return f, "", true
		}
		return 0, digits(v) + " is no float64 exactly", false
	}
	if b, ok := bigOf(v); ok {
		if f, accuracy := b.Float64(); accuracy == big.Exact {
			return f, "", true
		}
		return 0, digits(v) + " is no float64 exactly", false
	}
	switch x := v.(type) {
	case *py.Decimal:
		f = x.Float64()
		if math.IsInf(f, 0) && !x.IsInf() {
			return 0, "it does not fit", false
		}
		return f, "", true
	case *py.Fraction:
		if f = x.Float64(); math.IsInf(f, 0) {
			return 0, "it does not fit", false
		}
		return f, "", true
	}
	return 0, "", false
}

func assignComplex(a *assigner, v py.Value, dst reflect.Value) error {
	if err := a.repeatNumber(v, dst); err != nil {
		return err
	}
	var c complex128
	switch x := v.(type) {
	case complex128:
		c = x
	case complex64:
		c = complex128(x)
	default:
		f, reason, ok := realOf(v)
		if !ok {
			return mismatch(v, dst, reason)
		}
		c = complex(f, 0)
	}
	if dst.OverflowComplex(c) {
		return mismatch(v, dst, "it does not fit")
	}
	dst.SetComplex(c)
	return nil
}

func assignString(a *assigner, v py.Value, dst reflect.Value) error {
	switch s := v.(type) {
	case string:
		dst.SetString(s)
	case py.Str2:
		if !utf8.ValidString(string(s)) {
			return mismatch(v, dst, "its bytes are not UTF-8")
		}
		dst.SetString(string(s))
	case *py.Decimal:
		if err := a.repeatNumber(v, dst); err != nil {
			return err
		}
		dst.SetString(s.String())
	case py.UUID:
		dst.SetString(s.String())
	case py.Bytes, *py.ByteArray:
		return mismatch(v, dst, "bytes are no text; []byte takes them")
	default:
		return mismatch(v, dst, "")
	}
	return nil
}
