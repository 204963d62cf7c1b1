package pickle

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
	"pgregory.net/rapid"
)

// randomType draws a type that is written and read without a loss.
func randomType(t *rapid.T, depth int) reflect.Type {
	leaves := []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int64](), reflect.TypeFor[uint16](), reflect.TypeFor[uint64](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[complex128](), reflect.TypeFor[string](), reflect.TypeFor[[]byte](), reflect.TypeFor[[4]byte](),
		reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](), reflect.TypeFor[*big.Int](), reflect.TypeFor[celsius](), reflect.TypeFor[weekday](), reflect.TypeFor[byPointer](),
		reflect.TypeFor[pair](), reflect.TypeFor[person](), reflect.TypeFor[treeNode](), reflect.TypeFor[py.Bytes](),
	}
	if depth == 0 {
		return rapid.SampledFrom(leaves).Draw(t, "leaf")
	}
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return reflect.SliceOf(randomType(t, depth-1))
	case 1:
		return reflect.ArrayOf(rapid.IntRange(0, 3).Draw(t, "length"), randomType(t, depth-1))
	case 2:
		return reflect.MapOf(randomKey(t), randomType(t, depth-1))
	case 3:
		return reflect.MapOf(randomKey(t), reflect.TypeFor[struct{}]())
	case 4:
		return reflect.PointerTo(randomType(t, depth-1))
	case 5, 6:
		var fields []reflect.StructField
		for i := range rapid.IntRange(0, 4).Draw(t, "fields") {
			typ, tag := randomType(t, depth-1), ""
			if rapid.Bool().Draw(t, "tagged") {
				options := []string{"", ",omitempty", ",omitzero"}
				if typ.Kind() == reflect.Slice || typ.Kind() == reflect.Array { // a pointer would be another object than the same one without the option
					options = append(options, ",tuple")
				}
				tag = fmt.Sprintf(`pickle:"f_%d%s"`, i, rapid.SampledFrom(options).Draw(t, "option"))
			}
			fields = append(fields, reflect.StructField{Name: fmt.Sprint("F", i), Type: typ, Tag: reflect.StructTag(tag)})
		}
		return reflect.StructOf(fields)
	}
	return rapid.SampledFrom(leaves).Draw(t, "leaf")
}

func randomKey(t *rapid.T) reflect.Type {
	return rapid.SampledFrom([]reflect.Type{
		reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[uint64](), reflect.TypeFor[bool](), reflect.TypeFor[float64](), reflect.TypeFor[[2]int8](), reflect.TypeFor[[2]byte](),
		reflect.TypeFor[weekday](), reflect.TypeFor[pair](), reflect.TypeFor[byPointer](),
	}).Draw(t, "key")
}

// fill draws a value. Pointers are drawn again sometimes, so that there is sharing.
func fill(t *rapid.T, v reflect.Value, pool map[reflect.Type][]reflect.Value, depth int) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		zone := time.FixedZone("", 60*rapid.IntRange(-1439, 1439).Draw(t, "zone"))
		v.Set(reflect.ValueOf(time.UnixMicro(rapid.Int64Range(-60_000_000_000_000_000, 200_000_000_000_000_000).Draw(t, "time")).In(zone)))
		return
	case reflect.TypeFor[time.Duration]():
		v.SetInt(rapid.Int64().Draw(t, "duration") / 1000 * 1000)
		return
	case reflect.TypeFor[*big.Int]():
		if s := rapid.StringMatching(`-?[0-9]{0,40}`).Draw(t, "big"); strings.Trim(s, "-") != "" {
			i, _ := new(big.Int).SetString(s, 10)
			v.Set(reflect.ValueOf(i))
		}
		return
	case reflect.TypeFor[weekday]():
		v.SetInt(rapid.Int64Range(0, 1).Draw(t, "day"))
		return
	case reflect.TypeFor[byPointer]():
		v.Set(reflect.ValueOf(byPointer{rapid.Int().Draw(t, "n")}))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int8, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int") >> (64 - v.Type().Bits()))
	case reflect.Uint8, reflect.Uint16, reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint") >> (64 - v.Type().Bits()))
	case reflect.Float32:
		v.SetFloat(float64(rapid.Float32().Draw(t, "float32")))
	case reflect.Float64:
		v.SetFloat(rapid.Float64().Draw(t, "float"))
	case reflect.Complex128:
		v.SetComplex(complex(rapid.Float64().Draw(t, "real"), rapid.Float64().Draw(t, "imag")))
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "n")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i), pool, depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), pool, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, k, pool, depth+1)
			fill(t, e, pool, depth+1)
			v.SetMapIndex(k, e)
		}
	case reflect.Pointer:
		switch known := pool[v.Type()]; {
		case depth > 6 || rapid.IntRange(0, 3).Draw(t, "nil") == 0:
		case len(known) > 0 && rapid.Bool().Draw(t, "shared"):
			v.Set(rapid.SampledFrom(known).Draw(t, "known"))
		default:
			v.Set(reflect.New(v.Type().Elem()))
			if v.Type().Elem().Size() > 0 && v.Elem().Kind() == reflect.Struct {
				pool[v.Type()] = append(pool[v.Type()], v.Elem().Addr())
			}
			fill(t, v.Elem(), pool, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Tag.Get(tagName) != "-" {
				fill(t, v.Field(i), pool, depth+1)
			}
		}
	}
}

