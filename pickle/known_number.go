package pickle

import (
	"math/big"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// newComplex is complex(re, im).
func newComplex(m *machine, args py.Tuple) (py.Value, bool, error) {
	var parts [2]float64
	if len(args) > 2 {
		return nil, false, nil
	}
	for i, a := range args {
		switch a := a.(type) {
		case float64:
			parts[i] = a
		case int64:
			if parts[i] = float64(a); int64(parts[i]) != a {
				return nil, false, nil
			}
		default:
			return nil, false, nil
		}
	}
	return complex(parts[0], parts[1]), true, m.charge(costSmall)
}

// newRange is range(stop), range(start, stop) and range(start, stop, step).
func newRange(m *machine, args py.Tuple) (py.Value, bool, error) {
	for _, a := range args {
		switch a.(type) {
		case int64, *big.Int:
		default:
			return nil, false, nil
		}
	}
	r := py.Range{Start: smallInts[0-minSmall], Step: smallInts[1-minSmall]}
	switch len(args) {
	case 1:
		r.Stop = args[0]
	case 3:
		if args[2] == smallInts[0-minSmall] {
			return nil, false, nil // Python refuses a step of 0
		}
		r.Step = args[2]
		fallthrough
	case 2:
		r.Start, r.Stop = args[0], args[1]
	default:
		return nil, false, nil
	}
	return r, true, m.charge(costSmall)
}

// newSlice is slice(stop), slice(start, stop) and slice(start, stop, step).
func newSlice(m *machine, args py.Tuple) (py.Value, bool, error) {
	var s py.Slice
	switch len(args) {
	case 1:
		s.Stop = args[0]
	case 3:
		s.Step = args[2]
		fallthrough
	case 2:
		s.Start, s.Stop = args[0], args[1]
	default:
		return nil, false, nil
	}
	return s, true, m.charge(costSmall)
}

// newDecimal is Decimal(text).
func newDecimal(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) != 1 {
		return nil, false, nil
	}
	text, ok := asText(args[0])
	if !ok || len(text) > maxDigits {
		return nil, false, nil
	}
	if err := m.spendDigits(len(text)); err != nil {
		return nil, false, err
	}
	d, err := py.ParseDecimal(text)
	if err != nil {
		return nil, false, nil
	}
	return d, true, m.charge(costSmall + len(text))
}

// newFraction is Fraction("1/3"), and Fraction(1, 3) of Python 3.12 and newer.
func newFraction(m *machine, args py.Tuple) (py.Value, bool, error) {
	var num, den *big.Int
	switch len(args) {
	case 1:
		text, ok := asText(args[0])
		if !ok || len(text) > maxDigits {
			return nil, false, nil
		}
		if err := m.spendDigits(len(text)); err != nil {
			return nil, false, err
		}
		above, below, slash := strings.Cut(text, "/")
		if !slash {
			below = "1"
		}
		num, ok = parseDecimal(above)
		var ok2 bool
		den, ok2 = parseDecimal(below)
		if !ok || !ok2 {
			return nil, false, nil
		}
	case 2:
		var ok, ok2 bool
		num, ok = asBigInt(args[0])
		den, ok2 = asBigInt(args[1])
		if !ok || !ok2 {
			return nil, false, nil
		}
	default:
		return nil, false, nil
	}
	if err := m.spendReduction(num, den); err != nil {
		return nil, false, err
	}
	if den.Sign() == 0 {
		return nil, false, nil
	}
	r := new(big.Rat).SetFrac(num, den)
	return &py.Fraction{Num: r.Num(), Den: r.Denom()}, true, m.charge(4*costSmall + 8*len(num.Bits()) + 8*len(den.Bits()))
}

// parseDecimal reads decimal digits with a sign.
func parseDecimal(text string) (*big.Int, bool) {
	for i := range len(text) {
		if c := text[i]; c == '_' || c == '+' && i > 0 {
			return nil, false
		}
	}
	return new(big.Int).SetString(text, 10)
}

func asBigInt(v py.Value) (*big.Int, bool) {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

// spendDigits counts the work of converting n decimal digits: the square of their number by the 19 that fit a word.
func (m *machine) spendDigits(n int) error { return m.spend(digitsWork(n)) }

func digitsWork(n int) int64 {
	words := int64(n/19 + 1)
	return int64(n) + words*words/2
}

// reduction is the work of reducing a fraction: it takes time by the product of the lengths.
func reduction(num, den *big.Int) int64 { return 4 * int64(len(num.Bits())) * int64(len(den.Bits())) }

func (m *machine) spendReduction(num, den *big.Int) error { return m.spend(1000 + reduction(num, den)) }

// uuidFromState is the UUID with the state of an instance of uuid.UUID: a dict with its 128 bits as int. Since Python 3.7 it may also say how safely a UUID was generated (is_safe), which
// counts for nothing when UUIDs are compared, and which py.UUID does not keep.
func uuidFromState(state py.Value) (u py.UUID, ok bool) {
	d, ok := state.(*py.Dict)
	if !ok {
		return u, false
	}
	rest := d.Len() - 1
	if _, ok := d.GetStr("is_safe"); ok {
		rest--
	}
	v, ok := d.GetStr("int")
	if !ok || rest != 0 {
		return u, false
	}
	n, ok := asBigInt(v)
	if !ok {
		return u, false
	}
	u, err := py.UUIDOfInt(n)
	return u, err == nil
}
