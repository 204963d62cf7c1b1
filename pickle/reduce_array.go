package pickle

import (
	"fmt"

	"github.com/multiproc-go/multiproc/py"
)

func (e *encoder) scanArray(a *py.Array) error {
	size := py.ItemSize(a.Typecode)
	switch {
	case size == 0:
		return fmt.Errorf("an array can't have typecode %q", a.Typecode)
	case len(a.Data)%size != 0:
		return fmt.Errorf("an array of typecode %q has %d bytes, which is no multiple of %d", a.Typecode, len(a.Data), size)
	}
	e.length += len(a.Data) + 30
	e.need(&globalArray)
	if e.protocol > 2 {
		if _, ok := py.MachineFormat(a.Typecode); ok {
			e.need(&globalRebuild)
		}
		if e.protocol == 3 {
			return e.fits(len(a.Data))
		}
		return nil
	}
	if a.Typecode == 'u' {
		text, err := a.Text()
		if err != nil {
			return err
		}
		return e.fits(len(text))
	}
	return e.scanBytes2(textOf(a.Data))
}

// array writes an array in the form that says how its items lie in memory, so that every machine can read them. Python 2 does not have it: protocol 2 has the class and the items' bytes,
// in the order of this machine, or for characters, whose size differs even on one machine, the text.
func (e *encoder) array(m *identEntry, a *py.Array) {
	format, portable := py.MachineFormat(a.Typecode)
	portable = portable && e.protocol > 2
	code := string(rune(a.Typecode))
	if portable {
		e.global(&globalRebuild)
		e.op(opMark)
	}
	e.global(&globalArray)
	switch {
	case portable:
		e.plainText(code)
		e.int(int64(format))
		e.plainBytes(textOf(a.Data))
		e.op(opTuple)
	case e.protocol == 2 && a.Typecode == 'u':
		text, _ := a.Text()
		e.plainStr2(code)
		e.plainText(text)
		e.op(opTuple2)
	default:
		e.plainStr2(code)
		e.plainBytes(textOf(a.Data))
		e.op(opTuple2)
	}
	e.op(opReduce)
	e.keep(m)
}
