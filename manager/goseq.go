package manager

import (
	"iter"
	"reflect"

	"github.com/multiproc-go/multiproc/py"
)

// isSequence tells whether a type is an iter.Seq, or an iter.Seq2 of values and errors.
func isSequence(t reflect.Type) bool {
	return t.Kind() == reflect.Func && (t.CanSeq() || t.CanSeq2() && t.In(0).In(1) == errorType)
}

// sequence has the values of a user's sequence, and of a slice. It runs in the call of a client that waits for the next one.
func (f *goFunc) sequence(v reflect.Value) iter.Seq2[py.Value, error] {
	return func(yield func(py.Value, error) bool) {
		e := each{f: f, yield: yield}
		defer e.last()
		defer f.server.contain(f.name, &e.finished, &e.err)
		switch {
		case v.Kind() != reflect.Func:
			for i := 0; i < v.Len() && e.value(v.Index(i)); i++ {
			}
		case v.Type().CanSeq():
			v.Seq()(e.value)
		default:
			v.Seq2()(func(x, failed reflect.Value) bool {
				if err, _ := failed.Interface().(error); err != nil {
					e.err = pythonError(err)
					return false
				}
				return e.value(x)
			})
		}
		e.finished = true
	}
}

// each is one run through a sequence.
type each struct {
	f        *goFunc
	yield    func(py.Value, error) bool
	stopped  bool  // nobody wants more
	err      error // that ends the sequence, and is its last value
	finished bool
}

func (e *each) value(x reflect.Value) bool {
	v, err := e.f.value(x)
	if err != nil {
		e.err = err
		return false
	}
	e.stopped = !e.yield(v, nil)
	return !e.stopped
}

func (e *each) last() {
	if e.err != nil && !e.stopped {
		e.yield(nil, e.err)
	}
}
