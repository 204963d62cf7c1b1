package rows

import (
	"context"
	"runtime"
	"time"

	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/shm"
)

func arrayRows(w workload) []bench.Row {
	near := []bench.Target{bench.AtMost(1.05, slice)}
	return []bench.Row{
		arrayRow(w, "array-sum", "sum of a RawArray[float64] of 10 M", append(near, bench.Compare(python)), rawArray, sum),
		arrayRow(w, "array-copy", "copy out of and into a RawArray[float64] of 10 M", near, rawArray, copyBothWays()),
		arrayRow(w, "array-sum8", "8-way sum of a RawArray[int64] of 10 M", near, rawArray, sum8),
		arrayRow(w, "array-locked-sum", "the same sum, Array with one lock around it", near, lockedArray, sum),
		arrayRow(w, "array-locked-copy", "the same copy, Array with one lock around it", near, lockedArray, copyBothWays()),
		arrayRow(w, "array-locked-sum8", "the same 8-way sum, Array with one lock around it", near, lockedArray, sum8),
	}
}

type number interface{ float64 | int64 }

// An access makes a shared array that holds init and returns how to work on
// its elements, and how to end it.
type access[T number] func(init []T) (with func(work func([]T)) error, end func() error, err error)

func rawArray[T number](init []T) (func(func([]T)) error, func() error, error) {
	a, err := shm.RawArrayOf(init)
	if err != nil {
		return nil, nil, err
	}
	return func(work func([]T)) error { work(a.Slice()); return nil }, a.Close, nil
}

func lockedArray[T number](init []T) (func(func([]T)) error, func() error, error) {
	a, err := shm.ArrayOf(init)
	if err != nil {
		return nil, nil, err
	}
	return a.Update, a.Close, nil
}

func arrayRow[T number](w workload, name, title string, targets []bench.Target, make access[T], work func([]T)) bench.Row {
	return bench.Row{
		Name: name, Title: title, Op: "element", Targets: targets,
		Setup: func(ctx context.Context, env *bench.Env) (*bench.Work, error) {
			return setUpArray(ctx, env, w, len(targets) > 1, make, work)
		},
	}
}

func setUpArray[T number](ctx context.Context, env *bench.Env, load workload, inPython bool, make access[T], work func([]T)) (*bench.Work, error) {
	plain := ramp[T](load.arrayLen)
	with, end, err := make(plain)
	if err != nil {
		return nil, err
	}
	w := &bench.Work{
		Cases: []bench.Case{
			{Key: ours, Label: ours, Round: func(context.Context) (bench.Sample, error) {
				start := time.Now()
				if err := with(work); err != nil {
					return bench.Sample{}, err
				}
				return bench.Per(time.Since(start), load.arrayLen), nil
			}},
			{Key: slice, Label: "a plain slice", Round: func(context.Context) (bench.Sample, error) {
				start := time.Now()
				work(plain)
				return bench.Per(time.Since(start), load.arrayLen), nil
			}},
		},
		Close: end,
	}
	if !inPython {
		return w, nil
	}
	scripts, err := env.StartAll(ctx, "array")
	if err != nil {
		end()
		return nil, err
	}
	w.Cases = append(w.Cases, env.PythonCases(scripts, python, "sum(RawArray)", map[string]int{"n": load.pythonArrayLen})...)
	w.Close = closeAll(end, scripts.Close)
	return w, nil
}

// ramp is n numbers that differ, so that no page is the kernel's zero page.
func ramp[T number](n int) []T {
	xs := make([]T, n)
	for i := range xs {
		xs[i] = T(i)
	}
	return xs
}

// sink keeps the compiler from leaving work out whose result no one reads.
var sink any

// The loops below are never inlined, so that both sides run the same code.

//go:noinline
func sum(xs []float64) {
	var total float64
	for _, x := range xs {
		total += x
	}
	sink = total
}

// sum8 has eight sums on the go, as an unrolled loop in C would: it is bound
// by memory and by bounds checks, not by the latency of one addition.
//
//go:noinline
func sum8(xs []int64) {
	var a, b, c, d, e, f, g, h int64
	for len(xs) >= 8 {
		a += xs[0]
		b += xs[1]
		c += xs[2]
		d += xs[3]
		e += xs[4]
		f += xs[5]
		g += xs[6]
		h += xs[7]
		xs = xs[8:]
	}
	for _, x := range xs {
		a += x
	}
	sink = a + b + c + d + e + f + g + h
}

// copyBothWays returns a function that copies its argument to private memory
// and back, which is made at the first call and is the same for both sides.
func copyBothWays() func([]float64) {
	var private []float64
	return func(xs []float64) {
		if private == nil {
			private = ramp[float64](len(xs))
		}
		copyOutAndIn(private, xs)
	}
}

//go:noinline
func copyOutAndIn(private, xs []float64) {
	copy(private, xs)
	copy(xs, private)
	runtime.KeepAlive(private)
}
