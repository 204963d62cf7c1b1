package py

// unhashable reports whether an Object can be no key in Python, as an instance of a class of the library that is compared by what is in it. A class of the program's may have a __hash__, also where
// it is derived from list or dict: instances of it are taken as keys.
func (o *Object) unhashable() bool {
	class, _ := o.instance()
	g, ok := class.(Global)
	if !ok {
		return false
	}
	switch g.Module {
	case "collections":
		switch g.Name {
		case "ChainMap", "Counter", "UserDict", "UserList", "defaultdict", "deque":
			return true
		}
	case "types":
		return g.Name == "SimpleNamespace"
	case "argparse":
		return g.Name == "Namespace"
	}
	return false
}
