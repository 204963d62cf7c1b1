package py

import "testing"

func TestEqualObjects(t *testing.T) {
	class := Global{"m", "C"}
	state := func() *Dict { return mustDict(t, "a", int64(1), "b", NewList()) }
	objects := map[string]func() *Object{
		"called":        func() *Object { return &Object{Class: class, Args: Tuple{int64(1)}} },
		"called, 1.0":   func() *Object { return &Object{Class: class, Args: Tuple{1.0}} },
		"made":          func() *Object { return &Object{Form: Made, Class: class, Args: Tuple{int64(1)}} },
		"by copyreg":    func() *Object { return &Object{Class: Global{"copyreg", "__newobj__"}, Args: Tuple{class, int64(1)}} },
		"another class": func() *Object { return &Object{Form: Made, Class: Global{"m", "D"}, Args: Tuple{int64(1)}} },
		"another arg":   func() *Object { return &Object{Form: Made, Class: class, Args: Tuple{int64(2)}} },
		"keyword":       func() *Object { return &Object{Form: MadeWith, Class: class, Kwargs: mustDict(t, "k", int64(1))} },
		"no keyword":    func() *Object { return &Object{Form: MadeWith, Class: class, Kwargs: NewDict()} },
		"nil keywords":  func() *Object { return &Object{Form: MadeWith, Class: class} },
		"state":         func() *Object { return &Object{Form: Made, Class: class, Built: true, State: state()} },
		"None as state": func() *Object { return &Object{Form: Made, Class: class, Built: true} },
		"no state":      func() *Object { return &Object{Form: Made, Class: class} },
		"later state":   func() *Object { return &Object{Form: Made, Class: class, Built: true, Later: []Value{state()}} },
		"items":         func() *Object { return &Object{Form: Made, Class: class, Items: []Value{int64(1), NewList()}} },
		"fewer items":   func() *Object { return &Object{Form: Made, Class: class, Items: []Value{int64(1)}} },
		"added":         func() *Object { return &Object{Form: Made, Class: class, Items: []Value{int64(1)}, Added: true} },
		"pairs":         func() *Object { return &Object{Form: Made, Class: class, Pairs: []Pair{{int64(1), NewList()}}} },
		"other pairs":   func() *Object { return &Object{Form: Made, Class: class, Pairs: []Pair{{int64(1), NewList(nil)}}} },
		"class unknown": func() *Object {
			return &Object{Class: &Object{Class: Global{"builtins", "getattr"}, Args: Tuple{class, "f"}}}
		},
	}
	same := map[string]string{"called, 1.0": "called", "by copyreg": "made", "nil keywords": "no keyword"}
	name := func(n string) string {
		if s, ok := same[n]; ok {
			return s
		}
		return n
	}
	for n, make1 := range objects {
		for m, make2 := range objects {
			a, b := make1(), make2()
			equal, err := Equal(a, b)
			if want := name(n) == name(m); equal != want || err != nil {
				t.Errorf("%s and %s: %v, %v", n, m, equal, err)
			}
			hash, err := Hash(a)
			if err != nil {
				t.Error(err)
			}
			if hash2, err := Hash(b); err != nil || equal && hash != hash2 {
				t.Errorf("%s and %s are equal, their hashes are not: %v", n, m, err)
			}
		}
	}
}

