package py

import "testing"

type stranger struct{ name string }

func (s *stranger) PythonRepr() string { return "<stranger " + s.name + ">" }
func (s *stranger) PythonType() string { return "Stranger" }

func TestForeign(t *testing.T) {
	a, b := &stranger{"a"}, &stranger{"a"}
	l := NewList(a, b)
	if text, err := Repr(l); err != nil || text != "[<stranger a>, <stranger a>]" {
		t.Error(text, err)
	}
	if at, err := l.Index(b); err != nil || at != 1 {
		t.Error("index", at, err)
	}
	d := NewDict()
	if err := d.Set(a, int64(1)); err != nil {
		t.Fatal(err)
	}
	if err := d.Set(b, int64(2)); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := d.Get(a); d.Len() != 2 || !ok || err != nil || v != int64(1) {
		t.Error(d, v, ok, err)
	}
	if _, err := Less(a, b); !IsException(err, "TypeError") || err.Error() != "TypeError: '<' not supported between instances of 'Stranger' and 'Stranger'" {
		t.Error(err)
	}
}
