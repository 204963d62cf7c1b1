package manager

import (
	"encoding/binary"
	"math"

	"github.com/multiproc-go/multiproc/py"
)

// Opcodes of the requests that are read without the decoder, besides those in reply.go.
const (
	opMark       = '('
	opEmptyTuple = ')'
	opTuple      = 't'
	opTuple1     = 0x85
	opEmptyDict  = '}'
	opMemoize    = 0x94
	opBinPut     = 'q'
	opFrame      = 0x95
)

// maxQuick is how many arguments a request has that is read without the decoder.
const maxQuick = 3

// A reader of the plainest requests, which are most: four parts, of which the arguments are numbers, short texts and bytes, and no keywords. Whatever else there is in a message makes it give up,
// and the decoder reads it: references to the memo above all, so that what is put there can be ignored.
type quick struct {
	b  []byte
	at int
}

// quickly reads a request of protocol 3 or newer, as Python 3 writes it; false if it is not plain. It takes about a third of the decoder's time. Names that are those of the request before cost no
// memory.
func (r *request) quickly(message []byte) bool {
	q := quick{b: message, at: 2}
	if len(message) < 8 || message[0] != opProto || message[1] < 3 || message[1] > 5 {
		return false
	}
	if q.take(opFrame) {
		if len(message) < 11 || binary.LittleEndian.Uint64(message[3:]) != uint64(len(message)-11) {
			return false
		}
		q.at = 11
	}
	if !q.take(opMark) {
		return false
	}
	ident, ok := q.text()
	if !ok {
		return false
	}
	method, ok := q.text()
	if !ok {
		return false
	}
	args, ok := q.args()
	if !ok || !q.take(opEmptyDict) {
		return false
	}
	q.memo()
	if !q.take(opTuple) {
		return false
	}
	q.memo()
	if !q.take(opStop) || q.at != len(message) {
		return false
	}
	if r.ident != string(ident) {
		r.ident = string(ident)
	}
	if r.method != string(method) {
		r.method = string(method)
	}
	r.args, r.kwargs, r.protocol, r.python2 = args, nil, int(message[1]), false
	return true
}

// take reads one opcode if it is the next.
func (q *quick) take(op byte) bool {
	if q.at >= len(q.b) || q.b[q.at] != op {
		return false
	}
	q.at++
	return true
}

// memo passes what puts something into the memo.
func (q *quick) memo() {
	switch {
	case q.at < len(q.b) && q.b[q.at] == opMemoize && q.b[1] >= 4:
		q.at++
	case q.at+1 < len(q.b) && q.b[q.at] == opBinPut:
		q.at += 2
	}
}

// bytes reads n bytes.
func (q *quick) bytes(n int) ([]byte, bool) {
	if n > len(q.b)-q.at {
		return nil, false
	}
	q.at += n
	return q.b[q.at-n : q.at], true
}

// text reads a short str of ASCII characters, and what puts it into the memo.
func (q *quick) text() (text []byte, ok bool) {
	switch {
	case q.b[1] >= 4 && q.take(opShortBinUnicode):
		n, ok := q.bytes(1)
		if !ok {
			return nil, false
		}
		text, ok = q.bytes(int(n[0]))
		if !ok {
			return nil, false
		}
	case q.take(opBinUnicode):
		n, ok := q.bytes(4)
		if !ok || binary.LittleEndian.Uint32(n) > math.MaxUint8 {
			return nil, false
		}
		text, ok = q.bytes(int(binary.LittleEndian.Uint32(n)))
		if !ok {
			return nil, false
		}
	default:
		return nil, false
	}
	for _, c := range text {
		if c >= 0x80 {
			return nil, false
		}
	}
	q.memo()
	return text, true
}

// args reads the tuple of the arguments.
func (q *quick) args() (py.Tuple, bool) {
	if q.take(opEmptyTuple) {
		return py.Tuple{}, true
	}
	var args [maxQuick]py.Value
	for n := range maxQuick + 1 {
		if n > 0 && q.take(opTuple1+byte(n-1)) {
			q.memo()
			return append(make(py.Tuple, 0, n), args[:n]...), true
		}
		if n == maxQuick {
			break
		}
		var ok bool
		if args[n], ok = q.value(); !ok {
			break
		}
	}
	return nil, false
}

// value reads an argument.
func (q *quick) value() (py.Value, bool) {
	if q.at >= len(q.b) {
		return nil, false
	}
	switch q.b[q.at] {
	case opShortBinUnicode, opBinUnicode:
		text, ok := q.text()
		return string(text), ok
	case opNone:
		q.at++
		return nil, true
	case opNewTrue:
		q.at++
		return true, true
	case opNewFalse:
		q.at++
		return false, true
	case opBinInt1:
		if n, ok := q.bytes(2); ok {
			return int64(n[1]), true
		}
	case opBinInt2:
		if n, ok := q.bytes(3); ok {
			return int64(binary.LittleEndian.Uint16(n[1:])), true
		}
	case opBinInt:
		if n, ok := q.bytes(5); ok {
			return int64(int32(binary.LittleEndian.Uint32(n[1:]))), true
		}
	case opBinFloat:
		if n, ok := q.bytes(9); ok {
			return math.Float64frombits(binary.BigEndian.Uint64(n[1:])), true
		}
	case opShortBinBytes:
		if n, ok := q.bytes(2); ok {
			b, ok := q.bytes(int(n[1]))
			q.memo()
			return py.Bytes(b), ok
		}
	}
	return nil, false
}
