//go:build linux

package shm_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// window is a handle and where its elements are in the model.
type window struct {
	a        *shm.Array[int32]
	from, to int
}

// TestArrayIsASlice does the same to an Array, through views of views and handles that have travelled, and to a slice.
func TestArrayIsASlice(t *testing.T) {
	flat(t)
	l := made(psync.NewLock())(t)
	locks := [][]shm.Option{nil, {shm.WithLock(l)}, {shm.WithoutLock()}}
	rapid.Check(t, func(t *rapid.T) {
		element := rapid.Int32Range(-9, 9)
		model := rapid.SliceOfN(element, 0, 600).Draw(t, "array") // on both sides of the sizes that count
		first, err := shm.ArrayOf(model, rapid.SampledFrom(locks).Draw(t, "lock")...)
		if err != nil {
			t.Fatal(err)
		}
		model = slices.Clone(model)
		open := []window{{first, 0, len(model)}}
		t.Cleanup(func() {
			for _, w := range open {
				if err := w.a.Close(); err != nil {
					t.Error(err)
				}
			}
		})
		some := func(t *rapid.T) (window, []int32) {
			w := rapid.SampledFrom(open).Draw(t, "handle")
			return w, model[w.from:w.to]
		}
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		part := func(t *rapid.T, n int) (i, j int) {
			i = rapid.IntRange(0, n).Draw(t, "i")
			return i, rapid.IntRange(i, n).Draw(t, "j")
		}
		add := func(a *shm.Array[int32], err error, from, to int) {
			check(err)
			open = append(open, window{a, from, to})
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				got := make([]int32, len(model)+1)
				if n, err := open[0].a.CopyTo(got); err != nil || open[0].to-open[0].from != n || !slices.Equal(got[:n], model[open[0].from:open[0].to]) {
					t.Fatalf("the array has %v, %v; the model %v", got[:n], err, model)
				}
			},
			"At": func(t *rapid.T) {
				w, m := some(t)
				i := rapid.IntRange(-1, len(m)).Draw(t, "i")
				x, err := w.a.At(i)
				if inside := i >= 0 && i < len(m); inside != (err == nil) || inside && x != m[i] {
					t.Fatalf("At(%d) of %d: %d, %v", i, len(m), x, err)
				}
			},
			"Set": func(t *rapid.T) {
				w, m := some(t)
				i, x := rapid.IntRange(-1, len(m)).Draw(t, "i"), element.Draw(t, "x")
				inside := i >= 0 && i < len(m)
				if err := w.a.Set(i, x); inside != (err == nil) {
					t.Fatal(err)
				}
				if inside {
					m[i] = x
				}
			},
			"Fill": func(t *rapid.T) {
				w, m := some(t)
				x := element.Draw(t, "x")
				check(w.a.Fill(x))
				for i := range m {
					m[i] = x
				}
			},
			"CopyFrom": func(t *rapid.T) {
				w, m := some(t)
				src := rapid.SliceOfN(element, 0, 20).Draw(t, "src")
				if n, err := w.a.CopyFrom(src); err != nil || n != copy(m, src) {
					t.Fatal(n, err)
				}
			},
			"Update": func(t *rapid.T) {
				w, m := some(t)
				check(w.a.Update(slices.Reverse[[]int32]))
				slices.Reverse(m)
			},
			"All": func(t *rapid.T) {
				w, m := some(t)
				next := 0
				for i, x := range w.a.All() {
					if i != next || x != m[i] {
						t.Fatalf("step %d: %d, %d; the model %v", next, i, x, m)
					}
					next++
				}
				if next != len(m) || w.a.Len() != len(m) {
					t.Fatalf("%d steps, length %d, the model %d", next, w.a.Len(), len(m))
				}
			},
			"View": func(t *rapid.T) {
				w, m := some(t)
				i, j := part(t, len(m))
				v, err := w.a.View(i, j)
				add(v, err, w.from+i, w.from+j)
			},
			"Raw": func(t *rapid.T) {
				w, m := some(t)
				i, j := part(t, len(m))
				r, err := w.a.Raw()
				check(err)
				defer r.Close()
				v, err := r.View(i, j)
				check(err)
				defer v.Close()
				x := element.Draw(t, "x")
				v.Fill(x)
				for k := range m[i:j] {
					m[i+k] = x
				}
			},
			"Copy": func(t *rapid.T) {
				w, m := some(t)
				c, err := w.a.Copy()
				check(err)
				defer c.Close()
				got := make([]int32, len(m))
				if _, err := c.CopyTo(got); err != nil || !slices.Equal(got, m) {
					t.Fatalf("the copy has %v, %v; the model %v", got, err, m)
				}
				check(c.Fill(100))
			},
			"travel": func(t *rapid.T) {
				w, _ := some(t)
				data, err := w.a.MarshalCBOR()
				check(err)
				a := new(shm.Array[int32])
				err = a.UnmarshalCBOR(data)
				add(a, err, w.from, w.to)
			},
			"Close": func(t *rapid.T) {
				if len(open) == 1 {
					t.Skip("the last handle")
				}
				i := rapid.IntRange(0, len(open)-1).Draw(t, "handle")
				check(open[i].a.Close())
				open = slices.Delete(open, i, i+1)
			},
		})
	})
}
