package connection

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

// A message is one frame. Its header is the length as a signed 32-bit number, or -1 and the length as an unsigned 64-bit one:
//
//	length <= 0x7fffffff    4 bytes  length
//	above                   4 bytes  ff ff ff ff
//	                        8 bytes  length
//
// both big-endian. Python 3.8 and newer know the second form; 2.7 to 3.7 take its -1 for the length of an empty message.
const (
	shortHeader = 4
	longHeader  = 12
	maxShort    = 1<<31 - 1
)

// putHeader writes the header for a payload into the end of h, and returns where it begins. So the payload can be prepared behind the longest header before its length is known.
func putHeader(h *[longHeader]byte, size uint64) []byte {
	if size <= maxShort {
		binary.BigEndian.PutUint32(h[longHeader-shortHeader:], uint32(size))
		return h[longHeader-shortHeader:]
	}
	binary.BigEndian.PutUint32(h[:], 1<<32-1)
	binary.BigEndian.PutUint64(h[4:], size)
	return h[:]
}

// Memory for what is received.
const (
	// readBuffer is what is read ahead: a message that fits in costs one system call. Each connection that receives has one.
	readBuffer = 4 << 10
	// firstStep is how much is allocated on the word of a peer.
	firstStep = 1 << 20
	// growth is how many times what has arrived is allocated then. A message of 64 MiB takes two allocations and a copy of its first MiB; a peer that announces more than it
	// sends makes us allocate at most 64 times what it has sent.
	growth = 64
)

// A reader takes frames apart. Whatever it has read stays in it until a frame is handed out, so a read that was interrupted can go on later.
type reader struct {
	from io.Reader

	buf   []byte // made when first needed
	begin int    // what was read and not yet handed out is buf[begin:end]
	end   int

	// A frame that is longer than buf, and whose header was handed out.
	open bool
	size int
	part []byte // the payload as far as it has come, apart from what is in buf

	// A frame that is too large, and how much of it is still to be thrown away.
	large *FrameTooLargeError
	left  uint64
	ask   func(size int64) error // Tolerate's
}

func (r *reader) buffered() []byte { return r.buf[r.begin:r.end] }

// ready reports whether a part of a frame has come.
func (r *reader) ready() bool { return r.open || r.begin < r.end || r.large != nil }

// room makes space for n bytes in buf, behind what is there.
func (r *reader) room(n int) []byte {
	if r.buf == nil {
		r.buf = make([]byte, readBuffer)
	}
	if r.begin == r.end {
		r.begin, r.end = 0, 0
	}
	if r.begin+n > len(r.buf) {
		r.end = copy(r.buf, r.buffered())
		r.begin = 0
	}
	return r.buf[r.end:]
}

// need reads until n bytes are in buf. The error is io.EOF only if there is no byte at all.
func (r *reader) need(n int) error {
	for idle := 0; r.end-r.begin < n; {
		got, err := r.from.Read(r.room(n))
		r.end += got
		switch {
		case r.end-r.begin >= n:
			return nil
		case err == io.EOF && r.begin < r.end:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case got > 0:
			idle = 0
		default:
			if idle++; idle == maxIdle {
				return io.ErrNoProgress
			}
		}
	}
	return nil
}

// maxIdle is how often a Read may return nothing and no error.
const maxIdle = 100

// next waits for a frame. A short one is returned whole: it is in buf, and valid until done is called. For a longer one whole is nil and r.open true: then read is to be called.
func (r *reader) next(limit int64) (whole []byte, err error) {
	switch {
	case r.large != nil:
		return nil, r.large
	case r.open:
		return nil, nil
	}
	if err := r.need(shortHeader); err != nil {
		return nil, err
	}
	header, size := shortHeader, uint64(0)
	if n := int32(binary.BigEndian.Uint32(r.buffered())); n >= 0 {
		size = uint64(n)
	} else if n == -1 {
		if err := r.need(longHeader); err != nil {
			return nil, err
		}
		header, size = longHeader, binary.BigEndian.Uint64(r.buffered()[shortHeader:])
	} else {
		return nil, ErrBadLength
	}
	if size > uint64(min(limit, maxInt)) {
		r.begin += header
		return nil, r.refuse(&FrameTooLargeError{Size: size, Limit: limit}, size)
	}
	if total := header + int(size); size <= readBuffer && total <= readBuffer {
		if err := r.need(total); err != nil {
			return nil, err
		}
		return r.buffered()[header:total:total], nil
	}
	r.begin += header
	r.open, r.size, r.part = true, int(size), nil
	return nil, nil
}

const maxInt = int64(^uint(0) >> 1)

// done drops the frame that next has returned.
func (r *reader) done(whole []byte) {
	header := shortHeader
	if r.buf[r.begin] == 0xff { // no length that fits into buf begins with it
		header = longHeader
	}
	r.begin += header + len(whole)
}

// read reads the payload of an open frame: into dst if it is long enough, else into memory of its own. After an error that a deadline has caused it can be called again, with the
// same or another dst.
func (r *reader) read(dst []byte) ([]byte, error) {
	into := r.part
	if len(dst) >= r.size {
		into = dst[:copy(dst, r.part)]
	}
	for idle := 0; len(into) < r.size; {
		if len(into) == cap(into) {
			more, why := r.grow(into)
			if why != nil {
				return nil, r.refuse(&FrameTooLargeError{Size: uint64(r.size), Why: why}, uint64(r.size-len(into)))
			}
			into = more
		}
		free := into[len(into):min(cap(into), r.size)]
		var got int
		var err error
		if r.begin < r.end {
			got = copy(free, r.buffered())
			r.begin += got
		} else {
			got, err = r.from.Read(free)
		}
		into = into[:len(into)+got]
		switch {
		case len(into) == r.size:
		case err == io.EOF:
			return nil, io.ErrUnexpectedEOF
		case errors.Is(err, os.ErrDeadlineExceeded):
			if r.part = into; len(dst) >= r.size {
				r.part = slices.Clone(into) // dst is the caller's
			}
			return nil, err
		case err != nil:
			return nil, err
		case got > 0:
			idle = 0
		default:
			if idle++; idle == maxIdle {
				return nil, io.ErrNoProgress
			}
		}
	}
	r.open, r.part = false, nil
	return into, nil
}

// grow gives the payload more memory, in proportion to what has come.
func (r *reader) grow(part []byte) ([]byte, error) {
	size := r.size
	if len(part) < size/growth {
		size = max(min(size, firstStep), growth*len(part))
	}
	if size > firstStep && r.ask != nil {
		if err := r.ask(int64(size)); err != nil {
			return nil, err
		}
	}
	more := make([]byte, len(part), size)
	copy(more, part)
	return more, nil
}
