package pickle

import (
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// constructor is a way in which a pickle makes an instance.
type constructor uint8

const (
	called constructor = 1 << iota // Class(*args)
	made                           // Class.__new__(Class, *args)
)

// knownGlobal is a global that every Registry knows.
type knownGlobal struct {
	value py.Value // what the global itself is, if it is not a class or function
	// construct makes an instance. ok is false for arguments that it does not understand: then the instance stays an Object, with these arguments, and Python may
	// still make something of it.
	construct func(m *machine, args py.Tuple) (v py.Value, ok bool, err error)
	// calls are the ways in which construct is meant to get arguments. A list that is made (not called) is empty, whatever the arguments.
	calls constructor
}

// known has the globals that mean something to every decoder.
var known map[py.Global]*knownGlobal

func init() { // the constructors refer to the table
	known = map[py.Global]*knownGlobal{}
	add := func(module, name string, calls constructor, f func(m *machine, args py.Tuple) (py.Value, bool, error)) {
		g := py.Global{Module: module, Name: name}
		known[g] = &knownGlobal{value: g, construct: f, calls: calls}
	}
	singleton := func(s py.Singleton) {
		known[py.Global{Module: "builtins", Name: string(s)}] = &knownGlobal{
			value:     s,
			construct: func(*machine, py.Tuple) (py.Value, bool, error) { return nil, false, nil },
		}
	}

	singleton(py.Ellipsis)
	singleton(py.NotImplemented)
	add("builtins", "list", called, newList)
	add("builtins", "tuple", called|made, newTuple)
	add("builtins", "dict", called, newDict)
	add("builtins", "set", called, newSet)
	add("builtins", "frozenset", called|made, newFrozenSet)
	add("builtins", "bytes", called|made, newBytes)
	add("builtins", "bytearray", called, newByteArray)
	add("builtins", "complex", called|made, newComplex)
	add("builtins", "range", called|made, newRange)
	add("builtins", "slice", called|made, newSlice)
	add("collections", "OrderedDict", called, newOrderedDict)
	add("_codecs", "encode", called, encodeText)

	add("builtins", "getattr", called, attribute)
	add("copyreg", "_reconstructor", called, reconstruct)
	add("copyreg", "__newobj__", called, reduceNewObj)
	add("copyreg", "__newobj_ex__", called, reduceNewObjEx)

	add("datetime", "datetime", called|made, newDateTime)
	add("datetime", "date", called|made, newDate)
	add("datetime", "time", called|made, newTime)
	add("datetime", "timedelta", called|made, newTimeDelta)
	add("datetime", "timezone", called|made, newTimeZone)
	add("decimal", "Decimal", called|made, newDecimal)
	add("fractions", "Fraction", called|made, newFraction)
	add("array", "array", called|made, newArray)
	add("array", "_array_reconstructor", called, reconstructArray)
}

// reconstruct is copyreg._reconstructor(class, base, state), by which protocols 0 and 1 make instances: base.__new__(class, state), in which the state is the value of the base, of a subclass of
// list or int, or object.__new__(class). That is what NEWOBJ does only for a class that has no __new__ of its own, and nothing tells which have. So it stays a call unless the class is known.
func reconstruct(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) != 3 || args[1] != objectClass || args[2] != nil {
		return nil, false, nil
	}
	if args[0] == uuidClass {
		v, err := m.make(args[0], py.Tuple{}, nil)
		return v, true, err
	}
	return m.construct(args[0], py.Tuple{}, nil, made)
}

// reduceNewObj is copyreg.__newobj__(class, *args), where a protocol below 2 has no NEWOBJ.
func reduceNewObj(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) == 0 {
		return nil, false, nil
	}
	v, err := m.make(args[0], args[1:], nil)
	return v, true, err
}

// reduceNewObjEx is copyreg.__newobj_ex__(class, args, kwargs).
func reduceNewObjEx(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) != 3 {
		return nil, false, nil
	}
	list, ok := args[1].(py.Tuple)
	kwargs, ok2 := args[2].(*py.Dict)
	if !ok || !ok2 {
		return nil, false, nil
	}
	if kwargs.Len() == 0 {
		kwargs = nil
	}
	v, err := m.make(args[0], list, kwargs)
	return v, true, err
}

var (
	objectClass py.Value = py.Global{Module: "builtins", Name: "object"}
	uuidClass   py.Value = py.Global{Module: "uuid", Name: "UUID"}

	partialClass py.Value = py.Global{Module: "functools", Name: "partial"}
)

// attribute is getattr(class, name), by which protocols 2 and 3 refer to what is inside of a class.
func attribute(_ *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) != 2 {
		return nil, false, nil
	}
	g, ok := args[0].(py.Global)
	name, ok2 := asText(args[1])
	if !ok || !ok2 || name == "<locals>" || strings.Contains(name, ".") {
		return nil, false, nil
	}
	g.Name += "." + name
	return g, true, nil
}

// asText is a str, or the ASCII text of Python 2's str.
func asText(v py.Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case py.Str2:
		return string(v), isASCII(string(v))
	}
	return "", false
}

// describe names what a value is, for messages.
func describe(v py.Value) string {
	if v == nil {
		return "None"
	}
	return "a value of type " + py.TypeName(v)
}