// comparer tells whether two values are the same up to nil and empty slices and maps, with the same sharing of pointers.
type comparer struct{ pointers, back map[any]any }

func (c *comparer) same(a, b reflect.Value) bool {
	switch a.Type() {
	case reflect.TypeFor[time.Time]():
		x, y := a.Interface().(time.Time), b.Interface().(time.Time)
		_, zx := x.Zone()
		_, zy := y.Zone()
		return x.Equal(y) && zx == zy
	case reflect.TypeFor[*big.Int]():
		x, y := a.Interface().(*big.Int), b.Interface().(*big.Int)
		return (x == nil) == (y == nil) && (x == nil || x.Cmp(y) == 0)
	}
	switch a.Kind() {
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !c.same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, k := range a.MapKeys() {
			if e := b.MapIndex(k); !e.IsValid() || !c.same(a.MapIndex(k), e) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		if isNone(a) || isNone(b) {
			return isNone(a) == isNone(b)
		}
		x, y := a.Interface(), b.Interface()
		if a.Type().Elem().Kind() == reflect.Struct && a.Type().Elem().Size() > 0 && a.Type() != reflect.TypeFor[*byPointer]() && a.Type() != reflect.TypeFor[*time.Time]() && !structInfoOf(a.Type().Elem()).tuple {
			if known, ok := c.pointers[x]; ok {
				return known == y
			}
			if _, ok := c.back[y]; ok {
				return false
			}
			c.pointers[x], c.back[y] = y, x
		}
		return c.same(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() && !c.same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface() || a.Interface() != a.Interface()
}

// isNone tells whether v is a nil pointer, or leads to one, which is the same in Python.
func isNone(v reflect.Value) bool {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return true
		}
		v = v.Elem()
	}
	return false
}

func sameValues(a, b reflect.Value) bool {
	return (&comparer{map[any]any{}, map[any]any{}}).same(a, b)
}

// TestOfAssignRoundTrip: any value comes back as it was, with its shared pointers and cycles.
func TestOfAssignRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := randomType(t, 3)
		in := reflect.New(typ)
		fill(t, in.Elem(), map[reflect.Type][]reflect.Value{}, 0)
		v, err := Of(in.Interface())
		if err != nil {
			if strings.Contains(err.Error(), "which only a list, a dict or an instance can") {
				t.Skip("a tuple that contains itself")
			}
			t.Fatalf("Of(%v): %v", typ, err)
		}
		out := reflect.New(typ)
		if err := Assign(v, out.Interface()); err != nil {
			t.Fatalf("Assign to %v: %v", typ, err)
		}
		if !sameValues(in, out) {
			t.Fatalf("%v: %#v came back as %#v", typ, in.Elem(), out.Elem())
		}
	})
}

// TestMarshalUnmarshalRoundTrip is the same through a pickle.
func TestMarshalUnmarshalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := randomType(t, 2)
		in := reflect.New(typ)
		fill(t, in.Elem(), map[reflect.Type][]reflect.Value{}, 0)
		c := Config{Protocol: rapid.IntRange(2, HighestProtocol).Draw(t, "protocol")}
		data, err := c.Marshal(in.Interface())
		if err != nil {
			if strings.Contains(err.Error(), "which only a list, a dict or an instance can") {
				t.Skip("a tuple that contains itself")
			}
			t.Fatalf("Marshal(%v): %v", typ, err)
		}
		out := reflect.New(typ)
		if err := c.Unmarshal(data, out.Interface()); err != nil {
			t.Fatalf("Unmarshal to %v: %v\n%q", typ, err, data)
		}
		if !sameValues(in, out) {
			t.Fatalf("%v: %#v came back as %#v\n%q", typ, in.Elem(), out.Elem(), data)
		}
	})
}

// TestAssignAnything: any value into any type gives a value or an UnmarshalTypeError, and never panics.
func TestAssignAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := reflect.New(randomType(t, 2))
		fill(t, in.Elem(), map[reflect.Type][]reflect.Value{}, 0)
		v, err := Of(in.Interface())
		if err != nil {
			t.Skip("a value that has no pickle:", err)
		}
		out := reflect.New(randomType(t, 2))
		err = Assign(v, out.Interface())
		if _, ok := err.(*UnmarshalTypeError); err != nil && !ok {
			t.Fatalf("%T: %v", err, err)
		}
	})
}

// TestPlansInParallel makes the plans of new types, which refer to one another, in several goroutines at once.
func TestPlansInParallel(t *testing.T) {
	type tree struct {
		Left, Right *tree
		Items       []map[string]*tree
		Value       struct{ A, B []tree }
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			in := tree{Left: &tree{Items: []map[string]*tree{{"x": {}}}}}
			v, err := Of(in)
			if err != nil {
				t.Error(err)
				return
			}
			var out tree
			if err := Assign(v, &out); err != nil {
				t.Error(err)
			}
			if out.Left.Items[0]["x"] == nil || out.Right != nil {
				t.Errorf("%+v", out)
			}
		})
	}
	wg.Wait()
}
