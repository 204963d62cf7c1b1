package ctype

import "math/bits"

// uint128 is an unsigned integer of 128 bits. Shifts by 128 and more give zero.
type uint128 struct{ hi, lo uint64 }

func (u uint128) isZero() bool { return u.hi|u.lo == 0 }

func (u uint128) bit(n int) bool { return u.shr(n).lo&1 == 1 }

// bitLen is the number of bits up to the highest one that is set.
func (u uint128) bitLen() int {
	if u.hi != 0 {
		return 64 + bits.Len64(u.hi)
	}
	return bits.Len64(u.lo)
}

// Go defines shifts by 64 and more as zero, which makes both halves right for
// every n: of the two terms that feed across, at most one is not zero.
func (u uint128) shl(n int) uint128 {
	if n >= 64 {
		return uint128{hi: u.lo << (n - 64)}
	}
	return uint128{hi: u.hi<<n | u.lo>>(64-n), lo: u.lo << n}
}

func (u uint128) shr(n int) uint128 {
	if n >= 64 {
		return uint128{lo: u.hi >> (n - 64)}
	}
	return uint128{hi: u.hi >> n, lo: u.lo>>n | u.hi<<(64-n)}
}

func (u uint128) or(v uint128) uint128 { return uint128{u.hi | v.hi, u.lo | v.lo} }

// low keeps the lowest n bits.
func (u uint128) low(n int) uint128 { return u.shl(128 - n).shr(128 - n) }

func (u uint128) inc() uint128 {
	lo, carry := bits.Add64(u.lo, 1, 0)
	return uint128{u.hi + carry, lo}
}

func (u uint128) cmp(v uint128) int {
	switch {
	case u == v:
		return 0
	case u.hi > v.hi, u.hi == v.hi && u.lo > v.lo:
		return 1
	default:
		return -1
	}
}

func oneBit(n int) uint128 { return uint128{lo: 1}.shl(n) }
