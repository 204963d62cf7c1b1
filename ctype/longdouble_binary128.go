//go:build (arm64 && !windows && !darwin && !plan9) || riscv64 || loong64 || (android && amd64)

package ctype

import "encoding/binary"

// IEEE binary128, little endian:
//
//	0   14 bytes  significand after the point
//	14   2 bytes  sign and exponent
const (
	longDoubleEncoding = encBinary128
	longDoubleSize     = 16
)

var longDoubleFormat = binary128

func (x LongDouble) word() uint128 {
	return uint128{
		lo: binary.LittleEndian.Uint64(x[0:8]),
		hi: binary.LittleEndian.Uint64(x[8:16]),
	}
}

func fromWord(w uint128) (x LongDouble) {
	binary.LittleEndian.PutUint64(x[0:8], w.lo)
	binary.LittleEndian.PutUint64(x[8:16], w.hi)
	return x
}
