package py

import (
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestItemSizes(t *testing.T) {
	for code, want := range map[byte]int{'b': 1, 'B': 1, 'h': 2, 'H': 2, 'i': 4, 'I': 4, 'q': 8, 'Q': 8, 'f': 4, 'd': 8, 'w': 4, 'c': 1, 'x': 0, 'z': 0, 0: 0, 0x80: 0, 0xff: 0, '?': 0, 'g': 0} {
		if got := ItemSize(code); got != want {
			t.Errorf("%q has %d bytes, want %d", code, got, want)
		}
		if _, err := NewArray(code); (err == nil) != (want > 0) {
			t.Errorf("NewArray(%q): %v", code, err)
		}
	}
	if l, u := ItemSize('l'), ItemSize('u'); l != ItemSize('L') || l != 4 && l != 8 || u != 2 && u != 4 {
		t.Errorf("l has %d bytes, L %d, u %d", l, ItemSize('L'), u)
	}
}

// TestArrayItemsComeBack: what was put into an array of ints is in it.
func TestArrayItemsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom([]byte("bBhHiIlLqQ")).Draw(t, "typecode")
		bits := rapid.SliceOfN(rapid.Uint64(), 1, 10).Draw(t, "bits")
		a := &Array{Typecode: code}
		for _, b := range bits {
			a.Data = appendWord(a.Data, b, ItemSize(code))
		}
		items, err := a.Values()
		if err != nil || len(items) != len(bits) {
			t.Fatalf("%v, %v", items, err)
		}
		b, err := NewArray(code, NewList(items...))
		if err != nil || !slices.Equal(a.Data, b.Data) {
			t.Fatalf("%v comes back as %v, %v", a, b, err)
		}
		i := rapid.IntRange(0, len(bits)-1).Draw(t, "i")
		if err := b.SetItem(int64(i-len(bits)), items[0]); err != nil {
			t.Fatal(err)
		}
		if v, err := b.GetItem(int64(i)); err != nil || v != items[0] && mustText(v) != mustText(items[0]) {
			t.Fatalf("item %d is %v, %v; want %v", i, v, err, items[0])
		}
	})
}

func mustText(v Value) string {
	text, err := Repr(v)
	if err != nil {
		panic(err)
	}
	return text
}

// TestArraysTravelBetweenMachines: the same numbers in the other order of bytes are the same array.
func TestArraysTravelBetweenMachines(t *testing.T) {
	for _, code := range []byte("bBhHiIlLqQfdw") {
		a, err := NewArray(code, NewList(int64(1), int64(2), int64(100)))
		if code == 'w' {
			a, err = NewArray(code, "a€😀")
		}
		if err != nil {
			t.Fatal(err)
		}
		format, ok := MachineFormat(code)
		if !ok {
			t.Fatalf("%q has no format", code)
		}
		data := Bytes(a.Data)
		if same, err := ArrayOfMachine(code, format, data); err != nil || mustText(same) != mustText(a) {
			t.Errorf("%s comes back as %s, %v", mustText(a), mustText(same), err)
		}
		if ItemSize(code) == 1 {
			continue
		}
		swapped := slices.Clone(a.Data)
		swapBytes(swapped, ItemSize(code))
		other, err := ArrayOfMachine(code, format^1, Bytes(swapped))
		if err != nil || !slices.Equal(other.Data, a.Data) || other.Typecode != code && ItemSize(other.Typecode) != ItemSize(code) {
			t.Errorf("%s comes back as %v, %v", mustText(a), other, err)
		}
		if string(a.Data) != string(data) {
			t.Error("the data was changed")
		}
	}
	for _, format := range []int{-1, formatEnd} {
		if _, err := ArrayOfMachine('i', format, ""); !IsException(err, "ValueError") {
			t.Errorf("format %d: %v", format, err)
		}
	}
	for _, code := range []byte("cx\xff") {
		if _, ok := MachineFormat(code); ok {
			t.Errorf("%q has a format", code)
		}
		if _, err := ArrayOfMachine(code, 0, ""); !IsException(err, "ValueError") {
			t.Errorf("typecode %q: %v", code, err)
		}
	}
}

// TestWideText16 has what only Windows has: characters of two units.
func TestWideText16(t *testing.T) {
	var data []byte
	for _, u := range []uint16{'a', 0xd83d, 0xde00, 0xd83d, 'b', 0xde00} {
		data = binary.NativeEndian.AppendUint16(data, u)
	}
	if got, err := wideText(data, 2); got != "a😀\xed\xa0\xbdb\xed\xb8\x80" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := appendWide(nil, 2, "😀"); !slices.Equal(got, data[2:6]) || err != nil {
		t.Errorf("%x, %v", got, err)
	}
}

// TestOddArrays: arrays that were made by hand, or from a hostile pickle, cost an error at most.
func TestOddArrays(t *testing.T) {
	for _, a := range []*Array{{}, {Typecode: 'x', Data: []byte("abc")}, {Typecode: 0xff, Data: []byte("abc")}, {Typecode: 'i', Data: []byte("abcde")}, {Typecode: '\'', Data: nil}} {
		if n := a.Len(); n > 1 {
			t.Errorf("%v has %d items", a, n)
		}
		_, err := Repr(a)
		_, err2 := a.Values()
		_, err3 := a.GetItem(Slice{})
		_, err4 := a.GetItem(int64(0))
		_, _ = a.Text()
		if err != nil || err2 != nil || err3 != nil || err4 != nil && !IsException(err4, "IndexError") {
			t.Errorf("%v: %v, %v, %v, %v", a, err, err2, err3, err4)
		}
		if err := a.SetItem(Slice{}, &Array{Typecode: a.Typecode, Data: []byte("xyz")}); err != nil {
			t.Errorf("%v: %v", a, err)
		}
	}
}
