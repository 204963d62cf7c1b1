package pickle

import "github.com/multiproc-go/multiproc/py"

const (
	// bulkText is how long the strings are that share memory with their neighbours, in a pickle that has many.
	bulkText = 64
	// bulkWindow is how much memory such strings share: as much as one of them can keep alive.
	bulkWindow = 1 << 10
	// bulkPlaces is how many values share memory.
	bulkPlaces = 64
	// bulkNumbers is how many numbers of a pickle get a place of their own, before others share.
	bulkNumbers = 16
)

// bulk is for pickles with many short strings and numbers, for which it gets memory for several at once. A value keeps what it shares memory with from being freed: about a
// kilobyte at most.
type bulk struct {
	// window is a part of the data: the strings in it are parts of the copy.
	window string
	at     int64 // of the window in the stream

	numbers int // that have come
	strings []string
	ints    []int64
	floats  []float64
}

// bulkText is the string that b is, which was just taken from the input.
func (m *machine) bulkText(b []byte) string {
	in := &m.in
	from := in.pos - len(b)
	i := in.base + int64(from) - m.bulk.at
	if i < 0 || i+int64(len(b)) > int64(len(m.bulk.window)) {
		m.bulk.window = string(in.data[from:min(from+bulkWindow, len(in.data))])
		m.bulk.at = in.base + int64(from)
		i = 0
	}
	return m.bulk.window[i:][:len(b)]
}

// textValue is the Value of a string.
func (m *machine) textValue(s string) py.Value {
	if m.credit > 0 {
		return s
	}
	b := &m.bulk
	if len(b.strings) == cap(b.strings) {
		b.strings = make([]string, 0, bulkPlaces)
	}
	b.strings = append(b.strings, s)
	return stringAt(&b.strings[len(b.strings)-1])
}

// intValue is the Value of an int that is not small.
func (m *machine) intValue(i int64) py.Value {
	b := &m.bulk
	if b.numbers < bulkNumbers {
		b.numbers++
		return i
	}
	if len(b.ints) == cap(b.ints) {
		b.ints = make([]int64, 0, bulkPlaces)
	}
	b.ints = append(b.ints, i)
	return int64At(&b.ints[len(b.ints)-1])
}

func (m *machine) floatValue(f float64) py.Value {
	b := &m.bulk
	if b.numbers < bulkNumbers {
		b.numbers++
		return f
	}
	if len(b.floats) == cap(b.floats) {
		b.floats = make([]float64, 0, bulkPlaces)
	}
	b.floats = append(b.floats, f)
	return float64At(&b.floats[len(b.floats)-1])
}
