package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
)

const (
	// firstRead is what is asked of a stream at least, and how far its buffer reads ahead.
	firstRead = 32 << 10
	// direct is from where on a string of a stream goes to its own memory, instead of through the buffer.
	direct = 64 << 10
	// step bounds what is allocated for a string of a stream before any of it has come.
	step = 1 << 20
)

// input is the bytes of a pickle: all of them, or those of a stream that are in its buffer.
//
//	data   | before | this opcode, its argument | to come |
//	                ^ start      ^ pos
//
// What lies before start is gone at the next fill; so an operation may keep places in the data as distances from start.
type input struct {
	data  []byte
	start int // of this operation
	pos   int

	r     io.Reader // nil: data is all there is
	base  int64     // what was in the stream before data
	begin int64     // offset in the stream at which this pickle begins
	limit int64     // Limits.Size
	err   error     // of r, once it has failed

	directAt, directEnd int64 // the operation whose argument was last read by takeDirect, and where that ended
}

// offset is the place of this operation in the stream.
func (in *input) offset() int64 {
	if in.pos == 0 && in.base == in.directEnd {
		return in.directAt // its argument did not go through the buffer
	}
	return in.base + int64(in.start)
}

// known is how many bytes of this pickle have come.
func (in *input) known() int64 { return in.base + int64(len(in.data)) - in.begin }

// left is what is known of the input and not yet consumed.
func (in *input) left() int { return len(in.data) - in.pos }

// need makes sure that n bytes are there.
func (in *input) need(n int) error {
	if len(in.data)-in.pos >= n {
		return nil
	}
	return in.fill(n)
}

// fill is the slow part of need. It moves the data: what was sliced before is gone.
func (in *input) fill(n int) error {
	if in.r == nil {
		return in.short(n)
	}
	if err := in.within(n); err != nil {
		return err
	}
	in.shift()
	for len(in.data)-in.pos < n {
		// Doubling what is full keeps the buffer within twice of what has come, whatever n is.
		if len(in.data) == cap(in.data) {
			in.data = slices.Grow(in.data, max(firstRead, len(in.data)))
		}
		if err := in.read(); err != nil {
			return in.ended(n, err)
		}
	}
	return nil
}

// shift drops from the buffer what lies before this operation.
func (in *input) shift() {
	if in.start == 0 {
		return
	}
	n := copy(in.data, in.data[in.start:])
	in.data = in.data[:n]
	in.base += int64(in.start)
	in.pos -= in.start
	in.start = 0
}

// replace puts another buffer into the place of the data, with what follows pos.
func (in *input) replace(data []byte) {
	in.base += int64(in.pos)
	in.data = data
	in.start, in.pos = 0, 0
}

