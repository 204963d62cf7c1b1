package pickle

import (
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"math/bits"

	"github.com/multiproc-go/multiproc/py"
)

// value is the second pass over v: it writes v.
func (e *encoder) value(v py.Value) {
	if len(e.out) >= e.full && !e.next() {
		return
	}
	switch v := v.(type) {
	case nil:
		e.op(opNone)
	case string:
		e.text(v)
	case int64:
		e.int(v)
	case float64:
		e.float(v)
	case bool:
		if v {
			e.op(opNewTrue)
		} else {
			e.op(opNewFalse)
		}
	case py.Bytes:
		e.bytes(v)
	case py.Str2:
		e.str2(v)
	case py.Tuple:
		e.tuple(v)
	case *py.List:
		if m, done := e.met(pointed(kindList, v)); !done {
			e.list(m, v.Items)
		}
	case *py.Dict:
		if m, done := e.met(pointed(kindDict, v)); !done {
			e.dict(m, v)
		}
	case *py.Set:
		if m, done := e.met(pointed(kindSet, v)); !done {
			e.set(m, v)
		}
	case *py.FrozenSet:
		if m, done := e.met(pointed(kindFrozenSet, v)); !done {
			e.frozenSet(m, v)
		}
	case *py.Object:
		if m, done := e.met(pointed(kindObject, v)); !done {
			e.object(m, v)
		}
	case py.Global:
		e.global(e.canonical(v))
	default:
		e.rare(v)
	}
}

// rare is value for the types of which there are fewer.
func (e *encoder) rare(v py.Value) {
	switch v := v.(type) {
	case *py.OrderedDict:
		if m, done := e.met(pointed(kindOrderedDict, v)); !done {
			e.orderedDict(m, v)
		}
	case *py.Exception:
		if m, done := e.met(pointed(kindException, v)); !done {
			e.exception(m, v)
		}
	case *py.ByteArray:
		if m, done := e.met(pointed(kindByteArray, v)); !done {
			e.byteArray(m, v)
		}
	case *py.Array:
		if m, done := e.met(pointed(kindArray, v)); !done {
			e.array(m, v)
		}
	case *big.Int:
		if m, done := e.met(pointed(kindBigInt, v)); !done {
			e.bigInt(v)
			e.keep(m)
		}
	case *py.Decimal:
		if m, done := e.met(pointed(kindDecimal, v)); !done {
			e.decimal(m, v)
		}
	case *py.Fraction:
		if m, done := e.met(pointed(kindFraction, v)); !done {
			e.fraction(m, v)
		}
	case *py.Persistent:
		if m, done := e.met(pointed(kindPersistent, v)); !done {
			e.part(v.ID)
			e.op(opBinPersID)
			e.keep(m)
		}
	case py.Singleton:
		e.singleton(v)
	case complex128, py.DateTime, py.Date, py.Time, py.TimeDelta, py.TimeZone, py.UUID, py.Range, py.Slice:
		if m, done := e.met(boxed(v)); !done {
			e.reduced(m, v)
		}
	default:
		e.number(v)
	}
}

// number writes what is a number by another of Go's types, or has been converted by the first pass.
func (e *encoder) number(v any) {
	switch v := v.(type) {
	case int:
		e.int(int64(v))
	case int8:
		e.int(int64(v))
	case int16:
		e.int(int64(v))
	case int32:
		e.int(int64(v))
	case uint:
		e.uint(uint64(v))
	case uint8:
		e.int(int64(v))
	case uint16:
		e.int(int64(v))
	case uint32:
		e.int(int64(v))
	case uint64:
		e.uint(v)
	case uintptr:
		e.uint(uint64(v))
	case float32:
		e.float(float64(v))
	case complex64:
		e.complex(nil, complex128(v))
	default:
		b := boxOf(v)
		made, ok := e.made[b]
		if c := e.copies[b]; len(c) > 0 {
			made, e.copies[b] = c[0], c[1:]
		}
		if !ok {
			e.fail(errors.New("the value was changed while it was written"))
			e.op(opNone)
			return
		}
		e.part(made)
	}
}

// fail ends the encoding, for a reason that the first pass could not see.
func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = &EncodeError{Err: err}
		e.full = 0
	}
}

