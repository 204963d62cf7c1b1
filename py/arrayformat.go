package py

import (
	"encoding/binary"
	"math"
	"slices"
)

// The numbers with which array._array_reconstructor is told how the items of a pickled array are laid out:
//
//	 0, 1   unsigned and signed integers of 1 byte
//	 2..13  integers of 2, 4 and 8 bytes; for each size unsigned, little-endian first and big-endian second, then signed
//	14..17  IEEE 754 floats of 4 and of 8 bytes, little-endian first
//	18..21  UTF-16 and UTF-32, little-endian first
const (
	formatInt8    = 0
	formatInts    = 2
	formatFloats  = 14
	formatUnicode = 18
	formatEnd     = 22
)

// layout is what a format number tells.
type layout struct {
	size      int
	kind      itemKind
	bigEndian bool
}

func layoutOf(format int) (l layout, ok bool) {
	switch {
	case format < 0 || format >= formatEnd:
		return l, false
	case format < formatInts:
		l = layout{size: 1, kind: unsignedKind}
		if format == formatInt8+1 {
			l.kind = signedKind
		}
		return l, true
	case format < formatFloats:
		i := format - formatInts
		l = layout{size: 2 << (i / 4), kind: unsignedKind, bigEndian: i%2 == 1}
		if i%4 >= 2 {
			l.kind = signedKind
		}
		return l, true
	case format < formatUnicode:
		i := format - formatFloats
		return layout{size: 4 << (i / 2), kind: floatKind, bigEndian: i%2 == 1}, true
	}
	i := format - formatUnicode
	return layout{size: 2 << (i / 2), kind: wideKind, bigEndian: i%2 == 1}, true
}

var nativeBigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// MachineFormat is the number by which array._array_reconstructor knows how the items of an array of the typecode lie in this machine's memory. ok is false for typecode c,
// which only Python 2 has, and for what is no typecode.
func MachineFormat(typecode byte) (format int, ok bool) {
	if ItemSize(typecode) == 0 {
		return 0, false
	}
	t := itemTypes[typecode]
	want := layout{size: t.size, kind: t.kind, bigEndian: nativeBigEndian && t.size > 1}
	for format := range formatEnd {
		if l, _ := layoutOf(format); l == want {
			return format, true
		}
	}
	return 0, false
}

// ArrayOfMachine is array._array_reconstructor(array, typecode, format, packed): an array from a machine with another byte order, or with other sizes. As in Python, integers
// of a size that the typecode does not have here get the typecode of that size.
func ArrayOfMachine(typecode byte, format int, packed Bytes) (*Array, error) {
	l, ok := layoutOf(format)
	if !ok {
		return nil, ValueError("third argument must be a valid machine format code.")
	}
	if ItemSize(typecode) == 0 || typecode == 'c' {
		return nil, ValueError("second argument must be a valid type code")
	}
	data := []byte(packed)
	if own, ok := MachineFormat(typecode); ok && own == format {
		if len(data)%l.size != 0 {
			return nil, ValueError("bytes length not a multiple of item size")
		}
		return &Array{typecode, data}, nil
	}
	if l.kind == floatKind || l.kind == wideKind {
		if len(data)%l.size != 0 {
			return nil, ValueError("bytes length not a multiple of item size")
		}
	} else {
		data = data[:len(data)/l.size*l.size]
	}
	if l.bigEndian != nativeBigEndian {
		swapBytes(data, l.size)
	}
	switch l.kind {
	case floatKind:
		return floatsOf(typecode, data, l.size)
	case wideKind:
		return charactersOf(typecode, data, l.size)
	}
	return &Array{typecodeOf(l, typecode), data}, nil
}

// typecodeOf is the typecode of a C type of integers here.
func typecodeOf(l layout, otherwise byte) byte {
	// Python takes the last that fits.
	for _, code := range []byte("QqLlIiHhBb") {
		if t := itemTypes[code]; t.size == l.size && t.kind == l.kind {
			return code
		}
	}
	return otherwise
}

// swapBytes turns items of some size round.
func swapBytes(data []byte, size int) {
	for ; size > 1 && len(data) >= size; data = data[size:] {
		slices.Reverse(data[:size])
	}
}

// floatsOf makes an array of floats of another size than the typecode's, if it is that.
func floatsOf(typecode byte, data []byte, size int) (*Array, error) {
	t := itemTypes[typecode]
	if t.kind == floatKind && t.size == size {
		return &Array{typecode, data}, nil
	}
	out := &Array{Typecode: typecode}
	for ; len(data) >= size; data = data[size:] {
		f := math.Float64frombits(word(data[:size]))
		if size == 4 {
			f = float64(math.Float32frombits(uint32(word(data[:size]))))
		}
		var err error
		if out.Data, err = appendItem(out.Data, typecode, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// charactersOf makes an array of characters out of UTF-16 or UTF-32.
func charactersOf(typecode byte, data []byte, size int) (*Array, error) {
	text, err := wideText(data, size)
	if err != nil {
		return nil, err
	}
	return NewArray(typecode, text)
}
