package manager

import (
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// fallback is for what every object has, whatever its type exposes.
func (x *session) fallback(o object.Object, t *object.Type) []byte {
	r := &x.request
	switch r.method {
	case "__str__", "__repr__":
		text, err := x.repr(o)
		if err != nil {
			return x.replier.failure(r, err)
		}
		return x.replier.result(r, r.native(asciiIf(r.python2, text)))
	case "#GETVALUE":
		v, err := x.value(o)
		if err != nil {
			return x.replier.failure(r, err)
		}
		return x.replier.result(r, v)
	}
	return x.replier.traceback(r, noMethod(t.Name, r.method))
}

// value is an object's Value, if there is room for it.
func (x *session) value(o object.Object) (py.Value, error) {
	x.call = object.Call{Caller: &x.caller}
	if err := x.call.RoomForValue(o); err != nil {
		return nil, err
	}
	return o.Value()
}

// texts are lengths of a repr, and reprBytes is what each byte takes while it is written. How long it is shows when as much of it has been made.
var texts = [...]int{1 << 20, 16 << 20, py.MaxText}

const reprBytes = 3

// repr is an object's Repr, if there is room for it.
func (x *session) repr(o object.Object) (string, error) {
	if x.request.python2 {
		if v, ok := x.resolved(o); ok {
			return py.Repr(v)
		}
	}
	if _, ok := o.(object.Briefer); ok {
		for i, max := range texts {
			if i > 0 {
				if err := x.room(int64(reprBytes * max)); err != nil {
					return "", err
				}
			}
			if max == py.MaxText || len(object.Brief(o, max)) < max-utf8.UTFMax {
				break
			}
			x.settle()
		}
	}
	return o.Repr()
}

// resolved is, for Python 2.7, what a container has in it with objects in the places of their proxies; ok is false if it has no proxies. Its own server has nothing else there.
func (x *session) resolved(o object.Object) (v py.Value, ok bool) {
	v, err := x.value(o)
	if err != nil {
		return nil, false
	}
	switch v.(type) {
	case *py.List, *py.Dict:
	default:
		return nil, false
	}
	w := &x.replier
	config := w.config
	config.Protocol, config.Limits.Size = 2, firstAnswer
	w.refs.begin(true)
	b, err := config.Append(nil, v)
	proxies := len(w.refs.values)
	w.refs.values = nil
	if err != nil || proxies == 0 {
		return nil, false
	}
	v, err = pickle.Decode(b)
	return v, err == nil
}
