//go:build linux

package shm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// Where things are in an encoded handle: 10 bytes of CBOR heads, then the table of package handle.
const (
	atVersion = 10
	atKind    = 11
	atFamily  = 12
	atRef     = 28
	atSerial  = 36
	atLock    = 44
	atOff     = 60
	atLen     = 68
	atFlags   = 76
	atType    = 80
)

// targets are what every handle can be decoded into, by the kind of each.
func targets() []interface {
	cbor.Unmarshaler
	io.Closer
	String() string
} {
	return []interface {
		cbor.Unmarshaler
		io.Closer
		String() string
	}{new(psync.Lock), new(shm.RawValue[int64]), new(shm.RawArray[int64]), new(shm.Value[int64]), new(shm.Array[int64])}
}

// samples are one handle of each kind, in the order of targets, an array with a foreign lock among them.
func samples(t testing.TB) [][]byte {
	l := made(psync.NewLock())(t)
	return [][]byte{
		encoded(t, l), encoded(t, made(shm.NewRawValue(int64(1)))(t)), encoded(t, made(shm.NewRawArray[int64](3))(t)),
		encoded(t, made(shm.NewValue(int64(1)))(t)), encoded(t, made(shm.NewArray[int64](4, shm.WithLock(l)))(t)),
	}
}

func put(data []byte, at int, v uint64) []byte {
	data = slices.Clone(data)
	binary.LittleEndian.PutUint64(data[at:], v)
	return data
}

// TestDecodedAsAnother: a handle of one kind is none of another.
func TestDecodedAsAnother(t *testing.T) {
	flat(t)
	for i, data := range samples(t) {
		for k, o := range targets() {
			err := o.UnmarshalCBOR(data)
			if i != k {
				wantErr(t, "another kind", err, errs.ErrWrongType)
			} else if err != nil {
				t.Error(err)
			}
			if err := o.Close(); (err == nil) != (i == k) {
				t.Error(err)
			}
		}
	}
}

