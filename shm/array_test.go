//go:build linux

package shm_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/shm"
)

func contents[T any](t testing.TB, a *shm.Array[T]) []T {
	t.Helper()
	s := make([]T, a.Len())
	want(t, "CopyTo", must(a.CopyTo(s))(t), a.Len())
	return s
}

func equal[T comparable](t testing.TB, what string, got []T, should ...T) {
	t.Helper()
	if !slices.Equal(got, should) {
		t.Errorf("%s: %v, want %v", what, got, should)
	}
}

func TestArray(t *testing.T) {
	flat(t)
	source := []int{1, 2, 3, 4}
	a := made(shm.ArrayOf(source))(t)
	source[0] = 99
	equal(t, "ArrayOf copies", contents(t, a), 1, 2, 3, 4)
	want(t, "Len", a.Len(), 4)
	if err := a.Set(3, -4); err != nil {
		t.Error(err)
	}
	want(t, "At", must(a.At(3))(t), -4)
	want(t, "String", a.String(), "Array[int]([1 2 3 -4])")

	want(t, "CopyFrom less", must(a.CopyFrom([]int{7, 8}))(t), 2)
	want(t, "CopyFrom more", must(a.CopyFrom([]int{7, 8, 9, 10, 11}))(t), 4)
	equal(t, "CopyFrom", contents(t, a), 7, 8, 9, 10)
	short, long := make([]int, 2), make([]int, 6)
	want(t, "CopyTo less", must(a.CopyTo(short))(t), 2)
	want(t, "CopyTo more", must(a.CopyTo(long))(t), 4)
	equal(t, "CopyTo", append(short, long...), 7, 8, 7, 8, 9, 10, 0, 0)

	dup := made(a.Copy())(t)
	if err := a.Update(func(s []int) { slices.Reverse(s); want(t, "cap", cap(s), 4) }); err != nil {
		t.Error(err)
	}
	var indexes, got []int
	for i, x := range a.All() {
		if i == 3 {
			break
		}
		indexes, got = append(indexes, i), append(got, x)
	}
	equal(t, "All", indexes, 0, 1, 2)
	equal(t, "All", got, 10, 9, 8)
	want(t, "the lock after a break", a.Locker().TryLock(), true)
	a.Locker().Unlock()
	equal(t, "the copy", contents(t, dup), 7, 8, 9, 10)

	view := made(a.View(1, 3))(t)
	if err := errors.Join(view.Fill(5), view.UpdateContext(t.Context(), func(s []int) { s[0]++; want(t, "cap of a view", cap(s), 2) })); err != nil {
		t.Error(err)
	}
	equal(t, "through a view", contents(t, a), 10, 6, 5, 7)
	raw := made(view.Raw())(t)
	equal(t, "Raw of a view", raw.Slice(), 6, 5)
	equal(t, "Copy of a view", contents(t, made(view.Copy(shm.WithoutLock()))(t)), 6, 5)
	view.Close()
	equal(t, "after its view is closed", contents(t, a), 10, 6, 5, 7)
}

func TestRawArray(t *testing.T) {
	flat(t)
	source := []float32{1, 2, 3, 4}
	r := made(shm.RawArrayOf(source))(t)
	source[0] = 99
	equal(t, "RawArrayOf copies", r.Slice(), 1, 2, 3, 4)
	want(t, "String", r.String(), "RawArray[float32]([1 2 3 4])")
	r.Set(0, -1)
	want(t, "At", r.At(0), -1)
	want(t, "CopyFrom", r.CopyFrom([]float32{5, 6, 7, 8, 9}), 4)
	s := make([]float32, 5)
	want(t, "CopyTo", r.CopyTo(s), 4)
	equal(t, "CopyTo", s, 5, 6, 7, 8, 0)
	dup := made(r.Copy())(t)
	view := made(r.View(1, 3))(t)
	inner := made(view.View(1, 2))(t)
	view.Fill(0.5)
	inner.Set(0, -0.5)
	equal(t, "through views", r.Slice(), 5, 0.5, -0.5, 8)
	equal(t, "the copy", dup.Slice(), 5, 6, 7, 8)
	equal(t, "the copy of a view", made(view.Copy())(t).Slice(), 0.5, -0.5)
	if v := view.Slice(); cap(v) != 2 || append(v, 1)[2] != 1 || r.At(3) != 8 {
		t.Error("append to a view's slice has written over its end")
	}
	locked := made(view.Synchronized())(t)
	if err := locked.Set(1, 3); err != nil || r.At(2) != 3 {
		t.Error("Synchronized of a view:", err)
	}
	n := 0
	for i, x := range r.All() {
		want(t, "All", x, r.At(i))
		if n++; i == 2 {
			break
		}
	}
	want(t, "steps", n, 3)

	long := made(shm.NewRawArray[int8](1000))(t)
	want(t, "String of a long one", long.String(), "RawArray[int8]([0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 ... 1000 elements])")
	want(t, "String of 16", made(long.View(0, 16))(t).String(), "RawArray[int8]([0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0])")
}

