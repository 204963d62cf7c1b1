//go:build linux

package handle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
)

func sample() Blob {
	return Blob{Kind: KindArray, Ref: arena.Ref{Off: 0x1122334455, Serial: 0x66778899aa}, Lock: arena.Ref{Off: 7, Serial: 8}, Off: 3, Len: 4, Flags: 1, Type: "struct{X int64}"}
}

func encode(t testing.TB, b Blob) []byte {
	t.Helper()
	data, err := b.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRoundTrip(t *testing.T) {
	check := func(kind uint8, off, serial, lockOff, lockSerial, first, n uint64, flags uint32, name string) bool {
		b := Blob{kind, arena.Ref{Off: off, Serial: serial}, arena.Ref{Off: lockOff, Serial: lockSerial}, first, n, flags, name}
		data := encode(t, b)
		if err := cbor.Wellformed(data); err != nil {
			t.Error(err)
		}
		got, err := Parse(data, kind)
		return err == nil && got == b
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
	if !check(KindLock, 1, 2, 0, 0, 0, 0, 0, "") || !check(1, 1, 2, 3, 4, 5, 6, 7, strings.Repeat("x", maxBytes-fixed)) {
		t.Error("the shortest or the longest")
	}
	long := sample()
	long.Type = strings.Repeat("y", maxBytes)
	if _, err := long.MarshalCBOR(); err == nil || len(err.Error()) > 300 {
		t.Errorf("a type name of 64 KiB: %v", err)
	}
}

// TestBytes reads a handle as doc.go describes it.
func TestBytes(t *testing.T) {
	data := encode(t, sample())
	f, err := family.Home()
	if err != nil {
		t.Fatal(err)
	}
	id := f.ID()
	var tag cbor.RawTag
	if err := cbor.Unmarshal(data, &tag); err != nil || tag.Number != Tag || Tag != 'm'<<24|'p'<<16|'r'<<8|'c' {
		t.Fatalf("tag %#x, %v", tag.Number, err)
	}
	var b []byte
	if err := cbor.Unmarshal(tag.Content, &b); err != nil {
		t.Fatal(err)
	}
	u64 := binary.LittleEndian.Uint64
	if b[0] != 1 || b[1] != KindArray || !bytes.Equal(b[2:18], id[:]) || u64(b[18:]) != 0x1122334455 || u64(b[26:]) != 0x66778899aa ||
		u64(b[34:]) != 7 || u64(b[42:]) != 8 || u64(b[50:]) != 3 || u64(b[58:]) != 4 || binary.LittleEndian.Uint32(b[66:]) != 1 || string(b[70:]) != "struct{X int64}" {
		t.Errorf("% x", b)
	}
}

// body is a handle's CBOR with these bytes inside.
func body(t testing.TB, content any) []byte {
	t.Helper()
	data, err := cbor.Marshal(cbor.Tag{Number: Tag, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func numbers(b []byte) (out []int) {
	for _, v := range b {
		out = append(out, int(v))
	}
	return out
}

func TestParseRefuses(t *testing.T) {
	good := encode(t, sample())
	inner := good[10:]
	patch := func(at int, v byte) []byte {
		b := bytes.Clone(inner)
		b[at] = v
		return body(t, b)
	}
	for _, c := range []struct {
		what string
		data []byte
		kind uint8
		is   error
	}{
		{"other kind", good, KindLock, errs.ErrWrongType},
		{"kind that is not known", patch(1, 200), KindArray, errs.ErrWrongType},
		{"other family", patch(5, inner[5]+1), KindArray, errs.ErrOtherFamily},
		{"other version", patch(0, 2), KindArray, errs.ErrCorrupt},
		{"other tag", func() []byte { d, _ := cbor.Marshal(cbor.Tag{Number: 4711, Content: inner}); return d }(), KindArray, errs.ErrWrongType},
		{"too short", body(t, inner[:fixed-1]), KindArray, errs.ErrCorrupt},
		{"empty", body(t, []byte{}), KindArray, errs.ErrCorrupt},
		{"too long", body(t, make([]byte, maxBytes+1)), KindArray, errs.ErrCorrupt},
		{"text in the tag", body(t, "hello"), KindArray, errs.ErrCorrupt},
		{"a number in the tag", body(t, 5), KindArray, errs.ErrCorrupt},
		{"null in the tag", body(t, nil), KindArray, errs.ErrCorrupt},
		{"an array of the bytes", body(t, numbers(inner)), KindArray, errs.ErrCorrupt},
		{"the bytes in pieces", slices.Concat(good[:5], []byte{0x5f}, good[5:], []byte{0xff}), KindArray, errs.ErrCorrupt},
		{"the bytes in a tag", body(t, cbor.Tag{Number: 64, Content: inner}), KindArray, errs.ErrCorrupt},
		{"a handle in a handle", body(t, sample()), KindArray, errs.ErrCorrupt},
		{"nothing", nil, KindArray, nil},
		{"null", []byte{0xf6}, KindArray, nil},
		{"a number", []byte{1}, KindArray, nil},
		{"text", []byte{0x61, 'x'}, KindArray, nil},
		{"bytes without the tag", append([]byte{0x58, byte(len(inner))}, inner...), KindArray, nil},
		{"cut off", good[:len(good)-1], KindArray, nil},
		{"something behind", append(bytes.Clone(good), 0), KindArray, nil},
	} {
		_, err := Parse(c.data, c.kind)
		if err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.what, err)
		}
		t.Logf("%s: %v", c.what, err)
	}
}

func TestKindNames(t *testing.T) {
	for kind, want := range map[uint8]string{
		KindLock: "psync.Lock", KindRawValue: "shm.RawValue", KindRawArray: "shm.RawArray", KindValue: "shm.Value", KindArray: "shm.Array",
		0: "handle of unknown kind 0", 77: "handle of unknown kind 77",
	} {
		if got := KindName(kind); got != want {
			t.Errorf("%d: %q, want %q", kind, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(encode(f, sample()), uint8(KindArray))
	f.Add(body(f, []byte{1, 2, 3}), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		b, err := Parse(data, kind)
		if err != nil {
			return
		}
		if b.Kind != kind {
			t.Errorf("kind %d, want %d", b.Kind, kind)
		}
		again, err := Parse(encode(t, b), kind)
		if err != nil || again != b {
			t.Errorf("%+v became %+v, %v", b, again, err)
		}
		// What can be decoded was found by whoever sent it.
		if refs, err := ScanRefs(data); err != nil || !slices.Equal(refs, set(b.refs(nil))) {
			t.Errorf("% x: the scanner finds %v, %v", data, refs, err)
		}
	})
}
