package envelope

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

type (
	level  int8
	name   string
	digest [4]byte
	point  struct{ X, Y int }
	base   struct{ ID uint32 }
	Base   struct{ Key string }
	node   struct {
		Value int
		Next  *node
		Kids  []*node
	}
	everything struct {
		base
		*Base
		B     bool
		I     int
		I8    int8
		U64   uint64
		F32   float32
		F64   float64
		L     level
		N     name
		Bytes []byte
		Sum   digest
		Grid  [2][3]int16
		Time  time.Time
		Took  time.Duration
		Big   *big.Int
		Ptr   *int
		Nil   *int
		List  []point
		ByInt map[int]string
		ByPt  map[point][]string
		ByArr map[[2]int8]bool
		Any   any
		Note  string `cbor:"n,omitempty"`
		Home  string `cbor:"-"`
		Empty struct{}
		_     [4]byte
		//lint:ignore U1000 a field without bytes may have any name
		skip struct{}
	}
)

// roundTrip sends v and returns what arrives.
func roundTrip[T any](t testing.TB, v T) T {
	t.Helper()
	if err := CheckType(reflect.TypeFor[T]()); err != nil {
		t.Fatal(err)
	}
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

func same[T any](t testing.TB, v T) {
	t.Helper()
	if got := roundTrip(t, v); !reflect.DeepEqual(got, v) {
		t.Errorf("%#v (%T) arrived as %#v", v, v, got)
	}
}

func TestRoundTripOfTypes(t *testing.T) {
	seven := 7
	same(t, everything{
		base: base{7}, Base: &Base{"k"}, B: true, I: math.MinInt64, I8: -128, U64: math.MaxUint64,
		F32: math.SmallestNonzeroFloat32, F64: math.MaxFloat64, L: -3, N: "n\xff\x00", Bytes: []byte{0, 255},
		Sum: digest{1, 2, 3, 4}, Grid: [2][3]int16{{1}, {2, 3}}, Time: time.Date(2024, 2, 29, 1, 2, 3, 456789123, time.UTC),
		Took: time.Hour, Big: new(big.Int).Lsh(big.NewInt(-3), 300), Ptr: &seven,
		List: []point{{1, 2}, {}}, ByInt: map[int]string{-1: "a", 1 << 40: "b"}, ByPt: map[point][]string{{1, 2}: {"x"}, {}: nil},
		ByArr: map[[2]int8]bool{{1, -1}: true}, Any: uint16(9), Note: "x",
	})
	same(t, everything{})
	same(t, 5)
	same(t, struct{}{})
	same(t, &seven)
	same(t, (*int)(nil))
	same(t, node{1, &node{2, nil, nil}, []*node{{Value: 3}, nil}})
	same(t, [0]int{})
	same(t, [3]bool{true})
	same(t, map[bool]float32{true: 1})
	same(t, []map[string][]*point{{"a": {{1, 2}, nil}, "b": {}, "c": nil}, nil})
	same(t, netip.MustParseAddrPort("[fe80::1%eth0]:80"))
	same(t, map[netip.Addr]int{netip.MustParseAddr("1.2.3.4"): 5})
	same(t, url.URL{Scheme: "https", Host: "example.org", Path: "/a b"})
	same(t, new(big.Rat).SetFrac64(1, 3))
	same(t, []any(nil))
	same(t, error(nil) == nil)
}

func TestEmptyIsNotNil(t *testing.T) {
	type both struct {
		NilS, EmptyS []int
		NilB, EmptyB []byte
		NilM, EmptyM map[string]int
	}
	got := roundTrip(t, both{EmptyS: []int{}, EmptyB: []byte{}, EmptyM: map[string]int{}})
	if got.NilS != nil || got.NilB != nil || got.NilM != nil {
		t.Errorf("nil arrived as %#v", got)
	}
	if got.EmptyS == nil || got.EmptyB == nil || got.EmptyM == nil {
		t.Errorf("empty arrived as %#v", got)
	}
}

func TestFloatsKeepEveryBit(t *testing.T) {
	for _, bits := range []uint64{0, 1 << 63, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001, 0x7ff0dead0000beef, 1, 0x3ff0000000000000} {
		if got := math.Float64bits(roundTrip(t, math.Float64frombits(bits))); got != bits {
			t.Errorf("float64 %#x arrived as %#x", bits, got)
		}
	}
	for _, bits := range []uint32{0, 1 << 31, 0x7f800000, 0xff800000, 0x7fc00001, 1} {
		if got := math.Float32bits(roundTrip(t, math.Float32frombits(bits))); got != bits {
			t.Errorf("float32 %#x arrived as %#x", bits, got)
		}
	}
}

func TestTimeKeepsNanosecondsAndOffset(t *testing.T) {
	for _, want := range []time.Time{
		time.Date(2024, 7, 1, 12, 30, 15, 123456789, time.FixedZone("X", -(9*3600+30*60))),
		time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Unix(0, 0).UTC(),
		{},
	} {
		got := roundTrip(t, want)
		_, wantOffset := want.Zone()
		_, gotOffset := got.Zone()
		if !got.Equal(want) || gotOffset != wantOffset {
			t.Errorf("%v arrived as %v", want, got)
		}
	}
}

func TestAnyKeepsItsType(t *testing.T) {
	for _, v := range []any{
		nil, true, 1, -1, int8(-8), int16(16), int32(32), int64(math.MinInt64), uint(1), uint8(8), uint16(16), uint32(32),
		uint64(math.MaxUint64), float32(0.5), 0.5, "s", []byte("b"), []byte{}, []byte(nil), time.Minute, time.Time{},
		time.Date(2024, 1, 1, 0, 0, 0, 5, time.UTC), big.NewInt(5), new(big.Int).Lsh(big.NewInt(1), 80),
		[]any{1, "a", nil, int32(3), []any{uint8(1)}}, []any{}, []any(nil),
		map[string]any{"a": 1, "b": map[string]any{"c": int64(1)}}, map[string]any{}, map[string]any(nil),
		map[any]any{1: "int", int64(1): "int64", "x": []string{"y"}, true: nil}, map[any]any(nil),
		[]int{1, 2}, []int(nil), []string{"a"}, []string{}, []float64{1}, []uint16{1}, []bool{true}, (*big.Int)(nil),
	} {
		same(t, struct{ V any }{v})
		same(t, []any{v})
		same(t, map[string]any{"k": v})
		same(t, &struct{ P []*struct{ V any } }{[]*struct{ V any }{{v}, nil}})
		if got := roundTrip(t, v); !reflect.DeepEqual(got, v) {
			t.Errorf("%#v arrived as %#v", v, got)
		}
	}
	type holder struct{ M map[any]int }
	same(t, holder{map[any]int{uint8(1): 1, 1: 2, "1": 3}})
}

// The sender's value must not change because boxes were put into it.
func TestEncodeLeavesTheValueAlone(t *testing.T) {
	inner := &struct{ V any }{int32(1)}
	v := struct {
		A []any
		M map[string]any
		P *struct{ V any }
		R [1]any
	}{[]any{int8(1)}, map[string]any{"x": []any{uint(2)}}, inner, [1]any{int16(1)}}
	if _, _, err := Encode(v); err != nil {
		t.Fatal(err)
	}
	if v.A[0] != any(int8(1)) || v.M["x"].([]any)[0] != any(uint(2)) || v.P != inner || inner.V != any(int32(1)) || v.R[0] != any(int16(1)) {
		t.Errorf("Encode changed its argument: %#v", v)
	}
}

func TestRefusedValues(t *testing.T) {
	cycle := &node{}
	cycle.Next = cycle
	loop := []any{nil}
	loop[0] = loop
	deep := &node{}
	for range MaxDepth {
		deep = &node{Next: deep}
	}
	var nilSlice []int
	for what, c := range map[string]struct {
		value any
		want  string
	}{
		"cycle":             {cycle, "is it a cycle?"},
		"cycle of any":      {loop, "is it a cycle?"},
		"too deep":          {deep, "is it a cycle?"},
		"struct in any":     {struct{ Opts map[string]any }{map[string]any{"p": point{}}}, `.Opts["p"] can't travel`},
		"pointer in any":    {[]any{new(int)}, "type *int"},
		"func in any":       {[]any{func() {}}, "type func()"},
		"named in any":      {[]any{level(1)}, "type envelope.level"},
		"big value in any":  {[]any{*big.NewInt(1)}, "type big.Int"},
		"pointer to nil":    {struct{ P *[]int }{&nilSlice}, ".P can't travel"},
		"pointer to zero":   {struct{ T *time.Time }{new(time.Time)}, ".T can't travel"},
		"zone with seconds": {[]time.Time{{}, time.Date(1900, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 1172))}, "[1] can't travel"},
		"year 10000":        {time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "outside 0 to 9999"},
	} {
		_, _, err := Encode(c.value)
		var ve *ValueError
		if !errors.As(err, &ve) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", what, err, c.want)
		} else if len(err.Error()) > 1000 {
			t.Errorf("%s: error has %d characters", what, len(err.Error()))
		}
	}
}

func TestDeepButLegal(t *testing.T) {
	var list *node
	for i := range MaxDepth {
		list = &node{Value: i, Next: list}
	}
	got, n := roundTrip(t, list), 0
	for ; got != nil; got = got.Next {
		n++
	}
	if n != MaxDepth {
		t.Errorf("a list of %d arrived with %d elements", MaxDepth, n)
	}
	var tree any = int8(1)
	for i := range MaxDepth - 1 {
		if i%2 == 0 || i > MaxDepth/2 {
			tree = []any{tree}
		} else {
			tree = map[any]any{"k": tree}
		}
	}
	same(t, tree)
}

type pointers *pointers

func TestCycleOfPointers(t *testing.T) {
	var p pointers
	p = &p
	var ve *ValueError
	if _, _, err := Encode(p); !errors.As(err, &ve) {
		t.Errorf("error is %v", err)
	}
}

func TestBigArguments(t *testing.T) {
	same(t, make([]int, 200_000)) // above the codec's default limit
	if b := bytes.Repeat([]byte("x"), 32<<20); !bytes.Equal(roundTrip(t, b), b) {
		t.Error("32 MiB arrived changed")
	}
}
