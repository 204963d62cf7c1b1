package manager

import (
	"context"
	"errors"
	"math"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// What a request needs at once may be more than there is: for its own bytes, for what its method makes, and for the answer. All three ask the heap, so that the client gets a MemoryError instead of
// the server being killed.

// maxSkipped is the longest message that is read only to be thrown away, after which the client gets an exception and can go on. One that announces more is closed.
const maxSkipped = 64 << 30

// tolerate makes messages that are too large something that can be answered. One that takes more than half of the memory that all objects may take is too large, too: its values need as much again.
func (x *session) tolerate() {
	x.conn.Tolerate(x.server.limits.Bytes/2, x.server.heap.room)
}

// room is the Caller's Room.
func (x *session) room(n int64) error {
	err := x.server.heap.reserve(n)
	if err == nil {
		x.reserved += n
	}
	return err
}

// settle gives back what a call has reserved, as soon as it has taken it.
func (x *session) settle() {
	if x.reserved > 0 {
		x.server.heap.free(x.reserved)
		x.reserved = 0
	}
}

// What decoding a message of n bytes may take if there is room enough: package pickle's own limit. Below largeMessage that is little enough for nobody to be asked.
const (
	decodeBase, decodePerByte = 64 << 20, 128
	// decodeAnyway is what each byte of a message may take though there is no room: so much it often takes, and then the method decides.
	decodeAnyway = 4
	largeMessage = 256 << 10
)

// parse takes a request apart. The values of a large message may take half of the room that there is.
func (x *session) parse(message []byte) error {
	h := x.server.heap
	if len(message) < largeMessage || h.limit == math.MaxInt64 {
		return x.request.parse(&x.replier.config, message)
	}
	most := decodeBase + decodePerByte*int64(len(message))
	if own := x.server.config.Pickle.Memory; own > 0 {
		most = own
	}
	config := x.replier.config
	config.Limits.Memory = h.reserveHalf(decodeAnyway*int64(len(message)), most)
	defer h.free(config.Limits.Memory)
	return x.request.parse(&config, message)
}

// tooLarge tells whether an error is about a message that can be answered, though it was not received.
func tooLarge(err error) *connection.FrameTooLargeError {
	if err == nil {
		return nil
	}
	var large *connection.FrameTooLargeError
	if errors.As(err, &large) && large.Size <= maxSkipped && !errors.Is(err, connection.ErrBroken) {
		return large
	}
	return nil
}

// skip throws away a message that is too large, and returns the exception for its sender.
func (x *session) skip(large *connection.FrameTooLargeError) (error, error) {
	if err := x.conn.Skip(context.Background()); err != nil {
		return nil, err
	}
	if large.Why != nil {
		return large.Why, nil
	}
	return py.MemoryError("the message of %d bytes is larger than the server's limit of %d", large.Size, large.Limit), nil
}

// refuseFirst answers a first request that is too large. Nobody knows its protocol, but every Python reads 2.
func (x *session) refuseFirst(large *connection.FrameTooLargeError) {
	why, err := x.skip(large)
	if err != nil {
		return
	}
	x.request = request{protocol: 2, python2: true}
	x.replier.cause = why
	reply := x.replier.traceback(&x.request, traceback("handle_request", why))
	x.account(0, len(reply))
	_ = x.conn.SendBytes(context.Background(), reply)
}

// next waits for the next request, and answers those that are too large to be received. The session is running then.
func (x *session) next() (message []byte, own bool, err error) {
	for {
		message, own, err = x.receive()
		large := tooLarge(err)
		if large == nil {
			break
		}
		why, err := x.skip(large)
		if err != nil {
			return nil, false, err
		}
		if !x.state.CompareAndSwap(idle, running) {
			return nil, false, connection.ErrClosed
		}
		reply := x.replier.failure(&x.request, why)
		x.account(0, len(reply))
		if !x.send(reply) || !x.pause() {
			return nil, false, connection.ErrClosed
		}
	}
	if err == nil && !x.state.CompareAndSwap(idle, running) {
		err = connection.ErrClosed
	}
	return message, own, err
}

// An answer is encoded with a limit for its size, and with a larger one if it is longer: what a shared object has in it, and how often, nobody knows before.
const (
	firstAnswer = 32 << 20 // for which nobody is asked
	// answerBytes is what each byte of an answer takes while it is written, since its memory grows by a part of itself.
	answerBytes = 3
)

// encode writes the pickle of an answer.
func (w *replier) encode(v py.Value) ([]byte, error) {
	config := w.config
	most := config.Limits.Size
	if most <= 0 {
		most = maxSkipped
	}
	for size := min(firstAnswer, most); ; {
		config.Limits.Size = size
		b, err := config.Append(w.buf[:0], v)
		if size == most || w.room == nil || !errors.Is(err, pickle.ErrTooLong) {
			return b, err
		}
		w.refs.begin(w.refs.python2)
		w.refs.values = nil
		if size, err = w.more(size, most); err != nil {
			return nil, err
		}
	}
}

// more is the next limit for an answer that is longer than size.
func (w *replier) more(size, most int64) (int64, error) {
	if next := min(4*size, most); w.room(answerBytes*next) == nil {
		return next, nil
	}
	next := min(2*size, most)
	return next, w.room(answerBytes * next)
}
