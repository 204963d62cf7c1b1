package pickletest

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// A describer says what a value is, in the words of describe.py. What can change gets a number, by which it is called when it comes again.
type describer struct {
	// two: in the words of Python 2.7, where bytes are str, and the order of a dict says nothing.
	two     bool
	numbers map[any]int
}

func describe(v py.Value, two bool) string {
	d := &describer{two: two, numbers: map[any]int{}}
	return d.of(v)
}

func (d *describer) many(values []py.Value) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = d.of(v)
	}
	return strings.Join(out, ",")
}

func (d *describer) items(pairs []py.Pair) string {
	type item struct {
		key   string
		value py.Value
	}
	items := make([]item, len(pairs))
	for i, p := range pairs {
		items[i] = item{d.of(p.Key), p.Value}
	}
	if d.two {
		slices.SortStableFunc(items, func(a, b item) int { return strings.Compare(a.key, b.key) })
	}
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = it.key + ":" + d.of(it.value)
	}
	return strings.Join(out, ",")
}

// pairsOf are the items of a dict; nil has none.
func pairsOf(d *py.Dict) (out []py.Pair) {
	if d == nil {
		return nil
	}
	for k, v := range d.All() {
		out = append(out, py.Pair{Key: k, Value: v})
	}
	return out
}

// attributes are those of an instance, nothing if it has none.
func (d *describer) attributes(state py.Value) string {
	if s, ok := state.(*py.Dict); ok && s.Len() > 0 {
		return "{" + d.items(pairsOf(s)) + "}"
	}
	return ""
}

// native are the attributes of an exception as Python 2 has them: their names are str, whatever the pickle says.
func (d *describer) native(state py.Value) py.Value {
	s, ok := state.(*py.Dict)
	if !ok || !d.two {
		return state
	}
	out := py.NewDict()
	for k, v := range s.All() {
		must(out.Set(py.Str2(k.(string)), v))
	}
	return out
}

func (d *describer) elems(values []py.Value) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = d.of(v)
	}
	slices.Sort(out)
	return "{" + strings.Join(out, ",") + "}"
}

func floating(f float64) string {
	if f != f {
		return "nan"
	}
	return fmt.Sprintf("%016x", math.Float64bits(f))
}

// immutable describes what has no number; ok is false if it is none of that.
func (d *describer) immutable(v py.Value) (text string, ok bool) {
	switch x := v.(type) {
	case nil:
		return "N", true
	case bool:
		if x {
			return "T", true
		}
		return "F", true
	case int64, int, uint8, uint64, int32, *big.Int:
		return fmt.Sprintf("i%v", x), true
	case float64:
		return "f" + floating(x), true
	case float32:
		return "f" + floating(float64(x)), true
	case complex128:
		return "c" + floating(real(x)) + "," + floating(imag(x)), true
	case complex64:
		return d.immutable(complex128(x))
	case string:
		return "s" + hex.EncodeToString([]byte(x)), true
	case py.Bytes:
		return "b" + hex.EncodeToString([]byte(x)), true
	case py.Str2:
		if d.two {
			return "b" + hex.EncodeToString([]byte(x)), true
		}
		return "s" + hex.EncodeToString([]byte(x)), true
	case py.Tuple:
		return "(" + d.many(x) + ")", true
	case *py.FrozenSet:
		return "Z" + d.elems(slices.Collect(x.All())), true
	case py.Singleton:
		return map[py.Singleton]string{py.Ellipsis: "E", py.NotImplemented: "I"}[x], true
	case py.Range:
		text := fmt.Sprintf("r(%v,%v,%v)", x.Start, x.Stop, x.Step)
		if d.two {
			text = strings.ReplaceAll(text, ",", ", ")
		}
		return text, true
	case py.Slice:
		return "l(" + d.many([]py.Value{x.Start, x.Stop, x.Step}) + ")", true
	case py.TimeDelta:
		return fmt.Sprintf("td(%d,%d,%d)", x.Days, x.Seconds, x.Microseconds), true
	case py.DateTime:
		return fmt.Sprintf("dt(%d,%d,%d,%d,%d,%d,%d,%d,%s)", x.Year, x.Month, x.Day, x.Hour, x.Minute, x.Second, x.Microsecond, x.Fold, d.of(x.TZ)), true
	case py.Date:
		return fmt.Sprintf("da(%d,%d,%d)", x.Year, x.Month, x.Day), true
	case py.Time:
		return fmt.Sprintf("ti(%d,%d,%d,%d,%d,%s)", x.Hour, x.Minute, x.Second, x.Microsecond, x.Fold, d.of(x.TZ)), true
	case py.TimeZone:
		if x.Name == nil {
			return "tz(" + d.of(x.Offset) + ")", true
		}
		return "tz(" + d.of(x.Offset) + "," + d.of(x.Name) + ")", true
	case *py.Decimal:
		return "D" + x.String(), true
	case *py.Fraction:
		return fmt.Sprintf("Q%v/%v", x.Num, x.Den), true
	case py.UUID:
		return "U" + hex.EncodeToString(x[:]), true
	case py.Global:
		return "G" + x.Module + "." + x.Name, true
	}
	return "", false
}

func (d *describer) of(v py.Value) string {
	if text, ok := d.immutable(v); ok {
		return text
	}
	if n, ok := d.numbers[v]; ok {
		return fmt.Sprintf("#%d", n)
	}
	n := len(d.numbers)
	d.numbers[v] = n
	return fmt.Sprintf("#%d=%s", n, d.new(v))
}

func (d *describer) new(v py.Value) string {
	switch x := v.(type) {
	case *py.List:
		return "[" + d.many(x.Items) + "]"
	case *py.Dict:
		return "{" + d.items(pairsOf(x)) + "}"
	case *py.OrderedDict:
		out := []string{}
		for k, e := range x.All() {
			out = append(out, d.of(k)+":"+d.of(e))
		}
		return "O[" + strings.Join(out, ",") + "]"
	case *py.Set:
		return "S" + d.elems(slices.Collect(x.All()))
	case *py.ByteArray:
		return "y" + hex.EncodeToString(x.B)
	case *py.Array:
		values, err := x.Values()
		must(err)
		return "A" + string(rune(x.Typecode)) + "[" + d.many(values) + "]"
	case *py.Exception:
		return "X" + x.Class.Module + "." + x.Class.Name + "(" + d.many(x.Args) + ")" + d.attributes(d.native(x.State))
	case *py.Object:
		return d.instance(x)
	}
	return fmt.Sprintf("no words for a %T", v)
}

func (d *describer) instance(x *py.Object) string {
	class, _ := x.Class.(py.Global)
	switch {
	case class.Module != classesModule:
	case class.Name == "Plain":
		return "P" + d.attributes(x.State)
	case class.Name == "ReducedState":
		return "R(" + d.many(x.Args) + ")" + d.of(x.State)
	case class.Name == "NewArgsEx":
		return "K(" + d.many(x.Args) + "){" + d.items(pairsOf(x.Kwargs)) + "}"
	case class.Name == "MyList":
		return "L[" + d.many(x.Items) + "]" + d.attributes(x.State)
	case class.Name == "MyDict":
		return "M{" + d.items(x.Pairs) + "}" + d.attributes(x.State)
	}
	return fmt.Sprintf("no words for a %v", x.Class)
}
