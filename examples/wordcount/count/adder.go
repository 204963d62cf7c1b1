package count

import (
	"fmt"

	"github.com/multiproc-go/multiproc/shm"
)

// Adder adds to a histogram. Each goroutine that does has its own; any number
// of them, in any processes, may add at once.
type Adder struct {
	h     *Histogram
	slots []Slot
	text  []byte
	// text[next:end] was given to this adder and is still unused.
	next, end int
}

// NewAdder returns an Adder for h, which must stay open while it is used.
func NewAdder(h *Histogram) *Adder {
	return &Adder{h: h, slots: h.Slots.Slice(), text: h.Text.Slice()}
}

// Add adds n to the count of s. It neither blocks nor waits. The error is ErrFull, ErrCorrupt, or says that
// s can't be counted because of its length.
func (a *Adder) Add(s string, n uint64) error {
	if len(s) == 0 || len(s) > maxLen {
		return fmt.Errorf("a string of %d bytes can't be counted, only of 1 to %d", len(s), maxLen)
	}
	hash := hashOf(s)
	mine := uint64(0) // the key of s, once its bytes are in Text
	for i := range uint64(min(maxProbes, len(a.slots))) {
		slot := &a.slots[(hash+i)%uint64(len(a.slots))]
		key := slot.Key.Load()
		if key == 0 {
			if mine == 0 {
				place, err := a.write(s)
				if err != nil {
					return err
				}
				mine = keyOf(hash, len(s), place)
			}
			if slot.Key.CompareAndSwap(0, mine) { // invariant 1: the bytes are there
				a.next += roundUp(len(s))
				slot.Count.Add(n)
				return nil
			}
			// Another process was quicker. It may have brought the same string.
			key = slot.Key.Load()
		}
		if same, err := a.isKeyOf(key, hash, s); err != nil {
			return err
		} else if same {
			// Bytes that were written for nothing are written over by the next string.
			slot.Count.Add(n)
			return nil
		}
	}
	return ErrFull
}

// isKeyOf compares the string that key speaks of with s, in all its bytes if
// the cheap signs agree.
func (a *Adder) isKeyOf(key, hash uint64, s string) (bool, error) {
	if tagOf(key) != tagOf(hash) || int(key>>32&maxLen) != len(s) {
		return false, nil
	}
	b, err := bytesOf(a.text, key)
	return string(b) == s, err
}

// write puts the bytes of s at the beginning of what is unused and returns
// where that is. They aren't taken until a key for them is published.
func (a *Adder) write(s string) (place int, err error) {
	if need := roundUp(len(s)); a.end-a.next < need {
		take := max(need, chunkSize)
		end := int(shm.AddRaw(a.h.Used, int64(take)))
		if end < take || end > len(a.text) {
			return 0, ErrFull
		}
		a.next, a.end = end-take, end
	}
	copy(a.text[a.next:a.end], s)
	return a.next, nil
}

func roundUp(size int) int { return (size + unit - 1) / unit * unit }
