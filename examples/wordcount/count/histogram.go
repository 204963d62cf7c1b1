package count

import (
	"errors"
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/shm"
)

// Histogram counts strings for several processes at once. It is an open hash
// table in two shared arrays, without a lock:
//
//	Slots  an entry for each string, at its hash or in the next free place
//	Text   the strings' bytes; an entry says where its string is
//
// An entry's key says all of that in one word, so that one compare-and-swap
// publishes an entry:
//
//	bits 63..48  16 bits of the hash, which spare nearly all wrong comparisons
//	bits 47..32  the string's length in bytes, 1 to 65535
//	bits 31..0   where it begins in Text, in units of 8 bytes
//
// A key of 0 is a free entry. Invariants:
//
//  1. A string's bytes are written before its key is, and never again. Whoever
//     sees the key sees the bytes.
//  2. A key, once it isn't 0, stays. All look for a string at the same entries
//     in the same order and end at the first free one, so of two processes that
//     bring the same string at once one publishes it, and the other finds it.
//
// A process that is killed leaves nothing half done: at worst some bytes of
// Text that no key speaks of, and counts that it hadn't added yet.
type Histogram struct {
	Slots *shm.RawArray[Slot]
	Text  *shm.RawArray[byte]
	Used  *shm.RawValue[int64] // how many bytes of Text were given out
}

// Slot is one entry.
type Slot struct{ Key, Count atomic.Uint64 }

var (
	// ErrFull says that a histogram has no room for another string.
	ErrFull = errors.New("the histogram is full")
	// ErrCorrupt says that an entry leads outside of the histogram's text.
	ErrCorrupt = errors.New("the histogram is corrupt")
)

const (
	unit      = 8         // of places in Text, in bytes
	chunkSize = 64 << 10  // what a process takes of Text at a time
	maxLen    = 1<<16 - 1 // of a string
	maxProbes = 256       // how far from its hash a string may be
)

// NewHistogram makes a histogram of that many slots (rounded up to a power of
// two), three quarters of which can be used well, and of textSize bytes for the
// strings.
func NewHistogram(slots, textSize int) (h *Histogram, err error) {
	if slots < 2 || textSize < chunkSize || int64(textSize)/unit > 1<<32 {
		return nil, fmt.Errorf("a histogram can't have %d slots and %d bytes of text", slots, textSize)
	}
	h = &Histogram{}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	if h.Slots, err = shm.NewRawArray[Slot](1 << bits.Len(uint(slots-1))); err != nil {
		return nil, err
	}
	if h.Text, err = shm.NewRawArray[byte](textSize); err != nil {
		return nil, err
	}
	h.Used, err = shm.NewRawValue(int64(0))
	return h, err
}

// Close frees what is still open of the histogram's memory in this process.
func (h *Histogram) Close() error {
	var errs []error
	if h.Slots != nil {
		errs = append(errs, h.Slots.Close())
	}
	if h.Text != nil {
		errs = append(errs, h.Text.Close())
	}
	if h.Used != nil {
		errs = append(errs, h.Used.Close())
	}
	return errors.Join(errs...)
}

// Tally returns all counts. Call it when nobody adds any more.
func (h *Histogram) Tally() (Tally, error) {
	slots, text := h.Slots.Slice(), h.Text.Slice()
	t := Tally{}
	for i := range slots {
		key := slots[i].Key.Load()
		if key == 0 {
			continue
		}
		b, err := bytesOf(text, key)
		if err != nil {
			return nil, err
		}
		t[string(b)] += slots[i].Count.Load()
	}
	return t, nil
}

// Slots are named by the low bits of a string's hash, and the highest 16 are
// part of its key.
func tagOf(hash uint64) uint64 { return hash &^ (1<<48 - 1) }

func keyOf(hash uint64, size, place int) uint64 {
	return tagOf(hash) | uint64(size)<<32 | uint64(place/unit)
}

// bytesOf returns the string that a key speaks of. A key comes from memory
// that other processes write, and is believed only as far as it fits.
func bytesOf(text []byte, key uint64) ([]byte, error) {
	place, size := int(uint32(key))*unit, int(key>>32&maxLen)
	if size == 0 || place+size > len(text) {
		return nil, ErrCorrupt
	}
	return text[place : place+size], nil
}

// hashOf is 64-bit FNV-1a. The runtime's own hash differs from process to
// process, and all must agree on where a string is.
func hashOf(s string) uint64 {
	hash := uint64(14695981039346656037)
	for i := range len(s) {
		hash = (hash ^ uint64(s[i])) * 1099511628211
	}
	return hash
}
