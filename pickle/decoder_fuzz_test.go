package pickle

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// FuzzDecode feeds bytes to the decoder: it never panics, takes memory in proportion, gives the same of data and of a stream, and what it reads is the same when it was
// written and is read again.
func FuzzDecode(f *testing.F) {
	for _, tests := range opTests {
		for _, test := range tests {
			f.Add([]byte(test.pickle))
		}
	}
	f.Add([]byte(aRequest))
	f.Add([]byte("\x80\x02cuuid\nUUID\n)\x81q\x01}U\x03int\x8a\x01\x05sb."))
	f.Add([]byte("\x80\x03cdatetime\ndatetime\nC\x0a\x07\xd1\x02\x03\x04\x05\x06\x00\x00\x07\x85R."))
	f.Add([]byte("\x80\x03cdecimal\nDecimal\nX\x04\x00\x00\x001.50\x85R."))
	f.Add([]byte("cexceptions\nIOError\n(I2\nS'x'\ntR}b."))
	f.Add([]byte("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR(dVa\nI1\nsb."))
	c := Config{Limits: Limits{Memory: 1 << 20, Depth: 200}, Buffers: [][]byte{[]byte("one")}}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v, err := c.Decode(data)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
			t.Errorf("%d bytes were allocated", n)
		}
		streamed, streamErr := c.NewDecoder(bytes.NewReader(data)).Value()
		if err != nil {
			var d *DecodeError
			if !errors.As(err, &d) {
				t.Errorf("%v is no *DecodeError", err)
			} else if d.Offset < 0 || d.Offset > int64(len(data)) {
				t.Errorf("%v: the offset is outside of the data", err)
			}
			checkKind(t, err)
			return
		}
		if streamErr != nil {
			t.Fatalf("a stream gives %v", streamErr)
		}
		first := dump(v)
		if got := dump(streamed); got != first {
			t.Fatalf("data give %s, and as a stream %s", first, got)
		}
		writeAgain(t, v, first)
	})
}

// checkKind checks what the docs say of errors.Is: without functions of the program's own there are just these.
func checkKind(t *testing.T, err error) {
	t.Helper()
	for _, kind := range []error{ErrTruncated, ErrCorrupt, ErrLimit, ErrUnsupported} {
		if errors.Is(err, kind) {
			return
		}
	}
	if x := (*py.Exception)(nil); !errors.As(err, &x) {
		t.Errorf("%v (%T) is of no kind", err, errors.Unwrap(err))
	}
}

// writeAgain checks that a value is read again as it was written, if it can be written. Python 2's str becomes str or bytes in protocols 3 and up, and protocol 2 changes names that were
// Python 2's; then it is the second time that nothing may change.
func writeAgain(t interface{ Fatalf(string, ...any) }, v py.Value, want string) {
	for protocol := 2; protocol <= HighestProtocol; protocol++ {
		c := Config{Protocol: protocol}
		changes := protocol == 2 || strings.Contains(want, `s2"`)
		for value, want := v, want; ; {
			data, err := c.Marshal(value)
			if err != nil {
				break
			}
			if value, err = c.Decode(data); err != nil {
				t.Fatalf("%s is written in protocol %d as %q, which gives %v", want, protocol, data, err)
			}
			got := dump(value)
			if got == want {
				break
			}
			if !changes {
				t.Fatalf("%s is written in protocol %d as %q, which gives %s", want, protocol, data, got)
			}
			want, changes = got, false
		}
	}
}
