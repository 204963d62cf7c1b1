package pickle

import (
	"reflect"
	"strconv"

	"github.com/multiproc-go/multiproc/py"
)

// UnmarshalTypeError says that a Python value, or a part of it, does not fit the Go type that it was to be stored in.
type UnmarshalTypeError struct {
	// Path leads to the part, from the value on: .users[3]['name']. A dot stands before the name of a
	// struct's field, as it is in Python. It is empty for the value itself, and leaves out the middle
	// of a very long way. Within a DecodeError it begins at the instance of a registered class:
	// <shop.Account>.balance.
	Path string
	// Value is Python's name for the part's type: "int", "NoneType", "datetime.datetime".
	Value string
	// Type is what it was to be stored in; nil if the value is at fault whatever the type: it is
	// nested too deeply.
	Type reflect.Type
	// Reason tells why not, where the types alone don't: "300 does not fit".
	Reason string
	// Err is what a method of the type returned, or Python's exception; else nil.
	Err error
}

func (e *UnmarshalTypeError) Error() string {
	text := "pickle"
	if e.Path != "" {
		text += ": " + e.Path
	}
	if e.Type != nil {
		text += ": Python's " + plainName(e.Value) + " into Go's " + e.Type.String()
	}
	return text + because(e.Reason, e.Err)
}

// Unwrap returns Err.
func (e *UnmarshalTypeError) Unwrap() error { return e.Err }

// mismatch is the error for a value that can't be stored in dst.
func mismatch(v py.Value, dst reflect.Value, reason string) error {
	if v == nil && reason == "" {
		reason = "there is no value; a pointer could be nil"
	}
	if o, ok := v.(*py.Object); ok && reason == "" {
		reason = whyNot(o)
	}
	return &UnmarshalTypeError{Value: py.TypeName(v), Type: dst.Type(), Reason: reason}
}

// asUnmarshalError is the error for the caller.
func asUnmarshalError(err error) error {
	if err == nil {
		return nil
	}
	e := asEncodeError(err).(*EncodeError)
	if inner, ok := e.Err.(*UnmarshalTypeError); ok && inner.Path == "" {
		inner.Path = e.Path
		return inner
	}
	return &UnmarshalTypeError{Path: e.Path, Err: e.Err}
}

// digits is a number for a message, which must not be longer than people read.
func digits(v py.Value) string {
	switch i := v.(type) {
	case int64:
		return strconv.FormatInt(i, 10)
	case float64:
		return strconv.FormatFloat(i, 'g', -1, 64)
	}
	if i, ok := bigOf(v); ok && i.BitLen() <= 128 {
		return i.String()
	} else if ok {
		return "a number of " + strconv.Itoa(i.BitLen()) + " bits"
	}
	return "it"
}
