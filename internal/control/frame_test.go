package control

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"runtime"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/arena"
)

func TestFramesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream bytes.Buffer
		type sent struct {
			t       Type
			message Start
			payload []byte
		}
		var all []sent
		for range rapid.IntRange(1, 5).Draw(t, "frames") {
			s := sent{
				t: Type(rapid.IntRange(1, int(typeEnd)-1).Draw(t, "type")),
				message: Start{
					Func: rapid.String().Draw(t, "func"), Name: string(rapid.SliceOf(rapid.Byte()).Draw(t, "name")),
					Daemon: rapid.Bool().Draw(t, "daemon"), Deadline: rapid.Int64().Draw(t, "deadline"), Parent: rapid.Uint32().Draw(t, "parent"),
					Files: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "files"),
					Refs:  []arena.Ref{{Off: rapid.Uint64().Draw(t, "off"), Serial: rapid.Uint64().Draw(t, "serial")}},
				},
				payload: make([]byte, rapid.SampledFrom([]int{0, 1, 100, oneWrite, oneWrite + 1, 3 << 20}).Draw(t, "size")),
			}
			for i := range s.payload {
				s.payload[i] = byte(i * 31)
			}
			if err := Write(&stream, s.t, s.message, s.payload); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		r := io.Reader(&stream)
		if rapid.Bool().Draw(t, "slow") && stream.Len() < 1<<17 {
			r = iotest.OneByteReader(r)
		}
		for _, s := range all {
			f, err := Read(r)
			if err != nil {
				t.Fatal(err)
			}
			m, err := f.DecodeStart()
			if err != nil {
				t.Fatal(err)
			}
			if f.Type != s.t || !reflect.DeepEqual(m, s.message) || !bytes.Equal(f.Payload, s.payload) {
				t.Fatalf("sent %v %+v, got %v %+v", s.t, s.message, f.Type, m)
			}
		}
		if _, err := Read(r); err != io.EOF {
			t.Fatalf("after the last frame: %v", err)
		}
	})
}

func TestTruncatedFrame(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, TypeResult, Result{Refs: []arena.Ref{{Off: 1}}}, []byte("payload")); err != nil {
		t.Fatal(err)
	}
	for n := 1; n < b.Len(); n++ {
		if _, err := Read(bytes.NewReader(b.Bytes()[:n])); !errors.Is(err, ErrFrame) {
			t.Errorf("%d of %d bytes: %v", n, b.Len(), err)
		}
	}
}

func header(mutate func(h []byte)) []byte {
	h := make([]byte, headerSize)
	h[0], h[1], h[2] = magic, version, byte(TypeResult)
	mutate(h)
	return h
}

func TestBadHeaders(t *testing.T) {
	for what, h := range map[string][]byte{
		"magic":        header(func(h []byte) { h[0] = 'X' }),
		"version":      header(func(h []byte) { h[1] = 2 }),
		"type 0":       header(func(h []byte) { h[2] = 0 }),
		"type":         header(func(h []byte) { h[2] = byte(typeEnd) }),
		"reserved":     header(func(h []byte) { h[3] = 1 }),
		"long message": header(func(h []byte) { binary.LittleEndian.PutUint32(h[4:], MaxMessage+1) }),
		"long payload": header(func(h []byte) { binary.LittleEndian.PutUint64(h[8:], MaxPayload+1) }),
	} {
		if _, err := Read(bytes.NewReader(h)); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A header's promise alone must not fill the memory.
func TestPromisedPayloadIsNotAllocated(t *testing.T) {
	h := header(func(h []byte) { binary.LittleEndian.PutUint64(h[8:], MaxPayload) })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(bytes.NewReader(append(h, make([]byte, 100)...))); !errors.Is(err, ErrFrame) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("allocated %d bytes for 100", grown)
	}
}

func TestReadErrorIsPassedOn(t *testing.T) {
	want := errors.New("deadline")
	if _, err := Read(iotest.ErrReader(want)); err != want {
		t.Errorf("got %v", err)
	}
}

func TestTypeNames(t *testing.T) {
	for ty := TypeHello; ty < typeEnd; ty++ {
		if ty.String() == "" {
			t.Errorf("type %d has no name", uint8(ty))
		}
	}
	if typeEnd.String() != "type 8" || len(typeNames) != int(typeEnd) {
		t.Errorf("names end with %v", typeEnd)
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	_ = Write(&b, TypeStart, Start{Func: "f", Refs: []arena.Ref{{Off: 1, Serial: 2}}}, []byte("x"))
	_ = Write(&b, TypeCancel, Cancel{Cause: Error{Is: []string{"io.EOF"}}}, nil)
	f.Add(b.Bytes())
	f.Add(header(func([]byte) {}))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		for {
			fr, err := Read(r)
			if err != nil {
				if err != io.EOF && !errors.Is(err, ErrFrame) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if _, err := fr.DecodeStart(); err != nil && !errors.Is(err, ErrFrame) {
				t.Fatalf("error %v", err)
			}
			for _, m := range []any{&Cancel{}, &Result{}, &Failure{}, &Refused{}} {
				if err := fr.Decode(m); err != nil && !errors.Is(err, ErrFrame) {
					t.Fatalf("error %v", err)
				}
			}
		}
	})
}
