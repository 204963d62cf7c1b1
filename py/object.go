package py

import "iter"

// Form is how an Object was made.
type Form uint8

const (
	// Called is the result of Class(*Args): a REDUCE of the pickle.
	Called Form = iota
	// Made is Class.__new__(Class, *Args): NEWOBJ.
	Made
	// MadeWith is Class.__new__(Class, *Args, **Kwargs): NEWOBJ_EX.
	MadeWith
	// Classic is an instance of one of Python 2's classes, made by INST or OBJ: Class(*Args) if there are Args, else without a call of __init__.
	Classic
	// Extension is an object of copyreg's extension registry that the reader does not know; Args has its code.
	Extension
)

// Object is a value whose class this package does not know: how to make it, and what was then done with it. Nothing of it is ever called.
//
// What the fields mean is the class's affair. By Python's own habits the members of an Enum have their value as the only argument (see EnumValue), a namedtuple is made of
// its fields in their order, which are in Args without their names, and a dataclass, like most classes, has attributes (see Attr); but one that is frozen and has slots has a list as its
// State, in the order of its fields.
//
// Python's protocols 0 and 1 make most instances by a call of copyreg._reconstructor(class, base, state), which is then the Object's Class, with these as Args: state is the items of a
// namedtuple, the list or dict that an instance of a subclass is, or its number or text. ClassName and EnumValue know that, and so does equality.
type Object struct {
	Form   Form
	Class  Value // mostly a Global
	Args   Tuple
	Kwargs *Dict   // of MadeWith
	Items  []Value // appended, or added as to a set
	Added  bool    // Items were added (ADDITEMS), not appended
	Pairs  []Pair  // set as items, as of a dict
	Built  bool    // there is a State
	State  Value   // what __setstate__ or the instance's dict got
	Later  []Value // the states of further BUILDs, which Python does not write
	Calls  []Call  // what was called with the object, such as a function that sets its state
}

// Call is a call of a function with an object as the first argument and these as the others. Its result was thrown away.
type Call struct {
	Func Value // mostly a Global
	Args Tuple
}

// Pair is one item that was set in an Object.
type Pair struct {
	Key, Value Value
}

// Persistent is a reference to something outside of the pickle, which the pickle's reader and writer must know by this ID.
type Persistent struct {
	ID Value
}

// ClassName is the full name of the object's class, or of the function that made it: "module.Class", "builtins.getattr". It is "" if that is not a Global.
func (o *Object) ClassName() string {
	class, _ := o.instance()
	if g, ok := class.(Global); ok {
		return g.Module + "." + g.Name
	}
	return ""
}

// Attr is the value of an attribute, as far as the pickle tells: an attribute of the instance or one of its slots. Those of the class, and what a __setstate__ makes of the
// state, are not known.
func (o *Object) Attr(name string) (v Value, ok bool) {
	parts, ok := attributes(o.State)
	if !ok {
		return nil, false
	}
	// Python sets the slots last.
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] != nil {
			if v, ok := parts[i].GetStr(name); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// Attrs are all attributes that Attr finds, in the order in which they were pickled.
func (o *Object) Attrs() iter.Seq2[string, Value] {
	parts, _ := attributes(o.State)
	return all(parts)
}

// EnumValue is the value of an Enum's member. It is the one argument of an object without any other parts, so that of other classes it has no meaning.
func (o *Object) EnumValue() (v Value, ok bool) {
	class, args := o.instance()
	if _, named := class.(Global); !named || !o.isPlain() || len(args) != 1 {
		return nil, false
	}
	return args[0], true
}

// isPlain reports whether the object has nothing but arguments.
func (o *Object) isPlain() bool {
	return !o.Built && len(o.Items) == 0 && len(o.Pairs) == 0 && len(o.Later) == 0 && len(o.Calls) == 0 && (o.Kwargs == nil || o.Kwargs.Len() == 0)
}

// instance is the object's class and the arguments it was made with. Where protocols 0 and 1 lack an opcode, Python calls a function of copyreg that gets both.
func (o *Object) instance() (class Value, args Tuple) {
	if o.Form != Called || len(o.Args) == 0 {
		return o.Class, o.Args
	}
	switch o.Class {
	case Global{"copyreg", "__newobj__"}:
		return o.Args[0], o.Args[1:]
	case Global{"copyreg", "_reconstructor"}:
		// (class, base, state): made by base.__new__ from state, if the base is not object.
		if len(o.Args) != 3 {
			break
		}
		if o.Args[1] == (Global{"builtins", "object"}) {
			return o.Args[0], nil
		}
		return o.Args[0], o.Args[2:]
	}
	return o.Class, o.Args
}

// attributes are the dicts of attributes in a state: the one of the instance, and the one of its slots, if it has such. ok is false if the state is something else.
func attributes(state Value) (parts [2]*Dict, ok bool) {
	switch s := state.(type) {
	case *Dict:
		parts[0] = s
	case Tuple:
		if len(s) != 2 {
			return parts, false
		}
		// Either may be None, and Python writes a pair only if there are slots.
		instance, isDict := s[0].(*Dict)
		if slots, ok := s[1].(*Dict); ok && (isDict || s[0] == nil) {
			parts = [2]*Dict{instance, slots}
		} else {
			return parts, false
		}
	default:
		return parts, false
	}
	for _, d := range parts {
		if d != nil && !hasNames(d) {
			return [2]*Dict{}, false
		}
	}
	return parts, true
}

// hasNames reports whether all keys are strings.
func hasNames(d *Dict) bool {
	for k := range d.All() {
		if _, ok := k.(string); !ok {
			return false
		}
	}
	return true
}

// all iterates over the attributes; those of the instance that a slot hides are left out.
func all(parts [2]*Dict) iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for i, d := range parts {
			if d == nil {
				continue
			}
			for k, v := range d.All() {
				name := k.(string)
				if i == 0 && parts[1] != nil {
					if _, hidden := parts[1].GetStr(name); hidden {
						continue
					}
				}
				if !yield(name, v) {
					return
				}
			}
		}
	}
}
