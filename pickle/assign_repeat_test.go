package pickle

import (
	"encoding/binary"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// A value may have the same large part again and again, of which Go types need a copy each time.
func TestAssignOfWhatIsRepeated(t *testing.T) {
	counted := func(op, s string) string {
		return op + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
	}
	long := strings.Repeat("7", 100_000)
	number := "\x8b" + string(binary.LittleEndian.AppendUint32(nil, 12_001)) + strings.Repeat("\x7f", 12_000) + "\x01"
	fraction := "cfractions\nFraction\n" + number + strings.Replace(number, "\x7f", "\x33", 12_000) + "\x86R"
	type point struct{ X, Y int }
	for name, test := range map[string]struct {
		part string
		into func() any
	}{
		"bytes":            {counted("B", long), func() any { return new([][]byte) }},
		"Str2":             {counted("T", long), func() any { return new([][]byte) }},
		"text":             {counted("X", long), func() any { return new([]shout) }},
		"ints":             {number, func() any { return new([]*big.Int) }},
		"Decimals as text": {"cdecimal\nDecimal\n" + counted("X", "0."+long) + "\x85R", func() any { return new([]string) }},
		"Decimals":         {"cdecimal\nDecimal\n" + counted("X", "0."+long) + "\x85R", func() any { return new([]float64) }},
		"big.Float":        {"cdecimal\nDecimal\n" + counted("X", long) + "\x85R", func() any { return new([]*big.Float) }},
		"Fractions":        {fraction, func() any { return new([]float64) }},
		"big.Rat":          {fraction, func() any { return new([]big.Rat) }},
		"big exponents":    {"cdecimal\nDecimal\n" + counted("X", "7e-4300") + "\x85R", func() any { return new([]*big.Rat) }},
		"items":            {"cm\nC\n)\x81(" + strings.Repeat("U\x01xN", 100_000) + "u", func() any { return new([]point) }},
	} {
		t.Run(name, func(t *testing.T) {
			data := func(n int) []byte {
				return []byte("\x80\x03" + test.part + "q\x000](" + strings.Repeat("h\x00", n) + "e.")
			}
			if err := Unmarshal(data(2), test.into()); err != nil {
				t.Errorf("twice: %v", err)
			}
			var e *UnmarshalTypeError
			if err := Unmarshal(data(8000), test.into()); !errors.Is(err, ErrLimit) || !errors.As(err, &e) {
				t.Errorf("8,000 times: %v", err)
			}
			if err := (Config{Limits: Limits{Memory: 1 << 62}}).Unmarshal(data(30), test.into()); err != nil {
				t.Errorf("30 times, without a limit: %v", err)
			}
		})
	}
	// What is not the same counts for nothing.
	var different py.List
	for range 1000 {
		different.Append(py.Bytes(strings.Clone(long)))
	}
	if err := Assign(&different, new([][]byte)); err != nil {
		t.Error(err)
	}
}

// shout is a type that reads text.
type shout struct{ n int }

func (s *shout) UnmarshalText(text []byte) error {
	s.n = len(text)
	return nil
}

// A bytearray can be changed, so two references to one are one slice.
func TestAssignOfOneByteArray(t *testing.T) {
	b := &py.ByteArray{B: []byte("abc")}
	var to [][]byte
	if err := Assign(py.NewList(b, b, &py.ByteArray{B: []byte("abc")}), &to); err != nil {
		t.Fatal(err)
	}
	to[0][0] = 'x'
	if string(to[1]) != "xbc" || string(to[2]) != "abc" || string(b.B) != "abc" {
		t.Errorf("%q, of %q", to, b.B)
	}
}
