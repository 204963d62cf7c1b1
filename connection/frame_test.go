package connection

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/multiproc-go/multiproc/internal/race"
	"pgregory.net/rapid"
)

// frameOf is a frame, by other code than what is tested.
func frameOf(payload []byte, long bool) []byte {
	var b []byte
	if long {
		b = binary.BigEndian.AppendUint64([]byte{0xff, 0xff, 0xff, 0xff}, uint64(len(payload)))
	} else {
		b = binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	}
	return append(b, payload...)
}

func TestHeader(t *testing.T) {
	for size, want := range map[uint64]string{
		0:          "\x00\x00\x00\x00",
		258:        "\x00\x00\x01\x02",
		0x7fffffff: "\x7f\xff\xff\xff",
		0x80000000: "\xff\xff\xff\xff\x00\x00\x00\x00\x80\x00\x00\x00",
		1 << 40:    "\xff\xff\xff\xff\x00\x00\x01\x00\x00\x00\x00\x00",
	} {
		var h [longHeader]byte
		if got := putHeader(&h, size); string(got) != want {
			t.Errorf("%d: % x", size, got)
		}
	}
}

// dribble gives a text in pieces, with interruptions between them, as a socket with deadlines does.
type dribble struct {
	t    *rapid.T
	text []byte
	stop bool // interrupt now and then
}

func (d *dribble) Read(p []byte) (int, error) {
	if d.stop && rapid.IntRange(0, 3).Draw(d.t, "what") == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	if len(d.text) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(d.text), rapid.SampledFrom([]int{1, 2, 3, 5, 100, 4095, 4096, 1 << 20, 1 << 30}).Draw(d.t, "piece"))
	copy(p, d.text[:n])
	d.text = d.text[n:]
	return n, nil
}

// TestReaderModel: in whatever pieces frames come, with whatever interruptions, into buffers of whatever length, what is handed out is what was sent.
func TestReaderModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 10), rapid.IntRange(readBuffer-20, readBuffer+20), rapid.IntRange(0, 3*readBuffer), rapid.Just(firstStep+5)), 0, 6).Draw(t, "sizes")
		var messages [][]byte
		from := &dribble{t: t, stop: rapid.Bool().Draw(t, "interruptions")}
		for i, size := range sizes {
			m := make([]byte, size)
			for j := range m {
				m[j] = byte(i + j*31>>4)
			}
			messages = append(messages, m)
			from.text = append(from.text, frameOf(m, rapid.Bool().Draw(t, "long"))...)
		}
		r := &reader{from: from}
		for i, want := range messages {
			var got []byte
			for {
				whole, err := r.next(math.MaxInt64)
				if err == nil && whole != nil {
					got = bytes.Clone(whole)
					r.done(whole)
					break
				}
				if err == nil {
					got, err = r.read(make([]byte, rapid.SampledFrom([]int{0, 10, len(want), len(want) + 7}).Draw(t, "buffer")))
					if err == nil {
						break
					}
				}
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("message %d of %d: %v", i, len(messages), err)
				}
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("message %d of %d bytes is another one of %d", i, len(want), len(got))
			}
		}
		from.stop = false
		if _, err := r.next(math.MaxInt64); err != io.EOF || r.ready() {
			t.Fatalf("behind the last message: %v", err)
		}
	})
}

// TestReaderTruncated: a stream that ends inside a frame is an error at every place.
func TestReaderTruncated(t *testing.T) {
	for _, text := range [][]byte{frameOf(make([]byte, 20), false), frameOf(make([]byte, 20), true), frameOf(make([]byte, 5000), true), frameOf(make([]byte, firstStep+9), false)} {
		for _, n := range []int{1, 3, 4, 5, 11, 12, 13, len(text) / 2, len(text) - 1} {
			r := &reader{from: bytes.NewReader(text[:n])}
			_, err := r.next(math.MaxInt64)
			if err == nil {
				_, err = r.read(nil)
			}
			if err != io.ErrUnexpectedEOF || !r.ready() {
				t.Errorf("%d of %d bytes: %v", n, len(text), err)
			}
		}
	}
}

