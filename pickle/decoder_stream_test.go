package pickle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/multiproc-go/multiproc/py"
)

func TestStreams(t *testing.T) {
	large := "B\x00\x00\x20\x00" + strings.Repeat("x", 1<<21)
	pickles := []string{
		aRequest, "N.", large + ".", "(" + large + "K\x01t.", "Va\n.", "\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00N.",
		"X\x00\x00\x01\x00" + strings.Repeat("y", 1<<16) + ".", "\x96\x00\x00\x20\x00\x00\x00\x00\x00" + large[5:] + ".", string(manyEntries(3000)),
	}
	all := strings.Join(pickles, "")
	for name, r := range map[string]io.Reader{
		"whole":   strings.NewReader(all),
		"halves":  iotest.HalfReader(strings.NewReader(all)),
		"errors":  iotest.DataErrReader(strings.NewReader(all)),
		"uneven":  &uneven{data: []byte(all)},
		"bufferd": io.MultiReader(strings.NewReader(all[:50]), strings.NewReader(all[50:])),
	} {
		d := NewDecoder(r)
		offset := 0
		for i, pickle := range pickles {
			v, err := d.Value()
			if err != nil {
				t.Fatalf("%s: pickle %d: %v", name, i, err)
			}
			want, err := Decode([]byte(pickle))
			if err != nil {
				t.Fatal(err)
			}
			if dump(v) != dump(want) {
				t.Errorf("%s: pickle %d differs", name, i)
			}
			if offset += len(pickle); d.InputOffset() != int64(offset) {
				t.Errorf("%s: the offset is %d after pickle %d, not %d", name, d.InputOffset(), i, offset)
			}
		}
		for range 2 {
			if _, err := d.Value(); err != io.EOF {
				t.Errorf("%s: %v at the end, not io.EOF", name, err)
			}
		}
	}
}

// uneven is a reader of pieces of all sizes, also of none.
type uneven struct {
	data []byte
	n    int
}

func (r *uneven) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	r.n = (r.n*7 + 3) % 5000
	n := copy(p[:min(r.n%300, len(p))], r.data)
	r.data = r.data[n:]
	return n, nil
}

func TestStreamErrors(t *testing.T) {
	broken := errors.New("broken")
	for n := range len(aRequest) {
		// The stream ends, or breaks, inside of the second pickle.
		for _, end := range []error{io.EOF, broken} {
			d := NewDecoder(io.MultiReader(strings.NewReader(aRequest+aRequest[:n]), iotest.ErrReader(end)))
			if _, err := d.Value(); err != nil {
				t.Fatal(err)
			}
			_, err := d.Value()
			switch {
			case n == 0 && end == io.EOF:
				if err != io.EOF {
					t.Errorf("%v between two pickles, not io.EOF", err)
				}
			case end == io.EOF:
				if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, ErrTruncated) || errors.Is(err, io.EOF) {
					t.Errorf("%v after %d bytes", err, n)
				}
			default:
				if !errors.Is(err, broken) {
					t.Errorf("%v after %d bytes", err, n)
				}
			}
			if _, again := d.Value(); again != err {
				t.Errorf("%v, and then %v", err, again)
			}
			if b := d.Buffered(); len(b) > 0 {
				t.Errorf("%d bytes are buffered after an error", len(b))
			}
		}
	}
	d := NewDecoder(strings.NewReader("N.rest"))
	if _, err := d.Value(); err != nil || string(d.Buffered()) != "rest" {
		t.Errorf("%v, and %q is buffered", err, d.Buffered())
	}
	if _, err := NewDecoder(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("NN.")))).Value(); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("%v, not the reader's error", err)
	}
	if _, err := NewDecoder(stuck{}).Value(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%v of a reader that gives nothing", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestErrorOffsets(t *testing.T) {
	for _, test := range []struct {
		pickle string
		offset int64
		op     Op
		text   string
	}{
		{"", 0, 0, "pickle: byte 0: 1 bytes are missing"},
		{"NNN", 3, 0, "pickle: byte 3: "},
		{"NNt.", 2, opTuple, "pickle: byte 2, TUPLE: there is no MARK before it"},
		{"NX\x05\x00\x00\x00ab", 1, opBinUnicode, "pickle: byte 1, BINUNICODE: 5 bytes should follow, and there are only 2"},
		{"N\xff", 1, 0xff, "pickle: byte 1, opcode 0xff: no protocol has this opcode"},
		{"N.N", 2, 0, "pickle: byte 2: 1 bytes follow after the STOP"},
		{"\x80\x09N.", 0, opProto, "protocol 9"},
		{"NB\x00\x00\x01\x00" + strings.Repeat("a", 1<<16) + "}]Ns.", 1<<16 + 9, opSetItem, "TypeError: unhashable type: 'list'"},
		{"NX\x00\x00\x02\x00" + strings.Repeat("\xff", 1<<17) + ".", 1, opBinUnicode, "is not UTF-8"},
	} {
		_, err := Decode([]byte(test.pickle))
		_, streamErr := NewDecoder(iotest.HalfReader(strings.NewReader(test.pickle))).Value()
		for _, err := range []error{err, streamErr} {
			if err == nil || err == io.EOF {
				continue // the stream goes on where one pickle ends
			}
			var d *DecodeError
			if !errors.As(err, &d) || d.Offset != test.offset || d.Op != test.op || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%.20q: %v, not %q at byte %d", test.pickle, err, test.text, test.offset)
			}
		}
	}
}

