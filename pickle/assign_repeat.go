package pickle

import (
	"math/big"
	"reflect"

	"github.com/multiproc-go/multiproc/py"
)

// What Assign copies or converts may be in the value again and again, for two bytes of a pickle each time: a list of the same megabyte of bytes, or the same number of a million digits. Each is
// free once, as the value has it, too. Repetitions have the limit that Limits.Memory is for decoding, and nanoseconds count like bytes.

// lightCopy is what counts for nothing.
const lightCopy = 256

// repetitions are what an assigner has stored that is not light.
type repetitions struct {
	limits Limits
	seen   map[repeatedKey]bool
	once   int64 // bytes of what was seen
	again  int64 // cost of all further times
}

type repeatedKey struct {
	at address
	n  int
}

// repeat counts that the object of n bytes at an address is stored, which costs about that many bytes of memory or nanoseconds.
func (r *repetitions) repeat(at address, n int, cost int64, v py.Value, dst reflect.Value) error {
	if cost < lightCopy {
		return nil
	}
	k := repeatedKey{at, n}
	if !r.seen[k] {
		if r.seen == nil {
			r.seen = map[repeatedKey]bool{}
		}
		r.seen[k] = true
		r.once += int64(n)
		return nil
	}
	r.again += cost
	if limit := r.limits.memory(r.once); r.again > limit {
		err := tooMuch("values that occur more than once would take about %d bytes or nanoseconds, more than the limit of %d", r.again, limit)
		return &UnmarshalTypeError{Value: py.TypeName(v), Type: dst.Type(), Err: err}
	}
	return nil
}

// repeatText is repeat for a string that is copied.
func (r *repetitions) repeatText(s string, v py.Value, dst reflect.Value) error {
	return r.repeat(textAddress(s), len(s), int64(len(s)), v, dst)
}

// repeatNumber is repeat for a number that is converted.
func (r *repetitions) repeatNumber(v py.Value, dst reflect.Value) error {
	switch x := v.(type) {
	case *big.Int:
		if x == nil {
			return nil
		}
		n := 8 * len(x.Bits())
		return r.repeat(address(x), n, int64(n), v, dst)
	case *py.Decimal:
		_, digits, exp := x.Parts()
		cost := workDigit * int64(len(digits))
		switch dst.Type() {
		case bigFloatType:
			cost += digitsWork(len(digits))
		case bigRatType:
			// It has them all, and those of the power of ten are reduced by them.
			cost += digitsWork(len(digits) + int(min(max(exp, -exp), mostExponent)))
		}
		return r.repeat(address(x), len(digits), cost, v, dst)
	case *py.Fraction:
		if x.Num == nil || x.Den == nil {
			return nil
		}
		return r.repeat(address(x), 8*(len(x.Num.Bits())+len(x.Den.Bits())), reduction(x.Num, x.Den), v, dst)
	}
	return nil
}

// repeatStruct is repeat for a value whose attributes are looked for among the items of an instance, of which only the last of each name counts, or of which each must be a field.
func (s *structAssigner) repeatStruct(a *assigner, attrs *attributes, v py.Value, dst reflect.Value) error {
	n := len(attrs.pairs)
	cost := int64(len(s.fields)+1) * int64(n)
	if a.strict && attrs.own != nil {
		cost += int64(attrs.own.Len())
	}
	if a.strict && attrs.content != nil {
		cost += int64(attrs.content.Len())
	}
	if cost < lightCopy { // as that of nearly all
		return nil
	}
	at, _, _ := pyIdentity(v)
	return a.repeat(at, n, cost, v, dst)
}
