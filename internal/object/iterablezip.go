package object

import (
	"fmt"
	"math/big"

	"github.com/multiproc-go/multiproc/py"
)

// zip is zip(*iterators), whose state is whether it is strict.
func (w *walk) zip(o *py.Object) (*stream, error) {
	parts := make([]*stream, len(o.Args))
	places := map[*stream]int64{}
	for i, arg := range o.Args {
		s, err := w.stream(arg)
		if err != nil {
			return nil, err
		}
		parts[i] = s
		places[s]++
	}
	least := int64(0)
	for i, s := range parts {
		if n := s.least / places[s]; i == 0 || n < least {
			least = n
		}
	}
	strict := o.Built && py.Truth(o.State)
	return &stream{walk: w, least: least, pull: func() (py.Value, bool, error) { return w.zipNext(parts, strict) }}, nil
}

func (w *walk) zipNext(parts []*stream, strict bool) (py.Value, bool, error) {
	if len(parts) == 0 {
		return nil, false, nil
	}
	if err := w.spend(int64(len(parts)+2), slotBytes); err != nil {
		return nil, false, err
	}
	t := make(py.Tuple, len(parts))
	for i, s := range parts {
		v, ok, err := s.next()
		switch {
		case err != nil:
			return nil, false, err
		case !ok && !strict:
			return nil, false, nil
		case !ok && i > 0:
			return nil, false, unequal(i, "shorter")
		case !ok:
			return nil, false, noneLonger(parts)
		}
		t[i] = v
	}
	return t, true, nil
}

// noneLonger is strict's question when the first iterator has ended.
func noneLonger(parts []*stream) error {
	for i, s := range parts[1:] {
		if _, ok, err := s.next(); err != nil {
			return err
		} else if ok {
			return unequal(i+1, "longer")
		}
	}
	return nil
}

func unequal(at int, how string) error {
	others := " 1"
	if at > 1 {
		others = fmt.Sprintf("s 1-%d", at)
	}
	return py.ValueError("zip() argument %d is %s than argument%s", at+1, how, others)
}

// enumerate is enumerate(iterator, next number).
func (w *walk) enumerate(o *py.Object) (*stream, error) {
	if len(o.Args) != 2 {
		return nil, unknownCall(o)
	}
	count, ok := w.counter(o.Args[1], int64(1))
	if !ok {
		return nil, unknownCall(o)
	}
	from, err := w.stream(o.Args[0])
	if err != nil {
		return nil, err
	}
	return &stream{walk: w, least: from.least, pull: func() (py.Value, bool, error) {
		v, ok, err := from.next()
		if !ok || err != nil {
			return nil, false, err
		}
		at, err := count()
		if err == nil {
			err = w.take(4, slotBytes)
		}
		return py.Tuple{at, v}, err == nil, err
	}}, nil
}

// filter is filter(None, iterator), and filter(bool, iterator), which is the same.
func (w *walk) filter(o *py.Object) (*stream, error) {
	if len(o.Args) != 2 {
		return nil, unknownCall(o)
	}
	if f := o.Args[0]; f != nil && f != builtin("bool") {
		return nil, passInstead("iterating over a filter object with a function", "list(filter(...))")
	}
	from, err := w.stream(o.Args[1])
	if err != nil {
		return nil, err
	}
	return &stream{walk: w, pull: func() (py.Value, bool, error) {
		for {
			v, ok, err := from.next()
			if !ok || err != nil {
				return nil, false, err
			}
			if err := w.step(costOf(v)); err != nil {
				return nil, false, err
			}
			kept, known := truth(v)
			if !known {
				return nil, false, passInstead("the truth value of an instance of "+py.TypeName(v), "list(filter(...))")
			}
			if kept {
				return v, true, nil
			}
		}
	}}, nil
}

// truth is bool(v), where that is known. In Python's server a proxy is the object itself.
func truth(v py.Value) (is, known bool) {
	switch v := v.(type) {
	case *py.Object:
		return false, false
	case *Ref:
		switch v.Node.Object.(type) {
		case *list, *dict, *set, *array:
			return count(v.Node.Object) > 0, true
		}
		return false, false
	}
	return py.Truth(v), true
}

// counter counts from a number on. ok is false for what is no int.
func (w *walk) counter(from, step py.Value) (next func() (py.Value, error), ok bool) {
	start, ok := bigInt(from)
	by, ok2 := bigInt(step)
	if !ok || !ok2 {
		return nil, false
	}
	now := py.Int(start)
	return func() (py.Value, error) {
		v := now
		a, ok := v.(int64)
		b, ok2 := step.(int64)
		if sum := a + b; ok && ok2 && (sum > a) == (b > 0) {
			now = sum
			return v, nil
		}
		n, _ := bigInt(v)
		now = py.Int(new(big.Int).Add(n, by))
		return v, w.made(v)
	}, true
}

func bigInt(v py.Value) (*big.Int, bool) {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}
