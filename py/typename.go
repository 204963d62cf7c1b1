package py

import (
	"fmt"
	"slices"
)

// TypeName is the name of a value's class as it stands in Python's messages: "list", "NoneType", "datetime.datetime", "decimal.Decimal". Classes that are written in Python have no module
// there ("Fraction"), and so have Objects. A Global is taken for a class, whose class is "type", unless it is one of Python's built-in functions.
func TypeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case float64, float32:
		return "float"
	case complex128, complex64:
		return "complex"
	case string, Str2:
		return "str"
	case Bytes:
		return "bytes"
	case *ByteArray:
		return "bytearray"
	case Tuple:
		return "tuple"
	case *List:
		return "list"
	case *Dict:
		return "dict"
	case *OrderedDict:
		return "collections.OrderedDict"
	case *Set:
		return "set"
	case *FrozenSet:
		return "frozenset"
	case Range:
		return "range"
	case Slice:
		return "slice"
	case *Array:
		return "array.array"
	case Date:
		return "datetime.date"
	case Time:
		return "datetime.time"
	case DateTime:
		return "datetime.datetime"
	case TimeDelta:
		return "datetime.timedelta"
	case TimeZone:
		return "datetime.timezone"
	case *Decimal:
		return "decimal.Decimal"
	case *Fraction:
		return "Fraction"
	case UUID:
		return "UUID"
	case *Exception:
		return typeNameOf(v.Class)
	case Singleton:
		return singletonType(v)
	case Global:
		return metaName(v)
	case *Object:
		return objectType(v)
	case Foreign:
		return v.PythonType()
	}
	if _, _, ok := intOf(v); ok {
		return "int"
	}
	return fmt.Sprintf("%T", v)
}

func singletonType(s Singleton) string {
	switch s {
	case Ellipsis:
		return "ellipsis"
	case NotImplemented:
		return "NotImplementedType"
	}
	return string(s)
}

func metaName(g Global) string {
	if _, function := slices.BinarySearch(builtinFunctions, g.Name); g.Module == builtins && function {
		return "builtin_function_or_method"
	}
	return "type"
}

// writtenInC are the classes that pickles have instances of and whose names have their modules in messages, since they are written in C.
var writtenInC = map[Global]bool{
	{"collections", "deque"}:             true,
	{"collections", "defaultdict"}:       true,
	{"functools", "partial"}:             true,
	{"operator", "attrgetter"}:           true,
	{"operator", "itemgetter"}:           true,
	{"operator", "methodcaller"}:         true,
	{"types", "SimpleNamespace"}:         true,
	{"zoneinfo", "ZoneInfo"}:             true,
	{"itertools", "count"}:               true,
	{"xml.etree.ElementTree", "Element"}: true,
}

func typeNameOf(class Global) string {
	if writtenInC[class] {
		return class.path()
	}
	return lastName(class.Name)
}

func objectType(o *Object) string {
	if _, ok := zoneKey(o); ok {
		return "zoneinfo.ZoneInfo"
	}
	class, args := o.instance()
	if _, ok := typeOfSingleton(class, args); ok {
		return "type"
	}
	if g, ok := class.(Global); ok {
		return typeNameOf(g)
	}
	return "object"
}
