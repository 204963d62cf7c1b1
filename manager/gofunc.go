package manager

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// A goFunc is a function or a method of a user's. All that can be known of it is found out when it is registered.
type goFunc struct {
	server  *Server
	name    string // "Maths.add"
	fn      reflect.Value
	context bool // its first parameter is one
	params  []param
	rest    *param // the variadic one, nil if there is none
	named   bool
	sign    *object.Signature // for calls that are wrong, or have keyword arguments
	fails   bool              // the last result is an error
	results []goResult
	of      *goType // whose callable it is, nil of a method
	typeid  string  // of the object that the result is; "" if it is a value
}

type param struct {
	name     string // empty if it has none
	typ      reflect.Type
	plain    reflect.Kind // for numbers and strings without methods, otherwise Invalid
	optional bool
}

type goResult struct {
	plain   reflect.Kind
	pointer bool // it may be a pointer of a registered type
}

var contextType = reflect.TypeFor[context.Context]()

// plainKind is the kind of a type that means nothing but what its kind says, of the most usual ones.
func plainKind(t reflect.Type) reflect.Kind {
	switch k := t.Kind(); k {
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64, reflect.String:
		if t.PkgPath() == "" {
			return k
		}
	}
	return reflect.Invalid
}

// newGoFunc looks at a function. names are those of its parameters, nil if there are none.
func (s *Server) newGoFunc(name string, fn reflect.Value, method bool, names []string) (*goFunc, error) {
	f := &goFunc{server: s, name: name, fn: fn, named: names != nil}
	t := fn.Type()
	first := 0
	if method {
		first++
	}
	if t.NumIn() > first && t.In(first) == contextType {
		f.context = true
		first++
	}
	for i := first; i < t.NumIn(); i++ {
		p := param{typ: t.In(i)}
		if t.IsVariadic() && i == t.NumIn()-1 {
			p.typ = p.typ.Elem()
			f.rest = &p
		}
		p.plain = plainKind(p.typ)
		switch p.typ.Kind() {
		case reflect.Func, reflect.Chan, reflect.UnsafePointer:
			return nil, fmt.Errorf("the type of its parameter %d is %s, and nothing of Python's is one; leave it out by naming others with Exposed", i-first+1, p.typ)
		}
		if f.rest == nil {
			f.params = append(f.params, p)
		}
	}
	if err := f.nameParams(names); err != nil {
		return nil, err
	}
	for i := range t.NumOut() {
		if out := t.Out(i); i < t.NumOut()-1 || out != errorType {
			f.results = append(f.results, goResult{plain: plainKind(out), pointer: out.Kind() == reflect.Pointer || out.Kind() == reflect.Interface})
		} else {
			f.fails = true
		}
	}
	return f, nil
}

// nameParams gives the parameters their names.
func (f *goFunc) nameParams(names []string) error {
	all := len(f.params)
	if f.rest != nil {
		all++
	}
	if f.named && len(names) != all {
		return fmt.Errorf("Params names %d parameters (%s), and it has %d", len(names), strings.Join(names, ", "), all)
	}
	var spec []string
	optional := false
	for i := range f.params {
		p := &f.params[i]
		if f.named {
			p.name, p.optional = strings.CutSuffix(names[i], "=")
			if !callableName(p.name) {
				return fmt.Errorf("Params names a parameter %q, which is no name in Python", p.name)
			}
			optional = optional || p.optional
			p.optional = optional
		}
		name := p.name
		if name == "" {
			name = "arg" + strconv.Itoa(i+1)
		}
		if optional {
			name += "="
		}
		spec = append(spec, name)
	}
	if f.rest != nil && f.named {
		f.rest.name = strings.TrimLeft(names[all-1], "*")
	}
	f.sign = object.Plain(f.name, spec...)
	return nil
}

