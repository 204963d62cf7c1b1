package bench

import (
	"math"
	"slices"
	"strconv"
)

// Quantile returns the q-quantile of xs (0 is the smallest, 0.5 the median, 1
// the largest), interpolating linearly between the two nearest ranks, as R's
// type 7 and NumPy's default do. It doesn't change xs; of an empty xs it is NaN.
func Quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(xs))
	return quantileSorted(sorted, q)
}

// Median returns the 0.5-quantile of xs.
func Median(xs []float64) float64 { return Quantile(xs, 0.5) }

func quantileSorted(sorted []float64, q float64) float64 {
	pos := min(max(q, 0), 1) * float64(len(sorted)-1)
	low := int(pos)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	frac := pos - float64(low)
	return sorted[low] + frac*(sorted[low+1]-sorted[low])
}

// Summary is the shape of a set of figures.
type Summary struct {
	N      int     `json:"n"`
	Min    float64 `json:"min"`
	P10    float64 `json:"p10"`
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	P999   float64 `json:"p99_9"`
	Max    float64 `json:"max"`
}

// Summarize returns the summary of xs; that of none is all zero, because JSON
// has no NaN.
func Summarize(xs []float64) Summary {
	if len(xs) == 0 {
		return Summary{}
	}
	sorted := slices.Sorted(slices.Values(xs))
	at := func(q float64) float64 { return quantileSorted(sorted, q) }
	return Summary{
		N: len(xs), Min: sorted[0], Max: sorted[len(sorted)-1],
		P10: at(0.1), Median: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999),
	}
}

// quantileName names a quantile as people do: 0.5 is p50, 0.999 is p99.9.
func quantileName(q float64) string {
	return "p" + strconv.FormatFloat(math.Round(q*1e6)/1e4, 'f', -1, 64)
}
