package pickle

import (
	"iter"
	"reflect"
	"strconv"

	"github.com/multiproc-go/multiproc/py"
)

// attributes are the named parts of a value that a struct takes.
type attributes struct {
	// own are those of the dict, or of the instance; slots those that Python keeps apart. Either may be nil.
	own, slots *py.Dict
	pairs      []py.Pair // of an instance of dict's subclass
	content    *py.Dict  // the same, in protocols 0 and 1
	args       py.Value  // of an exception
	isError    bool
}

// attributesOf takes a value apart; not ok if it has no named parts.
func attributesOf(v py.Value) (attrs attributes, ok bool) {
	switch x := v.(type) {
	case *py.Dict:
		return attributes{own: x}, true
	case *py.OrderedDict:
		return attributes{own: &x.Dict}, true
	case *py.Exception:
		attrs = attributes{args: x.Args, isError: true}
		attrs.own, _ = x.State.(*py.Dict)
		return attrs, true
	case *py.Object:
		if ok := attrs.setState(x); ok {
			attrs.pairs, attrs.content = x.Pairs, constructionOf(x).dict
			return attrs, true
		}
	}
	return attributes{}, false
}

// setState takes the state of an instance: a dict, or a dict or None and one of slots. Without a state it has no attributes, unless it is made of arguments, of which the
// names are not known.
func (attrs *attributes) setState(o *py.Object) (ok bool) {
	switch s := o.State.(type) {
	case nil:
		c := constructionOf(o)
		return len(c.args) == 0 || len(o.Pairs) > 0
	case *py.Dict:
		attrs.own = s
		return true
	case py.Tuple:
		if len(s) != 2 {
			return false
		}
		var isOwn, isSlots bool
		attrs.own, isOwn = s[0].(*py.Dict)
		attrs.slots, isSlots = s[1].(*py.Dict)
		return (isOwn || s[0] == nil) && (isSlots || s[1] == nil)
	}
	return false
}

func (attrs *attributes) get(name string) (py.Value, bool) {
	if attrs.slots != nil {
		if v, ok := attrs.slots.GetStr(name); ok {
			return v, true
		}
	}
	if attrs.own != nil {
		if v, ok := attrs.own.GetStr(name); ok {
			return v, true
		}
	}
	for i := len(attrs.pairs) - 1; i >= 0; i-- {
		if attrs.pairs[i].Key == name {
			return attrs.pairs[i].Value, true
		}
	}
	if attrs.content != nil {
		if v, ok := attrs.content.GetStr(name); ok {
			return v, true
		}
	}
	if attrs.isError && name == "args" {
		return attrs.args, true
	}
	return nil, false
}

// names are all keys, of which some may be no strings.
func (attrs *attributes) names() iter.Seq[py.Value] {
	return func(yield func(py.Value) bool) {
		for _, d := range [...]*py.Dict{attrs.own, attrs.slots, attrs.content} {
			if d == nil {
				continue
			}
			for k := range d.All() {
				if !yield(k) {
					return
				}
			}
		}
		for _, p := range attrs.pairs {
			if !yield(p.Key) {
				return
			}
		}
	}
}

// structAssigner stores into the fields of a struct.
type structAssigner struct {
	typ    reflect.Type
	ptr    reflect.Type
	info   *structInfo
	fields []*assignLink
	tuple  bool
}

func structAssignPlan(t reflect.Type, tuple bool) *assignPlan {
	s := structAssignerOf(t, tuple)
	if s.info.err != "" {
		return &assignPlan{assign: func(_ *assigner, v py.Value, dst reflect.Value) error { return mismatch(v, dst, s.info.err) }}
	}
	return &assignPlan{assign: s.assign}
}

func structAssignerOf(t reflect.Type, tuple bool) *structAssigner {
	s := &structAssigner{typ: t, ptr: reflect.PointerTo(t), info: structInfoOf(t)}
	s.tuple = tuple || s.info.tuple
	for _, f := range s.info.fields {
		s.fields = append(s.fields, assignLinkOf(f.typ, f.tuple))
	}
	return s
}