// returns notes the typeid of the result, or looks whether the results can be values.
func (f *goFunc) returns(typeid string) error {
	t := f.fn.Type()
	if typeid != "" {
		if len(f.results) != 1 {
			return fmt.Errorf("MethodToTypeid makes its result an object, and it has %d results", len(f.results))
		}
		f.typeid = typeid
		return nil
	}
	for i := range f.results {
		switch out := t.Out(i); out.Kind() {
		case reflect.Func, reflect.Chan, reflect.UnsafePointer:
			hint := "leave it out by naming others with Exposed"
			if isSequence(out) {
				hint = "as an object it can be one: MethodToTypeid with the typeid Iterator"
			}
			return fmt.Errorf("its result is of the type %s, which is no value in Python; %s", out, hint)
		}
	}
	return nil
}

// method calls a method for a client.
func (f *goFunc) method(i *instance, c *object.Call) (py.Value, error) { return f.call(i, i.v, c) }

// call calls the function. What the client is to get, be it an exception, is all that comes out of it. The result of a callable is an object, and that of a method with a typeid a *proxied or nil.
func (f *goFunc) call(o object.Object, self reflect.Value, c *object.Call) (v py.Value, err error) {
	finished := false
	defer f.server.contain(f.name, &finished, &err)
	in := make([]reflect.Value, 0, maxQuick+2)
	if self.IsValid() {
		in = append(in, self)
	}
	ctx := context.Background()
	if f.context {
		in = append(in, reflect.Value{})
	}
	if in, err = f.arguments(in, c); err != nil {
		finished = true
		return nil, err
	}
	if f.context {
		if c.Caller.Blocking != nil {
			var done func()
			ctx, done = c.Caller.Blocking(o, f.name)
			defer done()
		}
		at := 0
		if self.IsValid() {
			at = 1
		}
		in[at] = reflect.ValueOf(ctx)
	}
	out := f.fn.Call(in)
	if f.fails {
		last := len(out) - 1
		if failed, _ := out[last].Interface().(error); failed != nil {
			finished = true
			if ctx.Err() != nil {
				return nil, object.ErrGone
			}
			return nil, pythonError(failed)
		}
		out = out[:last]
	}
	v, err = f.returned(o, out)
	finished = true
	return v, err
}

// returned is the value of the results.
func (f *goFunc) returned(o object.Object, out []reflect.Value) (py.Value, error) {
	switch {
	case f.of != nil:
		return f.of.made(f, out[0])
	case f.typeid != "":
		return f.asObject(out[0])
	case len(out) == 0:
		return nil, nil
	case len(out) == 1:
		return f.result(f.results[0], out[0])
	}
	all := make(py.Tuple, len(out))
	for i, x := range out {
		v, err := f.result(f.results[i], x)
		if err != nil {
			return nil, err
		}
		all[i] = v
	}
	return all, nil
}

// result is the value of one result.
func (f *goFunc) result(r goResult, v reflect.Value) (py.Value, error) {
	switch r.plain {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int64:
		return v.Int(), nil
	case reflect.Float64:
		return v.Float(), nil
	}
	if r.pointer {
		return f.value(v)
	}
	return f.plainValue(v)
}

// value is a Go value for a client. A pointer of a registered type goes as a proxy.
func (f *goFunc) value(v reflect.Value) (py.Value, error) {
	if v.Kind() == reflect.Interface {
		v = v.Elem() // nothing, of a nil one
	}
	if v.Kind() == reflect.Pointer && !v.IsNil() && !v.Type().Implements(marshalerType) {
		if g := f.server.types.ofPointer(v.Type()); g != nil {
			return f.server.refer(&instance{g, v})
		}
	}
	return f.plainValue(v)
}

func (f *goFunc) plainValue(v reflect.Value) (py.Value, error) {
	if !v.IsValid() {
		return nil, nil
	}
	x, err := f.server.values.Of(v.Interface())
	if err != nil {
		return nil, object.Unserializable("the result of %s() has no counterpart in Python: %w", f.name, err)
	}
	return x, nil
}
