package pickle

import (
	"encoding"
	"math"
	"math/big"
	"reflect"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// specialAssign is for types of Go's library for which Python has one; nil for all others.
func specialAssign(t reflect.Type) assignFunc {
	switch t {
	case timeType:
		return assignTime
	case durationType:
		return assignDuration
	case bigIntType:
		return assignBigInt
	case bigRatType:
		return assignBigRat
	case bigFloatType:
		return assignBigFloat
	}
	return nil
}

// textAssign is for types that read text; all other values go to other.
func textAssign(other assignFunc) assignFunc {
	return func(a *assigner, v py.Value, dst reflect.Value) error {
		var text, raw string
		switch s := v.(type) {
		case string:
			text, raw = s, s
		case py.Str2:
			text, raw = s.Text(), string(s)
		default:
			return other(a, v, dst)
		}
		if err := a.repeatText(raw, v, dst); err != nil {
			return err
		}
		if err := dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return &UnmarshalTypeError{Value: py.TypeName(v), Type: dst.Type(), Err: err}
		}
		return nil
	}
}

func assignTime(_ *assigner, v py.Value, dst reflect.Value) error {
	t := dst.Addr().Interface().(*time.Time)
	switch d := v.(type) {
	case py.DateTime:
		var err error
		if *t, err = d.Time(time.UTC); err != nil {
			return &UnmarshalTypeError{Value: py.TypeName(v), Type: timeType, Err: err}
		}
	case py.Date:
		*t = time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
	default:
		return mismatch(v, dst, "")
	}
	return nil
}

func assignDuration(_ *assigner, v py.Value, dst reflect.Value) error {
	if d, ok := v.(py.TimeDelta); ok {
		duration, err := d.Duration()
		if err != nil {
			return mismatch(v, dst, "it does not fit")
		}
		dst.SetInt(int64(duration))
		return nil
	}
	if i, ok := bigOf(v); ok {
		const most = int64(math.MaxInt64 / time.Second)
		if !i.IsInt64() || i.Int64() > most || i.Int64() < -most {
			return tooLarge(v, dst)
		}
		dst.SetInt(i.Int64() * int64(time.Second))
		return nil
	}
	if f, ok := floatOf(v); ok {
		// A NaN is less than nothing, and not greater either.
		ns := math.RoundToEven(f * float64(time.Second))
		if !(ns >= -math.MaxInt64 && ns < math.MaxInt64) {
			return tooLarge(v, dst)
		}
		dst.SetInt(int64(ns))
		return nil
	}
	return mismatch(v, dst, "")
}

func assignBigInt(a *assigner, v py.Value, dst reflect.Value) error {
	if err := a.repeatNumber(v, dst); err != nil {
		return err
	}
	i, ok := bigOf(v)
	if !ok {
		return mismatch(v, dst, "")
	}
	dst.Addr().Interface().(*big.Int).Set(i)
	return nil
}

// mostExponent is the largest exponent of a Decimal that becomes a ratio or a big.Float: a few bytes may stand for a number of millions of digits.
const mostExponent = 4300

func assignBigRat(a *assigner, v py.Value, dst reflect.Value) error {
	if err := a.repeatNumber(v, dst); err != nil {
		return err
	}
	r := dst.Addr().Interface().(*big.Rat)
	switch x := v.(type) {
	case *py.Fraction:
		r.Set(x.Rat())
		return nil
	case *py.Decimal:
		if _, _, exp := x.Parts(); x.IsInf() || x.IsNaN() || exp > mostExponent || exp < -mostExponent {
			return mismatch(v, dst, "it is not finite, or its exponent is too large")
		}
		exact, err := x.Rat()
		if err != nil {
			return &UnmarshalTypeError{Value: py.TypeName(v), Type: dst.Type(), Err: err}
		}
		r.Set(exact)
		return nil
	}
	if i, ok := bigOf(v); ok {
		r.SetInt(i)
		return nil
	}
	if f, ok := floatOf(v); ok {
		if r.SetFloat64(f) == nil {
			return mismatch(v, dst, digits(f)+" is not finite")
		}
		return nil
	}
	return mismatch(v, dst, "")
}

// assignBigFloat keeps the precision that the variable has. One without any gets enough for an int or float to be exact, and at least 64 bits.
func assignBigFloat(a *assigner, v py.Value, dst reflect.Value) error {
	if err := a.repeatNumber(v, dst); err != nil {
		return err
	}
	f := dst.Addr().Interface().(*big.Float)
	if x, ok := floatOf(v); ok {
		if math.IsNaN(x) {
			return mismatch(v, dst, "it is not a number")
		}
		if f.Prec() == 0 {
			f.SetPrec(64)
		}
		f.SetFloat64(x)
		return nil
	}
	if i, ok := bigOf(v); ok {
		f.SetInt(i)
		return nil
	}
	x, ok := v.(*py.Decimal)
	if !ok {
		return mismatch(v, dst, "")
	}
	if f.Prec() == 0 {
		f.SetPrec(64)
	}
	if _, _, exp := x.Parts(); x.IsNaN() || exp > mostExponent || exp < -mostExponent {
		return mismatch(v, dst, "it is not a number, or its exponent is too large")
	}
	if x.IsInf() {
		f.SetInf(x.Sign() < 0)
		return nil
	}
	if _, _, err := f.Parse(x.String(), 10); err != nil {
		return &UnmarshalTypeError{Value: py.TypeName(v), Type: dst.Type(), Err: err}
	}
	return nil
}
