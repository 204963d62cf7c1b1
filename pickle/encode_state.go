package pickle

import (
	"iter"
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// What a call gets as arguments has to be complete when the call is made: list.__new__ and set copy what they are given. But it may lead back to what the call makes:
//
//	s = MySet([h]); h.owner = s
//	l = []; d = deque([l]); l.append(d)
//
// Somewhere on that way is something that can be filled later: a state, or a list or dict that has the object in it. What belongs to the same component of the graph (scan_cycle.go) is held
// back while the arguments are written, and follows when the object exists: all states, and the items of what refers to an object that is not made yet. Python's own pickler comes to the same,
// since it takes an object apart anew when it meets it among its arguments. Where nothing can be filled later (a list that is an argument, and has the object itself in it) the call gets it as it is.

// underWay is the place in the memo of an object whose arguments are being written.
const underWay = -2

// heldBack is what an object, which is in the memo, will be given.
type heldBack struct {
	m    *identEntry
	fill func()
}

// arguments is the writing of an object's arguments.
type arguments struct {
	outer int32 // the component whose arguments are being written around these
	held  int   // how much was held back before
	first bool  // these are not within arguments of the same component
}

// beginArguments is called before the arguments of an object are written.
func (e *encoder) beginArguments(m *identEntry) arguments {
	a := arguments{outer: e.within, held: len(e.held)}
	if m == nil || m.open == 0 {
		return a
	}
	if m.number == unwritten {
		m.number = underWay
	}
	if m.open != e.within {
		e.within = m.open
		a.first = true
	}
	return a
}

// endArguments gives what was held back, after the object has been made.
func (e *encoder) endArguments(a arguments) {
	if !a.first {
		return
	}
	e.within = a.outer
	for i := a.held; i < len(e.held); i++ {
		h := e.held[i]
		e.fetch(h.m)
		h.fill()
		e.op(opPop)
	}
	clear(e.held[a.held:])
	e.held = e.held[:a.held]
}

// isHeld tells whether something that belongs to an object may have to wait.
func (e *encoder) isHeld(m *identEntry) bool { return e.within != 0 && m != nil && m.open == e.within }

func (e *encoder) holdBack(m *identEntry, fill func()) { e.held = append(e.held, heldBack{m, fill}) }

// mostLooked is how many values below the items of a container leadsBack looks at. What is not found by then is written where it stands.
const mostLooked = 200

// leadsBack tells whether v is an object whose arguments are being written, or needs one to be made: has it among its parts or, if it copies what it gets, in a list or dict.
func (e *encoder) leadsBack(v py.Value, how copying, looked *int) bool {
	var parts iter.Seq[py.Value] = noParts
	below := kept
	switch x := v.(type) {
	case *py.Object:
		m := e.memo.get(pointed(kindObject, v))
		switch {
		case m == nil || complete(m):
			return false
		case m.number == underWay:
			return true
		}
		parts, below = slices.Values(x.Args), copies(x)
	case *py.Exception:
		if !complete(e.memo.get(pointed(kindException, v))) {
			parts = slices.Values(x.Args)
		}
	case *py.FrozenSet:
		if !complete(e.memo.get(pointed(kindFrozenSet, v))) {
			parts = x.All()
		}
	case py.Slice:
		parts = slices.Values([]py.Value{x.Start, x.Stop, x.Step})
	case py.Tuple:
		if !complete(e.memo.get(tupleIdent(x))) {
			parts = slices.Values(x)
		}
	case *py.List:
		if how == isPair && len(x.Items) != 2 {
			break
		}
		if how != kept && !complete(e.memo.get(pointed(kindList, v))) {
			parts = slices.Values(x.Items)
			if how == copiedOrPairs {
				below = isPair
			}
		}
	case *py.Dict:
		if how == copied && !complete(e.memo.get(pointed(kindDict, v))) {
			parts = keysAndValues(x)
		}
	}
	for p := range parts {
		if *looked++; *looked > mostLooked {
			return false
		}
		if e.leadsBack(p, below, looked) {
			return true
		}
	}
	return false
}

// copying is what becomes of a list or dict that is an argument.
type copying uint8

const (
	kept          copying = iota // it stays what it is, and can be filled later
	copied                       // its items are taken
	copiedOrPairs                // so they are, and may be lists of a key and a value
	isPair                       // such a list
)

// copies tells what an object probably does with its arguments: a subclass of set, deque([...], maxlen), and what else protocols 0 and 1, or Python 2, make with their content as an argument take
// the items of a list or dict. Others mostly keep what they are given.
func copies(o *py.Object) copying {
	if o.Form != py.Called || len(o.Args) == 0 {
		return kept
	}
	if o.Class == globalReconstructor {
		return copied
	}
	if _, ok := o.Args[0].(*py.List); !ok || len(o.Args) > 2 {
		return kept
	}
	if len(o.Args) == 2 && o.Args[1] != nil {
		if _, ok := o.Args[1].(int64); !ok {
			return kept
		}
	}
	return copiedOrPairs
}

var globalReconstructor py.Value = py.Global{Module: "copyreg", Name: "_reconstructor"}

func noParts(func(py.Value) bool) {}

// anyLeadsBack is leadsBack for the items of one container.
func (e *encoder) anyLeadsBack(items iter.Seq[py.Value]) bool {
	looked := 0
	for v := range items {
		if e.leadsBack(v, kept, &looked) {
			return true
		}
	}
	return false
}

// keysAndValues are those of a dict.
func keysAndValues(d *py.Dict) iter.Seq[py.Value] {
	return func(yield func(py.Value) bool) {
		for k, v := range d.All() {
			if !yield(k) || !yield(v) {
				return
			}
		}
	}
}

// state gives an object its state, now or later.
func (e *encoder) state(m *identEntry, o *py.Object) {
	switch {
	case !o.Built && len(o.Calls) == 0:
	case e.isHeld(m):
		e.holdBack(m, func() { e.states(m, o) })
	default:
		e.states(m, o)
	}
}

// attributes gives a state that may be None, which is none then.
func (e *encoder) attributes(m *identEntry, state py.Value) {
	write := func() {
		e.part(state)
		e.op(opBuild)
	}
	switch {
	case state == nil:
	case e.isHeld(m):
		e.holdBack(m, write)
	default:
		write()
	}
}

func (e *encoder) states(m *identEntry, o *py.Object) {
	if o.Built {
		e.value(o.State)
		e.op(opBuild)
	}
	for _, s := range o.Later {
		e.value(s)
		e.op(opBuild)
	}
	for _, c := range o.Calls {
		e.value(c.Func)
		e.op(opMark)
		e.fetch(m)
		e.values(c.Args)
		e.op(opTuple)
		e.op(opReduce)
		e.op(opPop)
	}
}
