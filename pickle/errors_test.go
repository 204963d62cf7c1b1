package pickle

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestNoPickle: what is no pickle at all fails at its first byte, and the error asks whether it is one.
func TestNoPickle(t *testing.T) {
	const hint = "(is this a pickle?)"
	for data, want := range map[string]bool{
		"hello":                    true,
		"\x1f\x8b\x08\x00":         true, // gzip
		"{\"a\": 1}":               true,
		"PK\x03\x04":               true,
		"<html>":                   true,
		"i am":                     true,
		"":                         false,
		"\x80":                     false,
		"\x80\x09.":                false, // a protocol to come
		"\x80\x04\x95\x01":         false,
		"K\x01R.":                  false,
		"\x80\x02K\x01h\x05\x86q.": false,
	} {
		for way, decode := range map[string]func() error{
			"data":   func() error { _, err := Decode([]byte(data)); return err },
			"stream": func() error { _, err := NewDecoder(bytes.NewReader([]byte(data))).Value(); return err },
			"second": func() error {
				d := NewDecoder(strings.NewReader("N." + data))
				if _, err := d.Value(); err != nil {
					t.Fatal(err)
				}
				_, err := d.Value()
				return err
			},
		} {
			err := decode()
			if err == nil {
				t.Fatalf("%q is a pickle", data)
			}
			if got := strings.Contains(err.Error(), hint); got != want {
				t.Errorf("%q as %s: %v", data, way, err)
			}
			if want && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTruncated) {
				t.Errorf("%q as %s: %v is of no kind", data, way, err)
			}
		}
	}
}

// TestPrefixOnce: an error within another says only once whose it is.
func TestPrefixOnce(t *testing.T) {
	var to struct{ B prefixed }
	err := Assign(pyDict("B", int64(1)), &to)
	if want := "pickle: .B: Python's int into Go's pickle.prefixed: Python's str into Go's int"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

type prefixed int

func (p *prefixed) UnmarshalPickle(any) error { return Assign("x", new(int)) }
