package manager

import (
	"cmp"
	"slices"
	"time"
)

// ClientInfo is what can be seen of a connection, which is one thread of a client.
type ClientInfo struct {
	// Connection is its number, by which Holdings name it: several clients may have one name.
	Connection uint64
	// Name is how the client calls itself, "MainProcess" or "Process-1|Thread-2": up to 200 characters of any kind. It is empty for a connection that makes a single request to the server itself, such as
	// create, and until it is known.
	Name string
	// Address is the client's; of one on a unix socket it is mostly "@", for it has none. Server is that of the Listener.
	Address, Server string
	Since           time.Time // when it was accepted

	Requests          uint64 // that were answered
	BytesIn, BytesOut uint64 // see Stats

	Doing Doing
	// WaitsFor is the method that a waiting call waits in, such as "Queue.get", Ident that of its object, and WaitsSince the time from which on.
	WaitsFor   string
	Ident      string
	WaitsSince time.Time
}

// Doing is what a connection does.
type Doing string

// What a connection can do.
const (
	DoingIdle    Doing = "idle"    // there is no request
	DoingRunning Doing = "running" // a call is being made
	DoingWaiting Doing = "waiting" // a call waits for another client
)

// Clients are all connections, the oldest first. It costs about a microsecond for each; none begins or ends while a list of them is made.
func (s *Server) Clients() []ClientInfo {
	sessions := s.all()
	slices.SortFunc(sessions, func(a, b *session) int { return cmp.Compare(a.caller.ID, b.caller.ID) })
	out := make([]ClientInfo, 0, len(sessions))
	for _, x := range sessions {
		out = append(out, x.info())
	}
	return out
}

// info may be called by others than the connection's own goroutine.
func (x *session) info() ClientInfo {
	c := ClientInfo{Connection: x.caller.ID, Address: x.conn.RemoteAddr().String(), Server: x.conn.LocalAddr().String(), Since: x.since, Doing: DoingIdle}
	if x.named.Load() {
		c.Name = x.caller.Name
	}
	var s sum
	s.add(&x.tally)
	c.Requests, c.BytesIn, c.BytesOut = s.total(), s.in, s.out
	if x.state.Load() != idle {
		c.Doing = DoingRunning
	}
	if p := x.watch.present.Load(); p != nil {
		c.Doing, c.WaitsFor, c.Ident, c.WaitsSince = DoingWaiting, p.what, p.ident, p.since
	}
	return c
}
