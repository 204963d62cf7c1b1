package count

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func mustHistogram(t interface {
	Helper()
	Fatal(...any)
}, slots, text int) *Histogram {
	t.Helper()
	h, err := NewHistogram(slots, text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A histogram counts as a map does, whatever the strings, as long as there is
// room; when there is none it says so and keeps what it has.
func TestHistogramIsAMap(t *testing.T) {
	needWorkers(t)
	rapid.Check(t, func(t *rapid.T) {
		h := mustHistogram(t, rapid.SampledFrom([]int{2, 64, 1024}).Draw(t, "slots"), chunkSize)
		defer h.Close()
		adders := []*Adder{NewAdder(h), NewAdder(h)}
		model := Tally{}
		// Few letters, so that strings come back and are parts of each other.
		words := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00ß")), 1, 6, -1), 1, 80).Draw(t, "words")
		for _, w := range words {
			n := rapid.Uint64Range(0, 5).Draw(t, "n")
			err := rapid.SampledFrom(adders).Draw(t, "adder").Add(w, n)
			_, known := model[w]
			switch {
			case err == nil:
				model[w] += n
			case !errors.Is(err, ErrFull) || known:
				t.Fatalf("Add(%q): %v", w, err)
			}
		}
		got, err := h.Tally()
		if err != nil || !got.Equal(model) {
			t.Fatalf("%v, %v; want %v", got, err, model)
		}
	})
}

func TestHistogramLimits(t *testing.T) {
	needWorkers(t)
	h := mustHistogram(t, 1024, 3*chunkSize)
	defer h.Close()
	a := NewAdder(h)
	for _, s := range []string{"", strings.Repeat("x", maxLen+1)} {
		if err := a.Add(s, 1); err == nil || errors.Is(err, ErrFull) {
			t.Errorf("a string of %d bytes: %v", len(s), err)
		}
	}
	longest := strings.Repeat("x", maxLen)
	if err := a.Add(longest, 1); err != nil {
		t.Fatal(err)
	}
	// The same length and, as far as it goes, the same bytes.
	if err := a.Add(longest[1:]+"y", 2); err != nil {
		t.Fatal(err)
	}
	tally, err := h.Tally()
	if err != nil || tally[longest] != 1 || tally[longest[1:]+"y"] != 2 {
		t.Errorf("%d and %d, %v", tally[longest], tally[longest[1:]+"y"], err)
	}
	full := false
	for i := 0; i < 10 && !full; i++ {
		full = errors.Is(a.Add(fmt.Sprint(i)+longest[1:], 1), ErrFull)
	}
	if !full {
		t.Error("there is no end of the text")
	}
	for _, size := range [][2]int{{1, chunkSize}, {1024, chunkSize - 1}, {1024, unit<<32 + unit}} {
		if h, err := NewHistogram(size[0], size[1]); err == nil {
			h.Close()
			t.Errorf("a histogram of %v was made", size)
		}
	}
}

// Strings whose hashes agree in every bit that the table looks at are told
// apart by their bytes.
func TestHistogramComparesBytes(t *testing.T) {
	needWorkers(t)
	h := mustHistogram(t, 64, chunkSize)
	defer h.Close()
	a := NewAdder(h)
	if err := a.Add("abc", 1); err != nil {
		t.Fatal(err)
	}
	key := h.Slots.Slice()[hashOf("abc")%64].Key.Load()
	for s, want := range map[string]bool{"abc": true, "abd": false} {
		if same, err := a.isKeyOf(key, hashOf("abc"), s); err != nil || same != want {
			t.Errorf("the key of abc is that of %s: %v, %v", s, same, err)
		}
	}
}

// Keys come from memory that others write: none leads outside of the text.
func TestHistogramSurvivesScribbling(t *testing.T) {
	needWorkers(t)
	h := mustHistogram(t, 64, chunkSize)
	defer h.Close()
	slots := h.Slots.Slice()
	for _, key := range []uint64{keyOf(hashOf("abc"), 3, chunkSize), 1, ^uint64(0), tagOf(hashOf("abc")) | 3<<32 | 1<<31} {
		for i := range slots {
			slots[i].Key.Store(key)
		}
		if _, err := h.Tally(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("key %#x: Tally gives %v", key, err)
		}
		if err := NewAdder(h).Add("abc", 1); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFull) {
			t.Errorf("key %#x: Add gives %v", key, err)
		}
	}
	h.Used.Store(-1 << 40)
	if err := NewAdder(h).Add("new", 1); err == nil {
		t.Error("text was taken from before its beginning")
	}
}

func BenchmarkAdd(b *testing.B) {
	h, err := NewHistogram(1<<12, 1<<20)
	if err != nil {
		b.Skip(err)
	}
	defer h.Close()
	a := NewAdder(h)
	words := strings.Fields("err nil t int string value uintptr context byte")
	for i := 0; b.Loop(); i++ {
		if err := a.Add(words[i%len(words)], 1); err != nil {
			b.Fatal(err)
		}
	}
}
