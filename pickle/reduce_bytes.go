package pickle

import (
	"math"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// Protocol 2 has no bytes: they are written as Python 3 does, as the call _codecs.encode(text, 'latin1') with a character for each byte. Python 2.7 reads a str.
const (
	latin1          = "latin1"
	latin1ByteArray = "latin-1" // by this name in the call of bytearray
)

// needBytes2 notes what the bytes of a protocol 2 are written with.
func (e *encoder) needBytes2() {
	if e.protocol == 2 {
		e.need(&globalEncode)
		e.again(textIdent(kindText, latin1))
		e.length += 20
	}
}

func (e *encoder) scanBytes2(b string) error {
	if len(b) == 0 {
		e.need(&globalBytes)
		return nil
	}
	e.needBytes2()
	return e.fitsLatin1(b)
}

// fitsLatin1 checks that the text of bytes is not too long for BINUNICODE.
func (e *encoder) fitsLatin1(b string) error {
	if len(b) <= math.MaxInt32 {
		return nil
	}
	return e.fits(latin1Length(b))
}

// latin1Length is how long the text of bytes is in UTF-8.
func latin1Length(b string) int {
	n := len(b)
	for i := range len(b) {
		n += int(b[i] >> 7)
	}
	return n
}

func (e *encoder) bytes2(b string) {
	if b == "" {
		e.global(&globalBytes)
		e.op(opEmptyTuple)
		e.op(opReduce)
		return
	}
	e.global(&globalEncode)
	e.latin1(b)
	e.text(latin1)
	e.op(opTuple2)
	e.op(opReduce)
}

// latin1 writes a str with a character for each byte.
func (e *encoder) latin1(b string) {
	n := latin1Length(b)
	e.op4(opBinUnicode, uint32(n))
	e.grow(n)
	for len(b) > 0 && e.err == nil {
		part := b[:min(len(b), frameTarget)]
		b = b[len(part):]
		for i := range len(part) {
			if c := part[i]; c < utf8.RuneSelf {
				e.out = append(e.out, c)
			} else {
				e.out = append(e.out, 0xc0|c>>6, 0x80|c&0x3f)
			}
		}
		if len(e.out) >= e.full {
			e.next() // protocol 2 has no frames, so that the argument may go out in pieces
		}
	}
}

func (e *encoder) scanByteArray(b *py.ByteArray) error {
	e.length += len(b.B) + 10
	if e.protocol == 5 {
		return nil
	}
	e.need(&globalByteArray)
	switch {
	case len(b.B) == 0:
		return nil
	case e.protocol == 2:
		e.again(textIdent(kindText, latin1ByteArray))
		return e.fitsLatin1(textOf(b.B))
	case e.protocol == 3:
		return e.fits(len(b.B))
	}
	return nil
}

// byteArray writes a bytearray: by the opcode of protocol 5, before that as a call with its bytes, or in protocol 2 with a text and its encoding.
func (e *encoder) byteArray(m *identEntry, b *py.ByteArray) {
	s := textOf(b.B)
	if e.protocol == 5 {
		switch {
		case e.takeBuffer != nil && e.takeBuffer(b.B):
			e.op(opNextBuffer)
		case len(s) >= frameTarget:
			e.outside(opByteArray8, true, s)
		default:
			e.op8(opByteArray8, uint64(len(s)))
			e.out = append(e.out, s...)
		}
		e.keep(m)
		return
	}
	e.global(&globalByteArray)
	switch {
	case s == "":
		e.op(opEmptyTuple)
	case e.protocol == 2:
		e.latin1(s)
		e.text(latin1ByteArray)
		e.op(opTuple2)
	default:
		e.plainBytes(s)
		e.op(opTuple1)
	}
	e.op(opReduce)
	e.keep(m)
}
