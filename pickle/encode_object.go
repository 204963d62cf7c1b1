package pickle

import (
	"errors"
	"fmt"
	"iter"

	"github.com/multiproc-go/multiproc/py"
)

var errAddedNeeds4 = errors.New("an object to which elements were added as to a set needs protocol 4")

func (e *encoder) scanObject(o *py.Object, depth int) error {
	if err := e.enter(depth); err != nil {
		return err
	}
	if o.Form == py.Extension {
		if _, _, err := extensionCode(o); err != nil {
			return err
		}
	} else {
		if err := e.scan(o.Class, depth+1); err != nil {
			return at(err, ".__class__")
		}
		if err := e.scanArgs(o, depth); err != nil {
			return err
		}
	}
	if o.Added && len(o.Items) > 0 && e.protocol < 4 {
		return errAddedNeeds4
	}
	if err := e.scanItems(o.Items, depth); err != nil {
		return err
	}
	for _, p := range o.Pairs {
		if err := e.scan(p.Key, depth+1); err != nil {
			return at(err, ".keys()")
		}
		if err := e.scan(p.Value, depth+1); err != nil {
			return atKey(err, p.Key)
		}
	}
	if o.Built {
		if err := e.scan(o.State, depth+1); err != nil {
			return at(err, ".state")
		}
	}
	for _, s := range o.Later {
		if err := e.scan(s, depth+1); err != nil {
			return at(err, ".state")
		}
	}
	for _, c := range o.Calls {
		e.again(pointed(kindObject, o)) // it is the first argument
		if err := e.scan(c.Func, depth+1); err != nil {
			return at(err, ".call")
		}
		if err := e.scanItems(c.Args, depth+1); err != nil {
			return at(err, ".call")
		}
	}
	if o.Class == nil && o.Form != py.Extension {
		return errors.New("an object needs a Class")
	}
	return nil
}

// madeOfParts tells whether something has to be read before the object exists. An instance of a class without arguments does so when its state is read, as lists do.
func madeOfParts(o *py.Object) bool {
	_, plain := o.Class.(py.Global)
	return !plain && o.Form != py.Extension || len(o.Args) > 0 || o.Kwargs != nil
}

// scanArgs looks into the arguments. Whether the tuple that they came in is another part of the value, too, matters for the forms that write one.
func (e *encoder) scanArgs(o *py.Object, depth int) error {
	switch o.Form {
	case py.Called, py.Made, py.Classic, py.MadeWith:
	default:
		return fmt.Errorf("an object can't have form %d", o.Form)
	}
	if e.withKeywords(o) {
		if err := at(e.scan(o.Kwargs, depth+1), ".kwargs"); err != nil {
			return err
		}
		switch e.protocol {
		case 2:
			// partialNew writes these twice.
			e.need(&globalPartial)
			e.need(&globalGetattr)
			e.need(&globalGetattr)
			if err := e.scan(o.Class, depth+1); err != nil {
				return at(err, ".__class__")
			}
			return at(e.scanItems(o.Args, depth+1), ".args")
		case 3:
			e.need(&globalNewObjEx)
		}
	}
	if o.Form == py.Classic {
		return at(e.scanItems(o.Args, depth+1), ".args")
	}
	return at(e.scan(o.Args, depth+1), ".args")
}

// withKeywords tells whether __new__ gets keyword arguments. Without them NEWOBJ does the same as NEWOBJ_EX, and every protocol has it.
func (e *encoder) withKeywords(o *py.Object) bool {
	return o.Form == py.MadeWith && (e.protocol >= 4 || o.Kwargs != nil && o.Kwargs.Len() > 0)
}

// object writes an object the way it came.
func (e *encoder) object(m *identEntry, o *py.Object) {
	if !e.down() {
		return
	}
	defer e.up()
	a := e.beginArguments(m)
	switch {
	case o.Form == py.Extension:
		e.extension(o)
	case o.Form == py.Classic:
		e.op(opMark)
		e.value(o.Class)
		e.values(o.Args)
		e.op(opObj)
	case e.withKeywords(o):
		e.madeWith(o)
	default:
		e.value(o.Class)
		e.value(o.Args)
		if o.Form == py.Called {
			e.op(opReduce)
		} else {
			e.op(opNewObj)
		}
	}
	isNew := e.keepNew(m)
	e.endArguments(a)
	if !isNew {
		return
	}
	if e.isHeld(m) && e.anyLeadsBack(partsLater(o)) {
		e.holdBack(m, func() { e.fill(o) })
	} else {
		e.fill(o)
	}
	e.state(m, o)
}

