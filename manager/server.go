package manager

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/loglimit"
	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/pickle"
)

// ErrServerClosed is what Serve returns after Shutdown or Close, and when a client has ended the server.
var ErrServerClosed = errors.New("manager: the server is closed")

// A Server has shared objects, and serves the clients of any number of Listeners. Its methods may be called by several goroutines.
type Server struct {
	config Config
	limits Limits
	log    *loglimit.Logger
	table  *table
	heap   *heap
	unread unread
	types  types
	claims atomic.Uint64    // the last claim
	values pickle.Config    // between Go and Python, of the program's own functions
	known  *pickle.Registry // for connections that are not served yet

	began        time.Time
	firstRequest time.Duration // how long a client may take for its first request
	refusal      time.Duration // how long it may take to tell a client that there is no place for it
	incidents    incidents

	ctx      context.Context // ends when all calls are to be given up
	giveUp   context.CancelFunc
	draining atomic.Bool
	ended    chan struct{} // closed when the server is closed, and all connections are

	mu        sync.Mutex
	listeners map[*connection.Listener]struct{}
	addresses []net.Addr // of all listeners that there were
	sessions  map[*session]struct{}
	past      past
	refusing  map[*session]struct{} // connections that are beyond the limit and about to be told
	changed   chan struct{}         // has room for one: a session has ended, or waits now
	gone      sync.Cond             // a connection has ended
	over      bool
}

// NewServer makes a server that has the types of Python's SyncManager. It does nothing until Serve is called; there is nothing to be freed if it never is.
func NewServer(c Config) (*Server, error) {
	s := &Server{
		began: time.Now(), firstRequest: firstRequest, refusal: refusal, config: c, limits: c.Limits.resolved(), log: loglimit.New(c.Logger), known: pickle.NewRegistry(), ended: make(chan struct{}),
		listeners: map[*connection.Listener]struct{}{}, sessions: map[*session]struct{}{}, changed: make(chan struct{}, 1),
	}
	s.values = pickle.Config{Registry: c.Registry, Limits: c.Pickle}
	s.refusing, s.gone.L = map[*session]struct{}{}, &s.mu
	s.table = newTable(s.limits.Objects)
	s.heap = newHeap(s.limits.Bytes)
	s.unread.limit = s.limits.Unread
	s.ctx, s.giveUp = context.WithCancel(context.Background())
	s.readProxies(s.known)
	for _, t := range syncManager {
		if err := s.types.add(t); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Serve accepts clients from the Listener, which it takes over and closes in the end, and blocks until the server is closed, which is ErrServerClosed; until ctx ends, which is its error; or
// until the Listener fails. In the last two cases the connections that were made go on. Several Listeners can be served at once.
func (s *Server) Serve(ctx context.Context, l *connection.Listener) error {
	s.mu.Lock()
	if s.draining.Load() {
		s.mu.Unlock()
		_ = l.Close()
		<-s.ended
		return ErrServerClosed
	}
	s.listeners[l] = struct{}{}
	s.addresses = append(s.addresses, l.Addr())
	s.mu.Unlock()
	defer func() {
		_ = l.Close()
		s.mu.Lock()
		delete(s.listeners, l)
		s.past.unauthenticated += l.Refused()
		s.mu.Unlock()
	}()
	s.log.Debug("serving", "address", l.Addr().String())
	for {
		conn, err := l.Accept(ctx)
		if err != nil {
			if s.draining.Load() {
				<-s.ended
				return ErrServerClosed
			}
			return err
		}
		s.welcome(conn)
	}
}

// welcome begins to serve a connection, or to refuse it.
func (s *Server) welcome(conn *connection.Conn) {
	if !s.admit(conn) {
		s.log.Warn("a client was refused, as there are too many", "client", conn.RemoteAddr().String(), "limit", s.limits.Connections)
	}
}

// admit is false if the server has as many connections as it may have.
func (s *Server) admit(conn *connection.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining.Load():
		_ = conn.Close()
		return true
	case len(s.sessions) < s.limits.Connections:
		x := newSession(s, conn)
		s.past.connections++
		x.caller.ID = s.past.connections
		s.sessions[x] = struct{}{}
		go func() {
			defer s.leave(x)
			x.run()
		}()
		return true
	case len(s.refusing) < maxRefusing:
		x := newSession(s, conn)
		s.refusing[x] = struct{}{}
		go func() {
			x.refuse()
			s.mu.Lock()
			delete(s.refusing, x)
			s.gone.Broadcast()
			s.mu.Unlock()
		}()
	default:
		_ = conn.Close()
	}
	s.past.refused++
	return false
}

// maxRefusing is how many clients beyond the limit get an exception. Further ones are closed without a word.
const maxRefusing = 64

// leave forgets a connection.
func (s *Server) leave(x *session) {
	s.mu.Lock()
	delete(s.sessions, x)
	x.tally.bytes()
	s.past.done.add(&x.tally)
	s.gone.Broadcast()
	s.mu.Unlock()
	s.notice()
}

// notice makes Shutdown look again.
func (s *Server) notice() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Shutdown stops the server when what is being done is done: it closes the Listeners, and each connection once its present call has been answered. Calls that wait for another client are given up
// when nothing else is left, for then there is nobody to end their waiting. Shutdown blocks until all connections are closed, and so also as long as a client does not read its answer. If ctx ends
// before, the rest is closed at once, and the error is the context's; but as Close it then waits for calls that are at work, without end for a method that never returns. It may be called more than
// once, and beside Close.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopAccepting()
	for _, x := range s.all() {
		x.closeIfIdle()
	}
	for {
		left, busy := 0, 0
		for _, x := range s.all() {
			left++
			if x.state.Load() != waiting {
				busy++
			}
		}
		if left == 0 || busy == 0 {
			return s.Close()
		}
		select {
		case <-s.changed:
		case <-s.ended: // somebody else's Shutdown or Close, which may have seen the change instead of this one
			return nil
		case <-ctx.Done():
			s.log.Warn("the server is closed though calls are being made, as the time for them is over", "calls", busy)
			_ = s.Close()
			return ctx.Err()
		}
	}
}

