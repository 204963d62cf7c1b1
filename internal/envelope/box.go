package envelope

import (
	"math/big"
	"reflect"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// CBOR has one kind of integer and one kind of list, so that an int32 in an any would arrive as an int64 and a
// []string as a []any. What is in an any is therefore put into a box before it is encoded: a named type with a
// CBOR tag of its own, which the codec restores and unboxing converts back. The most frequent types (bool, int,
// float64, string, []byte, []any, map[any]any, time.Time, *big.Int) need no box.

// firstBoxTag is the tag of the first entry of boxTypes; the range is unassigned in IANA's registry of CBOR tags.
const firstBoxTag = 57_900

type (
	boxInt8      int8
	boxInt16     int16
	boxInt32     int32
	boxInt64     int64
	boxUint      uint
	boxUint8     uint8
	boxUint16    uint16
	boxUint32    uint32
	boxUint64    uint64
	boxFloat32   float32
	boxDuration  time.Duration
	boxStringMap map[string]any
	boxZero      uint // what the codec writes as a bare null: the zero value of zeroTypes[i]
	boxBools     []bool
	boxInts      []int
	boxInt8s     []int8
	boxInt16s    []int16
	boxInt32s    []int32
	boxInt64s    []int64
	boxUints     []uint
	boxUint16s   []uint16
	boxUint32s   []uint32
	boxUint64s   []uint64
	boxFloat32s  []float32
	boxFloat64s  []float64
	boxStrings   []string
)

// boxTypes is the table of boxes: its order is the wire format.
func boxTypes() [][2]reflect.Type {
	return [][2]reflect.Type{
		{reflect.TypeFor[int8](), reflect.TypeFor[boxInt8]()},
		{reflect.TypeFor[int16](), reflect.TypeFor[boxInt16]()},
		{reflect.TypeFor[int32](), reflect.TypeFor[boxInt32]()},
		{reflect.TypeFor[int64](), reflect.TypeFor[boxInt64]()},
		{reflect.TypeFor[uint](), reflect.TypeFor[boxUint]()},
		{reflect.TypeFor[uint8](), reflect.TypeFor[boxUint8]()},
		{reflect.TypeFor[uint16](), reflect.TypeFor[boxUint16]()},
		{reflect.TypeFor[uint32](), reflect.TypeFor[boxUint32]()},
		{reflect.TypeFor[uint64](), reflect.TypeFor[boxUint64]()},
		{reflect.TypeFor[float32](), reflect.TypeFor[boxFloat32]()},
		{reflect.TypeFor[time.Duration](), reflect.TypeFor[boxDuration]()},
		{typeStringMap, reflect.TypeFor[boxStringMap]()},
		{typeZero, typeZero},
		{reflect.TypeFor[[]bool](), reflect.TypeFor[boxBools]()},
		{reflect.TypeFor[[]int](), reflect.TypeFor[boxInts]()},
		{reflect.TypeFor[[]int8](), reflect.TypeFor[boxInt8s]()},
		{reflect.TypeFor[[]int16](), reflect.TypeFor[boxInt16s]()},
		{reflect.TypeFor[[]int32](), reflect.TypeFor[boxInt32s]()},
		{reflect.TypeFor[[]int64](), reflect.TypeFor[boxInt64s]()},
		{reflect.TypeFor[[]uint](), reflect.TypeFor[boxUints]()},
		{reflect.TypeFor[[]uint16](), reflect.TypeFor[boxUint16s]()},
		{reflect.TypeFor[[]uint32](), reflect.TypeFor[boxUint32s]()},
		{reflect.TypeFor[[]uint64](), reflect.TypeFor[boxUint64s]()},
		{reflect.TypeFor[[]float32](), reflect.TypeFor[boxFloat32s]()},
		{reflect.TypeFor[[]float64](), reflect.TypeFor[boxFloat64s]()},
		{reflect.TypeFor[[]string](), reflect.TypeFor[boxStrings]()},
	}
}

var (
	typeAny       = reflect.TypeFor[any]()
	typeInt       = reflect.TypeFor[int]()
	typeInt64     = reflect.TypeFor[int64]()
	typeBytes     = reflect.TypeFor[[]byte]()
	typeAnySlice  = reflect.TypeFor[[]any]()
	typeAnyMap    = reflect.TypeFor[map[any]any]()
	typeStringMap = reflect.TypeFor[map[string]any]()
	typeBigIntPtr = reflect.TypeFor[*big.Int]()
	typeZero      = reflect.TypeFor[boxZero]()
)

// A boxTable is boxTypes for look-ups, and the codec that knows the tags.
type boxTable struct {
	plain   map[reflect.Type]bool         // needs no box
	box     map[reflect.Type]reflect.Type // natural -> box
	natural map[reflect.Type]reflect.Type // box -> natural
	zero    map[reflect.Type]boxZero      // types whose zero value is written as null
	zeros   []reflect.Type                // the same, by index
	enc     cbor.UserBufferEncMode
	dec     cbor.DecMode
}

// boxing is made on first use: most programs send no any, and a worker should start fast. The codec with tags looks
// every single value up in its table of tags, so types without an any use the one without.
var boxing = sync.OnceValue(func() *boxTable {
	b := &boxTable{
		plain: map[reflect.Type]bool{
			reflect.TypeFor[bool](): true, typeInt: true, reflect.TypeFor[float64](): true,
			reflect.TypeFor[string](): true, typeBytes: true, typeTime: true, typeBigIntPtr: true,
		},
		box:     map[reflect.Type]reflect.Type{},
		natural: map[reflect.Type]reflect.Type{},
		zero:    map[reflect.Type]boxZero{},
		zeros:   []reflect.Type{typeTime, typeBigIntPtr, typeBytes, typeAnySlice, typeAnyMap},
	}
	tags := cbor.NewTagSet()
	for i, pair := range boxTypes() {
		b.box[pair[0]], b.natural[pair[1]] = pair[1], pair[0]
		opts := cbor.TagOptions{EncTag: cbor.EncTagRequired, DecTag: cbor.DecTagRequired}
		must(0, tags.Add(opts, pair[1], firstBoxTag+uint64(i)))
		if k := pair[0].Kind(); k == reflect.Slice || k == reflect.Map {
			b.zeros = append(b.zeros, pair[0])
		}
	}
	for i, t := range b.zeros {
		b.zero[t] = boxZero(i)
	}
	b.enc = must(encOptions.UserBufferEncModeWithTags(tags))
	b.dec = must(decOptions.DecModeWithTags(tags))
	return b
})

// boxed returns a copy of v in which every any holds something that the codec restores. v was vetted, so it ends.
// Parts of v without an any are shared with the copy.
func boxed(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	box(c)
	return c
}

// box replaces, in the settable v, everything that leads to an any by a copy, and what each any holds by its box.
func box(v reflect.Value) {
	t := v.Type()
	if !traitsOf(t).dynamic {
		return
	}
	switch t.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(boxDynamic(v.Elem()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			p := reflect.New(t.Elem())
			p.Elem().Set(v.Elem())
			box(p.Elem())
			v.Set(p)
		}
	case reflect.Slice:
		if !v.IsNil() {
			s := reflect.MakeSlice(t, v.Len(), v.Len())
			reflect.Copy(s, v)
			for i := range s.Len() {
				box(s.Index(i))
			}
			v.Set(s)
		}
	case reflect.Array:
		for i := range v.Len() {
			box(v.Index(i))
		}
	case reflect.Map:
		if !v.IsNil() {
			v.Set(mapEach(v, box))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if travels(t.Field(i)) {
				box(v.Field(i))
			}
		}
	}
}

// mapEach returns a copy of the map m with f applied to each key and value.
func mapEach(m reflect.Value, f func(reflect.Value)) reflect.Value {
	t := m.Type()
	c := reflect.MakeMapWithSize(t, m.Len())
	for iter := m.MapRange(); iter.Next(); {
		k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		k.Set(iter.Key())
		e.Set(iter.Value())
		f(k)
		f(e)
		c.SetMapIndex(k, e)
	}
	return c
}

func boxDynamic(v reflect.Value) reflect.Value {
	t := v.Type()
	if i, ok := boxing().zero[t]; ok && isNull(v) {
		return reflect.ValueOf(i)
	}
	switch t {
	case typeAnySlice, typeAnyMap, typeStringMap:
		v = boxed(v)
	}
	if b := boxing().box[t]; b != nil {
		return v.Convert(b)
	}
	return v
}

// unbox undoes box in a value that was just decoded, in place: nobody else has seen it.
func unbox(v reflect.Value) {
	t := v.Type()
	if !traitsOf(t).dynamic {
		return
	}
	switch t.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(unboxDynamic(v.Elem()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			unbox(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			unbox(v.Index(i))
		}
	case reflect.Map:
		if !v.IsNil() {
			v.Set(mapEach(v, unbox))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if travels(t.Field(i)) {
				unbox(v.Field(i))
			}
		}
	}
}

func unboxDynamic(v reflect.Value) reflect.Value {
	t := v.Type()
	if t == typeZero {
		if i := v.Uint(); i < uint64(len(boxing().zeros)) {
			return reflect.Zero(boxing().zeros[i])
		}
		return reflect.Zero(typeAny) // not of our making
	}
	if t == typeInt64 {
		return v.Convert(typeInt) // an int travels without a box, an int64 in one
	}
	if n := boxing().natural[t]; n != nil {
		v = v.Convert(n)
		t = n
	}
	switch t {
	case typeAnySlice:
		unbox(v)
	case typeAnyMap, typeStringMap:
		if !v.IsNil() {
			return mapEach(v, unbox)
		}
	}
	return v
}
