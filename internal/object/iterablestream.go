package object

import (
	"math"
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// A stream is an iterator: pull gives the next element, and ok is false when there is none.
type stream struct {
	walk  *walk
	pull  func() (v py.Value, ok bool, err error)
	least int64 // how many elements are to come if nobody else asks for some; 0 where that is not known
}

func (s *stream) next() (v py.Value, ok bool, err error) {
	w := s.walk
	if err = w.step(1); err != nil {
		return nil, false, err
	}
	if err = w.deeper(); err == nil {
		v, ok, err = s.pull()
	}
	w.depth--
	return v, ok, err
}

// iterators are the classes of iterators that can be pickled, but for those of itertools, which have no end or take long for an element, and which 3.14 pickles no more.
var iterators map[string]func(w *walk, o *py.Object) (*stream, error)

func init() { // the functions refer to the table
	iterators = map[string]func(w *walk, o *py.Object) (*stream, error){
		"builtins.iter":                        (*walk).iter,
		"builtins.reversed":                    (*walk).reversed,
		"builtins.zip":                         (*walk).zip,
		"builtins.enumerate":                   (*walk).enumerate,
		"builtins.filter":                      (*walk).filter,
		"builtins.map":                         (*walk).mapped,
		"collections._deque_iterator":          (*walk).deque,
		"_collections._deque_iterator":         (*walk).deque,
		"collections._deque_reverse_iterator":  (*walk).dequeReversed,
		"_collections._deque_reverse_iterator": (*walk).dequeReversed,
	}
}

// puller is an object of the server's that is an iterator.
type puller interface {
	pullOne() (v py.Value, ok bool, err error)
}

func isIterator(v py.Value) bool {
	switch v := v.(type) {
	case *Ref:
		_, ok := v.Node.Object.(puller)
		return ok
	case *py.Object:
		return iterators[v.ClassName()] != nil
	}
	return false
}

// stream is iter(v).
func (w *walk) stream(v py.Value) (*stream, error) {
	err := w.enter()
	defer func() { w.depth-- }()
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *Ref:
		if p, ok := v.Node.Object.(puller); ok {
			return &stream{walk: w, pull: p.pullOne}, nil
		}
	case *py.Object:
		if s := w.open[v]; s != nil {
			return s, nil
		}
		if make := iterators[v.ClassName()]; make != nil {
			s, err := make(w, v)
			if err == nil {
				if w.open == nil {
					w.open = map[*py.Object]*stream{}
				}
				w.open[v] = s
				err = w.take(1, streamBytes)
			}
			return s, err
		}
	case py.Range:
		return w.rangeFrom(v, 0)
	}
	items, err := w.contents(v)
	if err != nil {
		return nil, err
	}
	return w.over(items), nil
}

// streamBytes is about what a stream takes.
const streamBytes = 256

// over is an iterator over items.
func (w *walk) over(items []py.Value) *stream {
	return &stream{walk: w, least: int64(len(items)), pull: func() (py.Value, bool, error) {
		if len(items) == 0 {
			return nil, false, nil
		}
		v := items[0]
		items = items[1:]
		return v, true, nil
	}}
}

// rangeFrom is an iterator over a range from one of its elements on. It makes them when they are asked for: zip(range(10**12), "ab") is short.
func (w *walk) rangeFrom(r py.Range, at int64) (*stream, error) {
	if err := w.step(costOf(r)); err != nil {
		return nil, err
	}
	n, err := r.Len()
	if err != nil {
		if !py.IsException(err, "OverflowError") {
			return nil, err
		}
		n = math.MaxInt64 // which nobody lives to see the end of
	}
	start, ok := r.Start.(int64)
	step, ok2 := r.Step.(int64)
	_, ok3 := r.Stop.(int64)
	small := ok && ok2 && ok3 // then each element lies between start and stop
	at = min(max(at, 0), n)
	return &stream{walk: w, least: n - at, pull: func() (py.Value, bool, error) {
		if at == n {
			return nil, false, nil
		}
		at++
		if small {
			return start + (at-1)*step, true, nil
		}
		if err := w.step(costOf(r)); err != nil { // which it is computed from
			return nil, false, err
		}
		v, err := r.GetItem(at - 1)
		if err != nil {
			return nil, false, err
		}
		return v, true, w.made(v)
	}}, nil
}

// iter is an iterator over a sequence, whose place is its state. Those over dicts and sets are written as ones over lists of what is still to come.
func (w *walk) iter(o *py.Object) (*stream, error) {
	if len(o.Args) != 1 {
		return nil, unknownCall(o)
	}
	at, _ := o.State.(int64)
	switch v := o.Args[0].(type) {
	case py.Range:
		return w.rangeFrom(v, at)
	default:
		if isIterator(v) {
			return w.stream(v)
		}
	}
	items, err := w.contents(o.Args[0])
	if err != nil {
		return nil, err
	}
	return w.over(items[within(at, items):]), nil
}

// reversed is the same from the end, where the state is the index of the next element.
func (w *walk) reversed(o *py.Object) (*stream, error) {
	if len(o.Args) != 1 {
		return nil, unknownCall(o)
	}
	items, err := w.contents(o.Args[0])
	if err != nil {
		return nil, err
	}
	if o.Built {
		at, _ := o.State.(int64)
		items = items[:within(at+1, items)]
	}
	return w.backwards(items)
}

func (w *walk) backwards(items []py.Value) (*stream, error) {
	if err := w.take(int64(len(items)), slotBytes); err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	return w.over(items), nil
}

// deque is _deque_iterator(deque, at).
func (w *walk) deque(o *py.Object) (*stream, error) {
	items, at, err := w.dequeArgs(o)
	if err != nil {
		return nil, err
	}
	return w.over(items[at:]), nil
}

func (w *walk) dequeReversed(o *py.Object) (*stream, error) {
	items, at, err := w.dequeArgs(o)
	if err != nil {
		return nil, err
	}
	return w.backwards(items[:len(items)-at])
}

func (w *walk) dequeArgs(o *py.Object) (items []py.Value, at int, err error) {
	if len(o.Args) != 2 {
		return nil, 0, unknownCall(o)
	}
	n, ok := o.Args[1].(int64)
	if !ok {
		return nil, 0, unknownCall(o)
	}
	items, err = w.contents(o.Args[0])
	return items, within(n, items), err
}

// within is an index as the nearest place in a list, as iterators take it.
func within(at int64, items []py.Value) int { return int(min(max(at, 0), int64(len(items)))) }

// unknownCall is for a call with arguments that the class's instances are not written with.
func unknownCall(o *py.Object) error {
	return passInstead("iterating over a call of "+o.ClassName()+" with such arguments", "list(x)")
}

// passInstead is the exception for what only the client can iterate over.
func passInstead(what, instead string) *py.Exception {
	return py.NotImplementedError("%s would have to run Python code in the server, which has none; pass %s instead", what, instead)
}
