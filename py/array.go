package py

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/ctype"
)

// Array is an array.array: numbers of one C type. Data has them in the byte order of this machine, each of ItemSize(Typecode) bytes.
type Array struct {
	Typecode byte // one of bBuwhHiIlLqQfd; c is Python 2's
	Data     []byte
}

// itemKind is what Python makes of an array's items.
type itemKind uint8

const (
	noKind itemKind = iota
	signedKind
	unsignedKind
	floatKind
	wideKind // a str of length 1: u and w
	charKind // a str of Python 2: c
)

// itemTypes has the C type of each typecode on this platform.
var itemTypes = func() (types [128]struct {
	size int
	kind itemKind
}) {
	for _, t := range ctype.All() {
		if !t.InArray {
			continue
		}
		e := &types[t.Code]
		e.size = int(t.Size)
		switch {
		case t.Kind == ctype.Float:
			e.kind = floatKind
		case t.Kind == ctype.WideChar:
			e.kind = wideKind
		case t.Signed:
			e.kind = signedKind
		default:
			e.kind = unsignedKind
		}
	}
	types['c'].size, types['c'].kind = 1, charKind
	return types
}()

// ItemSize is how many bytes an item takes in an array of the typecode on this platform, 0 if there is no such typecode.
func ItemSize(typecode byte) int {
	if int(typecode) >= len(itemTypes) {
		return 0
	}
	return itemTypes[typecode].size
}

