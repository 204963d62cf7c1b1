package pickletest

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// iso compares two graphs of Go's values as compare.py does Python's: types, bits, order, and what is shared of all that has an identity but is no tuple. A str of Python 2
// is what protocols above 2 make of it. It returns what differs, "" if nothing does.
func iso(a, b py.Value) string {
	c := comparison{there: map[any]any{}, here: map[any]any{}, seen: map[[2]any]bool{}}
	todo := []both{{a, b, nil}}
	for len(todo) > 0 {
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		what, parts := c.compare(x)
		if what != "" {
			return x.path() + ": " + what
		}
		todo = append(todo, parts...)
	}
	return ""
}

type both struct {
	a, b py.Value
	from *step
}

type step struct {
	label string
	from  *step
}

func (x both) path() string {
	s := ""
	for p := x.from; p != nil; p = p.from {
		s = p.label + s
	}
	return "root" + s
}

type comparison struct {
	there, here map[any]any
	seen        map[[2]any]bool
}

// tupleID is the identity of a tuple, as package pickle has it.
type tupleID struct {
	first *py.Value
	n     int
}

func (c *comparison) compare(x both) (what string, parts []both) {
	a, b := asWritten(x.a), asWritten(x.b)
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return fmt.Sprintf("%T %.100v, %T %.100v", a, a, b, b), nil
	}
	switch v := a.(type) {
	case float64:
		if math.Float64bits(v) != math.Float64bits(b.(float64)) {
			return fmt.Sprintf("%v, %v", a, b), nil
		}
		return "", nil
	case complex128:
		w := b.(complex128)
		if math.Float64bits(real(v)) != math.Float64bits(real(w)) || math.Float64bits(imag(v)) != math.Float64bits(imag(w)) {
			return fmt.Sprintf("%v, %v", a, b), nil
		}
		return "", nil
	case py.Tuple:
		w := b.(py.Tuple)
		if len(v) == 0 || len(w) == 0 {
			break
		}
		pair := [2]any{tupleID{&v[0], len(v)}, tupleID{&w[0], len(w)}}
		if c.seen[pair] {
			return "", nil
		}
		c.seen[pair] = true
	default:
		if reflect.ValueOf(a).Kind() != reflect.Pointer {
			break
		}
		if known, ok := c.there[a]; ok || c.here[b] != nil {
			if known != b || c.here[b] != a {
				if isImmutable(a) {
					break
				}
				return fmt.Sprintf("a %T is shared on one side only", a), nil
			}
			return "", nil
		}
		c.there[a], c.here[b] = b, a
	}
	la, pa := partsOf(a)
	lb, pb := partsOf(b)
	if la != lb || len(pa) != len(pb) {
		return fmt.Sprintf("%.200s with %d parts, %.200s with %d", la, len(pa), lb, len(pb)), nil
	}
	for i := range pa {
		parts = append(parts, both{pa[i], pb[i], &step{fmt.Sprintf("[%d]", i), x.from}})
	}
	return "", parts
}

// asWritten is a str of Python 2 as protocols above 2 have it: text if it is ASCII, else bytes.
func asWritten(v py.Value) py.Value {
	s, ok := v.(py.Str2)
	if !ok {
		return v
	}
	for i := range len(s) {
		if s[i] >= 0x80 {
			return py.Bytes(s)
		}
	}
	return string(s)
}

func isImmutable(v py.Value) bool {
	switch v.(type) {
	case *py.FrozenSet, *py.Decimal, *py.Fraction:
		return true
	}
	return reflect.TypeOf(v).String() == "*big.Int"
}

// partsOf is what a value is made of: a text of all that is no value, and the values.
func partsOf(v py.Value) (text string, parts []py.Value) {
	switch v := v.(type) {
	case py.Tuple:
		return "", v
	case *py.List:
		return "", v.Items
	case *py.Dict:
		return "", flat(pairsOf(v))
	case *py.OrderedDict:
		return "", append(flat(pairsOf(&v.Dict)), v.State)
	case *py.Set:
		return "", slices.Collect(v.All())
	case *py.FrozenSet:
		return "", slices.Collect(v.All())
	case *py.ByteArray:
		return string(v.B), nil
	case *py.Array:
		return string(rune(v.Typecode)) + string(v.Data), nil
	case py.Range:
		return "", []py.Value{v.Start, v.Stop, v.Step}
	case py.Slice:
		return "", []py.Value{v.Start, v.Stop, v.Step}
	case py.DateTime:
		tz := v.TZ
		v.TZ = nil
		return fmt.Sprint(v, v.Fold), []py.Value{tz}
	case py.Time:
		tz := v.TZ
		v.TZ = nil
		return fmt.Sprint(v, v.Fold), []py.Value{tz}
	case py.TimeZone:
		return fmt.Sprint(v.Offset), []py.Value{v.Name}
	case *py.Exception:
		return v.Class.Module + "." + v.Class.Name, append(slices.Clone(v.Args), v.State)
	case *py.Object:
		parts := append([]py.Value{v.Class, v.Args, v.State}, v.Items...)
		for _, c := range v.Calls {
			parts = append(parts, c.Func, c.Args)
		}
		if v.Kwargs != nil {
			parts = append(parts, v.Kwargs)
		}
		parts = append(append(parts, flat(v.Pairs)...), v.Later...)
		return fmt.Sprint(v.Form, v.Added, v.Built, len(v.Items), len(v.Pairs)), parts
	case *py.Persistent:
		return "", []py.Value{v.ID}
	}
	return fmt.Sprintf("%v", v), nil
}

func flat(pairs []py.Pair) (out []py.Value) {
	for _, p := range pairs {
		out = append(out, p.Key, p.Value)
	}
	return out
}

func TestIso(t *testing.T) {
	l := py.NewList()
	cycle := func(n int) py.Value {
		first := py.NewList()
		last := first
		for range n {
			next := py.NewList()
			last.Items = []py.Value{py.Tuple{next}}
			last = next
		}
		last.Items = []py.Value{first}
		return first
	}
	for _, c := range []struct {
		a, b py.Value
		same bool
	}{
		{int64(1), int64(1), true}, {int64(1), true, false}, {0.0, math.Copysign(0, -1), false}, {math.NaN(), math.NaN(), true}, {"a", py.Bytes("a"), false},
		{py.Tuple{l, l}, py.Tuple{py.NewList(), py.NewList()}, false}, {py.Tuple{py.NewList(), py.NewList()}, py.Tuple{l, l}, false}, {py.Tuple{l, l}, py.Tuple{l, l}, true},
		{cycle(3), cycle(3), true}, {cycle(3), cycle(4), false}, {py.NewList(nil), py.NewList(), false}, {&py.ByteArray{B: []byte("a")}, &py.ByteArray{B: bytes.Repeat([]byte("a"), 2)}, false},
		{&py.Object{Class: "C", Built: true}, &py.Object{Class: "C"}, false}, {&py.Object{Class: "C"}, &py.Object{Class: "D"}, false}, {py.Time{}, py.Time{Fold: 1}, false},
		{&py.Exception{State: l}, &py.Exception{}, false}, {py.Singleton("a"), py.Singleton("b"), false}, {py.Str2("a"), "a", true}, {py.Str2("a"), py.Bytes("a"), false},
	} {
		if got := iso(c.a, c.b); (got == "") != c.same {
			t.Errorf("%v, %v: %q", c.a, c.b, got)
		}
	}
}
