package object

import "github.com/multiproc-go/multiproc/py"

// repeat is repeat(v), without end, and repeat(v, times).
func (w *walk) repeat(o *py.Object) (*stream, error) {
	n := int64(endless)
	switch len(o.Args) {
	case 1:
	case 2:
		times, ok := o.Args[1].(int64)
		if !ok {
			return nil, unknownCall(o)
		}
		n = max(times, 0)
	default:
		return nil, unknownCall(o)
	}
	v := o.Args[0]
	return &stream{walk: w, least: n, pull: func() (py.Value, bool, error) {
		if n == 0 {
			return nil, false, nil
		}
		if n != endless {
			n--
		}
		return v, true, nil
	}}, nil
}

// count is count(next) and count(next, step), of ints: sums of others are Python's affair.
func (w *walk) count(o *py.Object) (*stream, error) {
	var step py.Value = int64(1)
	if len(o.Args) == 2 {
		step = o.Args[1]
	} else if len(o.Args) != 1 {
		return nil, unknownCall(o)
	}
	next, ok := w.counter(o.Args[0], step)
	if !ok {
		return nil, unknownCall(o)
	}
	return &stream{walk: w, least: endless, pull: func() (py.Value, bool, error) {
		v, err := next()
		return v, err == nil, err
	}}, nil
}

// chain is chain() with the state (iterator over iterables, the one of these that has begun).
func (w *walk) chain(o *py.Object) (*stream, error) {
	if !o.Built {
		return w.chained(w.over(o.Args), nil), nil // which Python has only without any
	}
	state, ok := o.State.(py.Tuple)
	if !ok || len(o.Args) > 0 || len(state) < 1 || len(state) > 2 {
		return nil, unknownCall(o)
	}
	from, err := w.stream(state[0])
	if err != nil {
		return nil, err
	}
	var active *stream
	if len(state) == 2 {
		if active, err = w.stream(state[1]); err != nil {
			return nil, err
		}
	}
	return w.chained(from, active), nil
}

func (w *walk) chained(from, active *stream) *stream {
	return &stream{walk: w, pull: func() (py.Value, bool, error) {
		for from != nil {
			if active == nil {
				iterable, ok, err := from.next()
				if err == nil && ok {
					active, err = w.stream(iterable)
				}
				if err != nil || !ok {
					from = nil
					return nil, false, err
				}
			}
			if v, ok, err := active.next(); ok || err != nil {
				return v, ok, err
			}
			active = nil
		}
		return nil, false, nil
	}}
}

// islice is islice(iterator, next index, stop, step) with the state of how many elements the iterator has given; one that has ended is islice(iter([]), 0).
func (w *walk) islice(o *py.Object) (*stream, error) {
	if len(o.Args) == 2 && o.Args[1] == int64(0) {
		return w.over(nil), nil
	}
	if len(o.Args) != 4 {
		return nil, unknownCall(o)
	}
	at, ok := o.Args[1].(int64)
	stop, ok2 := o.Args[2].(int64)
	step, ok3 := o.Args[3].(int64)
	if o.Args[2] == nil {
		stop, ok2 = endless, true
	}
	given, _ := o.State.(int64)
	if !ok || !ok2 || !ok3 || at < 0 || stop < 0 || step < 1 || given < 0 {
		return nil, unknownCall(o)
	}
	from, err := w.stream(o.Args[0])
	if err != nil {
		return nil, err
	}
	ended := false
	return &stream{walk: w, pull: func() (py.Value, bool, error) {
		for !ended {
			if given >= stop && given >= at {
				break
			}
			v, ok, err := from.next()
			if err != nil {
				return nil, false, err
			}
			if !ok {
				break
			}
			if given++; given <= at {
				continue
			}
			if at += step; at < 0 || at > stop {
				at = stop
			}
			return v, true, nil
		}
		ended = true
		return nil, false, nil
	}}, nil
}