func (s *structAssigner) assign(a *assigner, v py.Value, dst reflect.Value) error {
	if o, ok := v.(*py.Object); ok && a.registry != nil {
		if class := a.registry.classOfObject(o); class != nil && class.typ == s.typ {
			return a.fromInstance(class, o, dst)
		}
	}
	if s.tuple {
		if items, ok := positions(v); ok {
			return s.fromItems(a, v, items, dst)
		}
	}
	if attrs, ok := attributesOf(v); ok {
		if err := s.repeatStruct(a, &attrs, v, dst); err != nil {
			return err
		}
		return s.fromAttributes(a, &attrs, v, dst)
	}
	if v != nil {
		switch t := reflect.TypeOf(v); t {
		case s.typ:
			dst.Set(reflect.ValueOf(v))
			return nil
		case s.ptr:
			if p := reflect.ValueOf(v); !p.IsNil() {
				return s.copy(a, p, dst)
			}
		}
	}
	if o, ok := v.(*py.Object); ok {
		return mismatch(v, dst, s.whyNot(o))
	}
	return mismatch(v, dst, "")
}

// whyNot is the reason why the struct can't take an instance that has no attributes.
func (s *structAssigner) whyNot(o *py.Object) string {
	if _, ok := positions(o); ok {
		return `its parts have no names in the pickle; the tag pickle:",tuple" on a blank field takes them by position, and RegisterClass makes them fields`
	}
	if hasState(o) {
		if c := constructionOf(o); len(c.args) > 0 {
			return "it has both arguments and a state of its class's own, " + onlyMethod
		}
		return "its state is of type " + py.TypeName(o.State) + " and not its attributes, " + onlyMethod
	}
	return whyNot(o)
}

// onlyMethod ends the reasons why a struct's fields can't take an instance.
const onlyMethod = "which only a method UnmarshalPickle can read"

// copy stores what a pointer of a registered class leads to, which has to be complete for that.
func (s *structAssigner) copy(a *assigner, p, dst reflect.Value) error {
	if i := a.instances.of(p.Interface()); i != nil {
		if err := i.fill(a); err != nil {
			return err
		}
	}
	dst.Set(p.Elem())
	return nil
}

func (s *structAssigner) fromItems(a *assigner, v py.Value, items []py.Value, dst reflect.Value) error {
	if len(items) != len(s.fields) {
		return mismatch(v, dst, "it has "+strconv.Itoa(len(items))+" parts, and the struct "+strconv.Itoa(len(s.fields)))
	}
	for i, item := range items {
		if err := s.field(a, i, item, dst); err != nil {
			return err
		}
	}
	return nil
}

func (s *structAssigner) fromAttributes(a *assigner, attrs *attributes, v py.Value, dst reflect.Value) error {
	for i := range s.fields {
		if x, ok := attrs.get(s.info.fields[i].name); ok {
			if err := s.field(a, i, x, dst); err != nil {
				return err
			}
		}
	}
	if a.strict {
		for k := range attrs.names() {
			if err := s.known(k, v, dst); err != nil {
				return err
			}
		}
	}
	return nil
}

// known returns an error if there is no field for the key.
func (s *structAssigner) known(k, v py.Value, dst reflect.Value) error {
	name, ok := k.(string)
	if old, isOld := k.(py.Str2); isOld {
		name, ok = string(old), true
	}
	if _, known := s.info.byName[name]; ok && known {
		return nil
	}
	return atKey(mismatch(v, dst, "the struct has no such field"), k)
}

// field stores one field. None is its zero value, unless the type's own method knows better.
func (s *structAssigner) field(a *assigner, i int, v py.Value, dst reflect.Value) error {
	f := &s.info.fields[i]
	fv, err := settableField(v, dst, f.index)
	if err != nil {
		return at(err, "."+f.name)
	}
	plan := s.fields[i].get()
	if v == nil && !plan.wantsNone {
		fv.SetZero()
		return nil
	}
	if err := plan.assign(a, v, fv); err != nil {
		return at(err, "."+f.name)
	}
	return nil
}

// settableField is the field of v for writing x. Embedded structs to which there is a nil pointer are made.
func settableField(x py.Value, v reflect.Value, index []int) (reflect.Value, error) {
	if len(index) == 1 {
		return v.Field(index[0]), nil
	}
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, mismatch(x, v, "the embedded pointer is nil, and of an unexported type")
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v, nil
}
