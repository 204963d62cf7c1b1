package manager

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// slowly is parse without the quick way.
func slowly(r *request, message []byte) error {
	config := &pickle.Config{}
	*r = request{protocol: protocolOf(message)}
	v, err := config.Decode(message)
	if err != nil {
		return err
	}
	parts, ok := v.(py.Tuple)
	if !ok || len(parts) != 4 {
		return py.TypeError("no request")
	}
	return r.fill(parts)
}

// sameRequest compares two requests as they are, not as Python does.
func sameRequest(a, b *request) bool {
	if a.ident != b.ident || a.method != b.method || a.protocol != b.protocol || a.python2 != b.python2 || (a.kwargs == nil) != (b.kwargs == nil) || len(a.args) != len(b.args) {
		return false
	}
	for i := range a.args {
		x, isFloat := a.args[i].(float64)
		y, isFloat2 := b.args[i].(float64)
		if isFloat && isFloat2 {
			if math.Float64bits(x) != math.Float64bits(y) {
				return false
			}
		} else if a.args[i] != b.args[i] {
			return false
		}
	}
	return true
}

// pythonRequests are what Python 3.13, and in protocol 3 Python 3.7, send, and what is nearly that.
var pythonRequests = []string{
	"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00(\x8c\x0cab12cd34ef56\x94\x8c\x06append\x94K\x01\x85\x94}\x94t\x94.",
	"\x80\x04\x95\x16\x00\x00\x00\x00\x00\x00\x00(\x8c\x03abc\x94\x8c\x03get\x94)}\x94t\x94.",
	"\x80\x03(X\x03\x00\x00\x00abcq\x00X\x03\x00\x00\x00setq\x01X\x01\x00\x00\x00kq\x02N\x86q\x03}q\x04tq\x05.",
	"\x80\x03(X\x03\x00\x00\x00abcq\x00X\x03\x00\x00\x00setq\x01h\x01N\x88\x87q\x03}q\x04tq\x05.",
	"\x80\x03(X\x03\x00\x00\x00abcq\x00X\x03\x00\x00\x00setq\x01C\x03xyzq\x02G?\xf0\x00\x00\x00\x00\x00\x00J\xff\xff\xff\xff\x87q\x03}q\x04tq\x05.",
}

// TestQuickly: what is read quickly means what the decoder says.
func TestQuickly(t *testing.T) {
	quickly := 0
	for _, text := range pythonRequests {
		// Lengths of frames that are not right are put right.
		message := []byte(text)
		if message[2] == opFrame {
			message[3] = byte(len(message) - 11)
		}
		var fast, slow request
		if err := slowly(&slow, message); err != nil {
			t.Fatalf("%q: %v", message, err)
		}
		if fast.quickly(message) {
			quickly++
			if !sameRequest(&fast, &slow) {
				t.Errorf("%q is read as %v, not %v", message, fast, slow)
			}
		}
	}
	if quickly != len(pythonRequests)-1 { // but for the one with a reference
		t.Errorf("%d were read quickly", quickly)
	}
	args := rapid.SliceOfN(rapid.OneOf(
		rapid.SampledFrom([]py.Value{nil, true, false, "", "ä", "\x7f", py.Bytes("\xff"), math.Inf(1), math.Copysign(0, -1), py.NewList(), py.Tuple{}}),
		rapid.Map(rapid.Int64(), func(i int64) py.Value { return i }),
		rapid.Map(rapid.Float64(), func(f float64) py.Value { return f }),
		rapid.Map(rapid.StringMatching("[a-z]{0,300}"), func(s string) py.Value { return s }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) py.Value { return py.Bytes(b) }),
	), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		message := []byte(rapid.SampledFrom(pythonRequests).Draw(t, "recorded"))
		if rapid.Bool().Draw(t, "own") {
			var err error
			message, err = pickle.Config{Protocol: rapid.IntRange(2, 5).Draw(t, "protocol")}.Marshal(py.Tuple{"abc", "get", py.Tuple(args.Draw(t, "args")), py.NewDict()})
			if err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			message[rapid.IntRange(0, len(message)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		message = message[:len(message)-rapid.IntRange(0, 1).Draw(t, "cut")]
		var fast, slow request
		if !fast.quickly(message) {
			return
		}
		if err := slowly(&slow, message); err != nil {
			t.Fatalf("%q was read, and is wrong: %v", message, err)
		}
		if !sameRequest(&fast, &slow) {
			t.Fatalf("%q is read as %v, not %v", message, fast, slow)
		}
	})
}
