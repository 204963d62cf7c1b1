package bench

import (
	"math"
	"strconv"
)

// FormatNS prints a number of nanoseconds with three significant digits and
// the unit that suits it: "4.61 ns", "27.1 µs", "3 ms", "1.5 s".
func FormatNS(ns float64) string {
	return inUnits(ns, " ns", " µs", " ms", " s")
}

// formatBytes prints a number of bytes: "64 MB", "1.5 kB".
func formatBytes(n float64) string {
	return inUnits(n, " B", " kB", " MB", " GB")
}

// inUnits prints x in the largest of units that suits it, each of which is a
// thousand of the one before.
func inUnits(x float64, units ...string) string {
	// 999.6 ns is "1 µs", not "1000 ns".
	for len(units) > 1 && x >= 999.5 {
		x, units = x/1000, units[1:]
	}
	return significant(x) + units[0]
}

// formatRatio prints a ratio with two digits after the point below 10, where
// a target may be 1.05, and three significant digits above.
func formatRatio(r float64) string {
	if r < 9.995 {
		return strconv.FormatFloat(math.Round(r*100)/100, 'f', -1, 64) + "x"
	}
	return significant(r) + "x"
}

// formatRate prints a number of bytes in a nanosecond, which is one of
// gigabytes in a second: "1.5 GB/s".
func formatRate(r float64) string { return significant(r) + " GB/s" }

// significant prints x with three significant digits and without an exponent.
func significant(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	scale := math.Pow(10, float64(digits))
	return strconv.FormatFloat(math.Round(x*scale)/scale, 'f', -1, 64)
}
