package pickle

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type (
	inA struct{ X, Y, Only int }
	InB struct{ X, Z int }
	InC struct {
		Y     int `pickle:"Y" json:"Y"`
		inner int
	}
	selfish struct {
		*selfish
		Q int
	}
	Leaf struct{ L int }
	viaL struct{ Leaf }
	viaR struct{ Leaf }
	num  int
	Num  int
)

// TestFields compares with encoding/json, whose rules for embedded structs these are.
func TestFields(t *testing.T) {
	for _, v := range []any{
		person{}, employee{}, base{},
		struct {
			inA
			InB
		}{},
		struct {
			inA
			*InB
			X int
		}{},
		struct {
			inA
			InC
		}{InC: InC{inner: 1}},
		struct {
			*InC `pickle:"c" json:"c"`
			inA
		}{},
		selfish{selfish: nil},
		struct {
			viaL
			viaR
		}{},
		struct {
			viaL
			viaR
			Leaf
		}{},
		struct {
			viaL
			viaR
			L int
		}{},
		struct {
			num
			Num
			*time.Location
		}{},
		struct {
			A int `pickle:"B" json:"B"`
			B int
		}{},
	} {
		typ := reflect.TypeOf(v)
		var got []string
		for _, f := range structInfoOf(typ).fields {
			got = append(got, f.name)
		}
		data, err := json.Marshal(allocate(reflect.New(typ).Elem()).Interface())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]json.RawMessage{}
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for name := range want {
			names[name] = true
		}
		if typ == reflect.TypeFor[person]() {
			names = map[string]bool{"name": true, "age": true, "mail": true, "tags": true} // no tags for json
		}
		if len(got) != len(names) || slices.ContainsFunc(got, func(n string) bool { return !names[n] }) {
			t.Errorf("%v has the fields %q, encoding/json has %s", typ, got, data)
		}
	}
}

// allocate makes the embedded pointers, whose fields json would leave out.
func allocate(v reflect.Value) reflect.Value {
	for i := range v.NumField() {
		f := v.Field(i)
		if v.Type().Field(i).Anonymous && f.Kind() == reflect.Pointer && f.CanSet() && f.Type().Elem() != v.Type() && f.Type().Elem() != reflect.TypeFor[time.Location]() {
			f.Set(reflect.New(f.Type().Elem()))
			allocate(f.Elem())
		}
	}
	return v
}

func TestOmitted(t *testing.T) {
	type T struct {
		B  bool            `pickle:"b,omitempty"`
		S  string          `pickle:"s,omitempty"`
		L  []int           `pickle:"l,omitempty"`
		M  map[string]int  `pickle:"m,omitempty"`
		A  [0]int          `pickle:"a,omitempty"`
		P  *int            `pickle:"p,omitempty"`
		I  any             `pickle:"i,omitempty"`
		St struct{ X int } `pickle:"st,omitempty"`
		Z  struct{ X int } `pickle:"z,omitzero"`
		T  time.Time       `pickle:"t,omitzero"`
		U  *zeroAt1        `pickle:"u,omitzero"`
		V  zeroAt1         `pickle:"v,omitzero"`
	}
	if got, want := reprOf(t, mustOf(t, T{L: []int{}, M: map[string]int{}, V: 1})), "{'st': {'X': 0}}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	one := zeroAt1(0)
	full := T{B: true, S: "s", L: []int{1}, M: map[string]int{"": 0}, P: new(int), I: 0, Z: struct{ X int }{1}, T: time.Unix(0, 0).UTC(), U: &one}
	if got := reprOf(t, mustOf(t, full)); strings.Count(got, ": ") < 11 {
		t.Errorf("fields are missing: %s", got)
	}
}

type zeroAt1 int

func (z zeroAt1) IsZero() bool { return z == 1 }
