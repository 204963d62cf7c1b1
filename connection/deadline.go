package connection

import (
	"context"
	"sync"
	"time"
)

// past is a deadline that ends an operation at once.
var past = time.Unix(1, 0)

// deadline is that of one direction of a net.Conn: the user's, or one in the past while a context has ended the operation that runs. The zero time is none.
type deadline struct {
	set func(time.Time) error // of the net.Conn

	mu   sync.Mutex
	user time.Time
	cut  bool // a context has put it into the past, or the handshake of a layer is not to know it
}

func (d *deadline) setUser(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.user = t
	if d.cut {
		return nil // restore sets it
	}
	return d.set(t)
}

func (d *deadline) interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = true
	_ = d.set(past) // fails only if the connection is closed, which ends the operation as well
}

// hold takes the user's deadline off until restore puts it back.
func (d *deadline) hold() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = true
	_ = d.set(time.Time{})
}

func (d *deadline) restore() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		d.cut = false
		_ = d.set(d.user)
	}
}

// A watch ends the operations on one or two deadlines when a context does. It costs nothing for a context that can't end, and about 1 us for others.
type watch struct {
	a, b  *deadline // b may be nil
	stop  func() bool
	fired chan struct{} // closed when the deadlines are cut
}

// begin starts to watch. Only who holds the turns of the directions may do that: a deadline is cut for one operation at a time.
func begin(ctx context.Context, a, b *deadline) watch {
	if ctx.Done() == nil {
		return watch{}
	}
	return beginEnding(ctx, a, b)
}

func beginEnding(ctx context.Context, a, b *deadline) watch {
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		a.interrupt()
		if b != nil {
			b.interrupt()
		}
	})
	return watch{a, b, stop, fired}
}

// end stops watching, and puts the user's deadlines back. It waits for a cut that is under way, so that none can hit a later operation.
func (w watch) end() {
	if w.stop == nil || w.stop() {
		return
	}
	<-w.fired
	w.a.restore()
	if w.b != nil {
		w.b.restore()
	}
}

// turn is a mutex whose wait ends with a context, or with the connection.
type turn chan struct{}

func (t turn) take(ctx context.Context, closed <-chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return fromContext(ctx)
	}
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-closed:
		return ErrClosed
	case <-ctx.Done():
		return fromContext(ctx)
	}
}

func (t turn) give() { <-t }
