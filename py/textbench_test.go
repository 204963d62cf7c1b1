package py

import (
	"fmt"
	"testing"
)

// BenchmarkRepr writes lists of a million items. CPython 3.12 is the measure.
func BenchmarkRepr(b *testing.B) {
	const n = 1_000_000
	list := func(item func(i int) Value) *List {
		l := &List{make([]Value, n)}
		for i := range l.Items {
			l.Items[i] = item(i)
		}
		return l
	}
	dict := NewDict()
	for i := range n {
		if err := dict.Set(fmt.Sprintf("key%d", i), int64(i)); err != nil {
			b.Fatal(err)
		}
	}
	array := &Array{Typecode: 'i', Data: make([]byte, 4*n)}
	for _, c := range []struct {
		name string
		v    Value
	}{
		{"ints", list(func(i int) Value { return int64(i) })},
		{"floats", list(func(i int) Value { return float64(i) / 7 })},
		{"strs", list(func(i int) Value { return fmt.Sprintf("item %d", i) })},
		{"tuples", list(func(i int) Value { return Tuple{int64(i), "a"} })},
		{"lists", list(func(i int) Value { return NewList(int64(i)) })},
		{"dict", dict},
		{"array", array},
		{"bytes", Bytes(make([]byte, n))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Repr(c.v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
