//go:build linux

package shm_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

type point struct{ X, Y float64 }

type record struct {
	ID     uint32
	on     bool // not exported, and memory like any other
	Grid   [2][3]int16
	Origin point
	Phase  complex64
	_      [3]byte
}

type celsius float32

// holds checks every way of storing a, then b, in each of the four kinds of object.
func holds[T comparable](t *testing.T, a, b T) {
	t.Helper()
	rv, v := made(shm.NewRawValue(a))(t), made(shm.NewValue(a))(t)
	ra, x := made(shm.RawArrayOf([]T{a, b, a}))(t), made(shm.ArrayOf([]T{a, b, a}))(t)
	if rv.Load() != a || load(t, v) != a || *rv.Ptr() != a || ra.At(1) != b || must(x.At(1))(t) != b {
		t.Errorf("%T: not what it was made with", a)
	}
	rv.Store(b)
	ra.Set(0, b)
	if err := errors.Join(v.Store(b), x.Set(0, b)); err != nil {
		t.Error(err)
	}
	if rv.Load() != b || load(t, v) != b || *rv.Ptr() != b || ra.Slice()[0] != b || must(x.At(0))(t) != b {
		t.Errorf("%T: not what was stored", a)
	}
	if ra.At(1) != b || ra.At(2) != a || must(x.At(1))(t) != b || must(x.At(2))(t) != a {
		t.Errorf("%T: a neighbour has changed", a)
	}
	want(t, "alignment", uintptr(unsafe.Pointer(rv.Ptr()))%unsafe.Alignof(a), 0)
	var zero T
	for i, e := range made(shm.NewRawArray[T](5))(t).All() {
		if e != zero {
			t.Errorf("%T: element %d of a new array is %v", a, i, e)
		}
	}
	for _, o := range []interface {
		cbor.Marshaler
		String() string
	}{rv, v, ra, x} {
		if _, err := o.MarshalCBOR(); err != nil || o.String() == "" {
			t.Errorf("%T: %v, %q", o, err, o.String())
		}
	}
}

func TestElementTypes(t *testing.T) {
	holds(t, true, false)
	holds[int8](t, math.MinInt8, 1)
	holds[int16](t, math.MinInt16, 1)
	holds[int32](t, math.MinInt32, 1)
	holds[int64](t, math.MinInt64, 1)
	holds(t, math.MinInt, 1)
	holds[uint8](t, math.MaxUint8, 1)
	holds[uint16](t, math.MaxUint16, 1)
	holds[uint32](t, math.MaxUint32, 1)
	holds[uint64](t, math.MaxUint64, 1)
	holds[uint](t, math.MaxUint, 1)
	holds[float32](t, math.SmallestNonzeroFloat32, float32(math.Inf(-1)))
	holds(t, math.MaxFloat64, math.Copysign(0, -1))
	holds(t, complex64(1+2i), 3i)
	holds(t, 1+2i, complex(math.Inf(1), -1))
	holds(t, celsius(36.6), -1)
	holds(t, time.Hour, -1)
	holds(t, [3]int8{1, 2, 3}, [3]int8{-1})
	holds(t, [2][2]point{{{1, 2}}}, [2][2]point{{}, {{3, 4}}})
	holds(t, point{1, 2}, point{})
	holds(t, record{ID: 1, on: true, Grid: [2][3]int16{{1}, {2}}, Phase: 1i}, record{Origin: point{3, 4}})
	holds(t, [1000]int64{1}, [1000]int64{999: 1})
	holds(t, struct {
		A byte
		B int64
		_ struct{}
	}{A: 1}, struct {
		A byte
		B int64
		_ struct{}
	}{B: 2})
}

func TestNaNKeepsItsBits(t *testing.T) {
	nan := math.Float64frombits(0x7ff8_dead_beef_0001)
	v := made(shm.NewValue(nan))(t)
	want(t, "NaN", math.Float64bits(load(t, v)), math.Float64bits(nan))
}

type tally struct {
	Hits, Misses atomic.Int64
	Last         atomic.Uint32
	Open         atomic.Bool
}

