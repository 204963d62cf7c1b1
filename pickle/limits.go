package pickle

import "github.com/multiproc-go/multiproc/py"

// The limits that a zero field of Limits stands for.
const (
	defaultSize   = 64 << 30
	defaultMemo   = 1 << 27
	memoryBase    = 64 << 20
	memoryPerByte = 128
)

// What reading takes that is neither memory nor proportional to the input: hashing long keys again and again, parsing long decimal numbers, greatest common divisors. The unit is about
// a nanosecond, so that a pickle can take a tenth of a second, and a microsecond for each byte it has.
const (
	workBase    = 100_000_000
	workPerByte = 1_000
)

// maxDigits is how long a number in decimal may be. Converting one takes time in proportion to the square of its length; Python 3.11 and newer refuse more than 4,300 digits.
const maxDigits = 1 << 17

func (l Limits) depth() int {
	if l.Depth > 0 {
		return l.Depth
	}
	return py.MaxDepth
}

func (l Limits) size() int64 {
	if l.Size > 0 {
		return l.Size
	}
	return defaultSize
}

func (l Limits) memo() int {
	if l.Memo > 0 {
		return l.Memo
	}
	return defaultMemo
}

// memory is the limit for a pickle of which n bytes are known.
func (l Limits) memory(n int64) int64 {
	if l.Memory > 0 {
		return l.Memory
	}
	return memoryBase + memoryPerByte*min(n, defaultSize)
}

// Estimates of what values take in memory, in bytes, with what the allocator rounds up and a share of what growing leaves unused.
const (
	costSlot   = 16 // an interface
	costString = 32 // its header, and the allocator's share of the text
	costSmall  = 48 // a number, a date, the header of a tuple
	costList   = 48
	costDict   = 96
	costEntry  = 96 // of a dict or a set
	costObject = 256
)

// charge adds n bytes to what the values of this pickle are estimated to take.
func (m *machine) charge(n int) error {
	m.memory += int64(uint(n)) // where an int has 32 bits, a product may have become negative
	if m.memory <= m.memoryLimit {
		return nil
	}
	return m.overdrawn()
}

// overdrawn is the slow part of charge: what may be used grows with what has been read.
func (m *machine) overdrawn() error {
	m.memoryLimit = m.config.Limits.memory(m.in.known())
	if m.memory <= m.memoryLimit {
		return nil
	}
	return tooMuch("the values take about %d bytes of memory, more than the limit of %d", m.memory, m.memoryLimit)
}

// spend adds n units to the work that this pickle has caused.
func (m *machine) spend(n int64) error {
	m.work += n
	if m.work <= workBase {
		return nil
	}
	if limit := workBase + workPerByte*m.in.known(); m.work > limit {
		return tooMuch("the values take more time than a pickle of this size should: long keys that are used again and again, or very large numbers")
	}
	return nil
}
