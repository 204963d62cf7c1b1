package ctype

import (
	"math"
	"math/big"
	"testing"
)

var corners = []uint64{
	0, 1 << 63, 1, 1<<63 | 1, 1<<52 - 1, 1 << 52, 0x3ff0000000000000, 0x400921fb54442d18, 0xc00921fb54442d18,
	0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000,
	0x7ff8000000000000, 0xfff8000000000001, 0x7ff0000000000001,
}

func FuzzLongDoubleFromFloat64(f *testing.F) {
	for _, bits := range corners {
		f.Add(bits)
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		x := math.Float64frombits(bits)
		ld := FromFloat64(x)
		if got := math.Float64bits(ld.Float64()); got != bits && !(math.IsNaN(x) && got == bits|1<<51) {
			t.Errorf("%#x came back as %#x", bits, got)
		}
		if ld.IsNaN() != math.IsNaN(x) {
			t.Errorf("%v: IsNaN is %t", x, ld.IsNaN())
		}
		if math.IsNaN(x) {
			return
		}
		if got := FromBig(big.NewFloat(x)); got != ld {
			t.Errorf("%v: FromBig gives %x, FromFloat64 %x", x, got, ld)
		}
	})
}

func FuzzLongDoubleBytes(f *testing.F) {
	for _, bits := range corners {
		ld := FromFloat64(math.Float64frombits(bits))
		f.Add(ld[:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var x LongDouble
		copy(x[:], b)
		v, ok := x.Big()
		if ok == x.IsNaN() || x.IsNaN() != math.IsNaN(x.Float64()) {
			t.Fatalf("%x: Big gives %t, IsNaN %t, Float64 %v", x, ok, x.IsNaN(), x.Float64())
		}
		if !ok {
			if x.String() != "NaN" {
				t.Fatalf("%x: %v", x, x)
			}
			return
		}
		if want, _ := v.Float64(); math.Float64bits(x.Float64()) != math.Float64bits(want) {
			t.Fatalf("%x: Float64 gives %v, want %v", x, x.Float64(), want)
		}
		y := FromBig(v)
		if w, _ := y.Big(); w.Cmp(v) != 0 || w.Signbit() != v.Signbit() {
			t.Fatalf("%x: %v came back as %v", x, v, w)
		}
		if e := v.MantExp(nil); e < -1100 || e > 1100 {
			return // right, but too slow to do many of
		}
		parsed, _, err := big.ParseFloat(x.String(), 10, uint(longDoubleFormat.prec), big.ToNearestEven)
		if err != nil || parsed.Cmp(v) != 0 {
			t.Fatalf("%x: %v reads back as %v, %v", x, x, parsed, err)
		}
	})
}

func TestLongDoubleString(t *testing.T) {
	tests := map[string]float64{
		"0": 0, "-0": math.Copysign(0, -1), "1.5": 1.5, "-1024": -1024,
		"+Inf": math.Inf(1), "-Inf": math.Inf(-1), "NaN": math.NaN(),
	}
	for want, x := range tests {
		if got := FromFloat64(x).String(); got != want {
			t.Errorf("%v is written %q, want %q", x, got, want)
		}
	}
	third, _, err := big.ParseFloat("0.1", 10, uint(longDoubleFormat.prec), big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	if got := FromBig(third).String(); got != "0.1" {
		t.Errorf("0.1 is written %q", got)
	}
}

func TestLongDoubleZeroValue(t *testing.T) {
	var x LongDouble
	if x.Float64() != 0 || x != FromFloat64(0) {
		t.Errorf("the zero value is %v", x)
	}
}

func TestConversionsDoNotAllocate(t *testing.T) {
	sum := 0.0
	if n := testing.AllocsPerRun(100, func() { sum += FromFloat64(1.25).Float64() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLongDouble(b *testing.B) {
	sum := 0.0
	for b.Loop() {
		sum += FromFloat64(1.25).Float64()
	}
}