// NewArray is array.array(typecode, init), where init may be left out: bytes are the items as memory has them, and any other value that Elements takes has the items as
// Python's values. The errors are Python's.
func NewArray(typecode byte, init ...Value) (*Array, error) {
	a := &Array{Typecode: typecode}
	if ItemSize(typecode) == 0 {
		return nil, ValueError("bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)")
	}
	if len(init) > 1 {
		return nil, TypeError("array() takes at most 2 arguments (%d given)", 1+len(init))
	}
	if len(init) == 0 || init[0] == nil {
		return a, nil
	}
	isText := itemTypes[typecode].kind == wideKind
	switch v := init[0].(type) {
	case Bytes:
		return a, a.setBytes(string(v))
	case Str2:
		return a, a.setBytes(string(v))
	case *ByteArray:
		return a, a.setBytes(string(v.B))
	case string:
		if !isText {
			return nil, TypeError("cannot use a str to initialize an array with typecode '%c'", typecode)
		}
	case *Array:
		if !isText && ItemSize(v.Typecode) > 0 && itemTypes[v.Typecode].kind == wideKind {
			return nil, TypeError("cannot use a unicode array to initialize an array with typecode '%c'", typecode)
		}
	}
	items, err := Elements(init[0])
	if err != nil {
		return nil, err
	}
	a.Data = make([]byte, 0, len(items)*ItemSize(typecode))
	for _, v := range items {
		if a.Data, err = appendItem(a.Data, typecode, v); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *Array) setBytes(b string) error {
	if len(b)%ItemSize(a.Typecode) != 0 {
		return ValueError("bytes length not a multiple of item size")
	}
	a.Data = []byte(b)
	return nil
}

// Len is how many items the array has; bytes at the end that are not enough for one don't count.
func (a *Array) Len() int {
	if size := ItemSize(a.Typecode); size > 0 {
		return len(a.Data) / size
	}
	return 0
}

// At is item i as Python's value, 0 <= i < Len(). The only error is a ValueError for a wide character that does not exist.
func (a *Array) At(i int) (Value, error) {
	t := itemTypes[a.Typecode]
	b := a.Data[i*t.size : (i+1)*t.size]
	switch t.kind {
	case signedKind:
		shift := 64 - 8*t.size
		return int64(word(b)<<shift) >> shift, nil
	case unsignedKind:
		n := word(b)
		if n > math.MaxInt64 {
			return new(big.Int).SetUint64(n), nil
		}
		return int64(n), nil
	case floatKind:
		if t.size == 4 {
			return float64(math.Float32frombits(uint32(word(b)))), nil
		}
		return math.Float64frombits(word(b)), nil
	case wideKind:
		n := word(b)
		if n > utf8.MaxRune {
			return nil, ValueError("chr() arg not in range(0x110000)")
		}
		return string(appendRune(nil, rune(n))), nil
	}
	return Str2(b), nil
}

// word is a number of 1, 2, 4 or 8 bytes in the byte order of this machine.
func word(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.NativeEndian.Uint16(b))
	case 4:
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// Values are all items.
func (a *Array) Values() ([]Value, error) {
	out := make([]Value, a.Len())
	for i := range out {
		v, err := a.At(i)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// Text is a.tounicode(), the characters of an array of typecode u or w. A ValueError tells that there is no such character.
func (a *Array) Text() (string, error) {
	if ItemSize(a.Typecode) == 0 || itemTypes[a.Typecode].kind != wideKind {
		return "", ValueError("tounicode() may only be called on unicode type arrays ('u' or 'w')")
	}
	return wideText(a.Data, ItemSize(a.Typecode))
}

// wideText is the text of UTF-16 or UTF-32 in the byte order of this machine; lone surrogates stay.
func wideText(data []byte, size int) (string, error) {
	runes := make([]rune, 0, len(data)/size)
	for ; len(data) >= size; data = data[size:] {
		n := word(data[:size])
		if n > utf8.MaxRune {
			return "", ValueError("character U+%x is not in range [U+0000; U+10ffff]", n)
		}
		if last := len(runes) - 1; size == 2 && last >= 0 {
			if r := utf16.DecodeRune(runes[last], rune(n)); r != utf8.RuneError {
				runes[last] = r
				continue
			}
		}
		runes = append(runes, rune(n))
	}
	dst := make([]byte, 0, len(runes))
	for _, r := range runes {
		dst = appendRune(dst, r)
	}
	return string(dst), nil
}

// GetItem is a[at]: an item, or a new Array if at is a Slice.
func (a *Array) GetItem(at Value) (Value, error) {
	if s, ok := at.(Slice); ok {
		return a.slice(s)
	}
	i, found, err := a.place(at)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, IndexError("array index out of range")
	}
	return a.At(i)
}

// place is the item that an int stands for; found is false if there is none.
func (a *Array) place(at Value) (i int, found bool, err error) {
	if _, _, ok := intOf(at); !ok {
		return 0, false, TypeError("array indices must be integers")
	}
	return subscript(at, a.Len(), "")
}

func (a *Array) slice(s Slice) (*Array, error) {
	start, _, step, count, err := s.Indices(a.Len())
	if err != nil {
		return nil, err
	}
	size := ItemSize(a.Typecode)
	out := &Array{a.Typecode, make([]byte, 0, count*size)}
	for i := range count {
		at := (start + i*step) * size
		out.Data = append(out.Data, a.Data[at:at+size]...)
	}
	return out, nil
}

// SetItem is a[at] = v. If at is a Slice, v must be an Array of the same typecode.
func (a *Array) SetItem(at, v Value) error {
	if s, ok := at.(Slice); ok {
		return a.setSlice(s, v)
	}
	i, found, err := a.place(at)
	switch {
	case err != nil:
		return err
	case !found:
		return IndexError("array assignment index out of range")
	}
	size := ItemSize(a.Typecode)
	item, err := appendItem(make([]byte, 0, 8), a.Typecode, v)
	if err == nil {
		copy(a.Data[i*size:], item)
	}
	return err
}

func (a *Array) setSlice(s Slice, v Value) error {
	start, stop, step, count, err := s.Indices(a.Len())
	if err != nil {
		return err
	}
	other, ok := v.(*Array)
	if !ok {
		return TypeError(`can only assign array (not "%s") to array slice`, TypeName(v))
	}
	if other.Typecode != a.Typecode {
		return TypeError("bad argument type for built-in operation")
	}
	size := ItemSize(a.Typecode)
	items := slices.Clone(other.Data[:other.Len()*size])
	if step == 1 {
		a.Data = slices.Replace(a.Data, start*size, max(start, stop)*size, items...)
		return nil
	}
	if other.Len() == 0 {
		a.remove(start, step, count) // as in Python, and not as of lists
		return nil
	}
	if other.Len() != count {
		return ValueError("attempt to assign array of size %d to extended slice of size %d", other.Len(), count)
	}
	for i := range count {
		copy(a.Data[(start+i*step)*size:], items[i*size:(i+1)*size])
	}
	return nil
}

// remove takes out count items, from start on in steps.
func (a *Array) remove(start, step, count int) {
	if step < 0 {
		start += (count - 1) * step
		step = -step
	}
	size := ItemSize(a.Typecode)
	kept := a.Data[:0]
	for i := range a.Len() {
		if d := i - start; d < 0 || d%step != 0 || d/step >= count {
			kept = append(kept, a.Data[i*size:(i+1)*size]...)
		}
	}
	a.Data = kept
}
