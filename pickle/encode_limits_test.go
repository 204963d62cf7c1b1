package pickle

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

type linked struct{ Next *linked }

// However deep the Limits allow values to be, no value makes the stack overflow, which nothing could recover from.
func TestOfIsNeverTooDeepForTheStack(t *testing.T) {
	var n *linked
	for range 5_000_000 {
		n = &linked{n}
	}
	if _, err := (Config{Limits: Limits{Depth: 1 << 30}}).Of(n); !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
}

// Both passes count the depth alike: what the first one takes the second one writes.
func TestDepthOfItemsAndStates(t *testing.T) {
	class := py.Global{Module: "classes", Name: "L"}
	for name, tc := range map[string]struct {
		levels int
		made   func(below py.Value) py.Value
	}{
		"items": {1, func(v py.Value) py.Value { return &py.Object{Form: py.Made, Class: class, Items: []py.Value{v}} }},
		"state": {2, func(v py.Value) py.Value {
			return &py.Object{Form: py.Made, Class: class, Built: true, State: mustDict(t, "x", v)}
		}},
		"exception": {2, func(v py.Value) py.Value { return &py.Exception{Class: class, State: mustDict(t, "x", v)} }},
		"list":      {1, func(v py.Value) py.Value { return py.NewList(v) }},
	} {
		var v py.Value
		for range 50 {
			v = tc.made(v)
		}
		if _, err := (Config{Limits: Limits{Depth: 50 * tc.levels}}).Marshal(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var e *EncodeError
		if _, err := (Config{Limits: Limits{Depth: 50*tc.levels - 1}}).Marshal(v); !errors.As(err, &e) || e.Path == "" {
			t.Errorf("%s: the error for what is too deep is %v", name, err)
		}
	}
}

// Slices of one memory can be a pickle far larger than themselves. A limit on its size is one on what is spent on it.
func TestSizeLimitsWhatIsSpent(t *testing.T) {
	memory := make([]byte, 60_000)
	all := make([][]byte, 10_000)
	for i := range all {
		all[i] = memory[i:]
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	dst := []byte("before")
	out, err := Config{Limits: Limits{Size: 1 << 20}}.Append(dst, all)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrLimit) || string(out) != "before" {
		t.Errorf("%q, %v", out, err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 30<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

// A key in the path of an error may be a stranger's.
func TestPathOfEvilKey(t *testing.T) {
	d := mustDict(t, py.Global{Module: "a\x1b[31m", Name: strings.Repeat("b", 1000)}, make(chan int))
	_, err := Marshal(d)
	if err == nil || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 200 {
		t.Errorf("%q", err)
	}
	_, err = Marshal(mustDict(t, `"it's"`, make(chan int)))
	if want := `value['"it's"']`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%q, want %s", err, want)
	}
}

func TestObjectWithoutClass(t *testing.T) {
	for _, form := range []py.Form{py.Called, py.Made, py.MadeWith, py.Classic} {
		if _, err := Marshal(&py.Object{Form: form}); err == nil {
			t.Errorf("form %d is written without a class", form)
		}
	}
}
