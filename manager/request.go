package manager

import (
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A request is a message of a client: (ident or None, name of a method, positional arguments, keyword arguments).
type request struct {
	ident    string
	method   string
	args     py.Tuple
	kwargs   *py.Dict // nil if there are none
	protocol int      // of the pickle; the answer is in the same one
	python2  bool     // names came as Python 2's native strings, so that the answer has to have those
}

// protocolOf is the protocol to answer a pickle in. One of protocol 0 or 1, which has no number in it, is answered in 2.
func protocolOf(message []byte) int {
	if len(message) < 2 || message[0] != 0x80 {
		return 2
	}
	return min(max(int(message[1]), 2), pickle.HighestProtocol)
}

// parse takes a request apart. After an error, which is the client's to see, the connection can go on; protocol is set even then.
func (r *request) parse(config *pickle.Config, message []byte) error {
	if r.quickly(message) {
		return nil
	}
	*r = request{protocol: protocolOf(message)}
	r.python2 = r.protocol == 2 // for the error, until something tells otherwise
	v, err := config.Decode(message)
	if err != nil {
		return err
	}
	var parts []py.Value
	switch v := v.(type) {
	case py.Tuple:
		parts = v
	case *py.List:
		parts = v.Items
	default:
		return py.TypeError("cannot unpack non-iterable %s object", py.TypeName(v))
	}
	if len(parts) < 4 {
		return py.ValueError("not enough values to unpack (expected 4, got %d)", len(parts))
	}
	if len(parts) > 4 {
		return py.ValueError("too many values to unpack (expected 4)")
	}
	return r.fill(parts)
}

func (r *request) fill(parts []py.Value) error {
	switch method := parts[1].(type) {
	case string:
		r.method, r.python2 = method, false
	case py.Str2:
		r.method, r.python2 = string(method), r.protocol == 2
	default:
		return py.TypeError("attribute name must be string, not '%s'", py.TypeName(method))
	}
	switch ident := parts[0].(type) {
	case nil: // of a request to the server itself
	case string:
		r.ident = ident
	case py.Str2:
		r.ident = string(ident)
	default:
		return py.KeyError(ident)
	}
	switch args := parts[2].(type) {
	case py.Tuple:
		r.args = args
	case *py.List:
		r.args = args.Items
	default:
		return py.TypeError("argument after * must be an iterable, not %s", py.TypeName(args))
	}
	kwargs, ok := parts[3].(*py.Dict)
	if !ok {
		return py.TypeError("argument after ** must be a mapping, not %s", py.TypeName(parts[3]))
	}
	if kwargs.Len() > 0 {
		return r.keywords(kwargs)
	}
	return nil
}

// keywords makes the names of arguments strings, which in Python 2 are native ones.
func (r *request) keywords(kwargs *py.Dict) error {
	all := true
	for key := range kwargs.All() {
		switch key.(type) {
		case string:
		case py.Str2:
			all = false
		default:
			return py.TypeError("keywords must be strings")
		}
	}
	r.kwargs = kwargs
	if all {
		return nil
	}
	r.kwargs = py.NewDictSize(kwargs.Len())
	for key, v := range kwargs.All() {
		name, _ := py.Text(key)
		r.kwargs.SetStr(name, v)
	}
	return nil
}

// native is a string as what str is for the client.
func (r *request) native(s string) py.Value {
	if r.python2 {
		return py.Str2(s)
	}
	return s
}
