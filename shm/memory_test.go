//go:build linux

package shm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/shm"
)

// TestLoopIsFlat: a loop that makes, views and closes takes the same memory after 10,000 rounds as after 100.
func TestLoopIsFlat(t *testing.T) {
	flat(t)
	testproc.Eventually(t, "no other objects, that might go meanwhile", func() bool { runtime.GC(); return census(t).Objects == 0 })
	var after arena.Census
	for i := range 10_000 {
		n := 1 + i%100*37 // blocks of many classes
		a := must(shm.NewArray[int64](n))(t)
		view := must(a.View(n/2, n))(t)
		r := must(view.Raw())(t)
		r.Fill(int64(i))
		v := must(shm.NewValue(i, shm.WithLock(a.Locker())))(t)
		for _, c := range []io.Closer{a, r, v, view} {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if i == 99 {
			after = census(t)
		}
	}
	if c := census(t); c != after {
		t.Errorf("after 100 rounds %+v, after 10,000 %+v", after, c)
	}
	for i := range 200 { // large ones
		r := must(shm.NewRawArray[byte](1<<20 + i<<12))(t)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if c := census(t); c != after {
		t.Errorf("before the large ones %+v, after them %+v", after, c)
	}
}

// TestSmallValuesAreSmall states what a value takes of shared memory, and logs what it takes of the Go heap.
func TestSmallValuesAreSmall(t *testing.T) {
	flat(t)
	const n = 100_000
	values := make([]*shm.Value[int64], n)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	shared, own := census(t).Bytes, heap()
	for i := range values {
		values[i] = must(shm.NewValue(int64(i)))(t)
	}
	after := census(t)
	perShared := float64(after.Bytes-shared) / n
	t.Logf("%.1f shared bytes for each value, %.1f bytes of the Go heap", perShared, float64(heap()-own)/n)
	if perShared > 128 {
		t.Errorf("%.1f shared bytes for each value", perShared)
	}
	for i, v := range values {
		if x, err := v.Load(); x != int64(i) || err != nil {
			t.Fatal(i, x, err)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if left := census(t).Bytes - shared; left > 256<<10 {
		t.Errorf("%d bytes are left", left)
	}
}

// TestNothingMoves: an array keeps its address and its contents while the family's memory grows.
func TestNothingMoves(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 1 GiB of memory")
	}
	flat(t)
	small, large := made(shm.NewRawArray[int64](100))(t), made(shm.NewRawArray[int64](12<<20))(t)
	value := made(shm.NewValue(int64(7)))(t)
	arrays := [][]int64{small.Slice(), large.Slice()}
	for _, s := range arrays {
		for i := 0; i < len(s); i += 50 {
			s[i] = int64(i) + 1
		}
	}
	for range 4 {
		more, err := shm.NewRawArray[byte](256 << 20)
		if errors.Is(err, shm.ErrNoMemory) {
			t.Skip(err)
		}
		r := made(more, err)(t)
		r.Set(r.Len()-1, 0xff)
	}
	again := [][]int64{decoded[shm.RawArray[int64]](t, small).Slice(), decoded[shm.RawArray[int64]](t, large).Slice()}
	for k, s := range arrays {
		if &again[k][0] != &s[0] {
			t.Error("it has another address")
		}
		for i, x := range s {
			if should := int64(i) + 1; x != 0 && i%50 != 0 || i%50 == 0 && x != should {
				t.Fatalf("element %d is %d", i, x)
			}
		}
	}
	want(t, "value", load(t, value), 7)
}

type collection struct {
	Dropped []string // the kinds whose memory the collector has freed
	Kept    []string // and those whose it has not
}

// collect drops handles of every kind, in a process of its own, for what was kept is kept until its end.
var collect = multiproc.Register("shm-collect", func(ctx context.Context, in struct{}) (out collection, err error) {
	var handles = map[string]interface{ UnmarshalCBOR([]byte) error }{}
	var data = map[string][]byte{}
	remember := func(name string, o interface{ MarshalCBOR() ([]byte, error) }, again interface{ UnmarshalCBOR([]byte) error }) {
		b, e := o.MarshalCBOR()
		err = errors.Join(err, e)
		data[name], handles[name] = b, again
	}
	func() {
		v, e1 := shm.NewValue(1)
		_, e2 := v.Load()
		a, e3 := shm.NewArray[int](5000)
		e4 := a.Update(func([]int) {})
		_ = a.Locker()
		r, e5 := shm.NewRawValue(1)
		r.Store(2)
		s, e6 := shm.NewRawArray[int](5000)
		s.Fill(1)
		view, e7 := s.View(0, 1)
		p, e8 := shm.NewRawValue(1)
		_ = p.Ptr()
		q, e9 := shm.NewRawArray[int](5000)
		_ = q.Slice()
		err = errors.Join(e1, e2, e3, e4, e5, e6, e7, e8, e9)
		if err != nil {
			return
		}
		remember("Value", v, new(shm.Value[int]))
		remember("Array", a, new(shm.Array[int]))
		remember("RawValue", r, new(shm.RawValue[int]))
		remember("RawArray", view, new(shm.RawArray[int]))
		remember("Ptr", p, new(shm.RawValue[int]))
		remember("Slice", q, new(shm.RawArray[int]))
	}()
	if err != nil {
		return out, err
	}
	for _, name := range []string{"Value", "Array", "RawValue", "RawArray"} {
		for begin := time.Now(); ; {
			runtime.GC()
			c, err := arena.Count()
			if err != nil {
				return out, err
			}
			// Looking is no attaching: that would be a new use.
			if c.Objects <= 2 {
				break
			}
			if time.Since(begin) > testproc.Watchdog/2 || ctx.Err() != nil {
				return out, fmt.Errorf("%d objects are left", c.Objects)
			}
		}
		if err := handles[name].UnmarshalCBOR(data[name]); !errors.Is(err, shm.ErrStale) {
			return out, fmt.Errorf("%s: %v", name, err)
		}
		out.Dropped = append(out.Dropped, name)
	}
	for _, name := range []string{"Ptr", "Slice"} {
		for range 10 {
			runtime.GC()
		}
		if err := handles[name].UnmarshalCBOR(data[name]); err != nil {
			return out, fmt.Errorf("%s: %w", name, err)
		}
		out.Kept = append(out.Kept, name)
	}
	return out, nil
})

// TestCollector: it frees what was dropped, but not what a pointer was taken to.
func TestCollector(t *testing.T) {
	flat(t)
	runtime.GC()
	testproc.Eventually(t, "no other objects", func() bool { runtime.GC(); return census(t).Objects == 0 })
	out := run(t, collect, struct{}{})
	want(t, "dropped, kept", fmt.Sprint(out), "{[Value Array RawValue RawArray] [Ptr Slice]}")
}

// TestCollectedHere: handles that are dropped in numbers come back as memory, without a Close.
func TestCollectedHere(t *testing.T) {
	flat(t)
	before := census(t)
	for range 2000 {
		v := must(shm.NewValue(1))(t)
		_ = v.Locker()
		_ = must(shm.NewArray[int](100, shm.WithLock(v.Locker())))(t)
	}
	testproc.Eventually(t, "collected", func() bool { runtime.GC(); return census(t).Objects <= before.Objects })
}
