package py

import (
	"iter"
	"math/big"
)

// NewRange is range(stop), range(start, stop) or range(start, stop, step), of ints of any size, with its errors.
func NewRange(args ...Value) (Range, error) {
	r := Range{Start: int64(0), Step: int64(1)}
	switch len(args) {
	case 0:
		return Range{}, TypeError("range expected at least 1 argument, got 0")
	case 1:
		r.Stop = args[0]
	case 2:
		r.Start, r.Stop = args[0], args[1]
	case 3:
		r.Start, r.Stop, r.Step = args[0], args[1], args[2]
	default:
		return Range{}, TypeError("range expected at most 3 arguments, got %d", len(args))
	}
	start, stop, step, err := r.ints()
	if err != nil {
		return Range{}, err
	}
	return Range{Int(start), Int(stop), Int(step)}, nil
}

// ints are the fields, which must not be changed.
func (r Range) ints() (start, stop, step *big.Int, err error) {
	var out [3]*big.Int
	for i, v := range [...]Value{r.Start, r.Stop, r.Step} {
		n, ok := bigOf(v)
		if !ok {
			return nil, nil, nil, NoInteger(v)
		}
		out[i] = n
	}
	if out[2].Sign() == 0 {
		return nil, nil, nil, ValueError("range() arg 3 must not be zero")
	}
	return out[0], out[1], out[2], nil
}

// count is how many elements the range has.
func (r Range) count() (*big.Int, error) {
	start, stop, step, err := r.ints()
	if err != nil {
		return nil, err
	}
	distance := new(big.Int)
	if step.Sign() > 0 {
		distance.Sub(stop, start)
	} else {
		distance.Sub(start, stop)
		step = new(big.Int).Neg(step)
	}
	if distance.Sign() <= 0 {
		return distance.SetInt64(0), nil
	}
	distance.Sub(distance, big.NewInt(1)).Quo(distance, step)
	return distance.Add(distance, big.NewInt(1)), nil
}

// Len is len(r), with its OverflowError.
func (r Range) Len() (int64, error) {
	n, err := r.count()
	if err != nil {
		return 0, err
	}
	if !n.IsInt64() {
		return 0, OverflowError("Python int too large to convert to C ssize_t")
	}
	return n.Int64(), nil
}

// GetItem is r[at], where at is an int; of a Slice it is a TypeError.
func (r Range) GetItem(at Value) (Value, error) {
	i, ok := bigOf(at)
	if !ok {
		return nil, TypeError("range indices must be integers or slices, not %s", TypeName(at))
	}
	n, err := r.count()
	if err != nil {
		return nil, err
	}
	if i.Sign() < 0 {
		i = new(big.Int).Add(i, n)
	}
	if i.Sign() < 0 || i.Cmp(n) >= 0 {
		return nil, IndexError("range object index out of range")
	}
	return r.at(i), nil
}

// at is an element of a range whose fields are known to be ints.
func (r Range) at(i *big.Int) Value {
	start, _, step, _ := r.ints()
	v := new(big.Int).Mul(i, step)
	return Int(v.Add(v, start))
}

// All are the elements, none if a field is no int.
func (r Range) All() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		n, err := r.count()
		if err != nil {
			return
		}
		if n.IsInt64() {
			start, ok1 := indexOf(r.Start)
			step, ok2 := indexOf(r.Step)
			if _, ok3 := indexOf(r.Stop); ok1 && ok2 && ok3 {
				// start + i*step lies between start and stop for each i < n, so nothing overflows that is used.
				for range n.Int64() {
					if !yield(start) {
						return
					}
					start += step
				}
				return
			}
		}
		for i := new(big.Int); i.Cmp(n) < 0; i.Add(i, big.NewInt(1)) {
			if !yield(r.at(i)) {
				return
			}
		}
	}
}

// Contains is v in r. It takes the same time for long ranges and short ones, also of numbers that are no ints.
func (r Range) Contains(v Value) (bool, error) {
	i, err := r.find(v)
	return i != nil, err
}

// Count is r.count(v), 0 or 1.
func (r Range) Count(v Value) (int, error) {
	i, err := r.find(v)
	if i == nil || err != nil {
		return 0, err
	}
	return 1, nil
}

// Index is r.index(v), an int, with its ValueError.
func (r Range) Index(v Value) (Value, error) {
	i, err := r.find(v)
	switch {
	case err != nil:
		return nil, err
	case i != nil:
		return Int(i), nil
	}
	if _, _, isInt := intOf(v); !isInt {
		return nil, ValueError("sequence.index(x): x not in sequence")
	}
	text, err := Repr(v)
	if err != nil {
		return nil, err
	}
	return nil, ValueError("%s is not in range", text)
}

// find is the place of v in the range, nil if it is not in it.
func (r Range) find(v Value) (*big.Int, error) {
	n, err := r.count()
	if err != nil {
		return nil, err
	}
	switch c := v.(type) {
	case complex128:
		if imag(c) != 0 {
			return nil, nil
		}
		v = real(c)
	case float64, float32, *Decimal, *Fraction:
	default:
		if _, _, ok := intOf(v); !ok {
			return nil, nil // no other value equals an int
		}
	}
	_, _, step, _ := r.ints()
	up := step.Sign() > 0
	// The elements below lo come before v, those from hi on do not.
	lo, hi := new(big.Int), new(big.Int).Set(n)
	for lo.Cmp(hi) < 0 {
		mid := new(big.Int).Add(lo, hi)
		mid.Rsh(mid, 1)
		a, b := r.at(mid), v
		if !up {
			a, b = b, a
		}
		before, err := Less(a, b)
		if err != nil {
			return nil, nil // a signalling NaN has no order, and equals nothing
		}
		if before {
			lo.Add(mid, big.NewInt(1))
		} else {
			hi = mid
		}
	}
	if lo.Cmp(n) >= 0 {
		return nil, nil
	}
	equal, err := Equal(r.at(lo), v)
	if !equal || err != nil {
		return nil, err
	}
	return lo, nil
}