func TestEmptyArrays(t *testing.T) {
	flat(t)
	for _, a := range []*shm.Array[int64]{
		made(shm.NewArray[int64](0))(t), made(shm.ArrayOf([]int64{}))(t), made(shm.ArrayOf[int64](nil))(t), made(made(shm.NewArray[int64](3))(t).View(3, 3))(t),
	} {
		far := decoded[shm.Array[int64]](t, a)
		for _, a := range []*shm.Array[int64]{a, far, made(a.View(0, 0))(t), made(a.Copy())(t)} {
			want(t, "Len", a.Len(), 0)
			want(t, "String", a.String(), "Array[int64]([])")
			calls := 0
			if err := errors.Join(a.Fill(1), a.Update(func(s []int64) { calls += 1 + len(s) })); err != nil || calls != 1 {
				t.Error(err, calls)
			}
			for range a.All() {
				t.Error("a step")
			}
			want(t, "CopyTo", must(a.CopyTo(make([]int64, 3)))(t), 0)
			_, err := a.At(0)
			outside(t, err, 0, -1, 0)
			raw := made(a.Raw())(t)
			want(t, "Slice", len(raw.Slice()), 0)
			want(t, "RawArray", raw.Len()+raw.CopyTo(make([]int64, 1))+raw.CopyFrom([]int64{1}), 0)
			raw.Fill(1)
		}
	}
}

// outside fails the test unless err is a BoundsError that says all in words.
func outside(t testing.TB, err any, i, end, n int) {
	t.Helper()
	e, ok := err.(error)
	var b *shm.BoundsError
	if !ok || !errors.As(e, &b) || *b != (shm.BoundsError{Index: i, End: end, Len: n}) {
		t.Errorf("got %v, want a BoundsError of %d, %d in %d", err, i, end, n)
	}
}

func TestBounds(t *testing.T) {
	flat(t)
	a, r := made(shm.NewArray[int16](5))(t), made(shm.NewRawArray[int16](5))(t)
	view := made(a.View(1, 3))(t)
	for _, i := range []int{-1, 5, 6, math.MaxInt, math.MinInt} {
		_, err := a.At(i)
		outside(t, err, i, -1, 5)
		outside(t, a.Set(i, 1), i, -1, 5)
		outside(t, panicked(func() { r.At(i) }), i, -1, 5)
		outside(t, panicked(func() { r.Set(i, 1) }), i, -1, 5)
	}
	outside(t, view.Set(2, 1), 2, -1, 2) // inside of the array, outside of the view
	for _, c := range [][2]int{{-1, 2}, {0, 6}, {3, 2}, {6, 6}, {math.MinInt, 0}, {0, math.MaxInt}, {math.MaxInt, math.MinInt}} {
		_, err := a.View(c[0], c[1])
		outside(t, err, c[0], c[1], 5)
		_, err = r.View(c[0], c[1])
		outside(t, err, c[0], c[1], 5)
	}
	_, err := view.View(0, 3)
	outside(t, err, 0, 3, 2)
	equal(t, "nothing was written", contents(t, a), 0, 0, 0, 0, 0)

	want(t, "text", (&shm.BoundsError{Index: 7, End: -1, Len: 5}).Error(), "shm: index 7 is out of range of an array of 5 elements")
	want(t, "text", (&shm.BoundsError{Index: 3, End: 9, Len: 5}).Error(), "shm: range [3:9] does not fit into an array of 5 elements")
}

// TestImpossibleSizes: too much is an error that names the sizes, and leaves nothing behind.
func TestImpossibleSizes(t *testing.T) {
	before := census(t)
	for _, n := range []int{-1, math.MinInt} {
		for _, err := range sizes[int64](n) {
			if err == nil || !strings.Contains(err.Error(), "an array of -") || errors.Is(err, shm.ErrNoMemory) {
				t.Errorf("%d elements: %v", n, err)
			}
		}
	}
	for _, c := range []struct {
		n     int
		words []string
	}{
		{1 << 37, []string{"1048577 MiB wanted", "MiB left by", "are kept free"}}, // 1 TiB
		{1 << 39, []string{" MiB wanted", "a family can have 4194304 MiB"}},
		{1 << 59, []string{" MiB wanted", "a family can have 4194304 MiB"}},
		{1 << 60, []string{"1152921504606846976 elements of 8 bytes wanted"}},
		{math.MaxInt, []string{"9223372036854775807 elements of 8 bytes wanted"}},
	} {
		for _, err := range sizes[int64](c.n) {
			wantErr(t, "an absurd size", err, shm.ErrNoMemory)
			for _, w := range c.words {
				if err != nil && !strings.Contains(err.Error(), w) {
					t.Errorf("%d elements: %v, want %q", c.n, err, w)
				}
			}
		}
	}
	for _, err := range sizes[byte](math.MaxInt) {
		wantErr(t, "an absurd size", err, shm.ErrNoMemory)
	}
	if after := census(t); after.Objects != before.Objects || after.Units != before.Units {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func sizes[T any](n int) []error {
	_, err1 := shm.NewArray[T](n)
	_, err2 := shm.NewRawArray[T](n)
	return []error{err1, err2}
}

// TestCopyOfBroken: a copy of what can't be read leaves nothing.
func TestCopyOfBroken(t *testing.T) {
	flat(t)
	a := made(shm.NewArray[int](10))(t)
	want(t, "panic", panicked(func() { _ = a.Update(func([]int) { panic(1) }) }), any(1))
	_, err := a.Copy()
	wantErr(t, "Copy", err, shm.ErrOwnerDied)
	wantErr(t, "UpdateContext", a.UpdateContext(context.Background(), nil), shm.ErrOwnerDied)
}
