package py

import (
	"math"
	"math/big"
)

// intOf is the value of an int. One outside of int64's range is in large, and n is the end of the range it lies beyond.
func intOf(v Value) (n int64, large *big.Int, ok bool) {
	switch v := v.(type) {
	case int64:
		return v, nil, true
	case bool:
		if v {
			return 1, nil, true
		}
		return 0, nil, true
	case *big.Int:
		switch {
		case v.IsInt64():
			return v.Int64(), nil, true
		case v.Sign() < 0:
			return math.MinInt64, v, true
		}
		return math.MaxInt64, v, true
	case int:
		return int64(v), nil, true
	case int8:
		return int64(v), nil, true
	case int16:
		return int64(v), nil, true
	case int32:
		return int64(v), nil, true
	case uint8:
		return int64(v), nil, true
	case uint16:
		return int64(v), nil, true
	case uint32:
		return int64(v), nil, true
	case uint:
		return intOf(uint64(v))
	case uintptr:
		return intOf(uint64(v))
	case uint64:
		if v > math.MaxInt64 {
			return math.MaxInt64, new(big.Int).SetUint64(v), true
		}
		return int64(v), nil, true
	}
	return 0, nil, false
}

// indexOf is the value of an int that an int64 holds.
func indexOf(v Value) (n int64, ok bool) {
	n, large, ok := intOf(v)
	return n, ok && large == nil
}

// bigOf is the value of an int as a big one. It may be v itself, so it must not be changed.
func bigOf(v Value) (*big.Int, bool) {
	n, large, ok := intOf(v)
	if !ok || large != nil {
		return large, ok
	}
	return big.NewInt(n), true
}

// index is an int as Python takes it for an argument, with the errors that operator.index and the conversion to a size raise.
func index(v Value) (int64, error) {
	n, large, ok := intOf(v)
	if !ok {
		return 0, NoInteger(v)
	}
	if large != nil {
		return 0, OverflowError("Python int too large to convert to C ssize_t")
	}
	return n, nil
}

// NoInteger is Python's TypeError for a value that is used as an int and is none. An instance of a class that is not known here may be one in Python, as the members of an IntEnum and numpy's
// numbers are: then the text says what to do.
func NoInteger(v Value) *Exception {
	return TypeError("'%s' object cannot be interpreted as an integer%s", TypeName(v), integerHint(v))
}

func integerHint(v Value) string {
	if _, ok := v.(*Object); ok {
		return "; its class is not known here, pass int(x) instead"
	}
	return ""
}

// subscript is the place that an int stands for in a sequence of length n: from the end if it is negative. It may lie outside, which found tells; a value that is no int is a
// TypeError that begins with what, as in "list indices must be integers or slices".
func subscript(v Value, n int, what string) (at int, found bool, err error) {
	i, large, ok := intOf(v)
	if !ok {
		return 0, false, TypeError("%s, not %s%s", what, TypeName(v), integerHint(v))
	}
	if large != nil {
		return 0, false, IndexError("cannot fit 'int' into an index-sized integer")
	}
	if i < 0 {
		i += int64(n)
	}
	if i < 0 || i >= int64(n) {
		return 0, false, nil
	}
	return int(i), true, nil
}

// bound is the place that an int stands for as the begin or the end of a part of a sequence of length n: outside of it, the nearest end.
func bound(v Value, n int) (at int, ok bool) {
	i, _, ok := intOf(v)
	if i < 0 {
		i = max(i+int64(n), 0)
	}
	return int(min(i, int64(n))), ok
}

// Indices are the places that the slice selects in a sequence of length n: count of them, start, start+step and so on. stop is where the sequence ends of which
// an assignment with step 1 takes the place. A step of 0 is a ValueError, and what is neither None nor an int is a TypeError.
func (s Slice) Indices(n int) (start, stop, step, count int, err error) {
	step = 1
	if s.Step != nil {
		i, _, ok := intOf(s.Step)
		if !ok {
			return 0, 0, 0, 0, errSliceIndex(s.Step)
		}
		if i == 0 {
			return 0, 0, 0, 0, ValueError("slice step cannot be zero")
		}
		// A longer step leaves the sequence as well.
		step = int(min(max(i, -math.MaxInt), math.MaxInt))
	}
	// Backwards, the last index is n-1, and -1 is before the first one.
	first, last := 0, n
	if step < 0 {
		first, last = -1, n-1
	}
	edge := func(v Value, none int) int {
		if v == nil {
			return none
		}
		i, _, ok := intOf(v)
		if !ok {
			err = errSliceIndex(v)
		}
		if i < 0 {
			i += int64(n)
		}
		return int(min(max(i, int64(first)), int64(last)))
	}
	start, stop = first, last
	if step < 0 {
		start, stop = last, first
	}
	start, stop = edge(s.Start, start), edge(s.Stop, stop)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	switch {
	case step > 0 && start < stop:
		count = (stop-start-1)/step + 1
	case step < 0 && start > stop:
		count = (start-stop-1)/-step + 1
	}
	return start, stop, step, count, nil
}

func errSliceIndex(v Value) error {
	return TypeError("slice indices must be integers or None or have an __index__ method%s", integerHint(v))
}
