package bench

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQuantile(t *testing.T) {
	for _, tc := range []struct {
		xs   []float64
		q    float64
		want float64
	}{
		{[]float64{7}, 0.5, 7},
		{[]float64{7}, 0.99, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{1, 2, 3, 4}, 0.25, 1.75}, // as numpy.quantile says
		{[]float64{10, 20, 30, 40, 50}, 0.9, 46},
		{[]float64{5, 6}, 0, 5},
		{[]float64{5, 6}, 1, 6},
		{[]float64{5, 6}, -1, 5},
		{[]float64{5, 6}, 2, 6},
	} {
		if got := Quantile(tc.xs, tc.q); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("Quantile(%v, %v) = %v, want %v", tc.xs, tc.q, got, tc.want)
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("Median of nothing = %v, want NaN", got)
	}
}

func TestQuantileProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-1e12, 1e12), 1, 50).Draw(t, "xs")
		before := slices.Clone(xs)
		q1 := rapid.Float64Range(0, 1).Draw(t, "q1")
		q2 := rapid.Float64Range(q1, 1).Draw(t, "q2")

		a, b := Quantile(xs, q1), Quantile(xs, q2)
		if a > b+1e-3 {
			t.Fatalf("quantile %v is %v, above quantile %v, %v", q1, a, q2, b)
		}
		if a < slices.Min(xs)-1e-3 || b > slices.Max(xs)+1e-3 {
			t.Fatalf("quantiles %v and %v lie outside of the figures", a, b)
		}
		if !slices.Equal(xs, before) {
			t.Fatal("Quantile changed its argument")
		}
		s := Summarize(xs)
		if s.N != len(xs) || s.Min != slices.Min(xs) || s.Max != slices.Max(xs) || s.Median != Median(xs) {
			t.Fatalf("summary %+v of %v", s, xs)
		}
	})
}

func TestQuantileName(t *testing.T) {
	for q, want := range map[float64]string{0.5: "p50", 0.99: "p99", 0.999: "p99.9", 1: "p100"} {
		if got := quantileName(q); got != want {
			t.Errorf("quantileName(%v) = %q, want %q", q, got, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for ns, want := range map[float64]string{
		4.614: "4.61 ns", 0.25: "0.25 ns", 123.4: "123 ns", 999.4: "999 ns", 999.6: "1 µs",
		27_120: "27.1 µs", 500_000: "500 µs", 3e6: "3 ms", 1.5e9: "1.5 s", 0: "0 ns",
	} {
		if got := FormatNS(ns); got != want {
			t.Errorf("FormatNS(%v) = %q, want %q", ns, got, want)
		}
	}
	for r, want := range map[float64]string{
		1.05: "1.05x", 1.25: "1.25x", 5: "5x", 0.994: "0.99x", 38.72: "38.7x", 10: "10x", 1234.5: "1230x",
	} {
		if got := formatRatio(r); got != want {
			t.Errorf("formatRatio(%v) = %q, want %q", r, got, want)
		}
	}
}
