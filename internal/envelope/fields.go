package envelope

import (
	"reflect"
	"strings"
)

// A field is one field of a struct as the codec sees it: those of embedded structs are the outer struct's own.
type field struct {
	name  string // the key on the wire
	path  string // the Go selector from the outer struct, as in ".Base.ID"
	index []int
	typ   reflect.Type
}

// fieldsOf lists what the codec sends of the struct type t. The problem, if any, names a field that would not arrive.
//
// The codec follows the visibility rules of encoding/json, which drop fields silently: unexported ones,
// those hidden by another of the same name, those that clash, and embedded structs that occur twice. For the
// arguments of a process each of these is a bug in waiting.
func fieldsOf(t reflect.Type) ([]field, *TypeError) {
	c := fieldCollector{byName: map[string]field{}, embedded: map[reflect.Type]bool{t: true}}
	if problem := c.collect(t, "", nil); problem != nil {
		return nil, problem
	}
	return c.fields, nil
}

type fieldCollector struct {
	fields   []field
	byName   map[string]field
	embedded map[reflect.Type]bool
}

func (c *fieldCollector) collect(t reflect.Type, path string, index []int) *TypeError {
	for i := range t.NumField() {
		f := t.Field(i)
		at := path + "." + f.Name
		if f.Name == "_" {
			continue // nobody can read it, so nothing is lost
		}
		target := f.Type
		for target.Kind() == reflect.Pointer {
			target = target.Elem()
		}
		isEmbeddedStruct := f.Anonymous && target.Kind() == reflect.Struct
		if !f.IsExported() && !isEmbeddedStruct {
			if f.Type.Size() == 0 {
				continue
			}
			return &TypeError{f.Type.String(), at,
				"the field is unexported, so it would arrive empty; export it, or let the type marshal itself " +
					"(MarshalBinary and UnmarshalBinary)"}
		}
		name, key, skip, problem := c.tagOf(f, at)
		if problem != nil {
			return problem
		}
		if skip {
			continue
		}
		idx := append(index[:len(index):len(index)], i)
		if isEmbeddedStruct && name == "" {
			if problem := c.embed(f, target, at, idx); problem != nil {
				return problem
			}
			continue
		}
		if key == "" {
			key = f.Name
		}
		if other, clash := c.byName[key]; clash {
			return &TypeError{f.Type.String(), at,
				"it is sent under the same name as " + strings.TrimPrefix(other.path, ".") +
					", so that one of them would be lost; give one a name of its own (a cbor tag)"}
		}
		nf := field{name: key, path: at, index: idx, typ: f.Type}
		c.byName[key] = nf
		c.fields = append(c.fields, nf)
	}
	return nil
}

func (c *fieldCollector) embed(f reflect.StructField, target reflect.Type, at string, index []int) *TypeError {
	if c.embedded[target] {
		return &TypeError{f.Type.String(), at, "the same struct is embedded more than once, and would be lost; name the field"}
	}
	c.embedded[target] = true
	before := len(c.fields)
	if f.Type.Kind() == reflect.Pointer && !f.IsExported() {
		return &TypeError{f.Type.String(), at,
			"a pointer to an unexported struct is embedded, which the receiver can't allocate; embed the struct itself, or name and export the field"}
	}
	if problem := c.collect(target, at, index); problem != nil {
		return problem
	}
	if f.Type.Kind() == reflect.Pointer && len(c.fields) == before {
		return &TypeError{f.Type.String(), at, "a pointer to a struct without fields is embedded, and would arrive as nil; name the field"}
	}
	return nil
}

// tagOf reads the tag as the codec does: cbor's, and json's where there is none. name is the name given in
// the tag, key what the field is sent under ("" means the Go name).
func (c *fieldCollector) tagOf(f reflect.StructField, at string) (name, key string, skip bool, problem *TypeError) {
	tag, isCBOR := f.Tag.Get("cbor"), true
	if tag == "" {
		tag, isCBOR = f.Tag.Get("json"), false
	}
	if tag == "-" {
		if isCBOR {
			return "", "", true, nil // said outright: this field stays at home
		}
		return "", "", false, &TypeError{f.Type.String(), at,
			"its tag json:\"-\" would leave it out here too; add cbor:\"-\" if that is meant, or cbor:\"" + f.Name + "\" to send it"}
	}
	name, options, _ := strings.Cut(tag, ",")
	key = name
	for option := range strings.SplitSeq(options, ",") {
		if option == "keyasint" {
			key = "#" + name
		}
	}
	return name, key, false, nil
}
