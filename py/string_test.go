package py

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestStrings(t *testing.T) {
	l := NewList(int64(1), "a", Bytes("b"))
	d := dictOf("k", l)
	for want, v := range map[string]Value{
		"[1, 'a', b'b']":        l,
		"(None,)":               Tuple{nil},
		"{'k': [1, 'a', b'b']}": d,
		"set()":                 &Set{},
		"frozenset()":           &FrozenSet{},
		"OrderedDict()":         &OrderedDict{},
		"bytearray(b'')":        &ByteArray{},
		"range(0, 2)":           Range{int64(0), int64(2), int64(1)},
		"slice(None, 1, None)":  Slice{nil, int64(1), nil},
		"m.C(__state__=None)":   instanceOf(nil),
		"<persistent 1>":        &Persistent{ID: int64(1)},
		"array('b', [1])":       &Array{Typecode: 'b', Data: []byte{1}},
		"[" + strings.Repeat("'é', ", 500) + "0]": NewList(append(slicesRepeat("é", 500), int64(0))...),
	} {
		if got := fmt.Sprint(v); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func slicesRepeat(v Value, n int) (items []Value) {
	for range n {
		items = append(items, v)
	}
	return items
}

// What can't be written to its end is cut off, between two characters.
func TestStringIsCut(t *testing.T) {
	laughs := NewList("é")
	for range 60 {
		laughs = NewList(laughs, laughs)
	}
	deep := NewList()
	for range MaxDepth + 1 {
		deep = NewList(deep)
	}
	for name, v := range map[string]fmt.Stringer{
		"laughs": laughs,
		"deep":   deep,
		"long":   NewList(strings.Repeat("é", maxString)),
		"longer": NewList("a", strings.Repeat("é", maxString)),
		"int":    NewList(int64(7), new(big.Int).Lsh(big.NewInt(1), 50_000)),
	} {
		s := v.String()
		if !strings.HasSuffix(s, "...") || len(s) > maxString+3 || !utf8.ValidString(s) {
			t.Errorf("%s: %d bytes, %.20q to %q", name, len(s), s, s[max(0, len(s)-20):])
		}
	}
}
