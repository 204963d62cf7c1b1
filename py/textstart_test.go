package py_test

import (
	"math/big"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// TestReprStart: it is the beginning of the repr, and whole characters.
func TestReprStart(t *testing.T) {
	d := py.NewDict()
	for i := range int64(100) {
		if err := d.Set(i, py.Tuple{"text", i}); err != nil {
			t.Fatal(err)
		}
	}
	cycle := py.NewList(int64(1))
	cycle.Append(cycle)
	deep := py.NewList()
	for range 2 * py.MaxDepth {
		deep = py.NewList(deep)
	}
	array, err := py.NewArray('i', py.Range{Start: int64(0), Stop: int64(1000), Step: int64(1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []py.Value{
		nil, int64(12345), 1.5, "plain", strings.Repeat("ä€😀", 100), py.Bytes(strings.Repeat("\x00a", 100)), &py.ByteArray{B: make([]byte, 100)}, d, cycle, array,
		py.Tuple{int64(1)}, py.Tuple{}, py.NewList("a", nil, true, d), new(big.Int).Lsh(big.NewInt(1), 500), py.ValueError("some text"), strings.Repeat("x", 100_000),
	} {
		whole, err := py.Repr(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, max := range []int{0, 1, 2, 3, 10, 77, 100, 1 << 20} {
			got := py.ReprStart(v, max)
			if !strings.HasPrefix(whole, got) || len(got) > max || len(got) < min(len(whole), max)-utf8.UTFMax || !utf8.ValidString(got) {
				t.Errorf("%d: %q is no start of %.200q", max, got, whole)
			}
		}
	}
	if got := py.ReprStart(deep, 50); got != strings.Repeat("[", 50) {
		t.Error(got)
	}
	if got := py.ReprStart(py.NewList(int64(1), new(big.Int).Lsh(big.NewInt(1), 50_000)), 50); got != "[1, " {
		t.Error("where the text ends as there is none for the rest:", got)
	}
}

// TestReprStartCost: what is not shown is not looked at.
func TestReprStartCost(t *testing.T) {
	huge := py.NewList(strings.Repeat("x", 64<<20), py.Bytes(make([]byte, 64<<20)), &py.ByteArray{B: make([]byte, 64<<20)}, &py.Array{Typecode: 'u', Data: make([]byte, 64<<20)})
	for _, v := range append(huge.Items, huge) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		py.ReprStart(v, 100)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%T: %d bytes are allocated", v, n)
		}
	}
}
