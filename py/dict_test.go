package py

import (
	"math"
	"testing"
	"unsafe"
)

func TestDictKeys(t *testing.T) {
	d := mustDict(t, int64(1), "first")
	for _, k := range []Value{true, 1.0, complex(1, 0), mustDecimal(t, "1.00"), mustFraction(t, "1"), bigInt(t, "1"), int8(1), uint64(1), float32(1)} {
		if v, found, err := d.Get(k); v != "first" || !found || err != nil {
			t.Errorf("Get(%v %T): %v, %v, %v", k, k, v, found, err)
		}
		if err := d.Set(k, "first"); err != nil {
			t.Error(err)
		}
	}
	for k := range d.All() {
		if k != Value(int64(1)) {
			t.Errorf("the key has become %v %T", k, k)
		}
	}
	d = mustDict(t, int32(7), nil, "é", nil, Bytes("a"), nil)
	for k := range d.All() {
		if k == Value(int32(7)) {
			t.Error("the key is an int32, which no other package expects")
		}
	}
	for _, k := range []Value{Str2("é"), "a", Str2("a")} {
		if _, found, err := d.Get(k); found || err != nil {
			t.Errorf("Get(%v %T): %v, %v", k, k, found, err)
		}
	}
	// Text of Python 2 and of Python 3 is the same key, if it is ASCII, in small dicts and large ones.
	for _, more := range []int{0, 20} {
		for _, pair := range [][2]Value{{Str2("a"), "a"}, {"a", Str2("a")}} {
			d := mustDict(t, pair[0], "first")
			setAll(d, benchKeys(more))
			if v, found, err := d.Get(pair[1]); v != "first" || !found || err != nil {
				t.Errorf("%d keys, %T: %v, %v, %v", more, pair[1], v, found, err)
			}
			setAll(d, []Value{Str2("é")})
			if _, found := d.GetStr("é"); found {
				t.Errorf("%d keys: a Str2 that is not ASCII is found as a str", more)
			}
		}
	}
	// A NaN of its own, and one with an identity.
	nan := mustDecimal(t, "nan")
	d = mustDict(t, math.NaN(), 1, math.NaN(), 2, nan, 3, mustDecimal(t, "nan"), 4)
	if _, found, err := d.Get(math.NaN()); found || err != nil || d.Len() != 4 {
		t.Errorf("a NaN: %v, %v; %d keys", found, err, d.Len())
	}
	if v, _, err := d.Get(nan); v != 3 || err != nil {
		t.Errorf("a Decimal NaN: %v, %v", v, err)
	}
	for range 4 {
		if _, _, ok := d.PopLast(); !ok {
			t.Error("PopLast")
		}
		if err := d.t.check(false); err != nil {
			t.Error(err)
		}
	}
}

func TestUnhashableKeys(t *testing.T) {
	list := NewList()
	set := mustSet(t, int64(1))
	for text, key := range map[string]Value{
		"TypeError: unhashable type: 'list'":                    list,
		"TypeError: unhashable type: 'dict'":                    NewDict(),
		"TypeError: unhashable type: 'set'":                     set,
		"TypeError: unhashable type: 'bytearray'":               &ByteArray{},
		"TypeError: unhashable type: 'collections.OrderedDict'": Tuple{int64(1), Tuple{&OrderedDict{}}},
		"TypeError: unhashable type: 'array.array'":             Slice{nil, mustArray(t, 'i'), nil},
		"TypeError: Cannot hash a signaling NaN value":          mustDecimal(t, "sNaN"),
	} {
		for _, d := range []*Dict{NewDict(), mustDict(t, "a", nil), mustDict(t, Tuple{}, nil)} {
			_, _, err1 := d.Get(key)
			_, _, err2 := d.Delete(key)
			_, err3 := d.Has(key)
			for _, err := range []error{err1, err2, err3, d.Set(key, nil), d.Restore(key, nil)} {
				if err == nil || err.Error() != text {
					t.Errorf("%v, want %s", err, text)
				}
			}
		}
		if _, err := NewSet(key); err == nil || err.Error() != text {
			t.Errorf("NewSet: %v, want %s", err, text)
		}
		if _, err := NewFrozenSet(key); err == nil || err.Error() != text {
			t.Errorf("NewFrozenSet: %v, want %s", err, text)
		}
	}
}

// TestDictIsSmall: a pickle makes an empty dict of each of its bytes.
func TestDictIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Dict{}); size > 32 {
		t.Errorf("a Dict takes %d bytes", size)
	}
	if size := unsafe.Sizeof(Set{}); size > 32 {
		t.Errorf("a Set takes %d bytes", size)
	}
	if size := unsafe.Sizeof(entry[struct{}]{}); size > 16 {
		t.Errorf("an element of a set takes %d bytes", size)
	}
	keys := benchKeys(8)
	tuple, number := Value(Tuple{}), Value(1.5)
	for name, c := range map[string]struct {
		f    func(d *Dict)
		want float64 // besides the Dict itself
	}{
		"an empty Dict":        {func(d *Dict) { _, _ = d.GetStr("a") }, 0},
		"8 keys and room":      {func(d *Dict) { d.Reserve(8); setAll(d, keys) }, 1},
		"8 keys without":       {func(d *Dict) { setAll(d, keys) }, 4},
		"a key comes and goes": {func(d *Dict) { setAll(d, keys[:1]); d.PopLast() }, 2},
		"room for 100 keys":    {func(d *Dict) { d.Reserve(100) }, 3},
		"looking for a tuple":  {func(d *Dict) { _, _, _ = d.Get(tuple) }, 0},
		"looking for a number": {func(d *Dict) { d.Reserve(8); setAll(d, keys); _, _, _ = d.Get(number) }, 1},
	} {
		if got := testing.AllocsPerRun(100, func() { c.f(&Dict{}) }); got > 1+c.want {
			t.Errorf("%s: %v allocations, want %v", name, got-1, c.want)
		}
	}
}

