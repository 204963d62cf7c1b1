package object

import (
	"fmt"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// IteratorType is the typeid Iterator, of which clients can't make any: the results of a dict's __iter__ and the like, and of the methods of users' types that return a sequence. An iterator over a dict or a
// set has fewer methods than IteratorProxy knows, as in Python: see its Type.
var IteratorType = &Type{
	Name:    "Iterator",
	Proxy:   proxy("IteratorProxy"),
	Exposed: []string{"__next__", "next", "send", "throw", "close"},
	Methods: map[string]Method{
		"__next__": on((*generator).nextOf),
		"next":     on((*generator).nextOf),
		"send":     on((*generator).send),
		"throw":    on((*generator).throw),
		"close":    on((*generator).close),
	},
}

// cursorIteratorType lacks methods of which IteratorType tells clients: a call of one is answered with a traceback, as Python's server does where an object has not what it exposes.
var cursorIteratorType = &Type{
	Name:    IteratorType.Name,
	Proxy:   IteratorType.Proxy,
	Exposed: []string{"__next__", "next"},
	Methods: map[string]Method{
		"__next__": on((*cursorIterator).next),
		"next":     on((*cursorIterator).next), // of Python 2.7
	},
}

var iteratorNext = Slot("__next__")

// cursorIterator is an iterator over the keys of a dict or the elements of a set, which it keeps alive. It notices when these change.
type cursorIterator struct {
	mu     *sync.Mutex // that of what it iterates over
	cursor *py.Cursor
	class  string
}

func (it *cursorIterator) Type() *Type { return cursorIteratorType }

// Value is an iterator over a copy of what is still to come.
func (it *cursorIterator) Value() (py.Value, error) {
	it.mu.Lock()
	defer it.mu.Unlock()
	ahead := *it.cursor
	keys, err := rest(&ahead)
	if err != nil {
		return nil, err
	}
	return called("iter", &py.List{Items: keys}), nil
}

func (it *cursorIterator) Repr() (string, error) {
	return fmt.Sprintf("<%s object at %p>", it.class, it), nil
}

func (it *cursorIterator) next(c *Call) (py.Value, error) {
	if err := iteratorNext.Parse(c); err != nil {
		return nil, err
	}
	it.mu.Lock()
	defer it.mu.Unlock()
	key, _, ok, err := it.cursor.Next()
	if err == nil && !ok {
		err = py.StopIteration()
	}
	return key, err
}

// pullOne is the next element for who iterates over it in the server.
func (it *cursorIterator) pullOne() (py.Value, bool, error) {
	it.mu.Lock()
	defer it.mu.Unlock()
	key, _, ok, err := it.cursor.Next()
	return key, ok && err == nil, err
}

func rest(c *py.Cursor) ([]py.Value, error) {
	keys := make([]py.Value, 0, c.Left())
	for {
		key, _, ok, err := c.Next()
		if !ok || err != nil {
			return keys, err
		}
		keys = append(keys, key)
	}
}
