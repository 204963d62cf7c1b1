package object

import "github.com/multiproc-go/multiproc/py"

// on is the Method that a Go method is: on((*list).append).
func on[T Object](f func(o T, c *Call) (py.Value, error)) Method {
	return func(o Object, c *Call) (py.Value, error) { return f(o.(T), c) }
}

// NeedsPython is the exception for what would have to run Python code. what tells it: "list.sort(key=...)". NotImplementedError is what programs are least likely to expect, and to swallow.
func NeedsPython(what string) *py.Exception {
	return py.NotImplementedError("%s would have to run Python code in the server, which has none; it will come with Python workers", what)
}

// callable reports whether a value can be a function or another object that can be called: of other classes' instances it is unknown.
func callable(v py.Value) bool {
	switch v.(type) {
	case py.Global, *py.Object:
		return true
	}
	return false
}

// notCallable is Python's error for a call of a value that is no function.
func notCallable(v py.Value) error {
	return py.TypeError("'%s' object is not callable", py.TypeName(v))
}

// proxy is the name of a proxy class of multiprocessing's.
func proxy(name string) py.Global { return py.Global{Module: "multiprocessing.managers", Name: name} }

func builtin(name string) py.Global { return py.Global{Module: "builtins", Name: name} }

// called is what Python makes of a pickled call of a built-in: builtins.iter([1, 2]).
func called(name string, args ...py.Value) *py.Object {
	return &py.Object{Form: py.Called, Class: builtin(name), Args: args}
}

// result is nil, and not a typed one, if there is an error.
func result[T any](v T, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

// keyErrorText is a KeyError with a text, of which clients see the repr: it must be a native str there.
func keyErrorText(c *Call, text string) error {
	if c.Python2 {
		return py.KeyError(py.Str2(text))
	}
	return py.KeyError(text)
}

func isInt(v py.Value) bool {
	switch py.TypeName(v) {
	case "int", "bool":
		return true
	}
	return false
}

// compareInt compares a number with an int. An instance of a class that is not known here, which may be a number in Python, has an error that says so.
func compareInt(op py.Op, v py.Value, with int64) (bool, error) {
	if _, ok := v.(*py.Object); ok {
		return false, py.NoInteger(v)
	}
	return py.Compare(op, v, with)
}