func TestAlias(t *testing.T) {
	text := strings.Repeat("a", aliasMin)
	for form, pickle := range map[string]string{
		"str":       "X\x00\x10\x00\x00" + text + ".",
		"bytes":     "B\x00\x10\x00\x00" + text + ".",
		"str2":      "T\x00\x10\x00\x00" + text + ".",
		"bytearray": "\x96\x00\x10\x00\x00\x00\x00\x00\x00" + text + ".",
		"short":     "U\x40" + text[:64] + ".",
	} {
		for _, alias := range []bool{false, true} {
			data := []byte(pickle)
			v, err := Config{Alias: alias}.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			before := dump(v)
			for i := range data {
				data[i] = 'b'
			}
			if shared := dump(v) != before; shared != (alias && form != "bytearray" && form != "short") {
				t.Errorf("%s with Alias %v: shared = %v", form, alias, shared)
			}
		}
	}
	buffers := [][]byte{[]byte("one")}
	v, err := Config{Buffers: buffers}.Decode([]byte("\x97."))
	if err != nil || &v.(*py.ByteArray).B[0] != &buffers[0][0] {
		t.Errorf("an out-of-band buffer was copied: %v", err)
	}
}

// TestStringsAreKept: short strings share memory with their neighbours, and are what they were when the input is used for something else.
func TestStringsAreKept(t *testing.T) {
	data := manyEntries(2000)
	v, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 'x'
	}
	i := 0
	for k, n := range v.(*py.Dict).All() {
		if k != fmt.Sprintf("key-%d", i) || n != int64(i) {
			t.Fatalf("entry %d is %v: %v", i, k, n)
		}
		i++
	}
}

func TestAllocations(t *testing.T) {
	request := []byte(aRequest)
	if n := testing.AllocsPerRun(1000, func() { Decode(request) }); n > 5 {
		t.Errorf("a request takes %v allocations", n)
	}
	answer := []byte("\x80\x04\x95\x0e\x00\x00\x00\x00\x00\x00\x00\x8c\x07#RETURN\x94N\x86\x94.")
	if n := testing.AllocsPerRun(1000, func() { Decode(answer) }); n > 2 {
		t.Errorf("an answer takes %v allocations", n)
	}
	floats := manyFloats(100_000)
	if n := testing.AllocsPerRun(10, func() { Decode(floats) }); n > 5000 {
		t.Errorf("100,000 floats take %v allocations", n)
	}
}

// TestNothingIsKept: the machine that has decoded a value does not keep it alive.
func TestNothingIsKept(t *testing.T) {
	freed := make(chan struct{}, 1)
	func() {
		r := NewRegistry()
		r.Construct(py.Global{Module: "m", Name: "f"}, func(py.Tuple, *py.Dict) (py.Value, error) {
			l := py.NewList()
			runtime.AddCleanup(l, func(int) { freed <- struct{}{} }, 0)
			return l, nil
		})
		for _, pickle := range []string{"cm\nf\n)R\x94h\x00NN\x87.", "(cm\nf\n)R\x940h\x00.", "(((cm\nf\n)R2ll\x85\x85."} {
			if _, err := (Config{Registry: r}).Decode([]byte(pickle)); err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			<-freed
		}
	}()
}

func TestDecoderDecode(t *testing.T) {
	d := NewDecoder(bytes.NewReader([]byte("K\x07.Va\n.")))
	var n int
	var s string
	if err := d.Decode(&n); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	if err := d.Decode(&s); err != nil || s != "a" {
		t.Errorf("%q, %v", s, err)
	}
	if err := d.Decode(&s); err != io.EOF {
		t.Errorf("%v, not io.EOF", err)
	}
}
