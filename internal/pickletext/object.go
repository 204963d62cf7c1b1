package pickletext

import "github.com/multiproc-go/multiproc/py"

// objectShape is the shape of an instance of a class that nobody here knows.
func (opt Options) objectShape(o *py.Object, shared func(py.Value) bool) shape {
	verb, class, args := made(o)
	s := shape{head: verb}
	switch g, named := class.(py.Global); {
	case o.Form == py.Extension:
	case named:
		s.head += opt.globalText(g)
	default:
		// The class is itself made by a call, or is no class at all.
		s.groups = append(s.groups, sequence("(", []py.Value{class}, ")"))
	}
	if o.Form != py.Classic || len(args) > 0 {
		s.groups = append(s.groups, arguments(o, args))
	}
	s.groups = append(s.groups, body(objectEntries(o, shared))...)
	return s
}

// made is how an object was made: a word for that, of what, and from what. Protocols 0 and 1 have no operation for a new instance, and call functions of copyreg in place of it.
func made(o *py.Object) (verb string, class py.Value, args py.Tuple) {
	switch {
	case o.Form == py.Made || o.Form == py.MadeWith:
		return "new ", o.Class, o.Args
	case o.Form == py.Classic:
		return "instance ", o.Class, o.Args
	case o.Form == py.Extension:
		return "extension", nil, o.Args
	case o.Class == py.Global{Module: "copyreg", Name: "__newobj__"} && len(o.Args) > 0:
		return "new ", o.Args[0], o.Args[1:]
	case o.Class == py.Global{Module: "copyreg", Name: "_reconstructor"} && len(o.Args) == 3 && o.Args[1] == py.Global{Module: "builtins", Name: "object"}:
		return "new ", o.Args[0], nil
	default:
		return "", o.Class, o.Args
	}
}

// arguments are those by position and those by name.
func arguments(o *py.Object, args py.Tuple) group {
	g := sequence("(", args, ")")
	if o.Kwargs == nil {
		return g
	}
	g.n += o.Kwargs.Len()
	byPosition := g.each
	g.each = func(yield func(entry) bool) {
		for e := range byPosition {
			if !yield(e) {
				return
			}
		}
		for k, v := range o.Kwargs.All() {
			e := entry{keyed: true, key: k, after: "=", value: v}
			if name, ok := fieldName(k); ok {
				e = entry{before: name + "=", value: v}
			}
			if !yield(e) {
				return
			}
		}
	}
	return g
}

func objectEntries(o *py.Object, shared func(py.Value) bool) []entry {
	var all []entry
	if o.Built {
		all = append(all, stateOrNone(o.State, shared)...)
	}
	for _, state := range o.Later {
		all = append(all, stateOrNone(state, shared)...)
	}
	for _, c := range o.Calls {
		all = append(all, entry{before: "call ", value: &py.Object{Form: py.Called, Class: c.Func, Args: c.Args}})
	}
	// Python gives the items first; here they would hide the attributes, where there are many.
	one, many := "append ", "extend "
	if o.Added {
		one, many = "add ", "update "
	}
	switch len(o.Items) {
	case 0:
	case 1:
		all = append(all, entry{before: one, value: o.Items[0]})
	default:
		all = append(all, entry{before: many, value: &py.List{Items: o.Items}})
	}
	for _, p := range o.Pairs {
		all = append(all, entry{before: "[", keyed: true, key: p.Key, after: "] = ", value: p.Value})
	}
	return all
}

// stateEntries are those of a state that is None where there is none.
func stateEntries(state py.Value, shared func(py.Value) bool) []entry {
	if state == nil {
		return nil
	}
	return stateOrNone(state, shared)
}

// stateOrNone are the attributes in a state: in a dict, or in a tuple of one and of another that has those of __slots__, as Python's copyreg makes it. Any other
// state is an entry as a whole.
func stateOrNone(state py.Value, shared func(py.Value) bool) []entry {
	whole := []entry{{before: "state = ", value: state}}
	if shared(state) {
		return whole
	}
	if fields, ok := fieldsOf(state, shared); ok {
		return fields
	}
	if pair, ok := state.(py.Tuple); ok && len(pair) == 2 {
		inDict, ok1 := fieldsOf(pair[0], shared)
		inSlots, ok2 := fieldsOf(pair[1], shared)
		if ok2 && (ok1 || pair[0] == nil) {
			return append(inDict, inSlots...)
		}
	}
	return whole
}

// fieldsOf are the items of a dict whose keys are names.
func fieldsOf(v py.Value, shared func(py.Value) bool) ([]entry, bool) {
	d, ok := v.(*py.Dict)
	if !ok || d.Len() == 0 || shared(v) {
		return nil, false
	}
	var fields []entry
	for k, v := range d.All() {
		name, ok := fieldName(k)
		if !ok {
			return nil, false
		}
		fields = append(fields, entry{before: "." + name + " = ", value: v})
	}
	return fields, true
}

// fieldName is a text that is a name: Python 2 has those as its str.
func fieldName(key py.Value) (string, bool) {
	var name string
	switch k := key.(type) {
	case string:
		name = k
	case py.Str2:
		name = string(k)
	}
	return name, isName(name)
}
