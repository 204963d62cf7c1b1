package pickle

import (
	"errors"
	"math/big"

	"github.com/multiproc-go/multiproc/py"
)

func (e *encoder) complex(m *identEntry, c complex128) {
	e.global(&globalComplex)
	e.float(real(c))
	e.float(imag(c))
	e.op(opTuple2)
	e.op(opReduce)
	e.keep(m)
}

func (e *encoder) decimal(m *identEntry, d *py.Decimal) {
	e.global(&globalDecimal)
	e.plainText(d.String())
	e.op(opTuple1)
	e.op(opReduce)
	e.keep(m)
}

func (e *encoder) scanFraction(f *py.Fraction) error {
	if f.Num == nil || f.Den == nil {
		return errors.New("a Fraction needs both of its numbers")
	}
	e.need(&globalFraction)
	if err := e.scanBigInt(f.Num); err != nil {
		return err
	}
	return e.scanBigInt(f.Den)
}

// fraction writes the two numbers. Python before 3.12 writes a text, but all versions take numbers, which need not be parsed.
func (e *encoder) fraction(m *identEntry, f *py.Fraction) {
	e.global(&globalFraction)
	e.bigInt(f.Num)
	e.bigInt(f.Den)
	e.op(opTuple2)
	e.op(opReduce)
	e.keep(m)
}

const uuidInt = "int"

// uuid writes a UUID as Python does: an instance with one attribute, an integer of 128 bits.
func (e *encoder) uuid(m *identEntry, u py.UUID) {
	e.global(&globalUUID)
	e.op(opEmptyTuple)
	e.op(opNewObj)
	e.keep(m)
	e.op(opEmptyDict)
	e.text(uuidInt)
	e.bigInt(new(big.Int).SetBytes(u[:]))
	e.op(opSetItem)
	e.op(opBuild)
}

func (e *encoder) scanRange(r py.Range, depth int) error {
	e.need(&globalRange)
	for _, v := range []py.Value{r.Start, r.Stop, r.Step} {
		switch v.(type) {
		case int64, *big.Int, bool, int:
		default:
			return errors.New("a range is made of three integers")
		}
		if err := e.scanIn(v, depth); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) scanSlice(s py.Slice, depth int) error {
	e.need(&globalSlice)
	if err := e.scanIn(s.Start, depth); err != nil {
		return at(err, ".start")
	}
	if err := e.scanIn(s.Stop, depth); err != nil {
		return at(err, ".stop")
	}
	return at(e.scanIn(s.Step, depth), ".step")
}
