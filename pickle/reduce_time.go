package pickle

import "github.com/multiproc-go/multiproc/py"

func (e *encoder) scanDateTime(d py.DateTime, depth int) error {
	if err := d.Valid(); err != nil {
		return err
	}
	e.length += 40
	e.need(&globalDateTime)
	e.needBytes2()
	return e.scanZone(d.TZ, depth)
}

func (e *encoder) scanTime(t py.Time, depth int) error {
	if err := t.Valid(); err != nil {
		return err
	}
	e.length += 40
	e.need(&globalTime)
	e.needBytes2()
	return e.scanZone(t.TZ, depth)
}

func (e *encoder) scanZone(tz py.Value, depth int) error {
	if tz == nil {
		return nil
	}
	return at(e.scanIn(tz, depth), ".tzinfo")
}

// packed writes a moment as a call with the bytes that Python itself packs it into, and with its time zone. Fold is the highest bit of one of the bytes; before
// protocol 4 Python leaves it out, since 3.5 and older don't know it.
func (e *encoder) packed(m *identEntry, class *py.Global, state py.Bytes, tz py.Value) {
	e.global(class)
	e.plainBytes(string(state))
	if tz == nil {
		e.op(opTuple1)
		e.op(opReduce)
		e.keep(m)
		return
	}
	e.value(tz)
	e.op(opTuple2)
	e.op(opReduce)
	e.keepNew(m)
}

func (e *encoder) delta(d py.TimeDelta) {
	e.global(&globalTimeDelta)
	e.int(int64(d.Days))
	e.int(int64(d.Seconds))
	e.int(int64(d.Microseconds))
	e.op(opTuple3)
	e.op(opReduce)
}

// zone writes a timezone, which Python 2.7 does not have: it can't read such a pickle.
func (e *encoder) zone(m *identEntry, z py.TimeZone) {
	e.global(&globalTimeZone)
	e.delta(z.Offset)
	if z.Name == nil {
		e.op(opTuple1)
	} else {
		e.value(z.Name)
		e.op(opTuple2)
	}
	e.op(opReduce)
	e.keep(m)
}
