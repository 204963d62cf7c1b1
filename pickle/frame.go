package pickle

import (
	"encoding/binary"
	"io"
)

const (
	// frameTarget is how long a frame becomes before the next one begins. Strings and bytes from this length on are outside of frames.
	frameTarget = 64 << 10
	// frameMin is how long a pickle, or what is left at its end, must be to get a frame. Frames save Python calls of a file's read(), and nothing
	// where the whole pickle is in memory; a request or reply of 50 bytes is shorter without.
	frameMin  = 256
	frameHead = 9 // FRAME and the length
)

// sink takes the bytes of one pickle. Those of protocol 4 and newer are put into frames, and those that are meant for an io.Writer go there frame by frame.
type sink struct {
	out     []byte
	w       io.Writer // nil: all stays in out
	framed  bool
	frame   int   // where the open frame, or part of the pickle, begins in out
	full    int   // length of out at which it ends; 0 after an error
	before  int64 // bytes that count for the size, and are not in out; negative for those in out that are none of the pickle's
	maxSize int64
	err     error // the first; nothing is written to w after it, and no more is put into out
}

// begin opens a frame.
func (s *sink) begin() {
	s.frame = len(s.out)
	if s.framed {
		s.out = append(s.out, byte(opFrame), 0, 0, 0, 0, 0, 0, 0, 0)
	}
	s.full = len(s.out) + frameTarget
	if s.err != nil {
		s.full = 0
	}
}

// end closes the frame, or takes back its beginning if it is short.
func (s *sink) end() {
	if !s.framed || s.err != nil {
		return
	}
	body := s.frame + frameHead
	n := len(s.out) - body
	if n < frameMin {
		copy(s.out[s.frame:], s.out[body:])
		s.out = s.out[:s.frame+n]
		return
	}
	binary.LittleEndian.PutUint64(s.out[s.frame+1:], uint64(n))
}

// next ends the frame and begins another one; not more means that there is no point in it, after an error.
func (s *sink) next() (more bool) {
	if s.err == nil {
		s.end()
		s.flush()
		s.begin()
	}
	return s.err == nil
}

// flush checks the size, and writes what there is to the io.Writer.
func (s *sink) flush() {
	s.grow(0)
	if s.err != nil || s.w == nil {
		return
	}
	s.before += int64(len(s.out))
	s.write(s.out)
	s.out = s.out[:0]
}

// grow checks that n more bytes are within the limit.
func (s *sink) grow(n int) {
	if size := s.before + int64(len(s.out)) + int64(n); s.err == nil && size > s.maxSize {
		s.err = &EncodeError{Err: errTooLong(s.maxSize)}
	}
}

func (s *sink) write(b []byte) {
	if s.err != nil || len(b) == 0 {
		return
	}
	n, err := s.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	s.err = err
}

// outside writes, between frames, an opcode with its length and its long argument, which is not copied on its way to an io.Writer.
func (s *sink) outside(op Op, wide bool, data string) {
	s.end()
	if wide {
		s.op8(op, uint64(len(data)))
	} else {
		s.op4(op, uint32(len(data)))
	}
	s.grow(len(data))
	switch {
	case s.err != nil:
	case s.w == nil:
		s.out = append(s.out, data...)
	default:
		s.flush()
		s.before += int64(len(data))
		s.write(readOnly(data))
	}
	s.begin()
}

func (s *sink) op(op Op) { s.out = append(s.out, byte(op)) }

func (s *sink) op1(op Op, n uint8) { s.out = append(s.out, byte(op), n) }

func (s *sink) op4(op Op, n uint32) {
	s.out = binary.LittleEndian.AppendUint32(append(s.out, byte(op)), n)
}

func (s *sink) op8(op Op, n uint64) {
	s.out = binary.LittleEndian.AppendUint64(append(s.out, byte(op)), n)
}

// counted writes data with its length, by the opcode that has the fewest bytes for the length. short is 0 in protocols that have none.
func (s *sink) counted(short, long, longer Op, data string) {
	switch n := len(data); {
	case n < 1<<8 && short != 0:
		s.op1(short, uint8(n))
	case n < frameTarget:
		s.op4(long, uint32(n))
	case uint64(n) < 1<<32:
		s.outside(long, false, data)
		return
	default:
		s.outside(longer, true, data)
		return
	}
	s.out = append(s.out, data...)
}
