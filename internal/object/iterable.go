package object

import (
	"math/big"

	"github.com/multiproc-go/multiproc/py"
)

// elements is what a for loop over an argument gets. Beyond py.Elements that is what the server knows more of: its own objects by their proxies, whose contents are taken as they are now, iterators
// that were pickled, and instances of the library's classes of containers. No lock may be held. The slice must not be changed. With an error that came from an iterator's next element there are
// the elements before it.
func elements(v py.Value) ([]py.Value, error) { return (&Call{}).elements(v) }

// elements is the function of the same name, with room for what it makes.
func (c *Call) elements(v py.Value) ([]py.Value, error) { return c.walk(itemBytes).elements(v) }

// sequence is a value that py takes for the same elements, or v itself if it is not iterable: whoever gets it has words of his own for that. There is room for what it, and py with the result,
// makes.
func (c *Call) sequence(v py.Value) (py.Value, error) {
	w := c.walk(itemBytes)
	switch v.(type) {
	case *Ref, *py.Object:
	default:
		return v, w.take(expanded(v), w.each)
	}
	items, err := w.elements(v)
	switch {
	case err == nil:
		return py.Tuple(items), nil
	case !w.begun && py.IsException(err, "TypeError"):
		return v, nil
	}
	return nil, err
}

// A walk goes through what iterables give, for one call. An iterator that the pickle has in several places, as in zip(it, it), is one, and each element of it comes once. What is made on the way
// is bounded: a few bytes can describe iterators without end, and such as take time without end for an element.
type walk struct {
	caller *Caller
	each   int64 // what an element takes in what the call makes of it, in bytes
	asked  int64 // bytes for which room was not asked yet
	left   int64 // steps
	depth  int
	open   map[*py.Object]*stream

	begun   bool // an iterator was asked for elements: from then on a TypeError does not say that something can't be iterated over
	refused bool
}

// maxSteps bounds how often iterators are asked for an element in one walk, of those that stand in others, too. That are some seconds.
const maxSteps = py.MaxItems + py.MaxItems/8

// openSteps is what it costs to begin with an iterable, which may be one in others many times over.
const openSteps = 12

func (c *Call) walk(each int64) *walk { return &walk{caller: c.Caller, each: each, left: maxSteps} }

func (w *walk) elements(v py.Value) ([]py.Value, error) {
	if isIterator(v) {
		s, err := w.stream(v)
		if err != nil {
			return nil, err
		}
		return w.drain(s)
	}
	return w.contents(v)
}

// contents are the elements of what is no iterator.
func (w *walk) contents(v py.Value) ([]py.Value, error) {
	if r, ok := v.(py.Range); ok {
		if err := w.step(costOf(r)); err != nil {
			return nil, err
		}
	}
	if err := w.spend(expanded(v), w.each); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *Ref:
		return refContents(v)
	case *py.Object:
		return w.objectContents(v)
	}
	return py.Elements(v)
}

func refContents(r *Ref) ([]py.Value, error) {
	switch o := r.Node.Object.(type) {
	case *list, *dict, *set, *array:
		v, err := o.Value()
		if err != nil {
			return nil, err
		}
		return py.Elements(v)
	}
	return py.Elements(r) // which has the error
}

// take asks for room for n things of some bytes each, all in all: many small ones are a large one.
func (w *walk) take(n, each int64) error {
	w.asked += n * each
	if w.asked <= askFrom {
		return nil
	}
	if w.caller != nil && w.caller.Room != nil {
		if err := w.caller.Room(w.asked); err != nil {
			w.refused = true
			return err
		}
	}
	w.asked = 0
	return nil
}

// step counts steps.
func (w *walk) step(n int64) error {
	if w.left -= n; w.left < 0 {
		w.refused = true
		return py.MemoryError("the iterators take more than %d steps", int64(maxSteps))
	}
	return nil
}

// spend is for n things that are made at once: a step each.
func (w *walk) spend(n, each int64) error {
	if err := w.step(n); err != nil {
		return err
	}
	return w.take(n, each)
}

// made is for a value that was made, which takes time as it takes memory.
func (w *walk) made(v py.Value) error { return w.spend(costOf(v), 1) }

// costOf is about how many bytes there are in a value that is no container.
func costOf(v py.Value) int64 {
	switch v := v.(type) {
	case string:
		return 1 + int64(len(v))
	case py.Bytes:
		return 1 + int64(len(v))
	case *big.Int:
		return itemBytes + int64(v.BitLen()/8)
	case py.Range:
		return 1 + costOf(v.Start) + costOf(v.Stop) + costOf(v.Step)
	}
	return 1
}

// maxHashCost is as far as the cost of a hash is looked for, which may take as long as the hash.
const maxHashCost = 1 << 20

// hashCost is about how many steps the hash of a key takes, as far as most.
func hashCost(key py.Value, most int64) int64 {
	var parts []py.Value
	switch key := key.(type) {
	case py.Tuple:
		parts = key
	case *py.FrozenSet:
		for v := range key.All() {
			parts = append(parts, v)
			if int64(len(parts)) > most {
				break
			}
		}
	default:
		return costOf(key)
	}
	n := int64(1)
	for _, v := range parts {
		if n >= most {
			break
		}
		n += hashCost(v, most-n)
	}
	return n
}

// enter is deeper, and a few steps.
func (w *walk) enter() error {
	if err := w.step(openSteps); err != nil {
		w.depth++ // as if it had been entered
		return err
	}
	return w.deeper()
}

// deeper counts how deep iterators stand in each other, which those that a client's hand has made may do without end.
func (w *walk) deeper() error {
	if w.depth++; w.depth > py.MaxDepth {
		return py.RecursionError("maximum recursion depth exceeded")
	}
	return nil
}

// drain is all that is still to come of an iterator. What the server refuses is refused as a whole, with no elements before it.
func (w *walk) drain(s *stream) ([]py.Value, error) {
	w.begun = true
	if s.least > py.MaxItems {
		return nil, py.MemoryError("the iterator has more than %d elements", py.MaxItems)
	}
	if err := w.take(s.least, w.each); err != nil {
		return nil, err
	}
	out := make([]py.Value, 0, min(s.least, askFrom/slotBytes))
	for {
		v, ok, err := s.next()
		if err == nil && ok && int64(len(out)) >= s.least {
			if err = w.take(1, w.each); err == nil && len(out) == py.MaxItems {
				w.refused = true
				err = py.MemoryError("the iterator has more than %d elements", py.MaxItems)
			}
		}
		switch {
		case w.refused:
			return nil, err
		case err != nil || !ok:
			return out, err
		}
		out = append(out, v)
	}
}
