//go:build linux

package handle

import (
	"bytes"
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
)

// reference finds the references with the codec's own decoder. ok: the codec can decode the message at all.
func reference(data []byte) (refs []arena.Ref, ok bool, err error) {
	mode, err := cbor.DecOptions{MaxNestedLevels: 1000, UTF8: cbor.UTF8DecodeInvalid, IntDec: cbor.IntDecConvertSignedOrBigInt}.DecMode()
	if err != nil {
		panic(err)
	}
	for len(data) > 0 {
		var v any
		rest, err := mode.UnmarshalFirst(data, &v)
		if err != nil {
			return nil, false, nil
		}
		data = rest
		if refs, err = find(v, refs); err != nil {
			return nil, true, err
		}
	}
	return refs, true, nil
}

func find(v any, refs []arena.Ref) ([]arena.Ref, error) {
	var err error
	switch v := v.(type) {
	case cbor.Tag:
		if v.Number != Tag {
			return find(v.Content, refs)
		}
		content, ok := v.Content.([]byte)
		if key, isKey := v.Content.(cbor.ByteString); isKey { // of a map
			content, ok = []byte(key), true
		}
		if !ok {
			return nil, errors.New("no bytes")
		}
		b, err := parseBody(content)
		if err != nil {
			return nil, err
		}
		refs = append(refs, b.Ref)
		if b.Lock != (arena.Ref{}) {
			refs = append(refs, b.Lock)
		}
	case []any:
		for _, e := range v {
			if refs, err = find(e, refs); err != nil {
				return nil, err
			}
		}
	case map[any]any:
		for k, e := range v {
			if refs, err = find(k, refs); err != nil {
				return nil, err
			}
			if refs, err = find(e, refs); err != nil {
				return nil, err
			}
		}
	}
	return refs, nil
}

// set is what ScanRefs returns for these references: each once, in order.
func set(refs []arena.Ref) []arena.Ref {
	out := slices.Clone(refs)
	slices.SortFunc(out, func(a, b arena.Ref) int {
		return cmp.Or(cmp.Compare(a.Off, b.Off), cmp.Compare(a.Serial, b.Serial))
	})
	return slices.Compact(out)
}

// agree compares the scanner with the codec.
func agree(t *testing.T, data []byte) {
	t.Helper()
	got, err := ScanRefs(data)
	want, ok, wantErr := reference(data)
	switch {
	case !ok: // the codec refuses it: whatever the scanner finds, nobody will decode
	case wantErr != nil:
		if err == nil {
			t.Errorf("% x: the scanner takes what the codec refuses: %v", data, wantErr)
		}
	case err != nil:
		if !bytes.Contains(data, []byte{0x5f}) { // a handle in pieces, which nobody writes
			t.Errorf("% x: %v", data, err)
		}
	case !slices.Equal(got, set(want)):
		t.Errorf("% x: %v, want %v", data, got, want)
	}
}

// message makes a random value with handles in it, and counts their references.
func message(rnd *rand.Rand, depth int, refs *[]arena.Ref) any {
	switch k := rnd.IntN(14); {
	case k < 3 && depth > 0:
		out := make([]any, rnd.IntN(4))
		for i := range out {
			out[i] = message(rnd, depth-1, refs)
		}
		return out
	case k < 6 && depth > 0:
		out := map[any]any{}
		for range rnd.IntN(4) {
			key := []any{rnd.IntN(1000), "key", int64(-5) << rnd.IntN(40), true}[rnd.IntN(4)]
			if out[key] == nil {
				out[key] = message(rnd, depth-1, refs)
			}
		}
		return out
	case k < 7 && depth > 0:
		return cbor.Tag{Number: 1000 + rnd.Uint64N(1<<40), Content: message(rnd, depth-1, refs)}
	case k < 10:
		b := Blob{Kind: uint8(rnd.Uint32()), Ref: arena.Ref{Off: rnd.Uint64(), Serial: rnd.Uint64()}, Type: "T"}
		*refs = append(*refs, b.Ref)
		if rnd.IntN(2) == 0 {
			b.Lock = arena.Ref{Off: rnd.Uint64(), Serial: rnd.Uint64()}
			*refs = append(*refs, b.Lock)
		}
		return b
	}
	return []any{nil, true, 1, -1, 1 << 20, uint64(1<<64 - 1), 1.5, float32(2.5), "text", make([]byte, rnd.IntN(300)), "", []byte{0xda, 'm', 'p', 'r', 'c'}}[rnd.IntN(12)]
}

