package pickle

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// dump writes a value so that its types and its shape can be compared: 1, 1.0, True and "1" differ, and so do one list twice and two equal lists.
func dump(v py.Value) string {
	d := &dumper{seen: map[any]int{}}
	d.value(v, 0)
	return d.b.String()
}

type dumper struct {
	b    strings.Builder
	seen map[any]int
}

// again writes a reference to what was written before.
func (d *dumper) again(p any) bool {
	if n, ok := d.seen[p]; ok {
		fmt.Fprintf(&d.b, "#%d", n)
		return true
	}
	d.seen[p] = len(d.seen)
	return false
}

func (d *dumper) values(name string, vs []py.Value, depth int) {
	d.b.WriteString(name + "[")
	for i, v := range vs {
		if i > 0 {
			d.b.WriteString(", ")
		}
		d.value(v, depth+1)
	}
	d.b.WriteString("]")
}

func (d *dumper) dict(name string, t *py.Dict, depth int) {
	d.b.WriteString(name + "{")
	sep := ""
	for k, v := range t.All() {
		d.b.WriteString(sep)
		d.value(k, depth+1)
		d.b.WriteString(": ")
		d.value(v, depth+1)
		sep = ", "
	}
	d.b.WriteString("}")
}

func (d *dumper) value(v py.Value, depth int) {
	if depth > 200 {
		d.b.WriteString("...")
		return
	}
	switch v := v.(type) {
	case nil:
		d.b.WriteString("None")
	case bool, int64:
		fmt.Fprint(&d.b, v)
	case *big.Int:
		d.b.WriteString(v.String() + "L")
	case float64:
		if v == 0 && math.Signbit(v) {
			d.b.WriteString("-0.0")
		} else {
			d.b.WriteString("f" + strconv.FormatFloat(v, 'g', -1, 64))
		}
	case string:
		d.b.WriteString(strconv.Quote(v))
	case py.Bytes:
		d.b.WriteString("b" + strconv.Quote(string(v)))
	case py.Str2:
		d.b.WriteString("s2" + strconv.Quote(string(v)))
	case py.Tuple:
		d.values("t", v, depth)
	case *py.List:
		if !d.again(v) {
			d.values("", v.Items, depth)
		}
	case *py.ByteArray:
		if !d.again(v) {
			d.b.WriteString("ba" + strconv.Quote(string(v.B)))
		}
	case *py.Dict:
		if !d.again(v) {
			d.dict("", v, depth)
		}
	case *py.OrderedDict:
		if !d.again(v) {
			d.dict("od", &v.Dict, depth)
			if v.State != nil {
				d.b.WriteString("+")
				d.value(v.State, depth+1)
			}
		}
	case *py.Set:
		if !d.again(v) {
			var vs []py.Value
			for e := range v.All() {
				vs = append(vs, e)
			}
			d.values("set", vs, depth)
		}
	case *py.FrozenSet:
		if !d.again(v) {
			var vs []py.Value
			for e := range v.All() {
				vs = append(vs, e)
			}
			d.values("fs", vs, depth)
		}
	case py.Global:
		d.b.WriteString("<" + v.Module + "." + v.Name + ">")
	case *py.Exception:
		if !d.again(v) {
			d.b.WriteString("!" + v.Class.Module + "." + v.Class.Name)
			d.value(v.Args, depth+1)
			if v.State != nil {
				d.b.WriteString("+")
				d.value(v.State, depth+1)
			}
		}
	case *py.Persistent:
		d.b.WriteString("persistent ")
		d.value(v.ID, depth+1)
	case *py.Object:
		if !d.again(v) {
			d.object(v, depth)
		}
	case py.Range:
		d.values("range", []py.Value{v.Start, v.Stop, v.Step}, depth)
	case py.Slice:
		d.values("slice", []py.Value{v.Start, v.Stop, v.Step}, depth)
	case *py.Array:
		fmt.Fprintf(&d.b, "array %c %x", v.Typecode, v.Data)
	case *py.Fraction:
		d.b.WriteString(v.Num.String() + "/" + v.Den.String())
	default:
		fmt.Fprintf(&d.b, "%T %v", v, v)
	}
}

func (d *dumper) object(o *py.Object, depth int) {
	d.b.WriteString([...]string{"Called ", "Made ", "MadeWith ", "Classic ", "Extension "}[o.Form])
	d.value(o.Class, depth+1)
	d.value(o.Args, depth+1)
	if o.Kwargs != nil {
		d.dict("**", o.Kwargs, depth)
	}
	if len(o.Items) > 0 {
		name := " append"
		if o.Added {
			name = " add"
		}
		d.values(name, o.Items, depth)
	}
	for _, p := range o.Pairs {
		d.b.WriteString(" item ")
		d.value(p.Key, depth+1)
		d.b.WriteString(":")
		d.value(p.Value, depth+1)
	}
	if o.Built {
		d.b.WriteString(" state ")
		d.value(o.State, depth+1)
	}
	for _, s := range o.Later {
		d.b.WriteString(" later ")
		d.value(s, depth+1)
	}
}
