package py

import (
	"fmt"
	"strconv"
	"testing"
)

// benchKeys are n short strings, boxed as a reader of pickles has them.
func benchKeys(n int) []Value {
	keys := make([]Value, n)
	for i := range keys {
		keys[i] = "key" + strconv.Itoa(i)
	}
	return keys
}

func BenchmarkDictSet(b *testing.B) {
	for _, n := range []int{1, 3, 8, 20, 1000, 100_000} {
		keys := benchKeys(n)
		for _, hint := range []bool{false, true} {
			b.Run(fmt.Sprintf("keys=%d/hint=%v", n, hint), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					d := &Dict{}
					if hint {
						d.Reserve(n)
					}
					for _, k := range keys {
						if err := d.Set(k, k); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/key")
			})
		}
	}
}

func BenchmarkDictSetInts(b *testing.B) {
	const n = 100_000
	keys := make([]Value, n)
	for i := range keys {
		keys[i] = int64(i)
	}
	for b.Loop() {
		d := NewDictSize(n)
		for _, k := range keys {
			if err := d.Set(k, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/key")
}

func BenchmarkDictGet(b *testing.B) {
	for _, n := range []int{3, 8, 1000, 100_000} {
		keys := benchKeys(n)
		d := NewDictSize(n)
		for _, k := range keys {
			if err := d.Set(k, nil); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				if _, found, err := d.Get(keys[i]); !found || err != nil {
					b.Fatal(found, err)
				}
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}

func BenchmarkSetOfTuples(b *testing.B) {
	const n = 1000
	keys := make([]Value, n)
	for i := range keys {
		keys[i] = Tuple{int64(i), "x"}
	}
	b.ReportAllocs()
	for b.Loop() {
		s := NewSetSize(n)
		for _, k := range keys {
			if _, err := s.Add(k); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/key")
}

func BenchmarkSetOfFloats(b *testing.B) {
	const n = 1000
	keys := make([]Value, n)
	for i := range keys {
		keys[i] = float64(i) / 7
	}
	for b.Loop() {
		s := NewSetSize(n)
		for _, k := range keys {
			if _, err := s.Add(k); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/key")
}

func BenchmarkEqualLists(b *testing.B) {
	mk := func() *List {
		l := NewList()
		for i := range 1000 {
			l.Items = append(l.Items, NewList(int64(i), float64(i)+0.5, "text"))
		}
		return l
	}
	x, y := mk(), mk()
	b.ReportAllocs()
	for b.Loop() {
		if equal, err := Equal(x, y); !equal || err != nil {
			b.Fatal(equal, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/3000, "ns/item")
}
