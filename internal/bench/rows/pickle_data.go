package rows

import (
	"encoding/binary"
	"fmt"
	"math"

	ogrek "github.com/kisielk/og-rek"

	"github.com/multiproc-go/multiproc/py"
)

// A pickled is an object of bench_pickle.py in all the forms that it has here.
type pickled struct {
	name   string   // what the script calls it
	size   int      // its elements
	value  py.Value // this library's
	typed  any      // what og-rek encodes fastest
	other  any      // what og-rek decodes it to
	pickle []byte   // as CPython writes it with protocol 4, byte for byte
}

// pickledDict is {"key-0": 0, "key-1": 1, ...}.
func pickledDict(size int) pickled {
	value, typed, other := py.NewDict(), make(map[string]int64, size), make(map[any]any, size)
	w := newCPython()
	w.ops('}', memoize)
	for i := range size {
		key := fmt.Sprintf("key-%d", i)
		_ = value.Set(key, int64(i)) // a string can always be a key
		typed[key], other[key] = int64(i), int64(i)
		w.batch(i, size, 's', 'u', func() {
			w.text(key)
			w.boundary()
			w.int(i)
			w.boundary()
		})
	}
	if size > 0 && size%batchSize == 0 {
		w.ops(mark, 'u') // CPython sees only after a whole batch that there is no more
	}
	return pickled{"dict", size, value, typed, other, w.end()}
}

// pickledFloats is [0.0, 1/7, 2/7, ...].
func pickledFloats(size int) pickled {
	value, typed, other := py.NewList(), make([]float64, size), make([]any, size)
	w := newCPython()
	w.ops(']', memoize)
	for i := range size {
		f := float64(i) / 7
		value.Items = append(value.Items, f)
		typed[i], other[i] = f, f
		w.batch(i, size, 'a', 'e', func() {
			w.ops('G')
			w.data = binary.BigEndian.AppendUint64(w.data, math.Float64bits(f))
			w.boundary()
		})
	}
	return pickled{"floats", size, value, typed, other, w.end()}
}

// pickledRequest is ('7f44dcd29b40', 'append', (1,), {}), the request of a manager's client.
func pickledRequest() pickled {
	const ident, method = "7f44dcd29b40", "append"
	w := newCPython()
	w.ops(mark)
	w.text(ident)
	w.text(method)
	w.ops('K', 1, tuple1, memoize, '}', memoize, 't', memoize)
	value := py.Tuple{ident, method, py.Tuple{int64(1)}, py.NewDict()}
	other := ogrek.Tuple{ident, method, ogrek.Tuple{int64(1)}, map[any]any{}}
	return pickled{"request", 0, value, other, other, w.end()}
}

const (
	mark    = '('
	memoize = 0x94
	tuple1  = 0x85
)

// cpython writes pickles as CPython does: what is decoded in a row is what a Python peer sends, with a MEMOIZE after whatever could be
// referred to, and with its frames. (This library's encoder leaves out what no reader needs.)
type cpython struct {
	data  []byte
	frame int // where the frame's header is, -1 between frames
}

const (
	frameHeader = 9 // FRAME and its length
	frameTarget = 64 << 10
	frameLeast  = 4 // bytes that are worth a frame
	batchSize   = 1000
)

func newCPython() *cpython {
	return &cpython{data: []byte{0x80, 4}, frame: -1}
}

func (w *cpython) ops(bytes ...byte) {
	if w.frame < 0 {
		w.frame = len(w.data)
		w.data = append(w.data, make([]byte, frameHeader)...)
	}
	w.data = append(w.data, bytes...)
}

// boundary follows each object: there a frame ends when it is large enough.
func (w *cpython) boundary() {
	if w.frame >= 0 && len(w.data)-w.frame-frameHeader >= frameTarget {
		w.endFrame()
	}
}

func (w *cpython) endFrame() {
	header, content := w.data[w.frame:][:frameHeader], w.data[w.frame+frameHeader:]
	if len(content) < frameLeast {
		w.data = append(w.data[:w.frame], content...)
	} else {
		header[0] = 0x95
		binary.LittleEndian.PutUint64(header[1:], uint64(len(content)))
	}
	w.frame = -1
}

func (w *cpython) end() []byte {
	w.ops('.')
	w.endFrame()
	return w.data
}

// text writes a str of less than 256 bytes.
func (w *cpython) text(s string) {
	w.ops(0x8c, byte(len(s)))
	w.data = append(w.data, s...)
	w.data = append(w.data, memoize)
}

func (w *cpython) int(i int) {
	switch {
	case i < 1<<8:
		w.ops('K', byte(i))
	case i < 1<<16:
		w.ops('M', byte(i), byte(i>>8))
	default:
		w.ops('J')
		w.data = binary.LittleEndian.AppendUint32(w.data, uint32(i))
	}
}

// batch writes item i of size: they are added by the thousand, or by another opcode if there is only one.
func (w *cpython) batch(i, size int, one, many byte, item func()) {
	first, last := i%batchSize == 0, i%batchSize == batchSize-1 || i == size-1
	if size == 1 {
		item()
		w.ops(one)
		return
	}
	if first {
		w.ops(mark)
	}
	item()
	if last {
		w.ops(many)
	}
}
