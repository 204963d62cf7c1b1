//go:build (amd64 || 386) && !windows && !android && !plan9

package ctype

import (
	"encoding/binary"
	"math/bits"
)

// The 80-bit extended format of the x87, little endian:
//
//	0   8 bytes  significand, with the bit before the point
//	8   2 bytes  sign and exponent
//	10  padding  to 16 bytes on amd64, to 12 on 386
const (
	longDoubleEncoding = encX87
	longDoubleSize     = 12 + 4*(bits.UintSize/64)
)

var longDoubleFormat = extended80

func (x LongDouble) word() uint128 {
	return uint128{
		lo: binary.LittleEndian.Uint64(x[0:8]),
		hi: uint64(binary.LittleEndian.Uint16(x[8:10])),
	}
}

func fromWord(w uint128) (x LongDouble) {
	binary.LittleEndian.PutUint64(x[0:8], w.lo)
	binary.LittleEndian.PutUint16(x[8:10], uint16(w.hi))
	return x
}
