package pickle

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// EncodeError tells why a value can't be written, and where in it the reason lies. Errors of the io.Writer come without one.
type EncodeError struct {
	// Path leads to the place, as in Python: "[3]['key'].args[0]". It is empty for the value itself, and leaves out the middle of a very long way.
	Path string
	Err  error
}

func (e *EncodeError) Error() string {
	return "pickle: can't write value" + e.Path + ": " + strings.TrimPrefix(e.Err.Error(), "pickle: ")
}

func (e *EncodeError) Unwrap() error { return e.Err }

// pathError is an EncodeError on its way up, with the steps from the last to the first.
type pathError struct {
	steps []string
	err   error
}

func (e *pathError) Error() string { return e.err.Error() }

// at adds a step to the path of an error, if there is one.
func at(err error, step string) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*pathError)
	if !ok {
		e = &pathError{err: err}
	}
	e.steps = append(e.steps, step)
	return e
}

func atIndex(err error, i int) error { return at(err, "["+strconv.Itoa(i)+"]") }

// atKey is the step to a value in a dict.
func atKey(err error, key py.Value) error {
	switch k := key.(type) {
	case string:
		return at(err, "['"+plain(k)+"']")
	case int64:
		return at(err, "["+strconv.FormatInt(k, 10)+"]")
	case py.Global:
		return at(err, "["+plain(k.Module+"."+k.Name)+"]")
	}
	return at(err, "["+plain(py.TypeName(key))+"]")
}

// plain is a text for an error: not too long, and with escapes for what a terminal or a log would not show as it is. It may be a stranger's.
func plain(s string) string { return plainLimit(s, 50) }

// plainName is plain for the name of a class, which one may have to register.
func plainName(s string) string { return plainLimit(s, 200) }

func plainLimit(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// asEncodeError is the error for the caller. What a converter of Go values says continues the path.
func asEncodeError(err error) error {
	var path string
	if p, ok := err.(*pathError); ok {
		const most = 40
		slices.Reverse(p.steps)
		if n := len(p.steps); n > most {
			p.steps = slices.Concat(p.steps[:most/2], []string{"..."}, p.steps[n-most/2:])
		}
		path, err = strings.Join(p.steps, ""), p.err
	}
	if inner, ok := err.(*EncodeError); ok {
		return &EncodeError{path + inner.Path, inner.Err}
	}
	return &EncodeError{path, err}
}

var (
	errNotText = errors.New("the string is not UTF-8, and Python's str is text; py.Bytes is for bytes")
	errNeeds4  = errors.New("text or bytes of 4 GiB need protocol 4 (a str of Python 2 can't have 2 GiB)")
)

func errTooLong(limit int64) error {
	return &fault{ErrTooLong, fmt.Sprintf("the pickle would have more than %d bytes, the limit", limit)}
}

func errTooDeep(limit int) error {
	return tooMuch("values are deeper in one another than %d, the limit", limit)
}