// TestBadHandles: what was cut, altered or made up is an error of its kind.
func TestBadHandles(t *testing.T) {
	flat(t)
	all := samples(t)
	for i, data := range all {
		fresh := func() interface {
			cbor.Unmarshaler
			io.Closer
			String() string
		} {
			return targets()[i]
		}
		for n := range data {
			if fresh().UnmarshalCBOR(data[:n]) == nil {
				t.Errorf("kind %d, cut to %d bytes: no error", i+1, n)
			}
		}
		if fresh().UnmarshalCBOR(append(slices.Clone(data), 0)) == nil {
			t.Errorf("kind %d and a byte more: no error", i+1)
		}
		for _, c := range []struct {
			what string
			data []byte
			is   error
		}{
			{"version", slices.Concat(data[:atVersion], []byte{9}, data[atVersion+1:]), errs.ErrCorrupt},
			{"kind 0", slices.Concat(data[:atKind], []byte{0}, data[atKind+1:]), errs.ErrWrongType},
			{"kind 200", slices.Concat(data[:atKind], []byte{200}, data[atKind+1:]), errs.ErrWrongType},
			{"family", put(data, atFamily, 1), errs.ErrOtherFamily},
			{"serial", put(data, atSerial, 12345), shm.ErrStale},
			{"offset 0", put(data, atRef, 0), errs.ErrCorrupt},
			{"offset of nothing", put(data, atRef, 3<<40), shm.ErrStale},
			{"offset beyond all", put(data, atRef, 4<<40), errs.ErrCorrupt},
			{"offset of everything", put(data, atRef, math.MaxUint64), errs.ErrCorrupt},
			{"offset between blocks", put(data, atRef, binary.LittleEndian.Uint64(data[atRef:])+8), shm.ErrStale},
		} {
			o := fresh()
			wantErr(t, fmt.Sprintf("kind %d, %s", i+1, c.what), o.UnmarshalCBOR(c.data), c.is)
			wantErr(t, "Close of what was not decoded", o.Close(), shm.ErrClosed)
		}
	}
	for _, c := range []struct {
		what     string
		at       int
		off, len uint64
	}{
		{"longer", atOff, 0, 5}, {"beyond the end", atOff, 5, 0}, {"over the end", atOff, 3, 2}, {"huge", atOff, 0, math.MaxUint64},
		{"wraps", atOff, 2, math.MaxUint64 - 1}, {"wraps", atOff, math.MaxUint64, 1}, {"negative", atOff, 1 << 63, 1 << 63},
	} {
		for i, data := range [][]byte{all[2], all[4]} {
			bad := put(put(data, atOff, c.off), atLen, c.len)
			wantErr(t, "a view that is "+c.what, targets()[2+2*i].UnmarshalCBOR(bad), errs.ErrCorrupt)
		}
	}
	ref := func(data []byte) []byte { return data[atRef : atRef+16] }
	withRef := func(data, other []byte) []byte { return slices.Concat(data[:atRef], ref(other), data[atRef+16:]) }
	wantErr(t, "an array's handle of a lock", new(shm.Array[int64]).UnmarshalCBOR(withRef(all[4], all[0])), errs.ErrWrongType)
	wantErr(t, "a value's handle of an array", new(shm.Value[int64]).UnmarshalCBOR(withRef(all[3], all[2])), errs.ErrWrongType)
	wantErr(t, "an array whose lock is gone", new(shm.Array[int64]).UnmarshalCBOR(put(all[4], atLock+8, 77)), shm.ErrStale)
	bytes8 := made(shm.NewRawArray[byte](24))(t)
	var mismatch *shm.TypeMismatchError
	if err := new(shm.RawArray[int64]).UnmarshalCBOR(withRef(all[2], encoded(t, bytes8))); !errors.As(err, &mismatch) {
		t.Errorf("a name of a type that is not the object's: %v", err)
	}
	for _, garbage := range [][]byte{nil, {}, {0xf6}, {0xf7}, {0x00}, {0x40}, {0x60}, {0x80}, {0xa0}, {0xff}, {0xda}, {0xda, 0x6d, 0x70, 0x72, 0x63, 0xf6}, bytes.Repeat([]byte{0x9f}, 1000)} {
		for _, o := range targets() {
			if o.UnmarshalCBOR(garbage) == nil {
				t.Errorf("% x is no handle", garbage)
			}
		}
	}
}

// FuzzUnmarshalValue decodes handles whose bytes were changed, and anything else, as every kind of handle, and uses what it gets.
func FuzzUnmarshalValue(f *testing.F) {
	f.Add(byte(255), uint16(0), []byte{0xf6})
	for _, at := range []uint16{0, 5, atVersion, atKind, atFamily, atRef, atSerial, atLock, atOff, atLen, atFlags, atType} {
		f.Add(byte(3), at, []byte{1})
		f.Add(byte(4), at, bytes.Repeat([]byte{0xff}, 8))
		f.Add(byte(2), at, make([]byte, 16))
	}
	all := samples(f)
	runtime.GC()
	before := census(f).Objects
	f.Fuzz(func(t *testing.T, which byte, at uint16, patch []byte) {
		data := patch
		if int(which) < len(all) {
			data = slices.Clone(all[which])
			copy(data[min(int(at), len(data)):], patch)
		}
		for i, o := range targets() {
			if err := o.UnmarshalCBOR(data); err != nil {
				if o.Close() == nil {
					t.Fatalf("% x: target %d is open after %v", data, i, err)
				}
				continue
			}
			_ = o.String()
			switch o := o.(type) {
			case *shm.RawArray[int64]:
				for i := range o.Len() {
					o.Set(i, o.At(i)+1)
				}
			case *shm.Value[int64]:
				if _, err := shm.Add(o, 1); err != nil {
					t.Fatal(err)
				}
			case *shm.Array[int64]:
				if err := o.Fill(1); err != nil {
					t.Fatal(err)
				}
			}
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if n := census(t).Objects; n != before {
			t.Fatalf("% x: %d objects before, %d after", data, before, n)
		}
	})
}
