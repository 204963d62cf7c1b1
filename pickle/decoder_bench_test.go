package pickle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// The pickles that the benchmarks read, as Python 3.8 and newer write them.

// aRequest is ('7f44dcd29b40', 'append', (1,), {}), as a manager's client sends it.
const aRequest = "\x80\x04\x95\x22\x00\x00\x00\x00\x00\x00\x00(\x8c\x0c7f44dcd29b40\x94\x8c\x06append\x94K\x01\x85\x94}\x94t\x94."

// manyEntries is {'key-%d': i}.
func manyEntries(n int) []byte {
	var b bytes.Buffer
	b.WriteString("\x80\x04}\x94")
	for i := range n {
		if i%1000 == 0 {
			if i > 0 {
				b.WriteByte('u')
			}
			b.WriteByte('(')
		}
		key := fmt.Sprintf("key-%d", i)
		b.WriteByte(byte(opShortBinUnicode))
		b.WriteByte(byte(len(key)))
		b.WriteString(key)
		b.WriteByte(byte(opMemoize))
		switch {
		case i < 1<<8:
			b.Write([]byte{byte(opBinInt1), byte(i)})
		case i < 1<<16:
			b.WriteByte(byte(opBinInt2))
			binary.Write(&b, binary.LittleEndian, uint16(i))
		default:
			b.WriteByte(byte(opBinInt))
			binary.Write(&b, binary.LittleEndian, uint32(i))
		}
	}
	b.WriteString("u.")
	return b.Bytes()
}

// manyFloats is a list of floats.
func manyFloats(n int) []byte {
	var b bytes.Buffer
	b.WriteString("\x80\x04]\x94")
	for i := range n {
		if i%1000 == 0 {
			if i > 0 {
				b.WriteByte('e')
			}
			b.WriteByte('(')
		}
		b.WriteByte(byte(opBinFloat))
		b.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(i)*1.1)))
	}
	b.WriteString("e.")
	return b.Bytes()
}

func BenchmarkDecode(b *testing.B) {
	for _, bench := range []struct {
		name string
		data []byte
	}{
		{"request", []byte(aRequest)},
		{"dict of 100k", manyEntries(100_000)},
		{"list of 1M floats", manyFloats(1_000_000)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(bench.data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkStream(b *testing.B) {
	data := bytes.Repeat([]byte(aRequest), 100)
	b.ReportAllocs()
	for b.Loop() {
		d := NewDecoder(bytes.NewReader(data))
		for range 100 {
			if _, err := d.Value(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
