//go:build linux

package shm_test

import (
	"testing"

	"github.com/multiproc-go/multiproc/shm"
)

func BenchmarkValueUpdate(b *testing.B) {
	v := made(shm.NewValue(0))(b)
	for b.Loop() {
		_ = v.Update(func(n *int) { *n++ })
	}
}

func BenchmarkValueLoad(b *testing.B) {
	v := made(shm.NewValue(0))(b)
	for b.Loop() {
		_, _ = v.Load()
	}
}

func BenchmarkValueAdd(b *testing.B) {
	v := made(shm.NewValue(0))(b)
	for b.Loop() {
		_, _ = shm.Add(v, 1)
	}
}

func BenchmarkNewValue(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		v := must(shm.NewValue(0))(b)
		_ = v.Close()
	}
}

const elements = 10_000_000

// total keeps the compiler from leaving out what nobody looks at.
var total int64

func sum(s []int64) {
	var n int64
	for _, x := range s {
		n += x
	}
	total += n
}

// BenchmarkArraySum compares the shared forms with a plain slice.
func BenchmarkArraySum(b *testing.B) {
	b.Run("slice", func(b *testing.B) {
		s := make([]int64, elements)
		for i := range s {
			s[i] = 1
		}
		b.SetBytes(8 * elements)
		for b.Loop() {
			sum(s)
		}
	})
	b.Run("RawArray", func(b *testing.B) {
		r := made(shm.NewRawArray[int64](elements))(b)
		r.Fill(1)
		s := r.Slice()
		b.SetBytes(8 * elements)
		for b.Loop() {
			sum(s)
		}
	})
	b.Run("Array", func(b *testing.B) {
		a := made(shm.NewArray[int64](elements))(b)
		_ = a.Fill(1)
		b.SetBytes(8 * elements)
		for b.Loop() {
			_ = a.Update(func(s []int64) { sum(s) })
		}
	})
}