// down goes one level deeper; not ok means that there is no point in doing so.
func (e *encoder) down() (ok bool) {
	if e.depth >= e.maxDepth {
		e.fail(errTooDeep(e.maxDepth))
	}
	if e.err != nil {
		return false
	}
	e.depth++
	return true
}

// part writes a value that is part of another one.
func (e *encoder) part(v py.Value) {
	if e.down() {
		e.value(v)
		e.depth--
	}
}

// met begins the writing of an object. If it is in the memo it is fetched, which is all. Otherwise m is what keep needs afterwards, nil if nothing refers to the object again.
func (e *encoder) met(id ident) (m *identEntry, done bool) {
	if id.at == 0 {
		e.op(opNone)
		return nil, true
	}
	m = e.memo.get(id)
	if !complete(m) {
		return m, false
	}
	e.fetch(m)
	return m, true
}

// fetch writes what is in the memo.
func (e *encoder) fetch(m *identEntry) {
	if n := uint32(m.number); n < 1<<8 {
		e.op1(opBinGet, uint8(n))
	} else {
		e.op4(opLongBinGet, n)
	}
}

// keep puts the object that has just been written into the memo, if it is referred to again.
func (e *encoder) keep(m *identEntry) {
	if m == nil {
		return
	}
	n := uint32(e.fresh)
	m.number = e.fresh
	e.fresh++
	switch {
	case e.protocol >= 4:
		e.op(opMemoize)
	case n < 1<<8:
		e.op1(opBinPut, uint8(n))
	default:
		e.op4(opLongBinPut, n)
	}
}

// complete tells whether an object is in the memo before it has been put there, since it is among its own parts: see invariant 2.
func complete(m *identEntry) bool { return m != nil && m.number >= 0 }

// keepNew ends the writing of an object that is made of parts: it is put into the memo, or fetched if it was complete before. Only if it is new it gets what else belongs to it.
func (e *encoder) keepNew(m *identEntry) (isNew bool) {
	if complete(m) {
		e.op(opPop)
		e.fetch(m)
		return false
	}
	e.keep(m)
	return true
}

func (e *encoder) float(f float64) {
	e.out = binary.BigEndian.AppendUint64(append(e.out, byte(opBinFloat)), math.Float64bits(f))
}

func (e *encoder) int(i int64) {
	switch {
	case uint64(i) < 1<<8:
		e.op1(opBinInt1, uint8(i))
	case uint64(i) < 1<<16:
		e.out = append(e.out, byte(opBinInt2), byte(i), byte(i>>8))
	case i == int64(int32(i)):
		e.op4(opBinInt, uint32(i))
	default:
		e.long1(uint64(i), uint64(i>>63))
	}
}

func (e *encoder) uint(u uint64) {
	if u <= math.MaxInt64 {
		e.int(int64(u))
	} else {
		e.long1(u, 0)
	}
}

// long1 writes an integer of 64 bits with the sign in all bits of sign: as many bytes as its bits and one for the sign need.
func (e *encoder) long1(u, sign uint64) {
	n := bits.Len64(u^sign)/8 + 1
	e.op1(opLong1, uint8(n))
	e.out = binary.LittleEndian.AppendUint64(e.out, u)
	e.out = append(e.out, byte(sign))
	e.out = e.out[:len(e.out)-9+n]
}

func (e *encoder) scanBigInt(i *big.Int) error {
	n := i.BitLen()/8 + 1
	e.length += n + 5
	if n > math.MaxInt32 {
		return errors.New("the integer has more than 2 GiB")
	}
	return nil
}

func (e *encoder) bigInt(i *big.Int) {
	if i.IsInt64() {
		e.int(i.Int64())
		return
	}
	negative := i.Sign() < 0
	if negative {
		i = new(big.Int).Not(i) // -i-1, whose bits are those of i, all of them the other way round
	}
	n := i.BitLen()/8 + 1
	if n < 1<<8 {
		e.op1(opLong1, uint8(n))
	} else {
		e.op4(opLong4, uint32(n))
	}
	start := len(e.out)
	e.out = append(e.out, make([]byte, n)...)
	b := e.out[start:]
	i.FillBytes(b)
	for l, r := 0, len(b)-1; l < r; l, r = l+1, r-1 {
		b[l], b[r] = b[r], b[l]
	}
	if negative {
		for i := range b {
			b[i] = ^b[i]
		}
	}
}
