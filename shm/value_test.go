//go:build linux

package shm_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"unsafe"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/shm"
)

func TestValue(t *testing.T) {
	flat(t)
	v := made(shm.NewValue(point{1, 2}))(t)
	want(t, "String", v.String(), "Value[shm_test.point]({1 2})")
	if err := v.Store(point{3, 4}); err != nil {
		t.Error(err)
	}
	if err := v.Update(func(p *point) { p.X, p.Y = p.Y, p.X }); err != nil {
		t.Error(err)
	}
	want(t, "Load", load(t, v), point{4, 3})
	if err := v.UpdateContext(t.Context(), func(p *point) { p.X = 0 }); err != nil {
		t.Error(err)
	}
	want(t, "Load", load(t, v), point{0, 3})

	dup := made(v.Copy())(t)
	raw := made(v.Raw())(t)
	raw.Ptr().Y = 9
	want(t, "through Raw", load(t, v), point{0, 9})
	want(t, "the copy", load(t, dup), point{0, 3})
	lock := v.Locker()
	if lock == dup.Locker() || lock != v.Locker() {
		t.Error("Locker")
	}
	lock.Lock()
	want(t, "the copy has a lock of its own", load(t, dup), point{0, 3})
	lock.Unlock()
	want(t, "a copy without a lock", made(v.Copy(shm.WithoutLock()))(t).Locker(), nil)
}

func TestRawValue(t *testing.T) {
	flat(t)
	r := made(shm.NewRawValue(int32(7)))(t)
	want(t, "String", r.String(), "RawValue[int32](7)")
	dup := made(r.Copy())(t)
	r.Store(8)
	*r.Ptr()++
	want(t, "Load", r.Load(), 9)
	want(t, "the copy", dup.Load(), 7)
	want(t, "another handle", decoded[shm.RawValue[int32]](t, r).Ptr(), r.Ptr())
}

// adders has an object of every kind that Add and AddRaw take.
type adders struct {
	I8   *shm.Value[int8]
	I16  *shm.Value[int16]
	I32  *shm.Value[int32]
	I64  *shm.Value[int64]
	I    *shm.Value[int]
	U8   *shm.Value[uint8]
	U16  *shm.Value[uint16]
	U32  *shm.Value[uint32]
	U64  *shm.Value[uint64]
	U    *shm.Value[uint]
	RI8  *shm.RawValue[int8]
	RI16 *shm.RawValue[int16]
	RI32 *shm.RawValue[int32]
	RI64 *shm.RawValue[int64]
	RI   *shm.RawValue[int]
	RU8  *shm.RawValue[uint8]
	RU16 *shm.RawValue[uint16]
	RU32 *shm.RawValue[uint32]
	RU64 *shm.RawValue[uint64]
	RU   *shm.RawValue[uint]
}

func add[T shm.Integer](v *shm.Value[T], r *shm.RawValue[T], n int, delta T) (err error) {
	for range n {
		_, e := shm.Add(v, delta)
		err = errors.Join(err, e)
		shm.AddRaw(r, delta)
	}
	return err
}

const (
	addProcesses = 3 // besides the test's own
	addTimes     = 1000
)

func (a adders) addAll() error {
	return errors.Join(add(a.I8, a.RI8, addTimes, -3), add(a.I16, a.RI16, addTimes, -3), add(a.I32, a.RI32, addTimes, -3), add(a.I64, a.RI64, addTimes, -3), add(a.I, a.RI, addTimes, -3),
		add(a.U8, a.RU8, addTimes, 3), add(a.U16, a.RU16, addTimes, 33), add(a.U32, a.RU32, addTimes, 3<<20), add(a.U64, a.RU64, addTimes, 3<<50), add(a.U, a.RU, addTimes, 3))
}

var addAll = multiproc.Register("shm-add", func(ctx context.Context, a adders) (struct{}, error) { return struct{}{}, a.addAll() })

func added[T shm.Integer](t *testing.T, v *shm.Value[T], r *shm.RawValue[T], delta T) {
	t.Helper()
	var sum T
	for range (addProcesses + 1) * addTimes {
		sum += delta
	}
	want(t, fmt.Sprintf("Add to a %T", sum), load(t, v), sum)
	want(t, fmt.Sprintf("AddRaw to a %T", sum), r.Load(), sum)
	size := unsafe.Sizeof(sum)
	for i, b := range (*[16]byte)(unsafe.Pointer(r.Ptr()))[size:] {
		if b != 0 {
			t.Errorf("AddRaw to a %T: byte %d behind it is %d", sum, i, b)
		}
	}
}