// Close ends the server at once. Calls that are waiting are given up, and their clients see their connections end. It blocks until all connections are closed; a call that is at work, and does not wait, is
// waited for. So a method of a registered type that may take long should have a context, which ends now; and one that calls Close or Shutdown itself would wait for itself.
func (s *Server) Close() error {
	s.stopAccepting()
	s.giveUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	for x := range s.sessions {
		_ = x.conn.Close()
	}
	for x := range s.refusing {
		_ = x.conn.Close()
	}
	for len(s.sessions)+len(s.refusing) > 0 {
		s.gone.Wait()
	}
	if !s.over {
		s.over = true
		s.table.abandon() // now that there is nobody who could give a reference back
		close(s.ended)
	}
	return nil
}

func (s *Server) stopAccepting() {
	s.mu.Lock()
	already := s.draining.Swap(true) // under the lock: whoever welcomes a client after this sees it
	connections := len(s.sessions)
	var all []*connection.Listener
	for l := range s.listeners {
		all = append(all, l)
	}
	s.mu.Unlock()
	if !already {
		s.stopping(connections)
	}
	for _, l := range all {
		_ = l.Close()
	}
}

func (s *Server) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.sessions))
	for x := range s.sessions {
		all = append(all, x)
	}
	return all
}

// Addrs are the addresses of all Listeners that are being served.
func (s *Server) Addrs() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []net.Addr
	for l := range s.listeners {
		all = append(all, l.Addr())
	}
	slices.SortFunc(all, func(a, b net.Addr) int { return cmp.Compare(a.String(), b.String()) })
	return all
}

// add enters an object that a client has made, or counts one that a registered function has returned again.
func (s *Server) add(t *object.Type, o object.Object, c claim) (ident string, err error) {
	if e, ok := o.(existing); ok {
		s.table.count(e.node, c)
		return e.node.Ident, nil
	}
	return s.table.add(o, t.Single, c)
}
