package object

import (
	"slices"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// visible is how many elements tuples with names have that are written in C and may have further attributes. They are pickled as class(tuple, dict of these attributes).
var visible = map[string]int{
	"time.struct_time":       9,
	"os.stat_result":         10,
	"posix.stat_result":      10,
	"os.statvfs_result":      10,
	"posix.statvfs_result":   10,
	"os.terminal_size":       2,
	"os.times_result":        5,
	"posix.times_result":     5,
	"os.uname_result":        5,
	"posix.uname_result":     5,
	"pwd.struct_passwd":      7,
	"grp.struct_group":       4,
	"resource.struct_rusage": 16,
}

// notIterable are classes of the library whose instances can't be iterated over.
var notIterable = map[string]bool{
	"functools.partial":              true,
	"operator.attrgetter":            true,
	"operator.itemgetter":            true,
	"operator.methodcaller":          true,
	"pathlib.PosixPath":              true,
	"pathlib._local.PosixPath":       true, // of 3.13
	"pathlib._local.PurePosixPath":   true,
	"pathlib._local.PureWindowsPath": true,
	"pathlib._local.WindowsPath":     true,
	"pathlib.PurePosixPath":          true,
	"pathlib.PureWindowsPath":        true,
	"pathlib.WindowsPath":            true,
	"types.SimpleNamespace":          true,
	"zoneinfo.ZoneInfo":              true,
}

// objectContents are the elements of an instance that is no iterator.
func (w *walk) objectContents(o *py.Object) ([]py.Value, error) {
	name := o.ClassName()
	if n := visible[name]; n > 0 && len(o.Args) > 0 {
		if t, ok := o.Args[0].(py.Tuple); ok && len(t) == n {
			return t, nil
		}
	}
	switch {
	case notIterable[name]:
		return nil, py.TypeError("'%s' object is not iterable", py.TypeName(o))
	case name == "collections.deque":
		var items []py.Value
		if len(o.Args) > 0 {
			first, err := w.within(o.Args[0])
			if err != nil {
				return nil, err
			}
			items = first
		}
		return w.concat(items, o.Items)
	}
	if d, err := w.objectMapping(o); err != nil {
		return nil, err
	} else if d != nil {
		return w.contents(d)
	}
	if base, ok := baseValue(o); ok {
		if isInt(base) || py.TypeName(base) == "float" {
			return nil, py.TypeError("'%s' object is not iterable", py.TypeName(o))
		}
		items, err := w.within(base)
		if err != nil {
			return nil, err
		}
		return w.concat(items, o.Items)
	}
	if len(o.Items) > 0 {
		return o.Items, nil // an instance of a subclass of list
	}
	return nil, unknownClass(o)
}

func (w *walk) concat(a, b []py.Value) ([]py.Value, error) {
	switch {
	case len(a) == 0:
		return b, nil
	case len(b) == 0:
		return a, nil
	}
	if err := w.spend(int64(len(a)+len(b)), slotBytes); err != nil {
		return nil, err
	}
	return slices.Concat(a, b), nil
}

// within are the elements of what an instance holds, which a client's hand may have made the instance itself.
func (w *walk) within(v py.Value) ([]py.Value, error) {
	defer func() { w.depth-- }()
	if err := w.enter(); err != nil {
		return nil, err
	}
	return w.elements(v)
}

// unknownClass is for an instance of a class of which the pickle does not tell what it is. An empty list looks as any object without attributes, tuple's subclass with the elements of one tuple as
// a namedtuple whose only field is a tuple, and str's subclass as an Enum's member: the answer would be a guess.
func unknownClass(o *py.Object) error {
	if name := o.ClassName(); strings.HasPrefix(name, "itertools.") {
		return passInstead("iterating over an instance of "+name, "list(x)")
	}
	instead := "list(x) or dict(x)"
	switch {
	case len(o.Args) > 1 && o.Form == py.Made:
		instead = "tuple(x) or list(x)" // most are namedtuples
	case len(o.Args) == 1:
		switch o.Args[0].(type) {
		case py.Tuple, string, *py.List:
			instead = "list(x)"
		}
	}
	return py.NotImplementedError("the server does not know the class %s, and so not what iterating over an instance of it gives: pass %s instead", py.TypeName(o), instead)
}

// baseValue is what an instance is as one of the built-in class that its own is derived from. Only copyreg._reconstructor(class, base, value), of protocols 0 and 1, tells that.
func baseValue(o *py.Object) (py.Value, bool) {
	if o.Form != py.Called || o.Class != (py.Global{Module: "copyreg", Name: "_reconstructor"}) || len(o.Args) != 3 {
		return nil, false
	}
	v := o.Args[2]
	switch v.(type) {
	case *py.Object, *Ref, nil:
		return nil, false
	}
	return v, o.Args[1] == builtin(py.TypeName(v))
}
