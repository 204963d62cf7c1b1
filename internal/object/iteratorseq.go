package object

import (
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// generator is a sequence of Go's as a generator of Python's.
type generator struct {
	mu      sync.Mutex // held while the sequence makes a value, which may take any time
	pull    func() (py.Value, error, bool)
	stop    func()
	started bool
}

// NewIterator is an object of IteratorType for a sequence. It begins when the first value is asked for, makes each when it is asked for, and ends early when the client says so or nobody has the
// iterator any more. An error is the last value: the client gets it if it is a *py.Exception.
func NewIterator(seq iter.Seq2[py.Value, error]) Object {
	next, stop := iter.Pull2(seq)
	g := &generator{pull: next, stop: stop}
	// Without it a sequence that was not read to its end would stay, with all that it holds. What the sequence does as it ends may take long, or be a Goexit, and no other cleanup is to wait for it.
	runtime.AddCleanup(g, func(stop func()) { go stop() }, stop)
	return g
}

func (g *generator) Type() *Type { return IteratorType }

func (g *generator) Value() (py.Value, error) {
	return notPicklable("generator")
}

func (g *generator) Repr() (string, error) { return fmt.Sprintf("<generator object at %p>", g), nil }

// begin takes the lock, or says in Python's words that somebody else's call has not come back yet.
func (g *generator) begin() error {
	if !g.mu.TryLock() {
		return py.ValueError("generator already executing")
	}
	return nil
}

func (g *generator) nextOf(c *Call) (py.Value, error) {
	if err := iteratorNext.Parse(c); err != nil {
		return nil, err
	}
	if err := g.begin(); err != nil {
		return nil, err
	}
	defer g.mu.Unlock()
	return g.next()
}

// next needs the lock.
func (g *generator) next() (py.Value, error) {
	g.started = true
	v, err, ok := g.pull()
	switch {
	case !ok:
		return nil, py.StopIteration()
	case err != nil:
		g.stop()
		return nil, err
	}
	return v, nil
}

var (
	generatorSend  = Builtin("generator.send", "arg")
	generatorThrow = Builtin("generator.throw", "typ", "val=", "tb=")
	generatorClose = Builtin("generator.close")
)

// send is next: a sequence of Go's takes no values.
func (g *generator) send(c *Call) (py.Value, error) {
	var v py.Value
	if err := generatorSend.Parse(c, &v); err != nil {
		return nil, err
	}
	if err := g.begin(); err != nil {
		return nil, err
	}
	defer g.mu.Unlock()
	if v != nil && !g.started {
		return nil, py.TypeError("can't send non-None value to a just-started generator")
	}
	return g.next()
}

// throw ends the sequence, and the exception comes back.
func (g *generator) throw(c *Call) (py.Value, error) {
	var class, v, traceback py.Value
	if err := generatorThrow.Parse(c, &class, &v, &traceback); err != nil {
		return nil, err
	}
	e, err := thrown(class, v)
	if err != nil {
		return nil, err
	}
	if err := g.begin(); err != nil {
		return nil, err
	}
	defer g.mu.Unlock()
	g.started = true
	g.stop()
	return nil, e
}

// thrown is the exception of throw(class, value) or throw(instance).
func thrown(class, v py.Value) (*py.Exception, error) {
	switch class := class.(type) {
	case *py.Exception:
		if v != nil {
			return nil, py.TypeError("instance exception may not have a separate value")
		}
		return class, nil
	case py.Global:
		e := &py.Exception{Class: class}
		switch v := v.(type) {
		case nil:
		case *py.Exception:
			e = v
		case py.Tuple:
			e.Args = v
		default:
			e.Args = py.Tuple{v}
		}
		return e, nil
	}
	return nil, py.TypeError("exceptions must be classes or instances deriving from BaseException, not %s", py.TypeName(class))
}

func (g *generator) close(c *Call) (py.Value, error) {
	if err := generatorClose.Parse(c); err != nil {
		return nil, err
	}
	if err := g.begin(); err != nil {
		return nil, err
	}
	defer g.mu.Unlock()
	g.stop()
	return nil, nil
}

// pullOne is the next element for who iterates over it in the server.
func (g *generator) pullOne() (py.Value, bool, error) {
	if err := g.begin(); err != nil {
		return nil, false, err
	}
	defer g.mu.Unlock()
	v, err := g.next()
	if py.IsException(err, "StopIteration") {
		return nil, false, nil
	}
	return v, err == nil, err
}
