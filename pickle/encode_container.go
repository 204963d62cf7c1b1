package pickle

import (
	"iter"
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// batch is how many items are on Python's stack before they go into their container, as in Python's own pickles. It makes no difference to the time that reading takes (1,000 to
// all at once were measured), but a batch keeps the stack small.
const batch = 1000

func (e *encoder) list(m *identEntry, items []py.Value) {
	e.op(opEmptyList)
	e.keep(m)
	if e.isHeld(m) && e.anyLeadsBack(slices.Values(items)) {
		e.holdBack(m, func() { e.listItems(items) })
		return
	}
	e.listItems(items)
}

func (e *encoder) listItems(items []py.Value) {
	if e.down() {
		e.appends(items)
		e.up()
	}
}

// appends gives items to the list, or instance, on the stack.
func (e *encoder) appends(items []py.Value) {
	for len(items) > 1 {
		n := min(len(items), batch)
		e.op(opMark)
		e.values(items[:n])
		e.op(opAppends)
		items = items[n:]
	}
	if len(items) == 1 {
		e.value(items[0])
		e.op(opAppend)
	}
}

func (e *encoder) values(items []py.Value) {
	for _, v := range items {
		if f, ok := v.(float64); ok && len(e.out) < e.full { // the long lists
			e.float(f)
			continue
		}
		e.value(v)
	}
}

func (e *encoder) up() { e.depth-- }

func (e *encoder) dict(m *identEntry, d *py.Dict) {
	e.op(opEmptyDict)
	e.keep(m)
	if e.isHeld(m) && e.anyLeadsBack(keysAndValues(d)) {
		e.holdBack(m, func() { e.setItems(d) })
		return
	}
	e.setItems(d)
}

// setItems gives the items of d to the dict on the stack.
func (e *encoder) setItems(d *py.Dict) {
	n := d.Len()
	if n == 0 || !e.down() {
		return
	}
	i := 0
	for k, v := range d.All() {
		e.beforeItem(i, n)
		e.value(k)
		e.value(v)
		i++
		e.afterItem(i, n, opSetItem, opSetItems)
	}
	e.up()
}

// setPairs sets items in the instance on the stack.
func (e *encoder) setPairs(pairs []py.Pair) {
	for i, p := range pairs {
		e.beforeItem(i, len(pairs))
		e.value(p.Key)
		e.value(p.Value)
		e.afterItem(i+1, len(pairs), opSetItem, opSetItems)
	}
}

// beforeItem comes before item i of n, counted from 0: a batch of several begins with a mark.
func (e *encoder) beforeItem(i, n int) {
	if i%batch == 0 && i != n-1 {
		e.op(opMark)
	}
}

// afterItem comes after item i of n, counted from 1: the batch goes into its container.
func (e *encoder) afterItem(i, n int, one, many Op) {
	switch {
	case i == n && i%batch == 1:
		e.op(one)
	case i == n || i%batch == 0:
		e.op(many)
	}
}

// tuple writes a tuple, which gets its place in the memo when it is complete.
func (e *encoder) tuple(t py.Tuple) {
	if len(t) == 0 {
		e.op(opEmptyTuple)
		return
	}
	m, done := e.met(tupleIdent(t))
	if done || !e.down() {
		return
	}
	defer e.up()
	if len(t) > 3 {
		e.op(opMark)
	}
	for i, v := range t {
		e.value(v)
		if complete(m) {
			e.drop(i+1, len(t) > 3)
			e.fetch(m)
			return
		}
	}
	switch len(t) {
	case 1:
		e.op(opTuple1)
	case 2:
		e.op(opTuple2)
	case 3:
		e.op(opTuple3)
	default:
		e.op(opTuple)
	}
	e.keep(m)
}

// drop takes n values off the stack, or all that is above the mark.
func (e *encoder) drop(n int, marked bool) {
	if marked {
		e.op(opPopMark)
		return
	}
	for range n {
		e.op(opPop)
	}
}

func (e *encoder) set(m *identEntry, s *py.Set) {
	if e.protocol < 4 {
		e.calledSet(m, &globalSet, s.Len(), s.All())
		return
	}
	e.op(opEmptySet)
	e.keep(m)
	if !e.down() {
		return
	}
	i, n := 0, s.Len()
	for v := range s.All() {
		if i%batch == 0 { // there is no opcode for a single element
			e.op(opMark)
		}
		e.value(v)
		if i++; i == n || i%batch == 0 {
			e.op(opAddItems)
		}
	}
	e.up()
}

func (e *encoder) frozenSet(m *identEntry, s *py.FrozenSet) {
	if e.protocol < 4 {
		e.calledSet(m, &globalFrozenSet, s.Len(), s.All())
		return
	}
	if !e.down() {
		return
	}
	defer e.up()
	e.op(opMark)
	for v := range s.All() {
		e.value(v)
		if complete(m) {
			e.op(opPopMark)
			e.fetch(m)
			return
		}
	}
	e.op(opFrozenSet)
	e.keep(m)
}

// calledSet writes a set for protocols that have no opcodes for it: as the call of its class with a list.
func (e *encoder) calledSet(m *identEntry, class *py.Global, n int, elems iter.Seq[py.Value]) {
	if !e.down() {
		return
	}
	defer e.up()
	e.global(class)
	e.op(opEmptyList)
	i := 0
	for v := range elems {
		e.beforeItem(i, n)
		e.value(v)
		i++
		e.afterItem(i, n, opAppend, opAppends)
	}
	e.op(opTuple1)
	e.op(opReduce)
	e.keepNew(m)
}
