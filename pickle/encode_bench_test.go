package pickle

import (
	"fmt"
	"io"
	"strconv"
	"testing"

	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/py"
)

// request and reply are what a manager and its clients say most of the time.
func request() py.Value {
	return py.Tuple{"7f44dcd29b40", "append", py.Tuple{int64(1000)}, py.NewDict()}
}

func reply() py.Value { return py.Tuple{"#RETURN", nil} }

// dictOf has n entries {'key-%d': i}.
func dictOf(t testing.TB, n int) py.Value {
	d := py.NewDict()
	for i := range n {
		fillDict(t, d, "key-"+strconv.Itoa(i), int64(i))
	}
	return d
}

func floatsOf(n int) py.Value {
	items := make([]py.Value, n)
	for i := range items {
		items[i] = float64(i) * 0.5
	}
	return &py.List{Items: items}
}

// recordsOf is a list of n dicts with the same keys, and a date each.
func recordsOf(t testing.TB, n int) py.Value {
	l := py.NewList()
	for i := range n {
		l.Items = append(l.Items, mustDict(t, "id", int64(i), "name", fmt.Sprint("name ", i), "tags", py.NewList("a", "tag"),
			"when", py.DateTime{Year: 2024, Month: 1 + i%12, Day: 1}))
	}
	return l
}

// objectsOf is a list of n instances of one class.
func objectsOf(t testing.TB, n int) py.Value {
	l := py.NewList()
	for i := range n {
		l.Items = append(l.Items, &py.Object{Form: py.Made, Class: py.Global{Module: "module", Name: "Point"}, Built: true, State: mustDict(t, "x", i, "y", 1.5)})
	}
	return l
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name  string
		value py.Value
	}{
		{"request", request()},
		{"reply", reply()},
		{"dict100k", dictOf(b, 100_000)},
		{"floats1M", floatsOf(1_000_000)},
		{"records10k", recordsOf(b, 10_000)},
		{"objects10k", objectsOf(b, 10_000)},
		{"bytes64M", py.Bytes(make([]byte, 64<<20))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.Run("append", func(b *testing.B) {
				var dst []byte
				b.ReportAllocs()
				for b.Loop() {
					out, err := Config{}.Append(dst[:0], c.value)
					if err != nil {
						b.Fatal(err)
					}
					dst = out
				}
				b.SetBytes(int64(len(dst)))
			})
			b.Run("marshal", func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					out, err := Marshal(c.value)
					if err != nil {
						b.Fatal(err)
					}
					n = len(out)
				}
				b.SetBytes(int64(n))
			})
			b.Run("writer", func(b *testing.B) {
				b.ReportAllocs()
				e := NewEncoder(io.Discard)
				for b.Loop() {
					if err := e.Encode(c.value); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func TestAppendAllocates(t *testing.T) {
	if race.Enabled || testing.CoverMode() != "" {
		t.Skip("the race detector and coverage change the counts")
	}
	for name, v := range map[string]py.Value{"request": request(), "reply": reply(), "dict": dictOf(t, 1000), "floats": floatsOf(1000)} {
		dst := make([]byte, 0, 64<<10)
		n := testing.AllocsPerRun(100, func() {
			if _, err := (Config{}).Append(dst, v); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 {
			t.Errorf("%s: %v allocations with a buffer", name, n)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = Marshal(v) }); n > 1 {
			t.Errorf("%s: %v allocations by Marshal", name, n)
		}
	}
}
