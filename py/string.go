package py

import "unicode/utf8"

// maxString is the length, in bytes, of the longest text that a String method makes.
const maxString = 4 << 10

// cut is the repr of v for people who look at logs and at failed tests: its beginning if it is long, or can't be written to its end.
func cut(v Value) string {
	p := printer{max: maxString}
	if err := p.finish(p.repr(v)); err == nil {
		return string(p.b)
	}
	b := p.b[:min(len(p.b), maxString)]
	// A text that is cut in the middle of a character, or ends with a surrogate, loses that.
	for i := 0; i < utf8.UTFMax && len(b) > 0; i++ {
		if r, n := utf8.DecodeLastRune(b); r != utf8.RuneError || n != 1 {
			break
		}
		b = b[:len(b)-1]
	}
	return string(b) + "..."
}

// String is the repr, or the first 4 KiB of it and "...".
func (l *List) String() string { return cut(l) }

// String is the repr, or the first 4 KiB of it and "...".
func (t Tuple) String() string { return cut(t) }

// String is the repr, or the first 4 KiB of it and "...".
func (d *Dict) String() string { return cut(d) }

// String is the repr, or the first 4 KiB of it and "...".
func (d *OrderedDict) String() string { return cut(d) }

// String is the repr, or the first 4 KiB of it and "...".
func (s *Set) String() string { return cut(s) }

// String is the repr, or the first 4 KiB of it and "...".
func (s *FrozenSet) String() string { return cut(s) }

// String is the repr, or the first 4 KiB of it and "...".
func (b *ByteArray) String() string { return cut(b) }

// String is the repr, or the first 4 KiB of it and "...".
func (a *Array) String() string { return cut(a) }

// String is the repr, or the first 4 KiB of it and "...".
func (r Range) String() string { return cut(r) }

// String is the repr, or the first 4 KiB of it and "...".
func (s Slice) String() string { return cut(s) }

// String is the repr, or the first 4 KiB of it and "...".
func (o *Object) String() string { return cut(o) }

// String is the repr, or the first 4 KiB of it and "...".
func (p *Persistent) String() string { return cut(p) }