// every has one object of each kind of element.
type every struct {
	Bool    *shm.Value[bool]
	Int8    *shm.Value[int8]
	Uint16  *shm.Value[uint16]
	Int     *shm.Value[int]
	Uint    *shm.Value[uint]
	Float32 *shm.Value[float32]
	Complex *shm.Value[complex128]
	Array   *shm.Value[[3]int32]
	Record  *shm.Value[record]
	Records *shm.Array[record]
	Tally   *shm.RawValue[tally]
	Tallies *shm.RawArray[atomic.Uint64]
}

var changeEvery = multiproc.Register("shm-every", func(ctx context.Context, e every) (string, error) {
	e.Tally.Ptr().Hits.Add(2)
	e.Tally.Ptr().Open.Store(true)
	e.Tallies.Slice()[1].Add(7)
	return e.Record.String(), errors.Join(
		e.Bool.Update(func(p *bool) { *p = !*p }),
		e.Int8.Update(func(p *int8) { *p = -*p }),
		e.Uint16.Update(func(p *uint16) { *p++ }),
		e.Int.Update(func(p *int) { *p-- }),
		e.Uint.Update(func(p *uint) { *p-- }),
		e.Float32.Update(func(p *float32) { *p /= 2 }),
		e.Complex.Update(func(p *complex128) { *p *= 1i }),
		e.Array.Update(func(p *[3]int32) { p[2] = p[0] + p[1] }),
		e.Record.Update(func(p *record) { p.on = true; p.Grid[1][2] = 9; p.Origin.Y = 8 }),
		e.Records.Update(func(s []record) { s[1].Phase = 1i }),
	)
})

func TestEveryKindTravels(t *testing.T) {
	e := every{
		Bool: made(shm.NewValue(false))(t), Int8: made(shm.NewValue(int8(-5)))(t), Uint16: made(shm.NewValue(uint16(math.MaxUint16)))(t),
		Int: made(shm.NewValue(math.MinInt))(t), Uint: made(shm.NewValue(uint(0)))(t), Float32: made(shm.NewValue(float32(3)))(t),
		Complex: made(shm.NewValue(1 + 2i))(t), Array: made(shm.NewValue([3]int32{1, 2}))(t),
		Record: made(shm.NewValue(record{ID: 6}))(t), Records: made(shm.NewArray[record](2))(t),
		Tally: made(shm.NewRawValue(tally{}))(t), Tallies: made(shm.NewRawArray[atomic.Uint64](2))(t),
	}
	e.Tally.Ptr().Hits.Store(40)
	if s := run(t, changeEvery, e); !strings.HasPrefix(s, "Value[shm_test.record]({6 false ") {
		t.Error(s)
	}
	want(t, "bool", load(t, e.Bool), true)
	want(t, "int8", load(t, e.Int8), 5)
	want(t, "uint16", load(t, e.Uint16), 0)
	want(t, "int", load(t, e.Int), math.MaxInt)
	want(t, "uint", load(t, e.Uint), math.MaxUint)
	want(t, "float32", load(t, e.Float32), 1.5)
	want(t, "complex", load(t, e.Complex), -2+1i)
	want(t, "array", load(t, e.Array), [3]int32{1, 2, 3})
	want(t, "record", load(t, e.Record), record{ID: 6, on: true, Grid: [2][3]int16{1: {2: 9}}, Origin: point{0, 8}})
	want(t, "records", must(e.Records.At(1))(t), record{Phase: 1i})
	want(t, "atomics", e.Tally.Ptr().Hits.Load(), 42)
	want(t, "atomics", e.Tally.Ptr().Open.Load(), true)
	want(t, "atomics in an array", e.Tallies.Slice()[1].Load(), 7)
}

type conf struct {
	Size int
	Tags [3]struct {
		ID   int
		Name string
	}
}