// TestHashTellsObjectsApart: records with attributes are mostly different in one of them.
func TestHashTellsObjectsApart(t *testing.T) {
	hashes := map[uint64]bool{}
	add := func(v Value) {
		h, err := Hash(v)
		if err != nil {
			t.Fatal(err)
		}
		hashes[h] = true
	}
	const n = 1000
	for i := range n {
		d := NewDict()
		for a := range 20 {
			d.SetStr(string(rune('a'+a)), int64(0))
		}
		d.SetStr("m", int64(i))
		add(&Object{Form: Made, Class: Global{"m", "C"}, Built: true, State: d})
		add(&Object{Form: Made, Class: Global{"m", "C"}, Built: true, State: Tuple{nil, mustDict(t, "slot", NewList(int64(i)))}})
		add(&Object{Form: Made, Class: Global{"m", "C"}, Args: Tuple{mustFrozenSet(t, int64(i), "x")}})
		add(&Object{Form: Made, Class: Global{"m", "C"}, Items: []Value{"a", int64(i)}})
		add(&Object{Form: Made, Class: Global{"m", "C"}, Pairs: []Pair{{"a", int64(i)}}})
	}
	if len(hashes) != 5*n {
		t.Errorf("%d hashes of %d objects", len(hashes), 5*n)
	}
}

func TestOtherValues(t *testing.T) {
	type own struct{ a any }
	pid := &Persistent{NewList(int64(1))}
	for _, c := range []struct {
		a, b Value
		want bool
	}{
		{pid, &Persistent{NewList(1.0)}, true},
		{pid, &Persistent{NewList(int64(2))}, false},
		{pid, int64(1), false},
		{Str2("a"), "a", true},
		{Str2("a"), Bytes("a"), false},
		{Str2("\xe9"), "\xe9", false},
		{Str2("\xe9"), Str2("\xe9"), true},
		{int8(1), 1.0, true},
		{uint64(1 << 63), bigInt(t, "0x8000000000000000"), true},
		{float32(0.5), mustDecimal(t, "0.5"), true},
		{complex64(2), true, false},
		{Tuple{int(1)}, Tuple{int64(1)}, true},
		{own{1}, own{1}, true},
		{own{[]int{1}}, own{[]int{1}}, false},
		{own{1}, nil, false},
		{nil, own{1}, false},
		{own{1}, int64(1), false},
		{Range{"a", nil, nil}, Range{"a", nil, nil}, false},
	} {
		equal, err := Equal(c.a, c.b)
		equal2, err2 := Equal(c.b, c.a)
		if equal != c.want || equal2 != c.want || err != nil || err2 != nil {
			t.Errorf("%#v and %#v: %v, %v; %v, %v", c.a, c.b, equal, err, equal2, err2)
		}
		hash, err := Hash(c.a)
		hash2, err2 := Hash(c.b)
		if equal && err == nil && err2 == nil && hash != hash2 {
			t.Errorf("%#v and %#v are equal, their hashes are not", c.a, c.b)
		}
	}
	if _, err := Hash(own{1}); err == nil || err.Error() != "TypeError: unhashable type: 'py.own'" {
		t.Error(err)
	}
	if _, err := Less(own{1}, 1); err == nil || err.Error() != "TypeError: '<' not supported between instances of 'py.own' and 'int'" {
		t.Error(err)
	}
	for _, c := range [][2]Value{{Str2("a"), "b"}, {"a", Str2("b")}, {Str2("a"), Str2("\xe9")}, {int8(1), uint64(1 << 63)}} {
		if l, err := Less(c[0], c[1]); !l || err != nil {
			t.Errorf("%v < %v: %v, %v", c[0], c[1], l, err)
		}
	}
}

