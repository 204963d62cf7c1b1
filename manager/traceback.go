package manager

import (
	"errors"
	"strings"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// Texts for #TRACEBACK have the form that people, and tests, know from Python. They name no file of the server.

// traceback is the text for an error that was raised where the server did something: its last line is "Type: text".
func traceback(where string, err error) string {
	var b strings.Builder
	raised(&b, where, err)
	return b.String()
}

func raised(b *strings.Builder, where string, err error) {
	b.WriteString("Traceback (most recent call last):\n  File \"<multiproc manager>\", in ")
	b.WriteString(firstRunes(where, maxName)) // it may be what a client has asked for
	b.WriteByte('\n')
	b.WriteString(asException(err).Error())
	b.WriteByte('\n')
}

// noMethod is the text for a method that an object has not, or that its type does not expose: as Python's server looks for it in a second place, there are two errors in it.
func noMethod(typeid, method string) string {
	var b strings.Builder
	raised(&b, "serve_client", py.AttributeError("method %s of a %s object is not exposed", quoted(method), quoted(typeid)))
	b.WriteString("\nDuring handling of the above exception, another exception occurred:\n\n")
	raised(&b, "serve_client", py.KeyError(method))
	return b.String()
}

func quoted(s string) string {
	if text, err := py.ReprLimit(s, maxQuoted); err == nil {
		return text
	}
	return "'...'"
}

// maxQuoted bounds what a client's own text takes in an answer.
const maxQuoted = 1 << 10

// asException is the Python exception that stands for an error of Go. Errors of decoding have one in them, or tell what is wrong with the pickle.
func asException(err error) *py.Exception {
	var e *py.Exception
	var decode *pickle.DecodeError
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, pickle.ErrLimit):
		return py.NewException("MemoryError", err.Error())
	case errors.As(err, &decode):
		return &py.Exception{Class: py.Global{Module: "pickle", Name: "UnpicklingError"}, Args: py.Tuple{err.Error()}}
	}
	return py.NewException("RuntimeError", err.Error())
}
