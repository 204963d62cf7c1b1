package manager

import (
	"math"
	"time"
)

// Stats are the numbers of a Server. What is counted is counted from NewServer on, and never goes back.
type Stats struct {
	Since     time.Time // of NewServer
	Listeners int       // that are being served
	Draining  bool      // Shutdown or Close was called: there are no new clients
	Closed    bool      // that is over

	Connections     int    // that there are
	ConnectionsEver uint64 // that there were, with those
	Refused         uint64 // clients for which there was no place, see Limits.Connections
	Unauthenticated uint64 // clients that did not get through a Listener's handshake

	// Requests are those that were answered, by how that was: with a result; with an exception, as queue.Empty and KeyError are; or with a traceback, as there was nothing that could be called, or nothing that
	// could be sent.
	Returned, Raised, Failed uint64
	// BytesIn and BytesOut are those of all requests and answers, but for the handshakes and the 4 bytes before each message. For each connection they are behind by up to 3 %, and never by more than 4 KiB.
	BytesIn, BytesOut uint64

	Objects     int    // that clients hold: number_of_objects
	Known       int    // with those that only other objects contain, or Go code in the server's process has
	ObjectsEver uint64 // that there were
	Waiting     int    // calls of clients that wait for something

	Undone    uint64 // calls that were taken back, as their clients were gone before they had the answer: the item is in the queue again
	GivenUp   uint64 // calls whose clients were gone while they waited, or for which the server did not wait any longer
	OverLimit uint64 // requests that Limits refused
	Panics    uint64 // bugs: of the server, or of a registered type

	Limits   Limits // as they are in force. Bytes is 0 if there is no limit.
	HeapFull bool   // what is stored has reached Limits.Bytes
}

// Stats are the numbers of now. It looks at each connection, for some 20 ns, while which none begins or ends; requests don't wait for it.
func (s *Server) Stats() Stats {
	st := Stats{
		Since: s.began, Limits: s.limits, HeapFull: s.heap.full.Load(), Objects: s.table.size(),
		Undone: s.incidents.undone.Load(), GivenUp: s.incidents.givenUp.Load(), OverLimit: s.incidents.overLimit.Load(), Panics: s.incidents.panics.Load(),
	}
	if st.Limits.Bytes == math.MaxInt64 {
		st.Limits.Bytes = 0
	}
	st.Known, st.ObjectsEver = s.table.known()

	s.mu.Lock()
	defer s.mu.Unlock()
	st.Listeners, st.Draining, st.Closed = len(s.listeners), s.draining.Load(), s.over
	st.Connections, st.ConnectionsEver, st.Refused, st.Unauthenticated = len(s.sessions), s.past.connections, s.past.refused, s.past.unauthenticated
	for l := range s.listeners {
		st.Unauthenticated += l.Refused()
	}
	sum := s.past.done
	for x := range s.sessions {
		sum.add(&x.tally)
		if x.state.Load() == waiting {
			st.Waiting++
		}
	}
	st.Returned, st.Raised, st.Failed = sum.requests[didReturn], sum.requests[didRaise], sum.requests[didFail]
	st.BytesIn, st.BytesOut = sum.in, sum.out
	return st
}
