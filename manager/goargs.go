package manager

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// arguments appends what the function is called with.
func (f *goFunc) arguments(in []reflect.Value, c *object.Call) ([]reflect.Value, error) {
	n := len(f.params)
	if len(c.Args) < n || len(c.Args) > n && f.rest == nil || c.Kwargs != nil && c.Kwargs.Len() > 0 {
		return f.bind(in, c)
	}
	for i, v := range c.Args {
		p := f.rest
		if i < n {
			p = &f.params[i]
		}
		x, err := f.convert(c, i, p, v)
		if err != nil {
			return nil, err
		}
		in = append(in, x)
	}
	return in, nil
}

// notGiven stands for an argument that was left out.
var notGiven py.Value = new(struct{ _ byte })

// bind is arguments for calls that are wrong, leave something out, or have keyword arguments.
func (f *goFunc) bind(in []reflect.Value, c *object.Call) ([]reflect.Value, error) {
	if !f.named && c.Kwargs != nil && c.Kwargs.Len() > 0 {
		return nil, py.TypeError("%s() takes no keyword arguments", f.name)
	}
	n := len(f.params)
	values := make([]py.Value, n)
	into := make([]*py.Value, n)
	for i := range values {
		values[i], into[i] = notGiven, &values[i]
	}
	positional := *c
	if f.rest != nil {
		positional.Args = c.Args[:min(len(c.Args), n)]
	}
	if err := f.sign.Parse(&positional, into...); err != nil {
		return nil, err
	}
	for i, v := range values {
		p := &f.params[i]
		x := reflect.Zero(p.typ)
		if v != notGiven {
			var err error
			if x, err = f.convert(c, i, p, v); err != nil {
				return nil, err
			}
		}
		in = append(in, x)
	}
	for i, v := range c.Args[len(positional.Args):] {
		x, err := f.convert(c, n+i, f.rest, v)
		if err != nil {
			return nil, err
		}
		in = append(in, x)
	}
	return in, nil
}

// convert is an argument as the parameter's type.
func (f *goFunc) convert(c *object.Call, i int, p *param, v py.Value) (reflect.Value, error) {
	switch p.plain {
	case reflect.Int:
		if n, ok := v.(int64); ok && int64(int(n)) == n {
			return reflect.ValueOf(int(n)), nil
		}
	case reflect.Int64, reflect.Float64, reflect.String, reflect.Bool:
		if x := reflect.ValueOf(v); x.IsValid() && x.Type() == p.typ {
			return x, nil
		}
	}
	dst := reflect.New(p.typ).Elem()
	if ref, ok := v.(*object.Ref); ok {
		if f.server.proxyInto(dst, ref) {
			return dst, nil
		}
		// Where a list is wanted, a proxy of one is as good in Python. If it has no value the error is about the proxy.
		if err := c.RoomForValue(ref.Node.Object); err != nil {
			return dst, err
		}
		if copied, err := ref.Node.Object.Value(); err == nil {
			v = copied
		}
	}
	if err := f.server.values.AssignValue(v, dst); err != nil {
		return dst, f.mismatch(i, p, v, err)
	}
	return dst, nil
}

// mismatch is the exception for an argument that is not what the function takes.
func (f *goFunc) mismatch(i int, p *param, v py.Value, err error) error {
	where := f.name + "() argument " + strconv.Itoa(i+1)
	if p.name != "" {
		where += " (" + p.name + ")"
	}
	var e *pickle.UnmarshalTypeError
	switch {
	case errors.Is(err, pickle.ErrLimit):
		return py.MemoryError("%s: %s", where, err)
	case !errors.As(err, &e) || e.Type == nil:
		return py.TypeError("%s: %s", where, err)
	}
	if e.Path != "" {
		where += " at " + e.Path
	}
	if strings.HasSuffix(e.Reason, doesNotFit) {
		return py.OverflowError("%s: %s into %s", where, e.Reason, e.Type)
	}
	want := e.Type
	if e.Path == "" && f.server.types.ofPointer(p.typ) != nil {
		want = p.typ
	}
	text := fmt.Sprintf("%s: expected %s, got %s", where, f.server.wanted(want), given(e, v))
	switch {
	case e.Err != nil:
		text += " (" + e.Err.Error() + ")"
	case e.Reason != "" && v != nil:
		text += " (" + e.Reason + ")"
	}
	return py.NewException("TypeError", text)
}

// doesNotFit is the end of the reason for a number that is too large.
const doesNotFit = " does not fit"

// given is what an argument is: its type, and its text if that is short.
func given(e *pickle.UnmarshalTypeError, v py.Value) string {
	if e.Path != "" || e.Value != py.TypeName(v) {
		return e.Value
	}
	switch v.(type) {
	case nil:
		return "None"
	case bool, int64, float64, string, py.Str2, py.Bytes:
		if text, err := py.ReprLimit(v, maxGiven); err == nil {
			return e.Value + " " + text
		}
	}
	return e.Value
}

// maxGiven is how long the text of an argument is that is shown.
const maxGiven = 80

// wanted is Python's name for what a Go type takes.
func (s *Server) wanted(t reflect.Type) string {
	if g := s.types.ofPointer(t); g != nil {
		return "a proxy of " + g.typ.Name
	}
	if name, ok := pythonTypes[t]; ok {
		return name
	}
	if p := reflect.PointerTo(t); t.PkgPath() != "" && (t.Implements(unmarshalerType) || p.Implements(unmarshalerType)) {
		return t.String()
	} else if t.PkgPath() != "" && p.Implements(textUnmarshalerType) {
		return "str for " + t.String()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Float32, reflect.Float64:
		return "float"
	case reflect.Complex64, reflect.Complex128:
		return "complex"
	case reflect.String:
		return "str"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "list"
	case reflect.Map:
		if t.Elem().Kind() == reflect.Struct && t.Elem().NumField() == 0 {
			return "set"
		}
		return "dict"
	case reflect.Pointer:
		return s.wanted(t.Elem()) + " or None"
	case reflect.Struct:
		return "a dict or an object for " + t.String()
	case reflect.Interface:
		return t.String()
	}
	return "int" // all other kinds that a parameter can have
}