// partsLater are the items that an object gets when it exists.
func partsLater(o *py.Object) iter.Seq[py.Value] {
	return func(yield func(py.Value) bool) {
		for _, v := range o.Items {
			if !yield(v) {
				return
			}
		}
		for _, p := range o.Pairs {
			if !yield(p.Key) || !yield(p.Value) {
				return
			}
		}
	}
}

// fill gives the object on the stack its items.
func (e *encoder) fill(o *py.Object) {
	if o.Added && len(o.Items) > 0 {
		e.additions(o.Items)
	} else {
		e.appends(o.Items)
	}
	e.setPairs(o.Pairs)
}

// madeWith writes what NEWOBJ_EX does. For protocol 3 copyreg has a function that does it; of Python 2, which has none, and Python 3 alike it takes a partial function of __new__.
func (e *encoder) madeWith(o *py.Object) {
	switch e.protocol {
	case 2:
		e.partialNew(o)
		return
	case 3:
		e.global(&globalNewObjEx)
	}
	e.value(o.Class)
	e.value(o.Args)
	if o.Kwargs == nil {
		e.op(opEmptyDict)
	} else {
		e.value(o.Kwargs)
	}
	if e.protocol == 3 {
		e.op(opTuple3)
		e.op(opReduce)
	} else {
		e.op(opNewObjEx)
	}
}

// partialNew writes functools.partial(getattr(Class, '__new__'), Class, *Args, **Kwargs)(). A partial gets all that it calls from its state, so it is made of any function.
func (e *encoder) partialNew(o *py.Object) {
	e.global(&globalPartial)
	e.global(&globalGetattr)
	e.op(opTuple1)
	e.op(opReduce)

	e.op(opMark)
	e.global(&globalGetattr)
	e.value(o.Class)
	e.plainText("__new__")
	e.op(opTuple2)
	e.op(opReduce)
	e.op(opMark)
	e.value(o.Class)
	e.values(o.Args)
	e.op(opTuple)
	e.value(o.Kwargs)
	e.op(opNone)
	e.op(opTuple)
	e.op(opBuild)

	e.op(opEmptyTuple)
	e.op(opReduce)
}

// extensionCode is the opcode for an extension, and its number.
func extensionCode(o *py.Object) (op Op, code uint32, err error) {
	var n int64
	if len(o.Args) == 1 {
		n, _ = o.Args[0].(int64)
	}
	switch {
	case n <= 0 || n > 1<<31-1:
		return 0, 0, errors.New("an object of form Extension needs one argument, its code, from 1 to 2147483647")
	case n < 1<<8:
		return opExt1, uint32(n), nil
	case n < 1<<16:
		return opExt2, uint32(n), nil
	}
	return opExt4, uint32(n), nil
}

func (e *encoder) extension(o *py.Object) {
	switch op, n, _ := extensionCode(o); op {
	case opExt1:
		e.op1(op, uint8(n))
	case opExt2:
		e.out = append(e.out, byte(op), byte(n), byte(n>>8))
	default:
		e.op4(op, n)
	}
}

// additions adds the items to the object on the stack.
func (e *encoder) additions(items []py.Value) {
	for len(items) > 0 {
		n := min(len(items), batch)
		e.op(opMark)
		e.values(items[:n])
		e.op(opAddItems)
		items = items[n:]
	}
}

func (e *encoder) scanException(x *py.Exception, depth int) error {
	if err := e.enter(depth); err != nil {
		return err
	}
	if err := e.scanGlobal(x.Class); err != nil {
		return at(err, ".__class__")
	}
	if err := e.scan(x.Args, depth+1); err != nil {
		return at(err, ".args")
	}
	return at(e.scan(x.State, depth+1), ".state")
}

func (e *encoder) exception(m *identEntry, x *py.Exception) {
	if !e.down() {
		return
	}
	e.global(e.canonical(x.Class))
	e.value(x.Args)
	e.op(opReduce)
	e.up()
	if e.keepNew(m) {
		e.attributes(m, x.State)
	}
}

func (e *encoder) scanOrderedDict(d *py.OrderedDict, depth int) error {
	e.need(&globalOrdered)
	if err := e.scanDict(&d.Dict, depth); err != nil {
		return err
	}
	return at(e.scan(d.State, depth+1), ".state")
}

func (e *encoder) orderedDict(m *identEntry, d *py.OrderedDict) {
	e.global(&globalOrdered)
	e.op(opEmptyTuple)
	e.op(opReduce)
	e.keep(m)
	if e.isHeld(m) && e.anyLeadsBack(keysAndValues(&d.Dict)) {
		e.holdBack(m, func() { e.setItems(&d.Dict) })
	} else {
		e.setItems(&d.Dict)
	}
	e.attributes(m, d.State)
}