// TestAdd: processes add to integers of all sizes, over their ends, and every sum is exact and every neighbour as it was.
func TestAdd(t *testing.T) {
	flat(t)
	a := adders{
		made(shm.NewValue(int8(0)))(t), made(shm.NewValue(int16(0)))(t), made(shm.NewValue(int32(0)))(t), made(shm.NewValue(int64(0)))(t), made(shm.NewValue(0))(t),
		made(shm.NewValue(uint8(0)))(t), made(shm.NewValue(uint16(0)))(t), made(shm.NewValue(uint32(0)))(t), made(shm.NewValue(uint64(0)))(t), made(shm.NewValue(uint(0)))(t),
		made(shm.NewRawValue(int8(0)))(t), made(shm.NewRawValue(int16(0)))(t), made(shm.NewRawValue(int32(0)))(t), made(shm.NewRawValue(int64(0)))(t), made(shm.NewRawValue(0))(t),
		made(shm.NewRawValue(uint8(0)))(t), made(shm.NewRawValue(uint16(0)))(t), made(shm.NewRawValue(uint32(0)))(t), made(shm.NewRawValue(uint64(0)))(t), made(shm.NewRawValue(uint(0)))(t),
	}
	workers := make([]*multiproc.Process[struct{}], addProcesses)
	for i := range workers {
		workers[i] = start(t, addAll, a)
	}
	if err := a.addAll(); err != nil {
		t.Error(err)
	}
	for _, p := range workers {
		must(wait(t, p))(t)
	}
	added(t, a.I8, a.RI8, -3)
	added(t, a.I16, a.RI16, -3)
	added(t, a.I32, a.RI32, -3)
	added(t, a.I64, a.RI64, -3)
	added(t, a.I, a.RI, -3)
	added(t, a.U8, a.RU8, 3)
	added(t, a.U16, a.RU16, 33)
	added(t, a.U32, a.RU32, 3<<20)
	added(t, a.U64, a.RU64, 3<<50)
	added(t, a.U, a.RU, 3)
}

// TestAddReturnsTheSum: what Add and AddRaw return is the new value, also over the end of the type.
func TestAddReturnsTheSum(t *testing.T) {
	v, r := made(shm.NewValue(int8(math.MaxInt8)))(t), made(shm.NewRawValue(int8(math.MaxInt8)))(t)
	want(t, "Add", must(shm.Add(v, 1))(t), math.MinInt8)
	want(t, "AddRaw", shm.AddRaw(r, 1), math.MinInt8)
	u := made(shm.NewRawValue(uint16(0)))(t)
	want(t, "AddRaw of minus one", shm.AddRaw(u, math.MaxUint16), math.MaxUint16)
	want(t, "AddRaw of one", shm.AddRaw(u, 1), 0)

	seen := make([]bool, 1001) // each sum is returned once
	var mu sync.Mutex
	var wg sync.WaitGroup
	n := made(shm.NewRawValue(uint16(0)))(t)
	for range 4 {
		wg.Go(func() {
			for range 250 {
				sum := shm.AddRaw(n, 1)
				mu.Lock()
				if seen[sum] {
					t.Errorf("%d was returned twice", sum)
				}
				seen[sum] = true
				mu.Unlock()
			}
		})
	}
	testproc.Finish(t, "adding", wg.Wait)
}

type counting struct {
	Own, Shared *shm.Value[int]
	Slots       *shm.Array[int]
}

var count = multiproc.Register("shm-count", func(ctx context.Context, c counting) (struct{}, error) { return struct{}{}, c.count(500) })

func (c counting) count(n int) (err error) {
	for range n {
		err = errors.Join(err,
			c.Own.Update(func(n *int) { *n++ }),
			c.Shared.Update(func(n *int) { *n++ }),
			c.Slots.Update(func(s []int) { s[0]++; s[len(s)-1]-- }))
	}
	return err
}

// TestUpdateLosesNothing: processes and goroutines count together, and under -race so do variables that only the lock guards.
func TestUpdateLosesNothing(t *testing.T) {
	flat(t)
	slots := made(shm.NewArray[int](300))(t)
	c := counting{made(shm.NewValue(0))(t), made(shm.NewValue(0, shm.WithLock(slots.Locker())))(t), slots}
	p := start(t, count, c)
	plain, sum := 0, 0
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := c.count(500); err != nil {
				t.Error(err)
			}
			for range 100 {
				_ = c.Own.Update(func(*int) { plain++ })
				_ = slots.Update(func([]int) { sum++ })
			}
		})
	}
	testproc.Finish(t, "counting", wg.Wait)
	must(wait(t, p))(t)
	want(t, "own lock", load(t, c.Own), 2000)
	want(t, "shared lock", load(t, c.Shared), 2000)
	want(t, "array", must(slots.At(0))(t), 2000)
	want(t, "array", must(slots.At(299))(t), -2000)
	want(t, "a variable", plain, 300)
	want(t, "a variable", sum, 300)
}

// TestNoLockNoRefusal: without a lock a change that goes on is no reason to refuse others.
func TestNoLockNoRefusal(t *testing.T) {
	flat(t)
	v, a := made(shm.NewValue(1, shm.WithoutLock()))(t), made(shm.NewArray[int](1, shm.WithoutLock()))(t)
	other := decoded[shm.Value[int]](t, v)
	err := v.Update(func(n *int) {
		*n = 2
		want(t, "inside", load(t, v), 2)
		want(t, "inside", load(t, other), 2)
		if err := errors.Join(a.Update(func([]int) {
			if err := errors.Join(a.Set(0, 5), other.Store(3)); err != nil {
				t.Error(err)
			}
		})); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	want(t, "value", load(t, v), 3)
	want(t, "array", must(a.At(0))(t), 5)
	killedInside(t, mortal{What: "value", V: v})
	want(t, "what the dead has left", load(t, v), -1)
}
