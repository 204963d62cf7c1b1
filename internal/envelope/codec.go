package envelope

import (
	"bytes"
	"reflect"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
)

// Limits of the decoder. The sender is a process of the same family, so they guard against accidents and scribbled
// memory, not against an attacker who wants to fill this machine's memory.
const (
	// MaxDepth is how deep slices, maps and structs may nest, a linked list counting one level an element. Decoding
	// recurses, and its time grows with the product of a message's length and its depth.
	MaxDepth = 1000
	// MaxElements is how many elements one slice or map may have: the codec's own upper bound.
	MaxElements = 1<<31 - 1
)

var encOptions = cbor.EncOptions{
	ShortestFloat:   cbor.ShortestFloatNone, // a float keeps its width, so a NaN keeps its bits
	NaNConvert:      cbor.NaNConvertNone,
	InfConvert:      cbor.InfConvertNone,
	BigIntConvert:   cbor.BigIntConvertNone, // a big.Int in an any stays one
	Time:            cbor.TimeRFC3339Nano,
	TimeTag:         cbor.EncTagRequired,
	NilContainers:   cbor.NilContainerAsNull, // nil and empty stay apart
	BinaryMarshaler: cbor.BinaryMarshalerByteString,
	TextMarshaler:   cbor.TextMarshalerTextString,
}

var decOptions = cbor.DecOptions{
	MaxNestedLevels:   MaxDepth + 3, // what is innermost may have tags
	MaxArrayElements:  MaxElements,
	MaxMapPairs:       MaxElements,
	IntDec:            cbor.IntDecConvertSignedOrBigInt, // only foreign data has integers that int64 can't hold
	BigIntDec:         cbor.BigIntDecodePointer,
	UTF8:              cbor.UTF8DecodeInvalid, // a Go string is any bytes
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	BinaryUnmarshaler: cbor.BinaryUnmarshalerByteString,
	TextUnmarshaler:   cbor.TextUnmarshalerTextString,
}

var (
	encMode = must(encOptions.UserBufferEncMode())
	decMode = must(decOptions.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options above contradict each other
	}
	return v
}

// Encode returns v in CBOR, and the references of the shared objects whose handles v contains, which the caller
// must keep alive on the way (arena.Send) before it sends the bytes. It may be called from several goroutines.
//
// A value arrives equal and with the same types: nil and empty slices and maps stay apart, floats keep every bit, a
// time.Time its nanoseconds and its zone's offset (not the zone's name, nor the monotonic reading). What an any holds keeps
// its type if that is a basic type, a slice of them, []any, map[string]any or map[any]any, and is an error otherwise. A pointer
// arrives as a pointer to a copy: two pointers to one variable become two variables.
//
// The error is a *ValueError, or one from a type's own marshalling method. A type should have passed CheckType before.
func Encode(v any) ([]byte, []arena.Ref, error) {
	if v == nil {
		return []byte{0xf6}, nil, nil
	}
	return encode(reflect.ValueOf(v))
}

// EncodeFrom is Encode of what the pointer p points to, by its static type, as Decode reads it: the content of a *any keeps its type.
func EncodeFrom(p any) ([]byte, []arena.Ref, error) {
	return encode(reflect.ValueOf(p).Elem())
}

func encode(v reflect.Value) ([]byte, []arena.Ref, error) {
	var buf bytes.Buffer
	refs, err := appendTo(&buf, v)
	if err != nil {
		return nil, nil, err
	}
	return buf.Bytes(), refs, nil
}

// AppendFrom is EncodeFrom that writes behind what buf has. After an error buf may have a part of it.
func AppendFrom(buf *bytes.Buffer, p any) ([]arena.Ref, error) {
	return appendTo(buf, reflect.ValueOf(p).Elem())
}

func appendTo(buf *bytes.Buffer, v reflect.Value) ([]arena.Ref, error) {
	start := buf.Len()
	has, mode := traitsOf(v.Type()), encMode
	if has.vetted() {
		if err := vet(v, v.Type().String(), 0); err != nil {
			return nil, err
		}
	}
	if has.dynamic {
		v, mode = boxed(v), boxing().enc
	}
	if v.CanAddr() {
		v = v.Addr() // Interface of the value itself would copy it
	}
	if err := mode.MarshalToBuffer(v.Interface(), buf); err != nil {
		return nil, err
	}
	if !has.carrier {
		return nil, nil
	}
	return handle.ScanRefs(buf.Bytes()[start:])
}

// Decode sets what the pointer v points to from data, which Encode made of a value of that type. Handles attach to
// their objects as they are decoded. data is copied, never kept. After an error *v is partly set.
//
// Data that is not of Encode's making gives an error; it never makes Decode panic, loop, or allocate
// much more than a multiple of its own size.
func Decode(data []byte, v any) error {
	rv := reflect.ValueOf(v).Elem()
	if !traitsOf(rv.Type()).dynamic {
		return decMode.Unmarshal(data, v)
	}
	if err := boxing().dec.Unmarshal(data, v); err != nil {
		return err
	}
	unbox(rv)
	return nil
}
