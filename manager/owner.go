package manager

import (
	"context"
	"errors"
	"fmt"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// An Owner is Go code in the server's process to which locks can belong, as they belong to a thread of a client: an RLock that it has acquired it can acquire again, and nobody else can release.
// It makes its calls one after the other; a goroutine whose call waits keeps others with the same Owner waiting. Goroutines that own locks independently of each other have an Owner each.
type Owner struct {
	server *Server
	turn   chan struct{} // is full while nobody makes a call; who has emptied it may use what follows
	caller object.Caller
	closed bool

	life context.Context // ends with Close, or the server
	end  context.CancelFunc
}

// Owner makes an Owner, to be closed when it is not needed any more. The name is for people who look at who holds what.
func (s *Server) Owner(name string) *Owner {
	w := &Owner{server: s, turn: make(chan struct{}, 1), caller: object.Caller{Name: name, Reclaim: s.config.Reclaim}}
	w.turn <- struct{}{}
	w.life, w.end = context.WithCancel(s.ctx)
	return w
}

// Call calls a method of an object on behalf of the Owner. See Object.Call; ctx also bounds the time until the Owner's other calls have returned.
func (w *Owner) Call(ctx context.Context, o *Object, method string, args ...any) (py.Value, error) {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { w.turn <- struct{}{} }()
	if w.closed {
		return nil, fmt.Errorf("manager: %s: %w", method, ErrClosed)
	}
	if o.server != w.server {
		return nil, fmt.Errorf("manager: %s: the object is not one of the Owner's server", method)
	}
	w.caller.Blocking = blocking(ctx, w.life)
	v, err := o.call(ctx, &w.caller, method, args)
	if errors.Is(err, ErrServerClosed) && w.server.ctx.Err() == nil {
		err = fmt.Errorf("manager: %s: %w", method, ErrClosed)
	}
	return v, err
}

// Close releases what the Owner still holds, as the end of a client's connection does: RLocks and Conditions, and with Config.Reclaim Locks and Semaphores. A call
// that waits has no effect then and returns ErrClosed; one that is at work is waited for. It never fails; a second Close does nothing.
func (w *Owner) Close() error {
	w.end()
	<-w.turn
	defer func() { w.turn <- struct{}{} }()
	w.closed = true
	w.caller.Gone()
	return nil
}
