package pickletext

import (
	"fmt"
	"iter"

	"github.com/multiproc-go/multiproc/py"
)

// A shape is how a value that contains others is written: its head and then some groups.
type shape struct {
	head   string
	groups []group
}

// A group is a list of entries between two brackets.
type group struct {
	open, close string
	n           int
	each        iter.Seq[entry]
	lone        string // follows an only entry, on one line
}

// An entry is one part of a group. If it has a key that stands first.
type entry struct {
	before string
	keyed  bool
	key    py.Value
	after  string
	value  py.Value
}

// composite reports whether a value contains others, or has an identity that several references may share.
func composite(v py.Value) bool {
	switch v := v.(type) {
	case py.Tuple, *py.List, *py.Dict, *py.OrderedDict, *py.Set, *py.FrozenSet, *py.ByteArray, *py.Array, py.Slice, *py.Exception, *py.Object, *py.Persistent:
		return true
	case py.DateTime:
		return otherZone(v.TZ)
	case py.Time:
		return otherZone(v.TZ)
	}
	return false
}

// otherZone reports whether a time zone is an object, which may contain anything.
func otherZone(tz py.Value) bool {
	_, fixed := tz.(py.TimeZone)
	return tz != nil && !fixed
}

// identity tells two references to one value from two values; nil if nobody can.
func identity(v py.Value) any {
	switch v := v.(type) {
	case py.Tuple:
		if len(v) == 0 {
			return nil
		}
		return struct {
			first *py.Value
			n     int
		}{&v[0], len(v)}
	case py.Slice, py.DateTime, py.Time:
		return nil
	}
	return v
}

// elided stands for a value that is not shown.
type elided string

// shapeOf is the shape of a composite value. shared reports whether there are several references to a value: such a one is not taken apart.
func (o Options) shapeOf(v py.Value, shared func(py.Value) bool) shape {
	switch v := v.(type) {
	case py.Tuple:
		g := sequence("(", v, ")")
		g.lone = ","
		return shape{groups: []group{g}}
	case *py.List:
		return shape{groups: []group{sequence("[", v.Items, "]")}}
	case *py.Dict:
		return shape{groups: []group{mapping("{", v, "}")}}
	case *py.OrderedDict:
		return shape{head: "OrderedDict", groups: append([]group{mapping("({", &v.Dict, "})")}, body(stateEntries(v.State, shared))...)}
	case *py.Set:
		if v.Len() == 0 {
			return shape{head: "set()"}
		}
		return shape{groups: []group{{open: "{", close: "}", n: v.Len(), each: values(v.All())}}}
	case *py.FrozenSet:
		if v.Len() == 0 {
			return shape{head: "frozenset()"}
		}
		return shape{head: "frozenset", groups: []group{{open: "({", close: "})", n: v.Len(), each: values(v.All())}}}
	case *py.ByteArray:
		return shape{head: o.bytes(string(v.B), func(s string) py.Value { return &py.ByteArray{B: []byte(s)} })}
	case *py.Array:
		return o.arrayShape(v)
	case py.Slice:
		parts := []py.Value{v.Start, v.Stop, v.Step}
		for i, part := range parts {
			// A slice has no identity: one with three others in it, each of which has three others in it, would be printed for ever.
			if _, ok := part.(py.Slice); ok {
				parts[i] = elided("slice(...)")
			}
		}
		return shape{head: "slice", groups: []group{sequence("(", parts, ")")}}
	case py.DateTime:
		parts := []py.Value{int64(v.Year), int64(v.Month), int64(v.Day), int64(v.Hour), int64(v.Minute), int64(v.Second), int64(v.Microsecond)}
		return timeShape("datetime.datetime", parts, v.Fold, v.TZ)
	case py.Time:
		return timeShape("datetime.time", []py.Value{int64(v.Hour), int64(v.Minute), int64(v.Second), int64(v.Microsecond)}, v.Fold, v.TZ)
	case *py.Exception:
		return shape{head: o.className(v.Class), groups: append([]group{sequence("(", v.Args, ")")}, body(stateEntries(v.State, shared))...)}
	case *py.Object:
		return o.objectShape(v, shared)
	case *py.Persistent:
		return shape{head: "persistent", groups: []group{sequence("(", []py.Value{v.ID}, ")")}}
	default:
		return shape{head: repr(v)}
	}
}

func sequence(open string, items []py.Value, close string) group {
	return group{open: open, close: close, n: len(items), each: func(yield func(entry) bool) {
		for _, v := range items {
			if !yield(entry{value: v}) {
				return
			}
		}
	}}
}

func values(all iter.Seq[py.Value]) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for v := range all {
			if !yield(entry{value: v}) {
				return
			}
		}
	}
}

func mapping(open string, d *py.Dict, close string) group {
	return group{open: open, close: close, n: d.Len(), each: func(yield func(entry) bool) {
		for k, v := range d.All() {
			if !yield(entry{keyed: true, key: k, after: ": ", value: v}) {
				return
			}
		}
	}}
}

// arrayShape is that of an array of numbers; one of characters is a text to Python.
func (o Options) arrayShape(a *py.Array) shape {
	switch {
	case a.Typecode == 'u' || a.Typecode == 'w' || a.Typecode == 'c':
		if text, err := a.Text(); err == nil && o.Chars > 0 && len(text) > o.Chars {
			return shape{head: fmt.Sprintf("array(%s, %s)", quoted(string(rune(a.Typecode))), o.str(text))}
		}
		return shape{head: repr(a)}
	case a.Len() == 0:
		return shape{head: fmt.Sprintf("array.array(%s)", quoted(string(rune(a.Typecode))))}
	}
	return shape{head: fmt.Sprintf("array.array(%s, ", quoted(string(rune(a.Typecode)))), groups: []group{{
		open: "[", close: "])", n: a.Len(), each: func(yield func(entry) bool) {
			for i := range a.Len() {
				v, err := a.At(i)
				if err != nil || !yield(entry{value: v}) {
					return
				}
			}
		},
	}}}
}

// timeShape is that of a time in a time zone which is itself to be shown.
func timeShape(name string, parts []py.Value, fold int, tz py.Value) shape {
	g := sequence("(", parts, ")")
	numbers := g.each
	g.n += 2
	g.each = func(yield func(entry) bool) {
		for e := range numbers {
			if !yield(e) {
				return
			}
		}
		if yield(entry{before: "fold=", value: int64(fold)}) {
			yield(entry{before: "tzinfo=", value: tz})
		}
	}
	return shape{head: name, groups: []group{g}}
}

// body is what is done with an object after it was made; nothing, if there is nothing.
func body(entries []entry) []group {
	if len(entries) == 0 {
		return nil
	}
	return []group{{open: " {", close: "}", n: len(entries), each: func(yield func(entry) bool) {
		for _, e := range entries {
			if !yield(e) {
				return
			}
		}
	}}}
}
