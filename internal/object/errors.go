package object

import (
	"errors"
	"fmt"
)

var (
	// ErrUnserializable: the object has no value that could be sent: a Lock, a Queue.
	ErrUnserializable = errors.New("there is nothing that could be sent of it")
	// ErrGone: the caller is gone, or the server ends; the call that was waiting has had no effect.
	ErrGone = errors.New("object: the caller is gone")
)

// unserializable is an ErrUnserializable with a text that says all.
type unserializable struct{ error }

// Unserializable makes an error that wraps ErrUnserializable, and has no other text than this one: a client gets it.
func Unserializable(format string, args ...any) error {
	return unserializable{fmt.Errorf(format, args...)}
}

func (u unserializable) Unwrap() []error { return []error{ErrUnserializable, u.error} }