func TestReaderLengths(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int64
		size  uint64 // that is too large; 0 for a bad length
	}{
		{"\xff\xff\xff\xfe", math.MaxInt64, 0},
		{"\x80\x00\x00\x00", math.MaxInt64, 0},
		{"\x00\x00\x01\x01", 256, 257},
		{"\x7f\xff\xff\xff", 256, 0x7fffffff},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", math.MaxInt64, math.MaxUint64},
		{"\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\x00\x00", math.MaxInt64, 1 << 63},
		{"\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x01\x01", 256, 257},
	} {
		r := &reader{from: bytes.NewReader([]byte(c.text))}
		_, err := r.next(c.limit)
		var large *FrameTooLargeError
		switch {
		case c.size == 0 && !errors.Is(err, ErrBadLength):
			t.Errorf("% x: %v", c.text, err)
		case c.size > 0 && (!errors.As(err, &large) || large.Size != c.size || large.Limit != c.limit):
			t.Errorf("% x: %v", c.text, err)
		}
	}
}

// liar sends a header and some bytes, and then nothing more.
func liar(announced uint64, sent int) io.Reader {
	b := binary.BigEndian.AppendUint64([]byte{0xff, 0xff, 0xff, 0xff}, announced)
	return io.MultiReader(bytes.NewReader(b), bytes.NewReader(make([]byte, sent)))
}

// TestReaderMemory: what is announced and not sent costs next to nothing.
func TestReaderMemory(t *testing.T) {
	const size = 1 << 38
	if uint64(maxInt) < size {
		t.Skip("a message of 256 GiB does not fit an int of 32 bits")
	}
	for _, c := range []struct{ sent, most int }{{0, 2 * firstStep}, {1000, 2 * firstStep}, {firstStep, (growth + 2) * firstStep}} {
		from := liar(size, c.sent)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := &reader{from: from}
		if _, err := r.next(math.MaxInt64); err != nil {
			t.Fatal(err)
		}
		if _, err := r.read(nil); err != io.ErrUnexpectedEOF {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(c.most) {
			t.Errorf("%d bytes of %d have cost %d", c.sent, uint64(size), got)
		}
	}
}

// zeros is a stream without end, which says how much of it was read.
type zeros struct{ n uint64 }

func (z *zeros) Read(p []byte) (int, error) {
	z.n += uint64(len(p))
	return len(p), nil
}

// TestReaderBeyondShort: a message of 2 GiB and more is read to its last byte and not further. The memory for it is never touched, but the address space has to be there.
func TestReaderBeyondShort(t *testing.T) {
	if maxInt < 1<<40 || race.Enabled { // which keeps book of all of it
		t.Skip("needs an address space of more than 32 bits, and no race detector, which keeps book of all of it")
	}
	var size uint64 = 1<<31 + 7 // no int of 32 bits, for which this is compiled all the same
	z := &zeros{}
	r := &reader{from: io.MultiReader(liar(size, 0), z)}
	if _, err := r.next(math.MaxInt64); err != nil || !r.open {
		t.Fatal(err)
	}
	// A buffer that is not large enough for a byte of it makes the reader use its own; here it is given one.
	dst := make([]byte, size)
	got, err := r.read(dst)
	if err != nil || uint64(len(got)) != size || r.open {
		t.Fatal(len(got), err)
	}
	if ahead := uint64(len(r.buffered())); z.n != size+ahead {
		t.Errorf("%d bytes were read for %d, %d are left", z.n, size, ahead)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x03abc\x00\x00\x00\x00"))
	f.Add([]byte("\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x20\x00abc"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := &reader{from: bytes.NewReader(text)}
		total := 0
		for {
			whole, err := r.next(1 << 20)
			if err == nil && whole != nil {
				total += len(whole)
				r.done(whole)
				continue
			}
			if err == nil {
				var m []byte
				if m, err = r.read(nil); err == nil {
					total += len(m)
					continue
				}
			}
			break
		}
		if total > len(text) {
			t.Fatalf("%d bytes out of %d", total, len(text))
		}
	})
}
