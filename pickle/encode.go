package pickle

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// An encoding goes over the value twice. The first pass (scan.go) finds what is referred to more than once, converts what is no value of package py, and refuses what can't be
// written, so that nothing comes out of a value that is refused. The second one writes, and gives a place in the memo only to what will be fetched from there: Python reads such a pickle
// faster than its own, in which every object has one.
//
// # Invariants
//
//  1. The value does not change between the passes; what the first pass has made is in made and stays there until the end.
//  2. An object that can contain itself as it is being filled (list, dict, set, instance) gets its place in the memo when it is empty. What is made of its parts (tuple,
//     frozenset, arguments of a call) gets it when it is complete; if it is complete already by then, it was written as one of its own parts, and what is on the
//     stack is thrown away (encode_object.go).
//  3. Only the first pass knows the way to the present value, so it makes all errors that can have one. The second pass has sink.err.

// encoder is the state of one encoding. It is used again for others.
type encoder struct {
	sink
	protocol int
	depth    int // of the value that is being written
	maxDepth int

	seen  identTable // all that the first pass has met, and has an identity
	memo  identTable // of these, what was met more than once
	fresh int32      // the next free place in the memo

	nodes   []graphNode // see scan_cycle.go
	node    int32
	circles int32 // components that were found

	within int32 // see encode_state.go
	held   []heldBack

	root    any // holds all values: see ident
	conv    converter
	made    map[box]py.Value   // what conv has made of Go values
	copies  map[box][]py.Value // what it has made of them where they occurred again: see scanForeign
	noting  bool               // scan is to note what is known already: see scan_cycle.go
	globals map[py.Global]*py.Global
	last    *py.Global // the one of globals that was used last
	length  int        // about how long the pickle will be

	takeBuffer func([]byte) bool
}

var encoders = sync.Pool{New: func() any {
	return &encoder{made: map[box]py.Value{}, copies: map[box][]py.Value{}, globals: map[py.Global]*py.Global{}}
}}

// maxNesting bounds the depth, whatever Limits say, to what the stack of a goroutine has room for.
const maxNesting = 100_000

func (c *Config) newEncoder(dst []byte) (*encoder, error) {
	protocol := c.Protocol
	if protocol == 0 {
		protocol = DefaultProtocol
	}
	if protocol < 2 || protocol > HighestProtocol {
		return nil, fmt.Errorf("pickle: protocol %d is none that is written, which are 2 to %d", protocol, HighestProtocol)
	}
	e := encoders.Get().(*encoder)
	e.protocol = protocol
	e.maxDepth = min(c.Limits.depth(), maxNesting)
	e.sink = sink{out: dst, framed: protocol >= 4, before: int64(-len(dst)), maxSize: c.Limits.size()}
	if protocol >= 5 {
		e.takeBuffer = c.TakeBuffer
	}
	e.conv = converter{registry: c.Registry, max: e.maxDepth, alias: true}
	e.seen.reset()
	e.memo.reset()
	return e, nil
}

// release gives the encoder back, with nothing in it that would keep values alive.
func (e *encoder) release() {
	e.sink = sink{}
	e.conv = converter{}
	e.root, e.last, e.takeBuffer = nil, nil, nil
	e.depth, e.fresh, e.length = 0, 0, 0
	e.circles, e.within, e.noting = 0, 0, false
	clear(e.held)
	e.held = e.held[:0]
	if cap(e.nodes) > keepEntries {
		e.nodes = nil
	}
	clear(e.nodes[:cap(e.nodes)])
	e.made = emptied(e.made)
	e.copies = emptied(e.copies)
	e.globals = emptied(e.globals)
	encoders.Put(e)
}

// keepEntries is how large a map or slice is kept that has to be cleared.
const keepEntries = 1000

// emptied is the map, if it is worth keeping, without its entries.
func emptied[K comparable, V any](m map[K]V) map[K]V {
	switch n := len(m); {
	case n == 0:
	case n > keepEntries:
		return map[K]V{}
	default:
		clear(m)
	}
	return m
}

// encode writes the pickle of v.
func (e *encoder) encode(v any) error {
	e.root = v
	e.nodes = append(e.nodes[:0], graphNode{})
	e.node = 0
	if err := e.scan(v, 1); err != nil {
		return asEncodeError(err)
	}
	if e.w == nil {
		// Frames and batches take less than a part in 256.
		e.out = slices.Grow(e.out, int(min(int64(e.length+e.length>>8+16), e.maxSize)))
	}
	e.op1(opProto, byte(e.protocol))
	e.begin()
	e.value(v)
	e.op(opStop)
	e.end()
	e.flush()
	return e.err
}

// Marshal is the pickle of v in protocol 4. See [Config.Append].
func Marshal(v any) ([]byte, error) { return Config{}.Append(nil, v) }

// Marshal is the pickle of v. See [Config.Append].
func (c Config) Marshal(v any) ([]byte, error) { return c.Append(nil, v) }

// Append appends the pickle of v to dst, whose memory it uses as far as it goes. v is a value of package py, or any Go value that [Of] converts; values of package py may have
// those of Go in them.
//
// Two references to one object are that in Python as well, and objects may contain themselves. Strings, bytes, tuples and other values that can't be changed count as one
// object if Go has them at one place in memory.
//
// Every Python that knows the protocol reads an equal value of the same type, as far as it has one. In protocol 2, for Python 2.7, strings are unicode and bytes are str. There
// is no datetime.timezone in Python 2.7, and no array of type q or Q; protocols 2 and 3 have no place for the fold of a time. A py.Str2 is a str to Python 2.7; to Python 3 it is one if it is
// ASCII, and otherwise it is bytes in protocol 3 and newer, and can't be read in protocol 2.
//
// A value that can't be written makes an [EncodeError]. Then Append returns dst as it was. v must not change during the call.
func (c Config) Append(dst []byte, v any) ([]byte, error) {
	e, err := c.newEncoder(dst)
	if err != nil {
		return dst, err
	}
	defer e.release()
	if err := e.encode(v); err != nil {
		return dst, err
	}
	return e.out, nil
}

// Encoder writes pickles to an io.Writer. It must not be used by several goroutines at once.
type Encoder struct {
	config Config
	w      io.Writer
	buf    []byte
}

// NewEncoder returns an Encoder in protocol 4. See [Config.NewEncoder].
func NewEncoder(w io.Writer) *Encoder { return Config{}.NewEncoder(w) }

// NewEncoder returns an Encoder that writes to w.
func (c Config) NewEncoder(w io.Writer) *Encoder { return &Encoder{config: c, w: w} }

// Encode writes one pickle, which stands for itself: it refers to none before it. Short pickles make one call of Write, long ones one for about each 64 KiB; strings and bytes from 64 KiB on
// are not copied on their way to it. Encode needs about 128 KiB however long the pickle is, apart from the table of objects.
//
// Nothing has been written when it returns an [EncodeError] for a value that can't be; but a limit on the size, an endless value and errors of w can come in the midst of a pickle, and w is
// then of no more use.
func (e *Encoder) Encode(v any) error {
	enc, err := e.config.newEncoder(e.buf[:0])
	if err != nil {
		return err
	}
	defer enc.release()
	enc.w = e.w
	err = enc.encode(v)
	e.buf = enc.out[:0]
	return err
}
