package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// segment is a part of a pickle: a frame, or what is between frames.
type segment struct {
	framed bool
	data   []byte
}

// segments takes a pickle of protocol 4 or newer apart, and checks that no opcode is cut by a frame's end.
func segments(t *testing.T, data []byte) (out []segment) {
	t.Helper()
	end := -1 // of the frame
	start := 0
	cut := func(at int) {
		if at > start {
			out = append(out, segment{end >= 0, data[start:at]})
		}
		start = at
	}
	for i := 0; i < len(data); {
		if i == end {
			cut(i)
			end = -1
		}
		op := Op(data[i])
		if op == opFrame {
			if end >= 0 {
				t.Fatalf("a frame begins in another one, at byte %d", i)
			}
			cut(i)
			n := int(binary.LittleEndian.Uint64(data[i+1:]))
			start = i + 9
			end = start + n
			i = start
			continue
		}
		i += opLength(t, op, data[i:])
		if end >= 0 && i > end {
			t.Fatalf("the frame ends in the midst of %v, before byte %d", op, i)
		}
	}
	cut(len(data))
	return out
}

// opLength is how long the first opcode is with its argument.
func opLength(t *testing.T, op Op, data []byte) int {
	t.Helper()
	info, ok := op.Info()
	if !ok {
		t.Fatalf("%v is none", op)
	}
	switch info.Arg {
	case NoArg:
		return 1
	case Uint1:
		return 2
	case Uint2:
		return 3
	case Uint4, Int4:
		return 5
	case Uint8, Float8:
		return 9
	case Counted1:
		return 2 + int(data[1])
	case Counted4, Counted4Int:
		return 5 + int(binary.LittleEndian.Uint32(data[1:]))
	case Counted8:
		return 9 + int(binary.LittleEndian.Uint64(data[1:]))
	}
	t.Fatalf("%v has an argument of a form that is not written", op)
	return 0
}

// framedValues are values of all sizes around those where frames begin and end.
func framedValues() map[string]any {
	floats := py.NewList()
	for i := range 100_000 {
		floats.Items = append(floats.Items, float64(i))
	}
	texts := py.NewList()
	for i := range 200 {
		texts.Items = append(texts.Items, strings.Repeat("x", i*600))
	}
	return map[string]any{
		"short":        "abc",
		"limit":        strings.Repeat("x", 250),
		"floats":       floats,
		"texts":        texts,
		"large":        py.NewList(1, strings.Repeat("y", 65536), py.Bytes(strings.Repeat("z", 65535)), py.Bytes(strings.Repeat("z", 1<<20)), "end"),
		"bytearray":    py.NewList(&py.ByteArray{B: make([]byte, 65536)}, &py.ByteArray{B: make([]byte, 65535)}),
		"large number": py.NewList(new(big.Int).Lsh(big.NewInt(1), 1<<21), 1),
		"two large":    py.Tuple{strings.Repeat("y", 65536), strings.Repeat("z", 65536)},
	}
}

func TestFrames(t *testing.T) {
	for name, v := range framedValues() {
		for protocol := 4; protocol <= 5; protocol++ {
			data, err := Config{Protocol: protocol}.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range segments(t, data) {
				large := len(s.data) >= frameTarget
				switch {
				case s.framed && len(s.data) < frameMin:
					t.Errorf("%s: a frame has %d bytes", name, len(s.data))
				case s.framed && len(s.data) > 3*frameTarget && name != "large number":
					t.Errorf("%s: a frame has %d bytes", name, len(s.data))
				case !s.framed && !large && len(s.data) >= frameMin+frameHead:
					t.Errorf("%s: %d bytes have no frame", name, len(s.data))
				}
			}
		}
	}
}

// writes notes how it was written to.
type writes struct {
	bytes.Buffer
	calls   int
	longest int
	fail    int // the call that fails, counted from 1
	short   bool
}

var errWrite = errors.New("broken")

func (w *writes) Write(p []byte) (int, error) {
	w.calls++
	w.longest = max(w.longest, len(p))
	if w.calls == w.fail {
		if w.short {
			return len(p) / 2, nil
		}
		return 0, errWrite
	}
	return w.Buffer.Write(p)
}

// TestEncoderWritesWhatMarshalMakes: in one call if it is short, and never much more at once than a frame.
func TestEncoderWritesWhatMarshalMakes(t *testing.T) {
	for name, v := range framedValues() {
		for protocol := 2; protocol <= 5; protocol++ {
			c := Config{Protocol: protocol}
			want, err := c.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			var w writes
			e := c.NewEncoder(&w)
			for range 2 { // the second one uses the buffer of the first
				w.Reset()
				w.calls = 0
				if err := e.Encode(v); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(w.Bytes(), want) {
					t.Fatalf("%s, protocol %d: the Encoder wrote something else", name, protocol)
				}
				if len(want) < frameTarget && w.calls != 1 {
					t.Errorf("%s: %d bytes in %d calls", name, len(want), w.calls)
				}
			}
			if cap(e.buf) > 8*frameTarget {
				t.Errorf("%s: the Encoder keeps %d bytes", name, cap(e.buf))
			}
		}
	}
}

// TestLargeIsNotCopied: what is large reaches the io.Writer from where it is.
func TestLargeIsNotCopied(t *testing.T) {
	large := py.Bytes(strings.Repeat("x", 1<<20))
	same := false
	w := writerFunc(func(p []byte) (int, error) {
		same = same || len(p) == len(large) && textIdent(kindBytes, textOf(p)) == textIdent(kindBytes, large)
		return len(p), nil
	})
	if err := NewEncoder(w).Encode(py.NewList(1, large)); err != nil || !same {
		t.Errorf("the writer did not get the memory of the bytes; error %v", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestEncoderPassesErrorsOn(t *testing.T) {
	v := framedValues()["large"]
	for fail := 1; fail <= 4; fail++ {
		w := writes{fail: fail}
		if err := NewEncoder(&w).Encode(v); err != errWrite || w.calls != fail {
			t.Errorf("got %v after %d calls", err, w.calls)
		}
		w = writes{fail: fail, short: true}
		if err := NewEncoder(&w).Encode(v); err != io.ErrShortWrite {
			t.Errorf("got %v", err)
		}
	}
}

func TestSizeLimit(t *testing.T) {
	for name, v := range framedValues() {
		for protocol := 2; protocol <= 5; protocol++ {
			data, err := Config{Protocol: protocol}.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			for d, ok := range map[int]bool{-1: false, 0: true} {
				c := Config{Protocol: protocol, Limits: Limits{Size: int64(len(data) + d)}}
				before := []byte("before")
				got, err := c.Append(before, v)
				if ok && (err != nil || len(got) != len(data)+6) || !ok && (!errors.Is(err, ErrLimit) || string(got) != "before") {
					t.Errorf("%s, protocol %d: limit of the size %+d: %v", name, protocol, d, err)
				}
				var w writes
				if err := c.NewEncoder(&w).Encode(v); (err == nil) != ok || int64(w.Len()) > c.Limits.Size {
					t.Errorf("%s, protocol %d: limit of the size %+d for an Encoder: %v, %d bytes", name, protocol, d, err, w.Len())
				}
			}
		}
	}
}
