package ctype

// format is a binary floating point format of IEEE 754's shape, at most 128 bits
// wide. From the highest bit down, a word of it is
//
//	sign  1 bit
//	exp   expBits
//	sig   prec-1 bits of the significand after the point; with explicit set,
//	      prec bits, the bit before the point among them
//
// One codec serves all formats, so that the one that Go itself can check
// (binary64) vouches for the two that it can't.
type format struct {
	prec     int  // bits of the significand, with the one before the point
	expBits  int  // bits of the exponent
	explicit bool // whether the bit before the point is stored
}

var (
	binary64   = format{prec: 53, expBits: 11}
	extended80 = format{prec: 64, expBits: 15, explicit: true}
	binary128  = format{prec: 113, expBits: 15}
)

// sigBits is the width of the stored significand.
func (f format) sigBits() int {
	if f.explicit {
		return f.prec
	}
	return f.prec - 1
}

func (f format) bias() int   { return 1<<(f.expBits-1) - 1 }
func (f format) maxExp() int { return 1<<f.expBits - 1 }

// decimals is how many decimal digits tell any two numbers apart: 1 more than
// prec*log10(2), rounded up.
func (f format) decimals() int { return 2 + f.prec*30103/100000 }

type class uint8

const (
	zero class = iota
	finite
	infinite
	nan
)

// number is a value taken apart, of any format.
type number struct {
	class class
	neg   bool
	// finite: the value is sig/2^128 * 2^exp, and the top bit of sig is set, so
	// that 0.5 <= sig/2^128 < 1 as in math.Frexp.
	// nan: sig is the payload, its quiet bit at the top.
	sig uint128
	exp int
}

// decode takes a word apart. Every word has a meaning: those that the x87 has
// refused since the 80387 ("invalid operands", whose bit before the point
// contradicts the exponent) are NaNs, as they are when C converts them.
func (f format) decode(w uint128) number {
	n := number{neg: w.bit(f.sigBits() + f.expBits)}
	exp := int(w.shr(f.sigBits()).low(f.expBits).lo)
	sig := w.low(f.sigBits())
	fraction := sig.low(f.prec - 1)
	invalid := f.explicit && exp != 0 && !sig.bit(f.prec-1)

	switch {
	case exp == f.maxExp() && fraction.isZero() && !invalid:
		n.class = infinite
		return n
	case exp == f.maxExp() && !invalid:
		n.class = nan
		n.sig = fraction.shl(128 - (f.prec - 1))
		return n
	case invalid:
		// The processor gives its default NaN for these, which is negative.
		return number{class: nan, neg: true}
	case exp == 0:
		// Denormals have the exponent of the smallest normal numbers.
		exp = 1
	case !f.explicit:
		sig = sig.or(oneBit(f.prec - 1))
	}
	if sig.isZero() {
		return n
	}
	length := sig.bitLen()
	n.class = finite
	n.sig = sig.shl(128 - length)
	n.exp = exp - f.bias() - (f.prec - 1) + length
	return n
}

// encode builds the word that is nearest to n; of two that are equally near, the
// one with an even significand. What is too large becomes infinite. A NaN keeps
// its sign and as much of its payload as there is room for, and is made quiet,
// as the processor does when it converts.
func (f format) encode(n number) uint128 {
	var (
		exp int
		sig uint128
	)
	switch n.class {
	case finite:
		exp, sig = f.round(n)
	case infinite:
		exp, sig = f.maxExp(), oneBit(f.prec-1)
	case nan:
		exp = f.maxExp()
		sig = n.sig.shr(128 - (f.prec - 1)).or(oneBit(f.prec - 1)).or(oneBit(f.prec - 2))
	}
	w := sig.low(f.sigBits()).or(uint128{lo: uint64(exp)}.shl(f.sigBits()))
	if n.neg {
		w = w.or(oneBit(f.sigBits() + f.expBits))
	}
	return w
}

// round returns the exponent and the significand, with the bit before the point,
// of the finite number n in f.
func (f format) round(n number) (exp int, sig uint128) {
	exp = n.exp - 1 + f.bias()
	drop := 128 - f.prec
	if exp < 1 {
		// Too small to be normal: the exponent stays at its smallest, and the
		// significand gives up a bit for each step below it.
		drop += 1 - exp
		exp = 0
	}
	if drop > 128 {
		return 0, uint128{} // below half of the smallest denormal
	}
	sig = n.sig.shr(drop)
	switch n.sig.low(drop).cmp(oneBit(drop - 1)) {
	case 1:
		sig = sig.inc()
	case 0:
		if sig.bit(0) {
			sig = sig.inc()
		}
	}
	switch {
	case exp == 0 && sig.bit(f.prec-1):
		exp = 1 // rounded up to the smallest normal number
	case sig.bit(f.prec):
		sig = sig.shr(1)
		exp++
	}
	if exp >= f.maxExp() {
		return f.maxExp(), oneBit(f.prec - 1)
	}
	return exp, sig
}