func TestScanRandom(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 300
	}
	rnd := rand.New(rand.NewPCG(9, 9))
	modes := []cbor.EncOptions{{}, {Sort: cbor.SortCanonical}, {IndefLength: cbor.IndefLengthAllowed}}
	for i := range n {
		var want []arena.Ref
		v := message(rnd, 6, &want)
		mode, err := modes[i%len(modes)].EncMode()
		if err != nil {
			t.Fatal(err)
		}
		data, err := mode.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ScanRefs(data)
		if err != nil || !slices.Equal(got, set(want)) {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
		agree(t, data)
		// One byte of it spoilt, or a part of it missing.
		data[rnd.IntN(len(data))] = byte(rnd.Uint32())
		agree(t, data)
		agree(t, data[:rnd.IntN(len(data))])
	}
}

func TestScanForms(t *testing.T) {
	h := encode(t, sample())
	refs := []arena.Ref{sample().Ref, sample().Lock}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	deep := func(n int) []byte { return join(bytes.Repeat([]byte{0x81}, n), h) }
	for _, c := range []struct {
		what string
		data []byte
		n    int // handles found; -1 for an error
	}{
		{"nothing", nil, 0},
		{"alone", h, 1},
		{"two messages in a row", join(h, h), 2},
		{"array", join([]byte{0x83, 1}, h, []byte{0xf6}), 1},
		{"open array", join([]byte{0x9f}, h, h, []byte{0xff}), 2},
		{"map value", join([]byte{0xa1, 0x61, 'k'}, h), 1},
		{"map key", join([]byte{0xa1}, h, []byte{1}), 1},
		{"open map", join([]byte{0xbf, 1}, h, []byte{0xff}), 1},
		{"in another tag", join([]byte{0xc1}, h), 1},
		{"in a byte string", join([]byte{0x58, byte(len(h))}, h), 0},
		{"in a text", join([]byte{0x78, byte(len(h))}, h), 0},
		{"beside strings in pieces", join([]byte{0x82, 0x5f, 0x41, 1, 0x42, 1, 2, 0xff}, h), 1},
		{"beside floats and such", join([]byte{0x86, 0xf9, 0, 0, 0xfa, 0, 0, 0, 0, 0xfb, 0, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x20, 0xf4}, h), 1},
		{"deep", deep(900), 1},
		{"as deep as allowed", deep(maxDepth), 1},
		{"too deep", deep(maxDepth + 1), -1},
		{"much too deep", bytes.Repeat([]byte{0x9f}, 1<<22), -1},
		{"tags much too deep", bytes.Repeat([]byte{0xc1}, 1<<22), -1},
		{"cut off", h[:len(h)-1], -1},
		{"cut off in the head", h[:7], -1},
		{"array of 2^64-1", []byte{0x9b, 255, 255, 255, 255, 255, 255, 255, 255}, -1},
		{"map of 2^63", []byte{0xbb, 0x80, 0, 0, 0, 0, 0, 0, 0}, -1},
		{"map of 2^62", []byte{0xbb, 0x40, 0, 0, 0, 0, 0, 0, 0}, -1},
		{"bytes of 2^64-1", []byte{0x5b, 255, 255, 255, 255, 255, 255, 255, 255}, -1},
		{"array without its elements", []byte{0x82, 1}, -1},
		{"stray break", []byte{0xff}, -1},
		{"break in an array of known length", []byte{0x82, 1, 0xff}, -1},
		{"array that does not end", []byte{0x9f, 1}, -1},
		{"reserved length", []byte{0x1c}, -1},
		{"open integer", []byte{0x1f}, -1},
		{"open tag", []byte{0xdf, 1}, -1},
		{"tag without content", []byte{0xc1}, -1},
		{"handle without bytes", []byte{0xda, 'm', 'p', 'r', 'c', 1}, -1},
		{"handle in pieces", []byte{0xda, 'm', 'p', 'r', 'c', 0x5f, 0x41, 1, 0xff}, -1},
		{"handle of another length", []byte{0xda, 'm', 'p', 'r', 'c', 0x41, 1}, -1},
	} {
		got, err := ScanRefs(c.data)
		var want []arena.Ref
		for range c.n {
			want = append(want, refs...)
		}
		if c.n < 0 && (err == nil || !errors.Is(err, errs.ErrCorrupt)) || c.n >= 0 && (err != nil || !slices.Equal(got, set(want))) {
			t.Errorf("%s: %d references, %v", c.what, len(got), err)
		}
		if len(c.data) < 1<<16 {
			agree(t, c.data)
		}
	}
}

func TestScanOtherFamily(t *testing.T) {
	h := encode(t, sample())
	h[15]++
	if _, err := ScanRefs(h); !errors.Is(err, errs.ErrOtherFamily) {
		t.Errorf("got %v", err)
	}
}

func FuzzScanRefs(f *testing.F) {
	h := encode(f, sample())
	f.Add(h)
	f.Add(append([]byte{0x9f, 0xa1, 0x61, 'k', 0xc1}, append(h, 0xff)...))
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var refs []arena.Ref
		data, err := cbor.Marshal(message(rnd, 5, &refs))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(agree)
}
