package manager

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"slices"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A reply is a pair of its kind and a value. That is what the kinds mean to a client:
const (
	kindReturn         = "#RETURN"         // any value
	kindProxy          = "#PROXY"          // (names of methods, Token): make a proxy, and claim the object
	kindError          = "#ERROR"          // an exception, to be raised
	kindTraceback      = "#TRACEBACK"      // a text, to be raised as RemoteError
	kindUnserializable = "#UNSERIALIZABLE" // the same
)

// Opcodes of pickle of which the replies are made that are written without the encoder.
const (
	opProto           = 0x80
	opShortBinString  = 'U'
	opBinUnicode      = 'X'
	opShortBinUnicode = 0x8c
	opNone            = 'N'
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opLong1           = 0x8a
	opBinFloat        = 'G'
	opShortBinBytes   = 'C'
	opBinBytes        = 'B'
	opTuple2          = 0x86
	opStop            = '.'
)

// heads are the replies of the kind #RETURN up to their value, by protocol. In protocol 2 the kind is a native string of Python 2, which Python 3 reads as well.
var heads = func() (h [pickle.HighestProtocol + 1][]byte) {
	for p := 2; p <= pickle.HighestProtocol; p++ {
		h[p] = []byte{opProto, byte(p)}
		switch {
		case p == 2:
			h[p] = append(h[p], opShortBinString, byte(len(kindReturn)))
		case p == 3:
			h[p] = binary.LittleEndian.AppendUint32(append(h[p], opBinUnicode), uint32(len(kindReturn)))
		default:
			h[p] = append(h[p], opShortBinUnicode, byte(len(kindReturn)))
		}
		h[p] = append(h[p], kindReturn...)
	}
	return h
}()

// returned are whole replies for results that are so common that they are written in advance.
var returned = func() (r [pickle.HighestProtocol + 1][3][]byte) {
	for p := 2; p <= pickle.HighestProtocol; p++ {
		for i, op := range []byte{opNone, opNewTrue, opNewFalse} {
			r[p][i] = append(append([]byte(nil), heads[p]...), op, opTuple2, opStop)
		}
	}
	return r
}()

// A replier writes the replies of one connection.
type replier struct {
	config pickle.Config
	refs   refWriter
	buf    []byte                  // of the last reply, if it is not too large to be kept
	how    outcome                 // of the last reply
	room   func(bytes int64) error // for large replies
	cause  error                   // of the last one that tells of an error
}

// keptReply is the largest buffer that a connection keeps for its next reply.
const keptReply = 16 << 10

// result is the reply with the result of a call. It is valid until the next reply.
func (w *replier) result(r *request, v py.Value) []byte {
	switch v := v.(type) {
	case nil:
		return returned[r.protocol][0]
	case bool:
		if v {
			return returned[r.protocol][1]
		}
		return returned[r.protocol][2]
	}
	if b, ok := v.(py.Bytes); ok && len(b) > firstAnswer && w.room != nil {
		if err := w.room(int64(len(b))); err != nil {
			return w.failure(r, err)
		}
	}
	if b, ok := simple(append(w.buf[:0], heads[r.protocol]...), r.protocol, v); ok {
		return w.keep(append(b, opTuple2, opStop))
	}
	return w.pickled(r, kindReturn, v)
}

// proxy is the reply that makes the client have a proxy.
func (w *replier) proxy(r *request, exposed py.Tuple, t token) []byte {
	return w.pickled(r, kindProxy, py.Tuple{exposed, t.value(r.native(t.ident))})
}

// failure is the reply to a call that has failed: its exception is raised at the client.
func (w *replier) failure(r *request, err error) []byte {
	w.cause = err
	if errors.Is(err, object.ErrUnserializable) {
		return w.pickled(r, kindUnserializable, r.native(asciiOnly(err.Error())))
	}
	return w.pickled(r, kindError, r.exception(asException(err)))
}

