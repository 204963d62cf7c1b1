package pickle

import "github.com/multiproc-go/multiproc/py"

// scanReduced notes what the calls of reduced are made of, for values that have no parts of any type.
func (e *encoder) scanReduced(v py.Value, depth int) error {
	e.length += 40
	switch v := v.(type) {
	case complex128:
		e.need(&globalComplex)
	case py.Date:
		if err := v.Valid(); err != nil {
			return err
		}
		e.need(&globalDate)
		e.needBytes2()
	case py.TimeDelta:
		e.need(&globalTimeDelta)
		return v.Valid()
	case py.TimeZone:
		if err := v.Valid(); err != nil {
			return err
		}
		e.need(&globalTimeZone)
		e.need(&globalTimeDelta)
		return at(e.scanIn(v.Name, depth), ".name")
	case py.UUID:
		e.need(&globalUUID)
		e.again(textIdent(kindText, uuidInt))
	case py.Range:
		return e.scanRange(v, depth)
	}
	return nil
}

// reduced writes a value as the call that makes it.
func (e *encoder) reduced(m *identEntry, v py.Value) {
	if !e.down() {
		return
	}
	defer e.up()
	switch v := v.(type) {
	case complex128:
		e.complex(m, v)
	case py.DateTime:
		if e.protocol < 4 {
			v.Fold = 0
		}
		e.packed(m, &globalDateTime, v.Packed(), v.TZ)
	case py.Time:
		if e.protocol < 4 {
			v.Fold = 0
		}
		e.packed(m, &globalTime, v.Packed(), v.TZ)
	case py.Date:
		e.packed(m, &globalDate, v.Packed(), nil)
	case py.TimeDelta:
		e.delta(v)
		e.keep(m)
	case py.TimeZone:
		e.zone(m, v)
	case py.UUID:
		e.uuid(m, v)
	case py.Range:
		e.call3(m, &globalRange, v.Start, v.Stop, v.Step)
	case py.Slice:
		e.call3(m, &globalSlice, v.Start, v.Stop, v.Step)
	}
}

// call3 writes the call of a class with three arguments.
func (e *encoder) call3(m *identEntry, class *py.Global, a, b, c py.Value) {
	e.global(class)
	e.value(a)
	e.value(b)
	e.value(c)
	e.op(opTuple3)
	e.op(opReduce)
	e.keepNew(m)
}
