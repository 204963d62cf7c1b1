package object

import (
	"cmp"
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// A fifo is values in a row, in a ring that grows and shrinks with their number. The zero fifo is empty. Each value that is taken out has a number, by which it can be put back into its place: before
// all that were behind it, and behind those before it that were put back, too.
type fifo struct {
	ring  []py.Value // its length is 0 or a power of 2
	first int
	n     int // how many are in the ring

	taken uint64     // the number of the last value that was taken out of the ring
	back  []numbered // values that were put back, the youngest first; all of them are older than those in the ring
}

type numbered struct {
	v      py.Value
	number uint64
}

// fifoKeeps is the room that a fifo keeps however few values are in it.
const fifoKeeps = 64

func (f *fifo) at(i int) *py.Value { return &f.ring[(f.first+i)&(len(f.ring)-1)] }

func (f *fifo) pushBack(v py.Value) {
	if f.n == len(f.ring) {
		f.resize(max(8, 2*f.n))
	}
	*f.at(f.n) = v
	f.n++
}

func (f *fifo) len() int { return f.n + len(f.back) }

// pass is the number of a value that is taken without having been in the ring, as if it had been there.
func (f *fifo) pass() uint64 {
	f.taken++
	return f.taken
}

// putBack puts a value that was taken out into its place.
func (f *fifo) putBack(v py.Value, number uint64) {
	i, _ := slices.BinarySearchFunc(f.back, number, func(x numbered, number uint64) int { return cmp.Compare(number, x.number) })
	f.back = slices.Insert(f.back, i, numbered{v, number})
}

// pop takes the first value out. There must be one.
func (f *fifo) pop() (v py.Value, number uint64) {
	last := len(f.back) - 1
	if last < 0 {
		return f.popRing(), f.pass()
	}
	x := f.back[last]
	f.back[last] = numbered{}
	if f.back = f.back[:last]; last == 0 {
		f.back = nil
	}
	return x.v, x.number
}

func (f *fifo) popRing() py.Value {
	v := *f.at(0)
	*f.at(0) = nil
	f.first = (f.first + 1) & (len(f.ring) - 1)
	f.n--
	if len(f.ring) > fifoKeeps && f.n <= len(f.ring)/4 {
		f.resize(len(f.ring) / 2)
	}
	return v
}

func (f *fifo) resize(size int) {
	ring := make([]py.Value, size)
	for i := range f.n {
		ring[i] = *f.at(i)
	}
	f.ring, f.first = ring, 0
}