// exception is an exception as the client's Python has it. Texts of Python 2's are native strings, and have bytes where they are not ASCII; the key of a KeyError is what it was.
func (r *request) exception(e *py.Exception) *py.Exception {
	if !r.python2 || e.IsA("KeyError") {
		return e
	}
	native := *e
	native.Args = slices.Clone(e.Args)
	for i, arg := range native.Args {
		if s, ok := arg.(string); ok {
			native.Args[i] = py.Str2(s)
		}
	}
	return &native
}

// traceback is the reply for what could not even be called.
func (w *replier) traceback(r *request, text string) []byte {
	if r.python2 {
		text = asciiOnly(text)
	}
	return w.pickled(r, kindTraceback, r.native(text))
}

// pickled writes a reply with the encoder.
func (w *replier) pickled(r *request, kind string, v py.Value) []byte {
	w.config.Protocol = r.protocol
	w.how = outcomeOf(kind)
	w.refs.begin(r.python2)
	b, err := w.encode(py.Tuple{r.native(kind), v})
	w.refs.values = nil
	if err == nil {
		return w.keep(b)
	}
	if kind == kindReturn && py.IsException(err, "MemoryError") {
		return w.failure(r, err)
	}
	if kind == kindTraceback {
		// A text that can't be written: it has come from a client.
		b, _ = w.config.Append(w.buf[:0], py.Tuple{r.native(kind), r.native("RuntimeError\n")})
		return w.keep(b)
	}
	if kind == kindUnserializable {
		return w.traceback(r, traceback("serve_client", err))
	}
	if ref := refError(""); errors.As(err, &ref) {
		err = ref
	}
	return w.pickled(r, kindUnserializable, r.native(asciiOnly(err.Error())))
}

func (w *replier) keep(b []byte) []byte {
	if w.buf = b; cap(b) > keptReply {
		w.buf = nil
	}
	return b
}

// simple appends a value that is written faster here than by the encoder, which looks for what is referred to twice. ok is false for all others.
func simple(b []byte, protocol int, v py.Value) (_ []byte, ok bool) {
	switch v := v.(type) {
	case int64:
		return appendInt(b, v), true
	case float64:
		return binary.BigEndian.AppendUint64(append(b, opBinFloat), math.Float64bits(v)), true
	case string:
		if !plain(v) {
			return b, false
		}
		if protocol >= 4 {
			b = append(b, opShortBinUnicode, byte(len(v)))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, opBinUnicode), uint32(len(v)))
		}
		return append(b, v...), true
	case py.Bytes:
		switch {
		case protocol < 3 || len(v) > math.MaxInt32:
			return b, false
		case len(v) < 1<<8:
			b = append(b, opShortBinBytes, byte(len(v)))
		default:
			if len(v) > keptReply {
				b = append(make([]byte, 0, len(b)+len(v)+16), b...)
			}
			b = binary.LittleEndian.AppendUint32(append(b, opBinBytes), uint32(len(v)))
		}
		return append(b, v...), true
	}
	return b, false
}

func appendInt(b []byte, i int64) []byte {
	switch {
	case uint64(i) < 1<<8:
		return append(b, opBinInt1, byte(i))
	case uint64(i) < 1<<16:
		return append(b, opBinInt2, byte(i), byte(i>>8))
	case i == int64(int32(i)):
		return binary.LittleEndian.AppendUint32(append(b, opBinInt), uint32(i))
	}
	n := bits.Len64(uint64(i^i>>63))/8 + 1
	b = binary.LittleEndian.AppendUint64(append(b, opLong1, byte(n)), uint64(i))
	return b[:len(b)-8+n]
}

// plain tells whether a string is short and ASCII.
func plain(s string) bool {
	if len(s) > math.MaxUint8 {
		return false
	}
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// asciiOnly is a text in which all characters beyond ASCII are escaped: Python 2's native strings have no encoding.
func asciiOnly(s string) string {
	if plain(s) {
		return s
	}
	const hexDigits = "0123456789abcdef"
	out := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		if c := s[i]; c < 0x80 {
			out = append(out, c)
		} else {
			out = append(out, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(out)
}