// TestZonesOfUnknownRules: such datetimes equal those of the same zone that look the same.
func TestZonesOfUnknownRules(t *testing.T) {
	zone := func(name string) Value {
		return &Object{Class: Global{"zoneinfo", "ZoneInfo._unpickle"}, Args: Tuple{name, int64(1)}}
	}
	at := func(hour int, tz Value) DateTime { return DateTime{Year: 2020, Month: 1, Day: 1, Hour: hour, TZ: tz} }
	a := at(1, zone("Europe/Paris"))
	for _, c := range []struct {
		b    DateTime
		want bool
	}{{at(1, zone("Europe/Paris")), true}, {at(2, zone("Europe/Paris")), false}, {at(1, zone("Europe/Rome")), false}, {at(1, nil), false}, {at(1, TimeZone{}), false}} {
		if equal, err := Equal(a, c.b); equal != c.want || err != nil {
			t.Errorf("%v and %v: %v, %v", a, c.b, equal, err)
		}
		x, err := Hash(a)
		y, err2 := Hash(c.b)
		if err != nil || err2 != nil || (x == y) != c.want {
			t.Errorf("%v and %v: hashes %x, %x, %v, %v", a, c.b, x, y, err, err2)
		}
	}
	if l, err := Less(a, at(2, zone("Europe/Paris"))); !l || err != nil {
		t.Error(l, err)
	}
	if _, err := Less(a, at(2, zone("Europe/Rome"))); err == nil || err.Error() != "TypeError: can't compare datetimes in time zones whose rules are not known" {
		t.Error(err)
	}
}

func TestTypeNames(t *testing.T) {
	for want, v := range map[string]Value{
		"C":                             &Object{Class: Global{"m", "A.B.C"}},
		"D":                             &Object{Class: Global{"copyreg", "_reconstructor"}, Args: Tuple{Global{"m", "D"}, Global{"builtins", "object"}, nil}},
		"collections.deque":             &Object{Class: Global{"collections", "deque"}, Args: Tuple{Tuple{}}},
		"type":                          &Object{Class: Global{"builtins", "type"}, Args: Tuple{nil}},
		"object":                        &Object{Class: "?"},
		"zoneinfo.ZoneInfo":             &Object{Class: Global{"zoneinfo", "ZoneInfo._unpickle"}, Args: Tuple{"UTC", int64(1)}},
		"BrokenBarrierError":            NewException("threading.BrokenBarrierError"),
		"int":                           uint16(1),
		"float":                         float32(1),
		"complex":                       complex64(1),
		"str":                           Str2("a"),
		"*py.Persistent":                &Persistent{},
		"datetime.timezone":             TimeZone{},
		"NotImplementedType":            NotImplemented,
		"decimal.Decimal":               &Decimal{},
		"Fraction":                      &Fraction{},
		"UUID":                          UUID{},
		"datetime.time":                 Time{},
		"collections.OrderedDict":       &OrderedDict{},
		"chan int":                      make(chan int),
		"xml.etree.ElementTree.Element": &Object{Class: Global{"xml.etree.ElementTree", "Element"}},
	} {
		if got := TypeName(v); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestZeroValues: what nobody has filled in makes no panic, and equals itself and nothing else that looks different.
func TestZeroValues(t *testing.T) {
	zeros := []Value{nil, false, int64(0), 0, 0.0, float32(0), complex(0, 0), "", Bytes(""), Str2(""), &ByteArray{}, Tuple{}, Tuple(nil), &List{}, &Dict{}, &OrderedDict{}, &Set{}, &FrozenSet{},
		Range{}, Slice{}, Singleton(""), &Array{}, Date{}, Time{}, DateTime{}, TimeDelta{}, TimeZone{}, &Decimal{}, &Fraction{}, UUID{}, &Exception{}, Global{}, &Object{}, &Persistent{}, struct{}{}}
	for _, a := range zeros {
		Truth(a)
		TypeName(a)
		hash, err := Hash(a)
		for _, b := range zeros {
			equal, err1 := Equal(a, b)
			equal2, err2 := Equal(b, a)
			if equal != equal2 || err1 != nil || err2 != nil {
				t.Errorf("%T and %T: %v, %v, %v, %v", a, b, equal, equal2, err1, err2)
			}
			if hash2, err2 := Hash(b); err == nil && err2 == nil && equal && hash != hash2 {
				t.Errorf("%T and %T are equal, their hashes are not", a, b)
			}
			for op := range Ge + 1 {
				if _, err := Compare(op, a, b); err != nil && !IsException(err, "TypeError") {
					t.Errorf("%T %s %T: %v", a, op, b, err)
				}
			}
		}
	}
}
