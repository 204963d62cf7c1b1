package layout

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// model is a type as the test knows it, computed without looking at what
// reflect says about the type that is built beside it.
type model struct {
	typ         reflect.Type
	text        string
	size, align uintptr
	bad         bool   // the type cannot be shared
	path        string // from here to the first offence
}

func leaf[T any](text string) model {
	var v T
	return model{typ: reflect.TypeFor[T](), text: text, size: unsafe.Sizeof(v), align: unsafe.Alignof(v)}
}

func badLeaf[T any]() model {
	m := leaf[T]("")
	m.bad = true
	return m
}

var (
	goodLeaves = []model{
		leaf[bool]("bool"), leaf[int8]("int8"), leaf[uint8]("uint8"), leaf[int16]("int16"), leaf[uint16]("uint16"),
		leaf[int32]("int32"), leaf[uint32]("uint32"), leaf[int64]("int64"), leaf[uint64]("uint64"),
		leaf[float32]("float32"), leaf[float64]("float64"), leaf[complex64]("complex64"), leaf[complex128]("complex128"),
		leaf[celsius]("float64"),
	}
	badLeaves = []model{
		badLeaf[string](), badLeaf[[]byte](), badLeaf[*int](), badLeaf[map[int]int](), badLeaf[any](),
		badLeaf[chan int](), badLeaf[func()](), badLeaf[unsafe.Pointer](), badLeaf[uintptr](),
	}
)

// genModel draws a type at most depth levels deep. One leaf in twelve is bad, so
// that most small types are accepted and both outcomes come up often.
func genModel(t *rapid.T, depth int) model {
	shape := 0
	if depth > 0 {
		shape = rapid.IntRange(0, 2).Draw(t, "shape")
	}
	switch shape {
	case 1:
		elem := genModel(t, depth-1)
		n := rapid.IntRange(0, 5).Draw(t, "len")
		return model{
			typ: reflect.ArrayOf(n, elem.typ), text: fmt.Sprintf("[%d]%s", n, elem.text),
			size: uintptr(n) * elem.size, align: elem.align, bad: elem.bad, path: "[]" + elem.path,
		}
	case 2:
		return genStruct(t, depth)
	default:
		if rapid.IntRange(0, 11).Draw(t, "bad") == 11 {
			return rapid.SampledFrom(badLeaves).Draw(t, "leaf")
		}
		return rapid.SampledFrom(goodLeaves).Draw(t, "leaf")
	}
}

func genStruct(t *rapid.T, depth int) model {
	m := model{align: 1}
	var (
		fields []reflect.StructField
		texts  []string
		last   uintptr = 1
	)
	for i := range rapid.IntRange(0, 5).Draw(t, "fields") {
		f := genModel(t, depth-1)
		name := fmt.Sprintf("F%d", i)
		fields = append(fields, reflect.StructField{Name: name, Type: f.typ})
		texts = append(texts, name+" "+f.text)
		m.size = roundUp(m.size, f.align) + f.size
		m.align = max(m.align, f.align)
		last = f.size
		if f.bad && !m.bad {
			m.bad, m.path = true, "."+name+f.path
		}
	}
	// Go pads after a last field of zero bytes, so that its address lies inside.
	if last == 0 && m.size > 0 {
		m.size++
	}
	m.size = roundUp(m.size, m.align)
	m.typ = reflect.StructOf(fields)
	m.text = "struct{" + strings.Join(texts, "; ") + "}"
	return m
}

func roundUp(n, align uintptr) uintptr { return (n + align - 1) / align * align }

func TestAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := genModel(t, 3)
		l, err := Of(m.typ)
		if !m.bad && m.size > 0 {
			if err != nil {
				t.Fatalf("%v: %v", m.typ, err)
			}
			if l.Size != m.size || l.Align != m.align || l.Name != m.text {
				t.Fatalf("%v: got %+v, want %+v", m.typ, l, m)
			}
			return
		}
		if err == nil {
			t.Fatalf("%v was accepted as %+v", m.typ, l)
		}
		want := ""
		if m.bad {
			want = strings.TrimPrefix(m.typ.Name()+m.path, ".")
			if m.typ.Kind() == reflect.UnsafePointer {
				want = "Pointer"
			}
		}
		if e := err.(*Error); e.Path != want {
			t.Fatalf("%v: path %q, want %q", m.typ, e.Path, want)
		}
	})
}

// Types whose texts differ must not be taken for one another.
func TestFingerprintsDiffer(t *testing.T) {
	seen := map[uint64]string{}
	rapid.Check(t, func(t *rapid.T) {
		m := genModel(t, 3)
		l, err := Of(m.typ)
		if err != nil {
			return
		}
		if other, ok := seen[l.Fingerprint]; ok && other != l.Name {
			t.Fatalf("%q and %q have the fingerprint %#x", other, l.Name, l.Fingerprint)
		}
		seen[l.Fingerprint] = l.Name
	})
}
