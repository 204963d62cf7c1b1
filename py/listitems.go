package py

// ListItems are the items of an instance of a subclass of list. ok is false if the pickle does not tell for certain that it is one, which it never does of an empty list, but in
// protocols 0 and 1.
//
// Since protocol 2 what object.__reduce_ex__ writes has items to append only if the instance is a list. Other classes with such items, like deque, are called.
func (o *Object) ListItems() (items []Value, ok bool) {
	if len(o.Pairs) > 0 || len(o.Calls) > 0 {
		return nil, false
	}
	if o.reconstructs("list") {
		if l, isList := o.Args[2].(*List); isList && len(o.Items) == 0 {
			return l.Items, true
		}
		return nil, false
	}
	form, _, _ := o.shape()
	made := form == Made || form == MadeWith
	return o.Items, made && len(o.Items) > 0 && !o.Added
}

// reconstructs reports whether the object is how protocols 0 and 1 have an instance of a subclass of a built-in type.
func (o *Object) reconstructs(base string) bool {
	return o.Form == Called && o.Class == Value(Global{"copyreg", "_reconstructor"}) && len(o.Args) == 3 && o.Args[1] == Value(Global{builtins, base})
}
