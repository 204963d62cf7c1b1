package pickle

import (
	"reflect"
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// structPlan converts the fields of a struct.
type structPlan struct {
	typ    reflect.Type
	info   *structInfo
	fields []*ofLink
}

// structOfPlan converts a struct to a dict, to a tuple, or, when the registry of the moment has a class for it, to an instance.
func structOfPlan(t reflect.Type, tuple bool) *ofPlan {
	info := structInfoOf(t)
	switch {
	case info.err != "":
		return refusedOfPlan(t, info.err)
	case info.hidden:
		return refusedOfPlan(t, `all its fields are unexported, so nothing of it would be written; give it a method MarshalPickle, or leave it out with the tag pickle:"-"`)
	}
	s := &structPlan{typ: t, info: info}
	for _, f := range info.fields {
		s.fields = append(s.fields, linkOf(f.typ, f.tuple))
	}
	if tuple || info.tuple {
		return &ofPlan{conv: func(c *converter, v reflect.Value) (py.Value, error) {
			if class := c.registry.classOf(t); class != nil {
				return s.instance(c, class, v)
			}
			return s.tuple(c, v)
		}}
	}
	p := &ofPlan{}
	p.make = func(c *converter, _ reflect.Value) py.Value {
		if class := c.registry.classOf(t); class != nil {
			return class.newObject()
		}
		return py.NewDictSize(len(info.fields))
	}
	p.fill = func(c *converter, v reflect.Value, into py.Value) error {
		if o, ok := into.(*py.Object); ok {
			return s.fillInstance(c, c.registry.classOf(t), v, o)
		}
		return s.fillDict(c, v, into.(*py.Dict), nil)
	}
	p.conv = func(c *converter, v reflect.Value) (py.Value, error) {
		out := p.make(c, v)
		return out, p.fill(c, v, out)
	}
	return p
}

// fillDict puts the fields into a dict, without those that are the arguments of a class.
func (s *structPlan) fillDict(c *converter, v reflect.Value, d *py.Dict, without []int) error {
	if err := c.enter(); err != nil {
		return err
	}
	for i := range s.info.fields {
		f := &s.info.fields[i]
		if slices.Contains(without, i) {
			continue
		}
		fv, ok := fieldByIndex(v, f.index)
		if !ok || (f.omitEmpty || f.omitZero) && f.omitted(fv) {
			continue
		}
		x, err := s.fields[i].get().conv(c, fv)
		if err != nil {
			return at(err, "."+s.selector(i))
		}
		if err := d.Set(f.key, x); err != nil {
			return at(&MarshalTypeError{Type: f.typ, Err: err}, "."+s.selector(i))
		}
	}
	c.depth--
	return nil
}

// tuple has all fields; those of a nil embedded struct are None.
func (s *structPlan) tuple(c *converter, v reflect.Value) (py.Value, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	items := make(py.Tuple, len(s.fields))
	for i := range items {
		x, err := s.field(c, v, i)
		if err != nil {
			return nil, err
		}
		items[i] = x
	}
	c.depth--
	return items, nil
}

func (s *structPlan) field(c *converter, v reflect.Value, i int) (py.Value, error) {
	fv, ok := fieldByIndex(v, s.info.fields[i].index)
	if !ok {
		return nil, nil
	}
	x, err := s.fields[i].get().conv(c, fv)
	if err != nil {
		return nil, at(err, "."+s.selector(i))
	}
	return x, nil
}

// selector is the field's name in Go.
func (s *structPlan) selector(i int) string { return s.typ.FieldByIndex(s.info.fields[i].index).Name }

// instance converts a struct whose class is known to one whose state can't refer to it.
func (s *structPlan) instance(c *converter, class *class, v reflect.Value) (py.Value, error) {
	o := class.newObject()
	return o, s.fillInstance(c, class, v, o)
}

// fillInstance makes the arguments of the class, and the state of what is left.
func (s *structPlan) fillInstance(c *converter, class *class, v reflect.Value, o *py.Object) error {
	if len(class.args) > 0 {
		if err := c.enter(); err != nil {
			return err
		}
		o.Args = make(py.Tuple, len(class.args))
		for i, f := range class.args {
			x, err := s.field(c, v, f)
			if err != nil {
				return err
			}
			o.Args[i] = x
		}
		c.depth--
	}
	state := py.NewDictSize(len(s.fields) - len(class.args))
	if err := s.fillDict(c, v, state, class.args); err != nil {
		return err
	}
	// Python, too, writes no state of an instance that has no attributes.
	if state.Len() > 0 {
		o.Built, o.State = true, state
	}
	return nil
}
