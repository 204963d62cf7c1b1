package pickle

import (
	"math"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestStateSetter: a call whose result is thrown away was made for what it does to its first argument.
func TestStateSetter(t *testing.T) {
	const (
		object = "\x80\x03cm\nC\n)\x81q\x00"
		setter = "cm\nsetter\nh\x00K\x01\x86R0"
	)
	decode := func(data string) *py.Object {
		t.Helper()
		v, err := Decode([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		return v.(*py.Object)
	}
	o := decode(object + setter + ".")
	if len(o.Calls) != 1 || o.Calls[0].Func != (py.Global{Module: "m", Name: "setter"}) || len(o.Calls[0].Args) != 1 || o.Calls[0].Args[0] != int64(1) {
		t.Fatalf("Calls: %v", o.Calls)
	}
	out, err := Config{Protocol: 3}.Marshal(o)
	if want := object + "cm\nsetter\n(h\x00K\x01tR0."; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
	if text, err := py.Repr(o); err != nil || text != "m.C(__state__=1)" {
		t.Errorf("Repr: %s, %v", text, err)
	}
	for _, c := range []struct {
		other string
		equal bool
	}{
		{object + setter + ".", true}, {object + ".", false}, {object + setter + setter + ".", false}, {object + "cm\nsetter\nh\x00K\x02\x86R0.", false},
		{object + "cm\nother\nh\x00K\x01\x86R0.", false},
	} {
		if equal, err := py.Equal(o, decode(c.other)); equal != c.equal || err != nil {
			t.Errorf("%q: %v, %v", c.other, equal, err)
		}
	}
	// Calls of others, and with others, are of no consequence.
	for _, data := range []string{object + "cm\nf\nK\x01h\x00\x86R0.", object + "cm\nf\n)R0.", object + "cm\nf\nN\x85R0.", object + "h\x000."} {
		if o := decode(data); len(o.Calls) != 0 {
			t.Errorf("%q: Calls: %v", data, o.Calls)
		}
	}
}

// TestNaN: the one that a text stands for is Python's.
func TestNaN(t *testing.T) {
	for data, want := range map[string]uint64{"Fnan\n.": 0x7ff8 << 48, "G\x7f\xf0\x00\x00\x00\x00\x00\x01.": 0x7ff0<<48 + 1, "G\xff\xf8\x00\x00\x00\x00\x00\x00.": 0xfff8 << 48} {
		v, err := Decode([]byte(data))
		if f, ok := v.(float64); err != nil || !ok || math.Float64bits(f) != want {
			t.Errorf("%q: %v, %v", data, v, err)
		}
	}
}
