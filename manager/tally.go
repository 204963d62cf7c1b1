package manager

import "sync/atomic"

// outcome is what became of a request.
type outcome uint8

const (
	didReturn outcome = iota
	didRaise
	didFail
	outcomes = iota
)

// outcomeOf is the outcome that a kind of reply tells.
func outcomeOf(kind string) outcome {
	switch kind {
	case kindError:
		return didRaise
	case kindTraceback, kindUnserializable:
		return didFail
	}
	return didReturn
}

// A tally counts what one connection does. Its goroutine is the only one that writes, so nobody else's cache is in the way, and others add the tallies of all up when they are asked to. A request costs one
// atomic addition: bytes are only published once there are some.
type tally struct {
	requests [outcomes]atomic.Uint64
	in, out  atomic.Uint64

	newIn, newOut int   // bytes that were not published yet
	published     int64 // those that were
}

// A tally is behind by up to publish bytes, and by up to one part in publishPart.
const (
	publish     = 4 << 10
	publishPart = 32
)

func (t *tally) request(how outcome, in, out int) {
	t.requests[how].Add(1)
	t.newIn += in
	t.newOut += out
	if n := t.newIn + t.newOut; n >= publish || int64(n) >= t.published/publishPart {
		t.bytes()
	}
}

// bytes publishes what has come and gone. It is called by the connection's goroutine, also at its end.
func (t *tally) bytes() {
	t.in.Add(uint64(t.newIn))
	t.out.Add(uint64(t.newOut))
	t.published += int64(t.newIn + t.newOut)
	t.newIn, t.newOut = 0, 0
}

// A sum is what tallies add up to.
type sum struct {
	requests [outcomes]uint64
	in, out  uint64
}

func (s *sum) add(t *tally) {
	for i := range t.requests {
		s.requests[i] += t.requests[i].Load()
	}
	s.in += t.in.Load()
	s.out += t.out.Load()
}

func (s *sum) total() (n uint64) {
	for _, m := range s.requests {
		n += m
	}
	return n
}

// past is what a server has counted that no connection of the present counts any more. The server's mutex guards it.
type past struct {
	done            sum
	connections     uint64 // ever
	refused         uint64
	unauthenticated uint64 // of Listeners that are closed
}
