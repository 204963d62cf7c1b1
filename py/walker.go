package py

import (
	"errors"
	"math"
)

// walker is one walk over a value, or over two at once: one Equal, Hash or Compare.
//
// A value whose parts are shared can be exponentially larger than what it takes in memory: a list that has the same list twice, which has the same list twice, and so on. So
// a walk that has taken long remembers what it has found out about larger parts, and does not walk over them again.
type walker struct {
	depth  int // how many containers the place is in
	work   int // how many containers were entered
	opaque int // how many of those around the place are Objects
	op     Op  // what an order is asked for

	strict   bool // an Object equals only itself
	unsteady bool // a hash has that of an Object in it, which can change
	limit    int  // of work, for a walk that may end without an answer; 0 is none

	equals map[pair]visit
	hashes map[ref]uint64
	classes
}

// pair are two containers that are compared.
type pair struct {
	a, b   ref
	inside bool // of an Object, where fewer types are alike
}

// visit is what is known of a pair.
type visit struct {
	done   bool // it is known whether the two are equal; else they are being compared
	equal  bool
	opaque int // walker.opaque where that began
	rests  int // see classes.rests
}

// mark is where a comparison began: what w.work, the log's length and w.rests were.
type mark struct{ work, since, rests int }

const (
	// freeWork is how many containers a walk enters before it remembers any.
	freeWork = 1000
	// freePart is how many containers are entered in a part that is not remembered. Most lists have few lists in them.
	freePart = 32
	// freeDepth is how deep a walk goes before it looks for cycles.
	freeDepth = 50
)

// errTooMuchWork ends a walk at its limit.
var errTooMuchWork = errors.New("py: the walk has reached its limit")

func (w *walker) deeper(message string) error {
	if w.depth >= MaxDepth {
		return RecursionError(message)
	}
	if w.limit > 0 && w.work >= w.limit {
		return errTooMuchWork
	}
	w.depth++
	w.work++
	return nil
}

// enter begins to compare two containers. settled tells that they need not be compared: it is known whether they are equal, or they are being compared already, further out, with
// an Object between the two. Python would not look into an Object (or would fail); here two that refer to themselves in the same way are equal. Other containers that refer to
// themselves are a RecursionError, as in Python.
func (w *walker) enter(p pair) (settled, equal bool, err error) {
	x, y := p.objects()
	if x != nil {
		if united, rests := w.united(x, y); united {
			w.rests = min(w.rests, rests)
			return true, true, nil
		}
	}
	if v, known := w.equals[p]; known {
		if v.equal || !v.done {
			w.rests = min(w.rests, v.rests)
		}
		if v.done {
			return true, v.equal, nil
		}
		if v.opaque == w.opaque {
			return false, false, w.tooDeep()
		}
		return true, true, nil
	}
	if err := w.deeper("maximum recursion depth exceeded in comparison"); err != nil {
		return false, false, err
	}
	switch {
	case x != nil && (w.depth > freeDepth || w.work > freeWork):
		w.unite(x, y)
	case x == nil && w.depth > freeDepth:
		w.remember(p, visit{opaque: w.opaque, rests: len(w.log) - 1})
	}
	return false, false, nil
}

// objects are the two of a pair if they are Objects.
func (p pair) objects() (a, b *Object) {
	a, _ = p.a.at.(*Object)
	b, _ = p.b.at.(*Object)
	return a, b
}

func (w *walker) tooDeep() error {
	return RecursionError("maximum recursion depth exceeded in comparison")
}

func (w *walker) remember(p pair, v visit) {
	if w.equals == nil {
		w.equals = map[pair]visit{}
	}
	w.equals[p] = v
}

// leave ends what enter began. Mostly a walk ends with the first two that are not equal, but an element of a set may still equal another one.
func (w *walker) leave(p pair, from mark, equal bool) {
	x, y := p.objects()
	proven := !equal || w.rests >= from.since
	if equal {
		w.rests = min(w.rests, from.rests)
	} else {
		w.forget(from.since)
		w.rests = from.rests
	}
	large := w.work > freeWork && w.work-from.work > freePart
	if large && equal && x != nil {
		w.unite(x, y)
	}
	switch {
	case large && proven:
		w.remember(p, visit{done: true, equal: equal, rests: math.MaxInt})
	case large && x == nil:
		w.remember(p, visit{done: true, equal: equal, rests: w.rests})
		w.log = append(w.log, logged{pair: p})
	case x == nil && w.depth > freeDepth:
		delete(w.equals, p)
	}
	w.depth--
}

// hashOnce hashes a container, or remembers its hash.
func (w *walker) hashOnce(r ref, hash func() (uint64, error)) (uint64, error) {
	if h, known := w.hashes[r]; known {
		return h, nil
	}
	before := w.work
	h, err := hash()
	if err == nil && w.work > freeWork && w.work-before > freePart {
		if w.hashes == nil {
			w.hashes = map[ref]uint64{}
		}
		w.hashes[r] = h
	}
	return h, err
}
