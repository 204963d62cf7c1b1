package manager

import (
	"errors"
	"fmt"
	"strings"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

var (
	// ErrClosed: the Client, or the Proxy, was closed in this process.
	ErrClosed = errors.New("closed by this process")
	// ErrConnectionLost: a request was sent, and its reply has not come: the server has ended, was killed, or has closed the connection. Nobody knows whether the method was called. RLocks and
	// Conditions that the Client owned are released if the server is still there. The next call makes a new connection.
	ErrConnectionLost = errors.New("the connection to the server is lost")
)

// A RemoteError is an error that the server tells as a text: the object, or the method, is not there; the constructor has failed; or a result can't be pickled. What a method of an object raises
// comes as a *py.Exception instead. Python's RemoteError is the same.
type RemoteError struct {
	// Traceback is the server's text, of several lines. For a result that can't be pickled it is a text about that result.
	Traceback string
	// Unserializable: the call was made, and its result can't be pickled.
	Unserializable bool
}

// Error is the text's last line, which has the exception: "KeyError: 'x'".
func (e *RemoteError) Error() string {
	if e.Unserializable {
		return "the result can't be pickled: " + strings.TrimSpace(firstRunes(e.Traceback, maxErrorText))
	}
	lines := strings.Split(strings.TrimRight(e.Traceback, " \n-"), "\n")
	return firstRunes(lines[len(lines)-1], maxErrorText)
}

// maxErrorText is how many characters of a server's text an error shows.
const maxErrorText = 1 << 10

// As is a result as a Go type:
//
//	n, err := manager.As[int](p.Call(ctx, "add", 1, 2))
//
// The conversion is that of pickle's Assign; what does not fit T is its *pickle.UnmarshalTypeError, and the call was made all the same.
func As[T any](v any, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return pickle.As[T](v)
}

// replied is what a reply says: the value of kind #RETURN, or an error. Who expects another kind has looked at it before.
func replied(kind string, v py.Value) (py.Value, error) {
	switch kind {
	case kindReturn:
		return v, nil
	case kindError:
		return nil, raisedBy(v)
	case kindTraceback, kindUnserializable:
		t, ok := py.Text(v)
		if !ok {
			return nil, &sentError{fmt.Errorf("the text of a %s is of the type %s", kind, py.TypeName(v))}
		}
		return nil, &RemoteError{Traceback: t, Unserializable: kind == kindUnserializable}
	}
	return nil, &sentError{fmt.Errorf("a reply is of the unknown kind %q", firstRunes(kind, maxKind))}
}

// maxKind is how many characters of an unknown kind an error shows.
const maxKind = 40

// raisedBy is the exception that a reply has. One of a class that is not known here comes as an instance of any class.
func raisedBy(v py.Value) error {
	switch v := v.(type) {
	case *py.Exception:
		return v
	case *py.Object:
		if class, ok := v.Class.(py.Global); ok && v.Form == py.Called {
			return &py.Exception{Class: class, Args: v.Args, State: v.State}
		}
	case error: // of a class that the program has registered
		return v
	}
	return &sentError{fmt.Errorf("an exception is of the type %s", py.TypeName(v))}
}