func refused[T any](t *testing.T, path, reason string) {
	t.Helper()
	var zero T
	_, err1 := shm.NewValue(zero)
	_, err2 := shm.NewRawValue(zero)
	_, err3 := shm.NewArray[T](3)
	_, err4 := shm.NewRawArray[T](3)
	_, err5 := shm.ArrayOf([]T{zero})
	_, err6 := shm.RawArrayOf[T](nil)
	for _, err := range []error{
		err1, err2, err3, err4, err5, err6,
		new(shm.Value[T]).UnmarshalCBOR(encoded(t, made(shm.NewValue(1))(t))),
		new(shm.RawArray[T]).UnmarshalCBOR(encoded(t, made(shm.NewRawArray[int](1))(t))),
	} {
		var layout *shm.LayoutError
		if !errors.As(err, &layout) {
			t.Fatalf("%T: %v", zero, err)
		}
		if layout.Path != path || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), path) {
			t.Errorf("%T: path %q, want %q; %v", zero, layout.Path, path, err)
		}
	}
}

func TestRefusedTypes(t *testing.T) {
	flat(t)
	refused[string](t, "string", "[N]byte")
	refused[[]int](t, "", "a slice")
	refused[*int](t, "", "a pointer")
	refused[map[int]int](t, "", "a map")
	refused[any](t, "", "an interface")
	refused[chan int](t, "", "a channel")
	refused[func()](t, "", "a function")
	refused[unsafe.Pointer](t, "Pointer", "an unsafe.Pointer")
	refused[uintptr](t, "uintptr", "uint64")
	refused[error](t, "error", "an interface")
	refused[struct{}](t, "", "no bytes")
	refused[[0]int](t, "", "no bytes")
	refused[time.Time](t, "Time", "UnixNano")
	refused[conf](t, "conf.Tags[].Name", "a string")
	refused[[2]conf](t, "[].Tags[].Name", "a string")
	refused[struct {
		N  int
		Mu *sync.Mutex
	}](t, "Mu", "a pointer")
	refused[struct{ Inner struct{ Mu sync.Mutex } }](t, "Inner.Mu", "psync.Lock")
	refused[struct{ P atomic.Pointer[int] }](t, "P", "address")
	refused[struct{ V atomic.Value }](t, "V", "interface")
	refused[struct{ p uintptr }](t, "p", "uintptr")
}

// TestIntIsInt64: the two are the same in shared memory; what differs in more than the name is refused, by names.
func TestIntIsInt64(t *testing.T) {
	flat(t)
	v, a := made(shm.NewValue(-7))(t), made(shm.ArrayOf([]uint{1, 2, 3}))(t)
	as64 := decoded[shm.Value[int64]](t, v)
	want(t, "int as int64", load(t, as64), -7)
	asU64 := decoded[shm.Array[uint64]](t, a)
	want(t, "uint as uint64", must(asU64.At(2))(t), 3)
	asDuration := decoded[shm.Value[time.Duration]](t, v)
	want(t, "int as time.Duration", load(t, asDuration), -7)

	mismatch := func(err error, wantType, haveType string) {
		t.Helper()
		var m *shm.TypeMismatchError
		if !errors.As(err, &m) || m.Want != wantType || m.Have != haveType || !strings.Contains(err.Error(), wantType) || !strings.Contains(err.Error(), haveType) {
			t.Errorf("want both %s and %s: %v", wantType, haveType, err)
		}
	}
	mismatch(new(shm.Value[uint64]).UnmarshalCBOR(encoded(t, v)), "uint64", "int64")
	mismatch(new(shm.Value[float64]).UnmarshalCBOR(encoded(t, v)), "float64", "int64")
	mismatch(new(shm.Array[point]).UnmarshalCBOR(encoded(t, a)), "struct{X float64; Y float64}", "uint64")
	p := made(shm.NewRawValue(point{}))(t)
	mismatch(new(shm.RawValue[struct{ Y, X float64 }]).UnmarshalCBOR(encoded(t, p)), "struct{Y float64; X float64}", "struct{X float64; Y float64}")
	r := made(shm.NewRawArray[byte](8))(t)
	mismatch(new(shm.RawArray[int64]).UnmarshalCBOR(encoded(t, r)), "int64", "uint8")
}
