package multiproc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/envelope"
)

// Func is a registered function, which can be started in a process of its own.
type Func[In, Out any] struct {
	entry *entry
}

// Register makes fn known under a name, which must be unique in the program: a library puts its own name in front, as in
// "thumbs/resize". Call it in a package variable,
//
//	var Square = multiproc.Register("square", func(ctx context.Context, x int) (int, error) { return x * x, nil })
//
// so that it has run in the worker too when Main looks the name up. fn must be a function of the package, or a closure over
// nothing but package variables: a worker is a new process and sees none of the parent's variables.
//
// The context of fn ends when the worker shall stop: when the context given to Start ends, or by Process.Interrupt. Its deadline is the one
// of Start's context. fn runs on the worker's main goroutine.
//
// In and Out may be any types of which every part can travel: see the package documentation. Register never fails: what is wrong
// with the name or the types is returned by Start, as a *TypeError or an error that wraps ErrDuplicate. It costs some microseconds.
func Register[In, Out any](name string, fn func(ctx context.Context, in In) (Out, error)) *Func[In, Out] {
	in, out := reflect.TypeFor[In](), reflect.TypeFor[Out]()
	e := &entry{name: name, in: typeName(in), out: typeName(out)}
	if fn != nil {
		e.bind = func(argument []byte) (call, error) { return bind(fn, argument) }
	}
	_, file, line, _ := runtime.Caller(1)
	e.where = fmt.Sprintf("%s:%d", file, line)
	switch {
	case name == "":
		e.err = fmt.Errorf("multiproc: the function registered at %s has no name; give it one that is unique in the program", e.where)
	case fn == nil:
		e.err = fmt.Errorf("multiproc: function %q, registered at %s, is nil", name, e.where)
	default:
		e.types = sync.OnceValue(func() error {
			return typeError(name, errors.Join(envelope.CheckType(in), envelope.CheckType(out)))
		})
		functions.add(e)
	}
	return &Func[In, Out]{entry: e}
}

// Name is the name that the function was registered under.
func (f *Func[In, Out]) Name() string { return f.entry.name }

// Start runs the function in a new process, with in as its argument, and returns once the function is about to be called there.
// That takes about a millisecond more than the initialisation of the program's packages; see WithStartTimeout for the longest.
//
// ctx is the life of the worker: when it ends, the context of the function is cancelled, and if the process has not ended after
// the grace (WithGrace) it is killed. The same context's end before the function runs makes Start fail.
//
// The worker is this program once more, with the parent's environment, working directory, standard output and standard error, no
// standard input, and none of the command line. It is in the parent's process group but takes no notice of the terminal's
// interrupt, since it is the parent's job to stop it in order. Shared objects in the argument are the same objects there.
//
// The error is a *StartError, a *TypeError, ErrNotMain, or says what is wrong with the function's registration, the
// argument or an option.
func (f *Func[In, Out]) Start(ctx context.Context, in In, opts ...Option) (*Process[Out], error) {
	if err := f.entry.check(); err != nil {
		return nil, err
	}
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	argument, refs, err := envelope.EncodeFrom(&in)
	if err != nil {
		return nil, fmt.Errorf("multiproc: the argument of function %q: %w", f.entry.name, err)
	}
	out := new(Out)
	p, err := start(ctx, f.entry, cfg, argument, refs, func(result []byte) error { return envelope.Decode(result, out) })
	runtime.KeepAlive(&in) // the handles in it hold the objects until they are on the way
	if err != nil {
		return nil, err
	}
	return &Process[Out]{p: p, out: out}, nil
}

// entry is what is common to functions of all types.
type entry struct {
	name    string
	in, out string // the types, for comparing with the other process's
	where   string // file:line of the registration
	err     error
	types   func() error
	bind    func(argument []byte) (call, error)
}

// check reports what is wrong with the registration. The walk over the types is left to the first Start, as a worker's own
// start should not pay for every function of the program.
func (e *entry) check() error {
	if e.err != nil {
		return e.err
	}
	return e.types()
}

// A call is a function with its argument. deliver is called with the result while its handles are alive.
type call func(ctx context.Context, deliver func(result []byte, refs []arena.Ref)) (err error, result error)

// bind decodes the argument and makes a call of it. The call's first error is the function's, the second that of encoding its result.
func bind[In, Out any](fn func(context.Context, In) (Out, error), argument []byte) (call, error) {
	var in In
	if err := envelope.Decode(argument, &in); err != nil {
		return nil, err
	}
	return func(ctx context.Context, deliver func([]byte, []arena.Ref)) (error, error) {
		out, err := fn(ctx, in)
		if err != nil {
			return err, nil
		}
		result, refs, err := envelope.EncodeFrom(&out)
		if err != nil {
			return nil, err
		}
		deliver(result, refs)
		runtime.KeepAlive(&out)
		return nil, nil
	}, nil
}

// functions are the program's registered functions.
var functions registry

type registry struct {
	mu     sync.Mutex
	byName map[string]*entry
}

func (r *registry) add(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first := r.byName[e.name]; first != nil {
		e.err = fmt.Errorf("%w: %q, at %s and at %s; rename one of them", ErrDuplicate, e.name, first.where, e.where)
		return
	}
	if r.byName == nil {
		r.byName = map[string]*entry{}
	}
	r.byName[e.name] = e
}

func (r *registry) get(name string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byName[name]
}

func (r *registry) names() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.byName) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(r.byName)), ", ")
}

// typeName is a type's name with the full path of its package.
func typeName(t reflect.Type) string {
	if t.Name() != "" && t.PkgPath() != "" {
		return t.PkgPath() + "." + t.Name()
	}
	return t.String()
}