func setAll(d *Dict, keys []Value) {
	for _, k := range keys {
		if err := d.Set(k, nil); err != nil {
			panic(err)
		}
	}
}

// TestQueueOfKeys: keys that come at the end and go at the beginning, or come and go at the end, need no more room, and no more time with each.
func TestQueueOfKeys(t *testing.T) {
	for _, first := range []bool{true, false} {
		d := NewDict()
		for i := range 1000 {
			setAll(d, []Value{int64(i)})
		}
		for i := range 100_000 {
			setAll(d, []Value{int64(1000 + i)})
			if _, _, ok := d.PopFirst(); first && !ok {
				t.Fatal("PopFirst")
			} else if !first {
				d.PopLast()
				if i%2 == 0 {
					setAll(d, []Value{int64(-i)})
				}
			}
		}
		if err := d.t.check(true); err != nil {
			t.Error(err)
		}
		if n := len(d.t.slots()); cap(d.t.entries) > 4096 || n > 4096 {
			t.Errorf("room for %d keys, %d slots, for %d", cap(d.t.entries), n, d.Len())
		}
	}
}

// TestRestore: objects that were different keys in a pickle stay apart, though they look the same, and many of them take no more time than others.
func TestRestore(t *testing.T) {
	instance := func() *Object { return &Object{Form: Made, Class: Global{"m", "C"}} }
	d := NewDict()
	const n = 50_000
	objects := make([]Value, n)
	for i := range objects {
		objects[i] = Tuple{instance()}
		if i%2 == 0 {
			objects[i] = instance()
		}
		if err := d.Restore(objects[i], int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if d.Len() != n {
		t.Errorf("%d keys, want %d", d.Len(), n)
	}
	i := 0
	for k, v := range d.All() {
		if v != Value(int64(i)) {
			t.Fatalf("item %d is %v, %v", i, k, v)
		}
		i++
	}
	// The same object is the same key, and an equal one finds the first.
	if err := d.Restore(objects[0], "again"); err != nil || d.Len() != n {
		t.Errorf("%v; %d keys", err, d.Len())
	}
	if v, found, err := d.Get(instance()); v != "again" || !found || err != nil {
		t.Errorf("%v, %v, %v", v, found, err)
	}
	// Plain keys, and others without objects, are as ever.
	for _, k := range []Value{"a", int64(1), 1.0, Tuple{"a"}, Tuple{"a"}} {
		if err := d.Restore(k, k); err != nil {
			t.Fatal(err)
		}
	}
	if d.Len() != n+3 {
		t.Errorf("%d keys, want %d", d.Len(), n+3)
	}
	for range 10 {
		if _, _, ok := d.PopLast(); !ok {
			t.Error("PopLast")
		}
	}
	s := &Set{}
	for _, v := range []Value{instance(), instance(), int64(1), true} {
		if err := s.Restore(v); err != nil {
			t.Fatal(err)
		}
	}
	if s.Len() != 3 {
		t.Errorf("%d elements, want 3", s.Len())
	}
	if err := s.t.check(false); err != nil {
		t.Error(err)
	}
}

// TestChangedKeys: a key whose hash has changed is still taken away.
func TestChangedKeys(t *testing.T) {
	d := NewDict()
	var objects []*Object
	for i := range 100 {
		o := &Object{Class: Global{"m", "C"}, Args: Tuple{int64(i)}}
		objects = append(objects, o)
		setAll(d, []Value{o})
	}
	for _, o := range objects {
		o.Built, o.State = true, mustDict(t, "a", "b")
	}
	for range 50 {
		if k, _, ok := d.PopLast(); !ok || k != Value(objects[d.Len()]) {
			t.Fatalf("PopLast: %v", k)
		}
		if err := d.t.check(false); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReserveOfOne: whoever asks for room before each key does not move the table each time.
func TestReserveOfOne(t *testing.T) {
	for n := range 200 {
		d := NewDict()
		for i := range n {
			d.Reserve(1)
			setAll(d, []Value{int64(i)})
		}
		allocs := testing.AllocsPerRun(1, func() {
			for range 1000 {
				d.Reserve(1)
				setAll(d, []Value{int64(-1)})
				d.PopLast()
			}
		})
		if allocs > 500 {
			t.Errorf("%d keys: %v allocations for 1,000 that come and go", n, allocs)
		}
	}
}
