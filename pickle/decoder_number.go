package pickle

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

const (
	minSmall = -128
	maxSmall = 1023
)

// smallInts are the ints that need no memory when they come.
var smallInts = func() (t [maxSmall - minSmall + 1]py.Value) {
	for i := range t {
		t[i] = int64(i + minSmall)
	}
	return t
}()

// int is the Value of an int.
func (m *machine) int(i int64) py.Value {
	if i >= minSmall && i <= maxSmall {
		return smallInts[i-minSmall]
	}
	m.memory += 8
	return m.intValue(i)
}

// floats is BINFLOAT, and all those that follow at once: lists of numbers are long.
func (m *machine) floats() error {
	in := &m.in
	for {
		if err := in.need(8); err != nil {
			return err
		}
		f := math.Float64frombits(binary.BigEndian.Uint64(in.data[in.pos:]))
		in.pos += 8
		m.push(m.floatValue(f))
		m.memory += 8
		if in.left() < 9 || in.data[in.pos] != byte(opBinFloat) || len(m.stack) == cap(m.stack) {
			return nil
		}
		in.start = in.pos
		in.pos++
	}
}

// long is LONG1 and LONG4: an int in two's complement, little-endian, of any length.
func (m *machine) long(form ArgForm) error {
	n, err := m.in.length(form)
	if err != nil {
		return err
	}
	b, _, err := m.take(n)
	if err != nil {
		return err
	}
	if n <= 8 {
		m.push(m.int(shortLong(b)))
		return nil
	}
	if err := m.charge(n + costSmall); err != nil {
		return err
	}
	m.push(py.Int(bigLong(b)))
	return nil
}

// shortLong is an int of up to 8 bytes.
func shortLong(b []byte) int64 {
	if len(b) == 0 {
		return 0
	}
	i := int64(int8(b[len(b)-1]))
	for j := len(b) - 2; j >= 0; j-- {
		i = i<<8 | int64(b[j])
	}
	return i
}

func bigLong(b []byte) *big.Int {
	be := slices.Clone(b)
	slices.Reverse(be)
	negative := be[0] >= 0x80
	if negative {
		// -x = ^x + 1, and the magnitude of ^x is that of its bytes.
		for i := range be {
			be[i] = ^be[i]
		}
	}
	i := new(big.Int).SetBytes(be)
	if negative {
		i.Not(i)
	}
	return i
}
