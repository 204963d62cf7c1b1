//go:build windows || plan9 || (darwin && arm64) || (android && 386) || arm || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || s390x || wasm

package ctype

import "encoding/binary"

// IEEE binary64 in the platform's byte order. On those of these platforms where
// the format of long double is not known (plan9, mips64, ppc64, s390x, wasm), this is
// what LongDouble holds, and the table refuses c_longdouble.
const (
	longDoubleEncoding = encDouble
	longDoubleSize     = 8
)

var longDoubleFormat = binary64

func (x LongDouble) word() uint128 {
	return uint128{lo: binary.NativeEndian.Uint64(x[:])}
}

func fromWord(w uint128) (x LongDouble) {
	binary.NativeEndian.PutUint64(x[:], w.lo)
	return x
}
