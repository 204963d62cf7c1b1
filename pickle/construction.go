package pickle

import "github.com/multiproc-go/multiproc/py"

// construction is how an instance was made, in whichever protocol it was written. Protocols 0 and 1 make instances by calls of functions that get the class as an argument; protocol 2 and newer
// have opcodes that say the same in another way.
type construction struct {
	class py.Value
	args  py.Tuple // of the class
	// What follows says which built-in class the instance's class is derived from. Only copyreg._reconstructor, of protocols 0 and 1, tells that; what was an argument of it is
	// here what NEWOBJ's instance gets as items.
	isTuple bool // args are the items of the tuple, as those of a namedtuple are its arguments in protocol 2
	list    *py.List
	dict    *py.Dict
}

func constructionOf(o *py.Object) construction {
	c := construction{class: o.Class, args: o.Args}
	if o.Form != py.Called || len(o.Args) == 0 {
		return c
	}
	switch o.Class {
	case newObjFunction:
		return construction{class: o.Args[0], args: o.Args[1:]}
	case globalReconstructor:
		if len(o.Args) == 3 {
			return reconstruction(o.Args[0], o.Args[1], o.Args[2])
		}
	}
	return c
}

// reconstruction is that of copyreg._reconstructor(class, base, state): base.__new__(class, state), in which the state is the value that the instance has as one of the base.
func reconstruction(class, base, state py.Value) construction {
	switch base {
	case objectClass:
		return construction{class: class}
	case tupleClass:
		if items, ok := state.(py.Tuple); ok {
			return construction{class: class, args: items, isTuple: true}
		}
	case listClass:
		if list, ok := state.(*py.List); ok {
			return construction{class: class, list: list}
		}
	case dictClass:
		if dict, ok := state.(*py.Dict); ok {
			return construction{class: class, dict: dict}
		}
	}
	return construction{class: class, args: py.Tuple{state}} // a subclass of int, str and the like, as in protocol 2
}

var (
	newObjFunction py.Value = py.Global{Module: "copyreg", Name: "__newobj__"}
	tupleClass     py.Value = py.Global{Module: "builtins", Name: "tuple"}
	listClass      py.Value = py.Global{Module: "builtins", Name: "list"}
	dictClass      py.Value = py.Global{Module: "builtins", Name: "dict"}
)

// hasItems tells whether an instance has what only lists, sets and dicts have.
func hasItems(o *py.Object, c *construction) bool {
	return len(o.Items) > 0 || len(o.Pairs) > 0 || c.list != nil && len(c.list.Items) > 0 || c.dict != nil && c.dict.Len() > 0
}

// hasState tells whether an instance got a state with something in it. Older Pythons write that of an instance without attributes, an empty dict.
func hasState(o *py.Object) bool {
	if d, ok := o.State.(*py.Dict); ok && d.Len() == 0 {
		return false
	}
	return o.Built && o.State != nil || len(o.Later) > 0 || len(o.Calls) > 0
}

// positionalState is a state that has the parts of an instance in their order, without names: what a dataclass writes that is frozen and has slots. A pair of dicts is
// the attributes of an instance and those in its slots.
func positionalState(o *py.Object) ([]py.Value, bool) {
	switch s := o.State.(type) {
	case *py.List:
		return s.Items, true
	case py.Tuple:
		var attrs attributes
		return s, !attrs.setState(o)
	}
	return nil, false
}

// positions are the parts of a value without names, in their order.
func positions(v py.Value) ([]py.Value, bool) {
	switch x := v.(type) {
	case py.Tuple:
		return x, true
	case *py.List:
		return x.Items, true
	case *py.Object:
		c := constructionOf(x)
		switch {
		case hasItems(x, &c) || x.Kwargs != nil || len(x.Later) > 0 || len(x.Calls) > 0:
			return nil, false
		case len(c.args) > 0:
			return c.args, !hasState(x)
		}
		if items, ok := positionalState(x); ok {
			return items, true
		}
		return nil, !hasState(x)
	}
	return nil, false
}

// tupleItems are the items of an instance of a tuple's subclass, of which a namedtuple is one. Protocols 0 and 1 say that it is one; from 2 on nothing tells a namedtuple of one item from a
// subclass of int, or from a subclass of tuple that gets all its items as one argument, so it takes two.
func tupleItems(o *py.Object, c *construction) ([]py.Value, bool) {
	if c.isTuple {
		return c.args, true
	}
	return c.args, o.Form == py.Made && len(c.args) > 1 && !hasItems(o, c) && !hasState(o)
}

// whyNot is the reason why an object fits no type that is not meant for it.
func whyNot(o *py.Object) string {
	what := "it is an instance of a class without a name"
	if name := o.ClassName(); name != "" {
		what = "it is an instance of " + plainName(name)
	}
	if _, ok := o.EnumValue(); ok {
		return what + "; py.Object.EnumValue has the value of an Enum's member, and RegisterEnum, a method UnmarshalPickle or Registry.Construct makes it something else"
	}
	return what + "; a method UnmarshalPickle or Registry.Construct makes it something else"
}
