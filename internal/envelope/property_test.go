package envelope

import (
	"bytes"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// anyValue draws what an any may hold.
func anyValue(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(), rapid.Int().AsAny(), rapid.Int8().AsAny(), rapid.Int16().AsAny(), rapid.Int32().AsAny(), rapid.Int64().AsAny(),
		rapid.Uint().AsAny(), rapid.Uint8().AsAny(), rapid.Uint16().AsAny(), rapid.Uint32().AsAny(), rapid.Uint64().AsAny(),
		rapid.Float32().AsAny(), rapid.Float64().AsAny(), rapid.String().AsAny(), rapid.SliceOf(rapid.Byte()).AsAny(),
		rapid.SliceOf(rapid.Int()).AsAny(), rapid.SliceOf(rapid.String()).AsAny(), rapid.SliceOf(rapid.Float64()).AsAny(),
		rapid.SliceOf(rapid.Uint16()).AsAny(), rapid.SliceOf(rapid.Bool()).AsAny(),
		rapid.Map(rapid.Int64(), func(n int64) any { return time.Duration(n) }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) any { return new(big.Int).SetBytes(append([]byte{1}, b...)) }), // not 0: DeepEqual tells its two forms apart
	}
	if depth > 0 {
		sub := anyValue(depth - 1)
		leaves = append(leaves, rapid.SliceOfN(sub, 0, 4).AsAny(), rapid.MapOfN(rapid.String(), sub, 0, 4).AsAny(),
			rapid.MapOfN(rapid.OneOf(rapid.Int().AsAny(), rapid.Uint8().AsAny(), rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Int64().AsAny()), sub, 0, 4).AsAny())
	}
	return rapid.OneOf(leaves...)
}

func TestAnyRoundTripsAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "value")
		for _, whole := range []any{v, []any{v}, map[string]any{"k": v}} {
			if got := roundTripT(t, whole); !reflect.DeepEqual(got, whole) {
				t.Fatalf("%#v arrived as %#v", whole, got)
			}
		}
	})
}

func roundTripT[T any](t *rapid.T, v T) T {
	data, _, err := EncodeFrom(&v)
	if err != nil {
		t.Fatal(err)
	}
	var got T
	if err := Decode(data, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

type structured struct {
	I8    int8
	I16   int16
	I32   int32
	I64   int64
	U8    uint8
	U16   uint16
	U32   uint32
	U64   uint64
	S     string
	B     []byte
	Named name
	List  []*structured
	M     map[int64]string
	P     map[point]uint32
	D     digest
	T     time.Time
	V     any
}

func structuredValue(depth int) *rapid.Generator[structured] {
	return rapid.Custom(func(t *rapid.T) structured {
		s := structured{
			I8: rapid.Int8().Draw(t, "i8"), I16: rapid.Int16().Draw(t, "i16"), I32: rapid.Int32().Draw(t, "i32"), I64: rapid.Int64().Draw(t, "i64"),
			U8: rapid.Uint8().Draw(t, "u8"), U16: rapid.Uint16().Draw(t, "u16"), U32: rapid.Uint32().Draw(t, "u32"), U64: rapid.Uint64().Draw(t, "u64"),
			S: string(rapid.SliceOf(rapid.Byte()).Draw(t, "s")), B: rapid.SliceOf(rapid.Byte()).Draw(t, "b"), Named: name(rapid.String().Draw(t, "named")),
			M: rapid.MapOf(rapid.Int64(), rapid.String()).Draw(t, "m"),
			P: rapid.MapOfN(rapid.Map(rapid.Int(), func(n int) point { return point{n, -n} }), rapid.Uint32(), 0, 3).Draw(t, "p"),
			T: time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "sec"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC(),
			V: anyValue(1).Draw(t, "v"),
		}
		copy(s.D[:], s.B)
		if depth > 0 {
			for _, k := range rapid.SliceOfN(structuredValue(depth-1), 0, 2).Draw(t, "kids") {
				s.List = append(s.List, &k)
			}
		}
		return s
	})
}

func TestStructsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := structuredValue(2).Draw(t, "value")
		if got := roundTripT(t, v); !reflect.DeepEqual(got, v) {
			t.Fatalf("%#v arrived as %#v", v, got)
		}
	})
}

func TestFloatBitsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.Uint64().Draw(t, "bits")
		if got := math.Float64bits(roundTripT(t, math.Float64frombits(bits))); got != bits {
			t.Fatalf("%#x arrived as %#x", bits, got)
		}
	})
}

func TestTimeOffsetsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", 60*rapid.IntRange(-23*60, 23*60).Draw(t, "offset"))
		want := time.Date(rapid.IntRange(1, 9998).Draw(t, "year"), time.March, 4, 5, 6, 7, rapid.IntRange(0, 999999999).Draw(t, "ns"), zone)
		got := roundTripT(t, want)
		_, a := want.Zone()
		_, b := got.Zone()
		if !got.Equal(want) || a != b {
			t.Fatalf("%v arrived as %v", want, got)
		}
	})
}

// Whatever arrives, Decode returns. What it accepts, Encode can write again.
func FuzzDecode(f *testing.F) {
	for _, v := range []any{1, "x", []any{int8(1), nil, map[any]any{uint(1): []string{"a"}}}, time.Now(), map[string]any{"a": []byte(nil)}} {
		data, _, err := EncodeFrom(&v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	s, _, err := Encode(everything{Any: []int{1}, List: []point{{1, 2}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s)
	f.Add(bytes.Repeat([]byte{0x81}, 20_000))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if err := Decode(data, &v); err == nil {
			_, _, _ = EncodeFrom(&v)
		}
		var e everything
		if err := Decode(data, &e); err == nil {
			_, _, _ = EncodeFrom(&e)
		}
		var n *node
		_ = Decode(data, &n)
		var m map[point][]map[[2]int8]any
		_ = Decode(data, &m)
	})
}

func BenchmarkEncodeSmall(b *testing.B) {
	v := point{1, 2}
	for b.Loop() {
		if _, _, err := EncodeFrom(&v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRoundTripInts(b *testing.B) {
	v := make([]int, 10_000)
	var got []int
	for b.Loop() {
		data, _, err := EncodeFrom(&v)
		if err != nil {
			b.Fatal(err)
		}
		if err := Decode(data, &got); err != nil {
			b.Fatal(err)
		}
	}
}
