package pickle

import (
	"encoding/binary"
	"math/bits"

	"github.com/multiproc-go/multiproc/py"
)

// Most short strings of a conversation come again and again: names of methods, keys, identifiers. A machine remembers some, so that these cost no memory when they
// come again, and are one string with one place (which the encoder then writes once).

const (
	internMax   = 40  // bytes of the longest string that is remembered
	internSlots = 256 // for each kind of string; a power of 2

	// internCredit is how many strings in a row may be new before a pickle is taken for one whose strings don't repeat. Those are no longer looked up, and do
	// not drive out what others have use for.
	internCredit = 64
)

// interned remembers strings by a hash of their text. It holds each as the Value that it becomes, so that a hit needs no allocation at all.
type interned struct {
	slots [internSlots]struct {
		text  string
		value py.Value
	}
}

// find returns the slot in which b is, or should be.
func (t *interned) find(b []byte) (slot int, v py.Value) {
	slot = int(internHash(b) % internSlots)
	if e := &t.slots[slot]; e.text == string(b) {
		return slot, e.value // nil for the empty string in an empty slot: those don't come here
	}
	return slot, nil
}

// internHash looks at up to 24 bytes; strings that differ elsewhere only take turns in their slot.
func internHash(b []byte) uint64 {
	const mix = 0x9e3779b97f4a7c15
	h := uint64(len(b)) * mix
	switch {
	case len(b) >= 8:
		h ^= binary.LittleEndian.Uint64(b)
		h *= mix
		h ^= bits.RotateLeft64(binary.LittleEndian.Uint64(b[len(b)-8:]), 23)
		h ^= binary.LittleEndian.Uint64(b[(len(b)-8)/2:])
	case len(b) >= 4:
		h ^= uint64(binary.LittleEndian.Uint32(b))<<32 | uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	default:
		for _, c := range b {
			h = h<<8 ^ uint64(c)
		}
	}
	h *= mix
	return h >> 32
}
