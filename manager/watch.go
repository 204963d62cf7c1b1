package manager

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/object"
)

// While a call waits, somebody has to notice that its client goes: that is seen only by reading on the connection. Whatever comes in that way are requests that the client has sent ahead; they
// are kept for the session, up to a limit.
//
// # Invariants
//
//  1. The watcher runs only between a call of blocking and the end of its done, which waits for it. So the session's own goroutine and the watcher never read at the same time, and the order of
//     requests is that in which they came.
//  2. A wait that is shorter than watchDelay has no watcher: most waits for a lock are.
type watch struct {
	ctx    context.Context // of the present wait; nil if there is none
	cancel context.CancelFunc
	timer  *time.Timer
	over   chan struct{} // closed by the watcher

	ahead [][]byte
	err   error // that has ended the reading ahead, to be met behind ahead

	waited bool // the present call has

	// present is what others may see of the wait.
	present atomic.Pointer[present]
}

// watchDelay is how long a call has waited before its client is watched.
const watchDelay = 2 * time.Millisecond

// present is a call that waits.
type present struct {
	ident string // of the object of the call
	what  string // "Queue.get"
	since time.Time
}

// blocking is the Caller's Blocking.
func (x *session) blocking(_ object.Object, what string) (context.Context, func()) {
	w := &x.watch
	w.end() // of a call that has left it out
	w.ctx, w.cancel = context.WithCancel(x.server.ctx)
	w.present.Store(&present{x.request.ident, what, time.Now()})
	w.waited = true
	x.state.Store(waiting)
	if x.server.draining.Load() {
		x.server.notice()
	}
	if w.err != nil {
		w.cancel() // the client has gone already, behind the requests that it had sent ahead
		return w.ctx, x.resume
	}
	over := make(chan struct{})
	ctx, cancel := w.ctx, w.cancel
	w.over = over
	w.timer = time.AfterFunc(watchDelay, func() {
		defer close(over)
		x.readAhead(ctx, cancel)
	})
	return w.ctx, x.resume
}

// resume ends a wait.
func (x *session) resume() {
	x.watch.end()
	x.state.Store(running)
}

// end ends the present wait, if there is one, and its watcher.
func (w *watch) end() {
	if w.ctx == nil {
		return
	}
	w.cancel()
	if w.timer != nil && !w.timer.Stop() {
		<-w.over
	}
	w.ctx, w.cancel, w.timer, w.over = nil, nil, nil, nil
	w.present.Store(nil)
}

// readAhead reads until the wait is over, the client gone, or the limit reached; then it only looks whether the client is gone.
func (x *session) readAhead(ctx context.Context, gone context.CancelFunc) {
	w := &x.watch
	size := 0
	for _, m := range w.ahead {
		size += len(m)
	}
	for large := false; !large && len(w.ahead) < x.server.limits.Pending && size < pendingBytes; {
		message, err := x.conn.RecvBytes(ctx)
		switch {
		case err == nil:
			w.ahead = append(w.ahead, message)
			size += len(message)
		case ctx.Err() != nil:
			return // what else may be wrong the session will see
		case tooLarge(err) != nil:
			large = true // the session will answer it
		default:
			w.err = err
			gone()
			return
		}
	}
	// No more is read. What else comes stays in the kernel; only the client's end is looked for.
	for pause := hungUpPause; !x.conn.HungUp(); pause = min(2*pause, maxHungUpPause) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
	w.err = io.EOF
	gone()
}

// hungUpPause is between two looks whether a client is gone that has sent more than is read ahead, and grows up to maxHungUpPause: ten thousand such clients cost little CPU. No client of Python's
// does that.
const hungUpPause, maxHungUpPause = 100 * time.Millisecond, 2 * time.Second

// isGone looks whether the client of a call that has waited is gone: over TCP its answer could still be sent. What comes in is kept. Called when there is no watcher.
func (w *watch) isGone(conn *connection.Conn) bool {
	if w.err != nil {
		return true
	}
	if ready, err := conn.Poll(0); err != nil || !ready {
		return err != nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), halfMessage)
	defer cancel()
	message, err := conn.RecvBytes(ctx)
	switch {
	case err == nil:
		w.ahead = append(w.ahead, message)
	case ctx.Err() == nil && tooLarge(err) == nil:
		w.err = err
	}
	return w.err != nil || conn.HungUp()
}

// halfMessage is how long isGone waits for the rest of a message that has begun to come.
const halfMessage = 5 * time.Millisecond

// pendingBytes is how much a client may send ahead, but for the last message.
const pendingBytes = 1 << 20

// next is what was read ahead; nothing, if there is nothing.
func (w *watch) next() (message []byte, own bool, err error) {
	if len(w.ahead) == 0 {
		return nil, false, w.err
	}
	message = w.ahead[0]
	w.ahead[0] = nil
	if w.ahead = w.ahead[1:]; len(w.ahead) == 0 {
		w.ahead = nil
	}
	return message, true, nil
}