// read appends to the buffer what one Read gives, which is at least a byte.
func (in *input) read() error {
	if in.err != nil {
		return in.err
	}
	for range 100 {
		n, err := in.r.Read(in.data[len(in.data):cap(in.data)])
		in.data = in.data[:len(in.data)+n]
		in.err = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// within returns an error if n more bytes would make the pickle larger than it may be.
func (in *input) within(n int) error {
	if size := in.base + int64(in.pos) - in.begin; int64(n) > in.limit-size {
		return tooMuch("the pickle has more than %d bytes", in.limit)
	}
	return nil
}

// short is the error where n bytes are needed and the input has ended.
func (in *input) short(n int) error {
	if in.left() == 0 {
		return truncated("%d bytes are missing at the end: the pickle is cut off", n)
	}
	return truncated("%d bytes should follow, and there are only %d: the pickle is cut off", n, in.left())
}

func (in *input) ended(n int, err error) error {
	if errors.Is(err, io.EOF) {
		return in.short(n)
	}
	return err
}

func (in *input) uint8() (int, error) {
	if err := in.need(1); err != nil {
		return 0, err
	}
	n := in.data[in.pos]
	in.pos++
	return int(n), nil
}

func (in *input) uint16() (int, error) {
	if err := in.need(2); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint16(in.data[in.pos:])
	in.pos += 2
	return int(n), nil
}

func (in *input) uint32() (uint32, error) {
	if err := in.need(4); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint32(in.data[in.pos:])
	in.pos += 4
	return n, nil
}

// length reads the length of what follows, by its form.
func (in *input) length(form ArgForm) (int, error) {
	switch form {
	case Counted1:
		return in.uint8()
	case Counted4, Counted4Int:
		n, err := in.uint32()
		switch {
		case err != nil:
			return 0, err
		case form == Counted4Int && int32(n) < 0:
			return 0, corrupt("the length %d is negative", int32(n))
		case uint64(n) > math.MaxInt:
			return 0, truncated("%d bytes should follow, more than this machine can address", n)
		}
		return int(n), nil
	}
	if err := in.need(8); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint64(in.data[in.pos:])
	in.pos += 8
	// Half of the address space leaves room for the sums that are made of lengths and places.
	if n > math.MaxInt/2 {
		return 0, truncated("%d bytes should follow, more than this machine can address", n)
	}
	return int(n), nil
}

// take returns the next n bytes. They are a part of the data, and change with the next fill, unless whole says that they have memory of their own.
func (m *machine) take(n int) (b []byte, whole bool, err error) {
	in := &m.in
	if len(in.data)-in.pos < n {
		if in.r != nil && n > direct {
			b, err = m.takeDirect(n)
			return b, true, err
		}
		if err := in.fill(n); err != nil {
			return nil, false, err
		}
	}
	b = in.data[in.pos : in.pos+n : in.pos+n]
	in.pos += n
	return b, false, nil
}

// takeDirect reads n bytes of a stream into memory of their own, which grows as they come.
func (m *machine) takeDirect(n int) ([]byte, error) {
	in := &m.in
	if err := in.within(n); err != nil {
		return nil, err
	}
	b := make([]byte, 0, min(n, max(step, 2*in.left())))
	b = append(b, in.data[in.pos:]...)
	if err := m.charge(len(b)); err != nil {
		return nil, err
	}
	in.directAt = in.offset()
	defer func() { in.directEnd = in.base }()
	// The buffer is empty from here on: the stream goes on where this string ends.
	in.base += int64(len(in.data))
	in.data = in.data[:0]
	in.start, in.pos = 0, 0
	for len(b) < n {
		if len(b) == cap(b) {
			b = slices.Grow(b, min(n-len(b), len(b)))
		}
		have := len(b)
		room := min(cap(b), n)
		got, err := io.ReadFull(in.r, b[have:room])
		b = b[:have+got]
		in.base += int64(got)
		if err != nil {
			in.err = err
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, truncated("%d bytes should follow, and there are only %d: the pickle is cut off", n, len(b))
			}
			return nil, err
		}
		if err := m.charge(got); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// line returns the text up to the next newline, without it; it changes with the next fill.
func (in *input) line() ([]byte, error) {
	from := in.pos - in.start
	to, err := in.endOfLine(from)
	if err != nil {
		return nil, err
	}
	return in.data[in.start+from : in.start+to], nil
}

// lines returns the next two lines.
func (in *input) lines() (first, second []byte, err error) {
	from := in.pos - in.start
	to, err := in.endOfLine(from)
	if err != nil {
		return nil, nil, err
	}
	to2, err := in.endOfLine(to + 1)
	if err != nil {
		return nil, nil, err
	}
	here := in.data[in.start:]
	return here[from:to], here[to+1 : to2], nil
}

// endOfLine finds the newline after a place, both as distances from start, and sets pos behind it.
func (in *input) endOfLine(from int) (int, error) {
	for seen := from; ; {
		if i := bytes.IndexByte(in.data[in.start+seen:], '\n'); i >= 0 {
			in.pos = in.start + seen + i + 1
			return seen + i, nil
		}
		seen = len(in.data) - in.start
		in.pos = in.start + from
		if in.r == nil {
			return 0, truncated("a line without its newline: the pickle is cut off")
		}
		if err := in.fill(in.left() + 1); err != nil {
			return 0, err
		}
	}
}
