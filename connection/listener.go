package connection

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/multiproc-go/multiproc/internal/loglimit"
)

// A Listener accepts connections and authenticates them. Handshakes run beside each other, from the moment that a client connects, whether Accept is called or not; so a client that
// says nothing keeps nobody waiting. Clients that fail are closed and logged; Accept sees none of them.
type Listener struct {
	ln      net.Listener
	config  *Config
	report  report
	cleanup func() error

	ready  chan *Conn    // to Accept
	closed chan struct{} // no more Accepts
	freed  chan struct{} // has room for one: a place was given up
	wg     sync.WaitGroup

	mu     sync.Mutex
	taken  int       // places
	young  list.List // of *client: those that are not authenticated, the oldest first
	over   bool      // closed, or failed
	reason error     // then, if it has failed
	last   net.Addr
	once   sync.Once
}

// client is a connection in its handshake.
type client struct {
	conn    *Conn
	since   time.Time
	crowded bool // closed in favour of another
}

func newListener(ln net.Listener, config *Config, cleanup func() error) *Listener {
	l := &Listener{
		ln: ln, config: config, cleanup: cleanup, report: report{log: loglimit.New(config.Logger)},
		ready: make(chan *Conn), closed: make(chan struct{}), freed: make(chan struct{}, 1),
	}
	l.wg.Go(l.serve)
	return l
}

// Addr is the address that it listens on. Its String is what Dial takes; Python's Client takes it too, as a string, as (host, port), or
// with a NUL for the @, but no IPv6, nor what stands for all interfaces ("[::]:5000"): there it needs a host's address.
func (l *Listener) Addr() net.Addr { return l.ln.Addr() }

// LastAccepted is the address of the client that Accept has returned last; nil if there was none.
func (l *Listener) LastAccepted() net.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Refused is how many clients did not get through the handshake: they had another key, spoke something else, went away, or took too long.
func (l *Listener) Refused() uint64 { return l.report.count.Load() }

// Accept returns the next connection that is authenticated, and waits for it. The error is ErrClosed after Close, the context's, or the network's if it can't go on at all. When nobody calls
// Accept, up to MaxHandshakes connections wait for it, and further ones in the kernel.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	if ctx.Err() != nil {
		return nil, fromContext(ctx)
	}
	select {
	case c := <-l.ready:
		l.mu.Lock()
		l.last = c.RemoteAddr()
		l.mu.Unlock()
		return c, nil
	case <-l.closed:
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.reason != nil {
			return nil, l.reason
		}
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, fromContext(ctx)
	}
}

// Close stops accepting, closes the connections that Accept has not returned, and removes the socket's file if Listen has made it and it is still the same. A second Close is ErrClosed.
func (l *Listener) Close() error {
	err := ErrClosed
	l.once.Do(func() {
		// The file goes first: as long as the socket is open, no other file can get the number by which it is known.
		err = nil
		if l.cleanup != nil {
			err = l.cleanup()
		}
		err = errors.Join(err, l.end(nil))
		l.wg.Wait()
	})
	return err
}

// end closes everything but the file.
func (l *Listener) end(reason error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return nil
	}
	l.over, l.reason = true, reason
	close(l.closed)
	for e := l.young.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*client).conn.Close()
	}
	return l.ln.Close()
}

// serve accepts clients until the listener is closed.
func (l *Listener) serve() {
	var pause time.Duration
	for {
		nc, err := l.ln.Accept()
		switch {
		case err == nil:
			pause = 0
			if !l.admit(nc) {
				_ = nc.Close()
				return
			}
		case l.isOver():
			return
		case errors.Is(err, net.ErrClosed):
			_ = l.end(err)
			return
		default:
			// A client that has gone again, or no descriptors left, for which silent clients can be to blame.
			l.report.trouble(l.Addr(), err)
			// The client that got the last descriptor may be an honest one, for accept(2) fails before a next client has come.
			l.evict(l.grace())
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-l.freed:
			case <-l.closed:
				return
			}
		}
	}
}

// grace is how long a client has its place for sure.
func (l *Listener) grace() time.Duration { return l.config.HandshakeTimeout / 10 }

func (l *Listener) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

// admit waits for a place for a client and begins its handshake. It returns false when the listener is closed.
func (l *Listener) admit(nc net.Conn) bool {
	for {
		l.mu.Lock()
		if l.over {
			l.mu.Unlock()
			return false
		}
		if l.taken < l.config.MaxHandshakes {
			l.taken++
			c := &client{conn: newConn(nc, l.config), since: time.Now()}
			var place *list.Element
			if l.config.Key != nil {
				place = l.young.PushBack(c)
			}
			l.wg.Go(func() { l.welcome(c, place) })
			l.mu.Unlock()
			return true
		}
		l.mu.Unlock()
		wait := time.NewTimer(l.evict(l.grace()))
		select {
		case <-l.freed:
		case <-l.closed:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// evict closes the oldest client that is not authenticated if it has been here for as long as the grace. It returns how long it is until there will be another such.
func (l *Listener) evict(grace time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := l.young.Front(); e != nil; e = e.Next() {
		c := e.Value.(*client)
		if c.crowded {
			continue // on its way out
		}
		if left := grace - time.Since(c.since); left > 0 {
			return left
		}
		c.crowded = true
		_ = c.conn.Close()
		return grace
	}
	return time.Hour // all have been authenticated, and wait for Accept
}

// welcome makes the handshake with a client and hands it to Accept.
func (l *Listener) welcome(c *client, place *list.Element) {
	defer func() {
		l.mu.Lock()
		l.taken--
		l.mu.Unlock()
		select {
		case l.freed <- struct{}{}:
		default:
		}
	}()
	if place != nil {
		err := c.conn.Authenticate(context.Background(), Server)
		l.mu.Lock()
		l.young.Remove(place)
		crowded, over := c.crowded, l.over
		l.mu.Unlock()
		if err != nil || crowded {
			_ = c.conn.Close()
			if crowded {
				err = &AuthenticationError{Peer: c.conn.RemoteAddr(), Err: ErrCrowded}
			}
			if !over {
				l.report.refused(l.Addr(), c.conn, err)
			}
			return
		}
	}
	select {
	case l.ready <- c.conn:
	case <-l.closed:
		_ = c.conn.Close()
	}
}
