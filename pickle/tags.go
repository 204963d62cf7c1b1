package pickle

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// tagName is the key of the struct tags, which Config.Of describes.
const tagName = "pickle"

// A field is one field of a struct as it is written and read; those of embedded structs are the outer struct's own.
type field struct {
	name      string
	key       py.Value // the name
	index     []int
	typ       reflect.Type
	omitEmpty bool
	omitZero  bool
	tuple     bool
	tagged    bool // the name comes from a tag
}

// structInfo is what both directions need to know of a struct type.
type structInfo struct {
	fields []field
	byName map[string]int
	tuple  bool
	// hidden: there are fields, and all of them are unexported, so that nothing of the struct would be written.
	hidden bool
	err    string // a tag that makes no sense
}

var structInfos sync.Map // reflect.Type to *structInfo

func structInfoOf(t reflect.Type) *structInfo {
	if s, ok := structInfos.Load(t); ok {
		return s.(*structInfo)
	}
	s, _ := structInfos.LoadOrStore(t, collectFields(t))
	return s.(*structInfo)
}

// collectFields finds the fields by the rules that users know from Go itself and from encoding/json: of those with one name the least embedded counts, at one depth the one
// that has its name from a tag, and if that leaves several, none.
func collectFields(t reflect.Type) *structInfo {
	c := fieldCollector{info: &structInfo{byName: map[string]int{}}, seen: map[reflect.Type]bool{t: true}}
	taken := map[string]bool{}
	for level := []embedded{{typ: t}}; len(level) > 0; level = c.next {
		c.next, c.names, c.candidates = nil, nil, map[string][]field{}
		for _, e := range level {
			for i := range e.typ.NumField() {
				c.add(e, i)
			}
		}
		for _, e := range c.next {
			c.seen[e.typ] = true
		}
		for _, name := range c.names {
			if taken[name] {
				continue
			}
			taken[name] = true
			if f, ok := dominant(c.candidates[name]); ok {
				c.info.fields = append(c.info.fields, f)
			} else if level[0].typ == t {
				c.info.wrong("two fields have the name %q", name)
			}
		}
	}
	slices.SortFunc(c.info.fields, func(a, b field) int { return slices.Compare(a.index, b.index) })
	for i, f := range c.info.fields {
		c.info.byName[f.name] = i
	}
	c.info.hidden = len(c.info.fields) == 0 && c.unexported && !c.excluded
	return c.info
}

// embedded is a struct whose fields are those of an outer one.
type embedded struct {
	typ   reflect.Type
	index []int
	// twice: the type is embedded more than once at this depth, so nobody can tell whose its fields are.
	twice bool
}

// fieldCollector goes over a struct and those embedded in it, one depth after the other.
type fieldCollector struct {
	info       *structInfo
	seen       map[reflect.Type]bool // embedded at this depth or above
	unexported bool                  // there are unexported fields
	excluded   bool                  // there are fields with the tag "-"

	// Of the present depth:
	next       []embedded
	names      []string // in the order of the fields
	candidates map[string][]field
}

// add looks at field i of an embedded struct.
func (c *fieldCollector) add(e embedded, i int) {
	f := e.typ.Field(i)
	tag := f.Tag.Get(tagName)
	switch {
	case f.Name == "_":
		if len(e.index) == 0 {
			c.info.mark(f)
		}
		return
	case tag == "-":
		c.excluded = true
		return
	}
	target := f.Type
	if target.Kind() == reflect.Pointer && target.Name() == "" {
		target = target.Elem()
	}
	name, options, _ := strings.Cut(tag, ",")
	index := append(slices.Clone(e.index), i)
	if f.Anonymous && target.Kind() == reflect.Struct && name == "" && !hasOwnForm(target) {
		c.embed(embedded{target, index, e.twice})
		return
	}
	if !f.IsExported() {
		c.unexported = true
		return
	}
	nf := field{name: name, index: index, typ: f.Type, tagged: name != ""}
	if name == "" {
		nf.name = f.Name
	}
	nf.key = nf.name
	if unknown := nf.setOptions(options); unknown != "" {
		c.info.wrong("the tag of field %s has the unknown option %q", f.Name, unknown)
	}
	if c.candidates[nf.name] == nil {
		c.names = append(c.names, nf.name)
	}
	c.candidates[nf.name] = append(c.candidates[nf.name], nf)
	if e.twice {
		c.candidates[nf.name] = append(c.candidates[nf.name], nf)
	}
}

// embed adds an embedded struct to those of the next depth. One that was seen at a lesser depth is hidden by itself, and ends the recursion of a type that embeds itself.
func (c *fieldCollector) embed(e embedded) {
	if c.seen[e.typ] {
		return
	}
	for i := range c.next {
		if c.next[i].typ == e.typ {
			c.next[i].twice = true
			return
		}
	}
	c.next = append(c.next, e)
}

// wrong notes the first thing that is wrong with the tags.
func (info *structInfo) wrong(format string, args ...any) {
	if info.err == "" {
		info.err = fmt.Sprintf(format, args...)
	}
}

// dominant is the field that a name stands for, among those of one depth.
func dominant(fields []field) (field, bool) {
	if len(fields) == 1 {
		return fields[0], true
	}
	tagged := slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return !f.tagged })
	if len(tagged) == 1 {
		return tagged[0], true
	}
	return field{}, false
}

// setOptions takes what follows the name in a tag, and returns an option that there is not.
func (f *field) setOptions(options string) (unknown string) {
	for options != "" {
		var o string
		switch o, options, _ = strings.Cut(options, ","); o {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = true
		case "tuple":
			f.tuple = true
		case "":
		default:
			return o
		}
	}
	return ""
}

// mark takes the options of the whole struct from the tag of a blank field.
func (info *structInfo) mark(f reflect.StructField) {
	tag, ok := f.Tag.Lookup(tagName)
	if !ok || tag == "-" {
		return
	}
	switch tag {
	case ",tuple":
		info.tuple = true
	default:
		info.wrong("the tag of a blank field is %q; only \",tuple\" means something there", tag)
	}
}

// omitted tells whether a field with this value is left out.
func (f *field) omitted(v reflect.Value) bool {
	return f.omitEmpty && isEmpty(v) || f.omitZero && isZero(v)
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func isZero(v reflect.Value) bool {
	if v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() == reflect.Interface && v.IsNil() {
		return true
	}
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	if v.CanAddr() {
		if z, ok := v.Addr().Interface().(interface{ IsZero() bool }); ok {
			return z.IsZero()
		}
	}
	return v.IsZero()
}

// fieldByIndex is a field for reading; not ok if it is in an embedded struct to which there is only a nil pointer.
func fieldByIndex(v reflect.Value, index []int) (reflect.Value, bool) {
	if len(index) == 1 {
		return v.Field(index[0]), true
	}
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}
