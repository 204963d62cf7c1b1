package manager

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// What happens to clients is logged here, and counted. All of it goes through a loglimit.Logger, as it is clients who decide how often it happens. Values, arguments and keys are in no record.
//
//	Debug  what belongs to a day's work: the server begins, a client comes, goes, breaks its connection, or is gone while it waits
//	Info   an answer that came too late, so that its effect was taken back; locks that were released for a client that is gone; the server's end while it has clients
//	Warn   a limit was reached
//	Error  a bug of ours, or of the author of a registered type

// incidents are what happens seldom enough to be counted in one place for all connections.
type incidents struct {
	undone, givenUp, panics, overLimit atomic.Uint64
}

// came tells of a client that is being served.
func (x *session) came() {
	if x.server.log.Enabled(slog.LevelDebug) {
		x.server.log.Debug("a client has connected", x.who()...)
	}
}

// went tells of one whose connection has ended. owned is how many locks it had.
func (x *session) went(owned int) {
	if owned > 0 {
		x.server.log.Info("a client is gone that has not released its locks; the next ones get them", append(x.who(), "objects", owned)...)
	}
	if x.named.Load() && x.server.log.Enabled(slog.LevelDebug) {
		var s sum
		s.add(&x.tally)
		x.server.log.Debug("a client has gone", append(x.who(), "requests", s.total(), "after", time.Since(x.since))...)
	}
}

// undone tells of a call whose effect was taken back, for its client was gone before it got the answer.
func (x *session) undone() {
	x.server.incidents.undone.Add(1)
	x.server.log.Info("a client was gone before its answer came; the call was undone", append(x.who(), "method", x.request.method, "ident", x.request.ident)...)
}

// givenUp tells of a call that has waited until its client was gone, or the server ended.
func (x *session) givenUp() {
	x.server.incidents.givenUp.Add(1)
	if x.server.log.Enabled(slog.LevelDebug) {
		x.server.log.Debug("a call was given up, as its client is gone or the server ends", append(x.who(), "method", x.request.method, "ident", x.request.ident)...)
	}
}

// account counts a request, before its answer is sent.
func (x *session) account(in, out int) {
	w := &x.replier
	how := w.how
	x.tally.request(how, in, out)
	if how == didReturn {
		return
	}
	cause := w.cause
	w.how, w.cause = didReturn, nil // most replies don't set them
	e, ok := cause.(*py.Exception)
	if cause == nil || ok && e.Class.Name != memoryError {
		return // queue.Empty, KeyError: what programs live with
	}
	var decode *pickle.DecodeError
	switch {
	case asException(cause).Class.Name == memoryError: // all of them are those of limits
		x.server.incidents.overLimit.Add(1)
		x.server.log.Warn("a request was refused because of a limit", append(x.who(), "error", cause)...)
	case errors.As(cause, &decode):
		x.server.log.Debug("a client has sent what is no pickle", append(x.who(), "error", cause)...)
	}
}

const memoryError = "MemoryError"

// stopping tells that the server is about to end. Who has called Shutdown knows that; what may be news is that there is something to wait for.
func (s *Server) stopping(connections int) {
	level := slog.LevelDebug
	if connections > 0 {
		level = slog.LevelInfo
	}
	s.log.Log(level, "the server takes no more clients, and is about to end", "connections", connections)
}

// panicked tells of a bug.
func (x *session) panicked(p any) {
	x.server.incidents.panics.Add(1)
	x.server.log.Error("a call has failed in the server; please report this", append(x.who(), "method", x.request.method, "panic", p, "stack", string(debug.Stack()))...)
}

// who is by what people find a client.
func (x *session) who() []any {
	who := make([]any, 0, 10)
	if x.named.Load() {
		who = append(who, "client", x.caller.Name)
	}
	return append(who, "connection", x.caller.ID, "address", x.conn.RemoteAddr().String())
}
